"""Make the layouts that ship with the package, for machines where no Graphviz runs: python -m tools.make_layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tcpbook.figures
from tcpbook.figures.layout import SHIPPED, _run, key
from tcpbook.figures.stategraph import source

KEPT = {"objects": ("name", "pos"), "edges": ("id", "pos", "lp")}


def main() -> None:
    """Lay the state graphs out with the wheel's Graphviz and keep the positions alone."""
    layouts = {}
    for graph in (source(compact=False), source(compact=True)):
        data = _run("wheel", graph)
        layouts[key(graph)] = {"bb": data["bb"], **{part: _positions(data[part], KEPT[part]) for part in KEPT}}
    path = Path(tcpbook.figures.__path__[0]) / SHIPPED
    path.write_text(json.dumps(layouts, indent=1) + "\n", "utf-8")


def _positions(parts: list[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{name: part[name] for name in names if name in part} for part in parts if names[0] in part]


if __name__ == "__main__":
    main()
