"""Exercise sheets: what a student gets, and what stays with the teacher."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest

from classroom import EVERY_CHAPTER, MARKUP, SECRET, STRANGE, chapter_99  # noqa: F401  (a fixture of every test)
from tcpbook.exercises import sheet
from tcpbook.exercises.__main__ import main
from tcpbook.exercises.book import CHAPTERS
from tcpbook.exercises.instance import Instance
from tcpbook.exercises.kinds import KINDS, LAST_SEED, generate
from tcpbook.protocol.errors import TcpBookError

Writer = Callable[[int, int, bool], str]


def page(chapter: int, seed: int, solved: bool) -> str:
    return sheet.page(chapter, [seed], solved)


BOTH = pytest.mark.parametrize("written", [sheet.notebook, page])
"""A sheet as a notebook and as a page."""


class Seen(HTMLParser):
    """What a browser makes of HTML: its elements, and the text of those that show one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.text, self.pictures = set[str](), "", list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.pictures += [value or "" for name, value in attrs if name == "src"]

    def handle_data(self, data: str) -> None:
        self.text += data


def cells(notebook: str, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(notebook)["cells"] if cell["cell_type"] == kind]


@EVERY_CHAPTER
@pytest.mark.parametrize("solved", [False, True])
@pytest.mark.parametrize("seed", [0, 7, LAST_SEED])
def test_a_notebook_is_valid_and_has_a_box_for_each_exercise(chapter: int, seed: int, solved: bool) -> None:
    text = sheet.notebook(chapter, seed, solved)
    nbformat.validate(nbformat.reads(text, as_version=4), relax_add_props=False)
    for box, each in zip(cells(text, "raw"), sheet.exercises(chapter, seed), strict=True):
        asked = zip(sheet.prompts(each.parts), each.parts, strict=True)
        assert box == "\n".join(f"{prompt} {part.answer if solved else ''}" for prompt, part in asked)
    assert not cells(text, "code")


def test_ids_of_all_kinds_differ() -> None:
    made = [generate(kind, LAST_SEED) for kind in KINDS]
    assert len({sheet.cell_id(each) for each in made}) == len(made)


@BOTH
@EVERY_CHAPTER
def test_an_exercise_is_told_with_kind_and_seed(written: Writer, chapter: int) -> None:
    text = written(chapter, 7, False)
    shown = Seen("".join(cells(text, "markdown")) if text.startswith("{") else text).text
    for each in sheet.exercises(chapter, 7):
        assert f"{each.kind}, seed 7" in shown
        assert " ".join(each.task.split()) in shown
        assert each.given in shown
        assert sheet.exercises(chapter, 7)[0].task == generate(CHAPTERS[chapter].kinds[0], 7).task
        for part in each.parts:
            if part.choices and part.form != "flags" and len(part.choices) <= 26:
                assert all(f". {' '.join(choice.split())}" in shown for choice in part.choices)


@BOTH
@EVERY_CHAPTER
def test_without_solutions_no_byte_depends_on_the_answer(
    written: Writer, chapter: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(kind: str, seed: int) -> Instance:
        made = generate(kind, seed)
        parts = tuple(part._replace(answer="", mistakes={}) for part in made.parts)
        return made._replace(parts=parts, hints=(), solution=(), trace=None)

    before = written(chapter, 7, False)
    monkeypatch.setattr(sheet, "generate", other)
    assert written(chapter, 7, False) == before


@BOTH
@EVERY_CHAPTER
def test_with_solutions_answers_and_ways_are_there(written: Writer, chapter: int) -> None:
    text = written(chapter, 7, True)
    shown = Seen("".join(cells(text, "markdown") + cells(text, "raw")) if text.startswith("{") else text).text
    for each in sheet.exercises(chapter, 7):
        assert all(part.answer in shown for part in each.parts)
        assert all(" ".join(step.split()) in shown for step in each.solution)
    assert "with solutions" in shown


@BOTH
@pytest.mark.parametrize("solved", [False, True])
def test_markup_in_a_text_is_text(written: Writer, solved: bool) -> None:
    text = written(STRANGE, 7, solved)
    seen = Seen("\n\n".join(cells(text, "markdown")) if text.startswith("{") else text)
    assert seen.tags <= {
        *("html", "head", "meta", "title", "style", "body", "article", "section"),
        *("h1", "h2", "h3", "p", "pre", "ul", "ol", "li", "img", "span", "strong"),
    }
    assert seen.text.count(MARKUP) == 5 + solved
    assert (SECRET in text) == solved


def test_markdown_finds_nothing_to_do() -> None:
    """In a block of HTML Markdown means nothing, and such a block ends at an empty line, but for `pre`."""
    for source in cells(sheet.notebook(STRANGE, 7, True), "markdown"):
        blocks = re.sub("(?s)<pre>.*?</pre>", "<pre></pre>", source).split("\n\n")
        assert all(re.fullmatch(r"<(h1|h2|h3|p|pre|ul)>[^\n]+", block) for block in blocks), blocks
        assert not set("$\\") & set(source)


@BOTH
def test_a_picture_is_inside_the_file(written: Writer) -> None:
    text = written(STRANGE, 7, False)
    (picture,) = Seen("".join(cells(text, "markdown")) if text.startswith("{") else text).pictures
    kind, data = picture.split(",")
    assert kind == "data:image/svg+xml;base64"
    assert ElementTree.fromstring(base64.b64decode(data)).tag == "{http://www.w3.org/2000/svg}svg"
    assert not re.search(r"(src|href)=.?(?!data:)[a-z]+:", text), "nothing is fetched from elsewhere"


@EVERY_CHAPTER
def test_fifty_students_get_fifty_sheets(chapter: int, tmp_path: Path) -> None:
    files = sheet.write(chapter, 7, tmp_path / "class", 50)
    assert [file.name for file in files] == [f"chapter-{chapter:02}-seed-{seed}.ipynb" for seed in range(7, 57)]
    asked = {tuple(each.task + each.given for each in sheet.exercises(chapter, seed)) for seed in range(7, 57)}
    assert len(asked) == 50
    assert sheet.notebook(chapter, 7) == files[0].read_text("utf-8"), "the same one forever"


def test_a_page_holds_all_sheets(tmp_path: Path) -> None:
    (file,) = sheet.write(STRANGE, 7, tmp_path / "class.html", 3)
    text = file.read_text("utf-8")
    assert re.findall("sheet ([0-9]+)</h1>", text) == ["7", "8", "9"]


def test_solutions_have_a_name_of_their_own(tmp_path: Path) -> None:
    given, key = (sheet.write(STRANGE, 7, tmp_path, solved=solved)[0].name for solved in (False, True))
    assert (given, key) == ("chapter-99-seed-7.ipynb", "chapter-99-seed-7-solutions.ipynb")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "chapter-99-seed-9.ipynb").write_text("mine")
    with pytest.raises(TcpBookError, match=r"seed-9\.ipynb exists and is not overwritten; choose another name"):
        sheet.write(STRANGE, 7, tmp_path, 3)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["mine"], "none is written, or all"


def run(*arguments: Any) -> int:
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--chapter", 98, "--seed", 7, "--out", "x.html"], r"chapter 98 has no exercises; choose one of [0-9, ]*99\."),
        (["--chapter", 99, "--seed", -1, "--out", "x.html"], "seed -1 is out of range; .*"),
        (["--chapter", 99, "--seed", LAST_SEED, "--count", 2, "--out", "x"], r"seed 4294967296 .* 0 to 4294967295\."),
        (["--chapter", 99, "--seed", 7, "--count", 0, "--out", "x"], r"count 0 is out .* 1 to 1000\."),
        (["--chapter", 99, "--seed", 7, "--count", 1001, "--out", "x"], "count 1001 is out of range; .*"),
        (["--chapter", 99, "--seed", 7, "--count", 2, "--out", "x.ipynb"], ".*holds one sheet, not 2; give a folder.*"),
        (["--chapter", 99, "--seed", 7, "--out", "x.pdf"], r"x.pdf ends in .pdf; choose .ipynb, .html, or a folder\."),
        (["--chapter", 99, "--seed", 7, "--out", "no/x.html"], r"no/x.html: No such file or directory\."),
        (["--chapter", 99, "--seed", 7, "--out", "taken.html"], "taken.html exists and is not overwritten; .*"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_sentence(
    arguments: list[Any],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken.html").write_text("mine")
    assert run("sheet", *arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(sentence, said.err.removesuffix("\n")), said.err
    assert [file.read_text() for file in tmp_path.iterdir()] == ["mine"]


def test_the_command_names_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sheet", "--chapter", 99, "--seed", 7, "--count", 2, "--solutions", "--out", tmp_path / "keys") == 0
    assert capsys.readouterr().out.split() == [
        str(tmp_path / "keys" / f"chapter-99-seed-{seed}-solutions.ipynb") for seed in (7, 8)
    ]


@pytest.mark.parametrize("arguments", [[], ["sheet", "--chapter", "three"], ["sheet"], ["grade"], ["mark"]])
def test_an_unknown_command_line_is_told_its_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2
    assert "usage: python -m tcpbook.exercises" in capsys.readouterr().err
