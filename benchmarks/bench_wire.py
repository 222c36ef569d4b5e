"""Building and decoding a 40-byte SYN, beside dpkt in the same run."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import count
from timeit import timeit

import dpkt

from benchmarks.row import Row
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.options import MSS, NOP, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE
from tcpbook.protocol.packet import encode_packet
from tcpbook.protocol.segment import Segment

SOURCE, DESTINATION = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
LOOPS, ROUNDS = 100, 300  # short rounds: the best one is left alone by the rest of the machine

clock = count()  # a new timestamp and sequence number for each segment, as in real traffic


def our_syn() -> Segment:
    now = next(clock)
    options = (MSS(1460), SACK_PERMITTED(), TIMESTAMPS((now, 0)), NOP(), WINDOW_SCALE(7))
    return Segment(source_port=40000, destination_port=80, seq=now, flags=Flags.SYN, wnd=64240, options=options)


def build_ours() -> bytes:
    return our_syn().encode(SOURCE, DESTINATION)


def build_ours_in_ip() -> bytes:
    return encode_packet(our_syn(), SOURCE, DESTINATION)


def dpkt_syn() -> dpkt.tcp.TCP:
    now = next(clock)
    options = struct.pack(">BBHBBBBIIBBBB", 2, 4, 1460, 4, 2, 8, 10, now, 0, 1, 3, 3, 7)
    return dpkt.tcp.TCP(sport=40000, dport=80, seq=now, flags=dpkt.tcp.TH_SYN, win=64240, off=10, opts=options)


def build_dpkt() -> bytes:
    """The shortest way: the checksum by hand, from dpkt's inner function."""
    syn = dpkt_syn()
    pseudo = SOURCE + DESTINATION + struct.pack(">BBH", 0, 6, 40)
    syn.sum = dpkt.dpkt.in_cksum(pseudo + bytes(syn))
    return bytes(syn)


def build_dpkt_in_ip() -> bytes:
    """dpkt's own way: an IP packet fills in the checksum of the TCP segment that it holds."""
    return bytes(dpkt.ip.IP(src=SOURCE, dst=DESTINATION, p=6, len=60, data=dpkt_syn()))


def decode_dpkt(data: bytes) -> object:
    syn = dpkt.tcp.TCP(data)
    return syn, dpkt.tcp.parse_opts(syn.opts)  # their values stay bytes; ours are decoded


def pair(ours: Callable[[], object], peer: Callable[[], object]) -> tuple[float, float]:
    """Return the best of several rounds for both, in µs a call, the rounds taking turns."""
    rounds = [(timeit(ours, number=LOOPS), timeit(peer, number=LOOPS)) for _ in range(ROUNDS)]
    return min(our for our, _ in rounds) / LOOPS * 1e6, min(their for _, their in rounds) / LOOPS * 1e6


def run() -> list[Row]:
    """Return the rows of `make bench`; the bar is the whole, in dpkt's own way and in the shortest one."""
    data = build_ours()
    bare = pair(build_ours, build_dpkt)
    in_ip = pair(build_ours_in_ip, build_dpkt_in_ip)
    decode = pair(lambda: Segment.decode(data), lambda: decode_dpkt(data))
    whole = in_ip[0] + decode[0], in_ip[1] + decode[1]
    alone = bare[0] + decode[0], bare[1] + decode[1]
    by_hand = "dpkt, checksum by hand"
    return [
        Row("SYN built in IPv4, and decoded", whole[0], "dpkt", whole[1],
            bar="half the time", met=2 * whole[0] <= whole[1]),
        Row("SYN built alone, and decoded", alone[0], by_hand, alone[1],
            bar="half the time", met=2 * alone[0] <= alone[1]),
        Row("SYN built in IPv4", in_ip[0], "dpkt", in_ip[1]),
        Row("SYN built alone", bare[0], by_hand, bare[1]),
        Row("SYN decoded", decode[0], "dpkt", decode[1]),
    ]  # fmt: skip
