"""The script that stores the outputs: what it keeps, what it throws away, and how `--check` judges."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tree import ROOT

SOURCES = ["print(6 * 7)", "import ipywidgets\nipywidgets.IntSlider()", "'done'"]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "tools/regenerate.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook as an editor might leave it: no outputs, no cell ids, view settings in the metadata."""
    path = tmp_path / "sample.ipynb"
    code: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"collapsed": True},
            "outputs": [],
            "execution_count": None,
        }
        for source in SOURCES
    ]
    prose = {"cell_type": "markdown", "source": "# Sample", "metadata": {}, "id": "title"}
    content = {"cells": [prose, *code], "metadata": {"widgets": {}}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_outputs_are_stored_and_the_rest_is_not(notebook: Path) -> None:
    assert run(notebook).returncode == 0
    stored = json.loads(notebook.read_text(encoding="utf-8"))
    prose, printed, widget, value = stored["cells"]
    assert prose["id"] == "title"
    assert [cell["id"] for cell in (printed, widget, value)] == ["cell-1", "cell-2", "cell-3"]
    assert printed["outputs"][0]["text"] == ["42\n"]
    assert widget["outputs"][0]["data"].keys() == {"text/plain"}
    assert value["outputs"][0]["data"] == {"text/plain": ["'done'"]}
    assert [cell["execution_count"] for cell in (printed, widget, value)] == [1, 2, 3]
    assert all(cell["metadata"] == {} for cell in stored["cells"])
    assert stored["metadata"].keys() == {"kernelspec", "language_info"}


def test_check_tells_stale_from_fresh(notebook: Path) -> None:
    before = notebook.read_bytes()
    stale = run("--check", notebook)
    assert (stale.returncode, notebook.read_bytes()) == (1, before)
    assert run(notebook).returncode == 0
    fresh = run("--check", notebook)
    assert (fresh.returncode, fresh.stdout) == (0, f"{notebook}: unchanged\n")
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("42", "43"), encoding="utf-8")
    assert run("--check", notebook).returncode == 1


def test_a_failing_cell_stores_nothing(notebook: Path) -> None:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["cells"][1]["source"] = "1 / 0"
    notebook.write_text(json.dumps(content), encoding="utf-8")
    before = notebook.read_bytes()
    failed = run(notebook)
    assert failed.returncode != 0
    assert "ZeroDivisionError" in failed.stderr
    assert notebook.read_bytes() == before


def test_the_readers_progress_stays_out(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chapter begins with none, and leaves the reader's own as it was."""
    own = tmp_path / "own.jsonl"
    own.write_text("mine", encoding="utf-8")
    monkeypatch.setenv("TCPBOOK_PROGRESS", str(own))
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["cells"][1]["source"] = (
        "from tcpbook.exercises.progress import Attempt, read, record\n"
        "record(Attempt('?', True, 'certain'))\nprint(len(read()))"
    )
    notebook.write_text(json.dumps(content), encoding="utf-8")
    assert run(notebook).returncode == 0
    stored = json.loads(notebook.read_text(encoding="utf-8"))
    assert stored["cells"][1]["outputs"][0]["text"] == ["1\n"]
    assert own.read_text(encoding="utf-8") == "mine"
