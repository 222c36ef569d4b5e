"""What the user does: OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS; urgent text, half-duplex CLOSE (§3.9.1, §3.10)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playbook import arrive, established, line
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import (
    ABORT,
    CLOSE,
    ICMP_HARD,
    ICMP_SOFT,
    ICMP_SOURCE_QUENCH,
    STATUS,
    Call,
    Open,
    Receive,
    Send,
)
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.guards import MAX_RECEIVES
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.options import MSS
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.situations import REMOTE_PORT, in_state
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Delivered, Output, Reply, Signal

S = State
IS_CLOSING = Reply("error: connection closing")
NO_ROOM = Reply("error: insufficient resources")


def replies(outcome: Outcome) -> list[Output]:
    """What the user gets back."""
    return [effect for effect in outcome.effects if isinstance(effect, Reply | Delivered)]


# --- OPEN --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in State if state is not S.CLOSED])
@pytest.mark.parametrize("call", [Open(active=False), Open(active=True, remote_port=REMOTE_PORT)])
def test_open_of_an_existing_connection_is_refused(state: State, call: Open) -> None:
    """MUST-41; only an active OPEN on a listener is granted."""
    tcb = in_state(state, passive=state is S.LISTEN)
    outcome = step(tcb, call)
    if state is S.LISTEN and call.active:
        assert line(outcome) == ("SYN-SENT", "<SEQ=100><CTL=SYN>")
    else:
        assert (outcome.effects, outcome.tcb) == ((Reply("error: connection already exists"),), tcb)


def test_open_actively_needs_somebody_to_call() -> None:
    for tcb in (TCB(), in_state(S.LISTEN, passive=True)):
        outcome = step(tcb, Open(active=True))
        assert (outcome.effects, outcome.tcb) == ((Reply("error: remote socket unspecified"),), tcb)


def test_open_announces_what_we_can_take() -> None:
    outcome = step(TCB(rcv_mss=1_000, rcv_buff=70_000), Open(active=True, remote_port=80))
    assert outcome.segments[0].options == (MSS(1_000),)
    assert outcome.segments[0].wnd == 65_535  # without window scaling no more can be told


# --- SEND --------------------------------------------------------------------------------------------------------


def test_send_before_the_connection_is_open_is_sent_with_the_ack_of_the_syn() -> None:
    tcb = step(in_state(S.SYN_SENT), Send(b"text")).tcb
    outcome = arrive(tcb, "SYN,ACK", 300)
    assert line(outcome) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=4>")


def test_send_on_a_listener_calls_its_peer_if_that_is_known() -> None:
    listener = step(TCB(next_iss=100), Open(active=False, remote_port=REMOTE_PORT)).tcb
    outcome = step(listener, Send(b"text"))
    assert line(outcome) == ("SYN-SENT", "<SEQ=100><CTL=SYN>")
    assert (outcome.tcb.unsent, outcome.tcb.passive) == (b"text", False)
    open_to_all = step(in_state(S.LISTEN, passive=True), Send(b"text"))
    assert open_to_all.effects == (Reply("error: remote socket unspecified"),)


def test_send_is_cut_to_the_peers_mss_and_pushed_at_its_end() -> None:
    """MUST-61: PSH on the segment that empties the queue."""
    opened = step(in_state(S.SYN_SENT), Segment(REMOTE_PORT, 80, 300, 101, Flags.SYN | Flags.ACK, options=(MSS(4),)))
    outcome = step(opened.tcb, Send(b"ten octets"))
    assert [(sent.data, str(sent.flags)) for sent in outcome.segments] == [
        (b"ten ", "ACK"), (b"octe", "ACK"), (b"ts", "PSH,ACK"),
    ]  # fmt: skip
    assert in_state(S.ESTABLISHED).snd_mss == 536  # MUST-15: none was announced


def test_send_waits_for_the_window() -> None:
    outcome = step(established(snd_wnd=4), Send(b"ten octets"))
    assert line(outcome) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=ACK><DATA=4>")
    more = arrive(outcome.tcb, "ACK", wnd=100)
    assert line(more) == ("ESTABLISHED", "<SEQ=105><ACK=301><CTL=PSH,ACK><DATA=6>")


def test_send_that_does_not_fit_is_refused_whole() -> None:
    outcome = step(established(snd_wnd=0, snd_buff=9), Send(b"ten octets"))
    assert (outcome.effects, outcome.tcb.unsent) == ((NO_ROOM,), b"")


@pytest.mark.parametrize("state", [S.FIN_WAIT_1, S.FIN_WAIT_2, S.CLOSING, S.LAST_ACK, S.TIME_WAIT])
def test_send_after_close_is_refused(state: State) -> None:
    for call in (Send(b"text"), CLOSE):
        assert step(in_state(state), call).effects == (IS_CLOSING,)


def test_send_after_a_close_that_waits_is_refused() -> None:
    tcb = step(step(in_state(S.SYN_RECEIVED), Send(b"text")).tcb, CLOSE).tcb
    for call in (Send(b"more"), CLOSE):
        assert step(tcb, call).effects == (IS_CLOSING,)


def test_send_urgent_marks_the_octet_behind_its_last_one() -> None:
    """MUST-62; the mark is on every segment that begins before it, also when some are sent later."""
    tcb = established(snd_wnd=4)
    first = step(tcb, Send(b"urgent", urgent=True))
    assert repr(first.segments[0]._replace(wnd=65_535)) == "<SEQ=101><ACK=301><CTL=ACK,URG><UP=6><DATA=4>"
    plain = step(first.tcb, Send(b"plain")).tcb
    rest = arrive(plain, "ACK", wnd=100)
    assert repr(rest.segments[0]._replace(wnd=65_535)) == "<SEQ=105><ACK=301><CTL=PSH,ACK,URG><UP=2><DATA=7>"
    after = step(rest.tcb, Send(b"x")).segments[0]
    assert not after.flags & Flags.URG


def test_send_urgent_far_ahead_is_marked_as_far_as_the_field_reaches() -> None:
    tcb = established(snd_wnd=1, snd_buff=200_000)
    outcome = step(tcb, Send(bytes(100_000), urgent=True))
    assert outcome.segments[0].up == 65_535


def test_send_urgent_is_numbered_anew_after_a_return_to_listen() -> None:
    """The caller is gone before it was sent; the next caller gets it, under another ISS."""
    tcb = step(in_state(S.SYN_RECEIVED, passive=True), Send(b"text", urgent=True)).tcb
    listening = replace(arrive(tcb, "RST").tcb, next_iss=5_000)
    called = arrive(listening, "SYN", 700).tcb
    opened = arrive(called, "ACK")
    assert [(sent.seq, sent.up, sent.data) for sent in opened.segments] == [(5_001, 4, b"text")]


# --- RECEIVE -----------------------------------------------------------------------------------------------------


def test_receive_waits_until_there_is_enough_or_some_was_pushed() -> None:
    tcb = step(established(), Receive(4)).tcb
    some = arrive(tcb, "ACK", text=b"abc")
    assert replies(some) == []
    assert replies(arrive(some.tcb, "ACK", text=b"de")) == [Delivered(b"abcd", push=False)]
    assert replies(arrive(some.tcb, "PSH,ACK", text=b"")) == []
    assert replies(arrive(tcb, "PSH,ACK", text=b"abc")) == [Delivered(b"abc", push=True)]


def test_receive_takes_what_has_come_where_nobody_waits_for_a_push() -> None:
    waiting = step(established(waits_for_push=False), Receive(10)).tcb
    outcome = arrive(waiting, "ACK", text=b"some")
    assert replies(outcome) == [Delivered(b"some", push=False)]
    assert step(outcome.tcb, ABORT).tcb.waits_for_push is False


def test_receive_of_text_on_hand_is_satisfied_at_once() -> None:
    tcb = arrive(established(), "PSH,ACK", text=b"abcdef").tcb
    first = step(tcb, Receive(4))
    assert replies(first) == [Delivered(b"abcd", push=False)]
    assert replies(step(first.tcb, Receive(4))) == [Delivered(b"ef", push=True)]


def test_receive_is_satisfied_in_the_order_of_the_calls() -> None:
    tcb = step(step(established(), Receive(2)).tcb, Receive(3)).tcb
    assert replies(arrive(tcb, "ACK", text=b"abcdef")) == [Delivered(b"ab", push=False), Delivered(b"cde", push=False)]


def test_receive_of_text_that_came_in_the_wrong_order() -> None:
    tcb = step(established(), Receive(100)).tcb
    for seq, text in ((6, b"ghi"), (3, b"def"), (4, b"efgh")):
        outcome = arrive(tcb, "ACK", seq, text=text)
        assert replies(outcome) == []
        assert line(outcome) == ("ESTABLISHED", "<SEQ=101><ACK=301><CTL=ACK>")
        tcb = outcome.tcb
    assert replies(arrive(tcb, "PSH,ACK", text=b"abcd")) == [Delivered(b"abcdefghi", push=True)]


def test_receive_behind_too_many_others_is_refused() -> None:
    tcb = in_state(S.ESTABLISHED)
    for _ in range(MAX_RECEIVES):
        tcb = step(tcb, Receive(1)).tcb
    assert step(tcb, Receive(1)).effects == (NO_ROOM,)


def test_receive_after_the_peers_fin_gives_what_is_left_and_then_an_end() -> None:
    tcb = arrive(established(), "FIN,ACK", text=b"end").tcb
    given = step(tcb, Receive(100))
    assert replies(given) == [Delivered(b"end", push=True)]
    assert step(given.tcb, Receive(100)).effects == (IS_CLOSING,)


def test_receive_that_waits_is_returned_by_the_peers_fin() -> None:
    tcb = step(step(established(), Receive(10)).tcb, Receive(10)).tcb
    outcome = arrive(tcb, "FIN,ACK", text=b"end")
    assert replies(outcome) == [Delivered(b"end", push=True), Reply("connection closing")]


def test_receive_opens_the_window_in_large_steps_only() -> None:
    """§3.8.6.2.2: half the buffer or a segment, whichever is less; the text itself narrows it."""
    tcb = arrive(established(rcv_buff=100, rcv_wnd=100), "ACK", text=b"x" * 80).tcb
    assert tcb.rcv_wnd == 20
    small = step(tcb, Receive(49))
    assert (small.tcb.rcv_wnd, small.segments) == (20, ())
    large = step(small.tcb, Receive(1))
    assert (large.tcb.rcv_wnd, line(large)) == (70, ("ESTABLISHED", "<SEQ=101><ACK=381><CTL=ACK>"))


def test_receive_of_urgent_text_signals_once_for_a_stretch() -> None:
    tcb, signals = established(), []
    for text, up in ((b"ab", 4), (b"cd", 2), (b"ef", 0), (b"gh", 2)):
        segment = Segment(REMOTE_PORT, 80, tcb.rcv_nxt, tcb.snd_nxt, Flags.ACK | Flags.URG, up=up, data=text)
        outcome = step(tcb, segment)
        signals.append([effect.text for effect in outcome.effects if isinstance(effect, Signal)])
        tcb = outcome.tcb
    assert signals == [["urgent data"], [], [], []]  # nothing has been read: it is one stretch
    read = step(step(tcb, Receive(7)).tcb, Receive(1)).tcb
    segment = Segment(REMOTE_PORT, 80, read.rcv_nxt, read.snd_nxt, Flags.ACK | Flags.URG, up=1)
    assert Signal("urgent data") in step(read, segment).effects


# --- CLOSE, ABORT, STATUS ----------------------------------------------------------------------------------------


def test_close_lets_the_text_before_it_go_first() -> None:
    tcb = step(established(snd_wnd=4), Send(b"ten octets")).tcb
    closed = step(tcb, CLOSE)
    assert line(closed) == ("FIN-WAIT-1",)
    opened = arrive(closed.tcb, "ACK", wnd=100)
    assert line(opened) == (
        "FIN-WAIT-1", "<SEQ=105><ACK=301><CTL=PSH,ACK><DATA=6>", "<SEQ=111><ACK=301><CTL=FIN,ACK>",
    )  # fmt: skip


def test_close_in_syn_received_waits_for_established_only_behind_text() -> None:
    assert line(step(in_state(S.SYN_RECEIVED), CLOSE)) == ("FIN-WAIT-1", "<SEQ=101><ACK=301><CTL=FIN,ACK>")
    waiting = step(step(in_state(S.SYN_RECEIVED), Send(b"text")).tcb, CLOSE)
    assert line(waiting) == ("SYN-RECEIVED",)
    opened = arrive(waiting.tcb, "ACK")
    assert line(opened) == (
        "FIN-WAIT-1", "<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=4>", "<SEQ=105><ACK=301><CTL=FIN,ACK>",
    )  # fmt: skip
    assert opened.changes == ((S.SYN_RECEIVED, S.ESTABLISHED), (S.ESTABLISHED, S.FIN_WAIT_1))


def test_close_wait_close_waits_until_all_text_is_segmentized() -> None:
    tcb = step(replace(in_state(S.CLOSE_WAIT), snd_wnd=2), Send(b"text")).tcb
    waiting = step(tcb, CLOSE)
    assert line(waiting) == ("CLOSE-WAIT",)
    opened = arrive(waiting.tcb, "ACK", wnd=100)
    assert line(opened) == (
        "LAST-ACK", "<SEQ=103><ACK=302><CTL=PSH,ACK><DATA=2>", "<SEQ=105><ACK=302><CTL=FIN,ACK>",
    )  # fmt: skip


def test_close_before_there_is_a_peer_returns_what_waits() -> None:
    tcb = step(step(in_state(S.SYN_SENT), Send(b"text")).tcb, Receive(1)).tcb
    assert (line(step(tcb, CLOSE)), replies(step(tcb, CLOSE))) == (("CLOSED",), [Reply("error: closing")] * 2)


@pytest.mark.parametrize("state", [S.SYN_RECEIVED, S.ESTABLISHED, S.CLOSE_WAIT])
def test_half_duplex_close_with_unread_text_resets(state: State) -> None:
    """§3.6.1, MAY-1 and SHLD-3: the RST tells that text was lost."""
    tcb = replace(in_state(state), half_duplex_close=True, unread=b"text")
    assert line(step(tcb, CLOSE)) == ("CLOSED", f"<SEQ={tcb.snd_nxt}><CTL=RST>")
    assert step(replace(tcb, half_duplex_close=False), CLOSE).state in (S.FIN_WAIT_1, S.LAST_ACK)


@pytest.mark.parametrize("state", [S.FIN_WAIT_1, S.FIN_WAIT_2])
def test_half_duplex_close_resets_when_text_comes_after_it(state: State) -> None:
    tcb = replace(in_state(state), half_duplex_close=True)
    outcome = arrive(tcb, "ACK", ack=-1 if state is S.FIN_WAIT_1 else 0, text=b"x")
    assert line(outcome) == ("CLOSED", "<SEQ=102><CTL=RST>")
    assert step(tcb, Receive(1)).effects == (IS_CLOSING,)
    assert arrive(tcb, "FIN,ACK").state is S.TIME_WAIT


@pytest.mark.parametrize("state", [S.SYN_RECEIVED, S.ESTABLISHED, S.FIN_WAIT_1, S.FIN_WAIT_2, S.CLOSE_WAIT])
def test_abort_sends_a_reset_and_closes(state: State) -> None:
    """Straight to CLOSED, whatever note 3 of Figure 5 says of TIME-WAIT."""
    tcb = in_state(state)
    assert line(step(tcb, ABORT)) == ("CLOSED", f"<SEQ={tcb.snd_nxt}><CTL=RST>")


@pytest.mark.parametrize("state", [S.LISTEN, S.SYN_SENT, S.CLOSING, S.LAST_ACK, S.TIME_WAIT])
def test_abort_needs_no_reset_where_nobody_waits_for_anything(state: State) -> None:
    assert line(step(in_state(state, passive=state is S.LISTEN), ABORT)) == ("CLOSED",)


def test_abort_returns_what_waits() -> None:
    tcb = step(step(established(), Send(b"text")).tcb, Receive(1)).tcb
    assert replies(step(tcb, ABORT)) == [Reply("error: connection reset")] * 2


def test_status_tells_the_state() -> None:
    for state in State:
        outcome = step(in_state(state, passive=state is S.LISTEN), STATUS)
        told = "error: connection does not exist" if state is S.CLOSED else f"state = {state}"
        assert outcome.effects == (Reply(told),)


@pytest.mark.parametrize("call", [Send(b"x"), Receive(1), CLOSE, ABORT, STATUS])
def test_call_without_a_connection_is_an_error(call: Call) -> None:
    assert step(TCB(), call).effects == (Reply("error: connection does not exist"),)


def test_close_leaves_what_the_owner_chose() -> None:
    chosen = {"local_port": 80, "challenge_acks": False, "half_duplex_close": True, "next_iss": 7, "rcv_buff": 9,
              "snd_buff": 10, "rcv_mss": 11, "r1": 1, "r2": 2}  # fmt: skip
    listener = step(TCB(**chosen), Open(active=False)).tcb  # type: ignore[arg-type]
    assert step(listener, CLOSE).tcb == TCB(**chosen)  # type: ignore[arg-type]


def test_icmp_soft_hard_and_source_quench() -> None:
    """§3.9.2.2: MUST-56, SHLD-26, MUST-55."""
    tcb = step(established(), Send(b"text")).tcb
    soft, hard, quench = (step(tcb, event) for event in (ICMP_SOFT, ICMP_HARD, ICMP_SOURCE_QUENCH))
    assert (soft.state, soft.effects) == (S.ESTABLISHED, (Signal("ICMP: soft error"),))
    assert (hard.state, hard.effects[0]) == (S.CLOSED, Signal("error: ICMP hard error"))
    assert (quench.tcb, quench.effects) == (tcb, ())


def test_situations_refuse_what_no_connection_can_be() -> None:
    with pytest.raises(TcpBookError, match="no connection opened actively is in LISTEN; choose the other way to open"):
        in_state(S.LISTEN)
