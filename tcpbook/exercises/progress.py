"""What the reader tried, and how sure they were: one file of their own, a line an attempt, sent nowhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from tcpbook.exercises import book
from tcpbook.protocol.errors import TcpBookError

CONFIDENCES = ("a guess", "fairly sure", "certain")
"""How sure a reader may be, the surest last."""

READ_BYTES = 4 * 2**20
"""Only the end of a longer file is read: about 20,000 attempts."""


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True)
class Attempt:
    """One answer, right or not. An exercise is named by its kind and seed, a prediction by its question alone.

    `misconceptions` are keys of MISCONCEPTIONS; `when` is a time of ISO 8601 with its zone.
    """

    task: str
    right: bool
    confidence: str
    misconceptions: tuple[str, ...] = ()
    seed: int | None = None
    chapter: int | None = field(default_factory=book.here)
    when: str = field(default_factory=_now)


def path() -> Path:
    """Return where the attempts are kept: the file that $TCPBOOK_PROGRESS names, or ~/.tcpbook/progress.jsonl."""
    named = os.environ.get("TCPBOOK_PROGRESS")
    return Path(named) if named else Path.home() / ".tcpbook" / "progress.jsonl"


def record(attempt: Attempt) -> str:
    """Append an attempt to the file; return "", or a sentence that says why it can't be kept."""
    line = json.dumps(asdict(attempt), ensure_ascii=False).encode(errors="replace") + b"\n"
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered and appending, each line is one write: two kernels never mix theirs.
        with path().open("ab+", buffering=0) as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":  # cut off: what stands there stays, and spoils no other line
                    line = b"\n" + line
            file.write(line)
    except OSError as error:
        return f"Your answer can't be kept for the map of the book: {error}."
    return ""


def read() -> list[Attempt]:
    """Return the attempts, oldest first; what is none is passed over, and a file that can't be read is empty."""
    try:
        if not path().is_file():  # a pipe would keep us waiting
            return []
        with path().open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - READ_BYTES))  # into a line perhaps: its rest is none
            lines = file.read(READ_BYTES).split(b"\n")
    except OSError:
        return []
    return [attempt for line in lines if (attempt := _attempt(line))]


def reset() -> str:
    """Delete the file; return "", or a sentence that says why it's still there."""
    try:
        path().unlink(missing_ok=True)
    except OSError as error:
        return f"Your progress can't be deleted: {error}."
    return ""


def latest(attempts: Iterable[Attempt]) -> dict[str, Attempt]:
    """Return the last attempt at each task."""
    return {attempt.task: attempt for attempt in attempts}


def open_questions(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the tasks to come back to: wrong at the last attempt, by a misconception or with certainty."""
    return [
        attempt
        for attempt in latest(attempts).values()
        if not attempt.right and (attempt.misconceptions or attempt.confidence == CONFIDENCES[-1])
    ]


def recall(before: int, seed: int) -> tuple[str, int]:
    """Return kind and seed of an exercise of a chapter before chapter `before`, for a reader to retrieve.

    A kind whose misconception the reader still had, or was certain and wrong about, at the last attempt comes first;
    the seed decides among several. Raises TcpBookError where no exercise comes before that chapter.
    """
    earlier = sorted({kind for number, each in book.CHAPTERS.items() if number < before for kind in each.kinds})
    if not earlier:
        first = min(number for number, each in book.CHAPTERS.items() if each.kinds)
        raise TcpBookError(f"no exercise comes before chapter {before}; choose a chapter after {first}")
    again = [attempt.task for attempt in open_questions(read()) if attempt.seed is not None]
    random = Random(f"recall {before} {seed}")
    return random.choice([kind for kind in earlier if kind in again] or earlier), random.getrandbits(32)


def _attempt(line: bytes) -> Attempt | None:
    """The attempt that a line holds, each field of its type; None for anything else."""
    try:
        found = json.loads(line)
        values = [found[name] for name in ("task", "right", "confidence", "misconceptions", "seed", "chapter", "when")]
        task, right, confidence, misconceptions, seed, chapter, when = values
        "".join([task, confidence, when, *misconceptions]).encode()  # half a surrogate pair is no text
        zone = datetime.fromisoformat(when).tzinfo
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if zone is None or type(right) is not bool or not {type(seed), type(chapter)} <= {int, type(None)}:
        return None
    return Attempt(task, right, confidence, tuple(misconceptions), seed, chapter, when)
