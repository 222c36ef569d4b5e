"""pcapng: sections of blocks; an interface block tells how the packets of its interface are read."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

import numpy as np

from tcpbook.lab.capture.layers import NO_PACKET
from tcpbook.lab.capture.packets import Numbers, Packets, gather
from tcpbook.lab.capture.records import SECOND_NS, Records
from tcpbook.lab.capture.sources import Damage, Source

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 0x0A0D0D0A, 1, 2, 3, 6
OTHERS = (9, 0x0BAD, 0x4000_0BAD)  # journal entries and custom blocks: frames for Wireshark, too
HEADS = {OLD_PACKET: 28, SIMPLE_PACKET: 12, PACKET: 28}  # bytes before the packet
TAIL = 4  # bytes: a block ends in its length, as it begins
SHORTEST, LONGEST = 12, 16 << 20  # bytes of a block; the latter as in Wireshark
ORDER_MAGIC = 0x1A2B3C4D
RESOLUTION, OFFSET = 9, 14  # options of an interface block
LAST_S = 2**63 // SECOND_NS - 1  # the last second that fits; later ones, which only damage makes, become it
MICROSECONDS = 1_000_000


class Interface(NamedTuple):
    """How the packets of an interface are read."""

    link: int
    longest: int  # bytes captured of a packet, at most; 0: no limit
    unit: int = MICROSECONDS  # units of time in a second
    offset_s: int = 0


class Pcapng(Records):
    """A pcapng file, read from its first byte on."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._order = "<"
        self._interfaces: list[Interface] = []

    def _blocks(self) -> Iterator[Packets]:
        starts: list[int] = []
        kinds: list[int] = []
        head = Struct(f"{self._order}II")
        try:
            while self._at + SHORTEST <= self._source.filled:
                kind, octets = head.unpack_from(self._source.octets, self._at)
                if kind == SECTION:  # the same backwards; what follows decides on the order of bytes
                    yield from self._packets_in(starts, kinds)
                    starts, kinds = [], []
                    self._order = self._section_order()
                    self._interfaces = []
                    head = Struct(f"{self._order}II")
                    kind, octets = head.unpack_from(self._source.octets, self._at)
                if not SHORTEST <= octets <= LONGEST:
                    raise Damage(f"a block claims {octets} bytes; {SHORTEST} to {LONGEST} are believed")
                after = self._at + octets + -octets % 4
                if after > self._source.filled:
                    break
                if kind in HEADS or kind in OTHERS:
                    starts.append(self._at)
                    kinds.append(kind)
                elif kind == INTERFACE:
                    self._interfaces.append(self._interface(self._at, octets))
                self._at = after
        except Damage:
            yield from self._packets_in(starts, kinds)
            raise
        yield from self._packets_in(starts, kinds)

    def _section_order(self) -> str:
        for order in "<>":
            if Struct(f"{order}8xI").unpack_from(self._source.octets, self._at)[0] == ORDER_MAGIC:
                return order
        raise Damage("a section does not say in which order its bytes are")

    def _interface(self, at: int, octets: int) -> Interface:
        if octets < 20:
            raise Damage(f"an interface block has {octets} bytes; it needs 20")
        link, longest = Struct(f"{self._order}8xH2xI").unpack_from(self._source.octets, at)
        found = Interface(link, longest)
        option = Struct(f"{self._order}HH")
        at, last = at + 16, at + octets - TAIL
        while at + 4 <= last:
            code, length = option.unpack_from(self._source.octets, at)
            value = bytes(self._source.octets[at + 4 : min(at + 4 + length, last)])
            if code == RESOLUTION and value:
                found = found._replace(unit=2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0])
            elif code == OFFSET and len(value) == 8:
                offset_s = Struct(f"{self._order}q").unpack(value)[0]
                found = found._replace(offset_s=max(-LAST_S, min(offset_s, LAST_S)))
            elif code == 0:
                break
            at += 4 + length + -length % 4
        return found

    def _packets_in(self, starts_found: list[int], kinds_found: list[int]) -> Iterator[Packets]:
        """The packets in blocks that begin at these places; Damage behind the last sound one."""
        if not starts_found:
            return
        starts, kinds = np.array(starts_found), np.array(kinds_found)
        words = gather(self._source.buffer, starts, 28).view(f"{self._order}u4").astype(np.int64)
        _, octets, interface, high, low, captured, wire = words.T
        old, simple = kinds == OLD_PACKET, kinds == SIMPLE_PACKET
        interface[old] = interface[old] & 0xFFFF if self._order == "<" else interface[old] >> 16
        wire[simple] = interface[simple]  # a simple packet has its length on the wire in this place, and no time
        other = np.isin(kinds, OTHERS)
        for column in interface, high, low:
            column[simple | other] = 0
        captured[other] = wire[other] = 0
        head = np.where(simple, HEADS[SIMPLE_PACKET], HEADS[PACKET])

        known = interface < len(self._interfaces)
        longest = np.array([one.longest or LONGEST for one in self._interfaces] or [0])[np.where(known, interface, 0)]
        room = octets - head - TAIL
        captured[simple] = np.minimum(np.minimum(wire, longest), room)[simple]
        ends = gather(self._source.buffer, starts + octets - TAIL, TAIL).view(f"{self._order}u4")[:, 0]
        whole = (known & (captured <= room) & (room >= 0) & (ends == octets)) | other
        good = len(whole) if whole.all() else int(np.argmin(whole))
        if good:
            chosen = interface[:good]
            time_ns = np.zeros(good, np.int64)
            timed = ~(simple | other)[:good]
            time_ns[timed] = self._times(chosen[timed], high[:good][timed], low[:good][timed])
            link = np.array([one.link for one in self._interfaces] or [0])[chosen]
            link[other[:good]] = NO_PACKET
            yield self._packets(link, time_ns, (starts + head)[:good], captured[:good], wire[:good])
        if good < len(whole):
            if ends[good] != octets[good]:
                raise Damage(f"a block has {octets[good]} bytes at its beginning and {ends[good]} at its end")
            if known[good]:
                raise Damage(f"a packet claims {captured[good]} captured bytes in a block with room for {room[good]}")
            raise Damage(f"a packet names interface {interface[good]}, but the section has {len(self._interfaces)}")

    def _times(self, interface: Numbers, high: Numbers, low: Numbers) -> Numbers:
        """Nanoseconds since the epoch, from the two halves of a number of units."""
        units = (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)
        time_ns = np.zeros(len(units), np.int64)
        for number in np.unique(interface):
            one, rows = self._interfaces[number], interface == number
            seconds, rest = np.divmod(units[rows], np.uint64(min(one.unit, 2**64 - 1)))
            if one.unit < 1 << 34:
                rest_ns = rest * np.uint64(SECOND_NS) // np.uint64(one.unit)
            else:  # the product needs more than 64 bits
                rest_ns = np.array([int(count) * SECOND_NS // one.unit for count in rest], np.uint64)
            whole_s = np.minimum(seconds, np.uint64(LAST_S)).astype(np.int64) + one.offset_s
            time_ns[rows] = np.clip(whole_s, -LAST_S, LAST_S) * SECOND_NS + rest_ns.astype(np.int64)
        return time_ns
