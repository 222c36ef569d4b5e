"""The list of chapters says what chapters/ and the kinds of exercises say."""

from __future__ import annotations

import re

import pytest

from tcpbook.exercises import book
from tcpbook.exercises.book import CHAPTERS
from tcpbook.exercises.kinds import KINDS
from tree import CHAPTERS as NOTEBOOKS
from tree import cells


def test_every_numbered_notebook_is_a_chapter() -> None:
    numbered = [path.stem for path in NOTEBOOKS if path.stem[0].isdigit()]
    assert [chapter.stem for chapter in CHAPTERS.values()] == numbered
    assert [f"{number:02}" for number in CHAPTERS] == [stem[:2] for stem in numbered]


def test_titles_are_those_of_the_notebooks() -> None:
    """A notebook's heading is the number, the title, and perhaps more after a colon."""
    for number, chapter in CHAPTERS.items():
        (path,) = [path for path in NOTEBOOKS if path.stem == chapter.stem]
        heading = cells(path)[0]["source"].splitlines()[0]
        assert re.fullmatch(rf"# {number:02} {chapter.title}(:.*)?", heading)


def test_every_kind_belongs_to_a_chapter_and_every_named_one_exists() -> None:
    assert {kind for chapter in CHAPTERS.values() for kind in chapter.kinds} == KINDS.keys()


@pytest.mark.parametrize(
    ("session", "number"),
    [
        ("/home/jo/tcpbook/chapters/03-opening.ipynb", 3),
        ("my/12-your-kernel.ipynb", 12),
        ("/home/jo/essay.ipynb", None),
        ("d3b07384-d113-4ec6-a7d8-0242ac120002", None),
        ("", None),
    ],
)
def test_a_kernel_knows_its_chapter(monkeypatch: pytest.MonkeyPatch, session: str, number: int | None) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", session)
    assert book.here() == number


def test_without_a_notebook_there_is_no_chapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert book.here() is None
