"""What happened between two ends, as records: for tables, ladders and Wireshark."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tcpbook.protocol.events import Call
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.packet import encode_packet
from tcpbook.protocol.rules import Rule
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import distance
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Output

if TYPE_CHECKING:
    from pandas import DataFrame

PCAP, RAW_IP = 0xA1B2C3D4, 101  # what a pcap file begins with; its packets begin with the IP header
CRASH = "crash"
BEGINS = "the capture begins"
UNKNOWN = "cannot know"  # instead of a state that a capture leaves open


class Flight(NamedTuple):
    """One segment on its way from the end `sender`; times in microseconds. A lost one never arrives."""

    number: int
    sender: int
    segment: Segment
    sent_us: int
    arrives_us: int | None
    retransmission: bool = False
    duplicate: bool = False  # a copy that the network made, or a segment from an earlier connection

    @property
    def lost(self) -> bool:
        """Whether the network dropped it."""
        return self.arrives_us is None


class Step(NamedTuple):
    """One event at the end `end`: what caused it, and the outcome of `tcpbook.protocol.machine.step`.

    `cause` is the segment that arrived (then `flight` is its number), a call or timeout, or a word for what the
    host itself did: "crash", "delayed ACK". `sent` are the numbers of the flights it started. In the replay of a
    capture the state may not be `known`, and a `note` says what is missing or odd.
    """

    at_us: int
    end: int
    cause: Segment | Call | str
    flight: int | None
    before: State
    tcb: TCB
    effects: tuple[Output, ...]
    rules: tuple[Rule, ...]
    sent: tuple[int, ...]
    known: bool = True
    note: str = ""

    @property
    def name(self) -> str:
        """The cause in words, such as "CLOSE", "2 MSL timeout" or "segment 3"."""
        if isinstance(self.cause, Segment):
            return f"segment {self.flight}"
        return self.cause if isinstance(self.cause, str) else str(self.cause.event)

    @property
    def outcome(self) -> str:
        """The state afterwards in words."""
        return str(self.tcb.state) if self.known else UNKNOWN


@dataclass
class Trace:
    """What two ends did: every segment (`flights`) and every event at either end (`steps`), in order of time."""

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    flights: list[Flight] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def states(self, at_us: int) -> tuple[State, ...]:
        """The state of each end at a moment, what happened at that moment included."""
        states = [State.CLOSED] * len(self.names)
        for step in self.steps:
            if step.at_us <= at_us:
                states[step.end] = step.tcb.state
        return tuple(states)

    def relative(self, flight: Flight) -> Segment:
        """The segment with numbers counted from the last ISS that each end used before it, as Wireshark shows them."""
        segment = flight.segment
        seq = distance(self._iss(flight.sender, flight.number), segment.seq)
        ack = segment.ack
        if segment.flags & Flags.ACK:
            ack = distance(self._iss(len(self.names) - 1 - flight.sender, flight.number), ack)
        return segment._replace(seq=seq, ack=ack)

    def _iss(self, end: int, before: int) -> int:
        sent = (flight for flight in reversed(self.flights) if flight.number <= before and flight.sender == end)
        return next((flight.segment.seq for flight in sent if flight.segment.flags & Flags.SYN), 0)

    def frame(self) -> DataFrame:
        """One row a segment: number, sender (str), sent_us, arrives_us (Int64, missing if lost), flags (str),
        seq, ack, wnd, bytes (int64), retransmission, duplicate, lost (bool).
        """
        from pandas import DataFrame

        rows = [
            (
                flight.number,
                self.names[flight.sender],
                flight.sent_us,
                flight.arrives_us,
                str(flight.segment.flags),
                flight.segment.seq,
                flight.segment.ack,
                flight.segment.wnd,
                len(flight.segment.data),
                flight.retransmission,
                flight.duplicate,
                flight.lost,
            )
            for flight in self.flights
        ]
        columns = ["number", "sender", "sent_us", "arrives_us", "flags", "seq", "ack", "wnd", "bytes"]
        table = DataFrame(rows, columns=[*columns, "retransmission", "duplicate", "lost"])
        return table.astype({"arrives_us": "Int64"})

    def changes(self) -> DataFrame:
        """One row a change of state: at_us (int64), end, cause, before, after, section (str)."""
        from pandas import DataFrame

        rows = [
            (step.at_us, self.names[step.end], step.name, step.before, step.outcome, _section(step))
            for step in self.steps
            if step.tcb.state is not step.before
        ]
        return DataFrame(rows, columns=["at_us", "end", "cause", "before", "after", "section"])

    def lines(self) -> list[tuple[str, str, str]]:
        """The story as RFC 9293 writes its figures: the first end's state, what happens, the second end's state.

        A segment stands at the time it was sent, between the sender's state then and the receiver's on arrival.
        """
        arrivals = {step.flight: step for step in self.steps if step.flight is not None}
        sent = {number for step in self.steps for number in step.sent}
        told: list[tuple[str, str, str]] = []
        states = [str(State.CLOSED)] * 2
        for step in self.steps:
            states[step.end] = step.outcome
            if step.flight is not None and step.flight not in sent:
                told.append(self._line(self.flights[step.flight - 1], "", step))
            flights = (self.flights[number - 1] for number in step.sent)
            told += [self._line(flight, states[step.end], arrivals.get(flight.number)) for flight in flights]
            if not step.sent and step.tcb.state is not step.before and not isinstance(step.cause, Segment):
                story = f"({step.name})"
                told.append((states[0], story, "") if step.end == 0 else ("", story, states[1]))
        return told

    def _line(self, flight: Flight, here: str, arrival: Step | None) -> tuple[str, str, str]:
        words = repr(flight.segment._replace(options=(), wnd=65_535))
        there = arrival.outcome if arrival else ""
        if flight.sender == 0:
            return here, f"--> {words} {'--X' if flight.lost else '-->'}", there
        return there, f"{'X--' if flight.lost else '<--'} {words} <--", here

    def ladder(self) -> str:
        """The lines as one text in three columns."""
        rows = [(self.names[0], "", self.names[-1]), *self.lines()]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        return "\n".join(
            f"{first:{widths[0]}}  {story:^{widths[1]}}  {second}".rstrip() for first, story, second in rows
        )

    def pcap(self, path: str | Path, end: int = 0) -> None:
        """Write a capture to a file that Wireshark opens."""
        Path(path).write_bytes(self.capture(end))

    def segments(self, end: int = 0) -> DataFrame:
        """What `tcpbook.lab.capture.read_capture` makes of a capture at one end: one row a segment."""
        from tcpbook.lab.capture.read import read_capture

        return read_capture(BytesIO(self.capture(end)))

    def capture(self, end: int = 0) -> bytes:
        """What a capture at one end would hold, all it sent and what reached it, in the pcap format."""
        arrived = {step.flight: step.at_us for step in self.steps}
        seen = []
        for flight in self.flights:
            sent_us = None if flight.duplicate else flight.sent_us  # a copy was made on the way
            at_us = sent_us if flight.sender == end else arrived.get(flight.number)
            if at_us is not None:
                seen.append((at_us, flight.number))
        parts = [struct.pack("<IHHiIII", PCAP, 2, 4, 0, 0, 65_535, RAW_IP)]
        for at_us, number in sorted(seen):
            flight = self.flights[number - 1]
            receiver = len(self.names) - 1 - flight.sender
            packet = encode_packet(flight.segment, self.addresses[flight.sender], self.addresses[receiver])
            parts += [struct.pack("<IIII", *divmod(at_us, 1_000_000), len(packet), len(packet)), packet]
        return b"".join(parts)


def _section(step: Step) -> str:
    changed = [rule for rule in step.rules if rule.next_state is not rule.state]
    return changed[-1].section if changed else ""
