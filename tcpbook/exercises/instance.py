"""An exercise as data: what is given, what is asked, what a wrong answer reveals, hints, and the worked solution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from tcpbook.exercises.answers import Form, offered, read
from tcpbook.exercises.misconceptions import MISCONCEPTIONS
from tcpbook.figures.figure import Figure
from tcpbook.lab.trace import Trace
from tcpbook.protocol.errors import TcpBookError

NONE: Mapping[str, str] = MappingProxyType({})


class Part(NamedTuple):
    """One thing asked. `answer` and the wrong answers in `mistakes` are keys; a mistake names its misconception."""

    label: str
    form: Form
    answer: str
    choices: tuple[str, ...] = ()
    mistakes: Mapping[str, str] = NONE


class Marked(NamedTuple):
    """The judgment of one answer: its key ("" if it can't be read), the misconception it reveals ("": none known)."""

    right: bool
    key: str
    misconception: str
    says: str


class Instance(NamedTuple):
    """One exercise of a kind, made from a seed.

    `task` says what to do; `given` is what to do it with, as text in fixed columns, and `picture` shows the same or
    more. Hints go from a nudge to nearly the answer; `solution` is the way, step by step, and `trace` plays it.
    """

    task: str
    parts: tuple[Part, ...]
    hints: tuple[str, ...]
    solution: tuple[str, ...]
    given: str = ""
    picture: Figure | None = None
    trace: Trace | None = None
    kind: str = ""
    seed: int = 0

    def mark(self, answers: Sequence[Any]) -> list[Marked]:
        """Judge an answer to each part, in order; what can't be read is wrong, with a sentence that says why."""
        if len(answers) != len(self.parts):
            raise TcpBookError(f"{len(answers)} answers; this exercise asks for {len(self.parts)}")
        return [_mark(part, answer) for part, answer in zip(self.parts, answers, strict=True)]


def ask(
    label: str, form: Form, answer: Any, mistakes: Iterable[tuple[Any, str]] = (), choices: Iterable[Any] = ()
) -> Part:
    """Make a part from the right answer and from pairs of a wrong answer and the misconception that leads to it.

    Where a misconception leads to the right answer it is left out; where two lead to the same one, the first counts.
    """
    given = offered(form, choices)
    key = read(form, answer, given)
    wrong: dict[str, str] = {}
    for value, name in mistakes:
        wrong.setdefault(read(form, value, given), name)
    wrong.pop(key, None)
    return Part(label, form, key, given, wrong)


def ask_whether(label: str, answer: bool, mistakes: Iterable[tuple[bool, str]] = ()) -> Part:
    """Make a part that is answered with yes or no."""
    words = "no", "yes"
    wrong = [(words[value], name) for value, name in mistakes]
    return ask(label, Form.CHOICE, words[answer], wrong, reversed(words))


def _mark(part: Part, answer: Any) -> Marked:
    if answer == "":
        return Marked(False, "", "", "Not answered yet.")
    try:
        key = read(part.form, answer, part.choices)
    except TcpBookError as error:
        return Marked(False, "", "", f"{error}.")
    if key == part.answer:
        return Marked(True, key, "", "Right.")
    name = part.mistakes.get(key, "")
    return Marked(False, key, name, f"Not yet. {MISCONCEPTIONS[name].feedback if name else ''}".strip())
