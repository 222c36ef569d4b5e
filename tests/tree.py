"""The working tree as the tests of the repository and of the chapters see it."""

from __future__ import annotations

import ast
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tcpbook"
NOTEBOOKS = sorted((ROOT / "chapters").glob("*.ipynb"))
CHAPTERS = [path for path in NOTEBOOKS if path.stem[0].isdecimal()]
"""The notebooks to read; the others, to look things up in, are made from them by tools/make_index.py."""

MADE = {".git", ".hypothesis", ".ipynb_checkpoints", "__pycache__", "build", "dist", "my", "test-results"}
"""Folders that git ignores, by name."""


def files() -> Iterator[Path]:
    """Yield every file of the project, without what the tools made."""
    for folder, below, names in os.walk(ROOT):
        below[:] = sorted(
            name
            for name in below
            if name not in MADE
            and not name.endswith((".egg-info", "_cache"))
            and not name.startswith(".venv")
        )
        yield from (Path(folder, name) for name in sorted(names))


def copy_to(folder: Path) -> Path:
    """Copy the project into a folder, and return it."""
    for path in files():
        place = folder / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
    return folder


def modules() -> list[Path]:
    """Return every Python file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def cells(chapter: Path, kind: str = "") -> list[dict[str, Any]]:
    """Return a notebook's cells with their source as one string; `kind` picks "code" or "markdown"."""
    notebook = json.loads(chapter.read_text(encoding="utf-8"))
    return [
        cell | {"source": "".join(cell["source"])}
        for cell in notebook["cells"]
        if not kind or cell["cell_type"] == kind
    ]


def code(chapter: Path) -> ast.Module:
    """Return all code of a chapter as one syntax tree."""
    return ast.parse("\n".join(cell["source"] for cell in cells(chapter, "code")))
