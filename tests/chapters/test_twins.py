"""What a stored output says where no kernel runs: enough where SVG and style are stripped, all where they are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from tree import CHAPTERS, cells

every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)

NO_WIDGET = re.compile(r'<figure|<p>|<ol>|<div>\n<style scoped>')
"""How what else is stored as HTML begins: pictures, diagnoses and stories, tables of pandas."""


def outputs(chapter: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (cell's id, text/plain, text/html) of each output that is stored as HTML."""
    for cell in cells(chapter, "code"):
        for output in cell["outputs"]:
            if "text/html" in output.get("data", {}):
                plain, html = ("".join(output["data"][kind]) for kind in ("text/plain", "text/html"))
                yield cell["id"], plain, html


def stripped(html: str) -> str:
    """Return what is left where SVG and style are not allowed."""
    return re.sub(r"<(svg|style)\b.*?</\1>| style=(\"[^\"]*\"|'[^']*')", "", html, flags=re.DOTALL)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@every_chapter
def test_a_widget_says_what_it_is_what_it_holds_and_how_to_have_it_alive(chapter: Path) -> None:
    twins = [(name, plain, html) for name, plain, html in outputs(chapter) if not NO_WIDGET.match(html)]
    assert twins
    for name, plain, html in twins:
        left = stripped(html)
        assert re.match(r"<div[^>]*><p><strong>[^<]+</strong>", left), name
        assert "<p>Run this cell in Jupyter " in left, name
        asks = plain.startswith(("Predict:", "Recall:"))
        assert asks or len(words(left).split()) > 40, name
        assert asks or re.search("<table|<li", left), name


@every_chapter
def test_a_question_offers_its_choices_in_words(chapter: Path) -> None:
    for name, plain, html in outputs(chapter):
        if plain.startswith("Predict:"):
            question, _, choices = plain.removeprefix("Predict: ").rstrip("]").partition(" [")
            assert words(question) in words(stripped(html)), name
            assert stripped(html).count("<li>") == (choices.count(" | ") + 1 if choices else 0), name


@every_chapter
def test_a_table_has_headings(chapter: Path) -> None:
    for name, _, html in outputs(chapter):
        for table in re.findall(r"<table.*?</table>", html, flags=re.DOTALL):
            head, *rows = re.findall(r"<tr.*?</tr>", table, flags=re.DOTALL)
            assert head.count("<th") >= 2, name
            assert rows, name


@every_chapter
def test_a_picture_is_told_in_words_and_complete(chapter: Path) -> None:
    """Stripped, its caption stays; kept, the SVG has its description, its style and what is drawn."""
    for name, plain, html in outputs(chapter):
        if "<svg" in html:
            assert words(stripped(html)) == " ".join(plain.split()), name
        for svg in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL):
            assert re.search("<title[^>]*>[^<]+</title><desc[^>]*>[^<]{20,}</desc><style>", svg), name
            assert svg.count("<text") > 3, name
