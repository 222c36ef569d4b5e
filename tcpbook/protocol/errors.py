"""The one error family of the package, and the problems that lenient decoding collects instead of raising."""

from __future__ import annotations

from typing import Literal, NamedTuple


class TcpBookError(ValueError):
    """What went wrong, in one message: the value, the limit and the remedy."""


class Problem(NamedTuple):
    """One finding of lenient decoding: an error (strict decoding raises it) or a remark (it never raises).

    `field` is the name of the field or option; bytes `start` up to, not including, `stop` show the problem.
    """

    kind: Literal["error", "remark"]
    text: str
    field: str
    start: int
    stop: int

    def __repr__(self) -> str:
        return f"<{self.kind} at bytes {self.start}-{self.stop}, {self.field}: {self.text}>"


def report(problems: list[Problem] | None, text: str, field: str, start: int, stop: int) -> None:
    """Add an error to `problems`; where nobody collects (None: strict decoding), raise TcpBookError."""
    if problems is None:
        raise TcpBookError(text)
    problems.append(Problem("error", text, field, start, stop))
