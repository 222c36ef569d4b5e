"""Small captures made by hand: who sent which segment when."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import NamedTuple

from pandas import DataFrame

from tcpbook.lab.capture.read import read_capture
from tcpbook.lab.trace import PCAP, RAW_IP
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.options import Option
from tcpbook.protocol.packet import encode_packet
from tcpbook.protocol.segment import Segment

CLIENT, SERVER = ("10.0.0.1", 40_000), ("10.0.0.2", 80)


class At(NamedTuple):
    """A segment that passes at a millisecond; `end` 0 is the client, SEQ is 100 in its SYN and 300 in the server's."""

    ms: float
    end: int
    flags: str
    seq: int
    ack: int = 0
    octets: int = 0
    wnd: int = 1000
    options: tuple[Option, ...] = ()


OPEN = (At(0, 0, "SYN", 100), At(0.1, 1, "SYN,ACK", 300, 101), At(0.2, 0, "ACK", 101, 301))


def capture(*frames: At, client: tuple[str, int] = CLIENT, server: tuple[str, int] = SERVER) -> bytes:
    """A pcap of these segments."""
    parts = [struct.pack("<IHHiIII", PCAP, 2, 4, 0, 0, 65_535, RAW_IP)]
    for frame in frames:
        ends = (client, server) if frame.end == 0 else (server, client)
        (source, source_port), (destination, destination_port) = ends
        segment = Segment(
            source_port, destination_port, frame.seq, frame.ack, flags=Flags.parse(frame.flags), wnd=frame.wnd,
            options=frame.options, data=bytes(frame.octets),
        )  # fmt: skip
        packet = encode_packet(segment, source, destination)
        us = 1_000_000_000 + round(frame.ms * 1000)
        parts += [struct.pack("<IIII", *divmod(us, 1_000_000), len(packet), len(packet)), packet]
    return b"".join(parts)


def read(*frames: At) -> DataFrame:
    """The same as `read_capture` reads it."""
    return read_capture(BytesIO(capture(*frames)))
