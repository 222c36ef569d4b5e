"""`step`, the only interpreter of the rules: events go in, effects come out; nothing sleeps or prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import Call, Check, Event
from tcpbook.protocol.rules import CHECKS, RULES, Rule
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.sending import move_window, send_ack, send_fin, send_text
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Output, Sent, Turn

Table = dict[tuple[State, Event | Check], tuple[Rule, ...]]


def index(rules: Iterable[Rule]) -> Table:
    """The rules by what they answer: (state, event), or (state, check) for an arriving segment."""
    table: dict[tuple[State, Event | Check], list[Rule]] = {}
    for rule in rules:
        table.setdefault((rule.state, rule.check or rule.event), []).append(rule)
    return {key: tuple(found) for key, found in table.items()}


TABLE: Table = index(RULES)


class Outcome(NamedTuple):
    """What an event led to: the new TCB, the effects in order, and the rules that fired, in order.

    `changes` lists the changes of state, (before, after), one for each event processed: a CLOSE that was
    queued and could now be taken up is an event of its own.
    """

    tcb: TCB
    effects: tuple[Output, ...]
    rules: tuple[Rule, ...]
    changes: tuple[tuple[State, State], ...]

    @property
    def state(self) -> State:
        """The state afterwards."""
        return self.tcb.state

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments sent, in order."""
        return tuple(effect.segment for effect in self.effects if isinstance(effect, Sent))

    @property
    def deciding(self) -> Rule:
        """The rule that decided: the last that changed the state, or else that had an effect, or else the last."""
        changed = [rule for rule in self.rules if rule.next_state is not rule.state]
        effective = [rule for rule in self.rules if rule.effects]
        return (changed or effective or self.rules)[-1]

    def __repr__(self) -> str:
        sent = ", ".join(map(repr, self.segments)) or "nothing"
        return f"<Outcome {self.state}, sent {sent}, {len(self.rules)} rule{'s' * (len(self.rules) > 1)}>"


def step(tcb: TCB, event: Segment | Call, table: Table = TABLE) -> Outcome:
    """Process one event after RFC 9293 §3.10. The TCB given is not changed.

    >>> from tcpbook.protocol.events import Open
    >>> step(TCB(next_iss=100), Open(active=True, remote_port=80))
    <Outcome SYN-SENT, sent <SEQ=100><CTL=SYN><OPT=MSS 1460>, 1 rule>
    """
    turn = Turn(tcb, event)
    fired: list[Rule] = []
    _follow(turn, table, CHECKS[tcb.state][0] if isinstance(event, Segment) else event.event, fired)
    changes: tuple[tuple[State, State], ...] = ((tcb.state, turn.tcb.state),)

    if turn.reopens:
        move_window(turn)
    if turn.transmits and turn.tcb.unsent:
        send_text(turn)
    if turn.tcb.close_queued and _close_can_go_on(turn.tcb):
        before = turn.tcb.state
        turn.tcb.close_queued = False
        _follow(turn, table, Event.CLOSE, fired)
        changes += ((before, turn.tcb.state),)
    if turn.tcb.fin_pending:
        send_fin(turn)
    if turn.owes_ack:
        send_ack(turn)
    return Outcome(turn.tcb, tuple(turn.outputs), tuple(fired), changes)


def _close_can_go_on(tcb: TCB) -> bool:
    """Whether a queued CLOSE has what it waited for: ESTABLISHED, or text all segmentized (§3.10.4).

    Back in LISTEN there is nothing to wait for: the listener that its user has closed goes.
    """
    if tcb.state is State.CLOSE_WAIT:
        return not tcb.unsent
    return tcb.state in (State.ESTABLISHED, State.LISTEN)


def _follow(turn: Turn, table: Table, key: Event | Check | None, fired: list[Rule]) -> None:
    """Take the first rule that applies; for a segment go on at the check that it names, until it names none."""
    state = turn.tcb.state
    while key is not None:
        for rule in table[state, key]:
            if rule.guard(turn):
                break
        else:
            raise TcpBookError(f"no rule applies to {key} in {state}; end the rules for it with otherwise")
        fired.append(rule)
        for effect in rule.effects:
            effect(turn)
        state = turn.tcb.state = rule.next_state
        key = rule.then
