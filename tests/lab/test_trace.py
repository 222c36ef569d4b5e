"""What a trace tells: tables, the ladder as text, captures for Wireshark."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tcpbook.lab.network import Link
from tcpbook.lab.scenarios import SCENARIOS


def test_frame_has_a_row_for_each_segment() -> None:
    table = SCENARIOS["SYN lost"].run().frame()
    assert list(table["flags"]) == ["SYN", "SYN", "SYN,ACK", "ACK"]
    assert list(table["lost"]) == [True, False, False, False]
    assert list(table["retransmission"]) == [False, True, False, False]
    assert list(table["arrives_us"].isna()) == [True, False, False, False]
    assert list(table["sent_us"]) == [0, 1_000_000, 1_010_000, 1_020_000]


def test_changes_has_a_row_for_each_change_of_state() -> None:
    table = SCENARIOS["three-way handshake"].run().changes()
    assert list(zip(table["end"], table["before"], table["after"], strict=True)) == [
        ("B", "CLOSED", "LISTEN"),
        ("A", "CLOSED", "SYN-SENT"),
        ("B", "LISTEN", "SYN-RECEIVED"),
        ("A", "SYN-SENT", "ESTABLISHED"),
        ("B", "SYN-RECEIVED", "ESTABLISHED"),
    ]
    assert table["section"].iloc[2] == "3.10.7.2"


def test_ladder_keeps_its_columns() -> None:
    assert SCENARIOS["refused"].run().ladder().splitlines() == [
        "A                                                B",
        "SYN-SENT       --> <SEQ=100><CTL=SYN> -->        CLOSED",
        "CLOSED    <-- <SEQ=0><ACK=101><CTL=RST,ACK> <--  CLOSED",
    ]


def test_relative_numbers_begin_at_each_ends_iss() -> None:
    trace = SCENARIOS["four-segment close"].run()
    numbers = [(segment.seq, segment.ack) for segment in map(trace.relative, trace.flights)]
    assert numbers == [(0, 0), (0, 1), (1, 1), (1, 1), (1, 2), (1, 2), (2, 2)]


def test_relative_numbers_begin_anew_with_each_call() -> None:
    trace = SCENARIOS["crash, and a new call"].run()
    assert [trace.relative(flight).seq for flight in trace.flights if str(flight.segment.flags) == "SYN"] == [0, 0]


def packets(pcap: bytes) -> list[bytes]:
    """The packets of a capture, without the headers that a pcap file puts before each."""
    found, at = [], 24
    while at < len(pcap):
        length = int.from_bytes(pcap[at + 8 : at + 12], "little")
        found.append(pcap[at + 16 : at + 16 + length])
        at += 16 + length
    return found


def test_a_capture_holds_what_has_passed_its_end() -> None:
    """A copy that the network makes passes its sender once; what is under way has not passed the other end."""
    network = SCENARIOS["three-way handshake"]._replace(links=(Link(twice={1: 0}), Link())).network()
    trace = network.run(15_000)
    assert [flight.sender for flight in trace.flights] == [0, 0, 1, 1]
    assert [len(packets(trace.capture(end))) for end in (0, 1)] == [1, 4]


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is missing: apt-get install tshark")
@pytest.mark.parametrize(
    ("name", "end", "completeness", "retransmissions"),
    [
        ("four-segment close", 0, 23, 0),  # SYN 1, SYN-ACK 2, ACK 4, data 8, FIN 16, RST 32
        ("four-segment close", 1, 23, 0),
        ("SYN lost", 0, 7, 1),
        ("SYN lost", 1, 7, 0),  # the first SYN never came here
        ("half-close with data", 0, 31, 0),
        ("last ACK of the close lost", 0, 23, 1),
        ("abort", 0, 39, 0),
        ("FIN with data behind a gap", 0, 31, 1),
    ],
)
def test_tshark_reads_the_same_story(
    tmp_path: Path, name: str, end: int, completeness: int, retransmissions: int
) -> None:
    trace = SCENARIOS[name].run()
    trace.pcap(tmp_path / "story.pcap", end)
    seen_us = [flight.sent_us if flight.sender == end else flight.arrives_us for flight in trace.flights]
    fields = ["tcp.checksum.status", "tcp.completeness", "tcp.analysis.retransmission", "ip.checksum.status"]
    fields += ["frame.time_epoch"]
    command = ["tshark", "-2", "-r", str(tmp_path / "story.pcap"), "-o", "tcp.check_checksum:TRUE", "-T", "fields"]
    command += ["-o", "ip.check_checksum:TRUE", "-E", "separator=;", *(f"-e{field}" for field in fields)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split(";") for line in shown.splitlines()]
    assert {row[0] for row in rows} == {row[3] for row in rows} == {"1"}
    assert [round(float(row[4]) * 1e6) for row in rows] == sorted(at_us for at_us in seen_us if at_us is not None)
    assert {row[1] for row in rows} == {str(completeness)}
    assert sum(bool(row[2]) for row in rows) == retransmissions
