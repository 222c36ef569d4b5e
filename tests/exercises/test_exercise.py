"""The widget without a page, over every kind there is."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from exercised import same
from tcpbook.exercises import progress
from tcpbook.exercises.exercise import Exercise, Recall
from tcpbook.exercises.instance import Instance
from tcpbook.exercises.kinds import KINDS, LAST_SEED, generate
from tcpbook.exercises.misconceptions import MISCONCEPTIONS
from tcpbook.protocol.errors import TcpBookError

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def answers(instance: Instance) -> list[str]:
    return [part.answer for part in instance.parts]


def with_mistake(kind: str) -> tuple[Exercise, list[str], str]:
    """An exercise of the kind, answers of which one is a known mistake, and its name."""
    for seed in range(200):
        exercise = Exercise(kind, seed)
        for place, part in enumerate(exercise.instance.parts):
            for wrong, name in part.mistakes.items():
                given = answers(exercise.instance)
                return exercise, [*given[:place], wrong, *given[place + 1 :]], name
    raise AssertionError(f"{kind} knows no misconception")


@EVERY_KIND
def test_the_right_answers_are_right(kind: str) -> None:
    exercise = Exercise(kind)
    assert exercise.right is None
    told = exercise.check(*answers(exercise.instance), confidence="certain")
    assert exercise.right is True
    assert told.split("\n") == [f"{part.label}: Right." for part in exercise.instance.parts]
    assert (exercise.tries, exercise.confidence) == (1, "certain")


@EVERY_KIND
def test_a_known_mistake_is_told_what_is_true_instead(kind: str) -> None:
    exercise, given, name = with_mistake(kind)
    told = exercise.check(*given)
    assert exercise.right is False
    assert MISCONCEPTIONS[name].feedback in told


@EVERY_KIND
def test_the_page_says_what_python_says(kind: str) -> None:
    exercise, given, _ = with_mistake(kind)
    sealed = json.loads(base64.b64decode(exercise.sealed))
    for part, page, mark in zip(exercise.instance.parts, sealed["parts"], exercise.instance.mark(given), strict=True):
        assert page["key"] == part.answer
        assert mark.says == ("Right." if mark.right else f"Not yet. {page['said'].get(mark.key, '')}".strip())
    assert tuple(sealed["hints"]) == exercise.instance.hints
    assert tuple(sealed["solution"]) == exercise.instance.solution


@EVERY_KIND
def test_what_can_not_be_read_counts_as_no_try(kind: str) -> None:
    exercise = Exercise(kind)
    told = exercise.check(*["?!"] * len(exercise.instance.parts))
    assert (exercise.tries, exercise.checked, exercise.right) == (0, [], None)
    assert told.count("\n") == len(exercise.instance.parts) - 1


def test_another_number_of_answers_is_refused() -> None:
    exercise = Exercise("classify a port")
    with pytest.raises(TcpBookError, match="0 answers; this exercise asks for "):
        exercise.check()


@EVERY_KIND
def test_another_one_is_fresh(kind: str) -> None:
    exercise = Exercise(kind, 5)
    exercise.check(*answers(exercise.instance))
    exercise.hint()
    exercise.another()
    assert same(exercise.instance, generate(kind, 6))
    assert (exercise.tries, exercise.hints, exercise.checked, exercise.right) == (0, 0, [], None)
    assert exercise.get_state(["shown", "sealed"]) == Exercise(kind, 6).get_state(["shown", "sealed"])


def test_after_the_last_seed_comes_the_first() -> None:
    exercise = Exercise("classify a port", LAST_SEED)
    exercise.another()
    assert exercise.instance.seed == 0


@EVERY_KIND
def test_hints_come_one_by_one_and_the_last_stays(kind: str) -> None:
    exercise = Exercise(kind)
    hints = exercise.instance.hints
    assert [exercise.hint() for _ in range(len(hints) + 1)] == [*hints, hints[-1]]


@EVERY_KIND
def test_the_solution_is_played_where_it_can_be(kind: str) -> None:
    exercise = Exercise(kind)
    exercise.play()
    player = exercise.player
    exercise.play()
    assert exercise.player == player
    assert bool(player) is (exercise.instance.trace is not None)


@EVERY_KIND
def test_saved_output_asks_but_does_not_tell(kind: str) -> None:
    exercise = Exercise(kind)
    before, _ = exercise._repr_mimebundle_()
    assert repr(exercise) == before["text/plain"]
    assert exercise.instance.hints[0] not in before["text/html"]
    assert exercise.instance.solution[-1] not in before["text/html"]
    exercise.check(*answers(exercise.instance))
    assert exercise._repr_mimebundle_()[0] == before


@EVERY_KIND
def test_the_static_twin_has_no_markup_but_its_own(kind: str) -> None:
    shown = Exercise(kind).static_html()
    assert re.sub("</?(div|p|strong|pre|ol|ul|li)>", "", shown).count("<") == 0


@pytest.mark.parametrize(
    ("kind", "seed", "message"),
    [("no such", 1, "there is no exercise 'no such'; choose one of: "), ("classify a port", -1, "choose one of 0 to ")],
)
def test_an_unknown_kind_or_seed_is_refused(kind: str, seed: int, message: str) -> None:
    with pytest.raises(TcpBookError, match=message):
        Exercise(kind, seed)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where this test's progress is kept."""
    path = tmp_path / "progress.jsonl"
    monkeypatch.setenv("TCPBOOK_PROGRESS", str(path))
    return path


def test_each_try_is_kept_with_what_it_reveals(kept: Path) -> None:
    exercise, given, name = with_mistake("classify a port")
    exercise.check(*given, confidence="certain")
    exercise.check(*answers(exercise.instance))
    seed = exercise.instance.seed
    exercise.another()
    wrong, right = progress.read()
    assert (wrong.task, wrong.seed, wrong.right, wrong.confidence) == ("classify a port", seed, False, "certain")
    assert name in wrong.misconceptions
    assert (right.right, right.misconceptions) == (True, ())


def test_what_can_not_be_kept_is_said(kept: Path) -> None:
    kept.mkdir()
    exercise = Exercise("classify a port")
    exercise.check(*answers(exercise.instance))
    assert exercise.message.startswith("Your answer can't be kept")
    exercise.another()
    assert exercise.message == ""


def test_recall_asks_again_what_was_wrong_and_saves_nothing_of_it(kept: Path) -> None:
    fresh, _ = Recall(12)._repr_mimebundle_()
    exercise, given, _ = with_mistake("classify a port")
    exercise.check(*given)
    again = Recall(12)
    assert (again.instance.kind, again.instance.seed != exercise.instance.seed) == ("classify a port", True)
    for kind in ("text/plain", "text/html"):
        assert again._repr_mimebundle_()[0][kind] == fresh[kind]
        assert "classify" not in fresh[kind]
