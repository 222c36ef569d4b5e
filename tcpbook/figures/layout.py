"""Graphviz lays out; this module finds it, asks it once for each graph, and knows what to do without it.

Engines, in the order in which they are tried: the `graphviz-pure` wheel's binary, a `dot` on PATH, and the layouts
that ship with the package (`layouts.json`). The environment variable TCPBOOK_LAYOUT forces one: wheel, dot, shipped.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sysconfig
import warnings
from functools import cache
from importlib.resources import files
from pathlib import Path
from subprocess import SubprocessError
from typing import Any, NamedTuple

from tcpbook.protocol.errors import TcpBookError

ENGINES = ("wheel", "dot", "shipped")
SHIPPED = "layouts.json"


class Edge(NamedTuple):
    """A laid-out edge: spline points, the tip of its arrowhead, and the middle of its label."""

    points: list[tuple[float, float]]
    tip: tuple[float, float]
    label: tuple[float, float] | None


class Layout(NamedTuple):
    """Positions in points, the origin at the top left: nodes by name (x, y), edges by their `id`."""

    size: tuple[float, float]
    nodes: dict[str, tuple[float, float]]
    edges: dict[str, Edge]


def engine() -> str:
    """Which engine lays out here, if it runs: "wheel", "dot" or "shipped"; TcpBookError if TCPBOOK_LAYOUT is none."""
    return _engines()[0]


def _engines() -> list[str]:
    """The engines to try, best first."""
    forced = os.environ.get("TCPBOOK_LAYOUT")
    if forced is None:
        return [name for name in ENGINES if name == "shipped" or _binary(name)]
    if forced not in ENGINES:
        raise TcpBookError(f"TCPBOOK_LAYOUT is {forced!r}; set it to one of {', '.join(ENGINES)}, or unset it")
    return [forced]


def _binary(name: str) -> str | None:
    if name == "dot":
        return shutil.which("dot")
    return shutil.which("graphviz-pure", path=sysconfig.get_path("scripts")) or shutil.which("graphviz-pure")


@cache
def lay_out(source: str) -> Layout:
    """Lay out a graph in the DOT language; once for each source in a process.

    Raises TcpBookError if an engine was forced that doesn't run, or no layout ships for this graph.
    """
    programs = [name for name in _engines() if name != "shipped"]
    forced = "TCPBOOK_LAYOUT" in os.environ
    for name in programs:
        try:
            return _read(_run(name, source))
        except (OSError, RuntimeError, SubprocessError) as error:  # missing; not found by graphviz; failed
            if forced:
                raise TcpBookError(f"layout engine {name!r} does not run ({error}); unset TCPBOOK_LAYOUT") from error
    if not forced:
        warnings.warn("Graphviz does not run here, so pictures use the layout that ships with tcpbook.", stacklevel=2)
    return _read(_shipped(source))


def _run(name: str, source: str) -> dict[str, Any]:
    import graphviz

    binary = _binary(name)
    if binary is None:
        raise OSError(f"no {name} found")
    graphviz.backend.dot_command.DOT_BINARY = Path(binary)
    # Quiet, as what a program says about its fonts would become a cell's output.
    data: dict[str, Any] = json.loads(graphviz.Source(source).pipe(format="json", encoding="utf-8", quiet=True))
    return data


def _shipped(source: str) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = json.loads(files(__package__).joinpath(SHIPPED).read_text("utf-8"))
    if key(source) not in known:
        raise TcpBookError("no layout ships for this graph, as the rules have changed; run python -m tools.make_layout")
    return known[key(source)]


def key(source: str) -> str:
    """The name under which a graph's layout ships."""
    return hashlib.sha1(source.encode()).hexdigest()


def _read(data: dict[str, Any]) -> Layout:
    _, _, width, height = (float(number) for number in data["bb"].split(","))

    def point(words: str) -> tuple[float, float]:
        x, y = words.split(",")[-2:]
        return round(float(x), 1), round(height - float(y), 1)

    nodes = {node["name"]: point(node["pos"]) for node in data["objects"] if "pos" in node}
    edges = {}
    for edge in data["edges"]:
        if "id" in edge:
            tip, *points = edge["pos"].split()
            label = point(edge["lp"]) if "lp" in edge else None
            edges[edge["id"]] = Edge([point(each) for each in points], point(tip), label)
    return Layout((width, height), nodes, edges)
