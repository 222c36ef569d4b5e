"""Captures written for tests: the same IP packets under every link layer, in every file format that tcpbook reads."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.segment import internet_checksum

KERNEL = Path(__file__).parent / "data/kernel.pcap"
STORIES = ("four-segment close", "half-close with data", "FIN with data behind a gap", "abort", "refused")


class Packet(NamedTuple):
    """One packet of a capture; `length` is what it had on the wire, if more than was captured."""

    time_ns: int
    data: bytes
    length: int | None = None

    @property
    def wire_bytes(self) -> int:
        """How long the packet was on the wire."""
        return len(self.data) if self.length is None else self.length


def kernel() -> list[Packet]:
    """The IP packets of a Linux kernel talking with itself, IPv4 and IPv6."""
    return [packet._replace(data=packet.data[14:]) for packet in records(KERNEL.read_bytes())]


def simulated() -> list[Packet]:
    """The IP packets of a few stories of the simulator, one after the other, each in a network of its own."""
    packets = []
    for number, name in enumerate(STORIES):
        for packet in records(SCENARIOS[name].run().capture()):
            data = bytearray(packet.data)
            data[13] = data[17] = number  # 10.number.0.1 and 10.number.0.2
            packets.append(Packet(packet.time_ns + (18 * 10**5 + number) * 10**12, mended(bytes(data))))
    return packets


def records(pcap: bytes) -> Iterator[Packet]:
    """The packets of a little-endian pcap file with microseconds."""
    at = 24
    while at < len(pcap):
        seconds, micros, captured, length = struct.unpack_from("<4I", pcap, at)
        yield Packet(seconds * 10**9 + micros * 1000, pcap[at + 16 : at + 16 + captured], length)
        at += 16 + captured


# Link layers: a packet of IP in, a frame out.


def _ethertype(packet: bytes) -> bytes:
    return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"


def _ppp(packet: bytes) -> bytes:
    return (b"\0\x57" if packet[0] >> 4 == 6 else b"\0\x21") + packet


def _family(order: str, six: int) -> Callable[[bytes], bytes]:
    return lambda packet: struct.pack(order + "I", six if packet[0] >> 4 == 6 else 2) + packet


def _pppoe(packet: bytes) -> bytes:
    return b"\x11\0" + struct.pack(">HH", 7, len(packet) + 2) + _ppp(packet)


def _ethernet(*tags: bytes) -> Callable[[bytes], bytes]:
    front = bytes(range(12)) + b"".join(tag + b"\0\x05" for tag in tags)
    return lambda packet: front + _ethertype(packet) + packet


ETHERNET = 1
LINKS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "Ethernet": (ETHERNET, _ethernet()),
    "Ethernet, padded": (ETHERNET, lambda packet: _ethernet()(packet).ljust(60, b"\xaa")),
    "Ethernet, with a frame check": (ETHERNET, lambda packet: _ethernet()(packet) + b"\xde\xad\xbe\xef"),
    "VLAN": (ETHERNET, _ethernet(b"\x81\0")),
    "QinQ": (ETHERNET, _ethernet(b"\x88\xa8", b"\x81\0")),
    "QinQ, old": (ETHERNET, _ethernet(b"\x91\0", b"\x81\0")),
    "three tags": (ETHERNET, _ethernet(b"\x88\xa8", b"\x81\0", b"\x81\0")),
    "PPPoE": (ETHERNET, lambda packet: bytes(range(12)) + b"\x88\x64" + _pppoe(packet)),
    "PPPoE in a VLAN": (ETHERNET, lambda packet: bytes(range(12)) + b"\x81\0\0\x05\x88\x64" + _pppoe(packet)),
    "Linux cooked": (113, lambda packet: struct.pack(">HHH8x", 0, 1, 6) + _ethertype(packet) + packet),
    "Linux cooked 2": (276, lambda packet: _ethertype(packet) + struct.pack(">HIHBB8x", 0, 3, 1, 0, 6) + packet),
    "raw IP": (101, bytes),
    "raw IP, 12": (12, bytes),
    "raw IP, 14": (14, bytes),
    "IPv4": (228, bytes),
    "IPv6": (229, bytes),
    "null, little-endian": (0, _family("<", 24)),
    "null, big-endian": (0, _family(">", 28)),
    "null, of macOS": (0, _family("<", 30)),
    "loop": (108, _family(">", 30)),
    "PPP": (9, _ppp),
    "PPP with addresses": (9, lambda packet: b"\xff\3" + _ppp(packet)),
    "PPP, protocol in one byte": (9, lambda packet: _ppp(packet)[1:]),
    "PPP in HDLC": (50, lambda packet: b"\xff\3" + _ppp(packet)),
    "PPPoE alone": (51, _pppoe),
}
"""Each link layer: its LINKTYPE number, and the frame around an IP packet. "IPv4" and "IPv6" hold only their own."""


def framed(packets: Iterable[Packet], link: str) -> list[Packet]:
    """The packets as frames of a link layer."""
    version = {"IPv4": 4, "IPv6": 6}.get(link)
    frame = LINKS[link][1]
    return [
        packet._replace(data=frame(packet.data), length=None)
        for packet in packets
        if version in {None, packet.data[0] >> 4}
    ]


# IP: options, extension headers, fragments.


def mended(packet: bytes) -> bytes:
    """An IPv4 packet with TCP, with both checksums right again."""
    packet = _mend_ip(packet)
    at = (packet[0] & 15) * 4
    segment = packet[at : at + 16] + b"\0\0" + packet[at + 18 :]
    pseudo = packet[12:20] + struct.pack(">HH", 6, len(segment))
    return packet[:at] + segment[:16] + struct.pack(">H", internet_checksum(pseudo + segment)) + segment[18:]


def _mend_ip(packet: bytes) -> bytes:
    end = (packet[0] & 15) * 4
    header = packet[:2] + struct.pack(">H", len(packet)) + packet[4:10] + b"\0\0" + packet[12:end]
    return header[:10] + struct.pack(">H", internet_checksum(header)) + header[12:] + packet[end:]


def with_options(packet: bytes, options: bytes = bytes([1, 7, 7, 4, 0, 0, 0, 0])) -> bytes:
    """An IPv4 packet with options (no operation, record route); one of IPv6 with all its extension headers."""
    if packet[0] >> 4 == 4:
        return _mend_ip(bytes([packet[0] + len(options) // 4]) + packet[1:20] + options + packet[20:])
    hop, route, last, sealed = (
        bytes([43, 0, 1, 4, 0, 0, 0, 0]),
        bytes([60, 0, 253, 0, 0, 0, 0, 0]),  # a routing header of an experiment, with nowhere left to go
        bytes([51, 1, 1, 12]) + bytes(12),
        bytes([packet[6], 4, 0, 0]) + bytes(20),
    )
    extensions = hop + route + last + sealed
    return (
        packet[:4] + struct.pack(">H", len(packet) - 40 + len(extensions)) + b"\0" + packet[7:40] + extensions
        + packet[40:]
    )  # fmt: skip


_IDENTIFICATIONS = count(1)


def fragments(packet: bytes, size: int = 24) -> list[bytes]:
    """The packet in fragments with `size` bytes each, a multiple of eight; IPv4 with the identification given."""
    six = packet[0] >> 4 == 6
    header = packet[:40] if six else packet[: (packet[0] & 15) * 4]
    body = packet[len(header) :]
    number = next(_IDENTIFICATIONS)
    parts = []
    for at in range(0, len(body), size):
        part, more = body[at : at + size], at + size < len(body)
        if six:
            extension = struct.pack(">BBHI", packet[6], 0, at | more, number)
            front = header[:4] + struct.pack(">H", len(part) + 8) + b"\x2c" + header[7:]
            parts.append(front + extension + part)
        else:
            where = struct.pack(">HH", number & 0xFFFF, (more << 13) | at // 8)
            parts.append(_mend_ip(header[:4] + where + header[8:] + part))
    return parts


def fragmented(packets: Iterable[Packet], order: Sequence[int] = ()) -> list[Packet]:
    """Each packet in fragments: in order, or in any `order`, such as (1, 0) to exchange the first two."""
    result = []
    for packet in packets:
        parts = fragments(packet.data)
        places = [place for place in order if place < len(parts)]
        places += [place for place in range(len(parts)) if place not in places]
        result += [Packet(packet.time_ns, parts[place]) for place in places]
    return result


# File formats.

MICROSECONDS, NANOSECONDS, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34


def pcap(packets: Iterable[Packet], link: int, order: str = "<", magic: int = MICROSECONDS) -> bytes:
    """A pcap file in byte order `order`. MODIFIED is Kuznetzov's, with eight bytes more before each packet."""
    unit = 1 if magic == NANOSECONDS else 1000
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link)]
    for packet in packets:
        seconds, rest = divmod(packet.time_ns, 10**9)
        lengths = len(packet.data), packet.wire_bytes
        parts.append(struct.pack(order + "IIII", seconds, rest // unit, *lengths))
        if magic == MODIFIED:
            parts.append(struct.pack(order + "IHBx", 3, 0x800, 4))
        parts.append(packet.data)
    return b"".join(parts)


class Section:
    """A section of a pcapng file under construction, in byte order `order`."""

    def __init__(self, order: str = "<") -> None:
        self.order = order
        self.blocks = [self._block(0x0A0D0D0A, self.packed("IHHq", 0x1A2B3C4D, 1, 0, -1))]
        self.units: list[tuple[int, int]] = []

    def packed(self, form: str, *values: int) -> bytes:
        """The values in the section's byte order."""
        return struct.pack(self.order + form, *values)

    def _block(self, kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        length = self.packed("I", len(body) + 12)
        return self.packed("I", kind) + length + body + length

    def _options(self, options: dict[int, bytes]) -> bytes:
        if not options:
            return b""
        parts = [
            self.packed("HH", kind, len(value)) + value + bytes(-len(value) % 4) for kind, value in options.items()
        ]
        return b"".join(parts) + bytes(4)

    def add(self, kind: int, body: bytes = b"") -> None:
        """Add a block of any kind."""
        self.blocks.append(self._block(kind, body))

    def interface(self, link: int, resolution: int | None = None, offset_s: int = 0, snap: int = 0) -> int:
        """Add an interface; return its number. `resolution` is the byte of if_tsresol."""
        options = {2: b"<b>eth0</b>"}
        if resolution is not None:
            options[9] = bytes([resolution])
        if offset_s:
            options[14] = self.packed("q", offset_s)
        self.add(1, self.packed("HHI", link, 0, snap) + self._options(options))
        exponent = 6 if resolution is None else resolution & 0x7F
        self.units.append(((2 if resolution is not None and resolution & 0x80 else 10) ** exponent, offset_s))
        return len(self.units) - 1

    def _stamp(self, interface: int, time_ns: int) -> tuple[int, int]:
        per_second, offset_s = self.units[interface]
        return divmod((time_ns - offset_s * 10**9) * per_second // 10**9, 2**32)

    def enhanced(self, packet: Packet, interface: int = 0, options: dict[int, bytes] | None = None) -> None:
        """Add an enhanced packet block."""
        head = (interface, *self._stamp(interface, packet.time_ns), len(packet.data), packet.wire_bytes)
        padded = packet.data + bytes(-len(packet.data) % 4)
        self.add(6, self.packed("5I", *head) + padded + self._options(options or {}))

    def obsolete(self, packet: Packet, interface: int = 0) -> None:
        """Add a packet block as it was before the enhanced one."""
        head = (interface, 65_535, *self._stamp(interface, packet.time_ns), len(packet.data), packet.wire_bytes)
        self.add(2, self.packed("HH4I", *head) + packet.data)

    def simple(self, packet: Packet) -> None:
        """Add a simple packet block: of the first interface, without a time."""
        self.add(3, self.packed("I", packet.wire_bytes) + packet.data)

    def __bytes__(self) -> bytes:
        return b"".join(self.blocks)


def pcapng(packets: Sequence[Packet]) -> bytes:
    """A pcapng file of IP packets with all that the format has: sections, interfaces, units of time, kinds of blocks.

    The packets come from all link layers in turn.
    """
    places = sorted(LINKS, key=lambda name: name in {"IPv4", "IPv6"})[:-2]
    half = len(packets) // 2
    sections = []
    for order, part in (("<", packets[:half]), (">", packets[half:])):
        section = Section(order)
        section.add(4, bytes(4))  # names: none
        resolutions = [None, 6, 9, 3, 0x80 | 20, 0x80 | 30, 0, 10]
        for number, name in enumerate(places):
            section.interface(LINKS[name][0], resolutions[number % 8], offset_s=number % 3 * 1000)
        for number, packet in enumerate(part):
            place = number % len(places)
            frame = framed([packet], places[place])[0]
            if number % 4 == 1:
                section.obsolete(frame, place)
            else:
                section.enhanced(frame, place, {1: b"<script>alert(1)</script>"} if number % 4 == 2 else None)
            section.add(0x8000_0001, b"a block of somebody's own")
        section.add(5, section.packed("III", 0, 0, 0))  # statistics
        sections.append(bytes(section))
    return b"".join(sections)
