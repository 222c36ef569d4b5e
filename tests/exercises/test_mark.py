"""Marking what came back: right and wrong answers, and notebooks that are broken or mean harm."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom import EVERY_CHAPTER, STRANGE, chapter_99  # noqa: F401  (a fixture of every test)
from tcpbook.exercises import mark, sheet
from tcpbook.exercises.__main__ import main
from tcpbook.exercises.answers import Form, letters
from tcpbook.exercises.instance import Part
from tcpbook.exercises.mark import MOST_BYTES, Row
from tcpbook.exercises.misconceptions import MISCONCEPTIONS
from tcpbook.protocol.errors import TcpBookError

Fill = Callable[[Part], str]


def filled(chapter: int, seed: int, fill: Fill, own: Callable[[str, str], str] = "{} {}".format) -> dict[str, Any]:
    """A sheet with an answer to each part; `own` is how a line is written, from its prompt and its answer."""
    notebook: dict[str, Any] = json.loads(sheet.notebook(chapter, seed))
    for exercise in sheet.exercises(chapter, seed):
        (cell,) = [each for each in notebook["cells"] if each["id"] == sheet.cell_id(exercise)]
        lines = zip(sheet.prompts(exercise.parts), map(fill, exercise.parts), strict=True)
        cell["source"] = "\n".join(own(*line) for line in lines)
    return notebook


def right(part: Part) -> str:
    return part.answer


def marked(tmp_path: Path, returned: Any, name: str = "ana.ipynb") -> list[Row]:
    """The rows for a returned notebook, given as text, bytes or what JSON holds."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = returned if isinstance(returned, str | bytes) else json.dumps(returned)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(mark.mark(tmp_path))


def refused(rows: list[Row]) -> str:
    """Why a notebook has no marks: it has one row, which says that."""
    (row,) = rows
    assert row == Row(row.file, row.student, says=row.says)
    return row.says


@EVERY_CHAPTER
@pytest.mark.parametrize("seed", range(5))
def test_right_answers_have_all_points(chapter: int, seed: int, tmp_path: Path) -> None:
    rows = marked(tmp_path, filled(chapter, seed, right))
    assert [row.right for row in rows] == [1] * sum(len(each.parts) for each in sheet.exercises(chapter, seed))
    assert {(row.file, row.student, row.chapter, row.seed) for row in rows} == {("ana.ipynb", "ana", chapter, seed)}
    assert [row.exercise for row in rows] == sorted(int(row.exercise) for row in rows)
    assert marked(tmp_path, sheet.notebook(chapter, seed, solved=True)) == rows, "the teacher's key is right"


@EVERY_CHAPTER
def test_a_choice_may_be_its_letter(chapter: int, tmp_path: Path) -> None:
    def letter(part: Part) -> str:
        if part.form in (Form.CHOICE, Form.ARC) and len(part.choices) <= 26:
            return letters(part.choices)[part.choices.index(part.answer)].lower()
        return part.answer

    assert all(row.right for row in marked(tmp_path, filled(chapter, 7, letter)))


@EVERY_CHAPTER
@pytest.mark.parametrize("seed", range(5))
def test_wrong_answers_name_their_misconception(chapter: int, seed: int, tmp_path: Path) -> None:
    parts = [part for each in sheet.exercises(chapter, seed) for part in each.parts]
    rows = marked(tmp_path, filled(chapter, seed, lambda part: next(iter(part.mistakes), "")))
    for part, row in zip(parts, rows, strict=True):
        wrong, name = next(iter(part.mistakes.items()), ("", ""))
        assert (row.answer, row.right, row.misconception) == (" ".join(wrong.split()), 0, name)
        assert row.says == (f"Not yet. {MISCONCEPTIONS[name].feedback}" if name else "Not answered yet.")


@pytest.mark.parametrize(
    "own",
    [
        lambda prompt, answer: f"{prompt}{answer}",
        lambda prompt, answer: f"  {prompt}   {answer}  \r\n",
        lambda prompt, answer: f"{prompt}\n\n{answer}\n",
        lambda prompt, answer: f"{prompt[:3]} {answer}",
        lambda prompt, answer: f"{prompt[:3]}: {answer}",
        lambda prompt, answer: f"{prompt}\n{prompt[:3]} {answer}",
        lambda prompt, answer: f"{prompt} {answer}\n{prompt}",
    ],
)
def test_an_answer_is_found_however_the_line_is_kept(own: Callable[[str, str], str], tmp_path: Path) -> None:
    assert all(row.right for row in marked(tmp_path, filled(STRANGE, 7, right, own)))


def test_an_answer_in_another_place_is_none(tmp_path: Path) -> None:
    notebook = filled(STRANGE, 7, right, lambda prompt, answer: answer)
    notebook["cells"].append({"cell_type": "raw", "id": "x", "metadata": {}, "source": "(a) late"})
    rows = marked(tmp_path, notebook)
    assert {(row.right, row.says) for row in rows} == {(0, "Not answered yet.")}


def test_a_sheet_untouched_is_not_answered(tmp_path: Path) -> None:
    rows = marked(tmp_path, sheet.notebook(STRANGE, 7))
    assert {(row.answer, row.right, row.says) for row in rows} == {("", 0, "Not answered yet.")}


def test_cells_may_move_change_their_type_and_have_company(tmp_path: Path) -> None:
    """What an editor does to a notebook changes nothing: the id counts."""
    notebook = filled(STRANGE, 7, right)
    for cell in notebook["cells"]:
        cell |= {"cell_type": "code", "outputs": [], "source": "".join(cell["source"]).splitlines(keepends=True)}
    no_cells = [{}, None, {"id": 1}, {"id": "x", "source": 3}, {"id": "x", "source": [3]}, "cell"]
    notebook["cells"] = [*reversed(notebook["cells"]), *no_cells]
    assert all(row.right for row in marked(tmp_path, notebook))


def test_a_cell_that_is_gone_or_there_twice_has_no_points(tmp_path: Path) -> None:
    notebook = filled(STRANGE, 7, right)
    first, second = [cell for cell in notebook["cells"] if cell["id"].startswith("answers-")]
    notebook["cells"].remove(first)
    notebook["cells"].append(second)
    rows = marked(tmp_path, notebook)
    assert not any(row.right for row in rows)
    assert rows[0].says == "Not answered: 0 cells have the id answers-7-strange-1."
    assert rows[-1].says == "Not answered: 2 cells have the id answers-7-calm."


def test_who_takes_another_seed_is_seen(tmp_path: Path) -> None:
    notebook = filled(STRANGE, 7, right)
    notebook["metadata"]["tcpbook"]["seed"] = 8
    rows = marked(tmp_path, notebook)
    assert {(row.seed, row.right) for row in rows} == {(8, 0)}
    assert rows[0].says == "Not answered: 0 cells have the id answers-8-strange-1."


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("ana.ipynb", "ana"),
        ("ana/sheet.ipynb", "ana"),
        ("ana/ports/deep/sheet.ipynb", "ana"),
        ("김하나.IPYNB", "김하나"),
    ],
)
def test_the_student_is_the_first_folder_or_the_name(name: str, student: str, tmp_path: Path) -> None:
    assert {row.student for row in marked(tmp_path, sheet.notebook(STRANGE, 7), name)} == {student}


@pytest.mark.parametrize("name", [".ipynb_checkpoints/a.ipynb", "a/.x/a.ipynb", "__MACOSX/._a.ipynb", "a.txt", "ipynb"])
def test_what_is_no_returned_notebook_is_left_out(name: str, tmp_path: Path) -> None:
    marked(tmp_path, sheet.notebook(STRANGE, 7))
    assert {row.student for row in marked(tmp_path, "x", name)} == {"ana"}


def test_notebooks_come_in_order_and_a_bad_one_stops_nothing(tmp_path: Path) -> None:
    for name in ("c/x.ipynb", "a/x.ipynb", "z.ipynb"):
        marked(tmp_path, sheet.notebook(STRANGE, 7), name)
    rows = marked(tmp_path, "no", "b/x.ipynb")
    assert list(dict.fromkeys(row.student for row in rows)) == ["z", "a", "b", "c"]
    assert list(mark.totals(rows)) == [
        *("z.ipynb: 0 of 7", "a/x.ipynb: 0 of 7"),
        "b/x.ipynb: Not marked: it is no notebook: Expecting value: line 1 column 1 (char 0).",
        "c/x.ipynb: 0 of 7",
    ]


NO_SHEET = "Not marked: it is no exercise sheet, or has lost the numbers of its chapter and its sheet."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "it is no notebook: Expecting value"),
        (b"{", "it is no notebook: Expecting property name"),
        (b"PK\x03\x04", "it is no notebook: Expecting value"),
        (b"\xff\xfe\xfd", "it is no notebook: 'utf-16"),
        (b'{"cells": "\xe9"}', "it is no notebook: 'utf-8' codec can't decode"),
        (b"[" * 200_000, "it is no notebook: "),
        (b'{"a":' * 200_000, "it is no notebook: "),
        (b"[" * 200_000 + b"]" * 200_000, "it is no notebook: "),
        (b'{"metadata": ' + b"9" * 5_000 + b"}", "it is no notebook: Exceeds the limit"),
        (b" " * (MOST_BYTES + 1), "it has more than 10 MB"),
        (b"null", NO_SHEET),
        (b"[]", NO_SHEET),
        (b"NaN", NO_SHEET),
        (b"{}", NO_SHEET),
        (b'{"metadata": [], "cells": []}', NO_SHEET),
        (b'{"metadata": {"tcpbook": 3}, "cells": []}', NO_SHEET),
        (b'{"metadata": {"tcpbook": {"chapter": 99, "seed": "7"}}, "cells": []}', NO_SHEET),
        (b'{"metadata": {"tcpbook": {"chapter": 99, "seed": 7.0}}, "cells": []}', NO_SHEET),
        (b'{"metadata": {"tcpbook": {"chapter": 99, "seed": NaN}}, "cells": []}', NO_SHEET),
        (b'{"metadata": {"tcpbook": {"chapter": 99, "seed": 7}}, "cells": {}}', NO_SHEET),
        (b'{"metadata": {"tcpbook": {"chapter": 99, "seed": 7}}}', NO_SHEET),
        (b'{"metadata": {"tcpbook": {"chapter": 98, "seed": 7}}, "cells": []}', "chapter 98 has no exercises"),
        (b'{"metadata": {"tcpbook": {"chapter": 99, "seed": -7}}, "cells": []}', "seed -7 is out of range"),
        (b'{"metadata": {"tcpbook": {"chapter": 99, "seed": ' + b"9" * 4_000 + b'}}, "cells": []}', "seed 9999"),
    ],
)
def test_a_broken_notebook_is_a_row(text: bytes, why: str, tmp_path: Path) -> None:
    assert refused(marked(tmp_path, text)).removeprefix("Not marked: ").startswith(why.removeprefix("Not marked: "))


def test_millions_of_cells_or_lines_are_soon_done(tmp_path: Path) -> None:
    head = b'{"metadata": {"tcpbook": {"chapter": 99, "seed": 7}}, "cells": ['
    answers = b'{"id": "answers-7-strange-1", "source": "%b"}'
    for cells in (b"{}," * 3_000_000 + b"{}", answers % (rb"\n(a)" * 1_600_000), answers % (rb"\n" * 4_000_000)):
        assert not any(row.right for row in marked(tmp_path, head + cells + b"]}"))


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert all(row.right for row in marked(tmp_path, b"\xef\xbb\xbf" + json.dumps(filled(STRANGE, 7, right)).encode()))


def test_what_is_no_file_is_a_row(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    marked(elsewhere, sheet.notebook(STRANGE, 7, solved=True))
    folder = tmp_path / "returned"
    (folder / "folder.ipynb").mkdir(parents=True)
    (folder / "bea.ipynb").symlink_to(elsewhere / "ana.ipynb")
    (folder / "gone.ipynb").symlink_to("nowhere")
    (folder / "loop").symlink_to(folder)
    assert {row.file: refused([row]) for row in mark.mark(folder)} == {
        "folder.ipynb": "Not marked: it is a folder.",
        **dict.fromkeys(["bea.ipynb", "gone.ipynb", "loop"], "Not marked: it is a link, and links are not followed."),
    }


@pytest.mark.skipif(sys.platform == "win32", reason="needs Linux or macOS")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert refused(list(mark.mark(tmp_path))) == "Not marked: it is no ordinary file."


def test_what_the_disk_refuses_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marked(tmp_path, sheet.notebook(STRANGE, 7))
    marked(tmp_path, sheet.notebook(STRANGE, 7), "bea/a.ipynb")
    look = os.scandir

    def denied(path: Any) -> Any:
        if Path(path).name == "bea":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    def shut(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", denied)
    monkeypatch.setattr(Path, "open", shut)
    assert [(row.file, refused([row])) for row in mark.mark(tmp_path)] == [
        ("ana.ipynb", "Not read: Permission denied."),
        ("bea", "Not marked: the folder can't be opened: Permission denied."),
    ]


def table(rows: list[Row]) -> tuple[str, list[list[str]]]:
    file = io.StringIO()
    mark.write(rows, file)
    return file.getvalue(), list(csv.reader(io.StringIO(file.getvalue())))


FORMULA = re.compile(r"\s*[-=+@\t\r＝＋－＠]")

DANGEROUS = ["=1+1", "+1", "-1", "@A1", "\t=1", " =1", "a;=1", "a; =1", 'a";=1', "a\t=1", "a\n=1", "a|@b", "＝1"]


@pytest.mark.parametrize("answer", [*DANGEROUS, "\x1b[2J", "\0", "\u202eabc", "\ud800", "\u2028=1"])
def test_no_answer_is_a_formula_or_moves_the_cursor(answer: str, tmp_path: Path) -> None:
    rows = marked(tmp_path, filled(STRANGE, 7, lambda _: answer))
    text, cells = table(rows)
    assert text.replace("\n", "").isprintable()
    text.encode()
    assert [len(row) for row in cells] == [len(Row._fields)] * (len(rows) + 1)
    # Whatever a spreadsheet takes for the separator, no cell begins with a formula.
    assert not any(FORMULA.match(cell) for line in text.splitlines() for cell in re.split(r'[",;|]', line))


def test_names_of_files_are_harmless_too(tmp_path: Path) -> None:
    name = os.fsdecode(b"=1\xff\x1b[2J\n.ipynb") if sys.platform == "linux" else "=1.ipynb"
    rows = marked(tmp_path, sheet.notebook(STRANGE, 7), name)
    text, cells = table(rows)
    assert text.replace("\n", "").isprintable()
    assert cells[1][:2] == (["'=1��[2J�.ipynb", "'=1��[2J�"] if sys.platform == "linux" else ["'=1.ipynb", "'=1"])
    assert list(mark.totals(rows)) == [f"{cells[1][0]}: 0 of 7"]


def test_a_long_answer_is_cut(tmp_path: Path) -> None:
    rows = marked(tmp_path, filled(STRANGE, 7, lambda _: "9" * 100_000))
    _, cells = table(rows)
    assert max(len(cell) for row in cells for cell in row) == 1001
    assert rows[0].says == "an answer of 100000 characters is too long; write at most 200."


def test_nothing_in_a_notebook_is_run(tmp_path: Path) -> None:
    code = f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()"
    notebook = filled(STRANGE, 7, lambda _: f"__import__('os').system('touch {tmp_path / 'ran'}')")
    notebook["cells"].insert(0, {"cell_type": "code", "id": "c", "metadata": {}, "source": code, "outputs": []})
    marked(tmp_path, notebook)
    assert not (tmp_path / "ran").exists()


def run(*arguments: Any) -> int:
    return main([str(argument) for argument in arguments])


def test_the_command_writes_a_table_and_says_the_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = marked(tmp_path / "in", filled(STRANGE, 7, right))
    assert run("mark", tmp_path / "in") == 0
    said = capsys.readouterr()
    assert said.out == table(rows)[0]
    assert said.err == "ana.ipynb: 7 of 7\n"
    assert run("mark", tmp_path / "in", "--out", tmp_path / "marks.csv") == 0
    assert capsys.readouterr() == ("", "ana.ipynb: 7 of 7\n")
    written = (tmp_path / "marks.csv").read_bytes()
    assert written == b"\xef\xbb\xbf" + said.out.encode(), "the mark by which a spreadsheet knows UTF-8"
    assert run("mark", tmp_path / "in", "--out", tmp_path / "marks.csv") == 2
    assert "marks.csv exists and is not overwritten; choose another name." in capsys.readouterr().err
    assert (tmp_path / "marks.csv").read_bytes() == written


@pytest.mark.parametrize(
    ("name", "sentence"), [("gone", "is not a folder"), ("a.txt", "is not a folder"), (".", "no notebook")]
)
def test_a_folder_without_notebooks_is_said_in_a_sentence(
    name: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert run("mark", tmp_path / name, "--out", tmp_path / "marks.csv") == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "marks.csv").exists()
    with pytest.raises(TcpBookError):
        list(mark.mark(tmp_path / name))


# What a notebook may hold where a sheet has something; among it what a sheet really has.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from([7, 99, "source"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PIECES = st.sampled_from(["(a)", "(b) ", "(e) LISTEN", "\n", ":", " -> ", "0x", "B A"])
ANSWERS = st.text(max_size=60) | st.lists(PIECES).map("".join)
IDS = st.sampled_from(["answers-7-strange-1", "answers-7-calm"])
CELL = ANYTHING | st.fixed_dictionaries({"id": IDS | ANYTHING, "source": ANSWERS | ANYTHING})
SHEET = st.fixed_dictionaries({"chapter": st.just(99) | ANYTHING, "seed": st.just(7) | ANYTHING})
NOTEBOOK = ANYTHING | st.fixed_dictionaries(
    {
        "metadata": ANYTHING | st.fixed_dictionaries({"tcpbook": SHEET | ANYTHING}),
        "cells": st.lists(CELL, max_size=4) | ANYTHING,
    }
)


@given(notebook=NOTEBOOK)
def test_any_notebook_is_marked_or_refused(notebook: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = marked(tmp_path_factory.mktemp("returned"), notebook)
    text, cells = table(rows)
    assert text.replace("\n", "").isprintable()
    assert len(cells) == len(rows) + 1
    assert not any(FORMULA.match(cell) for row in cells for cell in row)
    assert rows
    assert all(row.says for row in rows)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    assert refused(marked(tmp_path_factory.mktemp("returned"), content)).startswith("Not marked: ")


@given(at=st.integers(0), content=st.binary(max_size=4))
def test_a_sheet_with_a_few_bytes_changed_is_marked_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, content: bytes
) -> None:
    whole = sheet.notebook(STRANGE, 7).encode()
    at %= len(whole)
    rows = marked(tmp_path_factory.mktemp("returned"), whole[:at] + content + whole[at + len(content) :])
    assert all(row.says for row in rows)
