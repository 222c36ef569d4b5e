"""The table of `make bench`."""

from __future__ import annotations

from benchmarks.__main__ import table
from benchmarks.row import Row


def test_a_row_shows_both_figures_and_their_ratio() -> None:
    rows = [
        Row("decode", 1.5, "dpkt", 3.0, bar="at most 0.5"),
        Row("steps", 90_000.0, "none", 100_000.0, unit="segments/s", bar="100,000 segments/s", met=False),
    ]
    lines = table(rows).splitlines()
    heading, rule, decode, steps = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    assert heading == ["what", "tcpbook", "peer", "its figure", "ratio", "bar", ""]
    assert set("".join(rule)) == {"-"}
    assert decode == ["decode", "1.5 µs", "dpkt", "3 µs", "0.50", "at most 0.5", "met"]
    assert steps[-3:] == ["0.90", "100,000 segments/s", "MISSED"]
