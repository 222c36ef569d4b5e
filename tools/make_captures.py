"""Record the book's captures anew: this machine's Linux kernel talking with itself, one story a file.

Needs Linux and root: `python -m tools.make_captures`, which takes half a minute. What passes the client's end is
written down; the wire loses what a story says.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from tools.two_ends import CLIENT, DELAY_S, SERVER, Record, Wire

HERE = Path(__file__).parent.parent
BOOK, TESTS = HERE / "tcpbook/lab/captures", HERE / "tests/data"
TCP_FASTOPEN, MSG_FASTOPEN = 23, 0x2000_0000
NOBODY = "192.0.2.9"
PORT = 8080
SNAP = 96  # bytes of a packet that are kept of bulky stories: the headers
ETHERNET = bytes.fromhex("020000000002 020000000001"), bytes.fromhex("020000000001 020000000002")

# --- what programs do at the two ends -------------------------------------------------------------------------------


@contextmanager
def listening(wire: Wire, version: int = 4, received: int | None = None) -> Iterator[socket.socket]:
    """A listening socket at the server; `received` is the bytes of its receive buffer."""
    wire.enter(1)
    with socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if received:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, received)
        listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 5)
        listener.bind((SERVER[version == 6], PORT))
        listener.listen()
        wire.enter(0)
        yield listener


def meet(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """A connection: the client's socket, the server's."""
    client = socket.create_connection(listener.getsockname()[:2])
    return client, listener.accept()[0]


def settle() -> None:
    """Wait until what was sent has arrived and was answered."""
    time.sleep(6 * DELAY_S)


def ask(client: socket.socket, server: socket.socket) -> None:
    """A request of 18 bytes, an answer of 300."""
    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
    server.recv(100)
    server.sendall(b"x" * 300)
    client.recv(300, socket.MSG_WAITALL)


def four_segment_close(wire: Wire) -> None:
    """The server thinks before it closes, so its ACK goes ahead."""
    with listening(wire) as listener:
        client, server = meet(listener)
        ask(client, server)
        client.close()
        time.sleep(0.2)
        server.close()
    settle()


def three_segment_close(wire: Wire, version: int = 4) -> None:
    """The server closes as soon as it reads the end, so its FIN takes the ACK along."""
    with listening(wire, version) as listener:
        client, server = meet(listener)
        ask(client, server)
        client.shutdown(socket.SHUT_WR)
        while server.recv(100):
            pass
        server.close()
        client.recv(1)
        client.close()
    settle()


def ipv6(wire: Wire) -> None:
    """The same over IPv6."""
    three_segment_close(wire, 6)


def refused(wire: Wire) -> None:
    """Nobody listens."""
    wire.enter(0)
    with socket.socket() as client:
        client.connect_ex((SERVER[0], PORT))


def no_answer(wire: Wire) -> None:
    """The SYN goes to an address that nobody has, four times in 7 s."""
    wire.enter(0)
    with socket.socket() as client:
        client.settimeout(7.5)
        client.connect_ex((NOBODY, PORT))


def half_close(wire: Wire) -> None:
    """The client closes its direction; the server goes on sending for half a second."""
    with listening(wire) as listener:
        client, server = meet(listener)
        client.sendall(b"all I have to say")
        client.shutdown(socket.SHUT_WR)
        server.recv(100)
        for _ in range(4):
            time.sleep(0.12)
            server.sendall(b"y" * 500)
        server.close()
        client.recv(2_000, socket.MSG_WAITALL)
        client.recv(1)
        client.close()
    settle()


def abort(wire: Wire) -> None:
    """The client lingers for 0 s: its close is an ABORT."""
    with listening(wire) as listener:
        client, server = meet(listener)
        ask(client, server)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        settle()
        server.close()


def simultaneous_close(wire: Wire) -> None:
    """Both close while nothing is on its way."""
    with listening(wire) as listener:
        client, server = meet(listener)
        ask(client, server)
        settle()
        client.close()
        server.close()
    settle()


def zero_window(wire: Wire) -> None:
    """The server does not read for three seconds, then it does."""
    with listening(wire, received=4_096) as listener:
        client, server = meet(listener)
        sender = Thread(target=client.sendall, args=(b"z" * 12_000,))
        sender.start()
        time.sleep(3)
        left = 12_000
        while left:
            left -= len(server.recv(left))
            time.sleep(DELAY_S)
        sender.join()
        client.close()
        server.recv(1)
        server.close()
    settle()


def keep_alive(wire: Wire) -> None:
    """Three seconds of silence, in which the client asks every second whether the server is still there."""
    with listening(wire) as listener:
        client, server = meet(listener)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        ask(client, server)
        time.sleep(3.5)
        client.close()
        server.recv(1)
        server.close()
    settle()


def never_closed(wire: Wire) -> None:
    """The client closes; the server's program never does while the capture lasts, which another connection ends."""
    with listening(wire) as listener:
        client, forgotten = meet(listener)
        ask(client, forgotten)
        client.close()
        time.sleep(5)
        client, server = meet(listener)
        ask(client, server)
        client.close()
        server.recv(1)
        server.close()
        settle()
        wire.enter(1)
    forgotten.close()


def lossy(wire: Wire) -> None:
    """Sixty thousand bytes, of which the wire loses a few segments, the last one, too."""
    with listening(wire) as listener:
        client, server = meet(listener)
        wire.lost = frozenset({6, 7, 20, 42})
        client.sendall(b"w" * 60_000)
        left = 60_000
        while left:
            left -= len(server.recv(left))
        client.close()
        server.recv(1)
        server.close()
    settle()


def morning(wire: Wire) -> None:
    """Nine connections, one after the other; two are slow, for different reasons."""
    for story in three_segment_close, refused, four_segment_close, ipv6, abort, lossy, zero_window, never_closed:
        story(wire)


def odds(wire: Wire) -> None:
    """What tests want besides: urgent data, Fast Open without and with a cookie, over both versions of IP."""
    for version in 4, 6:
        three_segment_close(wire, version)
        with listening(wire, version) as listener:
            client, server = meet(listener)
            client.sendall(b"some text")
            client.send(b"!", socket.MSG_OOB)
            server.recv(100)
            server.sendall(bytes(range(256)) * 12)
            client.recv(12 * 256, socket.MSG_WAITALL)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            server.close()
            for _ in range(2):
                with socket.socket(listener.family) as fast:
                    fast.sendto(b"fast", MSG_FASTOPEN, listener.getsockname())
                    server = listener.accept()[0]
                    server.recv(100)
                    server.close()
            address = listener.getsockname()
        with socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6) as client:
            client.connect_ex(address)
        settle()


# --- files ----------------------------------------------------------------------------------------------------------


def ethernet(packet: bytes) -> bytes:
    """The packet as an Ethernet frame; who sent it shows in its IP address."""
    version = packet[0] >> 4
    source = packet[12:16] if version == 4 else packet[8:24]
    from_client = source == socket.inet_pton(socket.AF_INET if version == 4 else socket.AF_INET6, CLIENT[version == 6])
    return ETHERNET[not from_client] + (b"\x08\x00" if version == 4 else b"\x86\xdd") + packet


def pcap(records: list[Record]) -> bytes:
    """A pcap of Ethernet frames, in microseconds."""
    parts = [struct.pack("<IHHiIII", 0xA1B2_C3D4, 2, 4, 0, 0, 65_535, 1)]
    for time_ns, packet in records:
        frame = ethernet(packet)
        parts.append(struct.pack("<4I", time_ns // 10**9, time_ns % 10**9 // 1000, len(frame), len(frame)) + frame)
    return b"".join(parts)


def headers(records: list[Record]) -> bytes:
    """A pcap of raw IP in nanoseconds that keeps the headers only."""
    parts = [struct.pack("<IHHiIII", 0xA1B2_3C4D, 2, 4, 0, 0, SNAP, 101)]
    for time_ns, packet in records:
        kept = packet[:SNAP]
        parts.append(struct.pack("<4I", time_ns // 10**9, time_ns % 10**9, len(kept), len(packet)) + kept)
    return b"".join(parts)


def pcapng(records: list[Record]) -> bytes:
    """A pcapng with an interface for each version of IP, nanoseconds, headers only, and a comment."""
    parts = [
        block(0x0A0D_0D0A, struct.pack("<IHHq", 0x1A2B_3C4D, 1, 0, -1) + option(1, b"Recorded for tcpbook.")),
    ]
    interface = struct.pack("<HHI", 101, 0, SNAP)
    parts += [block(1, interface + option(2, name) + option(9, b"\x09")) for name in (b"v4", b"v6")]
    for time_ns, packet in records:
        kept = packet[:SNAP]
        head = struct.pack("<5I", packet[0] >> 4 == 6, time_ns >> 32, time_ns & 0xFFFF_FFFF, len(kept), len(packet))
        parts.append(block(6, head + kept + bytes(-len(kept) % 4)))
    return b"".join(parts)


def option(code: int, value: bytes) -> bytes:
    """An option of a pcapng block, and the end of its options."""
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(kind: int, body: bytes) -> bytes:
    """A pcapng block."""
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


FILES: dict[Path, tuple[Callable[[Wire], None], Callable[[list[Record]], bytes]]] = {
    BOOK / "four-segment-close.pcap": (four_segment_close, pcap),
    BOOK / "three-segment-close.pcap": (three_segment_close, pcap),
    BOOK / "ipv6.pcap": (ipv6, pcap),
    BOOK / "refused.pcap": (refused, pcap),
    BOOK / "no-answer.pcap": (no_answer, pcap),
    BOOK / "half-close.pcap": (half_close, headers),
    BOOK / "abort.pcap": (abort, pcap),
    BOOK / "simultaneous-close.pcap": (simultaneous_close, pcap),
    BOOK / "zero-window.pcap": (zero_window, headers),
    BOOK / "keep-alive.pcap": (keep_alive, pcap),
    BOOK / "never-closed.pcap": (never_closed, pcap),
    BOOK / "lossy.pcap": (lossy, headers),
    BOOK / "morning.pcapng": (morning, pcapng),
    TESTS / "kernel.pcap": (odds, pcap),
}


def main() -> None:
    """Record each file in namespaces of its own."""
    for path, (story, write) in FILES.items():
        wire = Wire()
        try:
            story(wire)
        finally:
            wire.close()
        path.write_bytes(write(wire.records))
        print(f"{path.name}: {len(wire.records)} packets, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
