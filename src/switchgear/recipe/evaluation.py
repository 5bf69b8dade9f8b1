"""Section `evaluate`."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator

from switchgear.recipe.base import Section
from switchgear.recipe.data import SourceRecipe
from switchgear.schema import Trace

Mode = Literal["free", "forced", "prefilled"]
LIMITS = ("limit", "max_tokens", "max_messages")
"""Options of tasks that say how much is asked, not what."""


class TextJudgeRecipe(Section):
    """Who says what an answer is, when rules are not sure."""

    name: str
    """A key of `switchgear.evaluation.judges.JUDGES`."""
    model: str = ""
    """As Inspect names it: `hf/FOLDER`, `vllm/NAME`, `openai-api/SERVICE/NAME`; for `python`, `module:function`."""
    base_url: str | None = None
    """Of the server, if the provider's environment variable does not say."""
    policy: Path | None = None
    """A text file in place of our own words, for `policy` and `rubric`."""
    timeout: float = Field(default=120, gt=0)
    """Seconds for one answer."""
    concurrency: PositiveInt = 8
    """Answers at a time; of a local model, its batch."""
    options: dict[str, Any] = Field(default_factory=dict)
    """More arguments of Inspect's provider."""


class AttackRecipe(Section):
    """One attack on the held-out hijacked cases, tried on the frozen and the adapted model alike."""

    name: str
    """A key of `switchgear.evaluation.attacks.ATTACKS`."""
    title: str = ""
    """What it is called in rows and figures; without, its name. For two attacks of one name."""
    budget: tuple[Annotated[float, Field(ge=0)], ...] = ()
    """Levels at which success is measured, in the attack's own unit, rising. Without: the attack's own."""
    limit: PositiveInt | None = 20
    """At most this many cases, drawn evenly over the groups."""
    mode: Mode = "free"
    """How the answer is begun before the attack: see `switchgear.evaluation.questions`."""
    batch_size: PositiveInt = 4
    options: dict[str, Any] = Field(default_factory=dict)
    """What this attack alone understands: see `docs/attacks.md`."""

    @field_validator("budget")
    @classmethod
    def _rising(cls, budget: tuple[float, ...]) -> tuple[float, ...]:
        if list(budget) != sorted(set(budget)):
            raise ValueError("levels of a budget are to rise")
        return budget


class TaskRecipe(Section):
    """One of our Inspect tasks, put to the frozen and the adapted model alike."""

    name: str
    """A key of `switchgear.evaluation.inspect.plan.TASKS`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The task's arguments: see `docs/inspect.md`."""

    @property
    def title(self) -> str:
        """`over_refusal(source=xstest)`: what it is called in figures, of which n says how many samples there were."""
        named = {name: value for name, value in self.options.items() if name not in LIMITS}
        given = ", ".join(f"{name}={value}" for name, value in named.items())
        return f"{self.name}({given})" if given else self.name


class CapabilityRecipe(Section):
    """Tasks of lm-eval, in the frozen and the adapted model alike. Needs the extra `capability`."""

    tasks: tuple[str, ...] = Field(min_length=1)
    """As lm-eval names them."""
    include_path: Path | None = None
    """A folder with task files (YAML) of your own; with local data, nothing is downloaded."""
    limit: PositiveInt | None = None
    """At most this many questions of each task."""
    few_shot: int | None = Field(default=None, ge=0)
    """Examples in the prompt; the task's own number, if not given."""
    chat_template: bool = False
    """Put the questions as a user's message."""
    batch_size: PositiveInt = 8


class EvaluateRecipe(Section):
    suite: str = ""
    """The preset that these settings began as (`--suite`): a key of `switchgear.recipe.suites.SUITES`."""
    modes: tuple[Mode, ...] = ("free", "forced", "prefilled")
    """How a case is put: see `switchgear.evaluation.questions`."""
    max_new_tokens: PositiveInt = 64
    limit: PositiveInt | dict[Trace, PositiveInt] | None = None
    """At most this many cases of each kind (hijacked, resisted, clean), drawn evenly over the groups."""
    batch_size: PositiveInt = 8
    judges: tuple[TextJudgeRecipe, ...] = ()
    """Each gives its own verdict on every answer that rules do not settle; their agreement is reported. The first that
    can be asked in words of our own (`rubric`, `policy`, `yes_no`) is also whom AgentHarm's graders ask."""
    calibration: Path = Path("calibration")
    """Where `switchgear calibrate` wrote its figures. Those of the judges go into the summary."""
    sources: tuple[SourceRecipe, ...] = ()
    """Read for `tasks` beside the holdout: prompts, whether or not the model was trained here."""
    tasks: tuple[TaskRecipe, ...] = ()
    """Put after the held-out decisions. One without data is skipped, and the summary says so."""
    capability: CapabilityRecipe | None = None
    attacks: tuple[AttackRecipe, ...] = ()
    """Tried after the plain questions, in this order."""

    @field_validator("attacks")
    @classmethod
    def _apart(cls, attacks: tuple[AttackRecipe, ...]) -> tuple[AttackRecipe, ...]:
        titles = [attack.title or attack.name for attack in attacks]
        for title in titles:
            if titles.count(title) > 1:
                raise ValueError(f"two attacks are called {title!r}. Give one of them a `title` of its own")
        return attacks

    @field_validator("tasks")
    @classmethod
    def _once(cls, tasks: tuple[TaskRecipe, ...]) -> tuple[TaskRecipe, ...]:
        titles = [task.title for task in tasks]
        for title in titles:
            if titles.count(title) > 1:
                raise ValueError(f"{title} is there twice")
        return tasks
