"""The transmission control block: what one end remembers of its connection (RFC 9293 §3.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tcpbook.protocol.seqnum import add, distance, in_window
from tcpbook.protocol.state import State


class InFlight(NamedTuple):
    """One segment on the retransmission queue."""

    seq: int
    text: bytes = b""
    syn: bool = False
    fin: bool = False

    @property
    def end(self) -> int:
        """The sequence number that acknowledges all of it."""
        return add(self.seq, self.syn + len(self.text) + self.fin)


class Held(NamedTuple):
    """Text that arrived ahead of its turn (SHLD-31), or before ESTABLISHED."""

    seq: int
    text: bytes


@dataclass
class TCB:
    """One end of a connection; `step` returns a new one and never changes the one it is given.

    Sequence variables are numbers modulo 2³², windows and buffers are bytes. The names are those of
    RFC 9293 §3.3.1 in lower case; what the RFC describes without naming is documented here.
    """

    state: State = State.CLOSED
    local_port: int = 49_152
    remote_port: int | None = None  # None: unspecified, as in a listener open to any peer
    passive: bool = False  # opened passively (MUST-11)
    listen_port: int | None = None  # the remote port that the passive OPEN named, if any

    # Switches and limits, chosen by whoever creates the TCB.
    challenge_acks: bool = True  # RFC 5961, as §3.10.7.4 takes it in
    half_duplex_close: bool = False  # §3.6.1 (MAY-1): a CLOSE also ends reading
    waits_for_push: bool = True  # §3.9.1.3: a RECEIVE waits until its buffer is full or text was pushed
    next_iss: int = 0  # the ISS the next connection will use (§3.4.1 tells a host how to choose it)
    rcv_buff: int = 65_535  # bytes of received text we can hold
    snd_buff: int = 65_535  # bytes of SENDs we can queue
    rcv_mss: int = 1_460  # announced in our SYN (§3.7.1)
    r1: int = 3  # retransmissions until the user is advised (SHLD-10)
    r2: int = 8  # retransmissions until we give up (SHLD-11)

    # Sending.
    iss: int = 0
    snd_una: int = 0
    snd_nxt: int = 0
    snd_wnd: int = 0
    snd_wl1: int = 0
    snd_wl2: int = 0
    snd_up: int | None = None  # the number behind the last urgent byte
    max_snd_wnd: int = 0  # the largest window the peer ever offered (RFC 5961 §5)
    snd_mss: int = 536
    unsent: bytes = b""  # SENDs not yet segmentized
    in_flight: tuple[InFlight, ...] = ()
    fin_pending: bool = False  # a FIN waits behind `unsent`
    fin_seq: int | None = None  # the number our FIN occupies, once sent
    close_queued: bool = False  # a CLOSE waits for ESTABLISHED or, in CLOSE-WAIT, for `unsent`
    retransmissions: int = 0

    # Receiving.
    irs: int = 0
    rcv_nxt: int = 0
    rcv_wnd: int = 0
    rcv_up: int | None = None
    unread: bytes = b""  # text received in order that no RECEIVE has taken yet
    held: tuple[Held, ...] = ()
    rcv_fin: int | None = None  # the number of a FIN that waits behind a gap, or for ESTABLISHED
    receives: tuple[int, ...] = ()  # RECEIVEs waiting, by the bytes they asked for
    push_seen: bool = False
    urgent_mode: bool = False  # the user knows of urgent text not yet read

    def copy(self) -> TCB:
        """An independent copy; every value in a TCB is immutable, so a shallow one will do."""
        twin = object.__new__(TCB)
        twin.__dict__ = self.__dict__.copy()
        return twin

    def deleted(self) -> TCB:
        """A closed one: only what its owner chose survives, for the next connection."""
        return TCB(
            local_port=self.local_port,
            challenge_acks=self.challenge_acks,
            half_duplex_close=self.half_duplex_close,
            waits_for_push=self.waits_for_push,
            next_iss=self.next_iss,
            rcv_buff=self.rcv_buff,
            snd_buff=self.snd_buff,
            rcv_mss=self.rcv_mss,
            r1=self.r1,
            r2=self.r2,
        )

    def accepts(self, seq: int, length: int) -> bool:
        """Whether a segment of `length` bytes at `seq` is acceptable (RFC 9293 §3.4, Table 5).

        >>> TCB(rcv_nxt=300, rcv_wnd=10).accepts(seq=309, length=5)
        True
        """
        offset = (seq - self.rcv_nxt) & 0xFFFF_FFFF
        if offset < self.rcv_wnd:
            return True
        if length == 0:
            return offset == 0 and self.rcv_wnd == 0
        return in_window(add(seq, length - 1), self.rcv_nxt, self.rcv_wnd)

    @property
    def consumed(self) -> int:
        """The number of the first byte that the user has not read."""
        return (self.rcv_nxt - len(self.unread)) & 0xFFFF_FFFF

    @property
    def usable_window(self) -> int:
        """Bytes that may be sent now; never negative (RFC 9293 §3.8.6.2.1, MUST-34)."""
        return max(0, self.snd_wnd - distance(self.snd_una, self.snd_nxt))

    @property
    def syn_acknowledged(self) -> bool:
        """Whether the peer has acknowledged our SYN, so that received text may reach the user (§3.5)."""
        return not (self.in_flight and self.in_flight[0].syn)

    def satisfies(self, octets: int) -> bool:
        """Whether the text on hand satisfies a RECEIVE of `octets`: all of them, or some that were pushed (§3.9.1.3).

        Some will do as well when the window is shut and stays so: no more can come before they are read.
        """
        if not self.unread:
            return False
        if not self.waits_for_push:
            return True
        return self.push_seen or len(self.unread) >= octets or (self.rcv_wnd == 0 and not self.window_can_move)

    @property
    def window_can_move(self) -> bool:
        """Whether enough of the buffer is free to move the right window edge (RFC 9293 §3.8.6.2.2)."""
        return self.rcv_buff - len(self.unread) - self.rcv_wnd >= min(self.rcv_buff / 2, self.snd_mss)

    def __repr__(self) -> str:
        if self.state is State.CLOSED:
            return "<TCB CLOSED>"
        return (
            f"<TCB {self.state} SND.UNA={self.snd_una} SND.NXT={self.snd_nxt} SND.WND={self.snd_wnd} "
            f"RCV.NXT={self.rcv_nxt} RCV.WND={self.rcv_wnd}>"
        )
