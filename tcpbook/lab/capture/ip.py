"""From IP headers to TCP segments, for many packets at once (RFC 791 §3.1, RFC 8200 §3 and §4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tcpbook.lab.capture.fragments import NEVER, Fragments, Inside, Place
from tcpbook.lab.capture.layers import CUT, Skipped, keep, keep_kinds, u16
from tcpbook.lab.capture.packets import Mask, Numbers, Packets
from tcpbook.protocol.packet import AUTHENTICATION, EXTENSION_HEADERS, FRAGMENT, IPV4_BYTES, IPV6_BYTES, PROTOCOLS
from tcpbook.protocol.segment import PROTOCOL

IPV4_MORE, IPV4_OFFSET = 0x2000, 0x1FFF
IPV6_MORE, IPV6_OFFSET = 1, 0xFFF8
EXTENSION_BYTES = 8  # of the shortest


def segments(packets: Packets, fragments: Fragments, skipped: Skipped) -> Iterator[Inside]:
    """Give the TCP segments inside IP packets, one IP version after the other."""
    packets = keep(packets, packets.has(1), CUT, skipped)
    version = packets.octets(1)[:, 0] >> 4
    keep(packets, (version == 4) | (version == 6), "IP version neither 4 nor 6", skipped)
    for read, mask in (_ipv4, version == 4), (_ipv6, version == 6):
        if mask.any():
            for found in read(packets.where(mask), fragments, skipped):
                tcp = found.protocol == PROTOCOL
                keep_kinds(found.packets, found.protocol, tcp, _name, skipped)
                if tcp.any():
                    yield found.where(tcp)


def _name(protocol: int) -> str:
    return PROTOCOLS.get(protocol, f"IP protocol {protocol}")


def _ipv4(packets: Packets, fragments: Fragments, skipped: Skipped) -> Iterator[Inside]:
    packets = keep(packets, packets.has(IPV4_BYTES), CUT, skipped)
    rows = packets.octets(IPV4_BYTES)
    head, length = (rows[:, 0] & 15).astype(np.int64) * 4, u16(rows, 2)
    sound = (head >= IPV4_BYTES) & ((length >= head) | (length == 0))
    inside, fits = _inside(packets, head, length)
    packets, rows = keep(inside, sound, "IPv4 header that contradicts itself", skipped), rows[sound]
    bits = u16(rows, 6)
    place = Place((bits & IPV4_OFFSET) * 8, bits & IPV4_MORE > 0, u16(rows, 4))
    found = Inside(packets, rows[:, 12:20], rows[:, 9].astype(np.int64), fits[sound])
    yield from _joined(found, place, fragments, skipped)


def _inside(packets: Packets, head: Numbers | int, length: Numbers) -> tuple[Packets, Mask]:
    """What follows the head of IP packets of a length, and whether the frame had room for it.

    A length of 0 was left to the hardware to write, or is a jumbogram's: the packet is as long as its frame.
    What lies behind it fills a short frame up, or is its check sequence.
    """
    stop = np.where(length == 0, packets.stop, packets.at + length)
    fits = stop <= packets.stop
    stop = np.minimum(packets.stop, stop)
    return replace(packets, at=packets.at + head, stop=stop, end=np.minimum(packets.end, stop)), fits


def _ipv6(packets: Packets, fragments: Fragments, skipped: Skipped) -> Iterator[Inside]:
    packets = keep(packets, packets.has(IPV6_BYTES), CUT, skipped)
    rows = packets.octets(IPV6_BYTES)
    length = u16(rows, 4)
    inside, fits = _inside(packets, IPV6_BYTES, np.where(length == 0, 0, IPV6_BYTES + length))
    yield from _extended(Inside(inside, rows[:, 8:40], rows[:, 6].astype(np.int64), fits), fragments, skipped)


def _extended(found: Inside, fragments: Fragments, skipped: Skipped) -> Iterator[Inside]:
    """Go on to what is behind IPv6's extension headers."""
    while (extended := np.isin(found.protocol, EXTENSION_HEADERS)).any():
        yield found.where(~extended)
        found = found.where(extended)
        whole = found.packets.has(EXTENSION_BYTES)
        keep(found.packets, whole, CUT, skipped)
        found = found.where(whole)
        rows = found.packets.octets(EXTENSION_BYTES)
        kind, units = found.protocol, rows[:, 1].astype(np.int64)
        octets = np.where(kind == AUTHENTICATION, (units + 2) * 4, np.where(kind == FRAGMENT, 8, (units + 1) * 8))
        found = Inside(found.packets.inside(octets), found.addresses, rows[:, 0].astype(np.int64), found.fits)
        parts = kind == FRAGMENT
        if parts.any():
            bits, identification = u16(rows, 2), rows[:, 4:8].copy().view(">u4")[:, 0].astype(np.int64)
            place = Place(bits & IPV6_OFFSET, bits & IPV6_MORE > 0, identification)
            for joined in _joined(found.where(parts), place.where(parts), fragments, skipped):
                yield from _extended(joined, fragments, skipped)
            found = found.where(~parts)
    yield found


def _joined(found: Inside, place: Place, fragments: Fragments, skipped: Skipped) -> Iterator[Inside]:
    """Give what is no fragment, and what fragments make together.

    A first fragment of which the file has a part only is given as it is: its TCP header is there.
    """
    part = (place.offset > 0) | place.more
    if not part.any():
        yield found
        return
    packets = found.packets
    whole = (packets.stop <= packets.end) & (packets.at <= packets.stop) & found.fits
    lost = part & ~whole & (place.offset > 0)
    keep(packets, ~lost, NEVER, skipped)
    waits = part & whole
    yield found.where(~waits & ~lost)
    if waits.any() and (joined := fragments.join(found.where(waits), place.where(waits))):
        yield joined
