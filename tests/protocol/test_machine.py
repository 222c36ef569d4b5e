"""What arrives, state by state: the traps that bit others, resets, RFC 5961; and `step` itself."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from itertools import islice

import pytest

from oracles.compare import CALLS, segments, situations
from playbook import arrive, established, line
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import (
    ABORT,
    CLOSE,
    Open,
    Receive,
    Send,
)
from tcpbook.protocol.machine import TABLE, step
from tcpbook.protocol.situations import REMOTE_PORT, in_state
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB, Held
from tcpbook.protocol.turn import Acknowledged, Delivered, Reply, Signal, Timer

S = State
START_2MSL = Timer("2 MSL", True)
RESET = Signal("error: connection reset")
URGENT = Signal("urgent data")


# --- Traps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", SYNCHRONIZED)
@pytest.mark.parametrize("seq", [-70_000, -1, 0, 9, 65_535, 70_000])
def test_synchronized_syn_draws_a_challenge_ack_whatever_its_seq(state: State, seq: int) -> None:
    """RFC 5961 §4.2, in §3.10.7.4's fourth step; outside the window the first step does the same."""
    tcb = in_state(state)
    assert line(arrive(tcb, "SYN", seq)) == (state, f"<SEQ={tcb.snd_nxt}><ACK={tcb.rcv_nxt}><CTL=ACK>")


@pytest.mark.parametrize("state", SYNCHRONIZED)
def test_synchronized_syn_in_window_resets_without_rfc_5961(state: State) -> None:
    tcb = in_state(state, challenge_acks=False)
    outcome = arrive(tcb, "SYN", 9)
    assert line(outcome) == ("CLOSED", f"<SEQ=0><ACK={tcb.rcv_nxt + 10}><CTL=RST,ACK>")
    assert RESET in outcome.effects


def test_established_syn_left_of_window_is_trimmed_without_rfc_5961() -> None:
    """SEQ=300 is the SYN's own, the text begins at 301."""
    outcome = arrive(in_state(S.ESTABLISHED, challenge_acks=False), "SYN,ACK", -1, text=b"text")
    assert line(outcome) == ("ESTABLISHED", "<SEQ=101><ACK=305><CTL=ACK>")
    assert outcome.tcb.unread == b"text"


@pytest.mark.parametrize("challenge_acks", [True, False])
def test_syn_received_passive_syn_left_of_window_is_trimmed(challenge_acks: bool) -> None:
    tcb = in_state(S.SYN_RECEIVED, passive=True, challenge_acks=challenge_acks)
    outcome = arrive(tcb, "SYN,ACK", -1, text=b"text")
    assert line(outcome) == ("ESTABLISHED", "<SEQ=101><ACK=305><CTL=ACK>")
    assert line(arrive(tcb, "SYN", 3)) == ("LISTEN",)


def test_syn_received_active_syn_draws_a_challenge_ack() -> None:
    assert line(arrive(in_state(S.SYN_RECEIVED), "SYN", 3)) == ("SYN-RECEIVED", "<SEQ=101><ACK=301><CTL=ACK>")


def test_time_wait_repeated_fin_is_acknowledged_and_restarts_2msl() -> None:
    """It fails the first check, which says drop; the later step says restart. Both are done."""
    outcome = arrive(in_state(S.TIME_WAIT), "FIN,ACK", -1)
    assert line(outcome) == ("TIME-WAIT", "<SEQ=102><ACK=302><CTL=ACK>")
    assert START_2MSL in outcome.effects
    assert START_2MSL not in arrive(in_state(S.TIME_WAIT), "ACK", -1).effects


def test_time_wait_does_not_answer_a_bare_ack() -> None:
    assert line(arrive(in_state(S.TIME_WAIT), "ACK")) == ("TIME-WAIT",)


def test_established_ack_of_a_segment_ahead_is_used_at_once() -> None:
    tcb = step(in_state(S.ESTABLISHED), Send(b"text")).tcb
    outcome = arrive(tcb, "ACK", 2, text=b"cd")
    assert Acknowledged(4) in outcome.effects
    assert outcome.tcb.in_flight == ()
    assert outcome.tcb.held == (Held(303, b"cd"),)
    assert line(outcome) == ("ESTABLISHED", "<SEQ=105><ACK=301><CTL=ACK>")


def test_syn_received_rst_returns_to_listen_after_a_passive_open_only() -> None:
    passive, active = arrive(in_state(S.SYN_RECEIVED, passive=True), "RST"), arrive(in_state(S.SYN_RECEIVED), "RST")
    assert line(passive) == ("LISTEN",)
    assert not any(isinstance(effect, Signal) for effect in passive.effects)
    assert line(active) == ("CLOSED",)
    assert Signal("error: connection refused") in active.effects


def test_syn_received_after_a_send_on_a_listener_counts_as_active() -> None:
    """MUST-11: the SEND turned the passive OPEN into a call."""
    listener = step(TCB(next_iss=100), Open(active=False, remote_port=REMOTE_PORT)).tcb
    calling = step(listener, Send(b"text")).tcb
    called = arrive(calling, "SYN", 300)
    assert line(called) == ("SYN-RECEIVED", "<SEQ=100><ACK=301><CTL=SYN,ACK>")
    assert line(arrive(called.tcb, "RST")) == ("CLOSED",)


def test_syn_sent_syn_is_answered_with_syn_ack() -> None:
    """RFC 793's Figure 6 has "snd ACK" on this arc."""
    assert line(arrive(in_state(S.SYN_SENT), "SYN", 300)) == ("SYN-RECEIVED", "<SEQ=100><ACK=301><CTL=SYN,ACK>")


def test_syn_sent_rst_closes() -> None:
    """§3.5 says LISTEN, §3.10.7.3 CLOSED."""
    outcome = arrive(in_state(S.SYN_SENT), "RST,ACK")
    assert line(outcome) == ("CLOSED",)
    assert RESET in outcome.effects
    assert line(arrive(in_state(S.SYN_SENT), "RST")) == ("SYN-SENT",)
    assert line(arrive(in_state(S.SYN_SENT), "RST,ACK", ack=1)) == ("SYN-SENT",)


def test_fin_wait_1_fin_with_ack_of_our_fin_enters_time_wait() -> None:
    """Note 2 of Figure 5."""
    outcome = arrive(in_state(S.FIN_WAIT_1), "FIN,ACK")
    assert line(outcome) == ("TIME-WAIT", "<SEQ=102><ACK=302><CTL=ACK>")
    assert {Reply("ok"), Signal("connection closing"), START_2MSL} <= set(outcome.effects)


def test_syn_received_fin_with_acceptable_ack_enters_close_wait() -> None:
    assert line(arrive(in_state(S.SYN_RECEIVED, passive=True), "FIN,ACK")) == (
        "CLOSE-WAIT",
        "<SEQ=101><ACK=302><CTL=ACK>",
    )


@pytest.mark.parametrize("ack", [-1, 1])
def test_syn_received_unacceptable_ack_is_reset_and_changes_nothing(ack: int) -> None:
    """§3.5.2: "the connection remains in the same state"."""
    tcb = in_state(S.SYN_RECEIVED, passive=True)
    outcome = arrive(tcb, "FIN,ACK", ack=ack)
    assert line(outcome) == ("SYN-RECEIVED", f"<SEQ={101 + ack}><CTL=RST>")
    assert outcome.tcb == tcb


@pytest.mark.parametrize("receives", [(), (100,)])
def test_listen_text_and_fin_beside_the_syn_wait_for_established(receives: tuple[int, ...]) -> None:
    """They are taken in SYN-RECEIVED, and delivered once the peer has acknowledged our SYN (§3.5)."""
    tcb = replace(in_state(S.LISTEN, passive=True), receives=receives)
    called = arrive(tcb, "SYN,FIN", 300, text=b"hello")
    assert line(called) == ("CLOSE-WAIT", "<SEQ=100><ACK=301><CTL=SYN,ACK>", "<SEQ=101><ACK=307><CTL=ACK>")
    waiting = called.tcb if receives else step(called.tcb, Receive(100)).tcb
    assert not any(isinstance(effect, Delivered) for effect in called.effects)
    opened = arrive(waiting, "ACK")
    assert Delivered(b"hello", push=True) in opened.effects


def test_syn_sent_text_and_fin_beside_the_syn_wait_for_established() -> None:
    called = arrive(in_state(S.SYN_SENT), "SYN,FIN,URG", 300, text=b"hello", up=3)
    assert line(called) == ("SYN-RECEIVED", "<SEQ=100><ACK=301><CTL=SYN,ACK>")
    opened = arrive(called.tcb, "ACK", 6)
    assert line(opened) == ("CLOSE-WAIT", "<SEQ=101><ACK=307><CTL=ACK>")
    assert opened.tcb.unread == b"hello"
    assert URGENT in opened.effects


@pytest.mark.parametrize("state", [S.FIN_WAIT_1, S.CLOSING, S.LAST_ACK])
def test_ack_of_text_is_no_ack_of_our_fin(state: State) -> None:
    tcb = step(in_state(S.CLOSE_WAIT if state is S.LAST_ACK else S.ESTABLISHED), Send(b"text")).tcb
    closed = step(tcb, CLOSE).tcb
    if state is S.CLOSING:
        closed = arrive(closed, "FIN,ACK", ack=-5).tcb
    assert closed.state is state
    assert arrive(closed, "ACK", ack=-1).state is state
    assert arrive(closed, "ACK").state is {
        S.FIN_WAIT_1: S.FIN_WAIT_2, S.CLOSING: S.TIME_WAIT, S.LAST_ACK: S.CLOSED,
    }[state]  # fmt: skip


@pytest.mark.parametrize("state", [S.CLOSING, S.LAST_ACK])
def test_rst_after_our_fin_returns_the_sends_that_wait(state: State) -> None:
    """MUST-12: the user is told that it was not a normal end."""
    tcb = step(in_state(S.CLOSE_WAIT if state is S.LAST_ACK else S.ESTABLISHED), Send(b"text")).tcb
    closed = step(tcb, CLOSE).tcb
    if state is S.CLOSING:
        closed = arrive(closed, "FIN,ACK", ack=-5).tcb
    outcome = arrive(closed, "RST")
    assert (closed.state, outcome.state) == (state, S.CLOSED)
    assert outcome.effects == (RESET, Reply("error: connection reset"))


def test_syn_received_rst_lets_a_close_that_waited_end_the_listener() -> None:
    """Otherwise the listener that its user has closed would stay forever."""
    tcb = step(step(in_state(S.SYN_RECEIVED, passive=True), Send(b"text")).tcb, CLOSE).tcb
    outcome = arrive(tcb, "RST")
    assert outcome.changes == ((S.SYN_RECEIVED, S.LISTEN), (S.LISTEN, S.CLOSED))
    assert Reply("error: closing") in outcome.effects


# --- RST and RFC 5961 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.SYN_RECEIVED, *SYNCHRONIZED])
@pytest.mark.parametrize(
    ("challenge_acks", "seq", "closes", "answers"),
    [(True, 0, True, 0), (True, 1, False, 1), (True, -1, False, 0), (True, 65_535, False, 0), (False, 1, True, 0)],
)
def test_rst(state: State, challenge_acks: bool, seq: int, closes: bool, answers: int) -> None:
    """Exactly at RCV.NXT it resets; elsewhere in the window it draws a challenge ACK; outside it is dropped."""
    outcome = arrive(in_state(state, challenge_acks=challenge_acks), "RST", seq)
    assert (outcome.state is S.CLOSED, len(outcome.segments)) == (closes, answers)


@pytest.mark.parametrize(("challenge_acks", "answers"), [(True, 1), (False, 0)])
def test_established_ack_of_the_distant_past(challenge_acks: bool, answers: int) -> None:
    """RFC 5961 §5: older than the largest window the peer ever offered (MAY-12)."""
    tcb = established(max_snd_wnd=1_000, challenge_acks=challenge_acks)
    assert len(arrive(tcb, "ACK", ack=-1_001).segments) == answers
    assert arrive(tcb, "ACK", ack=-1_000).segments == ()


def test_established_ack_of_the_unsent_is_dropped_with_an_ack() -> None:
    outcome = arrive(in_state(S.ESTABLISHED), "ACK", ack=1, text=b"text")
    assert line(outcome) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=ACK>")
    assert outcome.tcb.unread == b""


def test_closed_answers_what_the_sender_will_believe() -> None:
    tcb = TCB(rcv_nxt=300, snd_nxt=100)
    assert line(arrive(tcb, "FIN,SYN", text=b"abc")) == ("CLOSED", "<SEQ=0><ACK=305><CTL=RST,ACK>")
    assert line(arrive(tcb, "FIN,ACK")) == ("CLOSED", "<SEQ=100><CTL=RST>")
    assert line(arrive(tcb, "RST,ACK")) == ("CLOSED",)


# --- step itself -------------------------------------------------------------------------------------------------


def test_step_changes_nothing_it_is_given() -> None:
    """A share of the situations, every call, and a share of the segments."""
    for tcb in situations()[::7]:
        before = deepcopy(tcb)
        for event in (*CALLS, *islice(segments(tcb), 0, None, 13)):
            step(tcb, event)
            assert tcb == before, event


def test_step_reports_the_rules_in_order_and_the_changes() -> None:
    outcome = arrive(in_state(S.FIN_WAIT_1), "FIN,ACK")
    assert [str(rule.check) for rule in outcome.rules] == [
        "sequence number", "RST", "SYN", "ACK", "URG", "segment text", "FIN",
    ]  # fmt: skip
    assert outcome.changes == ((S.FIN_WAIT_1, S.TIME_WAIT),)
    assert outcome.deciding is outcome.rules[-1]
    assert repr(outcome) == "<Outcome TIME-WAIT, sent <SEQ=102><ACK=302><CTL=ACK>, 7 rules>"


def test_the_deciding_rule_without_a_change_is_the_last_with_an_effect() -> None:
    challenged = arrive(in_state(S.ESTABLISHED), "SYN")
    assert challenged.deciding.guard.__name__ == "challenge_acks_on"
    dropped = arrive(in_state(S.LISTEN, passive=True), "FIN")
    assert dropped.deciding is dropped.rules[-1]


def test_step_with_a_table_that_has_no_answer_says_which() -> None:
    table = TABLE | {(S.CLOSED, ABORT.event): ()}
    with pytest.raises(TcpBookError, match="no rule applies to ABORT in CLOSED; end the rules for it with otherwise"):
        step(TCB(), ABORT, table)
