"""Two machines joined by a network that loses, duplicates and reorders: every state of the pair, one by one.

Each user may SEND and CLOSE at any moment, or not at all; a timer may fire at any moment while it runs. The network
holds a few segments each way: what it holds may be delivered any number of times (that is duplication), in any
order, and may be lost; what finds no room is lost, or displaces something. How often a segment was retransmitted is
forgotten, so that nobody gives up and the number of states is finite.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import pytest

from tcpbook.protocol import effects
from tcpbook.protocol.events import (
    CLOSE,
    RETRANSMISSION_TIMEOUT,
    TIME_WAIT_TIMEOUT,
    Call,
    Check,
    Event,
    Open,
    Receive,
    Send,
)
from tcpbook.protocol.machine import TABLE, Table, step
from tcpbook.protocol.rules import Rule
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import distance
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Delivered, Reply, Signal, Turn

PORTS = (49_152, 80)
ISS = (2**32 - 1, 300)  # the first text already wraps
TEXTS = (b"AB", b"ab")
SYN_OUT = {State.SYN_RECEIVED, *SYNCHRONIZED}
HEARD_FIN = {State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT}
SENT_FIN = {State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK, State.TIME_WAIT, State.CLOSED}
FIN_ACKNOWLEDGED = {State.FIN_WAIT_2, State.TIME_WAIT}
HAS_IT = HEARD_FIN | {State.CLOSED}

Plan = tuple[Call, ...]


class Pair(NamedTuple):
    """Where both ends stand; a field ending in 0 or 1 is about that side."""

    end0: int  # the number of its TCB
    end1: int
    to0: int  # the segments on their way to it, one bit each
    to1: int
    did0: int  # what its user has done of the plan, one bit each
    did1: int
    got0: int  # octets that its user has received
    got1: int
    told0: bool  # its user was told of an error, before both sides had closed
    told1: bool


class Local(NamedTuple):
    """What an event does to one end."""

    end: int
    sent: int  # segments, one bit each
    received: bytes
    refused: bool
    told: bool


class Exploration:
    """Every pair that can be reached, with room for so many segments on the way to each end.

    `arcs[starts[n]:starts[n + 1]]` are the pairs that can follow the n-th.
    """

    def __init__(
        self,
        ends: tuple[TCB, TCB],
        plans: tuple[Plan, Plan],
        rooms: tuple[int, int],
        *,
        patient: bool,
        table: Table = TABLE,
    ) -> None:
        self.plans, self.rooms, self.patient, self.table = plans, rooms, patient, table
        self.ends: list[TCB] = []
        self.numbers: dict[tuple[object, ...], int] = {}
        self.segments: tuple[list[Segment], list[Segment]] = ([], [])
        self.known: dict[tuple[int, int, Segment | Call], Local] = {}
        self.pairs = [Pair(self._number(ends[0]), self._number(ends[1]), 0, 0, 0, 0, 0, 0, False, False)]
        self.arcs, self.starts = array("I"), array("I", [0])
        seen = {self.pairs[0]: 0}
        for pair in self.pairs:  # it grows meanwhile
            for after in self._successors(pair):
                number = seen.setdefault(after, len(self.pairs))
                if number == len(self.pairs):
                    self.pairs.append(after)
                self.arcs.append(number)
            self.starts.append(len(self.arcs))

    def states(self, pair: Pair) -> tuple[State, State]:
        return self.ends[pair.end0].state, self.ends[pair.end1].state

    def closed(self) -> list[int]:
        """The pairs in which nothing is left of the connection."""
        return [n for n, pair in enumerate(self.pairs) if self.states(pair) == (State.CLOSED, State.CLOSED)]

    def stuck(self) -> list[Pair]:
        """The pairs from which no way leads to CLOSED on both sides: found by walking all arcs backward."""
        count = len(self.pairs)
        into = array("I", bytes(4 * (count + 1)))  # the arcs into pair n are before[into[n]:into[n + 1]]
        for after in self.arcs:
            into[after + 1] += 1
        for n in range(count):
            into[n + 1] += into[n]
        before, free = array("I", bytes(4 * len(self.arcs))), into[:]
        for n in range(count):
            for after in self.arcs[self.starts[n] : self.starts[n + 1]]:
                before[free[after]] = n
                free[after] += 1
        leads, queue = bytearray(count), self.closed()
        while queue:
            n = queue.pop()
            if not leads[n]:
                leads[n] = 1
                queue += before[into[n] : into[n + 1]]
        return [pair for n, pair in enumerate(self.pairs) if not leads[n]]

    def done(self, pair: Pair, side: int, kind: type[Send | Receive]) -> int:
        """How many SENDs or RECEIVEs the user has made."""
        return sum(isinstance(call, kind) for n, call in enumerate(self.plans[side]) if pair[4 + side] >> n & 1)

    def _number(self, tcb: TCB) -> int:
        tcb.retransmissions = 0
        number = self.numbers.setdefault(tuple(vars(tcb).values()), len(self.ends))
        if number == len(self.ends):
            self.ends.append(tcb)
        return number

    def _successors(self, pair: Pair) -> Iterator[Pair]:
        for side in (0, 1):
            tcb, network, done = self.ends[pair[side]], pair[2 + side], pair[4 + side]
            for bit, segment in enumerate(self.segments[side]):
                if network >> bit & 1:
                    yield from self._after(pair, side, segment, done)
                    lost = network ^ 1 << bit
                    yield pair._replace(to0=lost) if side == 0 else pair._replace(to1=lost)
            if tcb.in_flight or (tcb.unsent and tcb.state in SYNCHRONIZED):
                yield from self._after(pair, side, RETRANSMISSION_TIMEOUT, done)
            if tcb.state is State.TIME_WAIT:
                yield from self._after(pair, side, TIME_WAIT_TIMEOUT, done)
            for n, call in enumerate(self.plans[side]):
                later = done < 1 << n or (isinstance(call, Receive) and not done >> n & 1)
                if later and not (self.patient and call is CLOSE and tcb.state not in SYN_OUT):
                    yield from self._after(pair, side, call, done | 1 << n)

    def _after(self, pair: Pair, side: int, event: Segment | Call, done: int) -> Iterator[Pair]:
        key = (side, pair[side], event)
        local = self.known.get(key) or self.known.setdefault(key, self._local(*key))
        if local.refused:
            return
        new: list[int] = [*pair]
        new[side], new[4 + side] = local.end, done
        if local.received:
            got = pair[6 + side]
            assert local.received == TEXTS[1 - side][got : got + len(local.received)]  # in order, once, nothing else
            new[6 + side] += len(local.received)
        new[8 + side] = pair[8 + side] or local.told
        for network in carried(pair[3 - side] | local.sent, self.rooms[1 - side]):
            new[3 - side] = network
            yield Pair._make(new)

    def _local(self, side: int, number: int, event: Segment | Call) -> Local:
        outcome = step(self.ends[number], event, self.table)
        sent = 0
        for segment in outcome.segments:
            if segment not in self.segments[1 - side]:
                self.segments[1 - side].append(segment)
            sent |= 1 << self.segments[1 - side].index(segment)
        received = b"".join(effect.text for effect in outcome.effects if isinstance(effect, Delivered))
        words = [effect.text for effect in outcome.effects if isinstance(effect, Reply | Signal)]
        error = any(text.startswith("error") for text in words)
        refused = error and outcome.tcb == self.ends[number]
        # Cut short, TIME-WAIT can't repeat the last ACK, and a RST ends the other side: both have closed all the same.
        told = error and not refused and self.ends[number].state not in (State.CLOSING, State.LAST_ACK)
        return Local(self._number(outcome.tcb), sent, received, refused, told)


def carried(wanted: int, room: int) -> Iterator[int]:
    """What a network with so much room may hold of all this."""
    if wanted.bit_count() <= room:
        yield wanted
    else:
        bits = [1 << n for n in range(wanted.bit_length()) if wanted >> n & 1]
        yield from map(sum, combinations(bits, room))


# --- The claims --------------------------------------------------------------------------------------------------

ONE, TWO = (1, 1), (2, 2)  # segments that the network holds each way
JUST_CLOSE: Plan = (CLOSE,)
TALK: tuple[Plan, Plan] = ((Send(b"A"), CLOSE), (Send(b"a"), CLOSE))


def two_ends(*, simultaneous: bool, challenge_acks: bool) -> tuple[TCB, TCB]:
    """The first calls the second, which listens, or calls at the same time; both wait for text."""
    ends = []
    for side, opening in enumerate((Open(active=True, remote_port=80), Open(active=simultaneous, remote_port=49_152))):
        tcb = TCB(local_port=PORTS[side], next_iss=ISS[side], challenge_acks=challenge_acks)
        ends.append(step(step(tcb, opening).tcb, Receive(1)).tcb)
    return ends[0], ends[1]


def assert_sound(explored: Exploration) -> None:
    """From everywhere a way to CLOSED; each believes of the other what is so; text is whole or its user was told."""
    assert explored.stuck() == []
    for pair in explored.pairs:
        for side in (0, 1):
            mine, other = explored.ends[pair[side]], explored.ends[pair[1 - side]].state
            if mine.state in HEARD_FIN:
                assert other in SENT_FIN
            if mine.state in FIN_ACKNOWLEDGED:
                assert other in HAS_IT
            if mine.state in SYNCHRONIZED and mine.syn_acknowledged:
                assert other in SYN_OUT | {State.CLOSED}
    for n in explored.closed():
        pair = explored.pairs[n]
        for side in (0, 1):
            told, received = pair[8 + side], pair[7 - side]
            reads = explored.done(pair, 1 - side, Receive) or not any(
                isinstance(call, Receive) for call in explored.plans[1 - side]
            )
            assert told or not reads or received == explored.done(pair, side, Send)
            assert not (told and explored.patient)


OPENINGS = pytest.mark.parametrize("simultaneous", [False, True], ids=["passive", "simultaneous"])
RFC_5961 = pytest.mark.parametrize("challenge_acks", [True, False], ids=["challenge", "no_challenge"])


@OPENINGS
@RFC_5961
@pytest.mark.parametrize(
    ("plans", "rooms"), [(TALK, ONE), ((JUST_CLOSE, JUST_CLOSE), TWO)], ids=["text", "two_segments_each_way"]
)
def test_pair_always_finds_its_way_to_closed(
    simultaneous: bool, challenge_acks: bool, plans: tuple[Plan, Plan], rooms: tuple[int, int]
) -> None:
    """The users CLOSE once a connection is on its way: nobody is told of an error, and all text arrives."""
    ends = two_ends(simultaneous=simultaneous, challenge_acks=challenge_acks)
    assert_sound(Exploration(ends, plans, rooms, patient=True))


@OPENINGS
def test_pair_finds_its_way_to_closed_when_users_close_before_there_is_a_connection(simultaneous: bool) -> None:
    ends = two_ends(simultaneous=simultaneous, challenge_acks=True)
    assert_sound(Exploration(ends, TALK, ONE, patient=False))


def from_closed(simultaneous: bool, talk: tuple[Plan, Plan]) -> Exploration:
    """Both begin in CLOSED; a call may come before the other side listens, and is refused."""
    ends = TCB(local_port=PORTS[0], next_iss=ISS[0]), TCB(local_port=PORTS[1], next_iss=ISS[1])
    openings = Open(active=True, remote_port=PORTS[1]), Open(active=simultaneous, remote_port=PORTS[0])
    plans = (openings[0], Receive(1), *talk[0]), (openings[1], Receive(1), *talk[1])
    return Exploration(ends, plans, ONE, patient=False)


@OPENINGS
def test_pair_finds_its_way_to_closed_whenever_users_open(simultaneous: bool) -> None:
    assert_sound(from_closed(simultaneous, (JUST_CLOSE, JUST_CLOSE)))


@pytest.mark.long
@OPENINGS
def test_pair_finds_its_way_to_closed_whenever_users_open_and_talk(simultaneous: bool) -> None:
    assert_sound(from_closed(simultaneous, TALK))


@RFC_5961
def test_pair_gets_past_a_shut_window(challenge_acks: bool) -> None:
    """The listener has room for one octet, and its user takes it out whenever he likes."""
    caller, listener = two_ends(simultaneous=False, challenge_acks=challenge_acks)
    listener.rcv_buff = listener.rcv_wnd = 1
    plans = (Send(b"AB"), CLOSE), (Receive(1), CLOSE)
    explored = Exploration((caller, listener), plans, ONE, patient=True)
    assert explored.stuck() == []


def begins_ahead(turn: Turn) -> bool:
    """Its first number is in the window, but right of RCV.NXT; it may well be empty."""
    return 0 < distance(turn.tcb.rcv_nxt, turn.seq) < turn.tcb.rcv_wnd


def test_exploration_finds_the_live_lock_of_acks_held_back() -> None:
    """To the letter, §3.10.7.4 holds back the ACK of a segment that comes ahead of its turn. An ACK that follows an
    unacknowledged FIN is such a segment, so two ends that open and close at once wait for each other: see A.2.
    """
    table = dict(TABLE)
    for state in (State.SYN_RECEIVED, State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2):
        held_back = Rule(
            state, Event.SEGMENT_ARRIVES, Check.SEQUENCE, begins_ahead, (effects.hold,),
            state, None, "3.10.7.4", "To the letter: held back, with its ACK.",
        )  # fmt: skip
        table[state, Check.SEQUENCE] = (held_back, *table[state, Check.SEQUENCE])
    ends = two_ends(simultaneous=True, challenge_acks=True)
    explored = Exploration(ends, (JUST_CLOSE, JUST_CLOSE), ONE, patient=True, table=table)
    assert {explored.states(pair) for pair in explored.stuck()} == {(State.FIN_WAIT_1, State.FIN_WAIT_1)}


@pytest.mark.long
@OPENINGS
@RFC_5961
@pytest.mark.parametrize("plans", [(TALK[0], JUST_CLOSE), (JUST_CLOSE, TALK[1])], ids=["caller_talks", "other_talks"])
def test_pair_with_two_segments_each_way(simultaneous: bool, challenge_acks: bool, plans: tuple[Plan, Plan]) -> None:
    ends = two_ends(simultaneous=simultaneous, challenge_acks=challenge_acks)
    assert_sound(Exploration(ends, plans, TWO, patient=True))


@pytest.mark.long
@OPENINGS
@pytest.mark.parametrize("rooms", [(2, 1), (1, 2)], ids=["to_the_caller", "to_the_other"])
def test_pair_with_text_both_ways_and_two_segments_one_way(simultaneous: bool, rooms: tuple[int, int]) -> None:
    ends = two_ends(simultaneous=simultaneous, challenge_acks=True)
    assert_sound(Exploration(ends, TALK, rooms, patient=True))
