"""Two network namespaces of this machine, and a wire between them that delays, loses and records. Needs root."""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import select
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

CLONE_NEWNET, TUNSETIFF, TUN_WITHOUT_HEADER = 0x4000_0000, 0x4004_54CA, 0x1001
LIBC = ctypes.CDLL(None, use_errno=True)
CLIENT, SERVER = ("192.0.2.1", "2001:db8::1"), ("192.0.2.2", "2001:db8::2")
DELAY_S = 0.010  # one way
# SYNs back off from the first, as RFC 6298 has it; this kernel would send five of them a second apart.
SETTINGS = {"tcp_ecn": "1", "tcp_fastopen": "3", "tcp_syn_linear_timeouts": "0"}

Record = tuple[int, bytes]


class Wire:
    """Two namespaces and the way between them; `records` holds time (ns) and packet of what the client's end saw.

    `lost` are the numbers, from 1, of the packets with text that do not arrive, those of both ends counted together.
    """

    def __init__(self) -> None:
        self.namespaces = []
        self.tuns = []
        for name, addresses in ("left", CLIENT), ("right", SERVER):
            if LIBC.unshare(CLONE_NEWNET):
                sys.exit(f"A network namespace needs root: {os.strerror(ctypes.get_errno())}.")
            self.namespaces.append(os.open("/proc/self/ns/net", os.O_RDONLY))
            self.tuns.append(os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK))
            fcntl.ioctl(self.tuns[-1], TUNSETIFF, struct.pack("16sH22x", name.encode(), TUN_WITHOUT_HEADER))
            for command in (
                f"ip address add {addresses[0]}/24 dev {name}",
                f"ip address add {addresses[1]}/64 dev {name} nodad",
                f"ip link set {name} up",
            ):
                subprocess.run(command.split(), check=True)
            for setting, value in SETTINGS.items():
                Path("/proc/sys/net/ipv4", setting).write_text(value)
        self.records: list[Record] = []
        self.lost: frozenset[int] = frozenset()
        self._texts = 0
        self._ends = False
        self._relay = Thread(target=self._carry)
        self._relay.start()

    def enter(self, end: int) -> None:
        """Make the sockets created from now on belong to an end: 0 the client's, 1 the server's."""
        if LIBC.setns(self.namespaces[end], CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")

    def close(self) -> None:
        """End the relay and give the namespaces back."""
        self._ends = True
        self._relay.join()
        for file in self.tuns + self.namespaces:
            os.close(file)

    def _carry(self) -> None:
        way: list[tuple[float, int, int, bytes]] = []
        number = 0
        while not self._ends:
            wait_s = max(0.0, way[0][0] - time.monotonic()) if way else 0.1
            for file in select.select(self.tuns, [], [], wait_s)[0]:
                packet = os.read(file, 65_536)
                end = self.tuns.index(file)
                if _is_tcp(packet):
                    if end == 0:
                        self.records.append((time.time_ns(), packet))
                    if not self._loses(packet):
                        number += 1
                        heapq.heappush(way, (time.monotonic() + DELAY_S, number, 1 - end, packet))
            while way and way[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(way)
                if end == 0:
                    self.records.append((time.time_ns(), packet))
                os.write(self.tuns[end], packet)

    def _loses(self, packet: bytes) -> bool:
        if _text_bytes(packet) == 0:
            return False
        self._texts += 1
        return self._texts in self.lost


def _is_tcp(packet: bytes) -> bool:
    return packet[9 if packet[0] >> 4 == 4 else 6] == socket.IPPROTO_TCP


def _text_bytes(packet: bytes) -> int:
    head = (packet[0] & 15) * 4 if packet[0] >> 4 == 4 else 40
    return len(packet) - head - (packet[head + 12] >> 4) * 4
