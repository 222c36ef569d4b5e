"""Redrawing the state graph with another current state, beside a fresh run of Graphviz on the same graph."""

from __future__ import annotations

from itertools import cycle
from timeit import repeat

import graphviz

from benchmarks.row import Row
from tcpbook.figures.stategraph import source, stategraph
from tcpbook.protocol.state import State

LOOPS, ROUNDS = 5, 20


def run() -> list[Row]:
    """Return the best of many short rounds, which the rest of the machine leaves alone."""
    states = cycle(State)
    graph = graphviz.Source(source(compact=False))
    stategraph(abrupt=True)
    ours = min(repeat(lambda: stategraph(next(states), abrupt=True).svg, number=LOOPS, repeat=ROUNDS))
    theirs = min(repeat(lambda: graph.pipe(format="svg"), number=LOOPS, repeat=ROUNDS))
    scale = 1e6 / LOOPS
    return [Row("state graph, another current state", ours * scale, "graphviz, a fresh layout", theirs * scale)]
