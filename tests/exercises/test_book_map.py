"""BookMap without a browser: what it counts, what it brings up again, and what nobody else sees of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tcpbook.exercises.book import CHAPTERS
from tcpbook.exercises.book_map import SHOWN, BookMap
from tcpbook.exercises.misconceptions import MISCONCEPTIONS
from tcpbook.exercises.progress import Attempt, read, record


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "reader" / "progress.jsonl"
    monkeypatch.setenv("TCPBOOK_PROGRESS", str(path))
    return path


def row(book: BookMap, number: int) -> list[str]:
    cells: list[str] = book.view["rows"][list(CHAPTERS).index(number)]
    return cells


def asked(book: BookMap, what: Any) -> None:
    book._asked(book, {"do": what}, [])


def test_a_blank_map() -> None:
    book = BookMap()
    assert book.view["rows"] == [["—", "—"]] * len(CHAPTERS)
    assert book.view["again"] == []
    assert book.view["verdict"] == "You have not been certain of anything yet."


def test_each_question_counts_once_by_its_last_answer() -> None:
    for right in (False, True):
        record(Attempt("Which?", right, "a guess", chapter=3))
    record(Attempt("Who?", False, "a guess", chapter=3))
    for seed, right in ((1, False), (1, True), (2, True), (3, False)):
        record(Attempt("a kind", right, "a guess", seed=seed, chapter=3))
    assert row(BookMap(), 3) == ["1 of 2 right", "2 of 3 right"]


def test_every_answer_counts_for_confidence() -> None:
    for confidence, right in [
        ("certain", False),
        ("certain", True),
        ("certain", True),
        ("a guess", False),
        ("so so", True),
    ]:
        record(Attempt("Which?", right, confidence, chapter=3))
    book = BookMap()
    assert book.view["sure"] == [["a guess", 0, 1], ["fairly sure", 0, 0], ["certain", 2, 1]]
    assert book.view["verdict"] == "Certain and wrong: 1 of 3."


def test_what_was_tried_elsewhere_has_a_row_of_its_own() -> None:
    record(Attempt("Which?", True, "a guess", chapter=None))
    record(Attempt("Who?", True, "a guess", chapter=99))
    assert BookMap().view["rows"][len(CHAPTERS) :] == [["2 of 2 right", "—"]]


def test_what_comes_up_again_is_what_was_wrong_last_the_newest_first() -> None:
    name = "registered by use"
    record(Attempt("classify a port", False, "a guess", (name, "gone since"), seed=1, chapter=6))
    record(Attempt("Which?", False, "certain", chapter=3))
    record(Attempt("Who?", False, "a guess", chapter=3))
    record(Attempt("another kind", False, "a guess", ("gone since",), seed=1, chapter=6))
    again = BookMap().view["again"]
    assert again == [
        ("Certain, and wrong:", "Which?", "03 Opening", "03-opening.ipynb"),
        (f"Not so: {MISCONCEPTIONS[name].idea}", MISCONCEPTIONS[name].feedback, "06 Ports", "06-ports.ipynb"),
    ]
    record(Attempt("classify a port", True, "a guess", seed=2, chapter=6))
    assert BookMap().view["again"] == again[:1]


def test_a_long_list_is_cut() -> None:
    for number in range(SHOWN + 5):
        record(Attempt(f"Question {number}?", False, "certain"))
    view = BookMap().view
    assert [text for _, text, *_ in view["again"]][:1] == [f"Question {SHOWN + 4}?"]
    assert (len(view["again"]), view["more"]) == (SHOWN, 5)


def test_the_page_asks_for_a_new_look_and_for_a_blank_map() -> None:
    book = BookMap()
    record(Attempt("Which?", False, "certain", chapter=3))
    assert row(book, 3) == ["—", "—"]
    asked(book, "look")
    assert row(book, 3) == ["0 of 1 right", "—"]
    asked(book, "reset")
    assert (row(book, 3), read()) == (["—", "—"], [])
    assert book.view["told"] == "Deleted. The map is blank again."


def test_only_the_word_reset_deletes() -> None:
    book = BookMap()
    record(Attempt("Which?", False, "certain", chapter=3))
    for what in (None, "", "RESET", ["reset"], {"do": "reset"}):
        asked(book, what)
    assert len(read()) == 1


def test_what_cannot_be_deleted_gets_a_sentence(file: Path) -> None:
    file.mkdir(parents=True)
    book = BookMap()
    book.reset()
    assert book.view["told"].startswith("Your progress can't be deleted: ")


def test_what_is_saved_is_the_same_for_everybody() -> None:
    before, _ = BookMap()._repr_mimebundle_()
    record(Attempt("Which?", False, "certain", chapter=3))
    after, _ = BookMap()._repr_mimebundle_()
    live = "application/vnd.jupyter.widget-view+json"
    assert {**before, live: 0} == {**after, live: 0}
    for chapter in CHAPTERS.values():
        assert f'<a href="{chapter.stem}.ipynb">' in before["text/html"]
    assert "06 Ports</a>: classify a port" in before["text/html"]


def test_the_page_is_sent_a_few_thousand_bytes(file: Path) -> None:
    file.parent.mkdir()
    line = {"right": False, "confidence": "certain", "misconceptions": [], "seed": None, "when": "2026-11-23T06:00:00Z"}
    with file.open("w", encoding="utf-8") as lines:
        for number in range(20_000):
            lines.write(json.dumps(line | {"task": f"Question {number}?", "chapter": number}) + "\n")
        lines.write(json.dumps(line | {"task": "long " * 100_000, "chapter": 3}) + "\n")
    assert len(json.dumps(BookMap().view)) < 5_000
