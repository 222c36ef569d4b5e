"""The reading plays RFC 9293's Figures 6-13 by hand, and the traps that an implementer falls into."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from oracles.rfc9293_reading import Answer, Held, Seen, Sent, View, arrives, call, icmp, timeout

NOTHING: list[Sent] = []


def sent(seq: int, ack: int | None, flags: str, data: bytes = b"") -> Sent:
    return (seq, ack, frozenset(flags.split(",")), data)


def seen(segment: Sent, wnd: int = 4096) -> Seen:
    seq, ack, flags, data = segment
    return Seen(seq, ack or 0, flags, wnd, data=data)


def segment(seq: int, ack: int, flags: str, data: bytes = b"", wnd: int = 4096, up: int = 0) -> Seen:
    return Seen(seq, ack, frozenset(flags.split(",")), wnd, up, data)


def open_pair(state: str = "ESTABLISHED", **changes: Any) -> View:
    """A connection that has sent up to 99 and received up to 299."""
    base = View(
        state=state, iss=50, snd_una=100, snd_nxt=100, snd_wnd=1000, snd_wl1=300, snd_wl2=100,
        max_snd_wnd=1000, irs=250, rcv_nxt=300, rcv_wnd=1000, rcv_buff=1000, mss=100,
    )  # fmt: skip
    return replace(base, **changes)


def listening(next_iss: int = 300) -> View:
    return call(View(next_iss=next_iss), "OPEN", active=False, remote_known=False).view


def connecting(next_iss: int = 100) -> Answer:
    return call(View(next_iss=next_iss), "OPEN", active=True)


# --- The figures ---


def test_figure_6_three_way_handshake() -> None:
    a = connecting()
    assert a.sent == [sent(100, None, "SYN")]
    b = arrives(listening(), seen(a.sent[0]))
    assert (b.sent, b.view.state) == ([sent(300, 101, "SYN,ACK")], "SYN-RECEIVED")
    a = arrives(a.view, seen(b.sent[0]))
    assert (a.sent, a.view.state) == ([sent(101, 301, "ACK")], "ESTABLISHED")
    b = arrives(b.view, seen(a.sent[0]))
    assert (b.sent, b.view.state) == (NOTHING, "ESTABLISHED")
    a = call(a.view, "SEND", data=b"text", push=True)
    assert a.sent == [sent(101, 301, "ACK,PSH", b"text")]
    b = call(arrives(b.view, seen(a.sent[0])).view, "RECEIVE", count=10)
    assert (b.delivered, b.view.rcv_nxt) == (b"text", 105)


def test_figure_7_simultaneous_open_takes_one_exchange_more_than_drawn() -> None:
    a, b = connecting(100), connecting(300)
    a2, b2 = arrives(a.view, seen(b.sent[0])), arrives(b.view, seen(a.sent[0]))
    assert (a2.view.state, a2.sent) == ("SYN-RECEIVED", [sent(100, 301, "SYN,ACK")])
    a3, b3 = arrives(a2.view, seen(b2.sent[0])), arrives(b2.view, seen(a2.sent[0]))
    # The figure shows ESTABLISHED here; section 3.10.7.4 finds the SYN left of the window and sends an ACK.
    assert (a3.view.state, a3.sent) == ("SYN-RECEIVED", [sent(101, 301, "ACK")])
    a4, b4 = arrives(a3.view, seen(b3.sent[0])), arrives(b3.view, seen(a3.sent[0]))
    assert (a4.view.state, b4.view.state) == ("ESTABLISHED", "ESTABLISHED")
    assert (a4.sent, b4.sent) == (NOTHING, NOTHING)


def test_figure_8_old_duplicate_syn() -> None:
    a = connecting()
    b = arrives(listening(300), segment(90, 0, "SYN"))
    assert b.sent == [sent(300, 91, "SYN,ACK")]
    reset = arrives(a.view, seen(b.sent[0]))
    assert (reset.sent, reset.view) == ([sent(91, None, "RST")], a.view)
    b = arrives(b.view, seen(reset.sent[0]))
    assert (b.view.state, b.signals) == ("LISTEN", [])
    b = arrives(replace(b.view, next_iss=400), seen(a.sent[0]))
    assert b.sent == [sent(400, 101, "SYN,ACK")]
    a = arrives(a.view, seen(b.sent[0]))
    assert (a.sent, a.view.state) == ([sent(101, 401, "ACK")], "ESTABLISHED")
    assert arrives(b.view, seen(a.sent[0])).view.state == "ESTABLISHED"


@pytest.mark.parametrize("challenge_acks", [True, False])
def test_figure_9_half_open_discovery(challenge_acks: bool) -> None:
    b = open_pair(snd_una=300, snd_nxt=300, rcv_nxt=100, rcv_wnd=200, challenge_acks=challenge_acks)
    a = connecting(400)
    answer = arrives(b, seen(a.sent[0]))
    assert answer.sent == [sent(300, 100, "ACK")]
    reset = arrives(a.view, seen(answer.sent[0]))
    assert (reset.sent, reset.view.state) == ([sent(100, None, "RST")], "SYN-SENT")
    aborted = arrives(answer.view, seen(reset.sent[0]))
    assert (aborted.view.state, aborted.signals) == ("CLOSED", ["connection reset"])
    assert timeout(reset.view, "RETRANSMISSION").sent == [sent(400, None, "SYN")]


def test_figure_10_active_side_discovers_half_open() -> None:
    b = call(open_pair(snd_una=300, snd_nxt=300, rcv_nxt=100), "SEND", data=b"ten octets")
    assert b.sent == [sent(300, 100, "ACK", b"ten octets")]
    reset = arrives(View(), seen(b.sent[0]))
    assert reset.sent == [sent(100, None, "RST")]
    aborted = arrives(b.view, seen(reset.sent[0]))
    assert (aborted.view.state, aborted.replies) == ("CLOSED", ["SEND: reset"])


def test_figure_11_old_duplicate_on_two_passive_sockets() -> None:
    b = arrives(listening(), segment(7000, 0, "SYN"))
    assert b.sent == [sent(300, 7001, "SYN,ACK")]
    a = arrives(listening(), seen(b.sent[0]))
    assert (a.sent, a.view.state) == ([sent(7001, None, "RST")], "LISTEN")
    assert arrives(b.view, seen(a.sent[0])).view.state == "LISTEN"


def test_figure_12_normal_close() -> None:
    a = call(open_pair(), "CLOSE")
    assert (a.sent, a.view.state) == ([sent(100, 300, "FIN,ACK")], "FIN-WAIT-1")
    peer = open_pair(snd_una=300, snd_nxt=300, rcv_nxt=100, snd_wl1=100, snd_wl2=300)
    b = arrives(peer, seen(a.sent[0]))
    assert (b.sent, b.view.state) == ([sent(300, 101, "ACK")], "CLOSE-WAIT")
    assert b.signals == ["connection closing"]
    a = arrives(a.view, seen(b.sent[0]))
    assert (a.sent, a.view.state, a.replies) == (NOTHING, "FIN-WAIT-2", ["CLOSE: ok"])
    b = call(b.view, "CLOSE")
    assert (b.sent, b.view.state) == ([sent(300, 101, "FIN,ACK")], "LAST-ACK")
    a = arrives(a.view, seen(b.sent[0]))
    assert (a.sent, a.view.state, a.restarts_2msl) == ([sent(101, 301, "ACK")], "TIME-WAIT", True)
    assert arrives(b.view, seen(a.sent[0])).view.state == "CLOSED"
    again = arrives(a.view, seen(b.sent[0]))  # the last ACK was lost
    assert (again.sent, again.restarts_2msl) == ([sent(101, 301, "ACK")], True)
    assert timeout(again.view, "TIME-WAIT").view.state == "CLOSED"


def test_figure_13_simultaneous_close() -> None:
    a = call(open_pair(), "CLOSE")
    peer = open_pair(snd_una=300, snd_nxt=300, rcv_nxt=100, snd_wl1=100, snd_wl2=300)
    b = call(peer, "CLOSE")
    a2, b2 = arrives(a.view, seen(b.sent[0])), arrives(b.view, seen(a.sent[0]))
    assert (a2.sent, a2.view.state) == ([sent(101, 301, "ACK")], "CLOSING")
    assert (b2.sent, b2.view.state) == ([sent(301, 101, "ACK")], "CLOSING")
    a3, b3 = arrives(a2.view, seen(b2.sent[0])), arrives(b2.view, seen(a2.sent[0]))
    assert (a3.view.state, b3.view.state) == ("TIME-WAIT", "TIME-WAIT")
    assert (a3.sent, b3.sent) == (NOTHING, NOTHING)


# --- The states before a connection is synchronized, and calls without segments ---


def test_closed_resets_whatever_is_no_reset() -> None:
    assert arrives(View(), segment(7, 9, "RST,ACK")).sent == NOTHING
    assert arrives(View(), segment(7, 0, "SYN,FIN", b"text")).sent == [sent(0, 13, "RST,ACK")]


def test_listen_and_syn_sent_drop_what_they_can_not_use() -> None:
    for flags in ("RST", "RST,ACK", "FIN", "SYN,RST"):
        assert arrives(listening(), segment(7, 0, flags)) == Answer(listening())
    calling = connecting().view
    for dropped in (segment(7, 0, "RST"), segment(7, 99, "RST,ACK"), segment(7, 101, "ACK"), segment(7, 0, "FIN")):
        assert arrives(calling, dropped) == Answer(calling)
    refused = arrives(calling, segment(7, 101, "SYN,RST,ACK"))
    assert (refused.view.state, refused.signals, refused.sent) == (
        "CLOSED",
        ["error: connection reset"],
        NOTHING,
    )


def test_calls_before_the_connection_is_synchronized() -> None:
    waiting = call(replace(listening(), remote_known=True), "RECEIVE", count=1).view
    assert call(waiting, "CLOSE").replies == ["RECEIVE: error: closing"]
    aborted = call(waiting, "ABORT")
    assert (aborted.sent, aborted.replies) == (NOTHING, ["RECEIVE: error: connection reset"])
    assert call(waiting, "OPEN", active=False).replies == ["OPEN: error: connection already exists"]
    active = call(waiting, "SEND", data=b"x")
    assert (active.sent, active.view.state, active.view.passive) == (
        [sent(300, None, "SYN")],
        "SYN-SENT",
        False,
    )
    assert call(active.view, "ABORT").replies == ["SEND: connection reset", "RECEIVE: connection reset"]
    assert call(active.view, "CLOSE").view.state == "CLOSED"
    lost = timeout(active.view, "USER")
    assert lost.signals == ["error: connection aborted due to user timeout"]
    assert (lost.view.state, timeout(lost.view, "USER").signals) == ("CLOSED", [])


def test_receive_after_both_have_closed_is_an_error() -> None:
    for state in ("CLOSING", "LAST-ACK", "TIME-WAIT", "CLOSE-WAIT"):
        got = call(open_pair(state), "RECEIVE", count=1)
        assert got.replies == ["RECEIVE: error: connection closing"]


# --- The traps ---


def test_listen_takes_text_and_fin_beside_the_syn_but_delivers_later() -> None:
    waiting = call(listening(), "RECEIVE", count=9).view
    b = arrives(waiting, segment(90, 0, "SYN,FIN", b"hello"))
    assert b.sent == [sent(300, 91, "SYN,ACK"), sent(301, 97, "ACK")]
    assert (b.view.state, b.delivered, b.signals) == ("CLOSE-WAIT", b"", ["connection closing"])
    b = arrives(b.view, segment(97, 301, "ACK"))
    assert (b.delivered, b.sent, b.view.state) == (b"hello", NOTHING, "CLOSE-WAIT")


def test_syn_sent_holds_text_of_a_bare_syn_until_established() -> None:
    a = arrives(connecting().view, segment(300, 0, "SYN", b"hi"))
    assert (a.sent, a.view.rcv_nxt) == ([sent(100, 301, "SYN,ACK")], 301)
    a = arrives(a.view, segment(303, 101, "ACK"))
    assert (a.view.state, a.view.unread, a.sent) == ("ESTABLISHED", b"hi", [sent(101, 303, "ACK")])


def test_out_of_order_text_is_held_and_its_ack_used_at_once() -> None:
    sending = call(open_pair(), "SEND", data=b"x").view
    late = arrives(sending, segment(302, 101, "FIN,ACK,URG", b"cd", up=2))
    assert (late.sent, late.replies) == ([sent(101, 300, "ACK")], ["SEND: ok"])
    assert (late.view.held, late.signals) == ((Held(302, b"cd", True, False, 304),), ["urgent data"])
    filled = arrives(late.view, segment(300, 101, "ACK", b"abc"))
    assert (filled.view.unread, filled.view.state, filled.view.held) == (b"abcd", "CLOSE-WAIT", ())
    assert (filled.sent, filled.signals) == ([sent(101, 305, "ACK")], ["connection closing"])


def test_segment_is_trimmed_on_both_sides_of_the_window() -> None:
    view = open_pair(rcv_wnd=4)
    right = arrives(view, segment(300, 100, "FIN,ACK", b"abcd"))
    assert (right.view.unread, right.view.state, right.view.rcv_wnd) == (b"abcd", "ESTABLISHED", 0)
    left = arrives(view, segment(298, 100, "FIN,ACK", b"YZabc"))
    assert (left.view.unread, left.view.state) == (b"abc", "CLOSE-WAIT")


def test_zero_window_takes_ack_urg_and_rst_but_no_text() -> None:
    view = replace(call(open_pair(), "SEND", data=b"x").view, rcv_wnd=0)
    probe = arrives(view, segment(300, 101, "ACK,URG", b"p", up=1))
    assert (probe.sent, probe.signals, probe.view.unread) == ([sent(101, 300, "ACK")], ["urgent data"], b"")
    assert probe.view.snd_una == 101
    assert arrives(view, segment(300, 0, "RST")).view.state == "CLOSED"
    assert arrives(view, segment(301, 0, "RST")).view == view
    blind = replace(view, challenge_acks=False)
    assert arrives(blind, segment(300, 101, "SYN,ACK")).sent == [sent(101, 300, "ACK")]
    assert arrives(blind, segment(300, 101, "SYN,ACK")).view.state == "ESTABLISHED"


@pytest.mark.parametrize(
    ("challenge_acks", "seq", "state", "answer"),
    [
        (True, 300, "CLOSED", NOTHING),
        (True, 301, "ESTABLISHED", [sent(100, 300, "ACK")]),
        (True, 299, "ESTABLISHED", NOTHING),
        (False, 301, "CLOSED", NOTHING),
        (False, 299, "ESTABLISHED", NOTHING),
    ],
)
def test_rst(challenge_acks: bool, seq: int, state: str, answer: list[Sent]) -> None:
    got = arrives(open_pair(challenge_acks=challenge_acks), segment(seq, 0, "RST"))
    assert (got.view.state, got.sent) == (state, answer)


@pytest.mark.parametrize(
    ("challenge_acks", "flags", "seq", "state", "answer"),
    [
        (True, "SYN", 300, "ESTABLISHED", [sent(100, 300, "ACK")]),
        (True, "SYN,ACK", 299, "ESTABLISHED", [sent(100, 300, "ACK")]),
        (False, "SYN", 310, "CLOSED", [sent(0, 312, "RST,ACK")]),
        (False, "SYN,ACK", 310, "CLOSED", [sent(100, None, "RST")]),
        (False, "SYN,ACK", 299, "ESTABLISHED", [sent(100, 301, "ACK")]),
    ],
)
def test_syn_once_synchronized(challenge_acks: bool, flags: str, seq: int, state: str, answer: list[Sent]) -> None:
    got = arrives(open_pair(challenge_acks=challenge_acks), segment(seq, 100, flags, b"t"))
    assert (got.view.state, got.sent) == (state, answer)


def test_syn_received_answers_a_bad_ack_by_a_reset_and_stays() -> None:
    b = arrives(listening(), segment(90, 0, "SYN")).view
    got = arrives(b, segment(91, 300, "FIN,ACK"))
    assert (got.sent, got.view) == ([sent(300, None, "RST")], b)
    assert arrives(b, segment(91, 301, "FIN,ACK")).view.state == "CLOSE-WAIT"
    assert arrives(b, segment(95, 0, "SYN")).view.state == "LISTEN"
    assert arrives(replace(b, passive=False), segment(91, 0, "RST")).signals == ["connection refused"]


@pytest.mark.parametrize("challenge_acks", [True, False])
def test_ack_of_the_unsent_draws_an_ack(challenge_acks: bool) -> None:
    view = open_pair(challenge_acks=challenge_acks)
    got = arrives(view, segment(300, 101, "ACK", b"t"))
    assert (got.sent, got.view) == ([sent(100, 300, "ACK")], view)


def test_ack_older_than_the_largest_window_is_refused_by_rfc_5961_only() -> None:
    old = segment(300, (100 - 1001) % 2**32, "ACK", b"t", wnd=7)
    assert arrives(open_pair(), old).view.unread == b""
    taken = arrives(open_pair(challenge_acks=False, snd_wl1=299), old).view
    assert (taken.unread, taken.snd_una, taken.snd_wnd) == (b"t", 100, 1000)
    assert arrives(open_pair(), segment(300, 100, "PSH", b"t")).view == open_pair()  # no ACK, no text


def test_fin_wait_1_with_fin_and_ack_of_fin_enters_time_wait() -> None:
    a = call(open_pair(), "CLOSE").view
    got = arrives(a, segment(300, 101, "FIN,ACK"))
    assert (got.view.state, got.replies, got.sent) == ("TIME-WAIT", ["CLOSE: ok"], [sent(101, 301, "ACK")])


def test_close_waits_for_the_text_and_the_window() -> None:
    queued = call(open_pair(snd_wnd=3, challenge_acks=False), "SEND", data=b"abcde")
    assert queued.sent == [sent(100, 300, "ACK", b"abc")]
    closed = call(queued.view, "CLOSE")
    assert (closed.sent, closed.view.state, closed.view.fin_pending) == (NOTHING, "FIN-WAIT-1", True)
    opened = arrives(closed.view, segment(300, 103, "ACK"))
    assert opened.sent == [sent(103, 300, "ACK,PSH", b"de"), sent(105, 300, "FIN,ACK")]


def test_queued_close_of_syn_received_and_of_close_wait() -> None:
    b = arrives(listening(), segment(90, 0, "SYN")).view
    b = call(call(b, "SEND", data=b"ab").view, "CLOSE").view
    assert (b.state, b.close_queued) == ("SYN-RECEIVED", True)
    assert call(b, "SEND", data=b"late").replies == ["SEND: error: connection closing"]
    done = arrives(b, segment(91, 301, "ACK"))
    assert (done.view.state, done.sent) == (
        "FIN-WAIT-1",
        [sent(301, 91, "ACK,PSH", b"ab"), sent(303, 91, "FIN,ACK")],
    )
    waiting = call(open_pair("CLOSE-WAIT", snd_wnd=0, unsent=b"z"), "CLOSE")
    assert (waiting.view.state, waiting.view.close_queued) == ("CLOSE-WAIT", True)
    assert arrives(waiting.view, segment(300, 100, "ACK", wnd=9)).view.state == "LAST-ACK"


def test_receive_reopens_the_window_in_large_steps_only() -> None:
    view = arrives(open_pair(), segment(300, 100, "ACK,PSH", b"a" * 120)).view
    assert (view.rcv_wnd, view.unread) == (880, b"a" * 120)
    small = call(view, "RECEIVE", count=99)
    assert (small.sent, small.view.rcv_wnd) == (NOTHING, 880)
    large = call(small.view, "RECEIVE", count=99)
    assert (large.delivered, large.sent, large.view.rcv_wnd) == (b"a" * 21, [sent(100, 420, "ACK")], 1000)


def test_urgent_pointer_names_the_octet_after_the_urgent_data() -> None:
    got = call(open_pair(), "SEND", data=b"!", urgent=True)
    assert (got.sent, got.view.snd_up) == ([sent(100, 300, "ACK,URG", b"!")], 101)


def test_retransmission_advice_at_r1_and_closing_at_r2() -> None:
    view = call(open_pair(r1=1, r2=2), "SEND", data=b"x").view
    first = timeout(view, "RETRANSMISSION")
    assert (first.sent, first.signals) == ([sent(100, 300, "ACK", b"x")], ["excessive retransmissions"])
    second = timeout(first.view, "RETRANSMISSION")
    assert (second.sent, second.signals) == (first.sent, [])
    assert timeout(second.view, "RETRANSMISSION").view.state == "CLOSED"


def test_zero_window_is_probed_as_long_as_the_peer_answers() -> None:
    view = call(open_pair(snd_wnd=0, r2=1), "SEND", data=b"ab").view
    for _ in range(5):
        probe = timeout(view, "RETRANSMISSION")
        assert probe.sent == [sent(100, 300, "ACK", b"a")]
        view = arrives(probe.view, segment(300, 100, "ACK", wnd=0)).view
    assert arrives(view, segment(300, 101, "ACK", wnd=9)).sent == [sent(101, 300, "ACK", b"b")]


def test_half_duplex_close_resets_where_data_would_be_lost() -> None:
    view = open_pair(half_duplex_close=True)
    unread = call(replace(view, unread=b"x"), "CLOSE")
    assert (unread.sent, unread.view.state) == ([sent(100, None, "RST")], "CLOSED")
    late = arrives(call(view, "CLOSE").view, segment(300, 100, "ACK", b"x"))
    assert (late.sent, late.view.state) == ([sent(101, None, "RST")], "CLOSED")


@pytest.mark.parametrize("state", ["CLOSING", "LAST-ACK", "TIME-WAIT"])
def test_abort_after_both_closed_sends_nothing(state: str) -> None:
    got = call(open_pair(state), "ABORT")
    assert (got.sent, got.replies, got.view.state) == (NOTHING, ["ABORT: ok"], "CLOSED")


def test_icmp() -> None:
    assert icmp(open_pair(), "source quench") == Answer(open_pair())
    assert icmp(open_pair(), "soft").view == open_pair()
    assert icmp(open_pair("SYN-RECEIVED"), "hard").view.state == "CLOSED"
    assert icmp(listening(), "hard").view.state == "LISTEN"


def test_calls_on_what_does_not_exist() -> None:
    for name in ("SEND", "RECEIVE", "CLOSE", "ABORT", "STATUS"):
        assert call(View(), name).replies == [f"{name}: error: connection does not exist"]
    assert call(listening(), "SEND", data=b"x").replies == ["SEND: error: remote socket unspecified"]


def test_states_after_both_have_closed() -> None:
    closing = open_pair("CLOSING", snd_nxt=101, fin_seq=100, in_flight=((100, b"", False, True),))
    assert arrives(closing, segment(300, 100, "FIN,ACK")).view.rcv_nxt == 300  # not of our FIN: ignored
    assert arrives(closing, segment(300, 0, "RST")).signals == ["connection reset"]
    waiting = open_pair("TIME-WAIT")
    assert arrives(waiting, segment(300, 100, "ACK")).sent == NOTHING
    assert not arrives(waiting, segment(298, 100, "FIN,ACK")).restarts_2msl
    assert arrives(waiting, segment(300, 100, "FIN,ACK")).restarts_2msl
    reset = arrives(waiting, segment(300, 0, "RST"))
    assert (reset.view.state, reset.signals) == ("CLOSED", [])


def test_old_segment_does_not_update_the_window() -> None:
    view = open_pair(snd_wl1=301)
    assert arrives(view, segment(300, 100, "ACK", wnd=7)).view.snd_wnd == 1000
    assert arrives(replace(view, snd_wl1=300, snd_wl2=100), segment(300, 100, "ACK", wnd=7)).view.snd_wnd == 7


def test_status_and_soft_errors_change_nothing() -> None:
    status = call(open_pair("CLOSE-WAIT"), "STATUS")
    assert (status.replies, status.view) == (["STATUS: state = CLOSE-WAIT"], open_pair("CLOSE-WAIT"))
    assert icmp(open_pair(), "soft").signals == ["soft error"]
