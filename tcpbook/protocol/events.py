"""What can happen to a connection: calls, segments, timeouts, ICMP (RFC 9293 §3.10, §3.9.2.2).

An arriving segment is a `tcpbook.protocol.segment.Segment`; every other event is one of the classes here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Event(StrEnum):
    """The name under which the rules answer an event."""

    OPEN_PASSIVE = "passive OPEN"
    OPEN_ACTIVE = "active OPEN"
    SEND = "SEND"
    RECEIVE = "RECEIVE"
    CLOSE = "CLOSE"
    ABORT = "ABORT"
    STATUS = "STATUS"
    SEGMENT_ARRIVES = "SEGMENT ARRIVES"
    USER_TIMEOUT = "USER TIMEOUT"
    RETRANSMISSION_TIMEOUT = "RETRANSMISSION TIMEOUT"
    TIME_WAIT_TIMEOUT = "TIME-WAIT TIMEOUT"
    ICMP_SOFT = "ICMP soft error"
    ICMP_HARD = "ICMP hard error"
    ICMP_SOURCE_QUENCH = "ICMP Source Quench"


class Check(StrEnum):
    """One of the checks an arriving segment goes through (RFC 9293 §3.10.7)."""

    SEQUENCE = "sequence number"
    RST = "RST"
    SYN = "SYN"
    ACK = "ACK"
    URG = "URG"
    TEXT = "segment text"
    FIN = "FIN"
    OTHER = "other"


class Open(NamedTuple):
    """OPEN: `active` sends a SYN to `remote_port`, passive waits for one (RFC 9293 §3.10.1)."""

    active: bool
    remote_port: int | None = None

    @property
    def event(self) -> Event:
        """The name under which the rules answer it."""
        return Event.OPEN_ACTIVE if self.active else Event.OPEN_PASSIVE


class Send(NamedTuple):
    """SEND: hand `text` over for transmission (RFC 9293 §3.10.2)."""

    text: bytes
    urgent: bool = False

    @property
    def event(self) -> Event:
        """The name under which the rules answer it."""
        return Event.SEND


class Receive(NamedTuple):
    """RECEIVE: ask for up to `octets` bytes of received text (RFC 9293 §3.10.3)."""

    octets: int = 65_535

    @property
    def event(self) -> Event:
        """The name under which the rules answer it."""
        return Event.RECEIVE


class Signaled(NamedTuple):
    """An event without parameters, such as `CLOSE` or `TIME_WAIT_TIMEOUT`."""

    event: Event


CLOSE = Signaled(Event.CLOSE)
ABORT = Signaled(Event.ABORT)
STATUS = Signaled(Event.STATUS)
USER_TIMEOUT = Signaled(Event.USER_TIMEOUT)
RETRANSMISSION_TIMEOUT = Signaled(Event.RETRANSMISSION_TIMEOUT)
TIME_WAIT_TIMEOUT = Signaled(Event.TIME_WAIT_TIMEOUT)
ICMP_SOFT = Signaled(Event.ICMP_SOFT)
ICMP_HARD = Signaled(Event.ICMP_HARD)
ICMP_SOURCE_QUENCH = Signaled(Event.ICMP_SOURCE_QUENCH)

Call = Open | Send | Receive | Signaled
