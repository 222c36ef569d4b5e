"""The chapters show the same whichever engine places the graph: wheel, another `dot`, shipped layout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

from tcpbook.figures.layout import ENGINES
from tree import CHAPTERS, ROOT

PROBE = "from tcpbook.figures.layout import engine\nprint(engine())"
WHEEL = Path(sysconfig.get_path("scripts"), "graphviz-pure")


@pytest.fixture
def other_dot(tmp_path: Path) -> Path:
    """A folder with a `dot` that notes its calls: the installed one, or the wheel with a wider layout."""
    installed = shutil.which("dot") or f"{WHEEL} -Gnodesep=1"
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "dot"
    script.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/calls"\nexec {installed} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


def with_probe(chapter: Path, folder: Path, answer: str) -> Path:
    """Copy a chapter and add a cell at its end that must print `answer`."""
    notebook = nbformat.read(chapter, as_version=4)
    output = nbformat.v4.new_output("stream", name="stdout", text=f"{answer}\n")
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE, outputs=[output], execution_count=99))
    copy = folder / chapter.name
    nbformat.write(notebook, copy)
    return copy


FIRST = [path for path in CHAPTERS if "state graph" in path.read_text(encoding="utf-8")][:1]


@pytest.mark.parametrize(
    "chapters", [FIRST, pytest.param(CHAPTERS, marks=pytest.mark.long)], ids=["first with a state graph", "all"]
)
@pytest.mark.parametrize("engine", ENGINES)
def test_outputs_are_the_same_with_each_engine(
    engine: str, chapters: list[Path], tmp_path: Path, other_dot: Path
) -> None:
    assert chapters
    copies = [with_probe(chapter, tmp_path, engine) for chapter in chapters]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--color=no", "-c", ROOT / "pyproject.toml", *copies],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TCPBOOK_LAYOUT": engine, "PATH": f"{other_dot}{os.pathsep}{os.environ['PATH']}"},
    )
    assert run.returncode == 0, run.stdout
    assert (other_dot / "calls").exists() == (engine == "dot")
