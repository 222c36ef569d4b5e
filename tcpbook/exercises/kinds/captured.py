"""What exercises on captures have in common: two ends, and the list of segments that a reader is given."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import Any

from tcpbook.lab.network import Host, pair
from tcpbook.lab.trace import Trace
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.seqnum import MODULUS, distance

ENDS = ("client", "server")
ADDRESSES = "198.51.100.7", "192.0.2.1"
HANDSHAKE = (2, 1)  # segments that each end sends before its first text


def hosts(random: Random, **limits: int) -> tuple[Host, Host]:
    """Return a client and a server, closed, whose first numbers are anywhere; `limits` as in a TCB."""
    both = pair(**limits)
    for host, name, address in zip(both, ENDS, ADDRESSES, strict=True):
        host.name, host.address = name, address
        host.tcb.next_iss = random.randrange(MODULUS)
    return both


def captured(trace: Trace, end: int) -> Any:
    """Return what a capture at an end holds, in the columns of `read_capture`."""
    from tcpbook.lab.capture import read_capture

    return read_capture(BytesIO(trace.capture(end)))


def printed(segments: Any) -> str:
    """Return the segments of a connection as Wireshark lists them: times from the first frame on, relative numbers."""
    zeros = starts(segments)
    begin_ns = segments["time_ns"].min()
    lines = [f"{'frame':>5}{'time in s':>12}"]
    for row in segments.itertuples():
        flags = Flags(row.flags)
        ack = f" Ack={distance(zeros[1 - row.end], row.ack)}" if Flags.ACK in flags else ""
        lines.append(
            f"{row.frame:>5}{(row.time_ns - begin_ns) / 10**9:>12.3f}   {ENDS[row.end]} → {ENDS[1 - row.end]}   "
            f"[{str(flags).replace(',', ', ')}] Seq={distance(zeros[row.end], row.seq)}{ack} Win={row.window} "
            f"Len={row.length}"
        )
    return "\n".join(lines)


def starts(segments: Any) -> dict[int, int]:
    """Return the number that Wireshark shows as 0, by end: its SYN's; without one, its first segment has 1."""
    firsts = segments.drop_duplicates("end").itertuples()
    return {row.end: (row.seq - (not row.flags & Flags.SYN)) % MODULUS for row in firsts}
