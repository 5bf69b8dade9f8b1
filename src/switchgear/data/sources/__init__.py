"""The data sources by name. To add one:

1. Write `read(recipe, seed)` in a file of its own here. It yields an `Example` for each row that it keeps and a `Drop`
   with a reason for each that it does not, so that the counts add up. What it reads, at which revision, under which
   licence, what a row looks like and which of its quirks are handled stand in the file's docstring.
2. Let it check its own options (`options.checked`) and read files through `switchgear.data.reading.files`.
3. Add one line to `SOURCES`, and a test on a small file in the same shape, written by you.

Twins (the same prompt answered well and badly) take one `group` and one `provenance.row`. The recipe's `limit`, lint,
duplicates and splits are `prepare`'s business, not a source's. If the source can read a hub dataset,
or its files can be read one by one, it is named in `presence.FROM_HUB` or `shards.BY_FILE`.
"""

from collections.abc import Callable, Iterator

from switchgear.data.sources import (
    agent_traces,
    attackqa,
    chat,
    circuit_breakers,
    generated,
    harmbench,
    jailbreakbench,
    refusal_direction,
    tau2_bench,
    tau_bench,
    tulu,
    ultrachat,
    webarena,
    weblinx,
    xstest,
)
from switchgear.data.sources.agentdojo import runs, suites
from switchgear.data.sources.agentharm import prompts
from switchgear.data.sources.bfcl import questions
from switchgear.data.sources.fujitsu import kinds
from switchgear.data.sources.injecagent import outcomes
from switchgear.data.sources.synthetic_agents import traces
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example

Source = Callable[[SourceRecipe, int], Iterator[Example | Drop]]
"""A recipe's entry and the seed -> the rows, each kept or dropped."""

SOURCES: dict[str, Source] = {
    "agent_traces": agent_traces.read,
    "agentdojo_runs": runs.read,
    "agentdojo_suites": suites.read,
    "agentharm": prompts.read,
    "attackqa": attackqa.read,
    "bfcl": questions.read,
    "chat": chat.read,
    "circuit_breakers": circuit_breakers.read,
    "fujitsu": kinds.read,
    "generated": generated.read,
    "harmbench": harmbench.read,
    "injecagent": outcomes.read,
    "jailbreakbench": jailbreakbench.read,
    "refusal_direction": refusal_direction.read,
    "synthetic_agents": traces.read,
    "tau2_bench": tau2_bench.read,
    "tau_bench": tau_bench.read,
    "tulu": tulu.read,
    "ultrachat": ultrachat.read,
    "webarena": webarena.read,
    "weblinx": weblinx.read,
    "xstest": xstest.read,
}
