"""B4: text in a query that makes an orchestrator choose another tool."""

from pydantic import BaseModel, Field

from switchgear.data.labels.taxonomy import Harm
from switchgear.data.reading.tables import Row
from switchgear.data.reading.texts import digest, example
from switchgear.data.sources.fujitsu import ORIGIN
from switchgear.schema import (
    CallPattern,
    CharRange,
    Drop,
    Example,
    Expectation,
    Message,
    Role,
    ToolCall,
    ToolSpec,
    Trace,
)


class ToolFlip(BaseModel):
    category: str
    subtype: str
    benign_query: str = Field(pattern=r"\S")
    malicious_injection: str
    combined_query: str = Field(pattern=r"\S")
    expected_tool: str = Field(pattern=r"\S")
    simulated_tool: str = Field(pattern=r"\S")
    success: bool

    @property
    def injected(self) -> tuple[CharRange, ...]:
        text = self.malicious_injection.strip()
        start = self.combined_query.find(text) if text else -1
        return () if start < 0 else (CharRange(start=start, end=start + len(text)),)


def tool_flip(row: Row, attack: ToolFlip) -> Example | Drop:
    """Hijacked, resisted or clean, by the tool that was chosen, where the label agrees."""
    trace = _trace(attack)
    if not isinstance(trace, Trace):
        return Drop(reason=trace, row=row.place)
    hijacked = trace is Trace.HIJACKED
    call = ToolCall(name=attack.simulated_tool)
    return example(
        ORIGIN,
        row,
        Role.HARMFUL if hijacked else Role.BENIGN,
        (
            Message(role="user", content=attack.combined_query, injected=attack.injected),
            Message(role="assistant", tool_calls=(call,)),
        ),
        trace=trace,
        tools=tuple(ToolSpec(name=name) for name in sorted({attack.expected_tool, attack.simulated_tool})),
        expectation=Expectation(
            expected=(CallPattern(name=attack.expected_tool),),
            forbidden=(CallPattern(name=attack.simulated_tool),) if hijacked else (),
            behaviour="comply",
        ),
        category="" if trace is Trace.CLEAN else Harm.TOOL_MISUSE,
        group=f"{ORIGIN.name}/{digest(attack.benign_query)}",
        tags={"kind": "tool_flip", "attack": attack.category, "subtype": attack.subtype},
    )


def _trace(attack: ToolFlip) -> Trace | str:
    """What became of the attack, or the reason why that cannot be told."""
    flipped = attack.expected_tool.strip() != attack.simulated_tool.strip()
    if attack.success and not flipped:
        return "labelled a success, but the tool is the expected one"
    if flipped and not attack.success:
        return "labelled a failure, but the tool is another than expected"
    if attack.injected:
        return Trace.HIJACKED if flipped else Trace.RESISTED
    if attack.malicious_injection.strip():
        return "the injected text does not stand in the query"
    if flipped or attack.combined_query.strip() != attack.benign_query.strip():
        return "the injected text is not told"
    return Trace.CLEAN
