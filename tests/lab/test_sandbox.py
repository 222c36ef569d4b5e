"""The sandbox: every segment in the reader's hands, undo to any moment, the same actions the same experiment."""

from __future__ import annotations

import pytest

from tcpbook.lab.sandbox import FORMS, Sandbox
from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.state import State

S = State
HANDSHAKE = ("B OPEN passive", "A OPEN active", "deliver 1", "deliver 2", "deliver 3")


def states(sandbox: Sandbox) -> tuple[State, ...]:
    return tuple(host.tcb.state for host in sandbox.network.hosts)


def air(sandbox: Sandbox) -> list[int]:
    return [flight.number for flight in sandbox.network.in_the_air()]


def test_a_handshake_by_hand() -> None:
    sandbox = Sandbox()
    seen = []
    for action in HANDSHAKE:
        sandbox.do(action)
        seen.append((*states(sandbox), air(sandbox)))
    assert seen == [
        (S.CLOSED, S.LISTEN, []),
        (S.SYN_SENT, S.LISTEN, [1]),
        (S.SYN_SENT, S.SYN_RECEIVED, [2]),
        (S.ESTABLISHED, S.SYN_RECEIVED, [3]),
        (S.ESTABLISHED, S.ESTABLISHED, []),
    ]
    assert sandbox.network.now_us == 30_000
    assert sandbox.trace.lines() == SCENARIOS["three-way handshake"].run().lines()


def test_dropping_the_answer_brings_the_retransmission_at_the_rto() -> None:
    """RFC 6298 §2: the first RTO is a second."""
    sandbox = Sandbox("B OPEN passive", "A OPEN active", "deliver 1", "drop 2", "wait")
    again = sandbox.trace.flights[2]
    assert sandbox.network.now_us == again.sent_us == 1_000_000
    assert (again.retransmission, again.sender) == (True, 0)
    assert sandbox.trace.flights[1].lost
    sandbox.do("run")
    assert states(sandbox) == (S.ESTABLISHED, S.ESTABLISHED)


def test_run_ends_when_the_air_is_empty_and_then_goes_on_to_the_next_timer() -> None:
    sandbox = Sandbox("B OPEN passive", "A OPEN active", "run", "A CLOSE", "run", "B CLOSE", "run")
    assert states(sandbox) == (S.TIME_WAIT, S.CLOSED)
    assert sandbox.network.now_us < 1_000_000
    sandbox.do("run")
    assert states(sandbox) == (S.CLOSED, S.CLOSED)
    assert sandbox.network.now_us > 240_000_000


def test_the_last_ack_dropped_shows_what_time_wait_is_for() -> None:
    closed = ("A CLOSE", "run", "B CLOSE", "wait")
    sandbox = Sandbox(*HANDSHAKE, *closed, f"drop {Sandbox(*HANDSHAKE, *closed).trace.flights[-1].number}", "run")
    assert states(sandbox) == (S.TIME_WAIT, S.CLOSED)
    assert sandbox.trace.flights[-2].retransmission


def test_overtaking_and_duplicating() -> None:
    sandbox = Sandbox(*HANDSHAKE, "A SEND one", "A SEND two", "deliver 5")
    assert sandbox.network.hosts[1].tcb.unread == b""
    assert (sandbox.network.now_us, sandbox.trace.flights[4].arrives_us) == (40_000, 40_000)
    sandbox.do("deliver 4", "B RECEIVE")
    assert sandbox.network.hosts[1].received == b"onetwo"
    sandbox = Sandbox("B OPEN passive", "A OPEN active", "duplicate 1", "deliver 1")
    assert air(sandbox) == [2, 3]
    assert sandbox.network.now_us == 10_000
    assert sandbox.trace.flights[1].duplicate
    assert sandbox.trace.flights[1].arrives_us == 10_000


def test_waiting_for_a_while() -> None:
    sandbox = Sandbox("A OPEN active", "wait 4 ms")
    assert (sandbox.network.now_us, air(sandbox)) == (4_000, [1])
    sandbox.do("wait 0.006 s")
    assert (sandbox.network.now_us, air(sandbox)) == (10_000, [2])


def test_a_stopped_timer_is_nothing_to_wait_for() -> None:
    sandbox = Sandbox(*HANDSHAKE)
    assert sandbox.network.next_us() is None
    with pytest.raises(TcpBookError, match="nothing will happen by itself"):
        sandbox.do("wait")


def test_undo_to_any_moment() -> None:
    sandbox = Sandbox(*HANDSHAKE, "A CLOSE", "run")
    for kept in range(len(sandbox.actions), -1, -1):
        shorter = Sandbox(*sandbox.actions[:kept])
        sandbox.undo(kept)
        assert sandbox.trace == shorter.trace
        assert sandbox.actions == shorter.actions
    sandbox.undo()
    assert sandbox.actions == []
    sandbox.do("A OPEN active", "A CLOSE")
    sandbox.undo()
    assert sandbox.actions == ["A OPEN active"]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("deliver 9", "segment 9 is not in the air; choose one of 1"),
        ("drop 2", "segment 2 is not in the air"),
        ("C CLOSE", "'C CLOSE' is no action; write it like one of: A OPEN active"),
        ("A OPENED", "'A OPENED' is no call; write it like one of: A OPEN active"),
        ("A SEND ", "is no call"),
        ("wait 1 h", "is no action"),
        ("wait 999999 s", "more than a day; wait 86400 s at most"),
        ("", "'' is no action"),
    ],
)
def test_an_action_that_makes_no_sense_is_an_error_and_changes_nothing(action: str, told: str) -> None:
    sandbox = Sandbox("A OPEN active")
    with pytest.raises(TcpBookError, match=told):
        sandbox.do(action)
    assert sandbox.actions == ["A OPEN active"]
    assert sandbox.trace == Sandbox("A OPEN active").trace


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_understood(form: str) -> None:
    Sandbox("B OPEN active", form)


def test_by_hand_it_is_the_same_story_as_the_scenario() -> None:
    sandbox = Sandbox("B OPEN passive", "A OPEN active", "run")
    assert sandbox.trace.lines() == SCENARIOS["three-way handshake"].run().lines()


def test_a_new_connection_begins_with_another_number() -> None:
    sandbox = Sandbox(*HANDSHAKE, "A ABORT", "deliver 4", "B OPEN passive", "A OPEN active")
    assert [flight.segment.seq for flight in sandbox.trace.flights if flight.segment.flags == Flags.SYN] == [100, 400]
