"""Run chapters on fresh kernels and store their outputs, so that two runs give the same bytes.

python tools/regenerate.py chapters/*.ipynb            run and store
python tools/regenerate.py --check chapters/*.ipynb    run and compare; exit with 1 where something differs
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

LIVE_VIEW = "application/vnd.jupyter.widget-view+json"
"""Names a widget of a kernel that is gone. Stored, it hides the static twin behind "model not found"."""

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
"""What a notebook says of itself: no versions, no widget state, no view settings."""


def execute(node: NotebookNode, folder: Path) -> dict[str, Any]:
    """Run the notebook `node` on a fresh kernel in `folder`.

    Returns the traits of all widgets, by their models' ids, as they were after the cell that made them.
    Raises nbclient.exceptions.CellExecutionError where a cell fails.
    """
    widgets: dict[str, Any] = {}

    def collect(**_: Any) -> None:
        for name, traits in client.widget_state.items():
            widgets.setdefault(name, deepcopy(traits))

    client = NotebookClient(
        node,
        timeout=60,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=True,
        on_cell_executed=collect,
        coalesce_streams=True,
    )
    with TemporaryDirectory() as empty:  # what is stored never depends on what the reader answered
        client.execute(env=os.environ | {"TCPBOOK_PROGRESS": str(Path(empty) / "progress.jsonl")})
    return widgets


def regenerate(path: Path) -> str:
    """Return the text of the notebook at `path` as it is after a run on a fresh kernel.

    Raises nbclient.exceptions.CellExecutionError where a cell fails.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for number, cell in enumerate(notebook["cells"]):
        cell.setdefault("id", f"cell-{number}")
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key == "tags"}
        if cell["cell_type"] == "code" and "".join(cell["source"]).startswith("predict."):
            cell["metadata"]["jupyter"] = {"source_hidden": True}  # the source of a question holds its answer
    notebook |= {"metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    node = nbformat.reads(json.dumps(notebook), as_version=4)
    execute(node, path.parent)
    node["metadata"] = METADATA
    for cell in node["cells"]:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(LIVE_VIEW, None)
    return str(nbformat.writes(node)) + "\n"


def main() -> int:
    """Regenerate or check the notebooks named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare with what is stored")
    parser.add_argument("notebooks", nargs="+", type=Path)
    arguments = parser.parse_args()
    stale = 0
    for path in arguments.notebooks:
        fresh = regenerate(path)
        changed = fresh != path.read_text(encoding="utf-8")
        stale += changed
        if not arguments.check:
            path.write_text(fresh, encoding="utf-8", newline="\n")
        print(f"{path}: {'changed' if changed else 'unchanged'}")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
