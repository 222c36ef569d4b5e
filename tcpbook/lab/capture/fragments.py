"""Fragments of IP packets, put together again (RFC 791 §3.2, RFC 8200 §4.5)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tcpbook.lab.capture.layers import Skipped
from tcpbook.lab.capture.packets import Mask, Numbers, Octets, Packets

LATER = "fragment, put together in a later frame"
NEVER = "fragment of a packet that the capture does not hold whole"
WAITING = 16 << 20  # bytes of memory for fragments; the oldest are given up first
OVERHEAD = 800  # bytes of memory for one, besides its own


class Inside(NamedTuple):
    """What IP packets hold: `packets` begin behind the headers read so far, `protocol` tells what follows.

    `addresses` are the source and the destination, rows of 8 bytes for IPv4 and of 32 for IPv6; `fits` says whether
    the frame had room for all that the IP header claims.
    """

    packets: Packets
    addresses: Octets
    protocol: Numbers
    fits: Mask

    def where(self, mask: Mask) -> Inside:
        """Those for which the mask is true."""
        if mask.all():
            return self
        return Inside(self.packets.where(mask), self.addresses[mask], self.protocol[mask], self.fits[mask])


_NONE = np.zeros(0, np.int64)
NOTHING = Inside(Packets(np.zeros(0, np.uint8), *[_NONE] * 6), np.zeros((0, 8), np.uint8), _NONE, _NONE > 0)


class Place(NamedTuple):
    """Where fragments belong: the bytes before each, whether more follow, and the packet's identification."""

    offset: Numbers
    more: Mask
    identification: Numbers

    def where(self, mask: Mask) -> Place:
        """Those for which the mask is true."""
        return Place(self.offset[mask], self.more[mask], self.identification[mask])


@dataclass
class _Pieces:
    """What was seen of one IP packet."""

    parts: dict[int, bytes] = field(default_factory=dict)
    protocol: int = -1  # the first fragment's
    octets: int | None = None  # of the whole, once the last fragment is there
    frames: int = 0

    def whole(self) -> bytes | None:
        """All bytes if none is missing; where fragments overlap, the one that begins earlier counts."""
        if self.octets is None:
            return None
        found = bytearray()
        for offset, part in sorted(self.parts.items()):
            if offset > len(found):
                return None
            found += part[len(found) - offset :]
        return bytes(found[: self.octets]) if len(found) >= self.octets else None


class Fragments:
    """The fragments that wait for others, from one block of packets to the next."""

    def __init__(self, skipped: Skipped) -> None:
        self._skipped = skipped
        self._waiting: OrderedDict[bytes, _Pieces] = OrderedDict()
        self._octets = 0

    def join(self, found: Inside, place: Place) -> Inside | None:
        """Take fragments in; return the packets that they complete, each in the frame that completes it."""
        packets = found.packets
        rows: list[int] = []
        wholes: list[tuple[int, bytes]] = []
        for row in range(len(packets)):
            key = found.addresses[row].tobytes() + int(place.identification[row]).to_bytes(4, "big")
            if len(key) == 12:  # IPv4 tells packets of different protocols apart (RFC 791 §2.3)
                key += bytes([found.protocol[row]])
            pieces = self._waiting.setdefault(key, _Pieces())
            part = packets.buffer[packets.at[row] : packets.stop[row]].tobytes()
            offset = int(place.offset[row])
            if offset not in pieces.parts:
                pieces.parts[offset] = part
                self._octets += len(part) + OVERHEAD
            if offset == 0:
                pieces.protocol = int(found.protocol[row])
            if not place.more[row]:
                pieces.octets = offset + len(part)
            pieces.frames += 1
            if (whole := pieces.whole()) is not None:
                rows.append(row)
                wholes.append((pieces.protocol, whole))
                self._forget(key, LATER, pieces.frames - 1)
        while self._octets > WAITING:
            oldest = next(iter(self._waiting))
            self._forget(oldest, NEVER, self._waiting[oldest].frames)
        return _inside(found, rows, wholes) if rows else None

    def _forget(self, key: bytes, reason: str, frames: int) -> None:
        pieces = self._waiting.pop(key)
        self._octets -= sum(len(part) + OVERHEAD for part in pieces.parts.values())
        self._skipped[reason] += frames

    def close(self) -> None:
        """Count the fragments that waited in vain."""
        for key, pieces in list(self._waiting.items()):
            self._forget(key, NEVER, pieces.frames)


def _inside(found: Inside, rows: list[int], wholes: list[tuple[int, bytes]]) -> Inside:
    """Packets put together, in a buffer of their own."""
    buffer = np.frombuffer(b"".join(whole for _, whole in wholes), np.uint8)
    lengths = np.array([len(whole) for _, whole in wholes])
    end = np.cumsum(lengths)
    old = found.packets
    packets = Packets(buffer, old.frame[rows], old.time_ns[rows], old.link[rows], end - lengths, end, end)
    return Inside(packets, found.addresses[rows], np.array([protocol for protocol, _ in wholes]), lengths >= 0)
