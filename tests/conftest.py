"""What all tests share: checked shapes, no network, and where the public data files are, if they are here."""

import os
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes on two cores would spin at each other's barriers

import torch
from jaxtyping import install_import_hook
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

install_import_hook(["switchgear.model", "switchgear.training", "switchgear.deploy"], "beartype.beartype")

SHARED_DATA = Path(os.environ.get("SWITCHGEAR_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data files that are used in development. They are never committed."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"public data files are not at {SHARED_DATA}; set SWITCHGEAR_DATA to the folder that holds them")
    return SHARED_DATA


SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "vocab_size": 300,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GPT2 = {
    "n_embd": 32,
    "n_layer": 4,
    "n_head": 4,
    "n_positions": 512,
    "vocab_size": 300,
    "eos_token_id": 2,
    "bos_token_id": 1,
}
TINY = {
    "llama": SMALL,
    "mistral": SMALL,
    "qwen3": SMALL,
    "phi3": SMALL,
    "gemma3_text": SMALL | {"sliding_window": 64},
    "qwen3_moe": SMALL | {"moe_intermediate_size": 16, "num_experts": 4, "num_experts_per_tok": 2},
    "gpt2": GPT2,
}


def build_tiny(architecture: str, seed: int = 0) -> PreTrainedModel:
    """A random model with 4 blocks of width 32, in float32."""
    torch.manual_seed(seed)
    config = AutoConfig.for_model(architecture, **TINY[architecture])
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval().requires_grad_(False)


@pytest.fixture(params=TINY)
def tiny_model(request: pytest.FixtureRequest) -> PreTrainedModel:
    """One of every architecture family that we claim to train."""
    return build_tiny(request.param)


@pytest.fixture
def tiny_llama() -> PreTrainedModel:
    return build_tiny("llama")


@pytest.fixture(scope="session")
def tiny_chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random chat model with its tokenizer (see `tests.garden`)."""
    from tests.garden import save_chat_model

    return save_chat_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def garden(tmp_path: Path, tiny_chat_model: Path) -> Path:
    """A recipe for the tiny chat model, in a folder with its run and prepared dataset."""
    from tests.garden import save_recipe

    return save_recipe(tmp_path, tiny_chat_model)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_chat_model: Path) -> Path:
    """A recipe whose run is trained, undisturbed. To be read or copied, not to be written to."""
    from rich.console import Console

    from switchgear.recipe import claim, load
    from switchgear.training.train import train
    from tests.garden import save_recipe

    path = save_recipe(tmp_path_factory.mktemp("trained"), tiny_chat_model)
    recipe = load(path)
    train(recipe, claim(recipe), Console(quiet=True))
    return path
