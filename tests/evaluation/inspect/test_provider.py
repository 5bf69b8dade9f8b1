import asyncio
from contextlib import nullcontext

import pytest
import torch
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, GenerateConfig, get_model
from inspect_ai.tool import ToolFunction

import switchgear.evaluation.inspect.engine as engines
from switchgear.errors import ModelError
from switchgear.evaluation.inspect.engine import Engine, Request, Settings, load
from switchgear.evaluation.inspect.messages import to_inspect, tool_infos, turn_of
from switchgear.evaluation.inspect.provider import DEEPEST, inspect_calls, read
from switchgear.evaluation.questions import question
from switchgear.evaluation.tasks import cases
from switchgear.model.calls import parse_calls
from switchgear.model.fingerprint import sign
from switchgear.model.generate import generate
from switchgear.model.load import add_adapter, load_model
from switchgear.model.prefix_cache import prefill
from switchgear.model.tool_format import ToolFormat
from switchgear.recipe import LoraRecipe, ModelRecipe
from switchgear.schema import Trace
from tests.conftest import build_tiny
from tests.garden import TOOLS, example

ASKED = [ChatMessageUser(content="Water the mint.")]


def model(engine, **arguments):
    return get_model("switchgear/garden", engine=engine, memoize=False, **arguments)


def ask(asked, messages=ASKED, tools=(), choice="auto", **config):
    return asyncio.run(asked.generate(messages, tools=list(tools), tool_choice=choice, config=GenerateConfig(**config)))


def test_greedy_answers_are_those_of_the_model_alone(engine):
    ids = read(ASKED, (), "auto", engine.tokenizer).ids
    for adapter in ("on", "off"):
        with engine.model.disable_adapter() if adapter == "off" else nullcontext():
            [expected] = generate(engine.model, prefill(engine.model, [ids], 12), engine.tokenizer, 12)
        output = ask(model(engine, adapter=adapter), max_tokens=12)
        assert output.metadata["raw"] == engine.tokenizer.decode(expected)
        assert (output.usage.input_tokens, output.usage.output_tokens) == (len(ids), len(expected))
    frozen, adapted = (ask(model(engine, adapter=a), max_tokens=12).metadata["raw"] for a in (False, True))
    assert frozen != adapted


def test_a_case_is_rendered_as_in_evaluation(engine):
    [case] = cases([example(Trace.HIJACKED, "mint")])
    put = question(case, engine.tokenizer, 1024, ("free", "forced"))
    for mode, choice in (("free", "auto"), ("forced", "any")):
        asked = read(to_inspect(case.context), TOOLS, choice, engine.tokenizer)
        assert asked.ids == [*put.context, *put.openings[mode]]


def test_concurrent_requests_are_one_batch_and_each_gets_its_own_answer(engine, monkeypatch):
    sizes = []
    monkeypatch.setattr(engines, "prefill", lambda m, p, room: sizes.append(len(p)) or prefill(m, p, room))
    asked = model(engine)
    chats = [[ChatMessageUser(content=f"Water the {bed}.")] for bed in ("mint", "beans and the leeks", "ferns")]
    alone = [ask(asked, chat, max_tokens=6).completion for chat in chats]

    async def all_at_once():
        return await asyncio.gather(*(asked.generate(chat, config=GenerateConfig(max_tokens=6)) for chat in chats))

    sizes.clear()
    assert [output.completion for output in asyncio.run(all_at_once())] == alone
    assert sizes == [3]


def test_frozen_and_adapted_requests_at_once_are_not_mixed_up(engine):
    asked = {name: model(engine, adapter=name) for name in ("on", "off")}
    alone = {name: ask(each, max_tokens=8).metadata["raw"] for name, each in asked.items()}

    async def all_at_once():
        config = GenerateConfig(max_tokens=8)
        return await asyncio.gather(*(asked[name].generate(ASKED, config=config) for name in ("on", "off") * 3))

    assert [each.metadata["raw"] for each in asyncio.run(all_at_once())] == [alone["on"], alone["off"]] * 3


def test_a_temperature_samples_and_a_seed_repeats_it(engine):
    asked = model(engine)
    drawn = [ask(asked, max_tokens=12, temperature=1.5, seed=seed).metadata["raw"] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_last_assistant_message_is_gone_on_with(engine):
    output = ask(model(engine), [*ASKED, ChatMessageAssistant(content="Sure, the ")], max_tokens=4)
    assert output.metadata["raw"].startswith("Sure, the ")
    opened = read([*ASKED, ChatMessageAssistant(content="Sure, the ")], (), "auto", engine.tokenizer)
    assert engine.tokenizer.decode(opened.ids).endswith("<|im_start|>assistant\nSure, the ")


def test_a_call_can_be_forced_and_so_can_its_tool(engine):
    infos = tool_infos(TOOLS)
    forced = ask(model(engine), tools=infos, choice="any", max_tokens=3)
    named = ask(model(engine), tools=infos, choice=ToolFunction(name="water"), max_tokens=3)
    assert forced.metadata["raw"].startswith('<tool_call>{"name": "')
    assert named.metadata["raw"].startswith('<tool_call>{"name": "water')


def test_a_model_that_never_stops_is_cut_and_its_begun_call_is_an_attempt(engine, monkeypatch):
    monkeypatch.setattr(Engine, "_written", lambda self, asked: [[5] * r.settings.max_new_tokens for r in asked])
    output = ask(model(engine), tools=tool_infos(TOOLS), choice="any", max_tokens=7)
    assert output.stop_reason == "max_tokens"
    assert output.usage.output_tokens == 7
    [call] = output.message.tool_calls
    assert call.parse_error
    assert output.metadata["raw"].startswith('<tool_call>{"name": "')
    turn = turn_of(output)
    assert (turn.attempted, turn.calls) == (1, ())


@pytest.mark.parametrize(
    "written",
    [
        '<tool_call>{"name": "water", "arguments": ' + "{" * 10_000,
        '<tool_call>{"name": "water", "arguments": ' + '{"a": ' * 10_000 + "1" + "}" * 10_001 + "</tool_call>",
        '<tool_call>{"name": "water", "arguments": {"bed": "\\ud800"}}</tool_call>',
        '<tool_call>{"name": "water", "arguments": {"bed": "\ufffd\x00',
    ],
    ids=["open braces", "nested braces", "half a surrogate", "broken bytes"],
)
def test_wild_calls_are_attempts_that_can_be_logged(engine, monkeypatch, written):
    monkeypatch.setattr(engine.tokenizer, "decode", lambda *_, **__: written, raising=False)
    output = ask(model(engine), tools=tool_infos(TOOLS), max_tokens=2)
    assert [bool(call.parse_error) for call in output.message.tool_calls] == [True]
    assert output.metadata["raw"] == written
    assert output.model_dump_json()


def test_bytes_that_are_no_text_are_an_answer_that_can_be_logged(engine, monkeypatch):
    odd = [token for token in range(len(engine.tokenizer)) if "\ufffd" in engine.tokenizer.decode([token])]
    assert odd
    monkeypatch.setattr(Engine, "_written", lambda self, asked: [odd[:9] for _ in asked])
    output = ask(model(engine), max_tokens=9)
    assert output.model_dump_json().encode()
    assert "\ufffd" in output.completion


def test_calls_deeper_than_a_log_takes_are_attempts_with_their_name():
    deep = "{" + '"a": {' * (DEEPEST + 1) + "}" * (DEEPEST + 2)
    turn = parse_calls(f'<tool_call>{{"name": "water", "arguments": {deep}}}</tool_call>', ToolFormat())
    [call] = inspect_calls(turn)
    assert (call.function, call.arguments, call.parse_error) == ("water", {}, "nested too deeply")


def test_a_context_without_room_is_reported_and_never_sent(engine, monkeypatch):
    monkeypatch.setattr(Engine, "answer", None)
    output = ask(model(engine), [ChatMessageUser(content="mint " * engine.limit)])
    assert output.stop_reason == "model_length"
    assert not output.completion
    assert output.usage.input_tokens > engine.limit


def test_an_answer_that_the_context_cuts_off_says_so(engine, monkeypatch):
    monkeypatch.setattr(Engine, "_written", lambda self, asked: [[5] * r.settings.max_new_tokens for r in asked])
    monkeypatch.setattr(Engine, "limit", len(read(ASKED, (), "auto", engine.tokenizer).ids) + 3)
    output = ask(model(engine), max_tokens=10)
    assert (output.stop_reason, output.usage.output_tokens) == ("model_length", 3)


def test_settings_that_are_not_known_are_refused(engine):
    with pytest.raises(ModelError, match="stop_seqs"):
        asyncio.run(model(engine).api.generate(ASKED, [], "auto", GenerateConfig(stop_seqs=["x"])))


def test_a_batch_that_memory_does_not_suffice_for_is_halved(engine, monkeypatch):
    written = Engine._written

    def crowded(self, asked):
        if len(asked) > 1:
            raise torch.OutOfMemoryError
        return written(self, asked)

    monkeypatch.setattr(Engine, "_written", crowded)
    requests = [Request([5, 6, token], Settings(True, 3)) for token in (7, 8, 9)]

    async def all_at_once():
        return await asyncio.gather(*map(engine.answer, requests))

    assert len(asyncio.run(all_at_once())) == 3


def test_an_error_reaches_all_that_wait(engine, monkeypatch):
    def broken(self, asked):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Engine, "_written", broken)
    with pytest.raises(ModelError, match="No memory for an answer to 2 tokens"):
        asyncio.run(engine.answer(Request([5, 6], Settings(True, 3))))


def test_frozen_and_adapted_models_of_a_run_are_one_model_in_memory(run):
    frozen, adapted = (get_model(f"switchgear/{run.root}", adapter=a, memoize=False) for a in ("off", None))
    assert frozen.api.engine is adapted.api.engine
    assert (frozen.api.adapted, adapted.api.adapted) == (False, True)


def test_a_model_folder_has_no_adapter_to_switch_on(tiny_chat_model):
    with pytest.raises(ModelError, match="no adapter to switch on"):
        get_model(f"switchgear/{tiny_chat_model}", adapter="on", memoize=False)


def test_an_adapter_of_another_base_is_refused(tmp_path, tiny_chat_model):
    other = add_adapter(build_tiny("llama", seed=1), LoraRecipe(), 4)
    other.save_pretrained(tmp_path)
    sign(tmp_path, other, "another")
    with pytest.raises(ModelError, match="other weights"):
        load(str(tiny_chat_model), tmp_path)
    assert load_model(ModelRecipe(name=str(tiny_chat_model)))


def test_inspect_finds_the_model_by_its_name(run):
    assert isinstance(get_model(f"switchgear/{run.root}", memoize=False).api.engine, Engine)
