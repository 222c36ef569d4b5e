"""What a wrong answer reveals: each misconception with what is true instead, and where RFC 9293 says so."""

from __future__ import annotations

from typing import NamedTuple


class Misconception(NamedTuple):
    """A wrong idea: the idea, what sets it right (a sentence to the reader), and the section or source of that."""

    idea: str
    says: str
    source: str

    @property
    def feedback(self) -> str:
        """What the reader is told."""
        return f"{self.says} ({self.source})"


MISCONCEPTIONS = {
    "registered by use": Misconception(
        "A port's class depends on who uses it.",
        "The class is a matter of the number alone: 0–1023 system, 1024–49151 user, 49152–65535 dynamic.",
        "RFC 6335 §6",
    ),
}
"""By a short name, which the reader's progress remembers."""
