"""Make chapters/glossary.ipynb and chapters/rfc-map.ipynb from what the chapters and the package say.

Run, after the chapters were changed: python -m tools.make_index

The glossary's rows are those of the tables of new terms in the chapters' recaps. The map's are the sections that the
chapters, the modules and the table of rules cite; their titles are in tools/rfc-titles.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import nbformat

from tcpbook.protocol.rules import RULES
from tools.citations import RFC, Citation, citations
from tools.regenerate import METADATA

ROOT = Path(__file__).parents[1]
CHAPTERS = ROOT / "chapters"
PACKAGE = ROOT / "tcpbook"
EDITOR = "https://www.rfc-editor.org/rfc"

TERMS = re.compile(r"^\| Term \| Korean \| What it means \|\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
"""The table of new terms in a chapter's recap; the group holds its rows."""

QUOTED = re.compile(r'"(3(?:\.\d+)+|A(?:\.\d+)+)"')
"""A section of RFC 9293's specification, or of its notes, in a table of the package such as the one of rules."""

SUMMARIES = ("Recap", "What the notes get wrong")
"""Headings under which a chapter repeats what it has treated before."""


class Part(NamedTuple):
    """What stands under a heading in one cell of a chapter: a place to link to."""

    file: str
    chapter: str  # as in the title: "03 Opening"
    heading: str
    cell: str
    text: str

    def link(self, label: str) -> str:
        """Return a link to the cell, which JupyterLab and nbconvert's pages follow."""
        return f"[{label}]({self.file}#cell-id={self.cell})"


class Term(NamedTuple):
    """A row of the glossary; `place` is where the chapter that defines the term first uses it."""

    english: str
    korean: str
    meaning: str
    place: Part


@cache
def parts() -> tuple[Part, ...]:
    """Return the text of all chapters in the order of reading, code included."""
    return tuple(part for path in sorted(CHAPTERS.glob("[0-9]*.ipynb")) for part in _parts(path))


def _parts(path: Path) -> Iterator[Part]:
    chapter = heading = ""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        prose = cell["cell_type"] == "markdown"
        for text in re.split(r"^(?=##+ )", source, flags=re.MULTILINE) if prose else [source]:
            if prose and text.startswith("#"):
                heading = text.partition("\n")[0].strip("# ")
                chapter = chapter or heading.partition(":")[0]
            if text:
                yield Part(path.name, chapter, heading, cell["id"], text)


def terms() -> list[Term]:
    """Return the new terms of all chapters, in the order of reading."""
    rows = [(row, part) for part in parts() for table in TERMS.findall(part.text + "\n") for row in table.splitlines()]
    found = []
    for row, recap in rows:
        english, korean, meaning = (cell.strip() for cell in row.strip("|").split("|"))
        found.append(Term(english, korean, meaning, _first_use(english, recap)))
    return found


def _first_use(term: str, recap: Part) -> Part:
    """Return the part of a chapter, after its title and goals, that first uses the term; the recap, if none does."""
    used = re.compile(rf"\b({'|'.join(map(re.escape, term.split(', ')))})", re.IGNORECASE)
    _, *body = (part for part in parts() if part.file == recap.file)
    texts = ((part, TERMS.sub("", part.text + "\n").replace("*", "")) for part in body)
    return next((part for part, text in texts if used.search(text)), recap)


def glossary() -> str:
    """Return the text of chapters/glossary.ipynb."""
    rows = [
        (term.english, f'<span lang="ko">{term.korean}</span>', term.meaning, term.place.link(term.place.chapter))
        for term in sorted(terms(), key=lambda term: term.english.casefold())
    ]
    return _notebook(
        "glossary",
        "# Glossary\n\n"
        f"The {len(rows)} terms of the book: in English, in Korean (as in the notes that the book grew out of, where "
        "they have a word for it), in a line, and where they come first. "
        "[Contents](00-start-here.ipynb) · [RFC map](rfc-map.ipynb)",
        _table(("English", "Korean", "What it means", "Chapter"), rows),
    )


def rfc_map() -> str:
    """Return the text of chapters/rfc-map.ipynb."""
    titles = json.loads((ROOT / "tools/rfc-titles.json").read_text(encoding="utf-8"))
    treated = [(part, cited) for part in parts() for cited in citations(part.text)]
    followed = list(cited_by_modules())
    own, silent, others = [], [], []
    for section, title in titles["sections"].items():
        places = [(part, "") for part, cited in treated if cited == (RFC, section)]
        modules = [module for module, cited in followed if cited == (RFC, section)]
        if places or modules:
            link = f"[§{section}]({EDITOR}/rfc{RFC}.html#{_anchor(section)})"
            own.append((link, title, _book(places), _package(modules, section)))
        else:
            silent.append(f"§{section} {title}")
    for rfc in sorted({cited.rfc for _, cited in (*treated, *followed)} - {RFC}):
        places = [(part, cited.section) for part, cited in treated if cited.rfc == rfc]
        modules = [module for module, cited in followed if cited.rfc == rfc]
        link = f"[RFC\u00a0{rfc}]({EDITOR}/rfc{rfc}.html)"
        others.append((link, titles["rfcs"][str(rfc)], _book(places), _package(modules)))
    return _notebook(
        "rfc-map",
        "# RFC map\n\n"
        "Where the book treats a section of the specification, and which modules of the package follow it: for those "
        "who come from the RFC. [Contents](00-start-here.ipynb) · [Glossary](glossary.ipynb)",
        f"## RFC {RFC}, {titles['rfcs'][str(RFC)]}\n\n"
        + _table(("Section", "Title", "In the book", "In the package"), own)
        + f"\n\nNot treated: {'; '.join(silent)}.",
        "## Other RFCs\n\n" + _table(("RFC", "Title", "In the book", "In the package"), others),
    )


def cited_by_modules() -> Iterator[tuple[Path, Citation]]:
    """Yield what each module of the package cites; its tables have "3.5" without the sign."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for cited in (*citations(text), *(Citation(RFC, section) for section in QUOTED.findall(text))):
            yield path, cited


def _anchor(section: str) -> str:
    """Return the anchor of a section in the RFC Editor's page."""
    return f"{'section' if section[0].isdecimal() else 'appendix'}-{section}"


def _book(places: Iterable[tuple[Part, str]]) -> str:
    """Return links to the parts, a line a chapter; each heading once, with the sections that it cites."""
    chapters: dict[str, dict[str, tuple[Part, list[str]]]] = {}
    for part, section in places:
        _, sections = chapters.setdefault(part.chapter, {}).setdefault(part.heading, (part, []))
        sections += [f" §{section}"] if section and f" §{section}" not in sections else []
    lines = []
    for chapter, headings in chapters.items():
        told = {heading: found for heading, found in headings.items() if heading not in SUMMARIES} or headings
        links = [part.link(heading) + ",".join(sections) for heading, (part, sections) in told.items()]
        lines.append(f"{chapter.split()[0]}: {', '.join(links)}")
    return "<br>".join(lines) or "–"


def _package(modules: Iterable[Path], section: str = "") -> str:
    """Return links to the modules; the one of the rules with how many of them cite the section."""
    rules = sum(rule.section == section for rule in RULES)
    links = []
    for path in sorted(set(modules)):
        name = path.relative_to(PACKAGE).with_suffix("").as_posix().removesuffix("/__init__")
        counted = f" ({rules} rule{'s' * (rules > 1)})" if rules and name == "protocol/rules" else ""
        links.append(f"[{name}](../{path.relative_to(ROOT).as_posix()}){counted}")
    return ", ".join(links) or "–"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _notebook(name: str, *texts: str) -> str:
    cells = [nbformat.v4.new_markdown_cell(text, id=f"{name}-{n}") for n, text in enumerate(texts)]
    return str(nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=METADATA))) + "\n"


MADE = {"glossary": glossary, "rfc-map": rfc_map}
"""What is made, by the name of its notebook."""


def main() -> None:
    """Write both notebooks."""
    for name, make in MADE.items():
        (CHAPTERS / f"{name}.ipynb").write_text(make(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
