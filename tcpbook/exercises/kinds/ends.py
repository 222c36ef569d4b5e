"""Exercises about the ends of a connection: what an end answers, and in which state each is (chapters 02 to 05)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, Part, ask
from tcpbook.exercises.kinds.stories import arrow, stories, told
from tcpbook.lab.trace import Trace
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add
from tcpbook.protocol.situations import IRS, LOCAL_PORT, REMOTE_PORT, reachable
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Sent

F = Flags
ARRIVING = (F.SYN, F.SYN | F.ACK, F.ACK, F.FIN | F.ACK, F.RST, F.RST | F.ACK, F.PSH | F.ACK)
CLOSING = (State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT)


def next_state(random: Random) -> Instance:
    """What one end makes of one segment (RFC 9293 §3.10.7), with the challenge ACKs of RFC 5961."""
    tcb, segment, outcome = _arrival(random)
    replies = [effect.segment for effect in outcome.effects if isinstance(effect, Sent)]
    reply = replies[0] if replies else None
    after = outcome.tcb.state
    mixed_up = [(reply.ack, "SEQ and ACK are mixed up")] if reply and reply.flags & F.ACK else []
    return Instance(
        task="A segment arrives at this end. What becomes of it? Challenge ACKs (RFC 5961) are on.",
        parts=(
            ask("The state after it", Form.CHOICE, after, _wrong_states(tcb.state, segment, after), State),
            ask("The bits of what is sent back; none, if nothing is", Form.FLAGS, reply.flags if reply else "none",
                _wrong_replies(tcb.state, segment, reply)),
            ask("The SEQ of what is sent back; 0, if nothing is", Form.NUMBER, reply.seq if reply else 0, mixed_up),
        ),
        hints=(
            "First: does the segment fit? In a synchronized state SEQ must lie in the window.",
            "The order is: SEQ, RST, SYN, ACK, text, FIN. The first that decides ends it.",
            f"What decides here: {outcome.rules[-1].why}",
        ),
        solution=(
            *(f"{rule.check}: {rule.why} (RFC 9293 §{rule.section})" for rule in outcome.rules),
            f"State: {after}. Sent: {_words(reply) if reply else 'nothing, so 0'}.",
        ),
        given=_situation(tcb, segment),
    )  # fmt: skip


def _arrival(random: Random) -> tuple[TCB, Segment, Outcome]:
    """An end in some state, a segment, and what comes of it: at most one segment in reply."""
    while True:
        tcb = random.choice(reachable())
        flags = random.choice(ARRIVING)
        knows_peer = tcb.state in SYNCHRONIZED or tcb.state is State.SYN_RECEIVED
        expected = tcb.rcv_nxt if knows_peer else IRS
        seq = add(expected, random.choice([0, 0, 0, 5, -1, 70_000]) if knows_peer else 0)
        ack = add(tcb.snd_nxt, random.choice([0, 0, 0, 7])) if tcb.state is not State.CLOSED else 500
        text = b"hello" if flags & F.PSH else b""
        segment = Segment(REMOTE_PORT, LOCAL_PORT, seq, ack if flags & F.ACK else 0, flags, data=text)
        outcome = step(tcb, segment)
        if outcome.rules and sum(isinstance(effect, Sent) for effect in outcome.effects) <= 1:
            return tcb, segment, outcome


def _situation(tcb: TCB, segment: Segment) -> str:
    names = ["State"]
    values = [str(tcb.state)]
    if tcb.state not in (State.CLOSED, State.LISTEN):
        names += ["SND.UNA", "SND.NXT"]
        values += [str(tcb.snd_una), str(tcb.snd_nxt)]
    if tcb.state in SYNCHRONIZED or tcb.state is State.SYN_RECEIVED:
        names += ["RCV.NXT", "RCV.WND"]
        values += [str(tcb.rcv_nxt), str(tcb.rcv_wnd)]
    if tcb.state is State.SYN_RECEIVED:
        names.append("Opened")
        values.append("passively" if tcb.passive else "actively")
    names.append("Arrives")
    values.append(_words(segment))
    return "\n".join(f"{name:<9}{value}" for name, value in zip(names, values, strict=True))


def _words(segment: Segment) -> str:
    return repr(segment._replace(options=(), wnd=65_535))


def _wrong_states(state: State, segment: Segment, after: State) -> Iterator[tuple[State, str]]:
    if segment.flags & F.RST and after is state:
        yield State.CLOSED, "any reset ends it"
    if segment.flags & F.FIN and state is State.ESTABLISHED:
        yield State.CLOSED, "FIN closes both ways"
        yield State.TIME_WAIT, "FIN closes both ways"
    if segment.flags & F.SYN and state in SYNCHRONIZED:
        yield State.SYN_RECEIVED, "SYN always opens"
    if segment.flags & F.SYN and after is State.SYN_RECEIVED:
        yield State.ESTABLISHED, "one segment opens it"


def _wrong_replies(state: State, segment: Segment, reply: Segment | None) -> Iterator[tuple[Flags | str, str]]:
    if segment.flags & F.RST:
        yield F.RST, "a reset is answered"
        yield F.RST | F.ACK, "a reset is answered"
        if not reply:
            yield F.ACK, "RST is acknowledged"
    if reply and reply.flags & F.RST:
        yield reply.flags ^ F.ACK, "a reset never has ACK" if reply.flags & F.ACK else "a reset always has ACK"
    if segment.flags & F.FIN and state is State.ESTABLISHED:
        yield F.FIN | F.ACK, "FIN closes both ways"


def both_states(random: Random) -> Instance:
    """In which states two ends are, at a moment of a story (RFC 9293 §3.3.2)."""
    name = random.choice(sorted(stories()))
    whole = stories()[name]
    moments = sorted({step.at_us for step in whole.steps})
    at_us = random.choice(moments[1:])
    trace, states = _until(whole, at_us), whole.states(at_us)
    flying = [flight for flight in trace.flights if flight.arrives_us is not None and flight.arrives_us > at_us]
    last = [f"in flight: {_words(flight.segment)}, sent by {trace.names[flight.sender]}" for flight in flying]
    parts = tuple(_state_part(f"{trace.names[end]}'s state", states[end], states[1 - end]) for end in (0, 1))
    return Instance(
        task="Time stops after the last line. In which state is each end? A line with an X is lost.",
        parts=parts,
        hints=(
            "Begin in CLOSED, and go from line to line: the sender changes when its program calls, the receiver when "
            "the segment arrives.",
            "What is lost, or still in flight, has changed nothing at the other end yet.",
            f"{trace.names[0]} is in {states[0]}.",
        ),
        solution=tuple(
            f"{trace.names[step.end]}, {step.name}: {arrow(step)} (RFC 9293 §3.10)."
            for step in trace.steps
            if step.tcb.state is not step.before
        ),
        given="\n".join([told(trace), *last]),
        trace=trace,
    )


def _until(whole: Trace, at_us: int) -> Trace:
    """A trace up to a moment, all that happens at it included."""
    steps = [step for step in whole.steps if step.at_us <= at_us]
    return replace(whole, steps=steps, flights=[flight for flight in whole.flights if flight.sent_us <= at_us])


def _state_part(label: str, right: State, other: State) -> Part:
    mistakes = []
    if right in (State.LAST_ACK, State.CLOSED) and other is State.TIME_WAIT:
        mistakes.append((State.TIME_WAIT, "the last to close lingers"))
    if right in CLOSING:
        mistakes.append((State.CLOSED, "FIN closes both ways"))
    if right is State.SYN_RECEIVED:
        mistakes.append((State.ESTABLISHED, "one segment opens it"))
    return ask(label, Form.CHOICE, right, [*mistakes, (other, "both ends are always in the same state")], State)


KINDS: dict[str, Callable[[Random], Instance]] = {
    "next state and reply": next_state,
    "state of each end": both_states,
}
