"""Each scenario plays its own story, line for line."""

from __future__ import annotations

import pytest

from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.state import State
from tcpbook.protocol.transitions import transitions


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


def test_every_change_of_state_happens_in_a_scenario() -> None:
    """And no other, but for the one that cookies add to the graph."""
    taken = {(step.before, step.tcb.state) for each in SCENARIOS.values() for step in each.run().steps}
    taken = {(before, after) for before, after in taken if before is not after}
    assert taken - {(State.LISTEN, State.ESTABLISHED)} == {(each.before, each.after) for each in transitions()}


def test_old_text_in_a_new_connection_is_taken_for_new_text() -> None:
    """What TIME-WAIT is for: the sender believes that its text has arrived."""
    network = SCENARIOS["old duplicate in the next connection"].network()
    network.run()
    a, b = network.hosts
    assert b.received == b"oldold"
    assert a.tcb.in_flight == ()
    assert a.tcb.snd_una == a.tcb.snd_nxt == 104


def test_in_a_flood_the_caller_gets_through_once_the_half_open_call_is_given_up() -> None:
    trace = SCENARIOS["SYN flood"].run()
    assert [trace.states(at_us) for at_us in (100_000, 3_900_000, 5_000_000)] == [
        (State.CLOSED, State.SYN_RECEIVED),
        (State.CLOSED, State.CLOSED),
        (State.ESTABLISHED, State.ESTABLISHED),
    ]
