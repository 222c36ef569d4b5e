"""Every change to the table shows in behavior: see tools/mutants.py."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from tcpbook.protocol.machine import TABLE
from tools.mutants import EQUIVALENT, Mutant, main, mutants, survivors


def test_a_sample_of_the_mutants_is_killed() -> None:
    chosen = Random(9293).sample([mutant for mutant in mutants() if mutant.name not in EQUIVALENT], 150)
    assert survivors(chosen) == []


def test_a_mutant_without_effect_survives() -> None:
    key, rules = next(iter(TABLE.items()))
    idle = Mutant("reworded", key, rules[:1], (replace(rules[0], why="Because."), *rules[1:]))
    assert survivors([idle]) == [idle]


@pytest.mark.long
def test_all_mutants_are_killed_or_equivalent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().out
