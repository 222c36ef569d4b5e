"""The reader's progress: what is kept, where, what is passed over, and which exercise comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from tcpbook.exercises import book, predict, progress
from tcpbook.exercises.book import Chapter
from tcpbook.exercises.progress import READ_BYTES, Attempt, read, recall, record, reset
from tcpbook.protocol.errors import TcpBookError
from tree import ROOT

WRONG = Attempt("classify a port", False, "certain", ("registered by use",), seed=7, chapter=6)
RIGHT = Attempt("classify a port", True, "a guess", seed=8, chapter=6)


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a reader who has none yet, nor its folder."""
    path = tmp_path / "reader" / "progress.jsonl"
    monkeypatch.setenv("TCPBOOK_PROGRESS", str(path))
    return path


def test_what_is_recorded_is_read_in_order(file: Path) -> None:
    assert read() == []
    assert [record(WRONG), record(RIGHT)] == ["", ""]
    assert read() == [WRONG, RIGHT]
    assert file.read_bytes().count(b"\n") == 2


def test_a_line_is_readable_by_a_person(file: Path) -> None:
    record(Attempt("SYN — 접속 요청?", True, "certain", chapter=3, when="2026-11-23T06:00:00+09:00"))
    assert file.read_text(encoding="utf-8") == (
        '{"task": "SYN — 접속 요청?", "right": true, "confidence": "certain", "misconceptions": [], "seed": null, '
        '"chapter": 3, "when": "2026-11-23T06:00:00+09:00"}\n'
    )


def test_an_attempt_knows_when_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/book/04-closing.ipynb")
    attempt = Attempt("?", True, "certain")
    assert attempt.chapter == 4
    assert abs(datetime.now().astimezone() - datetime.fromisoformat(attempt.when)).total_seconds() < 60


def test_without_the_variable_it_is_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TCPBOOK_PROGRESS")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert progress.path() == tmp_path / ".tcpbook" / "progress.jsonl"


def test_tests_and_their_kernels_never_use_the_readers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert "tcpbook-" in str(progress.path())
    assert not progress.path().is_relative_to(Path.home() / ".tcpbook")


DAMAGED = {
    "a cut line": json.dumps({"task": "?"})[:-3],
    "no object": "[1, 2]",
    "a number": "7",
    "no text": "\0\0\0",
    "nested": "[" * 100_000,
    "a long number": "9" * 10_000,
}
FOREIGN: dict[str, dict[str, object]] = {
    "a text for a truth": {"right": "yes"},
    "a number for a truth": {"right": 1},
    "a number for a task": {"task": 7},
    "a list for a task": {"task": ["?"]},
    "half a surrogate pair": {"task": "\ud800"},
    "no list": {"misconceptions": 7},
    "a list of numbers": {"misconceptions": [7]},
    "a broken seed": {"seed": 0.5},
    "a truth for a chapter": {"chapter": True},
    "no time": {"when": "yesterday"},
    "a time without a zone": {"when": "2026-11-23T06:00:00"},
    "infinity": {"chapter": float("inf")},
}
LINE: dict[str, object] = {"task": "?", "right": True, "confidence": "", "misconceptions": [], "seed": None, "chapter": None, "when": "2026-11-23T06:00:00Z"}  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    "line", [*DAMAGED.values(), *(json.dumps(LINE | change) for change in FOREIGN.values())], ids=[*DAMAGED, *FOREIGN]
)
def test_a_damaged_or_foreign_line_is_passed_over_and_kept(file: Path, line: str) -> None:
    record(WRONG)
    with file.open("a", encoding="utf-8") as end:
        end.write(f"{line}\n")
    record(RIGHT)
    assert read() == [WRONG, RIGHT]
    assert line in file.read_text(encoding="utf-8")


def test_the_sample_line_itself_is_read(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps(LINE), encoding="utf-8")
    assert [attempt.task for attempt in read()] == ["?"]


@pytest.mark.parametrize("missing", LINE)
def test_an_object_that_lacks_something_is_no_attempt(file: Path, missing: str) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps({name: value for name, value in LINE.items() if name != missing}), encoding="utf-8")
    assert read() == []


def test_a_line_that_was_cut_off_spoils_no_other(file: Path) -> None:
    """As a full disk or a pulled plug leaves it."""
    record(WRONG)
    file.write_bytes(file.read_bytes() + b'{"task": "SY')
    record(RIGHT)
    record(RIGHT)
    assert read() == [WRONG, RIGHT, RIGHT]
    assert b'{"task": "SY\n' in file.read_bytes()


def test_of_a_huge_file_the_end_is_read(file: Path) -> None:
    record(WRONG)
    with file.open("r+b") as huge:
        huge.seek(2**36)  # 64 GiB that take no room
        huge.write(b"\n")
    record(RIGHT)
    assert file.stat().st_size > READ_BYTES
    assert read() == [RIGHT]


def test_text_that_is_none_is_kept_as_a_question_mark() -> None:
    assert record(Attempt("half \ud800", True, "certain")) == ""
    assert read()[0].task == "half ?"


def test_two_kernels_at_once_lose_nothing() -> None:
    program = (
        "from tcpbook.exercises.progress import Attempt, record\n"
        "for seed in range(300): record(Attempt('x' * 2000, True, 'certain', seed=seed))"
    )
    kernels = [subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) for _ in range(2)]
    assert [kernel.wait(timeout=60) for kernel in kernels] == [0, 0]
    assert sorted(attempt.seed or 0 for attempt in read()) == sorted([*range(300)] * 2)


def test_what_cannot_be_written_gets_a_sentence(file: Path) -> None:
    file.parent.write_text("a file where the folder should be", encoding="utf-8")
    assert record(WRONG).startswith("Your answer can't be kept for the map of the book: ")
    assert str(file.parent) in record(WRONG)
    assert read() == []
    assert reset().startswith("Your progress can't be deleted: ")


def test_a_folder_in_its_place_gets_a_sentence(file: Path) -> None:
    file.mkdir(parents=True)
    assert record(WRONG)
    assert read() == []
    assert reset()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs Linux or macOS: a pipe with a name")
def test_a_pipe_keeps_nobody_waiting(file: Path) -> None:
    file.parent.mkdir()
    os.mkfifo(file)
    assert record(WRONG)
    assert read() == []


def test_reset_deletes_the_file(file: Path) -> None:
    assert reset() == ""
    record(WRONG)
    assert reset() == ""
    assert not file.exists()
    assert read() == []


def test_a_prediction_is_kept_once() -> None:
    question = predict.number("How long is the header?", 24, "6 words of 4.")
    assert read() == []
    question.commit("x", "certain")
    assert read() == []
    question.commit(20, "certain")
    question.commit(24, "certain")
    (kept,) = read()
    assert (kept.task, kept.right, kept.confidence, kept.seed) == ("How long is the header?", False, "certain", None)


def test_a_prediction_committed_in_the_page_is_kept_once() -> None:
    question = predict.number("How long is the header?", 24, "6 words of 4.")
    for _ in range(2):
        question.set_state({"committed": True, "answer": "24", "confidence": "a guess", "message": ""})
    assert [(kept.right, kept.confidence) for kept in read()] == [(True, "a guess")]


def test_a_prediction_that_cannot_be_kept_says_so(file: Path) -> None:
    file.parent.write_text("", encoding="utf-8")
    question = predict.number("How long is the header?", 24, "6 words of 4.")
    question.commit(24, "certain")
    assert question.right
    assert question.message.startswith("Your answer can't be kept")


@pytest.fixture
def chapters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A book of three chapters with two kinds each, one of them shared."""
    chapters = {1: ("a", "b"), 2: ("b", "c"), 3: ("d",)}
    monkeypatch.setattr(book, "CHAPTERS", {number: Chapter("", "", kinds) for number, kinds in chapters.items()})


def recalled(before: int) -> set[str]:
    return {recall(before, seed)[0] for seed in range(60)}


@pytest.mark.usefixtures("chapters")
def test_recall_without_progress_goes_by_the_seed() -> None:
    assert recall(3, 5) == recall(3, 5)
    assert recalled(2) == {"a", "b"}
    assert recalled(3) == {"a", "b", "c"}
    assert len({recall(3, seed)[1] for seed in range(60)}) == 60


@pytest.mark.usefixtures("chapters")
def test_recall_brings_back_what_was_wrong_last() -> None:
    record(Attempt("a", False, "a guess", ("registered by use",), seed=1, chapter=1))
    record(Attempt("c", False, "certain", seed=1, chapter=2))
    record(Attempt("b", False, "a guess", seed=1, chapter=2))  # a slip, known to be one
    record(Attempt("d", False, "certain", seed=1, chapter=3))
    assert recalled(2) == {"a"}
    assert recalled(3) == {"a", "c"}
    record(Attempt("a", True, "a guess", seed=2, chapter=2))
    assert recalled(3) == {"c"}
    record(Attempt("c", True, "a guess", seed=2, chapter=2))
    assert recalled(3) == {"a", "b", "c"}


@pytest.mark.usefixtures("chapters")
def test_recall_passes_over_predictions_and_kinds_that_are_gone() -> None:
    record(Attempt("a", False, "certain"))
    record(Attempt("z", False, "certain", seed=1))
    assert recalled(3) == {"a", "b", "c"}


@pytest.mark.usefixtures("chapters")
def test_recall_needs_an_earlier_chapter() -> None:
    with pytest.raises(TcpBookError, match="no exercise comes before chapter 1; choose a chapter after 1"):
        recall(1, 5)
