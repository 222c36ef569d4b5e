"""What every picture is: an SVG string that stands alone, and the same in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path

from tcpbook.figures.theme import FONT, INK


class Figure:
    """A picture. JupyterLab shows it inline, so that its theme reaches it; `repr` says in words what it shows.

    `name` is its kind, `body` what is drawn, `style` its rules, one a line, `size` width and height in pixels,
    `words` a sentence or two, `details` all that it says.
    """

    def __init__(self, name: str, body: str, style: str, size: tuple[float, float], words: str, details: str) -> None:
        self.words = words
        self._name, self._body, self._style, self._size, self._details = name, body, style, size, details

    @property
    def svg(self) -> str:
        """The still picture, complete in itself."""
        return self._render('role="img"')

    def interactive(self) -> str:
        """The same picture for a widget, which makes its parts focusable: a group instead of an image."""
        return self._render('role="group"')

    @property
    def standalone(self) -> str:
        """The still picture as a file of its own; it brings its background, as nobody knows where it will be shown."""
        background = f"<style>.tcpbook-{self._name} {{ background: Canvas; }}"
        return self.svg.replace("<style>", background, 1)

    def save(self, path: str | Path) -> None:
        """Write the picture to an SVG file."""
        Path(path).write_text(self.standalone + "\n", "utf-8")

    def _render(self, role: str) -> str:
        width, height = self._size
        # The hash leaves the geometry out, which differs between Graphviz's versions: ids are the same everywhere.
        prefix = "t" + hashlib.sha1(f"{self._name} {self.words} {self._details}".encode()).hexdigest()[:8]
        font = f".tcpbook-{self._name} {{ font-family: {FONT}; fill: {INK}; max-width: 100%; height: auto; }}"
        # A style inside an inline SVG reaches the whole page: each rule is bound to this kind of picture.
        rules = (f".tcpbook-{self._name} {rule}" for rule in self._style.strip().splitlines())
        style = "\n".join([font, *rules])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="tcpbook-{self._name}" {role} '
            f'aria-labelledby="{prefix}_title {prefix}_desc" '
            f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}">'
            f'<title id="{prefix}_title">{escape(self.words)}</title>'
            f'<desc id="{prefix}_desc">{escape(self._details)}</desc>'
            f"<style>{style}</style>{self._body}</svg>"
        )

    def _repr_html_(self) -> str:
        return f'<figure style="margin: 0">{self.svg}<figcaption>{escape(self.words)}</figcaption></figure>'

    def __repr__(self) -> str:
        return self.words


def classes(*names: str) -> str:
    """A class attribute of prefixed names, empty ones left out."""
    return f'class="{" ".join(f"tcpbook-{name}" for name in names if name)}"'


def text(x: float, y: float, lines: str | Iterable[str], *names: str, anchor: str = "middle") -> str:
    """Text at a point; several lines are centered on it, 13 units apart."""
    lines = [lines] if isinstance(lines, str) else list(lines)
    top = y - 6.5 * (len(lines) - 1)
    spans = "".join(
        f'<tspan x="{x:g}" y="{top + 13 * number:g}">{escape(line)}</tspan>' for number, line in enumerate(lines)
    )
    return f'<text {classes(*names)} text-anchor="{anchor}" dominant-baseline="central">{spans}</text>'
