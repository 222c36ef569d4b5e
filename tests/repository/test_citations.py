"""Every citation of an RFC, wherever it stands: by number, by title, by figure and by requirement.

tools/rfc-titles.json knows what RFC 9293 has, as read from its text, and which sections of other RFCs may be cited.
Whether the section says what it is cited for, only a reader can tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tcpbook.protocol.rules import RULES
from tools.citations import RFC, Citation, citations
from tools.make_index import QUOTED, parts
from tree import PACKAGE, ROOT, files

TITLES = json.loads((ROOT / "tools/rfc-titles.json").read_text(encoding="utf-8"))
SECTIONS: dict[str, str] = TITLES["sections"]
ITEMS: dict[str, str] = TITLES["items"]
OTHERS: dict[str, dict[str, str]] = TITLES["sections of other RFCs"]

ITEM = re.compile(r"\b(?:(?:MUST|SHLD|MAY|REC)-\d+|(?:Figure|Table) \d+)\b")
"""A requirement of RFC 9293, or one of its figures and tables."""

BESIDE = re.compile(rf"(?<!\d )§(?P<section>[A\d](?:\.\d+)*)(?:,|:)? (?P<item>{ITEM.pattern})")
"""A section of RFC 9293, and directly behind it what is said to stand in it."""

GLOSSED = re.compile(r"(?P<sections>§[A\d](?:\.\d+)*(?:(?:, | and | to )§[A\d](?:\.\d+)*)*) \((?P<gloss>[^()§]+)\)")
"""Sections, and in parentheses what they are about."""


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("(§3.10.7.4)", [(RFC, "3.10.7.4")]),
        ("RFC 9293 §3.4.1", [(RFC, "3.4.1")]),
        ("says §3.10. Next", [(RFC, "3.10")]),
        ("§A.2, a note", [(RFC, "A.2")]),
        ("RFC 6298 §2 and §5", [(6298, "2"), (6298, "5")]),
        ("RFC 6298 §2 (the estimator), §5", [(6298, "2"), (6298, "5")]),
        ("RFC 6298 §5, rule 5.5", [(6298, "5")]),
        ("§3.5 (see RFC 6528), §3.6", [(RFC, "3.5"), (6528, ""), (RFC, "3.6")]),
        ("§3.6, 3.10.7.4", [(RFC, "3.6"), (RFC, "3.10.7.4")]),
        ("§3.10.7.4, RFC 1337 §1", [(RFC, "3.10.7.4"), (1337, "1")]),
        ("§3.5.1 to §3.5.3 (resets)", [(RFC, "3.5.1"), (RFC, "3.5.3")]),
        ("RFC 5961, which §3.10.7.4 takes in", [(5961, ""), (RFC, "3.10.7.4")]),
        ("| 4 | 7323 §2.2 |", [(7323, "2.2")]),
        ("RFC 6335's port ranges; RFC\n    # 6056 §3.2", [(6335, ""), (6056, "3.2")]),
        ("In 2022 there were 16 bits", []),
    ],
)
def test_citations_are_read(text: str, cited: list[tuple[int, str]]) -> None:
    assert list(citations(text)) == [Citation(*each) for each in cited]


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Return (place, text) of the chapters' cells and of everything else that is written, this file excepted."""
    written = [path for path in files() if path.suffix in {".css", ".js", ".md", ".py"} and path != Path(__file__)]
    written += PACKAGE.rglob("*.json")
    return (
        *((f"{part.file}, cell {part.cell}", part.text) for part in parts()),
        *((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in written),
    )


def wrong(text: str) -> Iterator[str]:
    """Yield each citation in `text` that leads nowhere."""
    for rfc, section in citations(text):
        known = SECTIONS if rfc == RFC else OTHERS.get(str(rfc), {})
        if str(rfc) not in TITLES["rfcs"] or section not in {"", *known}:
            yield f"RFC {rfc} §{section}"


def misplaced(text: str) -> Iterator[str]:
    """Yield each requirement, figure or table of `text` that RFC 9293 doesn't have, or has in another section."""
    yield from (item for item in ITEM.findall(text) if not item.startswith(("Figure", "Table")) and item not in ITEMS)
    for found in BESIDE.finditer(re.sub(r"\s+(?:# )?", " ", text)):
        if found["section"] not in ITEMS.get(found["item"], "").split():
            yield found[0]


def mistitled(text: str) -> Iterator[str]:
    """Yield each gloss of a section in `text` that is the title of another one."""
    for found in GLOSSED.finditer(text):
        cited = {SECTIONS.get(section, "").casefold() for section in re.findall(r"§([\w.]*\w)", found["sections"])}
        glosses = {gloss.strip().casefold() for gloss in re.split("[,;]", found["gloss"])}
        if glosses & {title.casefold() for title in SECTIONS.values() if " " in title} - cited:
            yield found[0]


@pytest.mark.parametrize("check", [wrong, misplaced, mistitled])
def test_every_citation_is_right(check: Callable[[str], Iterator[str]]) -> None:
    """Where another RFC's section is meant, its number stands directly before it."""
    assert [(place, each) for place, text in texts() for each in check(text)] == []


def test_citations_are_found_everywhere() -> None:
    """In the chapters, in the package's docstrings and tables, in tests, tools and pages: the checks read them all."""
    places = {place for place, text in texts() for _ in citations(text)}
    assert sum(place.startswith(("0", "1")) for place in places) > 100
    for folder in ("tcpbook/protocol", "tcpbook/exercises/kinds", "tcpbook/lab/scenarios", "tests/protocol", "tools"):
        assert any(place.startswith(f"{folder}/") for place in places), folder
    assert {"README.md", "CONTRIBUTING.md"} <= places
    assert sum(bool(ITEM.search(text)) for _, text in texts()) > 20


def test_what_is_wrong_is_found() -> None:
    assert list(wrong("RFC 9293 §3.11 and §3.10; RFC 6298 §5.5; RFC 6335 §7, RFC 9999")) == [
        "RFC 9293 §3.11",
        "RFC 6298 §5.5",
        "RFC 6335 §7",
        "RFC 9999 §",
    ]
    assert list(misplaced("§3.6.1, MUST-13; §3.4.2, MUST-13; MAY-99; §3.6, Figure 13; §3.5, Figure 9")) == [
        "MAY-99",
        "§3.4.2, MUST-13",
        "§3.5, Figure 9",
    ]
    assert list(mistitled("§3.6 (closing, half-closed connections), §3.6.1 (half-closed connections)")) == [
        "§3.6 (closing, half-closed connections)"
    ]


def test_sections_without_the_sign_are_those_of_the_rules() -> None:
    text = (PACKAGE / "protocol/rules.py").read_text(encoding="utf-8")
    assert {rule.section for rule in RULES} == set(QUOTED.findall(text))
    quoted = {section for path in PACKAGE.rglob("*.py") for section in QUOTED.findall(path.read_text(encoding="utf-8"))}
    assert quoted <= SECTIONS.keys()
