"""`read_capture`: a capture file as a table, one row a TCP segment."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from pandas.arrays import BooleanArray, IntegerArray

from tcpbook.lab.capture.flows import Flows, connect, scaled
from tcpbook.lab.capture.fragments import NOTHING, Fragments, Inside
from tcpbook.lab.capture.ip import segments
from tcpbook.lab.capture.layers import Skipped, ip_packets
from tcpbook.lab.capture.packets import Packets
from tcpbook.lab.capture.pcapng import Pcapng
from tcpbook.lab.capture.records import PCAP_MAGIC, Pcap, Records
from tcpbook.lab.capture.sources import Damage, Source, opened
from tcpbook.lab.capture.tcp import Columns, checksum_verdicts, fields
from tcpbook.protocol.errors import TcpBookError

PCAPNG = b"\n\r\r\n"
PATIENCE_S = 2.0  # without a word


class CaptureWarning(UserWarning):
    """A capture could not be read to its end."""


def read_capture(source: str | Path | BinaryIO, checksums: bool = False) -> DataFrame:
    """Read a pcap or pcapng, plain or compressed by gzip: a path, or a file open for reading bytes.

    Returns one row a TCP segment, in the order of the file: frame (counted over all packets from 1), time_ns (since
    the epoch) (int64), source, destination (category), source_port, destination_port (uint16), seq, ack (uint32),
    flags (uint16: the twelve bits behind the data offset), window (uint16), window_bytes (int64, scaled if both SYNs
    were seen), length (octets of payload by the IP length, int64), urgent (uint16), header_bytes (uint8); of the
    options mss (UInt16), scale (UInt8), sack_permitted (bool), sack (tuples of left and right edge), tsval, tsecr
    (UInt32), missing where absent; connection (int64, counted from 0), end (uint8, 0 for the end that opened).
    `checksums` asks for one more: checksum_ok (boolean, missing where the segment was not captured whole).

    `attrs["skipped"]` counts the packets left out, by reason. TcpBookError if it is no capture; a CaptureWarning if
    it is damaged: then what came before the damage is returned. RFC 9293 §3.1.
    """
    with opened(source) as (octets, start, name):
        table = _Table(checksums)
        progress = _Progress(octets, name)
        try:
            for packets in _records(octets, start, name).packets():
                table.take(packets)
                progress.tell()
        except Damage as damage:
            remedy = "it was read up to there; for the rest, copy it again"
            told = f"{name} is damaged after packet {table.frames}: {damage}; {remedy}"
            warnings.warn(told, CaptureWarning, stacklevel=2)
        progress.clear()
    return table.frame()


def _records(source: Source, start: bytes, name: str) -> Records:
    """What reads the file, by how it begins."""
    for order, magic in ("<", int.from_bytes(start, "little")), (">", int.from_bytes(start, "big")):
        if magic in PCAP_MAGIC:
            return Pcap(source, order, magic)
    if start == PCAPNG:
        return Pcapng(source)
    raise TcpBookError(
        f"{name} is no capture: it begins with {start.hex(' ')}, a pcap with d4 c3 b2 a1 or the like, "
        "a pcapng with 0a 0d 0d 0a; let Wireshark save it as one of the two"
    )


class _Progress:
    """A line on stderr for who waits longer than two seconds."""

    def __init__(self, source: Source, name: str) -> None:
        self._source, self._name = source, name
        self._next = monotonic() + PATIENCE_S
        self._shown = False

    def tell(self) -> None:
        """Show how much of the file was read, once a second."""
        if monotonic() >= self._next:
            self._next = monotonic() + 1
            self._shown = True
            print(f"\rreading {self._name}: {self._source.share:4.0%}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """End the line, if there is one."""
        if self._shown:
            print(f"\rreading {self._name}: done", file=sys.stderr, flush=True)


class _Table:
    """The rows read so far, as columns in pieces."""

    def __init__(self, checksums: bool) -> None:
        self.frames = 0
        self._checksums = checksums
        self._skipped: Skipped = Counter()
        self._fragments = Fragments(self._skipped)
        self._flows = Flows()
        self._pieces: list[Columns] = []

    def take(self, packets: Packets) -> None:
        """Add the segments of a block."""
        self.frames += len(packets)
        parts = [
            self._columns(inside)
            for of_link in ip_packets(packets, self._skipped)
            for inside in segments(of_link, self._fragments, self._skipped)
        ]
        if len(parts) == 1:
            self._pieces += parts
        elif parts:  # several links or IP versions
            together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            order = np.argsort(together["frame"], kind="stable")
            self._pieces.append({name: column[order] for name, column in together.items()})

    def _columns(self, inside: Inside) -> Columns:
        found, columns = fields(inside, self._skipped)
        columns["flow"] = self._flows.number(found.addresses, columns.pop("ports"))
        if self._checksums:
            columns["sum"] = checksum_verdicts(found)
        return columns

    def frame(self) -> DataFrame:
        """All rows as one table."""
        self._fragments.close()
        if not self._pieces:
            self._pieces.append(self._columns(NOTHING))
        flow, seq, flags = self._column("flow"), self._column("seq"), self._column("flags")
        source, destination = self._flows.addresses(flow)
        source_port, destination_port = self._flows.ports(flow)
        ack = self._column("ack")
        connection, second = connect(flow, *self._flows.pairs(), seq, ack, flags)
        window, scale = self._column("window"), self._column("scale")
        stamped = self._column("stamped")
        mss = self._column("mss")
        columns = {
            "frame": self._column("frame"),
            "time_ns": self._column("time_ns"),
            "source": source,
            "destination": destination,
            "source_port": source_port,
            "destination_port": destination_port,
            "seq": seq,
            "ack": ack,
            "flags": flags,
            "window": window,
            "window_bytes": scaled(window, connection, second, scale, flags),
            "length": self._column("length"),
            "urgent": self._column("urgent"),
            "header_bytes": self._column("header_bytes"),
            "mss": IntegerArray(mss.astype(np.uint16), mss < 0),
            "scale": IntegerArray(scale.astype(np.uint8), scale < 0),
            "sack_permitted": self._column("sack_permitted"),
            "sack": self._column("sack"),
            "tsval": IntegerArray(self._column("tsval"), ~stamped),
            "tsecr": IntegerArray(self._column("tsecr"), ~stamped),
            "connection": connection,
            "end": second.astype(np.uint8),
        }
        if self._checksums:
            verdict = self._column("sum")
            columns["checksum_ok"] = BooleanArray(verdict > 0, verdict < 0)
        table = DataFrame(columns, copy=False)
        table.attrs["skipped"] = dict(self._skipped)
        return table

    def _column(self, name: str) -> NDArray[Any]:
        """All of a column; its pieces are given up, so that memory holds no column twice."""
        return np.concatenate([piece.pop(name) for piece in self._pieces])
