"""The shape of a chapter: short cells, more prose than code, the promised reading time, working links."""

from __future__ import annotations

import ast
import itertools
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

from tools.make_index import TERMS
from tree import CHAPTERS, ROOT, cells, code

WORDS_PER_MINUTE = 200
MINUTES_PER_TASK = 2

pytestmark = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def words(chapter: Path) -> int:
    """Count the words of the prose: no link targets, no HTML, no table rules, no lone signs.

    The recap's table of new terms is for looking up, and doesn't count either.
    """
    prose = "\n".join(TERMS.sub("", cell["source"] + "\n") for cell in cells(chapter, "markdown"))
    prose = re.sub(r"\]\([^)]*\)|<[^>]+>", " ", prose)
    return sum(1 for word in prose.split() if re.search(r"\w", word))


def lines(cell: dict[str, Any]) -> int:
    """Count the lines of a cell that are not blank."""
    return sum(1 for line in cell["source"].splitlines() if line.strip())


def tasks(chapter: Path) -> int:
    """Count the tasks: questions to the reader, `predict.choice` and its like, and exercises."""
    return sum(
        isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("predict.", "Exercise", "Recall"))
        for node in ast.walk(code(chapter))
    )


def test_the_title_line_says_the_reading_time(chapter: Path) -> None:
    """The first cell names the minutes: words / 200 + 2 a task, to the minute."""
    first = cells(chapter)[0]
    assert first["cell_type"] == "markdown"
    assert first["source"].startswith("# ")
    (stated,) = re.findall(r"(\d+) minutes", first["source"])
    assert tasks(chapter) >= 1
    expected = words(chapter) / WORDS_PER_MINUTE + MINUTES_PER_TASK * tasks(chapter)
    assert abs(int(stated) - expected) <= 1


def test_a_chapter_has_1500_to_3000_words(chapter: Path) -> None:
    assert 1_500 <= words(chapter) <= 3_000


def test_code_cells_are_short(chapter: Path) -> None:
    sizes = [lines(cell) for cell in cells(chapter, "code")]
    assert min(sizes) >= 1
    assert statistics.median(sizes) <= 4
    assert max(sizes) <= 15


def test_prose_outweighs_code(chapter: Path) -> None:
    assert words(chapter) >= 10 * sum(lines(cell) for cell in cells(chapter, "code"))


def test_at_most_two_code_cells_in_a_row(chapter: Path) -> None:
    """A question's own code is not seen, so it doesn't count."""
    seen = [cell["cell_type"] for cell in cells(chapter) if "jupyter" not in cell["metadata"]]
    runs = itertools.groupby(seen)
    assert max(len(list(run)) for kind, run in runs if kind == "code") <= 2


def test_no_logic_in_a_chapter(chapter: Path) -> None:
    """Prose, questions and calls: no functions, no classes."""
    logic = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [node.lineno for node in ast.walk(code(chapter)) if isinstance(node, logic)] == []


def test_the_first_code_cell_is_the_one_import(chapter: Path) -> None:
    first, *others = (ast.parse(cell["source"]) for cell in cells(chapter, "code"))
    assert [type(statement) for statement in first.body] == [ast.ImportFrom]
    late = [
        node for tree in others for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not late


def test_links_lead_to_existing_files(chapter: Path) -> None:
    prose = "\n".join(cell["source"] for cell in cells(chapter, "markdown"))
    targets = re.findall(r"\]\(([^)\s]+)\)", prose)
    local = [
        target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")
    ]
    assert [target for target in local if not (chapter.parent / target).exists()] == []
    others = {path.name for path in CHAPTERS} - {chapter.name}
    assert others & set(local) or not others, "a chapter links to its neighbors"


def test_chapters_are_numbered(chapter: Path) -> None:
    assert re.fullmatch(r"\d\d-[a-z-]+", chapter.stem)
    assert chapter.parent == ROOT / "chapters"
