"""Scenarios as stories without the states, for exercises that ask for them."""

from __future__ import annotations

from functools import cache

from tcpbook.exercises.answers import arrows
from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.lab.trace import Step, Trace

MOST_SEGMENTS = 12

UNDECIDED = ("SEND and CLOSE during the handshake", "caller closes early", "abort in CLOSING")
"""Scenarios in which a call meets a segment on its way: which came first, the text doesn't tell."""


@cache
def stories() -> dict[str, Trace]:
    """Return the scenarios that can be told so: two ends, not too long, no third party, no cookies."""
    found = {}
    for name, scenario in SCENARIOS.items():
        trace = scenario.run()
        short = len(trace.names) == 2 and len(trace.flights) <= MOST_SEGMENTS
        if short and not scenario.strays and name not in UNDECIDED:
            changes = [step for end in range(2) for step in changes_of(trace, end)]
            if all(arrow(step) in arrows() for step in changes if step.rules):
                found[name] = trace
    return found


def changes_of(trace: Trace, end: int) -> tuple[Step, ...]:
    """Return what changed the state of an end, in order of time."""
    return tuple(step for step in trace.steps if step.end == end and step.tcb.state is not step.before)


def arrow(step: Step) -> str:
    """Return the arrow of a change of state: "CLOSED → LISTEN"."""
    return f"{step.before} → {step.tcb.state}"


def told(trace: Trace) -> str:
    """Return a trace as RFC 9293 writes it, without the states; what is no segment names its end."""
    rows = [f"{trace.names[not first]} {what}" if what[0] == "(" else what for first, what, _ in trace.lines()]
    width = max(map(len, rows), default=0)
    return "\n".join(["A" + "B".rjust(width + 7), *(f"    {row:^{width}}".rstrip() for row in rows)])
