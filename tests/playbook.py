"""Play an event at one end and read off what comes of it, as the figures of RFC 9293 write it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add
from tcpbook.protocol.situations import REMOTE_PORT, in_state
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB


def arrive(
    tcb: TCB, flags: str, seq: int = 0, ack: int = 0, *, text: bytes = b"", wnd: int = 5_000, up: int = 0
) -> Outcome:
    """A segment arrives; `seq` counts from RCV.NXT, `ack` from SND.NXT."""
    numbers = add(tcb.rcv_nxt, seq), add(tcb.snd_nxt, ack)
    return step(tcb, Segment(REMOTE_PORT, tcb.local_port, *numbers, Flags.parse(flags), wnd=wnd, up=up, data=text))


def line(outcome: Outcome) -> tuple[str, ...]:
    """A line of a figure: the state, and what was sent, without window and options."""
    return str(outcome.state), *(repr(sent._replace(wnd=65_535, options=())) for sent in outcome.segments)


def established(**changes: Any) -> TCB:
    """A connection that sends 101 and receives 301 next."""
    return replace(in_state(State.ESTABLISHED), **changes)
