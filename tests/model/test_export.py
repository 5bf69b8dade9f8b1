"""Exports load in plain transformers and PEFT with the logits they had, for every way a base may be stored."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig, PreTrainedModel

from switchgear.errors import ModelError, RunError
from switchgear.model.embedded import base_name, forget_quantisation
from switchgear.model.export import export
from switchgear.model.fingerprint import fingerprint, sign
from switchgear.model.hidden_states import blocks_of
from switchgear.model.load import add_adapter, load_adapter, load_model
from switchgear.model.model_card import model_card
from switchgear.recipe import LoraRecipe, Recipe, load
from switchgear.runs import Run, write_json
from tests.conftest import SMALL, build_tiny
from tests.garden import save_recipe

IDS = torch.tensor([[5, 9, 33, 120, 7]])
ADAPTED_BLOCKS = 2


@pytest.fixture
def make_run(tmp_path: Path, tiny_chat_model: Path) -> Callable[..., tuple[Recipe, Run]]:
    """A recipe whose run holds an adapter that moves the logits, on a base with these settings."""

    def make(dtype: torch.dtype = torch.float32, **shape: Any) -> tuple[Recipe, Run]:
        base = shutil.copytree(tiny_chat_model, tmp_path / "base")
        ends = {"vocab_size": 600, "pad_token_id": None}
        torch.manual_seed(0)
        config = AutoConfig.for_model("llama", **SMALL | ends | shape)
        AutoModelForCausalLM.from_config(config, dtype=dtype).save_pretrained(base)
        recipe = load(save_recipe(tmp_path, base))
        run = Run(recipe.run)
        add_adapter(load_model(recipe.model), LoraRecipe(rank=4, initial_b=0.3), ADAPTED_BLOCKS).save_pretrained(
            run.adapter
        )
        shutil.copy(tmp_path / "recipe.yaml", run.recipe)
        return recipe, run

    return make


def adapted_logits(recipe: Recipe, run: Run) -> torch.Tensor:
    return logits(load_adapter(load_model(recipe.model), run.adapter))


@torch.inference_mode()
def logits(model: Any) -> torch.Tensor:
    return model(input_ids=IDS).logits.float()


def reloaded(folder: Path, **options: Any) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder, **options).eval()


def test_an_adapter_loads_with_peft_and_gives_identical_logits(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run()
    figures = export(recipe, run, tmp_path / "out")
    adapted = PeftModel.from_pretrained(reloaded(Path(recipe.model.name)), str(tmp_path / "out"))
    assert torch.equal(logits(adapted), adapted_logits(recipe, run))
    assert figures == {"kind": "adapter", "reload_difference": 0}
    assert (
        json.loads((tmp_path / "out" / "adapter_config.json").read_text())["base_model_name_or_path"]
        == recipe.model.name
    )


def test_a_folder_holds_all_that_is_needed(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run()
    for merged in (False, True):
        folder = tmp_path / str(merged)
        export(recipe, run, folder, merged=merged)
        assert AutoTokenizer.from_pretrained(folder).chat_template
        assert GenerationConfig.from_pretrained(folder)
        assert load(folder / "recipe.yaml") == recipe
        assert (folder / "README.md").read_text().startswith("---\nbase_model: ")


def test_a_merged_model_loads_alone_and_its_upper_blocks_are_the_bases(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run()
    figures = export(recipe, run, tmp_path / "out", merged=True)
    merged, base = reloaded(tmp_path / "out"), reloaded(Path(recipe.model.name))
    torch.testing.assert_close(logits(merged), adapted_logits(recipe, run), rtol=0, atol=1e-5)
    assert figures["merge_difference"] < 1e-5
    assert figures["reload_difference"] == 0
    assert figures["weights_moved"] > 0.9
    for (name, ours), (_, theirs) in zip(merged.named_parameters(), base.named_parameters(), strict=True):
        adapted = any(f"layers.{block}." in name for block in range(ADAPTED_BLOCKS)) and "norm" not in name
        assert torch.equal(ours, theirs) != adapted, name


def test_tied_embeddings_stay_tied(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run(tie_word_embeddings=True)
    export(recipe, run, tmp_path / "out", merged=True)
    merged = reloaded(tmp_path / "out")
    assert merged.lm_head.weight is merged.model.embed_tokens.weight
    assert "lm_head.weight" not in load_file(tmp_path / "out" / "model.safetensors")
    torch.testing.assert_close(logits(merged), adapted_logits(recipe, run), rtol=0, atol=1e-5)


def test_a_large_model_comes_in_shards(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run()
    export(recipe, run, tmp_path / "out", merged=True, max_shard_size="50KB")
    assert len(list((tmp_path / "out").glob("model-*.safetensors"))) > 2
    assert (tmp_path / "out" / "model.safetensors.index.json").exists()
    torch.testing.assert_close(logits(reloaded(tmp_path / "out")), adapted_logits(recipe, run), rtol=0, atol=1e-5)


def test_a_bfloat16_base_is_merged_in_float32_and_rounded_once(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run(torch.bfloat16)
    figures = export(recipe, run, tmp_path / "out", merged=True)
    adapted = load_adapter(load_model(recipe.model), run.adapter)
    weight = adapted.base_model.model.model.layers[0].mlp.up_proj
    once = (weight.base_layer.weight + weight.get_delta_weight("default")).bfloat16()
    assert torch.equal(load_file(tmp_path / "out" / "model.safetensors")["model.layers.0.mlp.up_proj.weight"], once)
    assert figures["dtype"] == "bfloat16"
    assert figures["merge_difference"] < 1e-5 < figures["rounding_difference"] < 0.1 * figures["largest_logit"]
    assert "stored in bfloat16" in (tmp_path / "out" / "README.md").read_text()


def test_the_dtype_can_be_chosen(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run(torch.bfloat16)
    figures = export(recipe, run, tmp_path / "out", merged=True, dtype=torch.float32)
    assert figures["rounding_difference"] == figures["merge_difference"]
    assert reloaded(tmp_path / "out", dtype="auto").dtype == torch.float32


def test_differences_that_rounding_swallows_are_counted(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run(torch.bfloat16)
    weights = load_file(run.adapter / "adapter_model.safetensors")
    save_file({name: value * 1e-3 for name, value in weights.items()}, run.adapter / "adapter_model.safetensors")
    assert export(recipe, run, tmp_path / "out", merged=True)["weights_moved"] < 0.1


def test_an_adapter_of_the_same_shape_but_another_base_is_refused(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run()
    sign(run.adapter, build_tiny("llama", seed=1), "another/model")
    with pytest.raises(ModelError, match=r"was trained on other weights: another/model, with fingerprint \w{12}"):
        export(recipe, run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("shape", [{"hidden_size": 64}, {"model_type": "gpt2"}, {"num_hidden_layers": 6}])
def test_an_adapter_of_another_architecture_is_refused(make_run: Any, tmp_path: Path, shape: dict[str, Any]) -> None:
    recipe, run = make_run()
    config = AutoConfig.for_model(**({"model_type": "llama"} | SMALL | shape))
    other = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    add_adapter(other, LoraRecipe(rank=4), len(blocks_of(other))).save_pretrained(run.adapter)
    with pytest.raises(ModelError, match=r"does not load into this model|of another model"):
        export(recipe, run, tmp_path / "out", merged=True)


def test_an_exported_adapter_knows_its_base(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run()
    export(recipe, run, tmp_path / "out")
    assert load_adapter(load_model(recipe.model), tmp_path / "out")
    with pytest.raises(ModelError, match="other weights"):
        load_adapter(build_tiny("llama", seed=1), tmp_path / "out")


def test_a_base_has_one_fingerprint_with_and_without_adapter_and_in_either_dtype(make_run: Any) -> None:
    recipe, run = make_run(torch.bfloat16)
    model = load_model(recipe.model)
    expected = fingerprint(model)
    in_bfloat16 = recipe.model.model_copy(update={"dtype": "bfloat16"})
    assert fingerprint(load_model(in_bfloat16)) == expected
    assert fingerprint(load_adapter(model, run.adapter)) == expected != fingerprint(build_tiny("llama"))


def test_what_a_quantised_file_leaves_on_the_config_does_not_stop_an_export(tiny_llama: Any, tmp_path: Path) -> None:
    tiny_llama.config.quantization_config = {"quant_method": "gguf", "dequantize": False}
    forget_quantisation(tiny_llama)
    tiny_llama.save_pretrained(tmp_path)
    assert torch.equal(logits(reloaded(tmp_path)), logits(tiny_llama))


def test_weights_that_are_still_quantised_are_refused(tiny_llama: Any) -> None:
    tiny_llama.config.quantization_config = {"quant_method": "bitsandbytes"}
    weight = torch.nn.Parameter(torch.zeros(3, dtype=torch.uint8), requires_grad=False)
    tiny_llama.model.layers[0].mlp.up_proj.weight = weight
    assert fingerprint(tiny_llama) is None
    with pytest.raises(ModelError, match="are quantised"):
        forget_quantisation(tiny_llama)


def test_nothing_is_written_where_something_is(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run()
    with pytest.raises(RunError, match="is there already"):
        export(recipe, run, Path(recipe.model.name))


def test_an_export_that_does_not_load_as_it_was_is_not_left_behind(
    make_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, run = make_run()
    save = PeftModel.save_pretrained

    def damaged(self: PeftModel, folder: str, **options: Any) -> None:
        save(self, folder, **options)
        path = Path(folder) / "adapter_model.safetensors"
        save_file({name: value * 1.5 for name, value in load_file(path).items()}, path)

    monkeypatch.setattr(PeftModel, "save_pretrained", damaged)
    with pytest.raises(ModelError, match="gives other logits when it is loaded"):
        export(recipe, run, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".export-*"))


def test_the_card_says_what_was_tested_and_what_was_not(make_run: Any, tmp_path: Path) -> None:
    recipe, run = make_run()
    export(recipe, run, tmp_path / "before")
    assert "this breaker was not evaluated" in (tmp_path / "before" / "README.md").read_text()

    rate = {"successes": 1, "n": 30, "rate": 1 / 30, "low": 0.006, "high": 0.167}
    row = {"measure": "attack success, forced", "frozen": rate, "adapted": rate, "unit": "share", "aim": "<= 5%"}
    write_json(run.summary, {"verdict": [row | {"met": None}], "notes": ["a note"]})
    gate = {"gate": "retain drift", "when": "during", "passed": False, "saw": "moved by 70%", "values": {}}
    write_json(run.gates, [gate])
    export(recipe, run, tmp_path / "after")
    card = (tmp_path / "after" / "README.md").read_text()
    assert "| attack success, forced | 30 | 3.3% (0.6% to 16.7%) |" in card
    assert "&lt;= 5% | open |" in card
    assert "nothing is shown: attack success, forced" in card
    assert "- a note" in card
    assert "- retain drift, during: **not passed**; moved by 70%" in card


def test_the_card_of_an_embedded_model_names_the_one_that_others_can_load(make_run: Any) -> None:
    recipe, run = make_run()
    embedded = recipe.model_copy(update={"model": recipe.model.model_copy(update={"name": "smollm2-135m-instruct"})})
    assert base_name(embedded.model) == "HuggingFaceTB/SmolLM2-135M-Instruct"
    card = model_card(embedded, run, base_name(embedded.model), {"kind": "adapter", "reload_difference": 0})
    assert "same model quantised" in card
    assert "AutoModelForCausalLM.from_pretrained('HuggingFaceTB/SmolLM2-135M-Instruct', revision=None" in card
