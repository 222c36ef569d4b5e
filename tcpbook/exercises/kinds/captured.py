"""What exercises on captures have in common: two ends, and the list of segments that a reader is given."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from random import Random
from typing import Any, NamedTuple

from tcpbook.lab.network import Host, pair
from tcpbook.lab.trace import Trace
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.seqnum import MODULUS, add, distance

ENDS = ("client", "server")
ADDRESSES = "198.51.100.7", "192.0.2.1"
HANDSHAKE = (2, 1)  # segments that each end sends before its first text
NS = 1_000_000  # nanoseconds in a millisecond


class Line(NamedTuple):
    """A segment as Wireshark lists it: ms since the first frame, relative numbers; `ack` is 0 without an ACK.

    `verdict` is one of those that `tcpbook.lab.capture.verdicts` gives.
    """

    frame: int
    ms: int
    end: int
    flags: Flags
    seq: int
    ack: int
    window: int
    length: int
    verdict: str

    @property
    def takes(self) -> int:
        """How many sequence numbers it takes (RFC 9293 §3.4)."""
        return self.length + (Flags.SYN in self.flags) + (Flags.FIN in self.flags)


def hosts(random: Random, **limits: int) -> tuple[Host, Host]:
    """Return a client and a server, closed, whose first numbers are anywhere; `limits` as in a TCB."""
    both = pair(**limits)
    for host, name, address in zip(both, ENDS, ADDRESSES, strict=True):
        host.name, host.address = name, address
        host.tcb.next_iss = random.randrange(MODULUS)
    return both


def connection(trace: Trace, end: int) -> Any:
    """Return the row of `connections` on a capture at an end."""
    from tcpbook.lab.capture import connections

    (row,) = connections(_read(trace, end)).itertuples()
    return row


def lines(trace: Trace, end: int) -> list[Line]:
    """Return a capture at an end as Wireshark lists it."""
    from tcpbook.lab.capture import verdicts

    segments = _read(trace, end)
    columns = ("frame", "time_ns", "end", "flags", "seq", "ack", "window", "length")
    rows = list(zip(*(segments[column].tolist() for column in columns), verdicts(segments), strict=True))
    zeros: dict[int, int] = {}  # what is shown as 0: the SYN; without one, an end's first segment has 1
    for _, _, end, flags, seq, *_ in rows:
        zeros.setdefault(end, add(seq, 0 if flags & Flags.SYN else -1))
    begin_ns = min(time_ns for _, time_ns, *_ in rows)
    found = []
    for frame, time_ns, end, bits, seq, ack, window, length, verdict in rows:
        flags = Flags(bits)
        shown_ack = distance(zeros[1 - end], ack) if Flags.ACK in flags else 0
        ms, shown_seq = (time_ns - begin_ns) // NS, distance(zeros[end], seq)
        found.append(Line(frame, ms, end, flags, shown_seq, shown_ack, window, length, verdict))
    return found


def _read(trace: Trace, end: int) -> Any:
    from tcpbook.lab.capture import read_capture

    return read_capture(BytesIO(trace.capture(end)))


def printed(listed: Iterable[Line]) -> str:
    """Return lines as text under a heading."""
    return "\n".join([f"{'frame':>5}{'time in s':>12}", *map(_printed, listed)])


def _printed(line: Line) -> str:
    flags = str(line.flags).replace(",", ", ")
    ack = f" Ack={line.ack}" if Flags.ACK in line.flags else ""
    return (
        f"{line.frame:>5}{line.ms / 1_000:>12.3f}   {ENDS[line.end]} → {ENDS[1 - line.end]}   [{flags}] "
        f"Seq={line.seq}{ack} Win={line.window} Len={line.length}"
    )
