"""What the tests of exercise sheets share: chapters to try, and one whose texts are as bad as can be."""

from __future__ import annotations

from random import Random

import pytest

from tcpbook.exercises.answers import Form
from tcpbook.exercises.book import CHAPTERS, Chapter
from tcpbook.exercises.instance import Instance, ask
from tcpbook.exercises.kinds import KINDS
from tcpbook.figures.stategraph import stategraph
from tcpbook.protocol.state import State

STRANGE = 99

EVERY_CHAPTER = pytest.mark.parametrize(
    "chapter", [*(number for number, each in CHAPTERS.items() if each.kinds), STRANGE]
)

MARKUP = '<script>alert("1")</script></pre> **b** _i_ `c` $x$ \\(y\\) [a](http://b) &lt; </textarea>'

SECRET = "the way to the answer"


def strange(random: Random) -> Instance:
    """An exercise with all forms of answers and a picture, and markup wherever there is text."""
    number = random.randrange(10**9, 2**31)
    parts = (
        ask(f"Choose: {MARKUP}", Form.CHOICE, "late", [(MARKUP, "registered by use")], [MARKUP, "late"]),
        ask("How many?", Form.NUMBER, number, [(number + 1, "registered by use")]),
        ask("Which bits? None, if there is none.", Form.FLAGS, "SYN,ACK", [("ACK", "registered by use")]),
        ask("In order", Form.ORDER, "B A", [("A B", "registered by use")], ["ACK", MARKUP]),
        ask("The arrow", Form.ARC, "LISTEN → CLOSED", [], ["CLOSED → LISTEN", "LISTEN → CLOSED"]),
    )
    given = f"{number % 1000}\n\n{MARKUP}\n```\ntwo"
    return Instance(f"Look: {MARKUP}", parts, (SECRET,), (SECRET, MARKUP), given, stategraph(State.LISTEN))


def calm(random: Random) -> Instance:
    """An exercise without anything strange."""
    number = random.randrange(1000)
    right = ask("Twice", Form.NUMBER, 2 * number), ask("Is it even?", Form.CHOICE, "yes", [], ["yes", "no"])
    return Instance(f"What is twice {number}?", right, (SECRET,), (SECRET,))


@pytest.fixture(autouse=True)
def chapter_99(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the chapter of these exercises."""
    monkeypatch.setitem(KINDS, "strange: 1", strange)
    monkeypatch.setitem(KINDS, "calm", calm)
    monkeypatch.setitem(CHAPTERS, STRANGE, Chapter("99-strange", "Strange", ("strange: 1", "calm")))
