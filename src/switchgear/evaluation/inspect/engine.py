"""One loaded model that answers many requests at a time, with its adapter or without.

Requests are collected for some milliseconds and answered as a batch, in a thread of the engine's own: one batch at a
time, since the adapter is switched on and off on the model itself.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from switchgear import recipe as recipes
from switchgear.errors import ModelError
from switchgear.model.generate import generate
from switchgear.model.layout import Ids
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.model.prefix_cache import prefill
from switchgear.model.sampling import sample
from switchgear.recipe import ModelRecipe
from switchgear.runs import Run

GATHER = 0.01  # seconds that a batch waits for more requests


@dataclass(frozen=True)
class Settings:
    """What the requests of one batch have in common. A temperature of 0 is greedy."""

    adapted: bool
    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Request:
    """`prompt`: at least two tokens, the beginning of the answer included if it is given."""

    prompt: Ids
    settings: Settings


@dataclass(frozen=True)
class _Job:
    request: Request
    answer: "Future[Ids]" = field(default_factory=Future)


class Engine:
    """A model in memory, to be shared by all that ask it: `get_model("switchgear/NAME", engine=Engine(...))`.

    `model` is a chat model, or a PEFT model whose adapter a request may switch off.
    """

    def __init__(self, model: Any, tokenizer: Any, batch_size: int = 8) -> None:
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size
        self._waiting: list[_Job] = []
        self._thread = ThreadPoolExecutor(1, "switchgear-engine")

    @property
    def adapts(self) -> bool:
        return hasattr(self.model, "disable_adapter")

    @property
    def limit(self) -> int | None:
        """Positions that the model has; None if its configuration does not say."""
        found = getattr(self.model.config, "max_position_embeddings", None)
        return int(found) if found else None

    async def answer(self, request: Request) -> Ids:
        """What the model goes on with, end-of-turn token included.

        Raises:
            ModelError: memory does not suffice for this request alone.
        """
        job = _Job(request)
        self._waiting.append(job)
        self._thread.submit(self._next_batch)  # once for each request: none is left over
        return await asyncio.wrap_future(job.answer)

    def _next_batch(self) -> None:
        """Answers the request that waits longest, with those that can be answered together with it."""
        if not self._waiting:
            return
        time.sleep(GATHER)
        settings = self._waiting[0].request.settings
        batch = [job for job in self._waiting if job.request.settings == settings][: self.batch_size]
        for job in batch:
            self._waiting.remove(job)
        batch = [job for job in batch if job.answer.set_running_or_notify_cancel()]
        try:
            for job, ids in zip(batch, self._answers([job.request for job in batch]), strict=True):
                job.answer.set_result(ids)
        except BaseException as error:  # whoever waits must hear of it
            for job in batch:
                job.answer.set_exception(error)

    def _answers(self, requests: Sequence[Request]) -> list[Ids]:
        """Of a batch that memory does not suffice for, one half after the other."""
        if not requests:
            return []
        try:
            off = self.adapts and not requests[0].settings.adapted
            with self.model.disable_adapter() if off else nullcontext():
                return self._written(requests)
        except torch.OutOfMemoryError as error:
            if len(requests) == 1:
                raise ModelError(f"No memory for an answer to {len(requests[0].prompt)} tokens.") from error
        half = len(requests) // 2
        return self._answers(requests[:half]) + self._answers(requests[half:])

    def _written(self, requests: Sequence[Request]) -> list[Ids]:
        prompts, settings = [request.prompt for request in requests], requests[0].settings
        if settings.temperature == 0:
            prefix = prefill(self.model, prompts, settings.max_new_tokens)
            return generate(self.model, prefix, self.tokenizer, settings.max_new_tokens)
        drawn = sample(
            self.model,
            self.tokenizer,
            prompts,
            temperature=settings.temperature,
            top_p=settings.top_p,
            max_new_tokens=settings.max_new_tokens,
            seed=settings.seed,
        )
        end = [self.tokenizer.eos_token_id]
        return [ids + end if ended else ids for ids, ended in drawn]


@lru_cache(maxsize=4)
def load(name: str, adapter: Path | None = None) -> Engine:
    """The engine of a run folder (with its adapter, if it is trained), a model folder, a hub id or an embedded model.

    The same name and adapter give the same engine, so frozen and adapted answers come from one loaded model.

    Raises:
        ModelError: nothing loads under this name, or the adapter is of another model.
    """
    run = Run(Path(name))
    is_run = run.recipe.is_file()
    recipe = recipes.load(run.recipe).model if is_run else ModelRecipe(name=name)
    folder = adapter or (run.adapter if is_run and run.adapter.is_dir() else None)
    model: Any = load_model(recipe)
    return Engine(load_adapter(model, folder) if folder else model, load_tokenizer(recipe))
