"""Exercise: made from a kind and a seed, checked as often as the reader likes; each wrong answer says why."""

from __future__ import annotations

import base64
import json
from html import escape
from typing import Any

import traitlets

from tcpbook.exercises import answers
from tcpbook.exercises.answers import INSTRUCTIONS
from tcpbook.exercises.instance import Part
from tcpbook.exercises.kinds import LAST_SEED, generate
from tcpbook.exercises.misconceptions import MISCONCEPTIONS
from tcpbook.exercises.progress import CONFIDENCES, Attempt, recall, record
from tcpbook.widgets.base import NUMBER, View, sources
from tcpbook.widgets.handshake_player import HandshakePlayer


class Exercise(View):
    """An exercise of a kind, a key of `tcpbook.exercises.kinds.KINDS`; the same seed gives the same one.

    The page marks by itself what Python computed; "Another one" and the played solution come from the kernel.
    Raises TcpBookError for an unknown kind or seed.
    """

    _esm, _css = sources(__file__, answers.__file__)
    alone = ()

    shown = traitlets.Dict().tag(sync=True)
    sealed = traitlets.Unicode().tag(sync=True)
    confidences = traitlets.List(traitlets.Unicode(), list(CONFIDENCES)).tag(sync=True)
    drafts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    checked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    confidence = traitlets.Unicode().tag(sync=True)
    tries = traitlets.Int().tag(sync=True)
    hints = traitlets.Int().tag(sync=True)
    solved = traitlets.Bool(False).tag(sync=True)
    player = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)

    def __init__(self, kind: str, seed: int = 1) -> None:
        self.instance = generate(kind, seed)
        super().__init__(**self._fresh())
        self.on_msg(self._asked)

    def _fresh(self) -> dict[str, Any]:
        instance = self.instance
        shown = {
            "kind": instance.kind,
            "seed": instance.seed,
            "task": instance.task,
            "given": instance.given,
            "picture": instance.picture.interactive() if instance.picture else "",
            "hints": len(instance.hints),
            "plays": instance.trace is not None,
            "parts": [_page(part) for part in instance.parts],
        }
        sealed = {
            "parts": [{"key": part.answer, "said": _said(part)} for part in instance.parts],
            "hints": instance.hints,
            "solution": instance.solution,
        }
        return {
            "shown": shown,
            # Encoded, so that nobody reads the answer in the notebook file by accident.
            "sealed": base64.b64encode(json.dumps(sealed).encode()).decode(),
            "drafts": [""] * len(instance.parts),
            "checked": [],
            "confidence": "",
            "tries": 0,
            "hints": 0,
            "solved": False,
            "player": "",
            "message": "",
        }

    def check(self, *answers: Any, confidence: str = CONFIDENCES[0]) -> str:
        """Check an answer to each part, as the page does; return what the reader is told.

        Raises TcpBookError for another number of answers; one that can't be read is told so, and counts as no try.
        """
        marked = self.instance.mark(answers)
        if all(mark.key for mark in marked):
            with self.hold_sync():
                self.drafts = self.checked = [mark.key for mark in marked]
                self.confidence = confidence
                self.tries += 1
        return "\n".join(f"{part.label}: {mark.says}" for part, mark in zip(self.instance.parts, marked, strict=True))

    @traitlets.observe("tries")
    def _kept(self, change: dict[str, Any]) -> None:
        if change["new"]:
            marked = self.instance.mark(self.checked)
            names = tuple(mark.misconception for mark in marked if mark.misconception)
            right = all(mark.right for mark in marked)
            self.message = record(Attempt(self.instance.kind, right, self.confidence, names, self.instance.seed))

    @property
    def right(self) -> bool | None:
        """Whether every answer last checked is right; None before."""
        return all(mark.right for mark in self.instance.mark(self.checked)) if self.checked else None

    def hint(self) -> str:
        """Show one hint more; return it, or the last one again."""
        self.hints = min(self.hints + 1, len(self.instance.hints))
        return self.instance.hints[self.hints - 1]

    def another(self) -> None:
        """Go on to the next seed's exercise of the same kind."""
        self.instance = generate(self.instance.kind, (self.instance.seed + 1) % (LAST_SEED + 1))
        with self.hold_sync():
            for name, value in self._fresh().items():
                self.set_trait(name, value)

    def play(self) -> None:
        """Show the solution as the simulator plays it, if it can be played."""
        if self.instance.trace and not self.player:
            self.player = HandshakePlayer(self.instance.trace).model_id

    def _asked(self, _: Any, message: dict[str, Any], __: list[bytes]) -> None:
        if message.get("do") == "another":
            self.another()
        elif message.get("do") == "play":
            self.play()

    def __repr__(self) -> str:
        labels = "; ".join(part.label for part in self.instance.parts)
        return f"Exercise: {self.instance.kind}, seed {self.instance.seed}. {self.instance.task} [{labels}]"

    def static_html(self) -> str:
        """Return the task, what is given, and what is asked; the answers stay sealed."""
        instance = self.instance
        asked = "".join(f"<li>{escape(part.label)}{_offered(part)}</li>" for part in instance.parts)
        given = f"<pre>{escape(instance.given)}</pre>" if instance.given else ""
        return (
            f"<div><p><strong>Exercise:</strong> {escape(instance.task)}</p>{given}<ol>{asked}</ol>"
            "<p>Run this cell in Jupyter to answer, to get hints, and to get another one.</p></div>"
        )


class Recall(Exercise):
    """An exercise from a chapter before chapter `before`: of a kind that the reader had wrong, or else by the seed.

    Its saved output says nothing of the reader's progress. TcpBookError where no exercise comes before.
    """

    def __init__(self, before: int, seed: int = 1) -> None:
        self._before = before
        super().__init__(*recall(before, seed))

    def __repr__(self) -> str:
        return f"Recall: an exercise from a chapter before {self._before:02}."

    def static_html(self) -> str:
        """Return what this is; which exercise it will be depends on the reader."""
        return (
            f"<div><p><strong>Recall:</strong> an exercise from a chapter before {self._before:02}.</p>"
            "<p>Run this cell in Jupyter to get one: of a kind that you had wrong, if there is any.</p></div>"
        )


def _page(part: Part) -> dict[str, Any]:
    return {
        "label": part.label,
        "form": part.form,
        "choices": part.choices,
        "instruction": INSTRUCTIONS[part.form],
        "pattern": NUMBER.pattern,
    }


def _said(part: Part) -> dict[str, str]:
    """The feedback for each wrong answer that reveals a misconception."""
    return {wrong: MISCONCEPTIONS[name].feedback for wrong, name in part.mistakes.items()}


def _offered(part: Part) -> str:
    items = "".join(f"<li>{escape(choice)}</li>" for choice in part.choices)
    return f"<ul>{items}</ul>" if items else ""
