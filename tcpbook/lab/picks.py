"""Which local ports the kernel picks: real connections on loopback, open together, gone when they have been read."""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import ExitStack
from typing import NamedTuple

from tcpbook.protocol.errors import TcpBookError

MOST = 64
LOOPBACK = "127.0.0.1"
ABORT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Picks(NamedTuple):
    """The server's port, and the local port of each connection to it, in the order of opening."""

    server_port: int
    ports: list[int]


def pick(count: int) -> Picks:
    """Open so many connections (1 to 64) on loopback, all at once, and read which local ports the kernel picked.

    Both ends abort (RFC 9293 §3.10.5): a close would leave one TIME-WAIT for each, and the next picks would have to go
    around those ports. Every descriptor is closed, also after an error or an interrupt. TcpBookError for another count
    and where the system refuses.
    """
    if not 1 <= count <= MOST:
        raise TcpBookError(f"{count!r} connections are out of range; open 1 to {MOST}")
    try:
        with ExitStack() as opened:
            server = opened.enter_context(socket.create_server((LOOPBACK, 0), backlog=count))
            server.settimeout(5)
            ports = []
            for _ in range(count):
                client = opened.enter_context(socket.create_connection(server.getsockname(), timeout=5))
                accepted = opened.enter_context(server.accept()[0])
                for end in (client, accepted):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
                ports.append(client.getsockname()[1])
            return Picks(server.getsockname()[1], ports)
    except OSError as error:
        raise TcpBookError(f"opening {count} connections on {LOOPBACK} failed: {error}; try fewer") from error
