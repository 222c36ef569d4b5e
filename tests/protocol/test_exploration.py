"""Two machines joined by a network that loses, duplicates and reorders: every state of the pair, one by one.

Each user may SEND and CLOSE at any moment, or not at all; a timer may fire at any moment while it runs. The network
holds a few segments each way: what it holds may be delivered any number of times (that is duplication), in any
order, and may be lost; what finds no room is lost, or displaces something. How often a segment was retransmitted is
forgotten, so that nobody gives up and the number of states is finite.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import combinations, product
from typing import NamedTuple

import pytest

from tcpbook.protocol.events import CLOSE, RETRANSMISSION_TIMEOUT, TIME_WAIT_TIMEOUT, Call, Open, Receive, Send
from tcpbook.protocol.machine import step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Delivered, Reply, Signal

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
    """Every pair that can be reached; `arcs[starts[n]:starts[n + 1]]` are the pairs that can follow the n-th."""

    def __init__(self, ends: tuple[TCB, TCB], plans: tuple[Plan, Plan], room: int, *, patient: bool) -> None:
        self.plans, self.room, self.patient = plans, room, patient
        self.ends: list[TCB] = []
        self.numbers: dict[tuple[object, ...], int] = {}
        self.segments: tuple[list[Segment], list[Segment]] = ([], [])
        self.known: dict[tuple[int, int, Segment | Call], Local] = {}
        self.pairs = [Pair(self._number(ends[0]), self._number(ends[1]), 0, 0, 0, 0, 0, 0, False, False)]
        self.arcs, self.starts = array("L"), array("L", [0])
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

    def sent(self, pair: Pair, side: int) -> int:
        """How many octets the user has sent."""
        done = pair[4 + side]
        return sum(isinstance(call, Send) for n, call in enumerate(self.plans[side]) if done >> n & 1)

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
                if done < 1 << n and not (self.patient and call is CLOSE and tcb.state not in SYN_OUT):
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
        for network in self._carried(pair[3 - side] | local.sent):
            new[3 - side] = network
            yield Pair._make(new)  # type: ignore[arg-type]

    def _carried(self, wanted: int) -> Iterator[int]:
        """What the network may hold if all of this is in it or comes in."""
        if wanted.bit_count() <= self.room:
            yield wanted
        else:
            bits = [1 << n for n in range(wanted.bit_length()) if wanted >> n & 1]
            yield from map(sum, combinations(bits, self.room))

    def _local(self, side: int, number: int, event: Segment | Call) -> Local:
        outcome = step(self.ends[number], event)
        sent = 0
        for segment in outcome.segments:
            if segment not in self.segments[1 - side]:
                self.segments[1 - side].append(segment)
            sent |= 1 << self.segments[1 - side].index(segment)
        received = b"".join(effect.text for effect in outcome.effects if isinstance(effect, Delivered))
        errors = [
            effect for effect in outcome.effects if isinstance(effect, Reply | Signal) and effect.text.startswith("error")
        ]
        refused = bool(errors) and outcome.tcb == self.ends[number]
        # Cut short, TIME-WAIT can't repeat the last ACK, and a RST ends the other side: both have closed all the same.
        told = bool(errors) and not refused and self.ends[number].state not in (State.CLOSING, State.LAST_ACK)
        return Local(self._number(outcome.tcb), sent, received, refused, told)
