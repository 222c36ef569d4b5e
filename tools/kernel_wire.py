"""A wire to this machine's Linux kernel: segments in, segments out, in a network namespace of its own."""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

KERNEL, PEER = "192.0.2.1", "192.0.2.2"  # addresses set aside for documentation (RFC 5737)
URG = 32

# Rate limits and optional mechanisms off, retransmission late: what is left is RFC 9293 §3.10.
SYSCTLS = {
    "tcp_challenge_ack_limit": "2147483647",
    "tcp_invalid_ratelimit": "0",
    "tcp_timestamps": "0",
    "tcp_sack": "0",
    "tcp_window_scaling": "0",
    "tcp_syncookies": "0",
    "tcp_ecn": "0",
    "tcp_fastopen": "0",
    "tcp_abort_on_overflow": "0",
    "tcp_rfc1337": "0",
    "tcp_no_metrics_save": "1",
    "tcp_rto_min_us": "2000000",
    "tcp_congestion_control": "reno",
    "tcp_rmem": "4096 131072 6291456",
}

# By the codes in /proc/net/tcp, from 1.
STATES = (
    "ESTABLISHED",
    "SYN-SENT",
    "SYN-RECEIVED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "CLOSED",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
)


class Segment(NamedTuple):
    """A TCP segment without options; `text` counts bytes."""

    source: int
    destination: int
    seq: int
    ack: int
    flags: int
    wnd: int
    text: int


def checksum(data: bytes) -> int:
    """The Internet checksum of an even number of bytes."""
    return 0xFFFF - int.from_bytes(data, "big") % 0xFFFF


def add_route() -> None:
    """Make the way to the peer one with `quickack 1`, over netlink: no ACK is delayed."""
    metrics = struct.pack("HHI", 8, 15, 1)  # RTAX_QUICKACK
    attributes = struct.pack("HH4s", 8, 1, socket.inet_aton(PEER))  # RTA_DST
    attributes += struct.pack("HHI", 8, 4, socket.if_nametoindex("tun0"))  # RTA_OIF
    attributes += struct.pack("HH", 4 + len(metrics), 8) + metrics  # RTA_METRICS
    route = struct.pack("8BI", socket.AF_INET, 32, 0, 0, 254, 4, 253, 1, 0) + attributes  # main, static, link
    header = struct.pack("IHHII", 16 + len(route), 24, 0x405, 1, 0)  # RTM_NEWROUTE: REQUEST, ACK, CREATE
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(header + route)
        error = struct.unpack_from("i", netlink.recv(1024), 16)[0]
    if error:
        raise OSError(-error, os.strerror(-error))


class Wire:
    """A TUN device in a namespace of its own: the kernel's only link, this script behind it."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x4000_0000):  # CLONE_NEWNET
            sys.exit(f"A network namespace needs root: {os.strerror(ctypes.get_errno())}.")
        for name, value in SYSCTLS.items():
            Path("/proc/sys/net/ipv4", name).write_text(value)
        self.file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.file, 0x4004_54CA, struct.pack("16sH22x", b"tun0", 0x1001))  # TUNSETIFF: TUN, NO_PI
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            address = struct.pack("16sHH4s16x", b"tun0", socket.AF_INET, 0, socket.inet_aton(KERNEL))
            fcntl.ioctl(control, 0x8916, address)  # SIOCSIFADDR
            fcntl.ioctl(control, 0x8914, struct.pack("16sH22x", b"tun0", 1))  # SIOCSIFFLAGS: UP
        add_route()

    def send(self, segment: Segment) -> None:
        """Give the kernel one segment; its answers are queued when this returns."""
        text = b"x" * segment.text
        addresses = socket.inet_aton(PEER) + socket.inet_aton(KERNEL)
        start = struct.pack("!HHIIBBH", *segment[:4], 5 << 4, segment.flags, segment.wnd)
        urgent = struct.pack("!H", bool(segment.flags & URG))
        length = len(start) + 4 + len(text)
        pseudo = addresses + struct.pack("!HH", socket.IPPROTO_TCP, length)
        tcp_sum = checksum(pseudo + start + urgent + text + b"\0" * (len(text) % 2))
        head = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_TCP)
        ip_sum = checksum(head + addresses)
        ip = head + struct.pack("!H", ip_sum) + addresses
        os.write(self.file, ip + start + struct.pack("!H", tcp_sum) + urgent + text)

    def receive(self, wait_s: float = 0.0) -> Iterator[Segment]:
        """What the kernel has sent; `wait_s` bounds the wait for the first packet."""
        while select.select([self.file], [], [], wait_s)[0]:
            packet = os.read(self.file, 65536)
            if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
                continue  # IPv6 looking for neighbors
            wait_s = 0.0
            tcp = packet[(packet[0] & 15) * 4 :]
            source, destination, seq, ack, offset, flags, wnd = struct.unpack_from("!HHIIBBH", tcp)
            yield Segment(source, destination, seq, ack, flags, wnd, len(tcp) - (offset >> 4) * 4)


def socket_states() -> dict[tuple[int, int], str]:
    """The states of all sockets by local and remote port; TCP_INFO would hide SYN-RECEIVED and TIME-WAIT."""
    found = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, code = line.split()[1:4]
        found[int(local[9:], 16), int(remote[9:], 16)] = STATES[int(code, 16) - 1]
    return found
