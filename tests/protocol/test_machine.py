"""What arrives, state by state: the traps that bit others, resets, RFC 5961, shut windows, timers, wrap-around."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from itertools import islice, product

import pytest

from oracles.compare import CALLS, segments, situations
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import (
    ABORT,
    CLOSE,
    RETRANSMISSION_TIMEOUT,
    TIME_WAIT_TIMEOUT,
    USER_TIMEOUT,
    Open,
    Receive,
    Send,
)
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import TABLE, Outcome, step
from tcpbook.protocol.options import MSS
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add
from tcpbook.protocol.situations import REMOTE_PORT, in_state
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB, Held
from tcpbook.protocol.turn import Acknowledged, Delivered, Reply, Signal, Timer

S = State
START_2MSL = Timer("2 MSL", True)
RESET = Signal("error: connection reset")
URGENT = Signal("urgent data")


def arrive(
    tcb: TCB, flags: str, seq: int = 0, ack: int = 0, *, text: bytes = b"", wnd: int = 5_000, up: int = 0
) -> Outcome:
    """A segment arrives; `seq` counts from RCV.NXT, `ack` from SND.NXT."""
    numbers = add(tcb.rcv_nxt, seq), add(tcb.snd_nxt, ack)
    return step(tcb, Segment(REMOTE_PORT, tcb.local_port, *numbers, Flags.parse(flags), wnd=wnd, up=up, data=text))


def line(outcome: Outcome) -> tuple[str, ...]:
    """The state and what was sent, without window and options."""
    return str(outcome.state), *(repr(sent._replace(wnd=65_535, options=())) for sent in outcome.segments)


def established(**changes: object) -> TCB:
    return replace(in_state(S.ESTABLISHED), **changes)  # type: ignore[arg-type]


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
    """Otherwise the listener that its user has closed would stay for ever."""
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


# --- Shut windows ------------------------------------------------------------------------------------------------


def shut(**changes: object) -> TCB:
    """An end that has no room left."""
    return replace(established(), rcv_buff=4, rcv_wnd=0, unread=b"full", **changes)  # type: ignore[arg-type]


def test_established_shut_window_takes_ack_urg_and_rst() -> None:
    """MUST-66: a segment with text is not taken, but its ACK and URG are."""
    tcb = step(shut(), Send(b"text")).tcb
    outcome = arrive(tcb, "ACK,URG", text=b"x", up=1)
    assert {Acknowledged(4), URGENT} <= set(outcome.effects)
    assert line(outcome) == ("ESTABLISHED", "<SEQ=105><ACK=301><CTL=ACK>")
    assert outcome.tcb.unread == b"full"
    assert line(arrive(tcb, "RST")) == ("CLOSED",)
    assert line(arrive(tcb, "RST", text=b"why")) == ("CLOSED",)


def test_established_shut_window_takes_no_fin_and_no_syn() -> None:
    assert line(arrive(shut(), "FIN,ACK")) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=ACK>")
    assert line(arrive(shut(challenge_acks=False), "SYN,ACK")) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=ACK>")


def test_established_shut_window_accepts_an_empty_segment_at_rcv_nxt_only() -> None:
    assert line(arrive(shut(), "ACK")) == ("ESTABLISHED",)
    assert line(arrive(shut(), "ACK", 1)) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=ACK>")


def test_syn_received_shut_window_answers_a_bad_ack_once() -> None:
    tcb = replace(in_state(S.SYN_RECEIVED, passive=True), rcv_buff=4, rcv_wnd=0, unread=b"full")
    assert line(arrive(tcb, "ACK", ack=1, text=b"x")) == ("SYN-RECEIVED", "<SEQ=101><ACK=301><CTL=ACK>")
    assert line(arrive(tcb, "ACK", text=b"x")) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=ACK>")


def test_established_text_is_trimmed_to_the_window() -> None:
    narrow = established(rcv_wnd=3, rcv_buff=3)
    for seq, text in ((0, b"abcde"), (-2, b"YZabc")):
        outcome = arrive(narrow, "ACK", seq, text=text)
        assert (outcome.tcb.unread, outcome.tcb.rcv_wnd) == (b"abc", 0)
    assert arrive(narrow, "FIN,ACK", text=b"abc").state is S.ESTABLISHED  # the FIN finds no room
    assert arrive(narrow, "FIN,ACK", text=b"ab").state is S.CLOSE_WAIT


def test_established_segment_that_covers_the_window_on_both_sides_is_not_acceptable() -> None:
    """To the letter of Table 6: neither its first nor its last number is in the window."""
    outcome = arrive(established(rcv_wnd=3, rcv_buff=3), "ACK", -2, text=b"YZabcde")
    assert (outcome.tcb.unread, len(outcome.segments)) == (b"", 1)


def test_established_window_is_probed_and_the_connection_kept() -> None:
    """MUST-37: as long as the peer answers, R2 does not count."""
    tcb = step(established(snd_wnd=0, r2=2), Send(b"ab")).tcb
    assert tcb.unsent == b"ab"
    for _ in range(5):
        probe = step(tcb, RETRANSMISSION_TIMEOUT)
        assert line(probe) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=ACK><DATA=1>")
        tcb = arrive(probe.tcb, "ACK", ack=-1, wnd=0).tcb
    reopened = arrive(tcb, "ACK", wnd=10)
    assert line(reopened) == ("ESTABLISHED", "<SEQ=102><ACK=301><CTL=PSH,ACK><DATA=1>")


def test_established_window_of_an_old_segment_is_not_taken() -> None:
    """SND.WL1 and SND.WL2 keep an older segment from setting the window."""
    tcb = arrive(established(), "ACK", text=b"new", wnd=500).tcb
    assert arrive(tcb, "ACK", -3, text=b"new!", wnd=9).tcb.snd_wnd == 9  # trimmed, it begins at RCV.NXT
    ahead = arrive(tcb, "ACK", 5, text=b"x", wnd=700).tcb
    assert (ahead.snd_wnd, arrive(ahead, "ACK", wnd=9).tcb.snd_wnd) == (700, 700)


def test_established_narrowed_window_stops_sending() -> None:
    """MUST-34: the usable window may become negative; nothing new goes out then."""
    tcb = step(established(snd_wnd=8), Send(b"eight oc")).tcb
    narrowed = arrive(tcb, "ACK", ack=-8, wnd=3).tcb
    assert step(narrowed, Send(b"more")).segments == ()


# --- Timers ------------------------------------------------------------------------------------------------------


def test_established_retransmissions_advise_at_r1_and_give_up_at_r2() -> None:
    """§3.8.3: R1 = 3 and R2 = 8 here; an acknowledgment begins the count anew."""
    tcb = step(in_state(S.ESTABLISHED), Send(b"text")).tcb
    advised = []
    for count in range(1, 9):
        outcome = step(tcb, RETRANSMISSION_TIMEOUT)
        assert line(outcome) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=4>")
        advised += [count for effect in outcome.effects if effect == Signal("excessive retransmissions")]
        tcb = outcome.tcb
    assert advised == [3]
    assert arrive(tcb, "ACK", ack=-1).tcb.retransmissions == 0
    given_up = step(tcb, RETRANSMISSION_TIMEOUT)
    assert line(given_up) == ("CLOSED",)
    assert given_up.effects[0] == Signal("error: connection aborted, the peer does not answer")


def test_retransmission_repeats_the_oldest_segment_with_todays_ack() -> None:
    tcb = step(in_state(S.ESTABLISHED), Send(b"text")).tcb
    tcb = step(arrive(tcb, "ACK", ack=-4, text=b"abc").tcb, CLOSE).tcb
    assert line(step(tcb, RETRANSMISSION_TIMEOUT))[1] == "<SEQ=101><ACK=304><CTL=ACK><DATA=4>"
    fin = arrive(tcb, "ACK", ack=-1).tcb
    assert line(step(fin, RETRANSMISSION_TIMEOUT))[1] == "<SEQ=105><ACK=304><CTL=FIN,ACK>"


@pytest.mark.parametrize(
    ("state", "passive", "again"),
    [(S.SYN_SENT, False, "<SEQ=100><CTL=SYN>"), (S.SYN_RECEIVED, True, "<SEQ=100><ACK=301><CTL=SYN,ACK>")],
)
def test_retransmission_of_our_syn_repeats_its_options(state: State, passive: bool, again: str) -> None:
    outcome = step(in_state(state, passive=passive), RETRANSMISSION_TIMEOUT)
    assert line(outcome) == (state, again)
    assert outcome.segments[0].options == (MSS(1_460),)


def test_every_state_gives_up_at_the_user_timeout() -> None:
    for state in State:
        tcb = in_state(state, passive=state is S.LISTEN)
        outcome = step(tcb, USER_TIMEOUT)
        assert (outcome.state, outcome.segments) == (S.CLOSED, ())
        assert (Signal("error: connection aborted due to user timeout") in outcome.effects) == (state is not S.CLOSED)


# --- Wrap-around -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("iss", "irs"), [*product((-6, -5, -3, -2, -1, 0), repeat=2)])
def test_whole_connection_across_the_wrap(iss: int, irs: int) -> None:
    """Handshake, urgent text both ways, some of it ahead of its turn, and both FINs, around 2**32."""
    a = step(TCB(next_iss=add(0, iss), rcv_buff=8), Open(active=True, remote_port=REMOTE_PORT))
    b = TCB(next_iss=add(0, irs), rcv_buff=8, local_port=REMOTE_PORT)
    b = step(b, Open(active=False)).tcb
    b_called = step(b, a.segments[0])
    a = step(a.tcb, b_called.segments[0])
    b = step(b_called.tcb, a.segments[0]).tcb
    assert (a.state, b.state) == (S.ESTABLISHED, S.ESTABLISHED)
    first = step(a.tcb, Send(b"abc", urgent=True))
    second = step(first.tcb, Send(b"de"))
    b = step(b, second.segments[0]).tcb
    assert b.held == (Held(add(iss, 4), b"de"),)
    heard = step(b, first.segments[0])
    assert (heard.tcb.unread, heard.tcb.rcv_nxt, heard.tcb.rcv_up) == (b"abcde", add(iss, 6), add(iss, 4))
    a_tcb = step(second.tcb, heard.segments[-1]).tcb
    assert (a_tcb.snd_una, a_tcb.snd_up, a_tcb.in_flight) == (add(iss, 6), None, ())
    fin_of_b = step(heard.tcb, CLOSE)
    closing = step(a_tcb, fin_of_b.segments[0])
    b = step(fin_of_b.tcb, closing.segments[0]).tcb
    assert (closing.state, b.state) == (S.CLOSE_WAIT, S.FIN_WAIT_2)
    last = step(closing.tcb, CLOSE)
    ended = step(b, last.segments[0])
    assert (ended.state, step(last.tcb, ended.segments[0]).state) == (S.TIME_WAIT, S.CLOSED)
    assert step(ended.tcb, TIME_WAIT_TIMEOUT).state is S.CLOSED


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
