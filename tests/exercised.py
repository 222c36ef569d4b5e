"""What holds for every exercise, whatever its kind: seeds to try, and what makes an instance sound."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, Part
from tcpbook.exercises.kinds import generate
from tcpbook.exercises.misconceptions import MISCONCEPTIONS

COLUMNS = 92

SEEDS = pytest.mark.parametrize("seeds", [300, pytest.param(10_000, marks=pytest.mark.long)])
"""How many seeds to try."""


def instances(kind: str, seeds: int) -> Iterator[Instance]:
    """Make one instance a seed, and see that each is sound."""
    for seed in range(seeds):
        instance = generate(kind, seed)
        assert (instance.kind, instance.seed) == (kind, seed)
        _sound(instance)
        if seed < 10:
            assert same(generate(kind, seed), instance), "the same seed, the same exercise"
        yield instance


def same(one: Instance, other: Instance) -> bool:
    """Whether two exercises are the same, to the last stroke of their pictures."""
    pictures = [each.picture and each.picture.interactive() for each in (one, other)]
    return one._replace(picture=None) == other._replace(picture=None) and pictures[0] == pictures[1]


def offered(kind: str, seeds: int) -> set[str]:
    """The misconceptions that any of the wrong answers reveals."""
    return {name for seed in range(seeds) for part in generate(kind, seed).parts for name in part.mistakes.values()}


def key_of(part: Part, misconception: str) -> str | None:
    """The wrong answer that a misconception leads to, if it leads to a wrong one."""
    return next((key for key, name in part.mistakes.items() if name == misconception), None)


def _sound(instance: Instance) -> None:
    assert 1 <= len(instance.parts) <= 4
    assert 2 <= len(instance.hints) <= 4
    assert instance.solution
    texts = [instance.task, *instance.hints, *instance.solution, *(part.label for part in instance.parts)]
    assert all(text == text.strip() and not set("&\n") & set(text) for text in texts), texts
    assert all(len(line) <= COLUMNS for line in instance.given.splitlines())
    assert "\t" not in instance.given
    assert all(marked.right for marked in instance.mark([part.answer for part in instance.parts]))
    for part in instance.parts:
        _sound_part(instance, part)


def _sound_part(instance: Instance, part: Part) -> None:
    if part.form is Form.NUMBER:
        told = {int(number, 0) for text in instance.solution for number in re.findall(r"\b(?:0x[0-9a-f]+|\d+)\b", text)
                if number == "0" or not re.match(r"0\d", number)}  # fmt: skip
        assert int(part.answer) in told, "the solution arrives at the answer"
    assert part.answer not in part.mistakes
    assert len(set(map(str.casefold, part.choices))) == len(part.choices)
    assert all(len(choice) > 1 and choice == choice.strip() for choice in part.choices)
    assert (part.form is Form.NUMBER) == (not part.choices)
    if part.form in (Form.CHOICE, Form.ARC):
        assert {part.answer, *part.mistakes} <= set(part.choices)
    for wrong, name in part.mistakes.items():
        answers = [wrong if each is part else each.answer for each in instance.parts]
        marked = instance.mark(answers)[instance.parts.index(part)]
        assert (marked.right, marked.misconception) == (False, name)
        assert MISCONCEPTIONS[name].says in marked.says
