"""Stored outputs: all there, all compared by nbval, and the same on a second run.

That each output is what its cell gives today is nbval's part: pytest collects chapters/*.ipynb beside tests/.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from html import unescape
from itertools import islice
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile, coalesce_streams

from tree import CHAPTERS, ROOT, cells

every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
first_chapter = pytest.mark.parametrize(
    "chapter",
    [pytest.param(path, id=path.stem, marks=[pytest.mark.long] * (path != CHAPTERS[0])) for path in CHAPTERS],
)
"""Running a chapter takes its time: all of them in the long run only."""

GEOMETRY = {
    "g": {"transform"},
    "path": {"d"},
    "polygon": {"points"},
    "svg": {"height", "viewBox", "width"},
    "text": {"x", "y"},
}
"""The attributes whose values a layout decides; everything else in an output is compared."""

TAG = re.compile(r"<(\w+)\b[^<>]*>")
ATTRIBUTE = re.compile(r'\s([\w:-]+)="([^"]*)"')
TOKEN = re.compile(r"[^\W\d_]+|\d+")


@every_chapter
def test_every_code_cell_was_executed_in_order(chapter: Path) -> None:
    counts = [cell["execution_count"] for cell in cells(chapter, "code")]
    assert counts == list(range(1, len(counts) + 1))


@every_chapter
def test_every_cell_that_shows_something_has_its_output(chapter: Path) -> None:
    """An expression, or a call of print, in the last line of a cell shows something."""
    silent = [
        cell["source"]
        for cell in cells(chapter, "code")
        if isinstance(ast.parse(cell["source"]).body[-1], ast.Expr) and not cell["outputs"]
    ]
    assert silent == []


@every_chapter
def test_nothing_is_hidden_from_nbval(chapter: Path) -> None:
    text = chapter.read_text(encoding="utf-8")
    assert "NBVAL" not in text
    assert "nbval-" not in text
    assert "raises-exception" not in text
    kinds = [output["output_type"] for cell in cells(chapter, "code") for output in cell["outputs"]]
    assert kinds
    assert "error" not in kinds


@every_chapter
def test_no_trace_of_the_run_is_stored(chapter: Path) -> None:
    """No widget state, no timing, no version of Python: nothing that the next run would change."""
    notebook = json.loads(chapter.read_text(encoding="utf-8"))
    assert notebook["metadata"].keys() == {"kernelspec", "language_info"}
    assert "version" not in notebook["metadata"]["language_info"]
    assert [cell["metadata"] for cell in cells(chapter) if cell["metadata"].keys() - {"tags", "jupyter"}] == []
    assert re.findall(r" at 0x[0-9a-f]{6,}", chapter.read_text(encoding="utf-8")) == []


@every_chapter
def test_the_source_of_a_question_is_hidden(chapter: Path) -> None:
    """It holds the answer; everything else is in sight, what is given to the question in a cell before."""
    for cell in cells(chapter, "code"):
        assert "\npredict." not in cell["source"]
        hidden = cell["metadata"].get("jupyter") == {"source_hidden": True}
        assert hidden == cell["source"].startswith("predict.")


def texts(outputs: list[Any]) -> Iterator[tuple[Any, str, str]]:
    """Yield (holder, key, text) for each text that an output stores."""
    for output in outputs:
        if output["output_type"] == "stream":
            yield output, "text", output["text"]
        for kind in output.get("data", {}):
            if kind in ("text/plain", "text/html"):
                yield output["data"], kind, output["data"][kind]


def geometry(text: str) -> list[tuple[int, int]]:
    """Return the spans of `text` that hold coordinates."""
    return [
        (tag.start() + attribute.start(2), tag.start() + attribute.end(2))
        for tag in TAG.finditer(text)
        for attribute in ATTRIBUTE.finditer(tag[0])
        if attribute[1] in GEOMETRY.get(tag[1], ())
    ]


def mutants(text: str) -> Iterator[str]:
    """Yield `text` with one word or number changed, for each word and number outside of geometry."""
    exempt = {position for start, end in geometry(text) for position in range(start, end)}
    for token in TOKEN.finditer(text):
        if token.start() not in exempt:
            changed = (
                str(int(token[0]) + 1) if token[0].isdecimal() else token[0][:-1] + "qz"[token[0][-1] == "q"]
            )
            yield text[: token.start()] + changed + text[token.end() :]


@pytest.fixture
def nbval_cells(chapter: Path, request: pytest.FixtureRequest) -> list[IPyNbCell]:
    """The cells of a chapter as nbval compares them, with this project's own options."""
    file = IPyNbFile.from_parent(request.session, path=chapter)
    file.setup_sanitize_files()
    assert file.sanitize_patterns
    return list(file.collect())


def same(cell: IPyNbCell, outputs: list[Any]) -> bool:
    """Tell whether nbval takes `outputs` for the stored ones."""
    cell.format_output_compare = lambda *_: None  # the report on a difference costs seconds and is not read
    return bool(cell.compare_outputs(outputs, coalesce_streams(cell.cell.outputs)))


def test_every_figure_says_below_it_what_it_shows() -> None:
    """The caption is the picture in words, as its `repr` has it."""
    shown = [
        output.get("data", {}) for path in CHAPTERS for cell in cells(path, "code") for output in cell["outputs"]
    ]
    stored = [data for data in shown if "<figure" in "".join(data.get("text/html", []))]
    assert len(stored) > 10
    for data in stored:
        (caption,) = re.findall(r"<figcaption>(.+?)</figcaption></figure>", "".join(data["text/html"]))
        assert unescape(caption) == "".join(data["text/plain"])
        assert re.match(r"[A-Z].*\.$", caption)


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.long)])
@every_chapter
def test_any_change_of_a_word_or_number_is_seen(chapter: Path, every: int, nbval_cells: list[IPyNbCell]) -> None:
    """Words, numbers, labels, classes, colors, ids: change one in a stored text and nbval objects."""
    tried = 0
    missed = []
    for cell in nbval_cells:
        outputs = deepcopy(cell.cell.outputs)
        assert same(cell, outputs)
        for holder, key, text in texts(outputs):
            for mutant in islice(mutants(text), 0, None, every):
                holder[key] = mutant
                tried += 1
                if same(cell, outputs):
                    missed.append((cell.cell_num, key, mutant))
            holder[key] = text
    assert tried > 100 / every
    assert missed == []


@every_chapter
def test_another_layout_is_no_change(chapter: Path, nbval_cells: list[IPyNbCell]) -> None:
    """Another version of Graphviz places the same graph differently: every coordinate may move."""
    for cell in nbval_cells:
        outputs = deepcopy(cell.cell.outputs)
        for holder, key, text in texts(outputs):
            for start, end in reversed(geometry(text)):
                text = text[:start] + re.sub(r"\d+", "7", text[start:end]) + text[end:]
            holder[key] = text
        assert same(cell, outputs)


@first_chapter
def test_nbval_fails_on_changed_outputs(chapter: Path, tmp_path: Path) -> None:
    """End to end, on a copy with one token changed in each output: each cell with an output fails."""
    notebook = nbformat.read(chapter, as_version=4)
    with_output = set()
    for number, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
        for holder, key, text in texts(cell.outputs):
            changed = list(mutants(text))
            holder[key] = changed[len(changed) // 2]
            with_output.add(number)
    copy = tmp_path / chapter.name
    nbformat.write(notebook, copy)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--color=no", "-c", ROOT / "pyproject.toml", copy],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert {
        int(number) for number in re.findall(r"^FAILED .*::Cell (\d+)", run.stdout, re.MULTILINE)
    } == with_output
    assert run.returncode == 1


@first_chapter
def test_two_runs_store_the_same_bytes(chapter: Path, tmp_path: Path) -> None:
    results = []
    for name in ("first", "second"):
        copy = tmp_path / name / chapter.name
        copy.parent.mkdir()
        shutil.copy(chapter, copy)
        subprocess.run([sys.executable, ROOT / "tools/regenerate.py", copy], check=True, capture_output=True)
        results.append(copy.read_bytes())
    assert results[0] == results[1]
