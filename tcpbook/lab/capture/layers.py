"""From a frame to the TCP segment within it, for many packets at once; what is left out is counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from tcpbook.lab.capture.packets import Mask, Numbers, Octets, Packets

IPV4, IPV6, PPPOE = 0x0800, 0x86DD, 0x8864
VLAN = (0x8100, 0x88A8, 0x9100)  # IEEE 802.1Q, 802.1ad, and what came before the latter
PPP_KINDS = {0x0021: IPV4, 0x0057: IPV6}
HDLC = 0xFF03  # the address and control bytes before PPP, which may be left out (RFC 1661 §6.6)
ADDRESS_FAMILIES = (2, 10, 24, 28, 30)  # IPv4, and IPv6 on Linux, NetBSD, FreeBSD and macOS
KINDS = {0x0806: "ARP", 0x8863: "PPPoE discovery", 0x8847: "MPLS", 0x88CC: "LLDP"}
CUT = "cut off before the TCP header ends"

NO_PACKET = -1  # instead of a link type: what Wireshark counts as a frame, but no network carried

Skipped = Counter[str]
"""How many packets were left out, by reason."""


def keep(packets: Packets, mask: Mask, reason: str, skipped: Skipped) -> Packets:
    """Return the packets for which the mask is true, and count the others."""
    if lost := len(mask) - int(np.count_nonzero(mask)):
        skipped[reason] += lost
    return packets.where(mask)


def keep_kinds(packets: Packets, kind: Numbers, mask: Mask, names: Callable[[int], str], skipped: Skipped) -> Packets:
    """Return the packets for which the mask is true, and count the others by the names of their kinds."""
    if not mask.all():
        for number, count in zip(*np.unique(kind[~mask], return_counts=True), strict=True):
            skipped[names(int(number))] += int(count)
    return packets.where(mask)


def ip_packets(packets: Packets, skipped: Skipped) -> Iterator[Packets]:
    """Give the packets again, those of one link type after the other, each beginning at its IP header."""
    while len(packets):
        link = int(packets.link[0])
        same = packets.link == link
        if link in LINKS:
            yield LINKS[link](packets.where(same), skipped)
        else:
            reason = "record that is no packet" if link == NO_PACKET else f"link type {link}"
            skipped[reason] += int(np.count_nonzero(same))
        packets = packets.where(~same)


def _raw(packets: Packets, skipped: Skipped) -> Packets:
    return packets


def _tagged(offset: int, head: int) -> Callable[[Packets, Skipped], Packets]:
    """How a link is read whose header of `head` bytes has an EtherType at `offset`."""

    def read(packets: Packets, skipped: Skipped) -> Packets:
        packets = keep(packets, packets.has(head), CUT, skipped)
        kind = u16(packets.octets(head), offset)
        return _by_ether_type(packets.inside(head), kind, skipped)

    return read


def u16(rows: Octets, offset: int) -> Numbers:
    """Return the 16-bit number at a place of each row."""
    high, low = rows[:, offset].astype(np.int64), rows[:, offset + 1]
    return high << 8 | low


def _by_ether_type(packets: Packets, kind: Numbers, skipped: Skipped) -> Packets:
    while (tagged := np.isin(kind, VLAN) & packets.has(4)).any():
        kind = np.where(tagged, u16(packets.octets(4), 2), kind)
        packets = packets.inside(np.where(tagged, 4, 0))
    if (sessions := (kind == PPPOE) & packets.has(8)).any():
        protocol = u16(packets.octets(8), 6)
        kind = np.where(sessions, _translate(protocol, PPP_KINDS), kind)
        packets = packets.inside(np.where(sessions, 8, 0))
    return keep_kinds(packets, kind, (kind == IPV4) | (kind == IPV6), _ether_name, skipped)


def _translate(kind: Numbers, table: dict[int, int]) -> Numbers:
    """What the table has for each number; a negative one where it has nothing."""
    found = -1 - kind
    for key, value in table.items():
        found[kind == key] = value
    return found


def _ether_name(kind: int) -> str:
    if kind < 0:
        return f"PPP protocol {-1 - kind:#06x}"
    return KINDS.get(kind, f"EtherType {kind:#06x}" if kind >= 0x600 else "IEEE 802.3 frames")


def _loopback(packets: Packets, skipped: Skipped) -> Packets:
    """Four bytes are an address family, in the order of the host that captured (null) or of the network (loop)."""
    packets = keep(packets, packets.has(4), CUT, skipped)
    family, backwards = (packets.words(1, order)[:, 0].astype(np.int64) for order in (">u4", "<u4"))
    family = np.minimum(family, backwards)
    mask = np.isin(family, ADDRESS_FAMILIES)
    return keep_kinds(packets.inside(4), family, mask, "address family {}".format, skipped)


def _ppp(packets: Packets, skipped: Skipped) -> Packets:
    packets = keep(packets, packets.has(4), CUT, skipped)
    rows = packets.octets(4)
    framed = u16(rows, 0) == HDLC
    protocol = np.where(framed, u16(rows, 2), u16(rows, 0))
    short = protocol >> 8 & 1  # an odd first byte is all of the number (RFC 1661 §6.5)
    protocol = np.where(short, protocol >> 8, protocol)
    packets = packets.inside(np.where(framed, 4, 2) - short)
    return keep_kinds(packets, protocol, np.isin(protocol, list(PPP_KINDS)), "PPP protocol {:#06x}".format, skipped)


def _pppoe(packets: Packets, skipped: Skipped) -> Packets:
    return _by_ether_type(packets, np.full(len(packets), PPPOE), skipped)


LINKS: dict[int, Callable[[Packets, Skipped], Packets]] = {
    0: _loopback,
    1: _tagged(12, 14),
    9: _ppp,
    12: _raw,
    14: _raw,
    50: _ppp,
    51: _pppoe,
    101: _raw,
    108: _loopback,
    113: _tagged(14, 16),
    228: _raw,
    229: _raw,
    276: _tagged(0, 20),
}
"""Link type → how its frames are read. 0: null, 1: Ethernet, 9 and 50: PPP, 12, 14 and 101: raw IP, 51: PPPoE,
108: loop, 113 and 276: Linux cooked v1 and v2, 228 and 229: IPv4 and IPv6."""
