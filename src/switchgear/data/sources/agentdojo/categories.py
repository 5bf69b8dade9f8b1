"""What harm each of AgentDojo's 35 injection tasks does."""

from switchgear.data.labels.taxonomy import Harm

HARM_OF_TASKS: dict[str, dict[Harm, tuple[int, ...]]] = {
    "banking": {
        Harm.DATA_EXFILTRATION: (0, 1, 2, 3, 8),
        Harm.UNAUTHORISED_TRANSACTION: (4, 5, 6),
        Harm.CREDENTIAL_THEFT: (7,),
    },
    "slack": {
        Harm.PHISHING_LINK: (1, 3),
        Harm.DATA_EXFILTRATION: (2, 4),
        Harm.UNAUTHORISED_ACTION: (5,),
    },
    "travel": {
        Harm.UNAUTHORISED_TRANSACTION: (0, 4),
        Harm.DATA_EXFILTRATION: (1, 3, 5),
        Harm.UNAUTHORISED_ACTION: (2,),
        Harm.MISINFORMATION: (6,),
    },
    "workspace": {
        Harm.UNAUTHORISED_ACTION: (0, 2),
        Harm.DESTRUCTIVE_ACTION: (1, 8, 9, 11, 12),
        Harm.DATA_EXFILTRATION: (3, 6, 7, 10),
        Harm.CREDENTIAL_THEFT: (4, 5),
        Harm.PHISHING_LINK: (13,),
    },
}
CATEGORIES: dict[tuple[str, int], Harm] = {
    (suite, task): harm for suite, harms in HARM_OF_TASKS.items() for harm, tasks in harms.items() for task in tasks
}
