"""Two machines joined by a network that loses, duplicates and reorders: every state of the pair, one by one.

Each user may follow his plan at any moment, or leave parts of it out; a timer may fire at any moment while it runs.
The network holds a few segments each way: what it holds may be delivered any number of times (that is duplication),
in any order, and may be lost; what finds no room is lost, or displaces something. How often a segment was
retransmitted is forgotten, so that nobody gives up and the number of states is finite.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from tcpbook.lab.trace import CRASH
from tcpbook.protocol.events import (
    ABORT,
    CLOSE,
    ICMP_HARD,
    ICMP_SOFT,
    ICMP_SOURCE_QUENCH,
    RETRANSMISSION_TIMEOUT,
    STATUS,
    TIME_WAIT_TIMEOUT,
    Call,
    Open,
    Receive,
    Send,
)
from tcpbook.protocol.machine import TABLE, Outcome, Table, step
from tcpbook.protocol.rules import Rule
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Delivered, Reply, Signal

PORTS = (49_152, 80)
ISS = (2**32 - 1, 300)  # the first text already wraps
TEXTS = (b"AB", b"ab")
SYN_OUT = {State.SYN_RECEIVED, *SYNCHRONIZED}
FRESH = 300  # how far from the last ISS a host begins its next connection
IDLE: tuple[Call, ...] = (
    Open(active=False), Open(active=True), Open(active=True, remote_port=1), Send(b"x"), Receive(1), CLOSE, ABORT,
    STATUS, ICMP_SOFT, ICMP_HARD, ICMP_SOURCE_QUENCH,
)  # fmt: skip

GIVE_UP = "R2 reached"
Plan = tuple[Call | Segment | str, ...]
"""What happens at an end besides segments and timers, each at most once: calls, a crash, and segments from elsewhere.

Calls are made in this order; RECEIVEs and segments, which stand first, at any moment.
"""


class World(NamedTuple):
    """What one exploration begins with, and its bounds.

    `patient` users CLOSE only once a connection is on its way. Who `gives_up` may do so at any retransmission.
    """

    ends: tuple[TCB, TCB]
    plans: tuple[Plan, Plan]
    rooms: tuple[int, int] = (1, 1)  # segments that the network holds on the way to each end
    patient: bool = False
    gives_up: bool = False


class Pair(NamedTuple):
    """Where both ends stand; a field ending in 0 or 1 is about that side."""

    end0: int  # the number of its TCB
    end1: int
    to0: int  # the segments on their way to it, one bit each
    to1: int
    did0: int  # what its user has done of the plan, one bit each
    did1: int
    got0: int  # bytes that its user has received
    got1: int
    told0: bool  # its user was told of an error, before both sides had closed
    told1: bool


class Local(NamedTuple):
    """What an event does to one end."""

    end: int
    sent: int  # segments, one bit each
    received: bytes
    idle: bool  # nothing: a call that is refused, or a segment that is ignored
    told: bool


class Exploration:
    """Every pair that can be reached; `arcs[starts[n]:starts[n + 1]]` are the pairs that can follow the n-th."""

    def __init__(self, world: World, table: Table = TABLE) -> None:
        self.world, self.plans, self.table = world, world.plans, table
        self.ends: list[TCB] = []
        self.numbers: dict[tuple[object, ...], int] = {}
        self.segments: tuple[list[Segment], list[Segment]] = ([], [])
        self.known: dict[tuple[int, int, Segment | Call | str], Local] = {}
        self.rules: set[Rule] = set()  # that some path takes
        first, second = map(self._number, world.ends)
        self.pairs = [Pair(first, second, 0, 0, 0, 0, 0, 0, False, False)]
        self.arcs, self.starts = array("I"), array("I", [0])
        seen = {self.pairs[0]: 0}
        for pair in self.pairs:  # it grows meanwhile
            for after in self._successors(pair):
                number = seen.setdefault(after, len(self.pairs))
                if number == len(self.pairs):
                    self.pairs.append(after)
                self.arcs.append(number)
            self.starts.append(len(self.arcs))
        self._stand_still()

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

    def _stand_still(self) -> None:
        """Whatever a user may call, and whatever ICMP may say, without effect on anything: a path back to itself."""
        for tcb in self.ends:
            for call in IDLE:
                outcome = step(tcb, call, self.table)
                if outcome.tcb == tcb and not outcome.segments:
                    self.rules |= {*outcome.rules}

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
                if self.world.gives_up:
                    yield from self._after(pair, side, GIVE_UP, done)
            if tcb.state is State.TIME_WAIT:
                yield from self._after(pair, side, TIME_WAIT_TIMEOUT, done)
            for n, call in enumerate(self.plans[side]):
                later = done < 1 << n or (isinstance(call, Receive | Segment) and not done >> n & 1)
                if later and not (self.world.patient and call is CLOSE and tcb.state not in SYN_OUT):
                    yield from self._after(pair, side, call, done | 1 << n)

    def _after(self, pair: Pair, side: int, event: Segment | Call | str, done: int) -> Iterator[Pair]:
        key = (side, pair[side], event)
        local = self.known.get(key) or self.known.setdefault(key, self._local(*key))
        if local.idle:
            return
        new: list[int] = [*pair]
        new[side], new[4 + side] = local.end, done
        if local.received:
            got = pair[6 + side]
            assert local.received == TEXTS[1 - side][got : got + len(local.received)]  # in order, once, nothing else
            new[6 + side] += len(local.received)
        new[8 + side] = pair[8 + side] or local.told
        for network in carried(pair[3 - side] | local.sent, self.world.rooms[1 - side]):
            new[3 - side] = network
            yield Pair._make(new)

    def _local(self, side: int, number: int, event: Segment | Call | str) -> Local:
        tcb = self.ends[number]
        if event is CRASH:
            outcome = Outcome(tcb.deleted(), (), (), ())
        elif isinstance(event, str):
            outcome = step(replace(tcb, retransmissions=tcb.r2), RETRANSMISSION_TIMEOUT, self.table)
        else:
            outcome = step(tcb, event, self.table)
        self.rules |= {*outcome.rules}
        if outcome.state is State.CLOSED and tcb.state is not State.CLOSED:
            outcome.tcb.next_iss = add(tcb.next_iss, FRESH)
        sent = 0
        for segment in outcome.segments:
            if segment not in self.segments[1 - side]:
                self.segments[1 - side].append(segment)
            sent |= 1 << self.segments[1 - side].index(segment)
        received = b"".join(effect.text for effect in outcome.effects if isinstance(effect, Delivered))
        words = [effect.text for effect in outcome.effects if isinstance(effect, Reply | Signal)]
        error = any(text.startswith("error") for text in words)
        idle = outcome.tcb == tcb and not sent
        # Cut short, TIME-WAIT can't repeat the last ACK, and a RST ends the other side: both have closed all the same.
        told = error and not idle and tcb.state not in (State.CLOSING, State.LAST_ACK)
        return Local(self._number(outcome.tcb), sent, received, idle, told)


def carried(wanted: int, room: int) -> Iterator[int]:
    """What a network with so much room may hold of all this."""
    if wanted.bit_count() <= room:
        yield wanted
    else:
        bits = [1 << n for n in range(wanted.bit_length()) if wanted >> n & 1]
        yield from map(sum, combinations(bits, room))
