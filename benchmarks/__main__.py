"""Run every benchmarks/bench_*.py and write BENCHMARKS.md; exit with 1 where a bar is missed."""

from __future__ import annotations

import importlib
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.row import Row

REPORT = Path(__file__).parents[1] / "BENCHMARKS.md"

HEADINGS = ("what", "tcpbook", "peer", "its figure", "ratio", "bar", "")

INTRODUCTION = """\
# Benchmarks

`make bench` wrote this page on {date}: {machine}.

Each figure of ours stands beside that of a named peer, measured in the same run: on another machine, or in a slow hour
of this one, both change, and their ratio hardly. A ratio is ours divided by theirs. How each is measured stands at the
head of its module in `benchmarks/`.
"""


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines: list[tuple[str, ...]] = [HEADINGS]
    for row in rows:
        verdict = ("met" if row.met else "MISSED") if row.bar else ""
        ratio = f"{row.ratio:.2f}" if row.ratio >= 0.1 else f"{row.ratio:.2g}"
        ours, theirs = f"{row.ours:,.4g} {row.unit}", f"{row.theirs:,.4g} {row.unit}"
        lines.append((row.what, ours, row.peer, theirs, ratio, row.bar, verdict))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines)


def machine() -> str:
    """Return what the figures depend on, in words."""
    try:
        model = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("model name\t: ")[2].partition("\n")[0]
    except OSError:
        model = ""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}"
    return f"{psutil.cpu_count()} cores of {model or platform.machine()}, {memory:.0f} GiB, {system}"


def main() -> int:
    """Run what is there, in the order of its names."""
    rows: list[Row] = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"running {path.stem}", file=sys.stderr, flush=True)
        rows += [Row(*row) for row in importlib.import_module(f"benchmarks.{path.stem}").run()]
    introduction = INTRODUCTION.format(date=datetime.now(UTC).date(), machine=machine())
    REPORT.write_text(f"{introduction}\n{table(rows)}\n", encoding="utf-8")
    print(table(rows))
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
