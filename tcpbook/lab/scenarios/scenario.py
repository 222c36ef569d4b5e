"""One experiment as data: what is called when, what the network does, and the story that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tcpbook.lab.network import Host, Link, Network, pair
from tcpbook.lab.trace import Trace
from tcpbook.protocol.events import Call, Open
from tcpbook.protocol.segment import Segment

A, B = 0, 1
MS, S = 1_000, 1_000_000
CALL, LISTEN = Open(active=True, remote_port=80), Open(active=False)
CALL_BACK = Open(active=True, remote_port=49_152)


class Scenario(NamedTuple):
    """One experiment. `calls` are (microsecond, end, call), `strays` (microsecond, end, segment that arrives there).

    In a story a segment stands where it was sent, between the sender's state then and the receiver's on arrival; what
    never arrives ends in an X. `hosts` makes the ends anew for every run.
    """

    title: str
    section: str
    calls: tuple[tuple[int, int, Call | str], ...]
    story: str
    links: tuple[Link, ...] = (Link(), Link())
    strays: tuple[tuple[int, int, Segment], ...] = ()
    hosts: Callable[[], tuple[Host, ...]] = pair
    until_us: int | None = None

    def network(self) -> Network:
        """The hosts, links and all that is to happen; nothing has happened yet."""
        network = Network(self.hosts(), self.links)
        for at_us, end, call in self.calls:
            network.call(end, call, at_us)
        for at_us, end, segment in self.strays:
            network.inject(end, segment, at_us)
        return network

    def run(self) -> Trace:
        """Play it to its end."""
        return self.network().run(self.until_us)


OPENED = ((0, B, LISTEN), (0, A, CALL))
HANDSHAKE = """
                                       (passive OPEN)                   LISTEN
        SYN-SENT                 --> <SEQ=100><CTL=SYN> -->             SYN-RECEIVED
        ESTABLISHED       <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--       SYN-RECEIVED
        ESTABLISHED         --> <SEQ=101><ACK=301><CTL=ACK> -->         ESTABLISHED"""
