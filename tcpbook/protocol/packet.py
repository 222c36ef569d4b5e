"""Finding the TCP segment in captured bytes: bare, or inside IPv4 (RFC 791), IPv6 (RFC 8200) and Ethernet."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from tcpbook.protocol.errors import Problem, TcpBookError, report
from tcpbook.protocol.segment import HEADER_BYTES, PROTOCOL, Address, Segment, internet_checksum, packed

ETHERNET_BYTES, IPV4_BYTES, IPV6_BYTES = 14, 20, 40
VLAN_TAGS = (0x8100, 0x88A8, 0x9100)
IP_VERSIONS = {0x0800: 4, 0x86DD: 6}  # by Ethernet type

HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS = 0, 43, 44, 51, 60
EXTENSION_HEADERS = (HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS, 135, 139, 140)
PROTOCOLS = {1: "ICMP", 2: "IGMP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "ICMPv6", 59: "nothing", 132: "SCTP"}


class Packet(NamedTuple):
    """A TCP segment and what was found around it.

    `layers` names the headers, outermost first; the segment is bytes `start` up to `stop` of the input. The addresses
    are None around a bare segment.

    >>> Packet.decode(encode_packet(Segment(80, 4000, seq=1), "10.0.0.1", "10.0.0.2"))
    <Packet IPv4 10.0.0.1 to 10.0.0.2, TCP at bytes 20-40: <SEQ=1><CTL=none>>
    """

    segment: Segment
    layers: tuple[str, ...]
    start: int
    stop: int
    source: IPv4Address | IPv6Address | None = None
    destination: IPv4Address | IPv6Address | None = None

    def __repr__(self) -> str:
        around = " ".join([*self.layers, f"{self.source} to {self.destination}"] if self.source else self.layers)
        return f"<Packet {around or 'bare'}, TCP at bytes {self.start}-{self.stop}: {self.segment!r}>"

    @classmethod
    def decode(cls, data: bytes, verify: bool = False) -> Packet:
        """Return the segment in `data` and where it was found; TcpBookError if anything is malformed.

        What surrounds the segment is recognized by itself. `verify` asks for IPv4's and TCP's checksums.
        """
        return _decode(data, verify, None)

    @classmethod
    def examine(cls, data: bytes, verify: bool = False) -> tuple[Packet, list[Problem]]:
        """Decode leniently: return the packet and its problems, their bytes counted in `data`.

        TcpBookError only if there is no TCP segment to show: a fragment, or another protocol.
        """
        problems: list[Problem] = []
        return _decode(data, verify, problems), problems


class _Found(NamedTuple):
    """The headers before a segment, and how sure it is that they are headers: 0 no, 1 maybe, 2 yes."""

    sure: int
    layers: tuple[str, ...] = ()
    ip: int = 0  # where the IP header starts


def _decode(data: bytes, verify: bool, problems: list[Problem] | None) -> Packet:
    found = _recognize(data)
    if not found.layers:
        if problems is None:
            return Packet(Segment.decode(data), (), 0, len(data))
        segment, more = Segment.examine(data)
        problems += more
        return Packet(segment, (), 0, len(data))
    walk = _ipv4 if found.layers[-1] == "IPv4" else _ipv6
    inside = walk(data, found.ip, verify, problems)
    addresses = (inside.source, inside.destination) if verify and not inside.cut else (None, None)
    part = data[inside.start : inside.stop]
    if problems is None:
        segment = Segment.decode(part, *addresses)
    else:
        segment, more = Segment.examine(part, *addresses)
        problems += [p._replace(start=p.start + inside.start, stop=p.stop + inside.start) for p in more]
    source, destination = ip_address(inside.source), ip_address(inside.destination)
    return Packet(segment, found.layers, inside.start, inside.stop, source, destination)


def _recognize(data: bytes) -> _Found:
    """Tell what the bytes start with.

    A bare segment may look like anything, so headers are believed where two things speak for them (checksum, length,
    protocol), and where one does only if the bytes make no TCP segment.
    """
    guesses = [_Found(_sure_of_ip(data, 0, exact=True), (f"IPv{data[0] >> 4}",))] if data else []
    guesses.append(_recognize_ethernet(data))
    best = max(guesses, key=lambda found: found.sure)
    if best.sure == 2 or (best.sure == 1 and not _is_segment(data)):
        return best
    return _Found(0)


def _recognize_ethernet(data: bytes) -> _Found:
    layers, at = ["Ethernet"], ETHERNET_BYTES
    kind = int.from_bytes(data[at - 2 : at], "big")
    while kind in VLAN_TAGS and len(data) >= at + 4:
        layers.append(f"VLAN {int.from_bytes(data[at : at + 2], 'big') & 0xFFF}")
        at += 4
        kind = int.from_bytes(data[at - 2 : at], "big")
    version = IP_VERSIONS.get(kind)
    if version is None or len(data) <= at or data[at] >> 4 != version:
        return _Found(0)
    return _Found(max(1, _sure_of_ip(data, at, exact=False)), (*layers, f"IPv{version}"), at)


def _sure_of_ip(data: bytes, at: int, exact: bool) -> int:
    """How sure it is that an IP header starts at byte `at`; `exact` if nothing may follow the packet."""
    version, left = data[at] >> 4, len(data) - at
    if version == 4 and left >= IPV4_BYTES and data[at] & 15 >= 5:
        header = data[at : at + (data[at] & 15) * 4]
        total = int.from_bytes(header[2:4], "big")
        whole = len(header) == (data[at] & 15) * 4
        fits = total == left or (not exact and len(header) <= total <= left)
        return min(2, (whole and internet_checksum(header) == 0) + fits + (header[9] == PROTOCOL))
    if version == 6 and left >= IPV6_BYTES:
        total = IPV6_BYTES + int.from_bytes(data[at + 4 : at + 6], "big")
        known = data[at + 6] in (PROTOCOL, *PROTOCOLS, *EXTENSION_HEADERS)
        fits = total == left or (not exact and total <= left)
        return (2 if fits and total >= IPV6_BYTES + HEADER_BYTES else 1) if known else 0
    return 0


def _is_segment(data: bytes) -> bool:
    try:
        Segment.decode(data)
    except TcpBookError:
        return False
    return True


class _Inside(NamedTuple):
    """Where in the input the segment is, between which addresses; `cut` if bytes of it are missing."""

    start: int
    stop: int
    source: bytes
    destination: bytes
    cut: bool


def _ipv4(data: bytes, at: int, verify: bool, problems: list[Problem] | None) -> _Inside:
    left = len(data) - at
    header = data[at : at + (data[at] & 15) * 4]
    if left < IPV4_BYTES or not IPV4_BYTES <= len(header) == (data[at] & 15) * 4:
        raise TcpBookError(
            f"the IPv4 header is {(data[at] & 15) * 4} bytes long, of which {left} are there; "
            f"it takes at least {IPV4_BYTES}: get the missing bytes"
        )
    total, fragment, protocol = int.from_bytes(header[2:4]), int.from_bytes(header[6:8]), header[9]
    if fragment & 0x3FFF:  # more fragments follow, or this one is not the first
        raise _fragment("IPv4", (fragment & 0x1FFF) * 8)
    _require_tcp(protocol)
    if verify and internet_checksum(header):
        text = "the IPv4 header checksum is wrong; the header was damaged, or captured before it was filled in"
        report(problems, text, "IPv4 header checksum", at + 10, at + 12)
    cut = _check_length("IPv4 total length", total, len(header), left, at + 2, problems)
    stop = at + (left if cut else total)
    return _Inside(at + len(header), stop, header[12:16], header[16:20], cut)


def _ipv6(data: bytes, at: int, verify: bool, problems: list[Problem] | None) -> _Inside:
    left = len(data) - at
    if left < IPV6_BYTES:
        raise TcpBookError(f"the IPv6 header takes {IPV6_BYTES} bytes, {left} are there; get the missing bytes")
    total = IPV6_BYTES + int.from_bytes(data[at + 4 : at + 6], "big")
    cut = _check_length("IPv6 payload length", total - IPV6_BYTES, 1, left - IPV6_BYTES, at + 4, problems)
    stop = at + (left if cut else total)
    source, destination = data[at + 8 : at + 24], data[at + 24 : at + 40]
    kind, here = data[at + 6], at + IPV6_BYTES
    while kind in EXTENSION_HEADERS:
        if here + 8 > stop:
            raise TcpBookError(
                f"the IPv6 extension header at byte {here} is cut off at byte {stop}; get the missing bytes"
            )
        size = (data[here + 1] + 2) * 4 if kind == AUTHENTICATION else (data[here + 1] + 1) * 8
        if kind == FRAGMENT:
            size, field = 8, int.from_bytes(data[here + 2 : here + 4], "big")
            if field & 0xFFF9:
                raise _fragment("IPv6", field & 0xFFF8)
        if kind == ROUTING and data[here + 3]:
            destination = _final_destination(data[here : here + size])
        kind, here = data[here], here + size
    _require_tcp(kind)
    return _Inside(min(here, stop), stop, source, destination, cut)


def _final_destination(routing: bytes) -> bytes:
    """Where a packet under way is headed: the address that its TCP checksum covers (RFC 8200 §8.1)."""
    segment_routing = 4  # the one type whose list starts with the last address (RFC 8754 §2)
    address = routing[8:24] if routing[2] == segment_routing else routing[-16:]
    if len(address) < 16:
        raise TcpBookError(f"the IPv6 routing header has {len(routing)} bytes, an address takes 24; correct it")
    return address


def _check_length(name: str, length: int, least: int, there: int, at: int, problems: list[Problem] | None) -> bool:
    """Report a length field out of range; tell whether the packet ends where the bytes end instead."""
    if least <= length <= there:
        return False
    text = f"{name} is {length}, it must be {least} to {there}, as {there} bytes are there; get the missing bytes"
    report(problems, text, name, at, at + 2)
    return True


def _fragment(version: str, offset: int) -> TcpBookError:
    return TcpBookError(
        f"this is a fragment of an {version} packet, starting at its byte {offset}; "
        "a segment takes the whole packet: put the fragments together first"
    )


def _require_tcp(protocol: int) -> None:
    if protocol != PROTOCOL:
        name = f" ({PROTOCOLS[protocol]})" if protocol in PROTOCOLS else ""
        raise TcpBookError(f"the IP packet carries protocol {protocol}{name}, not {PROTOCOL}, TCP; give a TCP packet")


def encode_packet(segment: Segment, source: Address, destination: Address, hops: int = 64) -> bytes:
    """Return the segment in an IP packet from `source` to `destination`, all checksums right.

    The version follows from the addresses; IPv4 packets have identification 0 and don't-fragment set. `hops` is
    the TTL or hop limit, 0 to 255.
    """
    start, end = packed(source), packed(destination)
    data = segment.encode(start, end)
    room = 65535 - (IPV4_BYTES if len(start) == 4 else 0)
    if len(data) > room:
        raise TcpBookError(f"the segment has {len(data)} bytes, the IP packet has room for {room}; send less data")
    if not 0 <= hops <= 255:
        raise TcpBookError(f"hops {hops} are outside 0..255; take 64")
    if len(start) == 16:
        return struct.pack(">IHBB", 6 << 28, len(data), PROTOCOL, hops) + start + end + data
    dont_fragment = 0x4000
    header = struct.pack(">BBHHHBB", 0x45, 0, IPV4_BYTES + len(data), 0, dont_fragment, hops, PROTOCOL)
    checksum = internet_checksum(header + bytes(2) + start + end)
    return header + checksum.to_bytes(2, "big") + start + end + data
