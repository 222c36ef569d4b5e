"""One event in progress: the copy of the TCB it works on, and the outputs it has produced so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tcpbook.protocol.events import Call
from tcpbook.protocol.flags import COMBINATIONS, Flags
from tcpbook.protocol.options import Option
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add, distance, gt
from tcpbook.protocol.tcb import TCB

FIN, SYN, RST = int(Flags.FIN), int(Flags.SYN), int(Flags.RST)  # plain integers: many times faster to test
PSH, ACK, URG = int(Flags.PSH), int(Flags.ACK), int(Flags.URG)


@dataclass(frozen=True, slots=True)
class Output:
    """Something `step` hands to its caller. A constant output stands in a rule as an effect of its own."""

    def __call__(self, turn: Turn) -> None:
        """Hand it over."""
        turn.outputs.append(self)


@dataclass(frozen=True, slots=True)
class Sent(Output):
    """A segment to put on the wire."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Reply(Output):
    """The immediate return of a user call (RFC 9293 §3.10)."""

    text: str


@dataclass(frozen=True, slots=True)
class Signal(Output):
    """News for the user, outside any call (RFC 9293 §3.10: "signal")."""

    text: str


@dataclass(frozen=True, slots=True)
class Delivered(Output):
    """Received text that satisfies a RECEIVE; `push` says that the sender pushed it (RFC 9293 §3.9.1.3)."""

    text: bytes
    push: bool


@dataclass(frozen=True, slots=True)
class Acknowledged(Output):
    """The peer has acknowledged this many more bytes of our text (RFC 9293 §3.10.7.4: SENDs returned "ok")."""

    octets: int


@dataclass(frozen=True, slots=True)
class Timer(Output):
    """Start (again) or stop a timer that the caller keeps: "retransmission" or "2 MSL"."""

    name: str
    runs: bool


Effect = Callable[["Turn"], None]
"""What a rule does: a named function of `tcpbook.protocol.effects`, or a constant `Output`."""


class Turn:
    """The work on one event. `seq`, `length`, `ack`, `flags` and `text` are the arriving segment's.

    `text_number` is the sequence number of its first byte of text (a SYN comes before it), `fin_number` the one
    that its FIN occupies, or would.
    """

    __slots__ = (
        "ack", "call", "fin_number", "flags", "length", "outputs", "owes_ack", "reopens", "segment", "seq", "tcb",
        "text", "text_number", "transmits",
    )  # fmt: skip

    def __init__(self, tcb: TCB, event: Segment | Call) -> None:
        self.tcb = tcb.copy()
        self.outputs: list[Output] = []
        self.owes_ack = self.reopens = self.transmits = False
        if isinstance(event, Segment):
            self.segment = event
            self.seq, self.ack, self.text = event.seq, event.ack, event.data
            self.flags = flags = int(event.flags)
            syn, fin, octets = flags & SYN > 0, flags & FIN > 0, len(event.data)
            self.text_number = add(event.seq, syn)
            self.fin_number = add(event.seq, syn + octets)
            self.length = syn + octets + fin
        else:
            self.call = event
            self.flags = 0

    def send(self, flags: int, seq: int, *, text: bytes = b"", options: tuple[Option, ...] = ()) -> None:
        """Send a segment of this connection; one with ACK settles the acknowledgment we owe."""
        tcb = self.tcb
        ack = up = 0
        if flags & ACK:
            ack = tcb.rcv_nxt
            self.owes_ack = False
        if text and tcb.snd_up is not None and gt(tcb.snd_up, seq):
            flags |= URG
            up = min(distance(seq, tcb.snd_up), 0xFFFF)
        wnd = tcb.rcv_wnd if tcb.rcv_wnd <= 0xFFFF else 0xFFFF
        remote_port = tcb.remote_port or 0
        segment = Segment(tcb.local_port, remote_port, seq, ack, COMBINATIONS[flags], wnd, 0, up, options, text)
        self.outputs.append(Sent(segment))

    def answer(self, flags: int, *, seq: int, ack: int = 0) -> None:
        """Send a reset to wherever the arriving segment came from; it needs no TCB."""
        arrived = self.segment
        reset = Segment(arrived.destination_port, arrived.source_port, seq, ack, COMBINATIONS[flags], wnd=0)
        self.outputs.append(Sent(reset))
