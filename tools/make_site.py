"""Write the book as web pages into build/html, from the stored outputs: python -m tools.make_site.

The widgets that need no kernel stay alive there. The chapters are run for what these widgets are made of, as the stored
notebooks have no widget state.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sphinx.cmd.build import build_main

from tools.regenerate import LIVE_VIEW, execute

ROOT = Path(__file__).resolve().parents[1]
SOURCE, SITE = ROOT / "build" / "site", ROOT / "build" / "html"

LINK = re.compile(r"\]\(([\w-]+\.ipynb)?#(cell-id=(?P<cell>[\w-]+)|(?P<heading>[\w-]+))")
"""A link to a cell, or to a heading of the same page: JupyterLab's way to name a place."""

STATE = "application/vnd.jupyter.widget-state+json"


def prepare(path: Path) -> NotebookNode:
    """Return the notebook at `path` as Sphinx is to read it: its widgets alive, its links leading to pages."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    ran = nbformat.read(path, as_version=4)
    widgets = execute(ran, path.parent)
    notebook.metadata["widgets"] = {STATE: {"state": enliven(notebook, ran, widgets)}}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(place, cell.source)
        elif cell.metadata.get("jupyter"):
            cell.metadata["tags"] = ["hide-input"]
    notebook.cells = [part for cell in notebook.cells for part in (new_markdown_cell(f"(cell-{cell.id})="), cell)]
    return notebook


def place(link: re.Match[str]) -> str:
    """Return where the link that LINK found leads in the pages: to a label of theirs."""
    return f"](#cell-{link['cell']}" if link["cell"] else f"](#{link['heading'].lower()}"


def enliven(stored: NotebookNode, ran: NotebookNode, widgets: dict[str, Any]) -> dict[str, Any]:
    """Name in each stored output the widget that its cell showed when it ran; return the models of these widgets.

    What needs a kernel is left out: its static twin stays. Raises ValueError where the stored outputs are stale.
    """
    models = {}
    for cell, fresh in zip(stored.cells, ran.cells, strict=True):
        for output, shown in zip(cell.get("outputs", []), fresh.get("outputs", []), strict=True):
            if "text/html" not in output.get("data", {}):
                continue
            html = output.data["text/html"].replace('.ipynb"', '.html"')
            name = shown.data.get(LIVE_VIEW, {}).get("model_id")
            alone = _alone(widgets[name]) if name else None
            if alone is not None:
                models[name] = {"state": widgets[name] | dict(alone)}
                html = f'<div data-model="{name}">{html}</div>'
            output.data["text/html"] = html
    return models


def _alone(traits: dict[str, Any]) -> Any:
    """What the widget's class says of it; None for a box of widgets, which has no class of ours."""
    return resolve_name(traits["_anywidget_id"]).alone if "_anywidget_id" in traits else None


def main() -> int:
    """Prepare the sources in build/site and have Sphinx write the pages; a warning is an error."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    (SOURCE / "chapters").mkdir(parents=True)
    (SOURCE / "docs").mkdir()
    for name in ("README.md", "BENCHMARKS.md", "docs/teachers.md"):
        shutil.copy(ROOT / name, SOURCE / name)
    shutil.copytree(ROOT / "docs" / "widgets", SOURCE / "docs" / "widgets")
    shutil.copy(ROOT / "docs" / "index.md", SOURCE)
    shutil.copytree(ROOT / "tcpbook", SOURCE / "tcpbook", ignore=shutil.ignore_patterns("__pycache__"))
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        # Not by nbformat, which would sort the keys: in a widget's traits their order may count.
        (SOURCE / "chapters" / path.name).write_text(json.dumps(prepare(path)), encoding="utf-8")
    options = ["-q", "-W", "--keep-going", "-c", str(ROOT / "docs"), "-d", str(SOURCE / "doctrees")]
    return build_main([*options, str(SOURCE), str(SITE)])


if __name__ == "__main__":
    sys.exit(main())
