"""The packets of a capture file, block by block; here what pcap and pcapng share, and pcap.

The file goes through one reused buffer, so that memory does not grow with its size. Only the walk from one record to
the next is a loop; what stands in the records' heads is read for a whole block at once.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from gzip import BadGzipFile
from struct import Struct
from typing import BinaryIO

import numpy as np

from tcpbook.lab.capture.packets import SLACK, Numbers, Packets, gather
from tcpbook.protocol.errors import TcpBookError

BUFFER = 24 << 20  # octets
PIECE = 512 << 10  # octets read and walked at once, while the cache still holds them
ROWS = 16_384  # packets of a block, about
LONGEST = 262_144  # octets captured of one packet, at most: as in tcpdump and Wireshark
SECOND_NS = 1_000_000_000

UNPACKING = (EOFError, BadGzipFile, zlib.error)  # how a broken gzip file shows itself
PCAP_HEAD = 24  # octets
PCAP_MAGIC = {0xA1B2C3D4: (16, 1_000_000), 0xA1B23C4D: (16, SECOND_NS), 0xA1B2CD34: (24, 1_000_000)}
"""Magic number → octets of a record's head, units of time in a second; the last is Kuznetzov's modified variant."""


class Damage(Exception):
    """The file can't be read on from here; the packets before it are whole."""


class Records(ABC):
    """A capture file read once, from front to back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = np.zeros(BUFFER + SLACK, np.uint8)
        self._octets = memoryview(self._buffer.data)
        self._at = self._filled = 0  # the walk's place, and how far the buffer is filled
        self._frame = 1

    def packets(self) -> Iterator[Packets]:
        """Give all packets in order; each block is to be used before the next is asked for.

        Damage is raised where the file is broken, after every packet before it was given.
        """
        try:
            while self._fill():
                yield from self._walk()
                if self._found >= ROWS or self._filled + PIECE > BUFFER:
                    yield from self._block()
                    self._make_room()
            if self._at < self._filled:
                raise Damage(f"the file ends {self._filled - self._at} octets into a record")
        except Damage:
            yield from self._block()
            raise
        yield from self._block()

    @abstractmethod
    def _walk(self) -> Iterator[Packets]:
        """Go from record to record as far as the buffer is filled; give a block where one has to end."""

    @property
    @abstractmethod
    def _found(self) -> int:
        """How many packets the walk has found since the last block."""

    @abstractmethod
    def _block(self) -> Iterator[Packets]:
        """Give the packets found, if any; Damage if what stands in their heads can't be."""

    def _fill(self) -> bool:
        """Read a piece; return whether there was one."""
        try:
            got = self._file.readinto(self._octets[self._filled : self._filled + PIECE])  # type: ignore[attr-defined]
        except UNPACKING as error:
            raise Damage(f"its compression breaks off: {error}") from None
        self._filled += got
        return bool(got)

    def _make_room(self) -> None:
        if self._filled + PIECE > BUFFER:
            left = self._filled - self._at
            self._buffer[:left] = self._buffer[self._at : self._filled].copy()
            self._at, self._filled = 0, left

    def _packets(self, link: Numbers, time_ns: Numbers, at: Numbers, captured: Numbers, wire: Numbers) -> Packets:
        frame = np.arange(self._frame, self._frame + len(at))
        self._frame += len(at)
        return Packets(self._buffer, frame, time_ns, link, at, at + captured, at + np.maximum(wire, captured))


class Pcap(Records):
    """A pcap file, read from its first octet on."""

    def __init__(self, file: BinaryIO, order: str, magic: int) -> None:
        super().__init__(file)
        self._order = order
        self._head, self._unit = PCAP_MAGIC[magic]
        head = file.read(PCAP_HEAD)
        if len(head) < PCAP_HEAD:
            raise TcpBookError(f"this pcap has {len(head)} octets; its head alone needs {PCAP_HEAD}: save it again")
        # Above the link type's 16 bits stands how long the check sequence behind each frame is.
        self._link = Struct(f"{order}20xI").unpack(head)[0] & 0xFFFF
        self._starts: list[int] = []

    @property
    def _found(self) -> int:
        return len(self._starts)

    def _walk(self) -> Iterator[Packets]:
        captured_octets = Struct(f"{self._order}I").unpack_from
        octets, found, head, filled = self._octets, self._starts.append, self._head, self._filled
        at, last = self._at, filled - head
        while at <= last:
            captured = captured_octets(octets, at + 8)[0]
            after = at + head + captured
            if after > filled:
                break
            found(at)
            at = after
        self._at = at
        if at <= last and captured > LONGEST:
            raise Damage(f"a packet claims {captured} captured octets; more than {LONGEST} are not believed")
        yield from ()

    def _block(self) -> Iterator[Packets]:
        if not self._starts:
            return
        starts = np.array(self._starts)
        self._starts.clear()
        heads = gather(self._buffer, starts, 16).view(f"{self._order}u4").astype(np.int64)
        seconds, parts, captured, wire = heads.T
        time_ns = seconds * SECOND_NS + parts * (SECOND_NS // self._unit)
        yield self._packets(np.full(len(starts), self._link), time_ns, starts + self._head, captured, wire)
