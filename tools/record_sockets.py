"""Record the socket table of a small server with one bug: tcpbook/lab/sockets/server.txt.

As root: unshare --net python tools/record_sockets.py > tcpbook/lab/sockets/server.txt

Both ends live in one fresh network namespace: the server is 192.0.2.2, its clients are 192.0.2.1. Three calls stay
open; four are answered and closed by the server; six come from clients that close first, after which the
server forgets to. Five SYNs come from addresses where nobody answers. tcp_fin_timeout is set to 20 seconds, so that
it can't be mistaken for the length of TIME-WAIT.
"""

from __future__ import annotations

import platform
import socket
import subprocess
import time
from pathlib import Path

from tcpbook.protocol.flags import Flags
from tcpbook.protocol.packet import encode_packet
from tcpbook.protocol.segment import Segment

SERVER, CLIENT, NOWHERE = "192.0.2.2", "192.0.2.1", "198.51.100"
MOMENTS_S = (2, 30, 90)
FIN_TIMEOUT_S = 20
SETUP = f"""
ip link set lo up
ip address add {SERVER}/32 dev lo
ip address add {CLIENT}/32 dev lo
ip link add nowhere type veth peer name void
ip link set void up
ip link set nowhere up arp off
ip route add {NOWHERE}.0/24 dev nowhere
"""


def call(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Open a connection; return the client's socket and the server's."""
    client = socket.create_connection((SERVER, 80), source_address=(CLIENT, 0))
    return client, listener.accept()[0]


def main() -> None:
    """Open and close, then print what `ss -tan` says at each moment."""
    for line in SETUP.strip().splitlines():
        subprocess.run(line.split(), check=True)
    Path("/proc/sys/net/ipv4/tcp_fin_timeout").write_text(str(FIN_TIMEOUT_S))
    listener = socket.create_server((SERVER, 80), backlog=16)
    kept = [call(listener) for _ in range(3)]
    for _ in range(4):
        client, server = call(listener)
        server.close()
        client.close()
    for _ in range(6):
        client, server = call(listener)
        client.close()
        kept.append((client, server))  # the bug
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for host in range(1, 6):
            source = f"{NOWHERE}.{host}"
            syn = Segment(40_000 + host, 80, seq=1_000, flags=Flags.SYN)
            raw.sendto(encode_packet(syn, source, SERVER), (SERVER, 0))
    release = platform.release().partition("-")[0]
    print(f"# tools/record_sockets.py, Linux {release}, tcp_fin_timeout = {FIN_TIMEOUT_S}")
    start = time.monotonic()
    for moment in MOMENTS_S:
        time.sleep(max(0, start + moment - time.monotonic()))
        print(f"# after {moment} s")
        for line in subprocess.run(["ss", "-tan"], check=True, capture_output=True, text=True).stdout.splitlines():
            print(line.rstrip())


if __name__ == "__main__":
    main()
