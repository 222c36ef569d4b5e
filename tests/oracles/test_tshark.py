"""tshark and `read_capture` say the same of the project's own captures, and of a folder of others'."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from captures import (
    KERNEL,
    LINKS,
    MICROSECONDS,
    MODIFIED,
    NANOSECONDS,
    Packet,
    fragmented,
    framed,
    kernel,
    pcap,
    pcapng,
    simulated,
    with_options,
)
from oracles.tshark import decode, judge
from tcpbook.lab import captures
from tcpbook.lab.capture.read import read_capture
from tcpbook.protocol.errors import TcpBookError

pytestmark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is missing: apt-get install tshark")

PACKETS = kernel() + simulated()

RAW = LINKS["raw IP"][0]


def cut(packets: list[Packet], octets: int) -> list[Packet]:
    """The packets as a capture with that snapshot length holds them."""
    return [Packet(packet.time_ns, packet.data[:octets], len(packet.data)) for packet in packets]


def with_more_headers(packets: list[Packet]) -> list[Packet]:
    return [packet._replace(data=with_options(packet.data), length=None) for packet in packets]


def without_length(packets: list[Packet]) -> list[Packet]:
    """IPv4 packets whose length the network card was to write."""
    return [
        packet._replace(data=packet.data[:2] + b"\0\0" + packet.data[4:])
        for packet in packets
        if packet.data[0] >> 4 == 4
    ]


CAPTURES = {
    **{name: pcap(framed(PACKETS, name), LINKS[name][0]) for name in LINKS},
    **{
        f"pcap, magic {magic:x}, {'little' if order == '<' else 'big'}-endian": pcap(PACKETS, RAW, order, magic)
        for magic in (MICROSECONDS, NANOSECONDS, MODIFIED)
        for order in "<>"
    },
    "pcapng": pcapng(PACKETS),
    "gzip": gzip.compress(pcap(PACKETS, RAW)),
    "gzip of pcapng": gzip.compress(pcapng(PACKETS)),
    "options and extension headers": pcap(with_more_headers(PACKETS), RAW),
    "fragments": pcap(fragmented(PACKETS), RAW),
    "fragments, the last one first": pcap(fragmented(PACKETS, (5, 4, 3, 2, 1, 0)), RAW),
    "fragments of packets with options": pcap(fragmented(with_more_headers(PACKETS)), RAW),
    "no length": pcap(without_length(PACKETS), RAW),
    **{f"cut after {octets} bytes": pcap(cut(PACKETS, octets), RAW) for octets in (20, 40, 47, 60, 72, 76, 100)},
}


@pytest.mark.parametrize("name", CAPTURES)
def test_of_our_own_captures(tmp_path: Path, name: str) -> None:
    capture = tmp_path / "capture"
    capture.write_bytes(CAPTURES[name])
    judgment = judge(capture)
    assert not judgment.differences, "\n".join(map(str, judgment.differences))
    assert judgment.agreed or name == "cut after 20 bytes"


@pytest.mark.parametrize("path", [KERNEL, *map(captures.path, captures.CAPTURES)], ids=lambda path: path.name)
def test_of_the_kernels_captures(path: Path) -> None:
    judgment = judge(path)
    assert judgment.agreed
    assert (judgment.differences, judgment.excused) == ([], {})


FOLDER = os.environ.get("TCPBOOK_CAPTURES")
OTHERS = sorted(path for path in Path(FOLDER or "").rglob("*") if path.is_file()) if FOLDER else [None]


@pytest.mark.long
@pytest.mark.parametrize("capture", OTHERS, ids=str)
@pytest.mark.filterwarnings("ignore::tcpbook.lab.capture.read.CaptureWarning")
def test_of_others_captures(capture: Path | None) -> None:
    if capture is None:
        pytest.skip("no captures of others: set TCPBOOK_CAPTURES to a folder of them")
    try:
        ours = read_capture(capture, checksums=True)
    except TcpBookError:
        assert not list(decode(capture))
    else:
        judgment = judge(capture, ours)
        assert not judgment.differences, "\n".join(map(str, judgment.differences))
