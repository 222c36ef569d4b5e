"""The glossary and the RFC map: made from the chapters and the package, complete, their links alive."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tcpbook.protocol.rules import RULES
from tools.citations import RFC, citations
from tools.make_index import CHAPTERS as FOLDER
from tools.make_index import MADE, TERMS, Term, parts, terms
from tree import CHAPTERS, NOTEBOOKS, ROOT, cells

OF_THE_NOTES = {
    "transport layer": "전송 계층",
    "connection-oriented service": "연결형 서비스",
    "virtual circuit": "가상 회선 방식",
    "reliability": "신뢰성",
    "segment": "세그먼트",
    "congestion control": "혼잡 제어",
    "urgent data": "긴급 데이터",
    "upper layer": "상위 계층",
    "connection establishment": "연결 설정",
    "connection release": "연결 해제",
    "connection request": "접속 요청",
    "port state": "포트 상태정보",
    "well-known port": "잘 알려진 포트",
    "registered port": "등록된 포트",
    "dynamic port": "동적 포트",
    "logical address": "논리적인 주소",
}
"""The terms of the notes that the book grew out of."""

MOST_WORDS = 25
"""The length of a definition."""

every_term = pytest.mark.parametrize("term", terms(), ids=lambda term: term.english)
made = pytest.mark.parametrize("name", MADE)


@made
def test_what_is_committed_is_what_the_script_makes(name: str) -> None:
    """Else run `make chapters`, or `python -m tools.make_index` where only words were changed."""
    assert (FOLDER / f"{name}.ipynb").read_bytes() == MADE[name]().encode()


def test_every_notebook_is_a_chapter_or_made() -> None:
    assert {path.stem for path in NOTEBOOKS} - {path.stem for path in CHAPTERS} == MADE.keys()


@made
def test_made_notebooks_have_no_code_and_link_to_each_other(name: str) -> None:
    notebook = FOLDER / f"{name}.ipynb"
    assert cells(notebook, "code") == []
    first = cells(notebook)[0]["source"]
    assert first.startswith("# ")
    others = {f"{other}.ipynb" for other in MADE if other != name}
    assert {"00-start-here.ipynb"} | others <= set(re.findall(r"\]\(([^)]+)\)", first))


@made
def test_links_lead_to_existing_files_and_cells(name: str) -> None:
    text = "\n".join(cell["source"] for cell in cells(FOLDER / f"{name}.ipynb"))
    local = {target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target}
    assert len(local) > 20
    ids = {path.name: {cell["id"] for cell in cells(path)} for path in CHAPTERS}
    for target in local:
        path, _, fragment = target.partition("#cell-id=")
        assert (FOLDER / path).exists(), target
        assert not fragment or fragment in ids[path], target


@made
def test_rows_have_as_many_cells_as_their_head(name: str) -> None:
    for cell in cells(FOLDER / f"{name}.ipynb")[1:]:
        rows = [line for line in cell["source"].splitlines() if line.startswith("|")]
        assert len(rows) > 10
        assert {row.count(" | ") for row in rows} == {3}
        assert all(part.strip() for row in rows for part in row.strip("|").split("|"))


@made
def test_readme_leads_there(name: str) -> None:
    assert f"](chapters/{name}.ipynb)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_chapter_has_new_terms() -> None:
    tables = Counter(part.file for part in parts() for _ in TERMS.findall(part.text + "\n"))
    assert tables == dict.fromkeys((path.name for path in CHAPTERS), 1)


def test_the_terms_of_the_notes_are_all_there() -> None:
    korean = {name: term.korean for term in terms() for name in term.english.split(", ")}
    assert {name: word for name, word in OF_THE_NOTES.items() if korean.get(name) != word} == {}


def test_a_term_is_defined_once() -> None:
    names = Counter(name for term in terms() for name in term.english.split(", "))
    assert [name for name, times in names.items() if times > 1] == []
    words = Counter(term.korean for term in terms())
    assert [word for word, times in words.items() if times > 1] == []


@every_term
def test_a_definition_is_one_line(term: Term) -> None:
    assert len(term.meaning.split()) <= MOST_WORDS
    assert not term.meaning.endswith(".")
    assert not re.search(r"[|<>\[\]]", term.meaning)
    assert re.search("[가-힣]", term.korean)
    assert term.english == term.english.strip()


@every_term
def test_a_term_is_used_before_the_recap(term: Term) -> None:
    assert term.place.heading != "Recap"


def test_terms_are_found_where_they_are_first_used() -> None:
    (term,) = [term for term in terms() if term.english == "SYN flood"]
    assert (term.place.file, term.place.heading) == ("03-opening.ipynb", "A flood of ghosts")


def test_the_map_has_a_row_for_every_section_that_is_cited() -> None:
    text = "\n".join(cell["source"] for cell in cells(FOLDER / "rfc-map.ipynb"))
    rows = dict(re.findall(r"^\| \[(?:§|RFC\u00a0)([^\]]+)\]\([^)]+\) \| (.*) \|$", text, re.MULTILINE))
    told = {cited for part in parts() for cited in citations(part.text)}
    assert {cited.section for cited in told if cited.rfc == RFC and cited.section} <= rows.keys()
    assert {str(cited.rfc) for cited in told} - {str(RFC)} <= rows.keys()
    title, book, package = rows["3.10.7.4"].split(" | ")
    assert title == "Other States"
    assert "02: [A RST is never answered](02-flags.ipynb#cell-id=02-22)" in book
    counted = sum(rule.section == "3.10.7.4" for rule in RULES)
    assert f"[protocol/rules](../tcpbook/protocol/rules.py) ({counted} rules)" in package
    assert "[Three ranges and a register](06-ports.ipynb#cell-id=06-13) §6" in rows["6335"]
    assert "6" not in rows
