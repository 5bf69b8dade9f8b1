"""The files in examples/ are what their readers take."""

import json
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize("name", ["ddp.yaml", "fsdp2.yaml"])
def test_accelerate_reads_its_configurations(name: str):
    from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file

    config = load_config_from_file(str(EXAMPLES / name))
    assert isinstance(config, ClusterConfig)
    assert config.num_processes == 4
    assert yaml.safe_load((EXAMPLES / name).read_text())["distributed_type"] == config.distributed_type == "MULTI_GPU"


@pytest.mark.parametrize("name", ["train.slurm", "sweep.slurm"])
def test_job_scripts_are_valid_shell(name: str):
    subprocess.run(["bash", "-n", EXAMPLES / name], check=True)


def test_the_deepspeed_configuration_is_read_by_transformers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Every `auto` is filled from the recipe's own arguments."""
    if not find_spec("deepspeed"):
        pytest.skip("deepspeed is not installed")
    from transformers import TrainingArguments
    from transformers.integrations.deepspeed import HfTrainerDeepSpeedConfig

    monkeypatch.setitem(os.environ, "DS_ACCELERATOR", "cpu")
    config = HfTrainerDeepSpeedConfig(json.loads((EXAMPLES / "zero2.json").read_text()))
    config.trainer_config_process(TrainingArguments(str(tmp_path), gradient_accumulation_steps=3, use_cpu=True))
    assert config.is_zero2()
    assert config.get_value("gradient_accumulation_steps") == 3
    assert "auto" not in json.dumps(config.config)
