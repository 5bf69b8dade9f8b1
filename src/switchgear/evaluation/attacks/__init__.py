"""Attacks on the held-out hijacked cases. To add one, see `base`, and `docs/attacks.md` for what each does."""

from switchgear.evaluation.attacks.adapter_scaling import AdapterScaling
from switchgear.evaluation.attacks.base import Attack
from switchgear.evaluation.attacks.crescendo import Crescendo
from switchgear.evaluation.attacks.embedding import Embedding
from switchgear.evaluation.attacks.finetune import Finetune
from switchgear.evaluation.attacks.gcg import Gcg
from switchgear.evaluation.attacks.multi_turn import MultiTurn
from switchgear.evaluation.attacks.prefill import Prefill
from switchgear.evaluation.attacks.representation import Representation
from switchgear.evaluation.attacks.template import Template

ATTACKS: dict[str, type[Attack]] = {
    "adapter_scaling": AdapterScaling,
    "crescendo": Crescendo,
    "embedding": Embedding,
    "finetune": Finetune,
    "gcg": Gcg,
    "multi_turn": MultiTurn,
    "prefill": Prefill,
    "representation": Representation,
    "template": Template,
}
