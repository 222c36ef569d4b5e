"""The changes of state that the rules allow, derived by running `step`: what the state graph draws.

RFC 9293 states them in three ways: as an arc of Figure 5, in one of the figure's notes, or in the text only.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from tcpbook.protocol.events import (
    ABORT,
    CLOSE,
    ICMP_HARD,
    RETRANSMISSION_TIMEOUT,
    TIME_WAIT_TIMEOUT,
    USER_TIMEOUT,
    Call,
    Event,
    Open,
    Send,
)
from tcpbook.protocol.flags import COMBINATIONS, Flags
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.rules import Rule
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.situations import REMOTE_PORT, reachable
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB


class Stated(StrEnum):
    """Where RFC 9293 states a transition."""

    FIGURE = "Figure 5"
    NOTE = "a note to Figure 5"
    TEXT = "the text only"


class Cause(NamedTuple):
    """One way to take a transition. `label`: the cause and what TCP does about it, "rcv SYN / snd SYN,ACK".

    `abrupt`: it is a reset, an abort, a timeout or an ICMP error. `rules` are those that change the state, in order.
    """

    label: str
    flags: int  # of the segment that arrives; 0: a call or a timeout
    abrupt: bool
    rules: tuple[Rule, ...]

    @property
    def section(self) -> str:
        """Where RFC 9293 states it."""
        return self.rules[-1].section


class Transition(NamedTuple):
    """One change of state, all its causes, and where RFC 9293 states it.

    `path`: on whose usual path it lies, "client", "server" or "".
    """

    before: State
    after: State
    causes: tuple[Cause, ...]
    stated: Stated
    path: str

    @property
    def abrupt(self) -> bool:
        """Whether nothing but a reset, an abort, a timeout or an ICMP error leads this way."""
        return all(cause.abrupt for cause in self.causes)

    @property
    def abrupt_labels(self) -> tuple[str, ...]:
        """The causes that are such."""
        return tuple(cause.label for cause in self.causes if cause.abrupt)

    @property
    def labels(self) -> tuple[str, ...]:
        """The other causes; where there are none, the abrupt ones."""
        return tuple(cause.label for cause in self.causes if not cause.abrupt) or self.abrupt_labels

    @property
    def section(self) -> str:
        """Where RFC 9293 states the first of the labels."""
        return next((cause for cause in self.causes if not cause.abrupt), self.causes[0]).section

    def __repr__(self) -> str:
        return f"<{self.before} → {self.after}: {'; '.join(self.labels)}, §{self.section}>"


S = State
# What the figure shows is a fact about the figure; that these changes exist is derived.
FIGURE_5 = {
    (S.CLOSED, S.LISTEN), (S.CLOSED, S.SYN_SENT), (S.LISTEN, S.CLOSED), (S.LISTEN, S.SYN_RECEIVED),
    (S.LISTEN, S.SYN_SENT), (S.SYN_RECEIVED, S.LISTEN), (S.SYN_RECEIVED, S.ESTABLISHED),
    (S.SYN_RECEIVED, S.FIN_WAIT_1), (S.SYN_SENT, S.SYN_RECEIVED), (S.SYN_SENT, S.ESTABLISHED),
    (S.SYN_SENT, S.CLOSED), (S.ESTABLISHED, S.FIN_WAIT_1), (S.ESTABLISHED, S.CLOSE_WAIT),
    (S.FIN_WAIT_1, S.FIN_WAIT_2), (S.FIN_WAIT_1, S.CLOSING), (S.FIN_WAIT_2, S.TIME_WAIT),
    (S.CLOSING, S.TIME_WAIT), (S.CLOSE_WAIT, S.LAST_ACK), (S.LAST_ACK, S.CLOSED), (S.TIME_WAIT, S.CLOSED),
}  # fmt: skip
NOTE_2 = (S.FIN_WAIT_1, S.TIME_WAIT)  # note 1 is about an arc that the figure draws; note 3 about receiving a RST
CLIENT_PATH = (S.CLOSED, S.SYN_SENT, S.ESTABLISHED, S.FIN_WAIT_1, S.FIN_WAIT_2, S.TIME_WAIT, S.CLOSED)
SERVER_PATH = (S.CLOSED, S.LISTEN, S.SYN_RECEIVED, S.ESTABLISHED, S.CLOSE_WAIT, S.LAST_ACK, S.CLOSED)
PATHS = dict.fromkeys(pairwise(CLIENT_PATH), "client") | dict.fromkeys(pairwise(SERVER_PATH), "server")

_CALLS: tuple[Call, ...] = (
    Open(active=False), Open(active=True, remote_port=REMOTE_PORT), Send(b"text"), CLOSE, ABORT,
    TIME_WAIT_TIMEOUT, USER_TIMEOUT, RETRANSMISSION_TIMEOUT, ICMP_HARD,
)  # fmt: skip
_EVENT_NAMES = {Event.TIME_WAIT_TIMEOUT: "2 MSL timeout"}
_ABRUPT = {Event.ABORT, Event.USER_TIMEOUT, Event.RETRANSMISSION_TIMEOUT, Event.ICMP_HARD}
_CONTROL = Flags.RST | Flags.SYN | Flags.ACK | Flags.FIN  # the bits that can change a state
_COMBINATIONS = sorted(
    (flags for flags in COMBINATIONS if not flags & ~_CONTROL),
    key=lambda flags: (flags.bit_count(), not flags & Flags.RST),  # the simplest first, and RST as in Figure 5
)


@cache
def transitions() -> tuple[Transition, ...]:
    """Every change of state that an event can cause, in the order of the states.

    The optional parts (a half-duplex CLOSE, RFC 5961 switched off) add no further pair of states.
    """
    causes: dict[tuple[State, State], list[Cause]] = {}
    for tcb in _situations():
        for event in (*_CALLS, *_segments(tcb)):
            outcome = step(tcb, event)
            if outcome.state is not tcb.state:
                known = causes.setdefault((tcb.state, outcome.state), [])
                cause = _cause(tcb, event, outcome)
                if not any(cause.label == other.label or _adds_bits(cause, other) for other in known):
                    known.append(cause)
    order = list(State)
    pairs = sorted(causes, key=lambda pair: (order.index(pair[0]), order.index(pair[1])))
    return tuple(_transition(pair, causes[pair]) for pair in pairs)


def _adds_bits(cause: Cause, other: Cause) -> bool:
    """Whether `cause` is the same segment as `other` with further control bits set: not worth telling."""
    return bool(other.flags) and cause.flags & other.flags == other.flags


def _transition(pair: tuple[State, State], causes: list[Cause]) -> Transition:
    if pair in FIGURE_5:
        stated = Stated.FIGURE
    elif pair == NOTE_2 or any(cause.flags & Flags.RST for cause in causes):
        stated = Stated.NOTE
    else:
        stated = Stated.TEXT
    return Transition(*pair, tuple(causes), stated, PATHS.get(pair, ""))


def _situations() -> list[TCB]:
    """Each state in each way to reach it; beside it a listener that knows its peer, and ends about to give up."""
    found = []
    for tcb in reachable():
        tired = step(tcb, Send(b"text")).tcb
        tired.retransmissions = tired.r2
        found += [tcb, tired]
    listener = step(found[0], Open(active=False, remote_port=REMOTE_PORT)).tcb
    return [*found, listener]


def _segments(tcb: TCB) -> list[Segment]:
    """Segments at RCV.NXT with every combination of the bits that matter."""
    acks = dict.fromkeys((tcb.snd_una, tcb.snd_nxt))
    return [
        Segment(REMOTE_PORT, tcb.local_port, tcb.rcv_nxt, ack, flags) for flags in _COMBINATIONS for ack in acks
    ]


def _cause(tcb: TCB, event: Segment | Call, outcome: Outcome) -> Cause:
    actions = [f"snd {_sent_bits(segment)}" for segment in outcome.segments]
    if tcb.state is S.CLOSED:
        actions.insert(0, "create TCB")
    if outcome.state is S.CLOSED:
        actions.append("delete TCB")
    name = _segment_name(tcb, event) if isinstance(event, Segment) else _EVENT_NAMES.get(event.event, str(event.event))
    label = f"{name} / {', '.join(actions)}" if actions else name
    flags = int(event.flags) if isinstance(event, Segment) else 0
    to_closed = outcome.state is S.CLOSED
    abrupt = to_closed and (bool(flags & Flags.RST) if isinstance(event, Segment) else event.event in _ABRUPT)
    rules = tuple(rule for rule in outcome.rules if rule.next_state is not rule.state)
    return Cause(label, flags, abrupt, rules)


def _segment_name(tcb: TCB, segment: Segment) -> str:
    """As Figure 5 writes it: in a connection every segment carries ACK; it is named where it acknowledges."""
    rest = segment.flags & ~Flags.ACK
    if not segment.flags & Flags.ACK or tcb.state is S.SYN_SENT:
        return f"rcv {segment.flags}"
    if segment.ack == tcb.snd_una or not tcb.in_flight:
        return f"rcv {rest}"
    acknowledged = "ACK of SYN" if tcb.in_flight[0].syn else "ACK of FIN"
    return f"rcv {rest},{acknowledged}" if rest else f"rcv {acknowledged}"


def _sent_bits(segment: Segment) -> str:
    """As Figure 5 writes them: a FIN carries ACK without saying so."""
    return "FIN" if segment.flags & Flags.FIN else str(segment.flags)
