"""When one address runs out of ports toward one server port: a connection is four numbers, and three are given."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from tcpbook.ports.ranges import LAST_PORT, ephemeral
from tcpbook.protocol.errors import TcpBookError

LINUX_TIME_WAIT_S = 60


@dataclass(frozen=True)
class Exhaustion:
    """`ports` ports, each of them taken for `held_s` seconds by a connection: open, then in TIME-WAIT."""

    ports: int
    held_s: float

    @property
    def per_second(self) -> float:
        """How many connections a second can be opened forever; infinite where none holds its port for any time."""
        return self.ports / self.held_s if self.held_s else inf

    def in_use(self, rate_per_s: float, at_s: float) -> float:
        """Return how many ports are taken `at_s` seconds (0 up) after connections began to open at a steady rate.

        Counted as a flow; the count of whole connections is within one of it. TcpBookError for a negative
        rate or time.
        """
        _at_least(0, rate_per_s=rate_per_s, at_s=at_s)
        return min(self.ports, rate_per_s * min(at_s, self.held_s))

    def runs_out_after_s(self, rate_per_s: float) -> float:
        """Return after how many seconds at a steady rate (0 up) no port is left; infinite if that never happens."""
        _at_least(0, rate_per_s=rate_per_s)
        return self.ports / rate_per_s if rate_per_s > self.per_second else inf

    def __repr__(self) -> str:
        most = f"at most {self.per_second:.1f} connections a second" if self.held_s else "no limit"
        return f"{self.ports} ports, each taken for {self.held_s:g} s: {most}"


def exhaustion(ports: int | None = None, time_wait_s: float = LINUX_TIME_WAIT_S, open_s: float = 0) -> Exhaustion:
    """Return how fast one client address can open connections to one address and port of a server.

    A connection is defined by a pair of sockets (RFC 9293 §3.4.1). Both addresses and the server's port being given,
    the client's port alone tells connections apart, and it stays taken while the connection is open and while it is in
    TIME-WAIT at the client, which is so where the client closes first (RFC 9293 §3.6.1). Where the server does,
    TIME-WAIT is the server's, and the client may use the port again at once if the server's TCP accepts a new SYN in
    TIME-WAIT (RFC 9293 §3.6.1, MAY-2): `time_wait_s=0`.

    `ports` is the size of the ephemeral range, 1 to 65535; by default that of this machine's kernel. `time_wait_s` is
    the length of TIME-WAIT: 60 s in Linux, twice an MSL of 2 minutes in RFC 9293 §3.4.2, 240 s. `open_s` is how long a
    connection lasts before. Linux reuses a port in TIME-WAIT after one second, where both ends use timestamps, if
    net.ipv4.tcp_tw_reuse is 1, and toward loopback addresses if it is 2, the default: there, time_wait_s=1.
    Raises TcpBookError for numbers out of range.

    >>> exhaustion(ports=28_232)
    28232 ports, each taken for 60 s: at most 470.5 connections a second
    """
    size = len(ephemeral()) if ports is None else ports
    if not isinstance(size, int) or not 1 <= size <= LAST_PORT:
        raise TcpBookError(f"ports={ports!r} is out of range; port 0 is reserved, so give 1 to {LAST_PORT}")
    _at_least(0, time_wait_s=time_wait_s, open_s=open_s)
    return Exhaustion(size, time_wait_s + open_s)


def _at_least(least: float, **values: float) -> None:
    for name, value in values.items():
        if not least <= value < inf:
            raise TcpBookError(f"{name}={value!r} is out of range; give a number from {least} up")
