"""Each scenario plays its own story, line for line."""

from __future__ import annotations

import pytest

from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.state import State


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.strip().splitlines()]


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_story_is_what_happens(name: str) -> None:
    scenario = SCENARIOS[name]
    told = ["".join(f" {part}" for part in line) for line in scenario.run().lines()]
    assert [" ".join(line.split()) for line in told] == lines(scenario.story)


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_repeats_exactly(name: str) -> None:
    first, second = SCENARIOS[name].run(), SCENARIOS[name].run()
    assert first == second


def test_every_figure_of_the_rfc_that_opens_or_closes_is_there() -> None:
    sections = " ".join(scenario.section for scenario in SCENARIOS.values())
    for figure in range(6, 14):
        assert f"Figure {figure}" in sections


def test_after_a_lost_reset_the_other_end_waits_until_it_is_told() -> None:
    """§3.8.3: only a user timeout ends this FIN-WAIT-2."""
    assert SCENARIOS["abort, and the RST is lost"].run().states(10**9) == (State.CLOSED, State.FIN_WAIT_2)
