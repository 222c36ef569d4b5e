"""What every interactive view shares: its page sources and its static twin."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import anywidget

from tcpbook.figures.theme import ACCENTS
from tcpbook.protocol.errors import TcpBookError

# The page and Python read numbers by this one pattern: 1024, 1,024, 1 024 or 0x400.
NUMBER = re.compile(r"^(?:0[xX][0-9a-fA-F]+|[0-9]{1,3}(?:[ ,_'][0-9]{3})+|[0-9]+)$")


def read_number(text: object) -> int:
    """Return the whole number from 0 up that a reader wrote; raise TcpBookError for anything else.

    >>> read_number("1,024"), read_number("0x400")
    (1024, 1024)
    """
    form = str(text).strip()
    if not NUMBER.match(form):
        raise TcpBookError(f"{form!r} is not a whole number from 0 up; write it like 18, 1,024 or 0x12")
    digits = re.sub("[ ,_']", "", form)
    return int(digits, 16 if digits[:2] in ("0x", "0X") else 10)


def _beside(module_file: str, suffix: str) -> str:
    return Path(module_file).with_suffix(suffix).read_text("utf-8")


def sources(module_file: str, *shared: str) -> tuple[str, str]:
    """Return the ES module and the style sheet beside a view's file, before each what all views share.

    `shared` are the files of other modules whose page sources this view uses as well.
    """
    files = (__file__, *shared, module_file)
    accents = "".join(f"--tcpbook-{name}: {color}; " for name, color in ACCENTS.items())
    style = "".join(_beside(file, ".css") for file in files)
    return "".join(_beside(file, ".js") for file in files), f":root {{ {accents}}}\n{style}"


class View(anywidget.AnyWidget):
    """An anywidget whose saved output also carries words: `text/plain` and `text/html`.

    A view gives a short `__repr__` that says what it shows, and `static_html`, which is understood
    where no kernel runs and where style and SVG are stripped.
    """

    alone: ClassVar[tuple[tuple[str, Any], ...] | None] = None
    """For a view that the page keeps alive where there is no kernel: traits with what they are to be there, as their
    own values would tell of this machine. None for a view that has nothing to say without a kernel."""

    def __repr__(self) -> str:
        raise NotImplementedError

    def static_html(self) -> str:
        """Return the static twin: the view in words and tables, every text escaped."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # Older versions cut text/plain at 110 characters; none offers HTML.
        bundle = super()._repr_mimebundle_(**kwargs)
        assert bundle  # None is for widgets without a view
        data, metadata = bundle
        return {**data, "text/plain": repr(self), "text/html": self.static_html()}, metadata
