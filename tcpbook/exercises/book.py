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
        "01-headers", "Headers",
        ("decode a header", "how many segments", "reassemble a message", "fill in data", "work out a checksum"),
    ),
    2: Chapter(
        "02-flags", "Flags", ("the flags byte", "decode a header", "what a combination is", "next state and reply")
    ),
    3: Chapter(
        "03-opening", "Opening",
        ("fill in an opening", "shuffled segments", "which segment was lost", "is it acceptable",
         "next state and reply", "state of each end", "when is it sent again"),
    ),
    4: Chapter(
        "04-closing", "Closing",
        ("fill in a closing", "shuffled segments", "which segment was lost", "state of each end", "arcs of a trace",
         "how long in TIME-WAIT"),
    ),
    5: Chapter(
        "05-port-states", "Port states",
        ("arcs of a trace", "wrong arrow", "names of a state", "state of each end", "how long in TIME-WAIT",
         "read this socket table"),
    ),
    6: Chapter(
        "06-ports", "Ports",
        ("classify a port", "which socket gets it", "who owns the number", "ports used up", "read this socket table"),
    ),
    11: Chapter(
        "11-your-own-capture", "Your own capture",
        ("what became of it", "new, old or gap", "why is it slow", "arcs of a trace", "state of each end"),
    ),
    12: Chapter(
        "12-your-kernel", "Your kernel",
        ("read this socket table", "names of a state", "state of each end", "next state and reply",
         "how long in TIME-WAIT"),
    ),
}
"""Every chapter by its number, in the order in which they are read."""


def here() -> int | None:
    """Return the number of the chapter whose notebook runs this code; None anywhere else.

    The server that starts a notebook's kernel puts the notebook's path into its environment.
    """
    stem = PurePath(os.environ.get("JPY_SESSION_NAME", "")).stem
    return next((number for number, chapter in CHAPTERS.items() if chapter.stem == stem), None)
