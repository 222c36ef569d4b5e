"""The chapters of the book: each with its notebook, and the kinds of exercises that belong to it."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import NamedTuple


class Chapter(NamedTuple):
    """A chapter: the name of its notebook without .ipynb, its title, the kinds of its exercises."""

    stem: str
    title: str
    kinds: tuple[str, ...] = ()


CHAPTERS = {
    0: Chapter("00-start-here", "Start here"),
    1: Chapter(
        "01-headers", "Headers", ("decode a header", "how many segments", "fill in data", "work out a checksum")
    ),
    2: Chapter("02-flags", "Flags", ("the flags byte", "what a combination is", "decode a header")),
    3: Chapter("03-opening", "Opening", ("fill in an opening", "is it acceptable", "when is it sent again")),
    4: Chapter("04-closing", "Closing", ("fill in a closing", "how long in TIME-WAIT")),
    5: Chapter("05-port-states", "Port states", ("read this socket table", "how long in TIME-WAIT")),
    6: Chapter(
        "06-ports", "Ports", ("classify a port", "which socket gets it", "who owns the number", "ports used up")
    ),
    12: Chapter("12-your-kernel", "Your kernel", ("read this socket table",)),
}
"""Every chapter by its number, in the order in which they are read."""


def here() -> int | None:
    """Return the number of the chapter whose notebook runs this code; None anywhere else.

    The server that starts a notebook's kernel puts the notebook's path into its environment.
    """
    stem = PurePath(os.environ.get("JPY_SESSION_NAME", "")).stem
    return next((number for number, chapter in CHAPTERS.items() if chapter.stem == stem), None)
