"""Inspect's model `switchgear/NAME`: a run folder, a model folder, a hub id or an embedded model, in this process.

Arguments (`-M` on Inspect's command line): `adapter=off` asks the frozen model, `adapter=FOLDER` puts an adapter on,
`batch_size=8` is how many requests are answered at once. Greedy unless a temperature is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolFunction, ToolInfo

from switchgear.errors import ModelError
from switchgear.evaluation.inspect.engine import Engine, Request, Settings, load
from switchgear.evaluation.inspect.messages import OPENED, from_inspect, tool_specs
from switchgear.model.calls import ParsedTurn, parse_calls
from switchgear.model.generate import ends
from switchgear.model.layout import Ids
from switchgear.model.render import rendering
from switchgear.model.tool_format import tool_format
from switchgear.schema import Example, Message, Provenance, Role, ToolSpec

MAX_TOKENS = 1024  # of an answer, unless the configuration says: a model may never stop
DEEPEST = 50  # levels of a call's arguments; logs cannot be written with many more
UNREAD = "malformed_call"  # what a call that could not be read is called; its text stays in the content
UNSUPPORTED = (
    *("stop_seqs", "num_choices", "best_of", "logprobs", "prompt_logprobs", "logit_bias"),
    *("top_k", "frequency_penalty", "presence_penalty", "response_schema"),
)


class SwitchgearAPI(ModelAPI):
    """Renders with the model's own template and reads calls in its own format, whatever the model is called.

    A last message of the assistant is gone on with: its text is written as it stands, so it may open a tool call in the
    model's format. `tool_choice` "any" opens a call, a tool's name opens a call of it. The answer is the whole turn.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  Inspect's signature
        adapter: str | bool | None = None,
        batch_size: int | None = None,
        engine: Engine | None = None,
    ) -> None:
        """Raises `ModelError` if no model or no such adapter is there."""
        super().__init__(model_name, base_url, api_key, [], config)
        off = adapter is False or adapter == "off"  # YAML, in which arguments are written, reads off as False
        folder = Path(adapter) if isinstance(adapter, str) and adapter not in ("on", "off") else None
        self.engine = engine or load(model_name, folder)
        self.engine.batch_size = batch_size or self.engine.batch_size
        self.adapted = self.engine.adapts and not off
        if adapter and not off and not self.adapted:
            raise ModelError(f"{model_name} has no adapter to switch on. Give a trained run, or adapter=FOLDER.")

    def max_connections(self) -> int:
        return 2 * self.engine.batch_size  # the next batch gathers while one is answered

    def connection_key(self) -> str:
        return f"switchgear-{id(self.engine)}"

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """One turn. `metadata` holds its `raw` text with control tokens, and whether its calls are `native`."""
        if asked := [name for name in UNSUPPORTED if getattr(config, name)]:
            raise ModelError(f"switchgear/{self.model_name} does not know the setting {', '.join(asked)}.")
        offered = () if tool_choice == "none" else tool_specs(tools)
        prompt = read(input, offered, tool_choice, self.engine.tokenizer)
        wanted = MAX_TOKENS if config.max_tokens is None else config.max_tokens
        room = min(wanted, (self.engine.limit or len(prompt.ids) + wanted) - len(prompt.ids))
        if room < 1:
            return self._overflow(prompt)
        settings = Settings(
            self.adapted,
            room,
            config.temperature or 0.0,
            1.0 if config.top_p is None else config.top_p,
            config.seed or 0,
        )
        ids = await self.engine.answer(Request(prompt.ids, settings))
        stop: StopReason = "model_length" if room < wanted else "max_tokens"
        return self._output(prompt, ids, offered, "stop" if len(ids) < room or self._ended(ids) else stop)

    def _output(self, prompt: "Prompt", ids: Ids, tools: tuple[ToolSpec, ...], stop: StopReason) -> ModelOutput:
        tokenizer = self.engine.tokenizer
        raw = prompt.opened + tokenizer.decode(ids, skip_special_tokens=False)
        turn = parse_calls(raw, tokenizer, tools)
        calls = inspect_calls(turn)
        message = ChatMessageAssistant(
            content=turn.text, tool_calls=calls or None, model=self.model_name, source="generate"
        )
        return ModelOutput(
            model=self.model_name,
            choices=[
                ChatCompletionChoice(message=message, stop_reason="tool_calls" if calls and stop == "stop" else stop)
            ],
            usage=_usage(len(prompt.ids), len(ids)),
            metadata={"raw": raw, OPENED: prompt.opened, "native": turn.native},
        )

    def _overflow(self, prompt: "Prompt") -> ModelOutput:
        told = f"The context has {len(prompt.ids)} tokens; the model has room for {self.engine.limit}."
        output = ModelOutput.from_content(self.model_name, "", stop_reason="model_length", error=told)
        output.usage = _usage(len(prompt.ids), 0)
        return output

    def _ended(self, ids: Ids) -> bool:
        return bool(ids) and ids[-1] in ends(self.engine.model, self.engine.tokenizer)


@dataclass(frozen=True)
class Prompt:
    """A conversation with a generation prompt, and after it `opened`: what the answer is made to begin with."""

    ids: Ids
    opened: str


def read(messages: Sequence[ChatMessage], tools: tuple[ToolSpec, ...], choice: ToolChoice, tokenizer: Any) -> Prompt:
    """Raises `TemplateError` for a conversation that the template refuses."""
    read = from_inspect(messages)
    begun = read[-1].content if read and read[-1].role == "assistant" else ""
    before = read[:-1] if begun else read
    form = tool_format(tokenizer)
    if choice == "any" or isinstance(choice, ToolFunction):
        begun += form.marker if begun else form.opening
        begun += choice.name if isinstance(choice, ToolFunction) else ""
    text = rendering(_asked(before, tools), tokenizer).plain(prompt=True)
    return Prompt(_ids(text, tokenizer) + _ids(begun, tokenizer), begun)


def inspect_calls(turn: ParsedTurn) -> list[ToolCall]:
    """Every call that was attempted: those that could not be read have a `parse_error`, never nothing."""
    read = [
        ToolCall(id=f"call_{number}", function=call.name, arguments=call.arguments)
        if _depth(call.arguments) <= DEEPEST
        else ToolCall(id=f"call_{number}", function=call.name, arguments={}, parse_error="nested too deeply")
        for number, call in enumerate(turn.calls)
    ]
    why = "; ".join(dict.fromkeys(turn.errors)) or "not readable"
    return read + [
        ToolCall(id=f"call_{number}", function=UNREAD, arguments={}, parse_error=why)
        for number in range(len(turn.calls), turn.attempted)
    ]


def _asked(messages: tuple[Message, ...], tools: tuple[ToolSpec, ...]) -> Example:
    nowhere = Provenance(dataset="", revision="", licence="", row="", sha256="")
    return Example(id="", role=Role.CASE, messages=messages, tools=tools, group="", provenance=nowhere)


def _ids(text: str, tokenizer: Any) -> Ids:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []


def _depth(value: Any) -> int:
    levels, deep = [value], 0
    while levels:
        deep += 1
        levels = [
            child
            for each in levels
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
    return deep - 1


def _usage(read: int, written: int) -> ModelUsage:
    return ModelUsage(input_tokens=read, output_tokens=written, total_tokens=read + written)
