"""Captures damaged on purpose, each with how many of its packets come before the damage."""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from captures import ETHERNET, LINKS, NANOSECONDS, Packet, Section, fragments, framed, kernel, pcap, pcapng, simulated

RAW = LINKS["raw IP"][0]
BEYOND = (0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x4000_0000)
"""Lengths that no packet has: the largest, and those that are negative for who forgets that they have no sign."""


class Damaged(NamedTuple):
    """A file, the one it was made from, uncompressed, and how many packets lie wholly before the damage.

    `told` is whether a reader has to speak of it; inside a packet damage makes no more than an odd packet.
    """

    name: str
    data: bytes
    good: bytes
    intact: int
    told: bool

    @property
    def start(self) -> bytes:
        """The good file up to the damage."""
        packets = [end for end, packet in parts(self.good) if packet]
        return self.good[: packets[self.intact - 1]] if self.intact else self.good[: parts(self.good)[0][0]]


def parts(good: bytes) -> list[tuple[int, bool]]:
    """Where the head of a pcap and each of its records end, or each block of a pcapng; and whether it is a packet."""
    if good[:4] != b"\n\r\r\n":
        order = "<" if good[:4] in {b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"} else ">"
        found = [(24, False)]
        while (at := found[-1][0]) < len(good):
            found.append((at + 16 + struct.unpack_from(order + "I", good, at + 8)[0], True))
        return found
    found, at = [], 0
    while at < len(good):
        if good[at : at + 4] == b"\n\r\r\n":
            order = "<" if good[at + 8] == 0x4D else ">"
        kind, length = struct.unpack_from(order + "II", good, at)
        at += length
        found.append((at, kind in {2, 3, 6}))
    return found


def before(good: bytes, place: int) -> int:
    """How many packets of a good file end at this byte or before it."""
    return sum(packet and end <= place for end, packet in parts(good))


PACKETS = kernel()[:40] + simulated()
GOOD = {
    "pcap": pcap(framed(PACKETS, "Ethernet"), ETHERNET),
    "pcap of nanoseconds, big-endian": pcap(PACKETS, RAW, ">", NANOSECONDS),
    "pcapng": pcapng(PACKETS),
}


def damaged(seed: int) -> Iterator[Damaged]:
    """Damaged files of every kind, more than a hundred; the seed decides where."""
    chance = random.Random(seed)
    for kind in _cut, _flipped, _lengths, _heads, _blocks, _compressed, _inside:
        yield from kind(chance)


def _cut(chance: random.Random) -> Iterator[Damaged]:
    for name, good in GOOD.items():
        borders = {end for end, _ in parts(good)}
        for place in {0, 1, 3, 4, 7, 8, 12, 23, 24, 25, 39, len(good) - 1, *chance.sample(range(len(good)), 10)}:
            yield Damaged(f"{name}, cut at {place}", good[:place], good, before(good, place), place not in borders)


def _flipped(chance: random.Random) -> Iterator[Damaged]:
    """Bytes changed anywhere: whatever it means, what came before is there."""
    for name, good in GOOD.items():
        for number in range(10):
            data = bytearray(good)
            places = sorted(chance.sample(range(24, len(good)), chance.randint(1, 20)))
            for place in places:
                data[place] ^= chance.randint(1, 255)
            yield Damaged(f"{name}, flips {number}", bytes(data), good, before(good, places[0]), False)


def _with(good: bytes, place: int, form: str, *values: int) -> bytes:
    """The file with other numbers at a place."""
    changed = struct.pack(form, *values)
    return good[:place] + changed + good[place + len(changed) :]


def _lengths(chance: random.Random) -> Iterator[Damaged]:
    """Records that claim to be longer than any packet, longer than the file, or empty."""
    for name, order in ("pcap", "<"), ("pcap of nanoseconds, big-endian", ">"):
        good = GOOD[name]
        for value in (*BEYOND, 262_145):
            number = chance.randrange(len(PACKETS))
            data = _with(good, parts(good)[number][0] + 8, order + "I", value)
            yield Damaged(f"{name}, {value} bytes captured", data, good, number, True)
        last = len(PACKETS) - 1
        data = _with(good, parts(good)[last][0] + 8, order + "I", 200_000)
        yield Damaged(f"{name}, longer than the file", data, good, last, True)
        for value in (0, 1, 0xFFFF_FFFF):  # on the wire: less than was captured, or far more
            number = chance.randrange(len(PACKETS))
            data = _with(good, parts(good)[number][0] + 12, order + "I", value)
            yield Damaged(f"{name}, {value} bytes on the wire", data, good, number, False)
        data = _with(good, parts(good)[5][0] + 8, order + "II", 0, 0)
        yield Damaged(f"{name}, an empty packet", data, good, 5, False)
        stray = bytes(chance.randrange(1, 256) for _ in range(64))
        place = parts(good)[9][0]
        yield Damaged(f"{name}, stray bytes", good[:place] + b"\xff" * 64 + stray + good[place:], good, 9, True)


def _heads(chance: random.Random) -> Iterator[Damaged]:
    """Files that begin wrong."""
    good = GOOD["pcap"]
    starts = [b"", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08", b"\n\r\r\n", b"GIF89a", b"<!DOCTYPE html>", b"\xa1\xb2\xc3"]
    starts += [b"\xd4\xc3\xb2\xa0", bytes(24), b"\n\r\r\n" + bytes(24), b"\n\r\r\n\x1c\0\0\0\x4d\x3c\x2b\x1b"]
    for start in starts:
        yield Damaged(f"nothing but {start.hex(' ')}", start, good, 0, True)
    yield Damaged("pcap without its head", good[24:], good, 0, True)
    yield Damaged("a head in a head", good[:24] + good, good, 0, True)
    yield Damaged("noise", chance.randbytes(4096), good, 0, True)


def _blocks(chance: random.Random) -> Iterator[Damaged]:
    """A small section, each part of it wrong in turn."""

    def section(change: Callable[[Section], None] = lambda section: None, tail: int = 6) -> bytes:
        made = Section("<>"[chance.randrange(2)])
        made.interface(RAW)
        for packet in PACKETS[:6]:
            made.enhanced(packet)
        change(made)
        for packet in PACKETS[6 : 6 + tail]:
            made.enhanced(packet)
        return bytes(made)

    def block(length: int, second: int | None = None) -> Callable[[Section], None]:
        def change(made: Section) -> None:
            second_length = length if second is None else second
            made.blocks.append(made.packed("II", 6, length) + bytes(20) + made.packed("I", second_length))

        return change

    def packet(interface: int, captured: int) -> Callable[[Section], None]:
        return lambda made: made.add(6, made.packed("5I", interface, 0, 0, captured, captured) + bytes(8))

    def interface(options: bytes) -> Callable[[Section], None]:
        return lambda made: made.add(1, made.packed("HHI", RAW, 0, 0) + options)

    def another(made: Section) -> None:
        made.blocks.append(bytes(Section("<" if made.order == ">" else ">"))[:12])

    def alone(made: Section) -> None:
        made.blocks.append(bytes(Section(made.order)))
        packet(0, 8)(made)

    def strange(made: Section) -> None:
        for kind in 0, 7, 0xFFFF_FFFF:
            made.add(kind)

    wrong: dict[str, Callable[[Section], None]] = {
        **{f"a block of {length} bytes": block(length) for length in (0, 1, 4, 8, 11, *BEYOND)},
        "a block whose lengths differ": block(32, 36),
        "a block too short for a packet": lambda made: made.add(6, bytes(8)),
        "an old block too short for a packet": lambda made: made.add(2, bytes(8)),
        "a simple block too short for a packet": lambda made: made.add(3),
        "interface 1 of 1": packet(1, 8),
        "interface 4294967295": packet(0xFFFF_FFFF, 8),
        **{f"{length} bytes captured": packet(0, length) for length in (9, 40, *BEYOND)},
        "an interface too short": lambda made: made.add(1, bytes(4)),
        "a section without its magic": lambda made: made.add(0x0A0D0D0A, bytes(16)),
        "a section too short": lambda made: made.add(0x0A0D0D0A, bytes(4)),
        "a section in another order, cut off": another,
        "a section without interfaces": alone,
    }
    odd: dict[str, Callable[[Section], None]] = {
        "a length that four does not divide": block(33),
        "options running over": interface(b"\x02\0\xff\xff" + b"x" * 8),
        "options of no length": interface(b"\x09\0\0\0" * 50),
        "options without end": interface(b"\x02\x02\x02\x02" * 3),
        **{f"a resolution of {value}": interface(bytes([9, 0, 1, 0, value, 0, 0, 0])) for value in (127, 128, 255)},
        "an offset of 2**63 seconds": interface(bytes([14, 0, 8, 0]) + b"\x80" + bytes(7)),
        "blocks of no kind": strange,
    }
    for told, kinds in (True, wrong), (False, odd):
        for name, change in kinds.items():
            chance_of = chance.getstate()
            good = section()
            chance.setstate(chance_of)
            yield Damaged(f"pcapng, {name}", section(change), good, 6, told)
    for value in (0, 1, 127, 128, 255):  # of the first interface: its packets come after it, with some time or none
        made = Section()
        made.interface(RAW)
        made.blocks[1] = made.blocks[1].replace(b"<b>eth0</b>\0\0\0\0\0", bytes([9, 0, 1, 0, value, 0, 0, 0]) * 2)
        made.enhanced(PACKETS[0])
        yield Damaged(f"pcapng, the resolution {value}", bytes(made), section(), 0, False)


def _compressed(chance: random.Random) -> Iterator[Damaged]:
    for name in "pcap", "pcapng":
        good = GOOD[name]
        packed = gzip.compress(good, mtime=0)
        for number in range(12):
            place = chance.randrange(20, len(packed))
            flipped = _with(packed, place, "B", packed[place] ^ (1 << chance.randrange(8)))
            for what, data in ("cut", packed[:place]), ("flipped", flipped):
                intact = before(good, _same(good, _unpacked(data)))
                yield Damaged(f"gzip of {name}, {what} {number}", data, good, intact, True)
        all_of_it = before(good, len(good))
        yield Damaged(f"gzip of {name}, more behind it", packed + b"more", good, all_of_it, False)


def _unpacked(data: bytes) -> bytes:
    """What can be unpacked before the damage shows."""
    unpacker, found = zlib.decompressobj(31), b""
    for place in range(len(data)):
        try:
            found += unpacker.decompress(data[place : place + 1])
        except zlib.error:
            break
    return found


def _same(one: bytes, other: bytes) -> int:
    """How many bytes from the start two files have in common."""
    differ = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differ, min(len(one), len(other)))


def _inside(chance: random.Random) -> Iterator[Damaged]:
    """Files in order, with one packet in them that is not; under Ethernet."""
    four = next(packet.data for packet in kernel() if packet.data[0] >> 4 == 4 and len(packet.data) > 80)
    six = next(packet.data for packet in kernel() if packet.data[0] >> 4 == 6 and len(packet.data) > 80)
    first, second, *_ = fragments(four, 24)
    first6, second6, *_ = fragments(six, 24)
    frame = LINKS["Ethernet"][1]
    bad: dict[str, list[bytes]] = {
        "nested VLANs": [bytes(12) + b"\x81\0\0\5" * 5000 + b"\x08\0" + four],
        "VLANs without end": [bytes(12) + b"\x81\0\0\5" * count for count in range(4)],
        "frames of 0 to 60 bytes": [frame(four)[:length] for length in range(60)],
        "IPv6 frames of 0 to 80 bytes": [frame(six)[:length] for length in range(80)],
        **{f"IHL {ihl}": [frame(bytes([0x40 + ihl]) + four[1:])] for ihl in (0, 1, 4, 15)},
        **{f"IPv4 length {length}": [frame(_with(four, 2, ">H", length))] for length in (0, 1, 19, 20, 21, 39, 65_535)},
        **{f"IPv6 length {length}": [frame(_with(six, 4, ">H", length))] for length in (0, 1, 19, 20, 65_535)},
        "IP versions": [frame(bytes([version << 4 | 5]) + four[1:]) for version in range(16)],
        "protocols": [frame(_with(six, 6, "B", protocol)) for protocol in range(256)],
        **{f"data offset {offset}": [frame(_with(four, 32, "B", offset << 4))] for offset in (0, 1, 4, 15)},
        **{
            f"option {kind} of length {length}": [frame(_with(four, 40, "BBBB", kind, length, kind, length))]
            for kind in (2, 3, 4, 5, 8, 99)
            for length in (0, 1, 2, 3, 10, 11, 34, 255)
        },
        "extension headers without end": [frame(six[:6] + b"\0" + six[7:40] + bytes(8) * 3000)],
        "an extension header past the end": [frame(six[:6] + b"\x3c" + six[7:40] + b"\x06\xff" + bytes(6) + six[40:])],
        "an extension header cut off": [frame(six[:6] + b"\x3c" + six[7:40] + b"\x06\0\0")],
        "teardrop": [frame(first), frame(_with(second, 6, ">H", 1))],
        "overlapping IPv6 fragments": [frame(first6), frame(_with(second6, 42, ">H", 8))],
        "a fragment past 65,535 bytes": [frame(first), frame(_with(second, 6, ">H", 0x1FFF))],
        "tiny fragments": [frame(fragment) for fragment in fragments(four, 8)],
        "fragments of nothing": [frame(_with(first[:20], 2, ">H", 20)), frame(_with(second[:20], 2, ">H", 20))],
        "a fragment twice": [frame(first), frame(first), frame(second), frame(second)],
        "an IPv6 fragment in a fragment": [frame(first6[:40] + b"\x2c\0\0\1\0\0\0\7" + first6[40:])],
    }
    packets = framed(PACKETS, "Ethernet")
    good = pcap(packets, ETHERNET)
    for name, frames in bad.items():
        place = chance.randrange(len(packets))
        odd = [Packet(packets[place].time_ns, data) for data in frames]
        yield Damaged(name, pcap([*packets[:place], *odd, *packets[place:]], ETHERNET), good, place, False)
