"""Record five socket tables, each as one machine sees it: tcpbook/lab/sockets/leak.txt and its neighbors.

As root: unshare --net python tools/record_tables.py leak > tcpbook/lab/sockets/leak.txt
and so on for flood, exhaustion, healthy and half-closed.

The machine is 192.0.2.1. All others are 198.51.100.1 to .254, in a network namespace of their own behind a veth;
203.0.113.0/24 leads to nobody. The sockets are the kernel's own. Only the SYNs of those who never finish a handshake
are written by hand.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import platform
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tcpbook.protocol.flags import Flags
from tcpbook.protocol.packet import encode_packet
from tcpbook.protocol.segment import Segment

US, THEM, NOWHERE = "192.0.2.1", "198.51.100", "203.0.113"
DATABASE = f"{THEM}.7", 5432
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
NARROW = 40_000, 40_255
INSIDE = f"""
ip link set lo up
ip link add us type veth peer name them
ip link set them netns {{away}}
ip link set us up
ip address add {US}/32 dev us
ip route add {THEM}.0/24 dev us
ip link add nowhere type veth peer name void
ip link set void up
ip link set nowhere up arp off
ip route add {NOWHERE}.0/24 dev nowhere
"""
OUTSIDE = f"""
ip link set lo up
ip link set them up
ip route add {US}/32 dev them
ip route add local {THEM}.0/24 dev lo
"""
CLONE_NEWNET = 0x4000_0000

libc = ctypes.CDLL(None, use_errno=True)
hosts = itertools.cycle(range(10, 250))
namespaces: dict[str, int] = {}
kept: list[socket.socket] = []
"""Sockets that stay open until the table is printed."""


def run(commands: str) -> None:
    """Run one command a line."""
    for line in commands.strip().splitlines():
        subprocess.run(line.split(), check=True)


def enter(namespace: int) -> None:
    """Move this thread to a network namespace; sockets stay in the one they were made in."""
    if libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def elsewhere() -> Iterator[None]:
    """Be among the others inside this block."""
    enter(namespaces["away"])
    try:
        yield
    finally:
        enter(namespaces["home"])


def connect_the_others() -> None:
    """Make their namespace and the cable to it."""
    here = "/proc/thread-self/ns/net"
    namespaces["home"] = os.open(here, os.O_RDONLY)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    namespaces["away"] = os.open(here, os.O_RDONLY)
    enter(namespaces["home"])
    run(INSIDE.format(away=f"/proc/{os.getpid()}/fd/{namespaces['away']}"))
    with elsewhere():
        run(OUTSIDE)


def serve(port: int, backlog: int) -> socket.socket:
    """Listen here."""
    kept.append(socket.create_server((US, port), backlog=backlog))
    return kept[-1]


def call(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Let one of the others call here; return its socket and ours."""
    with elsewhere():
        client = socket.create_connection(listener.getsockname(), source_address=(f"{THEM}.{next(hosts)}", 0))
    return client, listener.accept()[0]


def talk(listener: socket.socket, count: int) -> None:
    """Connections that stay open."""
    for _ in range(count):
        kept.extend(call(listener))


def finish(listener: socket.socket, count: int) -> None:
    """Connections that are over; we closed first."""
    for _ in range(count):
        client, server = call(listener)
        server.close()
        client.close()


def begin(port: int, count: int) -> None:
    """SYNs from those who never answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for number in range(count):
            source = f"{NOWHERE}.{number % 250 + 1}"
            syn = Segment(20_000 + 7 * number, port, seq=1_000 * number, flags=Flags.SYN)
            raw.sendto(encode_packet(syn, source, US), (US, 0))


def leak() -> str:
    """Of three kinds of call, one is not closed."""
    listener = serve(443, 511)
    talk(listener, 25)
    finish(listener, 10)
    for _ in range(64):
        client, server = call(listener)
        client.close()
        kept.append(server)  # the bug
    return "64 clients have closed, the server forgot to"


def flood() -> str:
    """More SYNs than the queue takes, from addresses where nobody is."""
    listener = serve(80, 256)
    talk(listener, 20)
    begin(80, 600)
    return "600 SYNs from where nobody answers, backlog 256, tcp_syncookies = 1"


def exhaustion() -> str:
    """Open and close until no port is left."""
    RANGE.write_text("{} {}".format(*NARROW))
    kept.extend(call(serve(22, 128)))
    with elsewhere():
        database = socket.create_server(DATABASE, backlog=16)
    for done in itertools.count():
        try:
            ours = socket.create_connection(DATABASE)
        except OSError as error:
            return f"connection {done + 1} to {DATABASE[0]}:{DATABASE[1]} failed: {os.strerror(error.errno or 0)}"
        theirs = database.accept()[0]
        if done < 6:
            kept.extend((ours, theirs))
        else:
            ours.close()
            theirs.close()
    raise AssertionError  # count() has no end


def healthy() -> str:
    """Much of what is usual, a little of what is rare."""
    kept.extend(call(serve(22, 128)))
    web, secure = serve(80, 511), serve(443, 511)
    talk(web, 40)
    talk(secure, 260)
    finish(web, 20)
    finish(secure, 40)
    for _ in range(3):  # closed a moment ago; the answer is on its way
        client, server = call(secure)
        server.close()
        kept.append(client)
    client, server = call(secure)
    client.close()
    kept.append(server)
    begin(443, 2)
    with elsewhere():
        database = socket.create_server(DATABASE, backlog=64)
    for number in range(24):
        ours, theirs = socket.create_connection(DATABASE), database.accept()[0]
        if number < 12:
            kept.extend((ours, theirs))
        else:
            ours.close()
            theirs.close()
    with elsewhere():  # not accepted yet
        kept.append(socket.create_connection((US, 443), source_address=(f"{THEM}.{next(hosts)}", 0)))
    return "300 clients, some coming, some going, and a database"


def half_closed() -> str:
    """The server says that it has no more to send, and waits."""
    listener = serve(8080, 128)
    talk(listener, 15)
    for _ in range(90):
        client, server = call(listener)
        server.shutdown(socket.SHUT_WR)
        kept.extend((client, server))
    return "90 connections half-closed by the server, whose clients never close"


TABLES: dict[str, tuple[Callable[[], str], str]] = {
    "leak": (leak, "ss -tanp"),
    "flood": (flood, "ss -tan"),
    "exhaustion": (exhaustion, "ss -tan"),
    "healthy": (healthy, "ss -tan"),
    "half-closed": (half_closed, "ss -tanp"),
}


def main(name: str) -> None:
    """Make the trouble, then print what `ss` says."""
    scenario, command = TABLES[name]
    resource.setrlimit(resource.RLIMIT_NOFILE, (4_096, 4_096))
    connect_the_others()
    story = scenario()
    time.sleep(0.5)
    release = platform.release().partition("-")[0]
    first, last = RANGE.read_text().split()
    print(f"# tools/record_tables.py {name}, Linux {release}, ip_local_port_range = {first} {last}")
    print(f"# {command}: {story}")
    for line in subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout.splitlines():
        print(line.rstrip())


if __name__ == "__main__":
    main(sys.argv[1])
