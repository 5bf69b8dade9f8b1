"""Who answers: the recipe's model, here, or one behind an OpenAI-compatible server."""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from switchgear.data.reading.openai import conversation
from switchgear.errors import EndpointError
from switchgear.model.calls import parse_calls
from switchgear.model.endpoint import Endpoint, ask
from switchgear.model.load import load_model, load_tokenizer
from switchgear.model.render import rendering
from switchgear.model.sampling import revision, sample
from switchgear.recipe import EndpointRecipe, GenerateRecipe, Recipe
from switchgear.schema import Example, Message


class Answer(BaseModel):
    """One answer, or `failure`: why there is none. One that is not `finished` ran into the limit of its tokens."""

    message: Message | None = None
    finished: bool = True
    failure: str = ""
    generator: str
    revision: str = ""


class Generator(Protocol):
    """Answers each prompt once, in order. A seed fixes the answers, as far as a server allows."""

    def __call__(self, prompts: Sequence[Example], job: GenerateRecipe, seed: int) -> list[Answer]: ...


class Local:
    """The recipe's model. A prompt of more than `render.max_tokens` tokens fails: it would not be trained on whole."""

    def __init__(self, recipe: Recipe) -> None:
        self.tokenizer, self.model = load_tokenizer(recipe.model), load_model(recipe.model)
        self.max_tokens = recipe.render.max_tokens
        self.name, self.revision = recipe.model.name, revision(self.model)

    def __call__(self, prompts: Sequence[Example], job: GenerateRecipe, seed: int) -> list[Answer]:
        contexts = [self._context(prompt, job.prefill) for prompt in prompts]
        short = [index for index, context in enumerate(contexts) if len(context) <= self.max_tokens]
        answers = [self._answer(failure=f"longer than {self.max_tokens} tokens") for _ in prompts]
        if short:
            written = sample(
                self.model,
                self.tokenizer,
                [contexts[index] for index in short],
                temperature=job.temperature,
                top_p=job.top_p,
                max_new_tokens=job.max_new_tokens,
                seed=seed,
            )
            for index, (ids, finished) in zip(short, written, strict=True):
                answers[index] = self._read(prompts[index], job.prefill, ids, finished)
        return answers

    def _context(self, prompt: Example, prefill: str) -> list[int]:
        text = rendering(prompt, self.tokenizer).plain(prompt=True) + prefill
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _read(self, prompt: Example, prefill: str, ids: list[int], finished: bool) -> Answer:
        """Calls are looked for where tools were offered; elsewhere what looks like one is text."""
        if not prompt.tools:
            text = prefill + self.tokenizer.decode(ids, skip_special_tokens=True)
            return self._answer(message=Message(role="assistant", content=text.strip()), finished=finished)
        turn = parse_calls(prefill + self.tokenizer.decode(ids), self.tokenizer, prompt.tools)
        if turn.errors:
            return self._answer(failure="a call that cannot be read")
        return self._answer(
            message=Message(role="assistant", content=turn.text, tool_calls=turn.calls), finished=finished
        )

    def _answer(self, **fields: Any) -> Answer:
        return Answer(generator=self.name, revision=self.revision, **fields)


class Served:
    """A model behind a server. A prefill needs one that continues the last message (vLLM, SGLang): others refuse it."""

    def __init__(self, recipe: EndpointRecipe) -> None:
        self.endpoint = Endpoint(recipe)

    def __call__(self, prompts: Sequence[Example], job: GenerateRecipe, seed: int) -> list[Answer]:
        numbered = [(prompt, seed + number) for number, prompt in enumerate(prompts)]
        found = ask(lambda each: self._answer(each[0], job, each[1]), numbered, self.endpoint.recipe.concurrency)
        name = self.endpoint.recipe.model
        return [Answer(failure=str(a), generator=name) if isinstance(a, EndpointError) else a for a in found]

    def _answer(self, prompt: Example, job: GenerateRecipe, seed: int) -> Answer:
        messages = [openai(message) for message in prompt.messages]
        settings: dict[str, Any] = {}
        if job.prefill:
            messages.append({"role": "assistant", "content": job.prefill})
            settings |= {"continue_final_message": True, "add_generation_prompt": False}
        if prompt.tools:
            settings["tools"] = [{"type": "function", "function": tool.model_dump()} for tool in prompt.tools]
        reply = self.endpoint.chat(
            messages,
            temperature=job.temperature,
            top_p=job.top_p,
            max_tokens=job.max_new_tokens,
            seed=seed,
            **settings,
        )
        try:
            (message,) = conversation([reply.message])
        except ValidationError as error:
            raise EndpointError(f"{self.endpoint.recipe.url} answered with a message that cannot be read.") from error
        whole = message.model_copy(update={"content": (job.prefill + message.content).strip()})
        return Answer(
            message=whole, finished=reply.finished, generator=self.endpoint.recipe.model, revision=reply.revision
        )


def openai(message: Message) -> dict[str, Any]:
    """A message in the form of OpenAI's chat API."""
    written: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "tool":
        written["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        written["tool_calls"] = [
            {
                "id": call.id or f"call{number}",
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for number, call in enumerate(message.tool_calls)
        ]
    return written
