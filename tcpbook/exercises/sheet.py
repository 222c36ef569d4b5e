"""Exercise sheets for a class: the exercises of a chapter, all of one seed, as a notebook or as a page to print.

What a student gets holds nothing of the answers. What `solved` adds is for the teacher.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from tcpbook.exercises.answers import Form, letters
from tcpbook.exercises.book import CHAPTERS
from tcpbook.exercises.instance import Instance, Part
from tcpbook.exercises.kinds import generate
from tcpbook.protocol.errors import TcpBookError

MOST = 1000
"""How many sheets are written at once, at most."""

BY_HAND = {
    Form.CHOICE: "a choice as its letter",
    Form.NUMBER: "a number like 18, 1,024 or 0x12",
    Form.FLAGS: "control bits by name, like SYN,ACK, or none",
    Form.ORDER: "an order as letters, like B A C",
    Form.ARC: "an arrow as its two states, like LISTEN -> CLOSED",
}


def exercises(chapter: int, seed: int) -> list[Instance]:
    """Return the exercises of a sheet: one of each kind of the chapter, all of the same seed.

    Raises TcpBookError for a chapter without exercises and a seed that there is not.
    """
    offered = [number for number, each in CHAPTERS.items() if each.kinds]
    if chapter not in offered:
        raise TcpBookError(f"chapter {chapter} has no exercises; choose one of {', '.join(map(str, offered))}")
    return [generate(kind, seed) for kind in CHAPTERS[chapter].kinds]


def write(chapter: int, seed: int, out: Path, count: int = 1, solved: bool = False) -> list[Path]:
    """Write the sheets of `count` (1 to 1000) seeds from `seed` on; return the files.

    `out` is a notebook (.ipynb), a page to print with all sheets (.html), or a folder for a notebook each.
    Nothing is overwritten. Raises TcpBookError for what can't be written, OSError where the disk refuses.
    """
    if not 1 <= count <= MOST:
        raise TcpBookError(f"count {count} is out of range; choose one of 1 to {MOST}")
    seeds = range(seed, seed + count)
    suffix = out.suffix.lower()
    if suffix == ".html":
        texts = {out: page(chapter, seeds, solved)}
    elif suffix == ".ipynb":
        if count > 1:
            raise TcpBookError(f"{out} is one notebook and holds one sheet, not {count}; give a folder instead")
        texts = {out: notebook(chapter, seed, solved)}
    elif suffix and not out.is_dir():
        raise TcpBookError(f"{out} ends in {suffix}; choose .ipynb, .html, or a folder")
    else:
        texts = {out / name(chapter, each, solved): notebook(chapter, each, solved) for each in seeds}
        out.mkdir(parents=True, exist_ok=True)
    for path in texts:
        spare(path)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(texts)


def spare(path: Path) -> None:
    """Raise TcpBookError where writing to a path would overwrite something."""
    if path.exists():
        raise TcpBookError(f"{path} exists and is not overwritten; choose another name")


def name(chapter: int, seed: int, solved: bool = False) -> str:
    """Return the file name of a notebook.

    >>> name(3, 7), name(3, 7, solved=True)
    ('chapter-03-seed-7.ipynb', 'chapter-03-seed-7-solutions.ipynb')
    """
    return f"chapter-{chapter:02}-seed-{seed}{'-solutions' if solved else ''}.ipynb"


def cell_id(exercise: Instance, what: str = "answers") -> str:
    """Return the id of an exercise's cell, which names seed and kind: `mark` finds the answers by it.

    >>> cell_id(generate("classify a port", 7))
    'answers-7-classify-a-port'
    """
    return f"{what}-{exercise.seed}-{'-'.join(re.findall('[a-z0-9]+', exercise.kind.lower()))}"


def prompts(parts: Iterable[Part]) -> list[str]:
    """Return what stands before the answer to each part: "(a) SEQ of segment 2:"."""
    return [
        f"({letter}) {part.label}{'' if part.label.endswith(('?', '.', ':')) else ':'}"
        for letter, part in zip(ascii_lowercase, parts, strict=False)
    ]


def notebook(chapter: int, seed: int, solved: bool = False) -> str:
    """Return a sheet as the text of a notebook (nbformat 4.5), to be read with nothing but Jupyter.

    Tasks are locked Markdown cells, answers go into raw cells: nothing in either is ever run.
    """
    made = exercises(chapter, seed)
    how = f"Each exercise ends in a box with a line for each answer: write behind it. {how_to_answer(made)}"
    cells = [_locked("sheet", [f"<h1>{title(chapter, seed, solved)}</h1>", f"<p>{_text(how)}</p>"])]
    for number, exercise in enumerate(made, 1):
        asked = zip(prompts(exercise.parts), map(_choices, exercise.parts), strict=True)
        choices = [block for prompt, listed in asked if listed for block in (f"<p>{_text(prompt)}</p>", listed)]
        cells.append(_locked(cell_id(exercise, "task"), [*_task(number, exercise), *choices]))
        answers = [part.answer if solved else "" for part in exercise.parts]
        lines = "\n".join(map(" ".join, zip(prompts(exercise.parts), answers, strict=True)))
        cells.append(_cell("raw", cell_id(exercise), lines, deletable=False))
        if solved:
            cells.append(_locked(cell_id(exercise, "solution"), [_solution(exercise)]))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "tcpbook": {"chapter": chapter, "seed": seed}}
    sheet = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(sheet, ensure_ascii=False, indent=1) + "\n"


def page(chapter: int, seeds: Iterable[int], solved: bool = False) -> str:
    """Return the sheets of some seeds as one HTML page that stands alone; each begins on a new sheet of paper."""
    sheets = "\n".join(_sheet(chapter, seed, solved) for seed in seeds)
    style = Path(__file__).with_suffix(".css").read_text("utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(CHAPTERS[chapter].title)}: exercises</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{sheets}\n</body>\n</html>\n"
    )


def title(chapter: int, seed: int, solved: bool) -> str:
    """Return the heading of a sheet."""
    solutions = ", with solutions" if solved else ""
    return f"{CHAPTERS[chapter].title}: exercises of chapter {chapter}, sheet {seed}{solutions}"


def how_to_answer(made: Sequence[Instance]) -> str:
    """Return how to write the forms of answers that the sheet asks for."""
    forms = {part.form for exercise in made for part in exercise.parts}
    ways = "; ".join(way for form, way in BY_HAND.items() if form in forms)
    return f"Write {ways}."


def _cell(kind: str, own: str, source: str, **metadata: bool) -> dict[str, Any]:
    return {"cell_type": kind, "id": own, "metadata": metadata, "source": source.splitlines(keepends=True)}


def _locked(own: str, blocks: Iterable[str]) -> dict[str, Any]:
    """A cell of HTML blocks, in which Markdown means nothing; none but `pre` may hold an empty line."""
    return _cell("markdown", own, "\n\n".join(blocks), deletable=False, editable=False)


def _sheet(chapter: int, seed: int, solved: bool) -> str:
    made = exercises(chapter, seed)
    blocks = [
        f"<h1>{title(chapter, seed, solved)}</h1>",
        '<p class="line"><span>Name</span> <strong></strong></p>',
        f"<p>{_text(how_to_answer(made))}</p>",
        *(_section(number, exercise, solved) for number, exercise in enumerate(made, 1)),
    ]
    return "<article>\n" + "\n".join(blocks) + "\n</article>"


def _section(number: int, exercise: Instance, solved: bool) -> str:
    blocks = _task(number, exercise)
    for prompt, part in zip(prompts(exercise.parts), exercise.parts, strict=True):
        answer = _text(part.answer) if solved else ""
        blocks += [f'<p class="line"><span>{_text(prompt)}</span> <strong>{answer}</strong></p>', _choices(part)]
    if solved:
        blocks.append(_solution(exercise))
    return "<section>\n" + "\n".join(filter(None, blocks)) + "\n</section>"


def _task(number: int, exercise: Instance) -> list[str]:
    """What is given, as blocks of HTML, under what makes the exercise again: its kind and its seed."""
    blocks = [f"<h2>{number}. {_text(exercise.kind)}, seed {exercise.seed}</h2>", f"<p>{_text(exercise.task)}</p>"]
    if exercise.given:
        blocks.append(f"<pre>{_shown(exercise.given)}</pre>")
    if exercise.picture:
        # JupyterLab shows no inline SVG in Markdown, and none as an attachment.
        encoded = base64.b64encode(exercise.picture.standalone.encode()).decode()
        words = escape(" ".join(exercise.picture.words.split()))
        blocks.append(f'<p><img alt="{words}" src="data:image/svg+xml;base64,{encoded}"></p>')
    return blocks


def _choices(part: Part) -> str:
    """The choices, each with its letter; none for bits, written by name, and for more than there are letters."""
    if part.form is Form.FLAGS or not 0 < len(part.choices) <= len(ascii_lowercase):
        return ""
    lettered = zip(letters(part.choices), part.choices, strict=True)
    return f"<ul>{''.join(f'<li>{letter}. {_text(choice)}</li>' for letter, choice in lettered)}</ul>"


def _solution(exercise: Instance) -> str:
    steps = "".join(f"<li>{_text(step)}</li>" for step in exercise.solution)
    return f"<h3>Solution</h3><ol>{steps}</ol>"


def _text(text: str) -> str:
    return _shown(" ".join(text.split()))


def _shown(text: str) -> str:
    r"""Text as HTML that means the text itself; JupyterLab would read a pair of $, or \(, as mathematics."""
    return re.sub(r"[$\\]", lambda found: f"<span>&#{ord(found[0])};</span>", escape(text))
