"""What a reader's machine pays: the import, each chapter run top to bottom, and the memory of its kernel afterwards.

Memory is the resident set of the kernel's process. JupyterLab's server is not in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient

from benchmarks.row import Row

CHAPTERS = sorted(Path(__file__).parents[1].glob("chapters/[0-9]*.ipynb"))
PEER = "a notebook with nothing in it"
IMPORTS = 9
WEIGH = "import psutil\npsutil.Process().memory_info().rss"
IMPORT_MS, RUN_S, MEMORY_MB = 40, 20, 150


class Cost(NamedTuple):
    """What one notebook took."""

    run_s: float
    memory_mb: float


def run() -> list[Row]:
    """Return the best of a few imports, and one run of each chapter."""
    ours, theirs = (min(_import(name) for _ in range(IMPORTS)) for name in ("tcpbook", "numpy"))
    rows = [
        Row("import tcpbook", ours, "import numpy", theirs, "ms", f"at most {IMPORT_MS} ms", ours <= IMPORT_MS)
    ]
    empty = _cost(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")]))
    costs = {path.stem: _cost(nbformat.read(path, 4)) for path in CHAPTERS}
    for name, (run_s, _) in costs.items():
        rows.append(Row(f"{name}, run", run_s, PEER, empty.run_s, "s", f"under {RUN_S} s", run_s < RUN_S))
    for name, (_, memory) in costs.items():
        rows.append(
            Row(f"{name}, kernel's memory", memory, PEER, empty.memory_mb, "MB",
                f"under {MEMORY_MB} MB", memory < MEMORY_MB)
        )  # fmt: skip
    return rows


def _import(name: str) -> float:
    """Return the ms that a fresh Python takes for it."""
    code = f"from time import perf_counter as now; start = now(); import {name}; print(1e3 * (now() - start))"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def _cost(notebook: nbformat.NotebookNode) -> Cost:
    """Run all cells on a fresh kernel, whose start counts, and which keeps its answers to itself."""
    chapter = notebook.cells
    notebook.cells = [*chapter, nbformat.v4.new_code_cell(WEIGH)]
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    start = perf_counter()
    with TemporaryDirectory() as folder:
        progress = {"TCPBOOK_PROGRESS": str(Path(folder, "progress.jsonl"))}
        with client.setup_kernel(cwd=CHAPTERS[0].parent, env=os.environ | progress):
            for number, cell in enumerate(chapter):
                client.execute_cell(cell, number)
            spent = perf_counter() - start
            weighed = client.execute_cell(notebook.cells[-1], len(chapter))
    return Cost(spent, int(weighed.outputs[0]["data"]["text/plain"]) / 1e6)
