"""Shut windows, timers, and numbers that wrap (§3.4, §3.8.3, §3.8.6, §3.10.8)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from playbook import arrive, established, line
from tcpbook.protocol.events import CLOSE, RETRANSMISSION_TIMEOUT, TIME_WAIT_TIMEOUT, USER_TIMEOUT, Open, Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import step
from tcpbook.protocol.options import MSS
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add
from tcpbook.protocol.situations import REMOTE_PORT, in_state
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB, Held, InFlight
from tcpbook.protocol.turn import Acknowledged, Delivered, Signal

S = State
URGENT = Signal("urgent data")


# --- Shut windows ------------------------------------------------------------------------------------------------


def shut(**changes: Any) -> TCB:
    """An end that has no room left."""
    return established(rcv_buff=4, rcv_wnd=0, unread=b"full", **changes)


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


def test_established_ack_of_a_peer_that_filled_our_window_counts() -> None:
    """A.2: the peer's text was lost, so its ACKs stand just right of the window; further right is nothing of its."""
    tcb = step(established(rcv_buff=4, rcv_wnd=4), Send(b"text")).tcb
    outcome = arrive(tcb, "ACK", 4)
    assert Acknowledged(4) in outcome.effects
    assert line(outcome) == ("ESTABLISHED",)
    for flags, offset, text in (("ACK", 5, b""), ("ACK", 4, b"x"), ("FIN,ACK", 4, b"")):
        outcome = arrive(tcb, flags, offset, text=text)
        assert Acknowledged(4) not in outcome.effects
        assert line(outcome) == ("ESTABLISHED", "<SEQ=105><ACK=301><CTL=ACK>")
    assert line(arrive(tcb, "RST", 4)) == ("ESTABLISHED",)


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


@pytest.mark.parametrize(("ack", "state"), [(1, State.FIN_WAIT_1), (2, State.FIN_WAIT_2)])
def test_text_that_the_ack_of_our_syn_releases_opens_the_window_again(ack: int, state: State) -> None:
    """CLOSE came in SYN-RECEIVED; the text on hand fills the buffer and waits for the peer to acknowledge our SYN."""
    ours = InFlight(100, syn=True), InFlight(101, fin=True)
    full = established(
        state=State.FIN_WAIT_1, snd_una=100, snd_nxt=102, in_flight=ours, fin_seq=101,
        rcv_buff=4, rcv_wnd=0, unread=b"text", receives=(4,),
    )  # fmt: skip
    outcome = step(full, Segment(REMOTE_PORT, full.local_port, full.rcv_nxt, 100 + ack, Flags.ACK))
    assert Delivered(b"text", push=False) in outcome.effects
    assert (outcome.state, outcome.tcb.rcv_wnd) == (state, 4)
