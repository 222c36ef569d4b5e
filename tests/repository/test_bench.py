"""The table of `make bench`."""

from __future__ import annotations

from benchmarks.__main__ import table
from benchmarks.row import Row


def test_a_row_shows_both_figures_and_their_ratio() -> None:
    rows = [
        Row("decode", 1.5, "dpkt", 3.0, bar="at most 0.5"),
        Row("steps", 90_000.0, "none", 100_000.0, unit="segments/s", bar="100,000 segments/s", met=False),
    ]
    heading, decode, steps = table(rows).splitlines()
    assert heading.split() == ["what", "tcpbook", "peer", "its", "figure", "ratio", "bar"]
    assert decode.split() == ["decode", "1.5", "µs", "dpkt", "3", "µs", "0.50", "at", "most", "0.5", "met"]
    assert steps.endswith("0.90   100,000 segments/s  MISSED")
