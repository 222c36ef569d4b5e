"""SYN cookies: a listener that keeps nothing of a caller until its third segment comes (RFC 4987 §3.6).

What SYN-RECEIVED would have to remember is folded into the ISS of the SYN,ACK, in Bernstein's layout: 5 bits of a
counter, 3 bits for the MSS, 24 bits of a keyed hash. The caller hands all of it back as SEG.ACK - 1.

The price: of the caller's MSS only the class survives, other options and what stood beside the SYN are lost, and a
SYN,ACK that nobody remembers is never sent again.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2s
from typing import NamedTuple

from tcpbook.protocol.effects import DEFAULT_SEND_MSS
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.options import MSS
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Sent

SIZES = (28, 216, 536, 1_024, 1_220, 1_360, 1_440, 1_460)  # of a caller's MSS the largest of these not above it is kept
TICK_US = 64_000_000  # of the counter; a cookie holds during its own tick and the next
_KIND = Flags.SYN | Flags.ACK | Flags.RST


class Cookies(NamedTuple):
    """What such a listener has instead of half-open connections: a secret `key` of 1 to 32 bytes."""

    key: bytes

    def answer(self, tcb: TCB, segment: Segment, addresses: tuple[str, str], now_us: int) -> Outcome:
        """Process a segment that arrives in LISTEN; `addresses` are the caller's and ours.

        A SYN is answered and forgotten. An ACK with a good cookie is the third segment: SYN and ACK go through the
        rules now, one after the other, from LISTEN to ESTABLISHED. All else is answered as by any listener.
        """
        kind = segment.flags & _KIND
        count = now_us // TICK_US
        if kind == Flags.SYN:
            syn = segment._replace(flags=Flags.SYN, data=b"")
            iss = self.cookie(syn, addresses, count, _size(syn))
            sent = [effect for effect in step(replace(tcb, next_iss=iss), syn).effects if isinstance(effect, Sent)]
            return Outcome(tcb, tuple(sent), (), ((tcb.state, tcb.state),))
        if kind == Flags.ACK:
            iss = add(segment.ack, -1)
            size = iss >> 24 & 7
            options = (MSS(SIZES[size]),)
            syn = segment._replace(seq=add(segment.seq, -1), flags=Flags.SYN, data=b"", options=options)
            if iss in (self.cookie(syn, addresses, then, size) for then in (count, count - 1)):
                half_open = step(replace(tcb, next_iss=iss), syn)
                opened = step(replace(half_open.tcb, next_iss=tcb.next_iss), segment)
                return opened._replace(rules=half_open.rules + opened.rules, changes=half_open.changes + opened.changes)
        return step(tcb, segment)

    def cookie(self, syn: Segment, addresses: tuple[str, str], count: int, size: int) -> int:
        """The ISS that answers a SYN: `count` is the counter, `size` a place in SIZES, 0 to 7."""
        caller, ours = addresses
        words = f"{caller} {syn.source_port} {ours} {syn.destination_port} {syn.seq} {count} {size}"
        proof = blake2s(words.encode(), key=self.key, digest_size=3).digest()
        return count % 32 << 27 | size << 24 | int.from_bytes(proof, "big")


def _size(syn: Segment) -> int:
    announced = [int(option.value) for option in syn.options if option.kind == MSS.kind] or [DEFAULT_SEND_MSS]
    return max((place for place, mss in enumerate(SIZES) if mss <= announced[0]), default=0)
