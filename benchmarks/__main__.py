"""Run every benchmarks/bench_*.py and print one table; exit with 1 where a bar is missed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from benchmarks.row import Row

HEADINGS = ("what", "tcpbook", "peer", "its figure", "ratio", "bar", "")


def table(rows: list[Row]) -> str:
    """Return the rows as lines of aligned columns; a ratio is ours divided by theirs."""
    lines = [HEADINGS]
    for row in rows:
        verdict = ("met" if row.met else "MISSED") if row.bar else ""
        ratio = f"{row.ratio:.2f}" if row.ratio >= 0.1 else f"{row.ratio:.2g}"
        ours, theirs = f"{row.ours:,.4g} {row.unit}", f"{row.theirs:,.4g} {row.unit}"
        lines.append((row.what, ours, row.peer, theirs, ratio, row.bar, verdict))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def main() -> int:
    """Run what is there, in the order of its names."""
    rows: list[Row] = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"running {path.stem}", file=sys.stderr, flush=True)
        rows += [Row(*row) for row in importlib.import_module(f"benchmarks.{path.stem}").run()]
    print(table(rows))
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
