import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.data.labels.coherence import SHORTEST, features, is_incoherent

FINE = {
    "prose": "Two parcels came this morning. I have told Ada, and put the smaller one on the shelf by the door.",
    "list": "1. Eggs\n2. Milk\n3. Bread\n4. Butter\n5. Flour\n6. Sugar\n7. Salt\n8. Yeast\n",
    "call": '<tool_call>\n{"name": "send_note", "arguments": {"to": "Ada", "text": "Two parcels"}}\n</tool_call>',
    "records": json.dumps([{"id": number, "to": name} for number, name in enumerate(["Ada", "Bob", "Cy", "Di"])]),
    "code": "def area(shape):\n    if shape.kind == 'square':\n        return shape.side ** 2\n    return shape.a\n",
    "table": "| day | came | sent |\n|-----|------|------|\n| Mon | 2 | 0 |\n| Tue | 1 | 4 |\n| Wed | 0 | 3 |\n",
    "ruled": "------------------------------\nTotal: 4 parcels\n------------------------------",
    "matrix": "[[0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]]",
    "formula": "$$\\int_0^1 x^2\\,dx = \\left[\\frac{x^3}{3}\\right]_0^1 = \\frac{1}{3}$$",
    "German": "Heute Morgen sind zwei Pakete angekommen. Ich habe Ada Bescheid gegeben und das kleinere weggelegt.",
    "Chinese": "今天早上来了两个包裹。我已经通知了艾达,并把小的那个放在门边的架子上,等她来取。",
    "Japanese": "今朝、荷物が二つ届きました。Adaさんに知らせて、小さい方は入口の棚に置いておきました。",
    "Arabic": "وصل طردان هذا الصباح. أخبرت آدا ووضعت الأصغر على الرف بجانب الباب.",
    "Hindi": "आज सुबह दो पार्सल आए। मैंने आडा को बता दिया और छोटा वाला दरवाज़े के पास रख दिया।",
    "Korean": "오늘 아침에 소포 두 개가 도착했습니다. 에이다에게 알리고 작은 것은 문 옆 선반에 두었습니다.",
    "emoji": "📦📦 Two parcels came! I told Ada 👍 and she was happy 😀😀",
}

BROKEN = {
    "nothing": "",
    "blank": " \n\n\n\t ",
    "one word": "parcel " * 30,
    "one sentence": "I will send the note. " * 12,
    "drifting loop": "Road Ext Ext Ext Road Ext Road Road Ext Ext Ext Road " * 4,
    "no spaces": "ab" * 60,
    "one character": "!" * 40,
    "digits": "0" * 40,
    "Chinese loop": "包裹" * 40,
    "symbols": "@#$%^&*()!@#$%^&*(){}|:<>?~`@#$%",
    "brackets": "{[({<>})]}[{()}]<{[}]>){([{}])}",
    "broken bytes": "\ufffd to \ufffd\ufffd the par\ufffdcel \ufffd and \ufffdnote\ufffd went",
    "late loop": "Two parcels came this morning, and I have told Ada about them. " + "the note the note " * 30,
}


@pytest.mark.parametrize("name", FINE)
def test_texts_in_order_are_coherent(name):
    assert not is_incoherent(FINE[name]), features(FINE[name])


@pytest.mark.parametrize("name", BROKEN)
def test_texts_that_came_apart_are_incoherent(name):
    assert is_incoherent(BROKEN[name]), features(BROKEN[name])


@pytest.mark.parametrize("text", ["Yes.", "42", "No", "OK!", "{}", "[]", "...", "👍", "はい", "ha ha ha ha", "?!"])
def test_a_short_answer_is_an_answer(text):
    assert len(text) < SHORTEST
    assert not is_incoherent(text)


def test_word_salad_is_a_known_blind_spot():
    """If this starts to fail, the docstring of the module must say so."""
    assert not is_incoherent("Kashmir rose execution oath exploits nut newsletter uphill donor breeze ledger salmon")


def test_a_refusal_is_coherent():
    assert not is_incoherent("I'm sorry, but I can't help with that.")


@given(st.text())
def test_any_text_has_features_in_their_range(text):
    found = features(text)
    assert 0 <= found.repeated < 1
    assert 0 <= found.symbols <= 1
    assert 0 <= found.unprintable <= 1
    assert found.compression >= 0
    assert is_incoherent(text) in (True, False)


@given(st.text(min_size=1, max_size=20).filter(str.strip), st.integers(60, 200))
def test_any_text_said_over_and_over_is_incoherent(text, times):
    assert is_incoherent((text.strip() + " ") * times)
