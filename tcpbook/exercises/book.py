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
    1: Chapter("01-headers", "Headers"),
    2: Chapter("02-flags", "Flags"),
    3: Chapter("03-opening", "Opening"),
    4: Chapter("04-closing", "Closing"),
    5: Chapter("05-port-states", "Port states"),
    6: Chapter("06-ports", "Ports", ("classify a port",)),
    12: Chapter("12-your-kernel", "Your kernel"),
}
"""Every chapter by its number, in the order in which they are read."""


def here() -> int | None:
    """Return the number of the chapter whose notebook runs this code; None anywhere else.

    The server that starts a notebook's kernel puts the notebook's path into its environment.
    """
    stem = PurePath(os.environ.get("JPY_SESSION_NAME", "")).stem
    return next((number for number, chapter in CHAPTERS.items() if chapter.stem == stem), None)
