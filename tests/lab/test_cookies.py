"""A listener with cookies: no state before the third segment, and nothing believed that it did not give out itself."""

from __future__ import annotations

from typing import Any

import pytest

from tcpbook.lab.cookies import SIZES, TICK_US, Cookies
from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.events import Open
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.options import MSS
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB

COOKIES = Cookies(b"key")
ADDRESSES = ("10.0.0.1", "10.0.0.2")
LISTENER = step(TCB(local_port=80, next_iss=300), Open(active=False)).tcb
SYN = Segment(49_152, 80, 100, flags=Flags.SYN, options=(MSS(1_460),))
NOW_US = 40 * TICK_US  # the five bits of the counter have wrapped


def hear(segment: Segment, now_us: int = NOW_US, cookies: Cookies = COOKIES) -> Outcome:
    return cookies.answer(LISTENER, segment, ADDRESSES, now_us)


def third(syn: Segment = SYN, **changes: Any) -> Segment:
    """The third segment of the handshake that `syn` begins."""
    (syn_ack,) = hear(syn).segments
    ack = Segment(49_152, 80, add(syn.seq, 1), add(syn_ack.seq, 1), Flags.ACK)
    return ack._replace(**changes)


def test_a_syn_is_answered_and_forgotten() -> None:
    answered = hear(SYN)
    assert answered.tcb is LISTENER
    assert [(each.flags, each.ack) for each in answered.segments] == [(Flags.SYN | Flags.ACK, 101)]
    assert len(answered.effects) == 1  # no timer runs
    assert hear(SYN) == answered


def test_what_stands_beside_a_syn_is_left_for_later() -> None:
    beside = SYN._replace(flags=Flags.SYN | Flags.FIN, data=b"early")
    assert hear(beside) == hear(SYN)


@pytest.mark.parametrize("seq", [100, 2**32 - 1])
def test_the_third_segment_opens_the_connection_that_the_rules_would_have_opened(seq: int) -> None:
    syn = SYN._replace(seq=seq)
    (syn_ack,) = hear(syn).segments
    ordinary = step(step(TCB(local_port=80, next_iss=syn_ack.seq), Open(active=False)).tcb, syn).tcb
    opened = hear(third(syn, data=b"hello"))
    expected = step(ordinary, third(syn, data=b"hello"))
    expected.tcb.next_iss = LISTENER.next_iss
    assert opened.tcb == expected.tcb
    assert opened.effects == expected.effects
    assert opened.changes == ((State.LISTEN, State.SYN_RECEIVED), (State.SYN_RECEIVED, State.ESTABLISHED))
    assert [rule.next_state for rule in opened.rules if rule.next_state is not rule.state] == [
        State.SYN_RECEIVED,
        State.ESTABLISHED,
    ]


def test_a_cookie_holds_in_its_tick_and_the_next() -> None:
    ages = [hear(third(), NOW_US + age * TICK_US).state for age in (0, 1, 2, 32)]
    assert ages == [State.ESTABLISHED, State.ESTABLISHED, State.LISTEN, State.LISTEN]


@pytest.mark.parametrize(
    "changes",
    [
        {"source_port": 49_153}, {"destination_port": 81}, {"seq": 102}, {"ack": third().ack + 1},
        {"ack": third().ack ^ 1 << 24}, {"ack": third().ack ^ 1 << 27},
    ],
    ids=str,
)  # fmt: skip
def test_any_other_ack_is_refused(changes: dict[str, int]) -> None:
    """§3.10.7.2: a listener has sent nothing that could be acknowledged."""
    false = third()._replace(**changes)  # type: ignore[arg-type]
    refused = hear(false)
    assert refused.tcb == LISTENER
    assert [(each.flags, each.seq) for each in refused.segments] == [(Flags.RST, false.ack)]


def test_the_cookie_is_of_these_addresses_and_this_key() -> None:
    assert COOKIES.answer(LISTENER, third(), ("10.0.0.3", ADDRESSES[1]), NOW_US).state is State.LISTEN
    assert COOKIES.answer(LISTENER, third(), (ADDRESSES[0], "10.0.0.3"), NOW_US).state is State.LISTEN
    assert hear(third(), cookies=Cookies(b"another key")).state is State.LISTEN


@pytest.mark.parametrize("kind", [Flags.RST, Flags.RST | Flags.ACK, Flags.SYN | Flags.ACK])
def test_other_segments_are_answered_as_by_any_listener(kind: Flags) -> None:
    segment = third(flags=kind)
    assert hear(segment) == step(LISTENER, segment)


@pytest.mark.parametrize(
    ("announced", "kept"), [(20, 28), *((mss, mss) for mss in SIZES), (1_459, 1_440), (9_000, 1_460), (None, 536)]
)
def test_of_the_mss_the_class_survives(announced: int | None, kept: int) -> None:
    syn = SYN._replace(options=() if announced is None else (MSS(announced),))
    assert hear(third(syn)).tcb.snd_mss == kept


def test_in_a_flood_the_listener_stays_a_listener() -> None:
    trace = SCENARIOS["SYN flood with cookies"].run()
    assert {step.tcb.state for step in trace.steps if step.end == 1 and step.at_us < 70_000} == {State.LISTEN}
    assert trace.states(10**9) == (State.ESTABLISHED, State.ESTABLISHED)
