"""Questions the reader answers before anything is shown; the answer is computed, never typed in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

import traitlets

from tcpbook.exercises import answers
from tcpbook.exercises.answers import INSTRUCTIONS, Form, offered, read
from tcpbook.exercises.progress import CONFIDENCES, Attempt, record
from tcpbook.figures.stategraph import stategraph
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.widgets.base import NUMBER, View, sources


class Predict(View):
    """A question with a committed answer of one form, compared by its key, a text.

    Everything the page will ever say is computed here once, so it answers without the kernel.
    """

    _esm, _css = sources(__file__, answers.__file__)
    alone = ()

    form = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    graph = traitlets.Unicode().tag(sync=True)
    confidences = traitlets.List(traitlets.Unicode(), list(CONFIDENCES)).tag(sync=True)
    number_pattern = traitlets.Unicode(NUMBER.pattern).tag(sync=True)
    sealed = traitlets.Unicode().tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)
    confidence = traitlets.Unicode().tag(sync=True)
    committed = traitlets.Bool(False).tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        form: Form,
        question: str,
        answer: Any,
        why: str,
        feedback: Mapping[Any, str] | None = None,
        choices: Iterable[Any] = (),
    ) -> None:
        graph = stategraph(abrupt=True).interactive() if form is Form.ARC else ""
        offers = list(offered(form, choices))
        super().__init__(form=form, question=question, hint=INSTRUCTIONS[form], choices=offers, graph=graph)
        key = self.read(answer() if callable(answer) else answer)
        said = {self.read(wrong): sentence for wrong, sentence in (feedback or {}).items()}
        not_yet = f"Not yet: the answer is {key}."
        replies = {wrong: [not_yet, sentence, why] for wrong, sentence in said.items()}
        outcome = {"key": key, "said": {**replies, key: ["Right.", why]}, "otherwise": [not_yet, why]}
        # Encoded, so that nobody reads the answer in the notebook file by accident.
        self.sealed = base64.b64encode(json.dumps(outcome).encode()).decode()

    def _unsealed(self) -> dict[str, Any]:
        return dict(json.loads(base64.b64decode(self.sealed)))

    def read(self, answer: Any) -> str:
        """Return the key of an answer; raise TcpBookError for what is no answer to this question."""
        return read(Form(self.form), answer, self.choices)

    def says(self, answer: Any, confidence: str = CONFIDENCES[0]) -> str:
        """Return what the reader is told for an answer, committing nothing.

        Raises TcpBookError for an answer or a confidence that the question doesn't offer.
        """
        if confidence not in CONFIDENCES:
            offered = ", ".join(CONFIDENCES)
            raise TcpBookError(f"confidence {confidence!r} is unknown; choose one of {offered}")
        key, outcome = self.read(answer), self._unsealed()
        verdict, *reasons = outcome["said"].get(key, outcome["otherwise"])
        return "\n".join([f"{verdict} You answered {key} ({confidence}).", *reasons])

    def commit(self, answer: Any, confidence: str) -> None:
        """Commit an answer as the page does; what can't be committed leaves a sentence in `message`."""
        if self.committed:
            self.message = "Your answer is kept. Run the cell of the question again to start afresh."
            return
        try:
            self.says(answer, confidence)
        except TcpBookError as error:
            self.message = f"{error}."
            return
        with self.hold_sync():
            self.answer, self.confidence = self.read(answer), confidence
            self.message, self.committed = "", True

    @traitlets.observe("committed")
    def _kept(self, _: object) -> None:
        self.message = record(Attempt(self.question, bool(self.right), self.confidence))

    @property
    def outcome(self) -> str:
        """What the reader has been told, or that nothing is committed yet."""
        return self.says(self.answer, self.confidence) if self.committed else "Not answered yet."

    @property
    def right(self) -> bool | None:
        """Whether the committed answer is right; None before."""
        if not self.committed:
            return None
        return bool(self.answer == self._unsealed()["key"])

    def __repr__(self) -> str:
        choices = f" [{' | '.join(self.choices)}]" if self.choices else ""
        return f"Predict: {self.question}{choices}"

    def static_html(self) -> str:
        """Return question and choices; the answer stays sealed."""
        items = "".join(f"<li>{escape(choice)}</li>" for choice in self.choices)
        return (
            '<div class="tcpbook-predict">'
            f"<p><strong>Predict:</strong> {escape(self.question)}</p>"
            f"<p>{escape(self.hint)}</p>{f'<ul>{items}</ul>' if items else ''}"
            "<p>Run this cell in Jupyter to commit your answer and see the outcome.</p></div>"
        )


def choice(
    question: str,
    options: Iterable[Any],
    answer: Any,
    why: str,
    feedback: Mapping[Any, str] | None = None,
) -> Predict:
    """Ask for one of `options`; `answer` is a value or a call that computes it.

    `feedback` gives the sentence for a wrong option, `why` follows every outcome.
    Raises TcpBookError if the answer isn't offered.
    """
    return Predict(Form.CHOICE, question, answer, why, feedback, options)


def number(
    question: str, answer: int | Callable[[], int], why: str, feedback: Mapping[int, str] | None = None
) -> Predict:
    """Ask for a whole number from 0 up; `feedback` gives the sentence for a particular wrong one."""
    return Predict(Form.NUMBER, question, answer, why, feedback)


def flags(
    question: str, answer: Flags | Callable[[], Flags], why: str, feedback: Mapping[Flags, str] | None = None
) -> Predict:
    """Ask which of the eight control bits are set (RFC 9293 §3.1)."""
    return Predict(Form.FLAGS, question, answer, why, feedback)


def order(
    question: str,
    items: Iterable[Any],
    answer: Iterable[Any] | Callable[[], Iterable[Any]],
    why: str,
    feedback: Mapping[Any, str] | None = None,
) -> Predict:
    """Ask for the order of `items`, such as segments; `answer` holds the items as they should stand.

    The items stand lettered in the order given; `feedback` gives the sentence for a wrong order, "B A C".
    """
    key = [str(item) for item in (answer() if callable(answer) else answer)]
    return Predict(Form.ORDER, question, key, why, feedback, items)


def arc(question: str, answer: str | Callable[[], str], why: str, feedback: Mapping[str, str] | None = None) -> Predict:
    """Ask for an arc of the state graph: "SYN-SENT → ESTABLISHED" (RFC 9293 §3.3.2)."""
    return Predict(Form.ARC, question, answer, why, feedback)
