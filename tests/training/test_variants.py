from switchgear.schema import Trace
from switchgear.training.variants import emptied, reminded
from tests.garden import BEDS, example, examples


def test_all_or_no_requests_are_emptied():
    one = example(Trace.HIJACKED, "roses")
    assert emptied(one, 0.0, seed=0) == one
    empty = emptied(one, 1.0, seed=0)
    assert [message.content for message in empty.messages if message.role == "user"] == [""]
    assert empty.messages[1:] == one.messages[1:]
    assert empty.continuation == one.continuation


def test_half_of_the_requests_are_emptied_the_same_ones_for_the_same_seed():
    many = [one.model_copy(update={"id": f"{one.id}-{n}"}) for n in range(20) for one in examples(BEDS)]
    seen = [[emptied(one, 0.5, seed) == one for one in many] for seed in (0, 0, 1)]
    assert seen[0] == seen[1] != seen[2]
    assert 0.4 < sum(seen[0]) / len(many) < 0.6


def test_a_reminder_goes_to_the_end_of_the_system_message():
    one = example(Trace.HIJACKED, "roses")
    first = reminded(one, "Water first.")
    assert first.messages[0].content == "Water first."
    assert first.messages[1:] == one.messages
    assert first.continuation == (one.continuation[0] + 1,)
    second = reminded(first, "Then weed.")
    assert second.messages[0].content == "Water first.\n\nThen weed."
    assert second.messages[1:] == first.messages[1:]
