"""Reading captures, beside dpkt, Scapy and tcptrace on the same file, and beside reading the file once."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import dpkt
from scapy.layers.inet import IP, TCP
from scapy.utils import PcapReader

from benchmarks.row import Row
from tcpbook.lab.capture import connections, read_capture
from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.packet import encode_packet
from tcpbook.protocol.segment import Segment
from tcpbook.widgets.capture_explorer import CaptureExplorer

PACKETS, TEXT = 1_000_000, bytes(1_448)
FEW = 20_000  # packets for Scapy, whose time is a multiple of theirs
ROUNDS = 3
SMALL = 50_000_000  # bytes
ETHERNET = bytes.fromhex("020000000002 020000000001 0800")
BUFFER = bytearray(1 << 20)
ANONYMOUS = """
from tcpbook.lab.capture import read_capture
def anonymous():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
before = anonymous()
segments = read_capture({path!r})
print(anonymous() - before)
"""


def run() -> list[Row]:
    """Return the rows of `make bench`; ours and the reading are the best of a few rounds, in turns."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "million.pcap")
        _write(path, PACKETS)
        ours = once = 1e9
        for _ in range(ROUNDS):
            once, ours = min(once, _timed(_read_once, path)), min(ours, _timed(read_capture, path))
        dpkts = _timed(_with_dpkt, path)
        scapys = _timed(_with_scapy, path) * PACKETS / FEW
        rows = [
            Row("capture of 1 M packets", ours * 1e6, "dpkt", dpkts * 1e6,
                bar="30 times as fast", met=ours * 30 <= dpkts),
            Row("capture of 1 M packets", ours * 1e6, "Scapy", scapys * 1e6,
                bar="200 times as fast", met=ours * 200 <= scapys),
            Row("capture of 1 M packets", ours * 1e6, "reading it once", once * 1e6),
            *_memory(path),
            *_connections(path),
        ]  # fmt: skip
        path.unlink()
        for what, write in ("50 connections", _write_few), ("short connections", _write_short):
            small = Path(folder, "small.pcap")
            write(small)
            shown = min(_timed(lambda path: CaptureExplorer().open(str(path)), small) for _ in range(ROUNDS))
            rows.append(
                Row(f"50 MB of {what} in the explorer", shown * 1e6, "the bar", 3e6, bar="under 3 s", met=shown < 3)
            )
        return rows


def _timed(work: Callable[[Path], object], path: Path) -> float:
    start = perf_counter()
    work(path)
    return perf_counter() - start


def _write(path: Path, packets: int) -> None:
    """Full-size segments of fifty connections, with timestamps."""
    heads = [
        encode_packet(Segment(40_000 + sender, 80), f"10.0.0.{sender}", "10.0.1.1")[:24] for sender in range(50)
    ]
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2_C3D4, 2, 4, 0, 0, 65_535, 1))
        for number in range(packets):
            head = bytearray(heads[number * 7 % 50])
            head[2:4] = struct.pack(">H", 52 + len(TEXT))
            seq = number * len(TEXT) % 2**32
            words = struct.pack(">IIBBHHHBBBBII", seq, 1, 0x80, 0x10, 501, 0, 0, 1, 1, 8, 10, number, 1)
            frame = ETHERNET + head + words + TEXT
            seconds, part = divmod(number, 10_000)
            file.write(struct.pack("<4I", 1_700_000_000 + seconds, part * 100, len(frame), len(frame)) + frame)


def _write_few(path: Path) -> None:
    _write(path, SMALL // (66 + len(TEXT)))


def _write_short(path: Path) -> None:
    """One short connection of the simulator's over and over, each from an address and port of its own."""
    story = [packet for _, packet in dpkt.pcap.Reader(BytesIO(SCENARIOS["three-segment close"].run().capture()))]
    client, port = story[0][12:16], story[0][20:22]
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2_C3D4, 2, 4, 0, 0, 65_535, 101))
        for number in count():
            caller = struct.pack(">HHH", 0x0A01, number // 50_000, 1_024 + number % 50_000)
            for packet in story:
                side = 0 if packet[12:16] == client and packet[20:22] == port else 1
                changed = bytearray(packet)
                changed[12 + 4 * side : 16 + 4 * side] = caller[:4]
                changed[20 + 2 * side : 22 + 2 * side] = caller[4:]
                seconds, part = divmod(number, 10_000)
                file.write(struct.pack("<4I", 1_700_000_000 + seconds, part * 100, len(packet), len(packet)) + changed)
            if file.tell() >= SMALL:
                return


def _read_once(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.readinto(BUFFER):
            pass


def _with_dpkt(path: Path) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    with path.open("rb") as file:
        for at, frame in dpkt.pcap.Reader(file):
            packet = dpkt.ethernet.Ethernet(frame).data
            tcp = packet.data
            options = dpkt.tcp.parse_opts(tcp.opts)
            rows.append((at, packet.src, packet.dst, tcp.sport, tcp.dport, tcp.seq, tcp.ack, tcp.flags, tcp.win,
                         len(tcp.data), options))  # fmt: skip
    return rows


def _with_scapy(path: Path) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    with PcapReader(str(path)) as packets:
        for packet in islice(packets, FEW):
            ip, tcp = packet[IP], packet[TCP]
            rows.append((packet.time, ip.src, ip.dst, tcp.sport, tcp.dport, tcp.seq, tcp.ack, int(tcp.flags),
                         tcp.window, len(tcp.payload), tcp.options))  # fmt: skip
    return rows


def _memory(path: Path) -> list[Row]:
    """Anonymous memory that the table and its reading take, in a process of their own; where the system tells."""
    if not Path("/proc/self/status").exists():
        return []
    code = ANONYMOUS.format(path=str(path))
    grown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    mib = int(grown) / 1024
    return [Row("memory for 1 M packets", mib, "the bar", 200, unit="MiB", bar="at most 200 MiB", met=mib <= 200)]


def _connections(path: Path) -> list[Row]:
    """The table of connections, beside tcptrace's, if it is installed; both read the file first."""
    if not shutil.which("tcptrace"):
        return []
    ours = _timed(lambda path: connections(read_capture(path)), path)
    theirs = _timed(lambda path: subprocess.run(["tcptrace", "-n", str(path)], capture_output=True, check=True), path)
    return [Row("connections of 1 M packets", ours * 1e6, "tcptrace", theirs * 1e6, bar="faster", met=ours < theirs)]
