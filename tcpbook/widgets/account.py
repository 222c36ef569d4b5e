"""What a view tells of a step and of the end where it happened: shared by those that play connections."""

from __future__ import annotations

from typing import Any

from tcpbook.lab.trace import UNKNOWN, Step, Trace
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Delivered, Reply, Signal

VARIABLES = ("SND.UNA", "SND.NXT", "SND.WND", "RCV.NXT", "RCV.WND")


def rules(step: Step) -> list[list[str]]:
    """The rules that fired: check or event, why, section."""
    return [[str(rule.check or rule.event), rule.why, rule.section] for rule in step.rules]


def end_after(
    before: State, tcb: TCB | None = None, last: dict[str, Any] | None = None, known: bool = True
) -> dict[str, Any]:
    """One end: its state, if known, the arc it took, its variables, and which of them have changed."""
    state = tcb.state if tcb else before
    values = ["—"] * len(VARIABLES)
    if tcb and state not in (State.CLOSED, State.LISTEN):
        values[:2] = [str(tcb.snd_una), str(tcb.snd_nxt)]
        if state is not State.SYN_SENT:
            values[2:] = [str(tcb.snd_wnd), str(tcb.rcv_nxt), str(tcb.rcv_wnd)]
    earlier = last["values"] if last else values
    return {
        "state": str(state) if known else UNKNOWN,
        "arc": f"{before}-{state}" if known and state is not before else "",
        "values": values,
        "changed": [number for number, pair in enumerate(zip(earlier, values, strict=True)) if pair[0] != pair[1]],
    }


def told(step: Step, trace: Trace) -> str:
    """A step in one sentence."""
    name, state = trace.names[step.end], step.tcb.state
    cause = f"{step.cause!r} arrives" if isinstance(step.cause, Segment) else step.name
    moves = f"{step.before} → {state}" if state is not step.before else f"{state} stays"
    if not step.known:
        moves = "the capture leaves its state open"
    parts = [f"{name}: {cause}; {moves}"]
    flights = [trace.flights[number - 1] for number in step.sent]
    parts += [f"sends {flight.segment!r}{' (lost)' if flight.lost else ''}" for flight in flights]
    for effect in step.effects:
        if isinstance(effect, Reply | Signal):
            parts.append(f'tells its user "{effect.text}"')
        elif isinstance(effect, Delivered):
            parts.append(f"hands {len(effect.text)} bytes to its user")
    return ", ".join(parts) + "." + (f" {step.note}" if step.note else "")
