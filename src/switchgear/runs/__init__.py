"""The run folder: where each stage writes, and how it writes without losing anything."""

from switchgear.runs.files import (
    append_model,
    read_json,
    read_models,
    replacing,
    replacing_folder,
    resume_models,
    sha256,
    write_json,
    write_models,
)
from switchgear.runs.folder import Run
from switchgear.runs.lock import locked
from switchgear.runs.provenance import environment, first_process, peak_memory, record
from switchgear.runs.resuming import resumed

__all__ = [
    "Run",
    "append_model",
    "environment",
    "first_process",
    "locked",
    "peak_memory",
    "read_json",
    "read_models",
    "record",
    "replacing",
    "replacing_folder",
    "resume_models",
    "resumed",
    "sha256",
    "write_json",
    "write_models",
]
