"""Exercise sheets for a class, and marks for what comes back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from tcpbook.exercises import mark, sheet
from tcpbook.protocol.errors import TcpBookError


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code: 0, or 2 after a sentence that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tcpbook.exercises", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="sheet | mark")

    command = commands.add_parser("sheet", help="write exercise sheets")
    command.add_argument("--chapter", type=int, required=True, help="its exercises")
    command.add_argument("--seed", type=int, required=True, help="makes the sheet: another seed, another sheet")
    command.add_argument("--out", type=Path, required=True, help="NAME.ipynb, NAME.html, or a folder of notebooks")
    command.add_argument("--count", type=int, default=1, help="how many sheets, with seeds from SEED on (1)")
    command.add_argument("--solutions", action="store_true", help="with answers and solutions, for the teacher")
    command.set_defaults(run=_sheet)

    command = commands.add_parser("mark", help="mark returned notebooks; nothing in them is run")
    command.add_argument("folder", type=Path, help="the folder with the notebooks, in it or below")
    command.add_argument("--out", type=Path, help="the CSV file to write (the terminal)")
    command.set_defaults(run=_mark)

    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # a file's name may hold what the terminal can't write
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        chosen.run(chosen)
    except TcpBookError as error:
        print(f"{error}.", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 2
    return 0


def _sheet(chosen: argparse.Namespace) -> None:
    for path in sheet.write(chosen.chapter, chosen.seed, chosen.out, chosen.count, chosen.solutions):
        print(path)


def _mark(chosen: argparse.Namespace) -> None:
    if chosen.out:
        sheet.spare(chosen.out)
    rows = list(mark.mark(chosen.folder))
    if chosen.out:
        # The byte order mark tells a spreadsheet that this is UTF-8.
        with chosen.out.open("w", encoding="utf-8-sig", newline="") as file:
            mark.write(rows, file)
    else:
        mark.write(rows, sys.stdout)
    for line in mark.totals(rows):
        print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
