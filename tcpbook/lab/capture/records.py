"""The packets of a capture file, block by block: what pcap and pcapng share, and pcap.

Only the walk from one record to the next is a loop; what stands in the records' heads is read for a block at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from struct import Struct

import numpy as np

from tcpbook.lab.capture.lanes import walk_in_lanes
from tcpbook.lab.capture.packets import Numbers, Packets, gather
from tcpbook.lab.capture.sources import Damage, Source
from tcpbook.protocol.errors import TcpBookError

ROWS = 16_384  # packets of a block, about
PIECE = 512 << 10  # bytes walked at once, to begin with
LONGEST_PIECE = 24 << 20
LONGEST = 262_144  # bytes captured of one packet, at most: as in tcpdump and Wireshark
SECOND_NS = 1_000_000_000

PCAP_HEAD = 24  # bytes
PCAP_MAGIC = {0xA1B2C3D4: (16, 1_000_000), 0xA1B23C4D: (16, SECOND_NS), 0xA1B2CD34: (24, 1_000_000)}
"""Magic number → bytes of a record's head, units of time in a second; the last is Kuznetzov's modified variant."""


class Records(ABC):
    """A capture file read once, from front to back."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0  # how far the walk has come in the buffer
        self._frame = 1

    def packets(self) -> Iterator[Packets]:
        """Give all packets in order; each block is to be used before the next is asked for.

        Damage is raised where the file is broken, after every packet before it was given.
        """
        piece = PIECE
        while self._source.fill(piece):
            at, frame = self._at, self._frame
            yield from self._blocks()
            if self._frame > frame:
                piece = min(max((self._at - at) // (self._frame - frame) * ROWS, PIECE), LONGEST_PIECE)
            self._at -= self._source.drop(self._at)
        if self._at < self._source.filled:
            raise Damage(f"the file ends {self._source.filled - self._at} bytes into a record")

    @abstractmethod
    def _blocks(self) -> Iterator[Packets]:
        """Walk on as far as the buffer is filled, and give the packets found."""

    def _packets(self, link: Numbers, time_ns: Numbers, at: Numbers, captured: Numbers, wire: Numbers) -> Packets:
        frame = np.arange(self._frame, self._frame + len(at))
        self._frame += len(at)
        return Packets(self._source.buffer, frame, time_ns, link, at, at + captured, at + np.maximum(wire, captured))


class Pcap(Records):
    """A pcap file, from its first byte on."""

    def __init__(self, source: Source, order: str, magic: int) -> None:
        super().__init__(source)
        self._order = order
        self._head, self._unit = PCAP_MAGIC[magic]
        while source.filled < PCAP_HEAD:
            if not source.fill(PCAP_HEAD - source.filled):
                raise TcpBookError(f"a pcap of {source.filled} bytes ends before its first packet; record it again")
        # Above the link type's 16 bits stands how long the check sequence behind each frame is.
        self._link = Struct(f"{order}I").unpack_from(self._source.octets, PCAP_HEAD - 4)[0] & 0xFFFF
        self._at = PCAP_HEAD

    def _blocks(self) -> Iterator[Packets]:
        buffer, filled = self._source.buffer, self._source.filled
        starts = walk_in_lanes(self._source, self._at, self._order, self._head)
        if starts is None:
            starts = self.walk()
        if len(starts):
            heads = gather(buffer, starts, 16).view(f"{self._order}u4").astype(np.int64)
            seconds, parts, captured, wire = heads.T
            time_ns = seconds * SECOND_NS + parts * (SECOND_NS // self._unit)
            self._at = int(starts[-1] + self._head + captured[-1])
            yield self._packets(np.full(len(starts), self._link), time_ns, starts + self._head, captured, wire)
        if self._at + self._head <= filled:  # the next record is not whole yet, or never
            claimed = Struct(f"{self._order}I").unpack_from(self._source.octets, self._at + 8)[0]
            if claimed > LONGEST:
                raise Damage(f"a packet claims {claimed} captured bytes; more than {LONGEST} are not believed")

    def walk(self) -> Numbers:
        """Return where the records begin that the buffer holds whole, going from one to the next."""
        captured = Struct(f"{self._order}I").unpack_from
        octets, head, filled = self._source.octets, self._head, self._source.filled
        starts: list[int] = []
        found = starts.append
        at = self._at
        while at + head <= filled:
            after = at + head + captured(octets, at + 8)[0]
            if after > filled:
                break
            found(at)
            at = after
        return np.array(starts, np.int64)
