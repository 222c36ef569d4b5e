"""One line of `make bench`."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A figure of ours beside the same figure of a named peer, both measured in this run.

    A module benchmarks/bench_NAME.py has a function `run()` that returns rows, or tuples that make one.
    """

    what: str
    ours: float
    peer: str
    theirs: float
    unit: str = "µs"
    bar: str = ""
    """What is asked for, in words; empty where nothing is."""
    met: bool = True
    """Whether the bar is met."""

    @property
    def ratio(self) -> float:
        """Ours divided by theirs."""
        return self.ours / self.theirs
