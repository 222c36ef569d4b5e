"""BookMap: the chapters of the book, what the reader tried in each, how sure they were, and what to come back to."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from html import escape
from textwrap import shorten
from typing import Any

import traitlets

from tcpbook.exercises import progress
from tcpbook.exercises.book import CHAPTERS
from tcpbook.exercises.misconceptions import MISCONCEPTIONS
from tcpbook.exercises.progress import CONFIDENCES, Attempt
from tcpbook.widgets.base import View, sources

SHOWN = 12
"""Things to come back to that the page is sent at most; the newest."""

NAMES = {number: f"{number:02} {chapter.title}" for number, chapter in CHAPTERS.items()}
LINKS = {number: f"{chapter.stem}.ipynb" for number, chapter in CHAPTERS.items()}


class BookMap(View):
    """The map of the book, with the reader's own progress on it: read anew whenever it comes into sight."""

    _esm, _css = sources(__file__)

    chapters = traitlets.List([[NAMES[number], LINKS[number]] for number in CHAPTERS]).tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(view=_view())
        self.on_msg(self._asked)

    def refresh(self) -> None:
        """Read the file of the reader's attempts again."""
        self.view = _view()

    def reset(self) -> None:
        """Delete the file of the reader's attempts; the page says so, or why it can't be deleted."""
        told = progress.reset() or "Deleted. The map is blank again."
        self.view = _view() | {"told": told}

    def _asked(self, _: Any, message: dict[str, Any], __: list[bytes]) -> None:
        if message.get("do") == "reset":
            self.reset()
        else:
            self.refresh()

    def __repr__(self) -> str:
        return f"BookMap: {'; '.join(NAMES.values())}. In the page: what you tried, and what to come back to."

    def static_html(self) -> str:
        """Return the chapters with their links and the kinds of their exercises; nobody's progress."""
        items = "".join(
            f'<li><a href="{LINKS[number]}">{NAMES[number]}</a>'
            f"{escape(', '.join(chapter.kinds)) and ': '}{escape(', '.join(chapter.kinds))}</li>"
            for number, chapter in CHAPTERS.items()
        )
        return (
            f"<div><p><strong>The book.</strong> Each chapter, and what it lets you practice:</p><ul>{items}</ul>"
            "<p>Run this cell in Jupyter to see what you tried, and what to come back to.</p></div>"
        )


def _view() -> dict[str, Any]:
    """What the page shows, all of it made here."""
    attempts = progress.read()
    rows = [_row(attempt for attempt in attempts if attempt.chapter == number) for number in CHAPTERS]
    elsewhere = [attempt for attempt in attempts if attempt.chapter not in CHAPTERS]
    said = {confidence: [0, 0] for confidence in CONFIDENCES}
    for attempt in attempts:
        if attempt.confidence in said:
            said[attempt.confidence][not attempt.right] += 1
    again = list(dict.fromkeys(_reasons(reversed(progress.open_questions(attempts)))))
    return {
        "rows": [*rows, _row(elsewhere)] if elsewhere else rows,
        "sure": [[confidence, *counts] for confidence, counts in said.items()],
        "verdict": _verdict(*said[CONFIDENCES[-1]]),
        "again": again[:SHOWN],
        "more": len(again[SHOWN:]),
        "where": str(progress.path()),
        "when": time.strftime("%H:%M:%S"),
        "told": "",
    }


def _row(attempts: Iterable[Attempt]) -> list[str]:
    """Predictions and exercises of a chapter: what was tried, each at its last attempt."""
    last = {(attempt.task, attempt.seed): attempt for attempt in attempts}.values()
    predictions = [attempt.right for attempt in last if attempt.seed is None]
    exercises = [attempt.right for attempt in last if attempt.seed is not None]
    return [f"{sum(part)} of {len(part)} right" if part else "—" for part in (predictions, exercises)]


def _verdict(right: int, wrong: int) -> str:
    """How far certainty is to be trusted, in a sentence."""
    if not right + wrong:
        return "You have not been certain of anything yet."
    return f"Certain and wrong: {wrong} of {right + wrong}."


def _reasons(attempts: Iterable[Attempt]) -> Iterator[tuple[str, str, str, str]]:
    """What to come back to: the matter, what to know about it, and the chapter's name and link."""
    for attempt in attempts:
        number = attempt.chapter
        chapter = (NAMES[number], LINKS[number]) if number in NAMES else ("", "")
        known = [MISCONCEPTIONS[name] for name in attempt.misconceptions if name in MISCONCEPTIONS]
        for each in known:
            yield f"Not so: {each.idea}", each.feedback, *chapter
        if not known and attempt.confidence == CONFIDENCES[-1]:
            yield "Certain, and wrong:", shorten(attempt.task, 300, placeholder=" …"), *chapter
