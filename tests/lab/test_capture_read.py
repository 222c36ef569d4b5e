"""Reading captures: the ways through a file, and the account of it. What each field holds, tshark judges elsewhere."""

from __future__ import annotations

import gzip
import io
import os
import random
import struct
import sys
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from tcpbook.lab.capture import CaptureWarning, lanes, read_capture
from tcpbook.lab.capture.packets import gather
from tcpbook.lab.capture.records import LONGEST, PCAP_HEAD, Pcap
from tcpbook.lab.capture.sources import Streamed
from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.options import MSS, WINDOW_SCALE
from tcpbook.protocol.packet import encode_packet
from tcpbook.protocol.segment import Segment

HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
BEGIN_S = 1_700_000_000


def record(packet: bytes, at_us: int = 0) -> bytes:
    return struct.pack("<IIII", BEGIN_S + at_us // 1_000_000, at_us % 1_000_000, len(packet), len(packet)) + packet


def segment(number: int, text: bytes = b"", sender: int = 1) -> bytes:
    return encode_packet(Segment(40_000, 80, number, data=text), f"10.0.0.{sender}", "10.0.0.9")


def many(count: int, seed: int, largest: int, misleading: float = 0.0) -> bytes:
    """A capture of segments of random lengths; the text of some looks like the heads of records."""
    chance = random.Random(seed)
    fake = record(b"") * 100
    parts = [HEAD]
    for number in range(count):
        octets = chance.randrange(largest + 1)
        text = fake[:octets] if chance.random() < misleading else bytes(octets)
        parts.append(record(segment(number, text), number))
    return b"".join(parts)


def pcap(octets: bytes) -> tuple[Pcap, Streamed]:
    """A pcap at its first record, as much of it in the buffer as fits."""
    file = cast(BinaryIO, io.BytesIO(octets))
    source = Streamed(iter([octets]), file)
    reader = Pcap(source, "<", 0xA1B2C3D4)
    source.fill(len(octets))
    return reader, source


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("largest", [0, 100, 1_460])
@pytest.mark.parametrize("misleading", [0.0, 0.02, 1.0])
def test_lanes_find_what_the_serial_walk_finds_or_nothing(seed: int, largest: int, misleading: float) -> None:
    octets = many(6_000, seed, largest, misleading)
    octets = octets[: len(octets) - seed * 7]
    reader, source = pcap(octets)
    found = lanes.walk_in_lanes(source, PCAP_HEAD, "<", 16)
    if found is not None:
        assert np.array_equal(found, reader.walk())
    elif not misleading:
        assert largest == 0  # more records in a lane than are worth it


def test_most_walks_of_usual_captures_are_in_lanes() -> None:
    found = [lanes.walk_in_lanes(pcap(many(6_000, seed, 1_460))[1], PCAP_HEAD, "<", 16) for seed in range(3)]
    assert all(starts is not None for starts in found)


def test_a_mapped_file_a_stream_and_a_compressed_one_give_the_same_table(tmp_path: Path) -> None:
    octets = many(20_000, 3, 1_460, 0.01)
    path, packed = tmp_path / "a.pcap", tmp_path / "a.pcap.gz"
    path.write_bytes(octets)
    packed.write_bytes(gzip.compress(octets, 1))
    mapped = read_capture(path)
    assert mapped.seq.tolist() == list(range(20_000))
    assert mapped.frame.tolist() == list(range(1, 20_001))
    assert_frame_equal(mapped, read_capture(io.BytesIO(octets)))
    assert_frame_equal(mapped, read_capture(packed))


def test_a_gather_near_the_end_reads_zeros_beyond_it() -> None:
    buffer = np.arange(10, dtype=np.uint8)
    assert gather(buffer, np.array([0, 8, 10, 99]), 4).tolist() == [[0, 1, 2, 3], [8, 9, 0, 0], [0] * 4, [0] * 4]
    assert gather(buffer[:2], np.array([0, 1]), 4).tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]


def test_every_packet_is_a_row_or_counted_as_skipped() -> None:
    udp = bytearray(segment(0))
    udp[9] = 17
    packets = [segment(1), bytes(udp), segment(2), b"\x45", b"\x75" + bytes(30), segment(3)[:30]]
    table = read_capture(io.BytesIO(HEAD + b"".join(map(record, packets))))
    assert table.frame.tolist() == [1, 3]
    assert table.attrs["skipped"] == {
        "UDP": 1, "IP version neither 4 nor 6": 1, "cut off before the TCP header ends": 2,
    }  # fmt: skip


def test_a_capture_without_tcp_has_the_same_columns() -> None:
    none, some = (read_capture(io.BytesIO(HEAD + octets), checksums=True) for octets in (b"", record(segment(1))))
    assert len(none) == 0
    assert none.dtypes.drop(["source", "destination"]).equals(some.dtypes.drop(["source", "destination"]))


def test_the_scenarios_numbers_arrive() -> None:
    trace = SCENARIOS["four-segment close"].run()
    table = read_capture(io.BytesIO(trace.capture()), checksums=True)
    flights = [flight.segment for flight in trace.flights]
    assert table.seq.tolist() == [one.seq for one in flights]
    assert table["flags"].tolist() == [int(one.flags) for one in flights]
    assert table.checksum_ok.all()
    assert set(table.connection) == {0}


def opening(scales: tuple[int | None, int | None]) -> bytes:
    """A handshake in which each end offers a scale or none, and one segment more."""
    options = [(MSS(1460),) if scale is None else (MSS(1460), WINDOW_SCALE(scale)) for scale in scales]
    there, back = ("10.0.0.1", "10.0.0.9"), ("10.0.0.9", "10.0.0.1")
    packets = [
        encode_packet(Segment(40_000, 80, 1, flags=Flags.SYN, wnd=1_000, options=options[0]), *there),
        encode_packet(Segment(80, 40_000, 5, 2, Flags.SYN | Flags.ACK, wnd=1_000, options=options[1]), *back),
        encode_packet(Segment(40_000, 80, 2, 6, Flags.ACK, wnd=1_000), *there),
    ]
    return HEAD + b"".join(map(record, packets))


@pytest.mark.parametrize(("scales", "octets"), [((3, 7), 8_000), ((3, None), 1_000), ((15, 0), 1_000 << 14)])
def test_a_window_is_scaled_if_both_ends_offered_it(scales: tuple[int | None, int | None], octets: int) -> None:
    """RFC 7323 §2.2: the window of a SYN is never scaled; RFC 7323 §2.3: a shift above 14 counts as 14."""
    table = read_capture(io.BytesIO(opening(scales)))
    assert table.window_bytes.tolist() == [1_000, 1_000, octets]


def test_ports_used_again_make_another_connection() -> None:
    syn = [encode_packet(Segment(40_000, 80, seq, flags=Flags.SYN), "10.0.0.1", "10.0.0.9") for seq in (7, 7, 9, 9)]
    table = read_capture(io.BytesIO(HEAD + b"".join(map(record, syn))))
    assert table.connection.tolist() == [0, 0, 1, 1]


def test_damage_is_told_and_what_came_before_it_is_there(tmp_path: Path) -> None:
    octets = HEAD + record(segment(1)) + record(segment(2))
    path = tmp_path / "cut.pcap"
    path.write_bytes(octets[:-1])
    with pytest.warns(CaptureWarning, match=r"^cut.pcap is damaged after packet 1: the file ends 55 bytes into"):
        assert read_capture(path).seq.tolist() == [1]
    huge = HEAD + record(segment(1)) + struct.pack("<IIII", 0, 0, LONGEST + 1, LONGEST + 1) + bytes(100)
    with pytest.warns(CaptureWarning, match=f"claims {LONGEST + 1} captured bytes; more than {LONGEST}"):
        assert len(read_capture(io.BytesIO(huge))) == 1


@pytest.mark.parametrize("octets", [b"", b"\x1f\x8b", b"\x1f\x8bnonsense", b"PK\3\4", HEAD[:23], HEAD[:3]])
def test_what_is_no_capture_is_said_in_one_sentence(octets: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(octets)
    for source in path, io.BytesIO(octets):
        with pytest.raises(TcpBookError):
            read_capture(source)


def test_a_path_that_is_no_file_and_a_pipe_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TcpBookError, match="is no file"):
        read_capture(tmp_path)
    read, write = os.pipe()
    os.close(write)
    with open(read, "rb") as pipe, pytest.raises(TcpBookError, match=r"io\.BytesIO"):
        read_capture(pipe)


def test_who_waits_is_told_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    module = sys.modules[read_capture.__module__]
    read_capture(io.BytesIO(HEAD + record(segment(1))))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    read_capture(io.BytesIO(HEAD + record(segment(1))))
    assert capsys.readouterr().err == "\rreading the capture: 100%\rreading the capture: done\n"
