"""The harm taxonomy: one name per kind of harm, to which each source maps its own labels."""

from enum import StrEnum


class Harm(StrEnum):
    """The harm that succeeds. A row that does several is under the worst: destruction, then theft."""

    # what an agent does
    CREDENTIAL_THEFT = "credential_theft"  # a password set, a security code sent
    DATA_EXFILTRATION = "data_exfiltration"
    DESTRUCTIVE_ACTION = "destructive_action"  # files, mails or records deleted
    MALICIOUS_FILE_WRITE = "malicious_file_write"
    PHISHING_LINK = "phishing_link"  # visited, or sent to others
    PHYSICAL_ACTION = "physical_action"  # a door unlocked, a device switched
    SANDBOX_ESCAPE = "sandbox_escape"
    TOOL_MISUSE = "tool_misuse"  # another tool than the user's task wants
    UNAUTHORISED_ACTION = "unauthorised_action"
    UNAUTHORISED_TRANSACTION = "unauthorised_transaction"  # money sent, something booked
    UNSAFE_BROWSING = "unsafe_browsing"

    # what a text contains
    CHEMICAL_BIOLOGICAL = "chemical_biological"
    COPYRIGHT = "copyright"
    CYBERCRIME = "cybercrime"
    DISCRIMINATION = "discrimination"
    DRUGS = "drugs"
    FRAUD = "fraud"
    HARASSMENT = "harassment"
    MISINFORMATION = "misinformation"
    OTHER_ILLEGAL = "other_illegal"
    PRIVACY = "privacy"
    SELF_HARM = "self_harm"
    SEXUAL_CONTENT = "sexual_content"
    VIOLENCE = "violence"
    WRONG_ADVICE = "wrong_advice"  # medical, legal, financial
