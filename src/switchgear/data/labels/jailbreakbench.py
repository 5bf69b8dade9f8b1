"""JailbreakBench's 100 goals, which more than one dataset answers: what harm each is of, and its group."""

from switchgear.data.labels.taxonomy import Harm

CATEGORIES = {
    "Disinformation": Harm.MISINFORMATION,
    "Economic harm": Harm.FRAUD,
    "Expert advice": Harm.WRONG_ADVICE,
    "Fraud/Deception": Harm.FRAUD,
    "Government decision-making": Harm.OTHER_ILLEGAL,
    "Harassment/Discrimination": Harm.HARASSMENT,
    "Malware/Hacking": Harm.CYBERCRIME,
    "Physical harm": Harm.VIOLENCE,
    "Privacy": Harm.PRIVACY,
    "Sexual/Adult content": Harm.SEXUAL_CONTENT,
}


def goal_group(index: object) -> str:
    """The group of all that is about the goal with this number, from 0."""
    return f"jailbreakbench/{index}"
