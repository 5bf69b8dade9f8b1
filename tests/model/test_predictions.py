import pytest
import torch
from transformers import PreTrainedModel

from switchgear.model.hidden_states import hidden_states
from switchgear.model.layout import padded
from switchgear.model.predictions import logits
from tests.conftest import build_tiny

IDS = [[5, 6, 7, 8], [9, 10]]


def check(model: PreTrainedModel) -> None:
    final = hidden_states(model, padded(IDS), [4], torch.tensor([1, 3, 5]))[0]
    whole = [model(torch.tensor([row])).logits[0] for row in IDS]
    torch.testing.assert_close(logits(model, final), torch.stack([whole[0][1], whole[0][3], whole[1][1]]))


def test_logits_are_those_of_the_whole_model(tiny_model: PreTrainedModel):
    check(tiny_model)


def test_capped_logits_are_capped():
    model = build_tiny("gemma3_text")
    model.config.final_logit_softcapping = 0.5
    check(model)


@pytest.mark.parametrize(("architecture", "field"), [("cohere", "logit_scale"), ("granite", "logits_scaling")])
def test_scaled_logits_are_scaled(architecture: str, field: str, monkeypatch: pytest.MonkeyPatch):
    from tests import conftest

    monkeypatch.setitem(conftest.TINY, architecture, conftest.SMALL | {field: 0.25})
    check(build_tiny(architecture))
