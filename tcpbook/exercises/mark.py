"""Mark returned notebooks. They are data in a stranger's hand: read, never run, and never trusted.

From a notebook come the numbers of its chapter and its sheet, and the texts of its answer cells. Everything else is
made again: the exercises, the right answers, what a wrong one reveals.
"""

from __future__ import annotations

import csv
import json
import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tcpbook.exercises.instance import Part
from tcpbook.exercises.sheet import cell_id, exercises, prompts
from tcpbook.protocol.errors import TcpBookError

MOST_BYTES = 10_000_000
"""The largest notebook that is read; a sheet has some ten thousand bytes."""

MOST_CHARACTERS = 1000
"""The longest text in a table; the rest is cut off."""


class Row(NamedTuple):
    """The mark of one part of an exercise, or, with all from `chapter` to `misconception` empty, why there is none."""

    file: str
    student: str
    chapter: int | str = ""
    seed: int | str = ""
    exercise: int | str = ""
    kind: str = ""
    part: str = ""
    answer: str = ""
    right: int = 0
    misconception: str = ""
    says: str = ""


def mark(folder: Path) -> Iterator[Row]:
    """Mark every notebook in and below a folder; whatever is wrong with one is a row.

    The student is the first folder on the way to the notebook, as nbgrader has it, or else the notebook's name.
    Raises TcpBookError for what is no folder, or has no notebook.
    """
    if not folder.is_dir():
        raise TcpBookError(f"{folder} is not a folder; give the one with the returned notebooks")
    found = False
    for path, trouble in _notebooks(folder):
        found = True
        inside = path.relative_to(folder)
        row = Row(str(inside), inside.parts[0] if len(inside.parts) > 1 else path.stem)
        try:
            if trouble:
                raise TcpBookError(trouble)
            yield from _marks(_load(path), row)
        except OSError as error:
            yield row._replace(says=f"Not read: {error.strerror}.")
        except TcpBookError as error:
            yield row._replace(says=f"Not marked: {error}.")
    if not found:
        raise TcpBookError(f"{folder} has no notebook (.ipynb) in it; give the folder with the returned ones")


def write(rows: Iterable[Row], file: TextIO) -> None:
    """Write rows as CSV that a spreadsheet shows and never computes."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(Row._fields)
    table.writerows([harmless(str(value)) for value in row] for row in rows)


def totals(rows: Iterable[Row]) -> Iterator[str]:
    """Yield one line a notebook: its points, or why it has none."""
    for file, group in groupby(rows, lambda row: row.file):
        marks = list(group)
        points = f"{sum(row.right for row in marks)} of {len(marks)}" if marks[0].part else marks[0].says
        yield harmless(f"{file}: {points}")


def harmless(text: str) -> str:
    """Return text of unknown origin for a table or a terminal: printable, not too long, no formula.

    A formula may hide behind a separator: where that is what a spreadsheet splits at, it begins a cell.

    >>> harmless("=1+1"), harmless("a;@b"), harmless("x\\x1b[2J")
    ("'=1+1", "a;'@b", 'x�[2J')
    """
    shown = "".join(letter if letter.isprintable() else "�" for letter in text[:MOST_CHARACTERS])
    cut = "…" if len(text) > MOST_CHARACTERS else ""
    return re.sub(r"(^|[;,|\"])(\s*)(?=[-=+@＝＋－＠])", r"\1\2'", shown) + cut


def _notebooks(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every notebook in and below a folder, in order, and what forbids to read it; links are not followed.

    What begins with a dot is left out: Jupyter's checkpoints, and what macOS adds to an archive.
    """
    denied: list[OSError] = []
    for place, below, names in os.walk(folder, onerror=denied.append):
        below[:] = sorted(each for each in below if not each.startswith("."))
        for path in (Path(place, each) for each in below):
            if path.is_symlink():
                yield path, "it is a link, and links are not followed"
            elif _is_notebook(path.name):
                yield path, "it is a folder"
        for path in (Path(place, each) for each in sorted(names) if _is_notebook(each)):
            yield path, "it is a link, and links are not followed" if path.is_symlink() else ""
    for error in denied:
        yield Path(error.filename), f"the folder can't be opened: {error.strerror}"


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb") and not name.startswith(".")


def _load(path: Path) -> Any:
    """The notebook as JSON has it, of any type whatever."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise TcpBookError("it is no ordinary file")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise TcpBookError(f"it has more than {MOST_BYTES // 1_000_000} MB; a sheet has far less")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise TcpBookError(f"it is no notebook: {error}") from error


def _marks(notebook: Any, row: Row) -> Iterator[Row]:
    """Mark each part of each exercise of the sheet that the notebook says it is."""
    match notebook:
        case {"metadata": {"tcpbook": {"chapter": int(chapter), "seed": int(seed)}}, "cells": list(cells)}:
            made, written = exercises(chapter, seed), _written(cells)
        case _:
            raise TcpBookError("it is no exercise sheet, or has lost the numbers of its chapter and its sheet")
    for number, exercise in enumerate(made, 1):
        own = row._replace(chapter=chapter, seed=seed, exercise=number, kind=exercise.kind)
        texts = written[cell_id(exercise)]
        answers = _answers(texts[0] if len(texts) == 1 else "", exercise.parts)
        lost = "" if len(texts) == 1 else f"Not answered: {len(texts)} cells have the id {cell_id(exercise)}."
        for prompt, answer, marked in zip(prompts(exercise.parts), answers, exercise.mark(answers), strict=True):
            yield own._replace(
                part=prompt,
                answer=answer,
                right=int(marked.right),
                misconception=marked.misconception,
                says=lost or marked.says,
            )


def _written(cells: list[Any]) -> defaultdict[str, list[str]]:
    """The texts of the cells by their ids; what is no cell is passed over."""
    texts = defaultdict[str, list[str]](list)
    for cell in cells:
        match cell:
            case {"id": str(own), "source": str(source)}:
                texts[own].append(source)
            case {"id": str(own), "source": list(lines)}:
                texts[own].append("".join(line for line in lines if isinstance(line, str)))
    return texts


def _answers(text: str, parts: Sequence[Part]) -> list[str]:
    """The answer to each part: what follows its letter, without its label if that still stands there."""
    asked = {prompt[:3]: prompt for prompt in prompts(parts)}
    said = dict.fromkeys(asked, "")
    for piece in re.split(r"(?m)^(?=[ \t]*\([a-z]\))", text):
        line = " ".join(piece.split())
        letter = line[:3]
        if letter in asked:
            answer = line.removeprefix(asked[letter]) if line.startswith(asked[letter]) else line[3:].lstrip(" :")
            said[letter] = answer.strip() or said[letter]
    return list(said.values())
