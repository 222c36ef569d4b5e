"""Verdicts, names and the table of connections: by hand, over the scenarios, by properties, and before tshark."""

from __future__ import annotations

import shutil
import struct
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame

from talks import OPEN, At, capture, read
from tcpbook.lab.capture.connections import connections
from tcpbook.lab.capture.read import read_capture
from tcpbook.lab.capture.verdicts import names, verdicts
from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.options import MSS, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE, Option

KERNEL = Path(__file__).parents[1] / "data" / "kernel.pcap"
OPTIONS = (
    Option(MSS.kind, 1460), Option(WINDOW_SCALE.kind, 7), Option(SACK_PERMITTED.kind), Option(TIMESTAMPS.kind, (1, 0)),
)  # fmt: skip

TEXT = At(1, 0, "PSH,ACK", 101, 301, 10)
VERDICTS = {
    "handshake": (OPEN, ["new", "new", ""]),
    "text and its repetition": ((*OPEN, TEXT, TEXT), ["new", "new", "", "new", "old"]),
    "a part of it": ((*OPEN, TEXT, At(2, 0, "ACK", 105, 301, 5)), ["new", "new", "", "new", "old"]),
    "text after a gap": ((*OPEN, At(1, 0, "ACK", 111, 301, 10), TEXT), ["new", "new", "", "gap", "old"]),
    "an ACK has no verdict, but shows how far its sender is": (
        (*OPEN, At(1, 0, "ACK", 111, 301), At(2, 0, "ACK", 111, 301, 5)),
        ["new", "new", "", "", "new"],
    ),
    "the number of the SYN is taken": ((At(0, 0, "SYN", 100), At(1, 0, "SYN", 100)), ["new", "old"]),
    "so is that of the FIN": (
        (*OPEN, At(1, 0, "FIN,ACK", 101, 301), At(2, 0, "FIN,ACK", 101, 301), At(3, 0, "ACK", 102, 301, 1)),
        ["new", "new", "", "new", "old", "new"],
    ),
    "in the middle of a connection the first is new": ((At(0, 1, "ACK", 7, 9, 3),), ["new"]),
    "a RST is never a gap": ((*OPEN, At(1, 0, "RST", 9_000, 0, 4)), ["new", "new", "", "new"]),
    "a RST with SEQ 0 says nothing of its sender's numbers": (
        (At(0, 0, "SYN", 100), At(1, 1, "RST,ACK", 0, 101), At(2, 0, "SYN", 100), At(3, 1, "SYN,ACK", 2**31 + 9, 101)),
        ["new", "", "old", "new"],
    ),
    "acknowledged before it was captured": (
        (At(0, 1, "ACK", 300, 200), At(1, 0, "ACK", 150, 300, 50), At(2, 0, "ACK", 200, 300, 1)),
        ["", "old", "new"],
    ),
    "a probe of a closed window takes no number": (
        (
            *OPEN, TEXT, At(2, 1, "ACK", 301, 111, 0, 0), At(3, 0, "ACK", 111, 301, 1), At(4, 0, "ACK", 111, 301, 1),
            At(5, 1, "ACK", 301, 111), At(6, 0, "ACK", 111, 301, 5),
        ),
        ["new", "new", "", "new", "", "new", "new", "", "new"],
    ),
    "the first segment of an end is no probe": (
        (At(0, 0, "SYN", 100, wnd=0), At(1, 1, "ACK", 300, 101, 1), At(2, 1, "ACK", 300, 101, 1)), ["new", "new", "old"]
    ),
    "text that repeats one byte only": ((*OPEN, TEXT, At(2, 0, "ACK", 110, 301, 9)), ["new", "new", "", "new", "new"]),
    "over the wrap": (
        (At(0, 0, "ACK", 2**32 - 5, 1, 10), At(1, 0, "ACK", 5, 1, 3), At(2, 0, "ACK", 2**32 - 5, 1, 10),
         At(3, 0, "ACK", 100, 1, 1)),
        ["new", "new", "old", "gap"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", VERDICTS)
def test_verdicts(case: str) -> None:
    frames, expected = VERDICTS[case]
    assert list(verdicts(read(*frames))) == expected


ASKED = (*OPEN, At(1, 0, "ACK", 101, 301, 10), At(1.1, 0, "ACK", 121, 301, 10), At(1.15, 1, "ACK", 301, 111))
NAMES = {
    "duplicate ACK": (At(1.2, 1, "ACK", 301, 111), "duplicate ACK"),
    "one with text": (At(1.2, 1, "ACK", 301, 111, 3), ""),
    "one with FIN": (At(1.2, 1, "FIN,ACK", 301, 111), ""),
    "one that changes the window": (At(1.2, 1, "ACK", 301, 111, 0, 2000), ""),
    "one that repeats an older ACK": (At(1.2, 1, "ACK", 301, 101), ""),
    "one when nothing is outstanding": (At(1.2, 0, "ACK", 131, 301), ""),
    "the missing text, sooner than a round trip": (At(1.25, 0, "ACK", 111, 301, 10), "out of order"),
    "the missing text, later": (At(1.35, 0, "ACK", 111, 301, 10), "retransmission"),
    "text that was captured": (At(1.12, 0, "ACK", 101, 301, 10), "retransmission"),
    "keep-alive": (At(9, 1, "ACK", 300, 111), "keep-alive"),
    "new text": (At(9, 1, "ACK", 301, 111, 1), ""),
}


@pytest.mark.parametrize("case", NAMES)
def test_names(case: str) -> None:
    frame, expected = NAMES[case]
    assert list(names(read(*ASKED, frame)))[-1] == expected


def test_a_keep_alive_with_an_octet_repeats_one_that_was_acknowledged() -> None:
    """RFC 9293 §3.8.4; before the ACK the same segment is a retransmission."""
    sent, again = At(1, 0, "ACK", 101, 301, 1), At(3, 0, "ACK", 101, 301, 1)
    assert list(names(read(*OPEN, sent, again)))[-1] == "retransmission"
    assert list(names(read(*OPEN, sent, At(2, 1, "ACK", 301, 102), again)))[-1] == "keep-alive"


def test_while_the_window_is_closed_it_is_a_window_probe() -> None:
    closed = (*OPEN, At(1, 1, "ACK", 301, 101, 0, 0))
    probes = [At(2, 0, "ACK", 100, 301), At(3, 0, "ACK", 101, 301, 1), At(4, 0, "ACK", 101, 301, 1)]
    assert list(names(read(*closed, *probes)))[-3:] == ["window probe"] * 3


def test_what_fills_a_gap_twice_is_a_retransmission_the_second_time() -> None:
    late = At(1.25, 0, "ACK", 111, 301, 10)
    assert list(names(read(*ASKED, late, late)))[-2:] == ["out of order", "retransmission"]


def test_without_a_handshake_a_round_trip_is_taken_for_three_milliseconds() -> None:
    gap = (At(0, 0, "ACK", 101, 301, 10), At(1, 0, "ACK", 121, 301, 10))
    assert list(names(read(*gap, At(3.9, 0, "ACK", 111, 301, 10))))[-1] == "out of order"
    assert list(names(read(*gap, At(4.1, 0, "ACK", 111, 301, 10))))[-1] == "retransmission"


FINS = (At(1, 0, "FIN,ACK", 101, 301), At(2, 1, "ACK", 301, 102))
COURSES = {
    # opened, closed_by, closed_how, close_segments
    "SYN alone": (OPEN[:1], ("unanswered", "", "open", 0)),
    "SYN again and again": ((OPEN[0], At(1000, 0, "SYN", 100)), ("unanswered", "", "open", 0)),
    "called, then given up": ((OPEN[0], At(1000, 0, "RST", 101)), ("unanswered", "client", "RST", 0)),
    "refused": ((OPEN[0], At(1, 1, "RST,ACK", 0, 101)), ("refused", "server", "RST", 0)),
    "no third segment": (OPEN[:2], ("incomplete", "", "open", 0)),
    "a scanner's": ((*OPEN[:2], At(1, 0, "RST", 101)), ("incomplete", "client", "RST", 0)),
    "aborted with the third segment": (
        (*OPEN[:2], At(1, 0, "RST,ACK", 101, 301)), ("incomplete", "client", "RST", 0)
    ),
    "an ACK for an answer": ((OPEN[0], At(1, 1, "ACK", 9, 5)), ("incomplete", "", "open", 0)),
    "open": (OPEN, ("complete", "", "open", 0)),
    "its SYN was not captured": (OPEN[1:], ("mid-stream", "", "open", 0)),
    "in the middle": ((TEXT,), ("mid-stream", "", "open", 0)),
    "half-closed": ((*OPEN, *FINS), ("complete", "client", "FIN", 0)),
    "FIN not acknowledged": ((*OPEN, FINS[0]), ("complete", "client", "FIN", 0)),
    "four segments": (
        (*OPEN, *FINS, At(3, 1, "FIN,ACK", 301, 102), At(4, 0, "ACK", 102, 302)), ("complete", "client", "FIN", 4)
    ),
    "the last ACK is missing": ((*OPEN, *FINS, At(3, 1, "FIN,ACK", 301, 102)), ("complete", "client", "FIN", 0)),
    "three segments": (
        (*OPEN, FINS[0], At(3, 1, "FIN,ACK", 301, 102), At(4, 0, "ACK", 102, 302)), ("complete", "client", "FIN", 3)
    ),
    "the server first": (
        (*OPEN, At(1, 1, "FIN,ACK", 301, 101), At(2, 0, "FIN,ACK", 101, 302), At(3, 1, "ACK", 302, 102)),
        ("complete", "server", "FIN", 3),
    ),
    "both at once": (
        (*OPEN, FINS[0], At(1.1, 1, "FIN,ACK", 301, 101), At(2, 1, "ACK", 302, 102), At(2, 0, "ACK", 102, 302)),
        ("complete", "both", "FIN", 4),
    ),
    "aborted": ((*OPEN, At(1, 1, "RST,ACK", 301, 101)), ("complete", "server", "RST", 0)),
    "closed by one, aborted by the other": (
        (*OPEN, *FINS, At(3, 1, "RST,ACK", 301, 102)), ("complete", "server", "RST", 0)
    ),
    "a RST after the close": (
        (*OPEN, FINS[0], At(3, 1, "FIN,ACK", 301, 102), At(4, 0, "ACK", 102, 302), At(5, 1, "RST", 302)),
        ("complete", "client", "FIN", 3),
    ),
    "a RST in its name, and it goes on": ((*OPEN, At(1, 0, "RST", 150), TEXT), ("complete", "", "open", 0)),
    "both call": (
        (OPEN[0], At(0.1, 1, "SYN", 300), At(0.2, 1, "SYN,ACK", 300, 101), At(0.3, 0, "SYN,ACK", 100, 301)),
        ("complete", "", "open", 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COURSES)
def test_how_a_connection_opened_and_closed(case: str) -> None:
    frames, expected = COURSES[case]
    table = connections(read(*frames))
    assert len(table) == 1
    assert tuple(table.iloc[0][["opened", "closed_by", "closed_how", "close_segments"]]) == expected


def test_the_columns_of_a_whole_connection() -> None:
    frames = (
        OPEN[0]._replace(options=OPTIONS), OPEN[1]._replace(options=(*OPTIONS[1:], Option(MSS.kind, 1400))), OPEN[2],
        TEXT, TEXT._replace(ms=2), At(3, 1, "ACK", 301, 111, 0, 0), At(4, 1, "PSH,ACK", 301, 111, 4),
        At(9_000, 0, "ACK", 110, 305),
    )  # fmt: skip
    row = connections(read(*frames)).loc[0]
    assert tuple(row[["client", "client_port", "server", "server_port"]]) == ("10.0.0.1", 40_000, "10.0.0.2", 80)
    assert (row.start_ns, row.duration_ns) == (10**12, 9 * 10**9)
    assert tuple(row[["client_segments", "server_segments", "client_bytes", "server_bytes"]]) == (5, 3, 20, 4)
    assert tuple(row[["retransmissions", "zero_windows", "keep_alives", "duplicate_acks"]]) == (1, 1, 1, 0)
    assert row.handshake_rtt_ns == 200_000
    assert tuple(row[["mss_client", "mss_server", "scale_client", "scale_server"]]) == (1460, 1400, 7, 7)
    assert row.sack
    assert row.timestamps


def test_an_option_that_one_end_alone_offers_is_not_agreed_on() -> None:
    """RFC 7323 §2.2, RFC 2018 §2; the MSS is each end's own."""
    row = connections(read(OPEN[0]._replace(options=OPTIONS), *OPEN[1:])).loc[0]
    assert row[["mss_server", "scale_client", "scale_server"]].isna().all()
    assert row.mss_client == 1460
    assert not row.sack
    assert not row.timestamps


def test_the_round_trip_is_taken_from_the_nearest_of_repeated_segments() -> None:
    answered = (frame._replace(ms=frame.ms + 1005) for frame in OPEN[1:])
    frames = (OPEN[0], OPEN[0]._replace(ms=1000), *answered)
    assert connections(read(*frames)).handshake_rtt_ns[0] == 5_200_000
    assert connections(read(*OPEN[:2])).handshake_rtt_ns.isna().all()


def test_dtypes_also_of_nothing() -> None:
    segments = read(*OPEN)
    for table in (connections(segments), connections(segments[:0])):
        assert table.index.name == "connection"
        words = ("client", "server", "opened", "closed_by", "closed_how")
        assert {str(table[name].dtype) for name in words} == {"category"}
        assert table.completeness.dtype == np.uint8
        assert {str(table[name].dtype) for name in ("mss_client", "mss_server")} == {"UInt16"}
        assert {str(table[name].dtype) for name in ("scale_client", "scale_server")} == {"UInt8"}
        assert table.handshake_rtt_ns.dtype == "Int64"
        numbers = ["start_ns", "duration_ns", "close_segments", *table.loc[:, "client_segments":"keep_alives"]]
        assert {str(table[name].dtype) for name in numbers} == {"int64"}
    assert list(verdicts(segments[:0])) == []


def test_a_part_of_a_capture_keeps_its_numbers() -> None:
    segments = read_capture(KERNEL)
    whole = connections(segments)
    part = connections(segments[segments.connection.isin([3, 5])])
    assert list(part.index) == [3, 5]
    assert part.astype(str).equals(whole.loc[[3, 5]].astype(str))
    some = segments[segments.connection == 3]
    assert list(verdicts(some)) == list(verdicts(segments)[some.index])


# Of each scenario the last connection at end A: how it opened, who closed it, how, in how many segments.
STORIES = {
    "three-way handshake": "complete,,open,0",
    "simultaneous open": "complete,,open,0",
    "self-connect": "unanswered,,open,0",  # by its addresses it has one end, and nothing came from the other
    "listener that calls": "complete,,open,0",
    "old duplicate SYN": "complete,,open,0",
    "old duplicate SYN at two listeners": "mid-stream,client,RST,0",
    "SYN lost": "complete,,open,0",
    "SYN,ACK lost": "complete,,open,0",
    "last ACK of the handshake lost": "complete,,open,0",
    "FIN instead of the last ACK": "complete,client,FIN,4",
    "listener closes during the handshake": "complete,server,FIN,4",
    "SEND and CLOSE during the handshake": "complete,server,FIN,4",
    "SYN and FIN together": "mid-stream,client,RST,0",
    "SYN, FIN and ACK together": "complete,server,RST,0",
    "SYN flood": "complete,,open,0",
    "SYN flood with cookies": "complete,,open,0",
    "cookie that was never given": "mid-stream,client,RST,0",
    "four-segment close": "complete,client,FIN,4",
    "three-segment close": "complete,client,FIN,3",
    "simultaneous close": "complete,both,FIN,4",
    "simultaneous close, an ACK lost": "complete,both,FIN,4",
    "half-close with data": "complete,client,FIN,4",
    "text and FIN in one segment": "complete,client,FIN,4",
    "FIN with data behind a gap": "complete,client,FIN,4",
    "first FIN lost": "complete,client,FIN,4",
    "ACK of the first FIN lost": "complete,client,FIN,4",
    "second FIN lost": "complete,client,FIN,4",
    "last ACK of the close lost": "complete,client,FIN,4",
    "TIME-WAIT assassination": "complete,client,FIN,4",
    "old duplicate in the next connection": "complete,,open,0",
    "refused": "refused,server,RST,0",
    "nobody answers": "unanswered,,open,0",
    "host unreachable": "unanswered,,open,0",
    "listener closes": "refused,server,RST,0",
    "caller closes early": "incomplete,client,RST,0",
    "abort during the handshake": "complete,server,RST,0",
    "crash, and a new call": "incomplete,client,RST,0",
    "crash, and the other end sends": "complete,client,RST,0",
    "crash, and the other end closes": "complete,client,RST,0",
    "abort": "complete,client,RST,0",
    "abort, and the RST is lost": "complete,client,RST,0",
    "abort in CLOSING": "complete,both,FIN,4",
    "the line is cut": "complete,,open,0",
    "peer never closes": "complete,client,RST,0",
}


def test_every_scenario_has_its_line() -> None:
    assert list(STORIES) == list(SCENARIOS)


@pytest.mark.parametrize("name", STORIES)
def test_a_scenario_opens_and_closes_as_its_title_says(name: str) -> None:
    table = connections(read_capture(BytesIO(SCENARIOS[name].run().capture())))
    row = table.iloc[-1][["opened", "closed_by", "closed_how", "close_segments"]]
    assert ",".join(map(str, row)) == STORIES[name]


def frame_of(rows: list[tuple[int, int, int, int, int, int]]) -> DataFrame:
    """A table of segments from (end, flags, seq, ack, length, window): the columns that verdicts look at."""
    end, flags, seq, ack, length, window = np.array(rows, np.int64).reshape(-1, 6).T
    return DataFrame(
        {
            "connection": np.zeros(len(end), np.int64), "end": end.astype(np.uint8), "flags": flags.astype(np.uint16),
            "time_ns": np.arange(len(end)), "seq": (seq % 2**32).astype(np.uint32),
            "ack": (ack % 2**32).astype(np.uint32), "length": length, "window": window.astype(np.uint16),
            "window_bytes": window,
        }
    )  # fmt: skip


FIN, SYN, RST, ACK = 1, 2, 4, 16
NEAR = st.integers(1, 60)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from([0, ACK, ACK, ACK | FIN, SYN, SYN | ACK]), NEAR, NEAR, st.integers(0, 9),
        st.sampled_from([0, 500, 500]),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@given(ROWS, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_verdicts_and_names_are_the_same_wherever_the_numbers_begin(
    rows: list[tuple[int, int, int, int, int, int]], client: int, server: int
) -> None:
    shift = (client, server)
    moved = [(end, flags, seq + shift[end], ack + shift[1 - end], *more) for end, flags, seq, ack, *more in rows]
    assert list(verdicts(frame_of(rows))) == list(verdicts(frame_of(moved)))  # type: ignore[arg-type]
    assert list(names(frame_of(rows))) == list(names(frame_of(moved)))  # type: ignore[arg-type]


def plain_verdicts(rows: list[tuple[int, int, int, int, int, int]]) -> list[str]:
    """The definition, a segment at a time."""
    top: dict[int, int] = {}
    last: dict[int, tuple[int, int, int]] = {}
    found = []
    for end, flags, seq, ack, length, window in rows:
        takes = length + bool(flags & SYN) + bool(flags & FIN)
        distance = (seq - top.get(end, seq) + 2**31) % 2**32 - 2**31
        peer_flags, peer_ack, peer_window = last.get(1 - end, (0, 0, 1))
        past = bool(peer_flags & ACK) and length > 0 and (peer_ack - seq - length) % 2**32 < 2**31
        probe = end in top and distance == 0 and length == 1 and peer_window == 0
        old = past or (distance < 0 and not (distance == -1 and length > 1))
        found.append(("gap" if distance > 0 else "old" if old else "new") if takes else "")
        base = seq - distance
        top[end] = max(base, seq + (0 if probe else takes))
        last[end] = flags, ack % 2**32, window
    return found


FAR = st.one_of(NEAR, st.sampled_from([2**30, 2**31 - 90, 2**31 + 90, 3 * 2**30, 2**32 - 90]).flatmap(
    lambda base: st.integers(base, base + 60)))  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0, ACK, ACK | FIN, SYN]), FAR, FAR, st.integers(0, 9),
                          st.sampled_from([0, 500])), min_size=1, max_size=30))  # fmt: skip
def test_numbers_that_jump_far_get_the_verdict_of_the_definition(
    rows: list[tuple[int, int, int, int, int, int]],
) -> None:
    assert list(verdicts(frame_of(rows))) == plain_verdicts(rows)


OLD = ("retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order", "keep_alive")


def tshark(path: Path) -> list[dict[str, str]]:
    """What Wireshark says of each segment, read in two passes."""
    fields = ["stream", "completeness", *(f"analysis.{name}" for name in (*OLD, "lost_segment"))]
    command = ["tshark", "-n", "-2", "-r", str(path), "-o", "tcp.desegment_tcp_streams:FALSE", "-T", "fields"]
    command += ["-E", "separator=;", *(f"-etcp.{field}" for field in fields)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [dict(zip(fields, line.split(";"), strict=True)) for line in shown.splitlines()]


def merged() -> bytes:
    """All captures of this file, of the scenarios at either end, and by hand, one after the other.

    Each has addresses of its own: bytes of them are changed in the packets.
    """
    pcaps = [scenario.run().capture(end) for scenario in SCENARIOS.values() for end in range(len(scenario.hosts()))]
    pcaps += [capture(*frames) for frames, _ in (*VERDICTS.values(), *COURSES.values())]
    pcaps += [capture(*ASKED, frame) for frame, _ in NAMES.values()]
    parts = [pcaps[0][:24]]
    for number, pcap in enumerate(pcaps):
        at = 24
        while at < len(pcap):
            seconds, us, length, full = struct.unpack_from("<IIII", pcap, at)
            packet = bytearray(pcap[at + 16 : at + 16 + length])
            packet[14:16] = packet[18:20] = bytes([number, 0])
            packet[15], packet[19] = pcap[at + 16 + 15], pcap[at + 16 + 19]
            at += 16 + length
            parts += [struct.pack("<IIII", 10**9 + seconds, us, length, full), bytes(packet)]
    return b"".join(parts)


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is missing: apt-get install tshark")
@pytest.mark.parametrize("which", ["by hand and simulated", "kernel"])
def test_tshark_gives_the_same_verdicts(tmp_path: Path, which: str) -> None:
    path = tmp_path / "all.pcap"
    path.write_bytes(KERNEL.read_bytes() if which == "kernel" else merged())
    segments = read_capture(path)
    said = tshark(path)
    assert [int(each["stream"]) for each in said] == list(segments.connection)
    theirs = [
        "gap" if each["analysis.lost_segment"] else "old" if any(each[f"analysis.{name}"] for name in OLD) else "new"
        for each in said
    ]
    ours = list(verdicts(segments))
    assert ours == [their if our else "" for our, their in zip(ours, theirs, strict=True)]
    last = {int(each["stream"]): int(each["completeness"]) for each in said}
    assert connections(segments).completeness.to_dict() == last
