"""Two hosts on a virtual clock: timers, loss, order, and both byte streams whole at the end."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from tcpbook.lab.network import Application, Closes, Host, Link, Network, pair
from tcpbook.lab.trace import CRASH, Trace
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import CLOSE, Event, Open, Receive, Send, Signaled
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.rto import Rto
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Signal

MS, S = 1_000, 1_000_000
PATIENT = 10**9  # retransmissions, so that nobody gives up


def opened(hosts: tuple[Host, ...] | None = None, **network: object) -> Network:
    """B listens, A calls; nothing has happened yet."""
    found = Network(hosts, **network)  # type: ignore[arg-type]
    found.call(1, Open(active=False))
    found.call(0, Open(active=True, remote_port=80))
    return found


def sent_by(trace: Trace, end: int) -> list[int]:
    """When an end sent its segments, in seconds."""
    return [flight.sent_us // S for flight in trace.flights if flight.sender == end]


def random_run(seed: int, user_timeout_us: int | None = None) -> Network:
    """Thirty per cent of everything goes wrong, and buffers may be tiny."""
    dice = Random(seed)
    buffer = dice.choice([1, 700, 2_000, 65_535])
    hosts = pair(r2=PATIENT, rcv_buff=buffer, challenge_acks=dice.random() < 0.5)
    for host in hosts:
        most = 30 if buffer == 1 else 6_000
        host.application = Application(dice.randbytes(dice.randrange(most)), closes=Closes.AFTER_TEXT)
        host.user_timeout_us = user_timeout_us
        host.delayed_ack_us = dice.choice([None, 200 * MS])
    link = Link(jitter_us=5_000, loss=0.3, duplication=0.3, reordering=0.3)
    network = Network(hosts, (link, link), seed, recorded=user_timeout_us is not None)
    network.call(1, Open(active=dice.random() < 0.3, remote_port=49_152), dice.randrange(30_000))
    network.call(0, Open(active=True, remote_port=80), dice.randrange(30_000) + 20_000 * (dice.random() < 0.5))
    network.run()
    return network


def assert_whole(seed: int) -> None:
    a, b = random_run(seed).hosts
    if b.tcb.state is State.LISTEN:  # called before it listened, A was refused; nothing was ever said
        assert not a.received + b.received
        return
    assert (a.tcb.state, b.tcb.state) == (State.CLOSED, State.CLOSED)
    if a.handed_over or b.handed_over:
        assert (bytes(a.received), bytes(b.received)) == (b.application.text, a.application.text)


@pytest.mark.parametrize("seed", range(300))
def test_both_streams_arrive_whole(seed: int) -> None:
    assert_whole(seed)


@pytest.mark.long
def test_both_streams_arrive_whole_ten_thousand_times() -> None:
    for seed in range(300, 10_300):
        assert_whole(seed)


@pytest.mark.parametrize("seed", range(100))
def test_with_a_user_timeout_whoever_lost_text_is_told(seed: int) -> None:
    network = random_run(seed, user_timeout_us=5 * S)
    a, b = network.hosts
    told = [
        str(effect.text)
        for step in network.trace.steps
        for effect in step.effects
        if isinstance(effect, Signal) and effect.text.startswith("error")
    ]
    whole = bytes(a.received) == b.application.text and bytes(b.received) == a.application.text
    assert whole or told
    assert a.tcb.state in (State.CLOSED, State.LISTEN)
    assert b.tcb.state in (State.CLOSED, State.LISTEN)


def test_a_syn_is_repeated_with_back_off_until_r2() -> None:
    """RFC 6298 §5, rule 5.5; after R2 the user is told (§3.8.3)."""
    network = opened(pair(r2=5), links=(Link(lose=tuple(range(1, 100))), Link()))
    trace = network.run()
    assert sent_by(trace, 0) == [0, 1, 3, 7, 15, 31]
    assert [flight.retransmission for flight in trace.flights] == [False] + [True] * 5
    assert trace.states(200 * S) == (State.CLOSED, State.LISTEN)


def test_karn_an_ambiguous_round_trip_is_not_measured() -> None:
    network = opened(links=(Link(delay_us=400 * MS, lose=(1,)), Link(delay_us=400 * MS)))
    network.run()
    a = network.hosts[0]
    assert a.rto == Rto(3 * S)  # RFC 6298 §5, rule 5.7
    network.call(0, Send(b"x"), network.now_us)
    network.run()
    assert a.rto == Rto(2_400 * MS, 800 * MS, 400 * MS)


def test_the_retransmission_comes_at_the_rto() -> None:
    network = opened(links=(Link(lose=(3,)), Link()))
    network.call(0, Send(b"lost"), 1 * S)
    trace = network.run()
    times = [flight.sent_us for flight in trace.flights if flight.segment.data]
    assert times == [1 * S, 2 * S]
    assert network.hosts[1].received == b"lost"


def test_a_shut_window_is_probed_with_back_off() -> None:
    """§3.8.6.1: the probes go on, two seconds apart, then four, ..., and the window's opening is heard."""
    hosts = pair(rcv_buff=4)
    hosts[1].application = Application(reads=False)
    network = opened(hosts)
    network.call(0, Send(b"too much"), 1 * S)
    network.call(1, Receive(), 20 * S)
    network.call(1, Receive(), 40 * S)
    trace = network.run(60 * S)
    probes = [flight.sent_us // S for flight in trace.flights if flight.sender == 0 and flight.segment.data]
    assert probes[:5] == [1, 2, 4, 8, 16]
    again = [flight.retransmission for flight in trace.flights if flight.sender == 0 and flight.segment.data]
    assert again[:4] == [False, False, True, True]
    assert hosts[1].received == b"too much"


def test_an_ack_waits_for_a_companion() -> None:
    """§3.8.6.3: every second full segment is acknowledged at once, a single one after the delay."""
    hosts = pair()
    hosts[1].delayed_ack_us = 200 * MS
    network = opened(hosts)
    network.call(0, Send(bytes(3 * 1_460)), 1 * S)
    trace = network.run()
    acks = [(f.sent_us, f.segment.ack - 101) for f in trace.flights if f.sender == 1 and f.sent_us > 1 * S]
    assert acks == [(1_010 * MS, 2 * 1_460), (1_210 * MS, 3 * 1_460)]


def acks_of_three(link: Link) -> list[tuple[int, int]]:
    """When B, which delays its ACKs, acknowledged how much of three short texts sent at 1 s, 1.01 s, and 1.02 s."""
    hosts = pair()
    hosts[1].delayed_ack_us = 200 * MS
    network = opened(hosts, links=(link, Link()))
    for number in range(3):
        network.call(0, Send(b"text"), 1 * S + 10 * MS * number)
    return [(f.sent_us - S, f.segment.ack - 101) for f in network.run().flights if f.sender == 1 and f.sent_us > S]


def test_an_ack_that_tells_of_a_gap_or_its_end_does_not_wait() -> None:
    assert acks_of_three(Link()) == [(20 * MS, 8), (230 * MS, 12)]
    assert acks_of_three(Link(late={3: 25 * MS})) == [(20 * MS, 0), (30 * MS, 0), (35 * MS, 12)]


def acks_of_a_fin(*calls: Signaled) -> list[tuple[int, str]]:
    """When and how B, which delays its ACKs, answers text and FIN that arrive at 1 s, after its user's calls."""
    hosts = pair()
    hosts[1].delayed_ack_us = 200 * MS
    network = opened(hosts, links=(Link(), Link(lose=(2, 3))))
    for call in calls:
        network.call(1, call, 1 * S - 1)
    network.inject(1, Segment(49_152, 80, 101, 301 + len(calls), Flags.FIN | Flags.ACK, data=b"bye"), 1 * S)
    trace = network.run(1_500 * MS)
    return [(f.sent_us - S, str(f.segment.flags)) for f in trace.flights if f.sender == 1 and f.segment.ack == 105]


def test_the_ack_of_a_fin_waits_where_our_own_fin_may_take_it_along() -> None:
    assert acks_of_a_fin() == [(200 * MS, "ACK")]  # in CLOSE-WAIT
    assert acks_of_a_fin(CLOSE) == [(0, "ACK")]  # in TIME-WAIT: nothing more will be sent


def test_a_segment_of_another_connection_is_answered_as_if_there_were_none() -> None:
    """§3.10.7.1: a RST that its sender will believe; the connection at hand hears nothing of it."""
    network = opened()
    network.inject(1, Segment(6_000, 80, 101, 301, Flags.FIN | Flags.ACK), 1 * S)
    network.inject(0, Segment(80, 6_000, 301, 101, Flags.FIN | Flags.ACK), 1 * S)
    trace = network.run()
    assert trace.states(2 * S) == (State.ESTABLISHED, State.ESTABLISHED)
    resets = [f.segment[:3] for f in trace.flights if f.segment.flags & Flags.RST]
    assert resets == [(80, 6_000, 301), (6_000, 80, 101)]


def test_each_new_ack_restarts_the_user_timeout() -> None:
    hosts = pair()
    hosts[0].user_timeout_us = 3 * S
    network = opened(hosts, links=(Link(delay_us=1 * S), Link(delay_us=1 * S)))
    for second in range(5, 15):
        network.call(0, Send(b"x"), second * S)
    network.run()
    assert hosts[1].received == b"x" * 10
    assert hosts[0].tcb.state is State.ESTABLISHED


def test_the_user_timeout_ends_waiting_for_a_fin() -> None:
    """§3.8.3 leaves it to the user; with it, nobody stays in FIN-WAIT-2 forever."""
    hosts = pair()
    hosts[0].user_timeout_us = 5 * S
    network = opened(hosts)
    network.call(0, CLOSE, 1 * S)
    trace = network.run()
    assert trace.steps[-1].at_us == 6 * S + 20 * MS
    assert hosts[0].tcb.state is State.CLOSED


def test_a_crash_forgets_the_connection_and_keeps_the_limits() -> None:
    hosts = pair(rcv_buff=700, r1=2)
    hosts[0].delayed_ack_us = 200 * MS
    network = opened(hosts, links=(Link(lose=(3,)), Link()))
    network.call(0, Send(b"lost"), 1 * S)
    network.call(1, Send(b"unanswered"), 1 * S)
    network.call(0, CRASH, 1_100 * MS)
    trace = network.run(1_200 * MS)
    assert [step.name for step in trace.steps if step.end == 0][-1] == CRASH
    assert (hosts[0].rto, hosts[0].timed, hosts[0].held_ack, hosts[0].timers) == (Rto(), None, None, {})
    assert hosts[0].tcb == replace(pair(rcv_buff=700, r1=2)[0].tcb, next_iss=400)


def test_chances_are_kept() -> None:
    link = Link(loss=0.2, duplication=0.1, reordering=0.3)
    hosts = pair(r2=PATIENT)
    hosts[0].application = Application(bytes(1_000_000))
    flights = [f for f in opened(hosts, links=(link, Link())).run().flights if f.sender == 0]
    originals = [f for f in flights if not f.duplicate]
    arrived = [f.arrives_us - f.sent_us for f in originals if f.arrives_us is not None]
    assert len(originals) > 600
    assert 1 - len(arrived) / len(originals) == pytest.approx(0.2, abs=0.04)
    assert (len(flights) - len(originals)) / len(arrived) == pytest.approx(0.1, abs=0.04)
    assert sum(wait == 40 * MS for wait in arrived) / len(arrived) == pytest.approx(0.3, abs=0.04)
    assert set(arrived) == {10 * MS, 40 * MS}


def test_jitter_never_reorders() -> None:
    hosts = pair()
    hosts[0].application = Application(bytes(100_000))
    trace = opened(hosts, links=(Link(jitter_us=5 * MS), Link())).run()
    arrivals = [f.arrives_us or 0 for f in trace.flights if f.sender == 0]
    waits = [f.arrives_us - f.sent_us for f in trace.flights if f.sender == 0 and f.arrives_us is not None]
    assert arrivals == sorted(arrivals)
    assert 10 * MS <= min(waits) < max(waits) <= 15 * MS


def test_an_application_fills_its_segments() -> None:
    hosts = pair()
    hosts[0].application = Application(bytes(100_000))
    sizes = [len(f.segment.data) for f in opened(hosts).run().flights if f.segment.data]
    assert sizes == [1_460] * 68 + [100_000 - 68 * 1_460]


def test_an_application_may_close_after_its_peer() -> None:
    hosts = pair()
    hosts[0].application = Application(b"request", closes=Closes.AFTER_PEER)
    network = opened(hosts)
    assert network.run(10 * S).states(10 * S) == (State.ESTABLISHED, State.ESTABLISHED)
    network.call(1, CLOSE)
    assert network.run(20 * S).states(20 * S) == (State.CLOSED, State.TIME_WAIT)


def test_two_msl_run_from_the_last_fin() -> None:
    network = opened()
    network.call(0, CLOSE, 1 * S)
    network.call(1, CLOSE, 2 * S)
    trace = network.run()
    times = [step.at_us for step in trace.steps if step.name == Event.TIME_WAIT_TIMEOUT]
    assert times == [2 * S + 10 * MS + 240 * S]


def test_rate_and_queue() -> None:
    """Forty bytes of headers and 1,460 of text take 1.5 ms at 8 Mbit/s; what finds no room in the queue is lost."""
    network = opened(links=(Link(rate_bps=8_000_000, queue=2), Link()))
    network.call(0, Send(bytes(5 * 1_460)), 1 * S)
    trace = network.run(1_500 * MS)
    burst = [flight for flight in trace.flights if flight.sender == 0 and flight.sent_us == 1 * S]
    assert [flight.arrives_us for flight in burst] == [1_011_500, 1_013_000, 1_014_500, None, None]


def test_late_and_twice() -> None:
    network = opened(links=(Link(late={3: 50 * MS}, twice={4: 7 * MS}), Link()))
    network.call(0, Send(b"a"), 1 * S)
    network.call(0, Send(b"b"), 1 * S)
    trace = network.run()
    late, once, again = (flight for flight in trace.flights if flight.segment.data)
    assert (late.arrives_us, once.arrives_us, again.arrives_us) == (1_060 * MS, 1_010 * MS, 1_017 * MS)
    assert (once.duplicate, again.duplicate) == (False, True)
    assert network.hosts[1].received == b"ab"


def test_a_host_may_call_itself() -> None:
    """Self-connect: a simultaneous open with oneself."""
    host = Host("A", "10.0.0.1", TCB(local_port=5_000, next_iss=100, waits_for_push=False))
    network = Network((host,), (Link(),))
    network.call(0, Open(active=True, remote_port=5_000))
    network.call(0, Send(b"echo"), 1 * S)
    trace = network.run()
    assert host.tcb.state is State.ESTABLISHED
    assert host.received == b"echo"
    assert [str(flight.segment.flags) for flight in trace.flights[:2]] == ["SYN", str(Flags.SYN | Flags.ACK)]


def test_an_endless_run_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(TcpBookError, match="more than 3 events; give run"):
        opened().run(most=3)


def test_a_run_can_go_on() -> None:
    network = opened()
    assert network.run(15 * MS).states(15 * MS) == (State.SYN_SENT, State.SYN_RECEIVED)
    assert network.now_us == 15 * MS
    assert network.run().states(network.now_us) == (State.ESTABLISHED, State.ESTABLISHED)
