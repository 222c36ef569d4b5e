"""The rules, one by one and both ways, against an independent reading of RFC 9293 §3.10."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count
from random import Random

import pytest

from oracles.compare import CALLS, COMBINED, differences, segments, situations
from tcpbook.protocol.events import CLOSE, RETRANSMISSION_TIMEOUT, Call, Open, Receive, Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add, distance
from tcpbook.protocol.situations import REMOTE_PORT
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB

SHARE = 0.04  # of the segments, in `make test`


def disagreements(state: State, share: float) -> Iterator[object]:
    """Every call and the given share of the segments, in every situation of a state."""
    choice = Random(f"{state} {share}")
    for tcb in situations():
        if tcb.state is state:
            tried = [segment for segment in segments(tcb) if choice.random() < share]
            for event in (*CALLS, *tried):
                if found := differences(tcb, event):
                    yield tcb, event, found


@pytest.mark.parametrize("state", State)
def test_package_and_reading_agree(state: State) -> None:
    assert list(disagreements(state, SHARE)) == []


@pytest.mark.long
@pytest.mark.parametrize("state", State)
def test_package_and_reading_agree_everywhere(state: State) -> None:
    assert list(disagreements(state, 1.0)) == []


# --- Situations that nobody thought of ---------------------------------------------------------------------------


USUAL = [Flags.ACK] * 6 + [Flags.ACK | Flags.URG, Flags.SYN, Flags.SYN | Flags.ACK]
PEERS_TEXT = 60  # bytes; then comes the peer's FIN


def random_call(choice: Random, tcb: TCB) -> Call:
    """What the user or a timer does; what ends connections is rare, so that the walk gets somewhere."""
    if tcb.state is State.CLOSED:
        return Open(active=choice.random() < 0.5, remote_port=REMOTE_PORT)
    if choice.random() < 0.05:
        return choice.choice(CALLS)
    sending = Send(b"x" * choice.randrange(12), urgent=choice.random() < 0.2)
    closing = CLOSE if tcb.state in SYNCHRONIZED and choice.random() < 0.3 else sending
    return choice.choice((sending, closing, Receive(10), RETRANSMISSION_TIMEOUT))


def random_segment(choice: Random, tcb: TCB) -> Segment:
    """A segment of any control bits near the edges of the windows; its text and FIN are an honest peer's.

    That is: each number carries the same byte whenever it is sent, and the FIN comes where the text ends.
    """
    flags = choice.choice(USUAL if choice.random() < 0.9 else COMBINED)
    seq = add(tcb.rcv_nxt, choice.choice((0, 0, 0, tcb.rcv_wnd)) + choice.choice((0, 0, choice.randrange(-5, 6))))
    ack = choice.choice((tcb.snd_una, tcb.snd_nxt, tcb.snd_nxt, add(tcb.snd_nxt, choice.randrange(-9, 3))))
    before = distance(add(tcb.irs, 1), seq)
    if flags & Flags.SYN:
        flags &= ~Flags.URG
    octets = 0 if flags & Flags.SYN or before > PEERS_TEXT else min(choice.randrange(25), PEERS_TEXT - before)
    text = bytes(add(seq, n) % 251 for n in range(octets))
    flags = flags | Flags.FIN if before + octets == PEERS_TEXT and not flags & Flags.SYN else flags & ~Flags.FIN
    wnd = choice.choice((0, 3, 9, 5_000))
    return Segment(REMOTE_PORT, tcb.local_port, seq, ack, flags, wnd=wnd, up=choice.randrange(9), data=text)


def fresh(choice: Random) -> TCB:
    """An end whose numbers wrap soon, with random switches and a small buffer."""
    return TCB(
        next_iss=add(0, choice.randrange(-20, 5)),
        rcv_nxt=add(0, choice.randrange(-20, 5)),
        challenge_acks=choice.random() < 0.5,
        rcv_buff=choice.choice((12, 5_000)),
        r1=2,
        r2=9,
    )


def walk(choice: Random) -> Iterator[tuple[TCB, Segment | Call, object]]:
    """One random connection: yield each event with the TCB it meets and the differences."""
    tcb = fresh(choice)
    for _ in range(40):
        calls = tcb.state is State.CLOSED or choice.random() < 0.3
        event = random_call(choice, tcb) if calls else random_segment(choice, tcb)
        yield tcb, event, differences(tcb, event)
        tcb = step(tcb, event).tcb


def test_package_and_reading_agree_on_random_connections() -> None:
    for seed in range(60):
        assert [found for found in walk(Random(seed)) if found[2]] == []


@pytest.mark.long
def test_package_and_reading_agree_on_as_many_random_connections_as_time_allows() -> None:
    end = time.monotonic() + float(os.environ.get("FUZZ_SECONDS", "60"))
    for seed in count(1_000):
        assert [found for found in walk(Random(seed)) if found[2]] == [], f"seed {seed}"
        if time.monotonic() > end:
            return
