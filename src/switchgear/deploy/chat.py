"""One conversation with the frozen and the adapted model, side by side. No tool is run: calls are shown."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

from switchgear.deploy.guard import Guard
from switchgear.deploy.trips import Trip
from switchgear.deploy.watch import watching
from switchgear.errors import DataError
from switchgear.model.calls import parse_calls
from switchgear.model.generate import generate
from switchgear.model.load import load_adapter, load_model, load_tokenizer
from switchgear.model.prefix_cache import prefill
from switchgear.model.render import rendering
from switchgear.recipe import Recipe
from switchgear.runs import Run
from switchgear.schema import Example, Message, Provenance, Role, ToolSpec

Model = Literal["frozen", "adapted"]
MODELS: tuple[Model, ...] = ("frozen", "adapted")
NOT_RUN = "(This tool was not run.)"
NOWHERE = Provenance(dataset="chat", revision="", licence="", row="", sha256="")


@dataclass(frozen=True)
class Reply:
    """The message that a conversation goes on with: a refusal if the guard has stopped the answer."""

    message: Message
    trip: Trip | None = None


@dataclass
class Chat:
    """Each model has a conversation of its own, since their answers differ."""

    model: Any
    tokenizer: Any
    guard: Guard | None = None
    tools: tuple[ToolSpec, ...] = ()
    system: str = ""
    max_new_tokens: int = 200
    talks: dict[Model, list[Message]] = field(default_factory=lambda: {name: [] for name in MODELS})

    def say(self, text: str) -> dict[Model, Reply]:
        """The user's next message, and what both answer. Calls that wait for a result are told that none was run."""
        for talk in self.talks.values():
            talk += _results(talk, NOT_RUN)
            talk.append(Message(role="user", content=text))
        return {name: self._reply(name) for name in MODELS}

    def result(self, text: str) -> dict[Model, Reply]:
        """What the calls that wait are said to have returned, and how those who made them go on."""
        waiting = [name for name, talk in self.talks.items() if _results(talk, text)]
        for name in waiting:
            self.talks[name] += _results(self.talks[name], text)
        return {name: self._reply(name) for name in waiting}

    def clear(self) -> None:
        for talk in self.talks.values():
            talk.clear()

    def _reply(self, name: Model) -> Reply:
        talk = self.talks[name]
        prompt, guard = self._prompt(talk), self.guard if name == "adapted" else None
        with (
            self.model.disable_adapter() if name == "frozen" else nullcontext(),
            watching(guard, self.model, self.tokenizer) if guard else nullcontext() as watch,
        ):
            prefix = prefill(self.model, [prompt], self.max_new_tokens)
            stops_at = watch.stops if watch else None
            (ids,) = generate(self.model, prefix, self.tokenizer, self.max_new_tokens, stops_at)
        written = self.tokenizer.decode(ids)
        trip = watch.trips.get(0) if watch else None
        turn = parse_calls(watch.answer(0, written) if watch else written, self.tokenizer, self.tools)
        reply = Reply(Message(role="assistant", content=turn.text, tool_calls=turn.calls), trip)
        talk.append(reply.message)
        return reply

    def _prompt(self, talk: list[Message]) -> list[int]:
        """Raises `DataError` if the conversation no longer fits into the model."""
        system = [Message(role="system", content=self.system)] if self.system else []
        example = Example(
            id="chat", role=Role.CASE, messages=(*system, *talk), tools=self.tools, group="chat", provenance=NOWHERE
        )
        text = rendering(example, self.tokenizer).plain(prompt=True)
        ids = list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        room = getattr(self.model.config, "max_position_embeddings", None)
        if room and len(ids) + self.max_new_tokens > room:
            raise DataError(f"The conversation has {len(ids)} tokens, and the model room for {room}. Begin a new one.")
        return ids


def opened(recipe: Recipe, run: Run, *, guarded: bool = True, **options: Any) -> Chat:
    """A chat with a trained run, under its guard if one is fitted. Raises `RunError` if it is not trained."""
    adapter = run.need(run.adapter, "train")
    guard = Guard.load(run) if guarded and run.guard.exists() else None
    model = load_adapter(load_model(recipe.model), adapter)
    return Chat(model, load_tokenizer(recipe.model), guard, **options)


def _results(talk: list[Message], text: str) -> list[Message]:
    """A result for each call of the last message."""
    calls = talk[-1].tool_calls if talk else ()
    return [Message(role="tool", content=text, name=call.name, tool_call_id=call.id) for call in calls]
