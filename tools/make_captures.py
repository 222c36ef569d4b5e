"""Record tests/data/kernel.pcap anew: a few connections of this machine's kernel with itself.

Needs Linux and root: `unshare --net python tools/make_captures.py`. The two ends are network namespaces of their
own, joined by a veth pair that leaves no checksum to the hardware.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import time
from pathlib import Path

CAPTURE = Path(__file__).parent.parent / "tests/data/kernel.pcap"
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
ETH_P_ALL = 3
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
TCP_FASTOPEN, MSG_FASTOPEN = 23, 0x20000000


def enter(namespace: int) -> None:
    """Make the sockets created from now on belong to the namespace of this open file."""
    if LIBC.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def prepare() -> tuple[int, int]:
    """Join two namespaces; return their open files, the client's first."""
    with subprocess.Popen(["sleep", "60"]) as holder:  # names the client's namespace by its process id
        client = os.open("/proc/self/ns/net", os.O_RDONLY)
        if LIBC.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        server = os.open("/proc/self/ns/net", os.O_RDONLY)
        run(f"ip link add right type veth peer name left netns {holder.pid}")
        holder.terminate()
    for namespace, name, last in (server, "right", 2), (client, "left", 1):
        enter(namespace)
        run(f"ip address add 192.0.2.{last}/24 dev {name}")
        run(f"ip address add 2001:db8::{last}/64 dev {name} nodad")
        run(f"ip link set {name} up")
        for setting, value in {"tcp_ecn": "1", "tcp_fastopen": "3"}.items():
            Path("/proc/sys/net/ipv4", setting).write_text(value)
        off = array.array("I", [ETHTOOL_STXCSUM, 0])
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SIOCETHTOOL, struct.pack("16sP", name.encode(), off.buffer_info()[0]))
    return client, server


def run(command: str) -> None:
    """Run a command to its end; CalledProcessError if it fails."""
    subprocess.run(command.split(), check=True)


def converse(client_side: int, server_side: int, family: socket.AddressFamily, host: str) -> None:
    """Open, talk and close; abort; be refused; send urgent data; open fast, twice."""
    enter(server_side)
    with socket.socket(family) as listener:
        enter(client_side)
        listener.bind((host, 0))
        listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 5)
        listener.listen()
        address = listener.getsockname()

        client = socket.create_connection(address[:2])
        server = listener.accept()[0]
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        server.recv(100)
        server.sendall(bytes(range(256)) * 12)
        client.send(b"!", socket.MSG_OOB)
        client.recv(12 * 256, socket.MSG_WAITALL)
        client.shutdown(socket.SHUT_WR)
        while server.recv(100):
            pass
        server.close()
        client.recv(1)
        client.close()

        client = socket.create_connection(address[:2])
        server = listener.accept()[0]
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        server.close()

        for _ in range(2):
            with socket.socket(family) as fast:
                fast.sendto(b"fast", MSG_FASTOPEN, address)
                server = listener.accept()[0]
                server.recv(100)
                server.close()
    with socket.socket(family) as refused:
        refused.connect_ex(address)


def main() -> None:
    """Record every frame that leaves while the conversations run, and write them as a pcap."""
    client, server = prepare()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as tap:
        tap.bind(("left", 0))
        converse(client, server, socket.AF_INET, "192.0.2.2")
        converse(client, server, socket.AF_INET6, "2001:db8::2")
        time.sleep(0.2)
        tap.setblocking(False)
        frames = []
        try:
            while True:
                frame = tap.recv(65536)
                if frame[12:14] == b"\x08\x00" or (frame[12:14] == b"\x86\xdd" and frame[20] == 6):
                    frames.append(frame)
        except BlockingIOError:
            pass
    pcap = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for number, frame in enumerate(frames):
        pcap += struct.pack("<IIII", 1_700_000_000, number * 1000, len(frame), len(frame)) + frame
    CAPTURE.write_bytes(pcap)


if __name__ == "__main__":
    main()
