"""The sentences of a connection's story, each from a capture made for it."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest

from talks import OPEN, At, capture, read
from tcpbook.lab.capture.explain import explain
from tcpbook.lab.capture.read import read_capture
from tcpbook.lab.capture.sentences import OPENINGS, STORY
from tcpbook.lab.capture.wording import duration, durations
from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.errors import TcpBookError

KERNEL = Path(__file__).parents[1] / "data" / "kernel.pcap"

TEXT = At(1, 0, "PSH,ACK", 101, 301, 10)
GOT = At(2, 1, "ACK", 301, 111)
CLOSED = (At(3, 0, "FIN,ACK", 101, 301), At(3.5, 1, "ACK", 301, 102))
WHOLE = (*CLOSED, At(5, 1, "FIN,ACK", 301, 102), At(5.1, 0, "ACK", 102, 302))
LATER = At(41_003.5, 0, "SYN", 7)

# Frames and what is told of them. A part of a paragraph is enough.
TOLD = {
    "complete": (OPEN, "10.0.0.1:40000 opened the connection to 10.0.0.2:80; the handshake took 0.2 ms."),
    "SYN repeated": (
        (At(-3000, 0, "SYN", 100), At(-2000, 0, "SYN", 100), *OPEN), "The SYN was sent three times, 1 and 2 s apart."
    ),
    "SYN,ACK repeated": (
        (*OPEN[:2], At(1000.1, 1, "SYN,ACK", 300, 101), At(1000.2, 0, "ACK", 101, 301)),
        "The SYN,ACK was sent twice, 1 s apart.",
    ),
    "simultaneous open": (
        (OPEN[0], At(0.1, 1, "SYN", 300), At(0.2, 1, "SYN,ACK", 300, 101), At(0.3, 0, "SYN,ACK", 100, 301)),
        "a simultaneous open (RFC 9293 §3.5).",
    ),
    "unanswered": (
        tuple(At(ms, 0, "SYN", 100) for ms in (0, 1000, 3000, 7000)),
        "The SYN was sent four times, 1, 2 and 4 s apart: no answer.",
    ),
    "unanswered once": (OPEN[:1], "The SYN was sent once: no answer."),
    "refused": ((OPEN[0], At(0.2, 1, "RST,ACK", 0, 101)), "The server refused: RST,ACK 0.2 ms after the SYN. Nobody"),
    "no third segment": (
        (*OPEN[:2], At(1000, 1, "SYN,ACK", 300, 101)), "The server's SYN,ACK was sent twice, no ACK of it was captured:"
    ),
    "half-open": ((OPEN[0], At(1, 1, "ACK", 9, 5)), "The answer was ACK instead of SYN,ACK: to the server these ports"),
    "half-open, recovered": (
        (OPEN[0], At(1, 1, "ACK", 9, 5), At(1.1, 0, "RST", 5)),
        "The client reset the connection, 0.1 ms after the server's ACK, as it has to",
    ),
    "mid-stream": ((TEXT,), "begins in the middle: the SYN was not captured."),
    "mid-stream at the SYN,ACK": (OPEN[1:], "the SYN,ACK was captured, the SYN before it was not."),
    "one direction": ((TEXT,), "Not one segment of the server's was captured: this is one direction only."),
    "a gap that arrived": (
        (*OPEN, TEXT._replace(seq=111), At(2, 1, "ACK", 301, 121)),
        "The capture misses ten bytes of the client's. The server acknowledged them: they arrived",
    ),
    "a gap that did not": (
        (*OPEN, TEXT._replace(seq=111), At(2, 1, "ACK", 301, 101)),
        "misses ten bytes of the client's. The server never acknowledged them: they were lost on the way here.",
    ),
    "a gap that arrived in part": (
        (*OPEN, TEXT._replace(seq=111), At(2, 1, "ACK", 301, 104)),
        "misses ten bytes of the client's. The server acknowledged three of them",
    ),
    "acknowledged beyond what was captured": (
        (*OPEN, TEXT, At(2, 1, "ACK", 301, 1111)), "The capture misses 1,000 bytes of the client's."
    ),
    "no text": (OPEN, "No text passed in either direction."),
    "text": (
        (*OPEN, TEXT, GOT), "The client sent ten bytes of text in three segments; the server sent two"
    ),
    "retransmission": ((*OPEN, TEXT, TEXT), "The client repeated one segment, ten bytes, 50.0% of its text (RFC"),
    "again and again": (
        (*OPEN, TEXT, *(TEXT._replace(ms=ms) for ms in (201, 601, 1401))),
        "One of them it repeated three times, 0.4 and 0.8 s apart (RFC 9293 §3.8.1).",
    ),
    "FIN repeated": ((*OPEN, CLOSED[0], CLOSED[0]._replace(ms=1003)), "The client's FIN was sent twice, 1 s apart"),
    "out of order": (
        (*OPEN, TEXT._replace(seq=111), TEXT._replace(ms=1.1)), "One segment of the client's came out of order"
    ),
    "duplicate ACKs": (
        (*OPEN, TEXT._replace(seq=111), *(At(ms, 1, "ACK", 301, 101) for ms in (2, 3, 4))),
        "The server sent three duplicate ACKs:",
    ),
    "zero window": (
        (*OPEN, TEXT, GOT._replace(wnd=0), GOT._replace(ms=2002, wnd=0), GOT._replace(ms=4202)),
        "The server closed its window once, for 4.2 s in all. Its program did not read as fast as the client sent",
    ),
    "zero window to the end": (
        (*OPEN, TEXT, GOT._replace(wnd=0), At(52, 0, "ACK", 110, 301)),
        "The server closed its window once, for 50 ms in all, and it is closed to the end.",
    ),
    "window probes": (
        (*OPEN, TEXT, GOT._replace(wnd=0), At(202, 0, "ACK", 110, 301), At(602, 0, "ACK", 110, 301)),
        "The client asked twice whether the server's window is open again, 0.4 s apart (RFC 9293 §3.8.6.1).",
    ),
    "keep-alives": (
        (*OPEN, At(10_000, 0, "ACK", 100, 301), At(10_001, 1, "ACK", 301, 101), At(20_000, 0, "ACK", 100, 301)),
        "The client sent two keep-alives, 10 s apart (RFC 9293 §3.8.4).",
    ),
    "keep-alives without an answer": (
        (*OPEN, At(10_000, 0, "ACK", 100, 301)), "The client sent one keep-alive (RFC 9293 §3.8.4): the server"
    ),
    "silence": (
        (*OPEN, TEXT, At(3001, 1, "ACK", 301, 111)),
        "The longest silence lasted 3 s: after frame 4, PSH,ACK from the client, until the server sent ACK.",
    ),
    "three segments": (
        (*OPEN, CLOSED[0], *WHOLE[2:]), "The client closed first. Three segments: the server's FIN brought"
    ),
    "four segments": (
        (*OPEN, *WHOLE),
        "The client closed first, the server 2 ms later. Four segments: the first FIN was acknowledged",
    ),
    "half-closed": (
        (*OPEN, *CLOSED, At(4, 1, "ACK", 301, 102, 7), At(5, 1, "FIN,ACK", 308, 102), At(5.1, 0, "ACK", 102, 309)),
        "In between the server sent seven bytes: a half-closed connection (RFC 9293 §3.6.1).",
    ),
    "both close": (
        (*OPEN, CLOSED[0], At(3.1, 1, "FIN,ACK", 301, 101), At(4, 1, "ACK", 302, 102), At(4, 0, "ACK", 102, 302)),
        "Both ends closed at once, neither knowing of the other's FIN: a simultaneous close",
    ),
    "never closed": (
        (*OPEN, *CLOSED, LATER),
        "The client closed first; the server never closed: CLOSE-WAIT for 41 s, until the capture ends.",
    ),
    "never closed, and cut off": (
        (*OPEN, *CLOSED),
        "The client closed first. When the capture ends, the server is in CLOSE-WAIT: it may still send",
    ),
    "FIN without an ACK": ((*OPEN, CLOSED[0]), "The client's FIN was not acknowledged within the capture"),
    "still open": ((*OPEN, LATER), "Neither end closed within the capture, which goes on for 41 s after"),
    "still open at its end": (OPEN, "Neither end closed within the capture."),
    "scanned": (
        (*OPEN[:2], At(0.3, 0, "RST", 101)),
        "The client reset the connection, 0.2 ms after the server's SYN,ACK, before the handshake was complete.",
    ),
    "asked for by somebody else": ((OPEN[1], At(0.2, 0, "RST", 101)), "SYN,ACK, which it had not asked for"),
    "aborted": (
        (*OPEN, TEXT, At(2, 1, "RST,ACK", 301, 101)),
        "The server reset the connection, 1 ms after the client's PSH,ACK, while both directions were open.",
    ),
    "what an abort loses": (
        (*OPEN, TEXT, At(2, 1, "RST,ACK", 301, 101)), "Ten bytes of the client's had not been acknowledged by then"
    ),
    "aborted after its own FIN": (
        (*OPEN, *CLOSED, At(4, 1, "ACK", 301, 102, 7), At(4.1, 0, "RST", 102)), "after its own FIN: what the"
    ),
    "aborted after the other's": ((*OPEN, *CLOSED, At(9, 1, "RST,ACK", 301, 102)), "after the client's FIN, "),
    "aborted while closing": (
        (*OPEN, *CLOSED, At(5, 1, "FIN,ACK", 301, 102), At(5.1, 0, "RST", 102)), "while both were closing"
    ),
    "a RST after the close": ((*OPEN, *WHOLE, At(9, 1, "RST", 302)), "One RST changed nothing: all was closed before."),
    "a forged RST": ((*OPEN, At(0.5, 0, "RST", 150), TEXT), "One RST changed nothing: an old duplicate asked for it,"),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_a_story_says(case: str) -> None:
    frames, expected = TOLD[case]
    shifted = [frame._replace(ms=frame.ms + 10_000) for frame in frames]
    assert expected in str(explain(read(*shifted), 0))


def test_every_way_of_opening_and_every_teller_is_heard() -> None:
    stories = [read(*(frame._replace(ms=frame.ms + 10_000) for frame in frames)) for frames, _ in TOLD.values()]
    from tcpbook.lab.capture.seen import Seen

    seen = [Seen(story[story.connection == 0], 0) for story in stories]
    assert {each.row.opened for each in seen} == set(OPENINGS)
    assert [tell for tell in STORY if not any(list(tell(each)) for each in seen)] == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_scenario_can_be_told(name: str) -> None:
    trace = SCENARIOS[name].run()
    for end in range(len(trace.names)):
        segments = read_capture(BytesIO(trace.capture(end)))
        for connection in segments.connection.unique():
            for paragraph in explain(segments, connection).paragraphs:
                assert re.fullmatch(r"[A-Z0-9\[].*[.)]", paragraph), paragraph


UNTOLD = {
    "a FIN alone is no text that is lost": (
        (*OPEN, At(3, 1, "FIN,ACK", 301, 101), At(4, 0, "RST", 101)), "had not been acknowledged"
    ),
    "what lies before the capture is not missing": ((TEXT, TEXT._replace(seq=51)), "misses"),
    "silence between SYNs is told once": ((OPEN[0]._replace(ms=-3000), *OPEN), "silence"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNTOLD)
def test_a_story_does_not_say(case: str) -> None:
    frames, words = UNTOLD[case]
    shifted = [frame._replace(ms=frame.ms + 10_000) for frame in frames]
    assert words not in str(explain(read(*shifted), 0))


def test_a_quiet_connection_is_told_in_three_sentences() -> None:
    """What didn't happen is not told: no gap, no repetition, no silence."""
    assert len(explain(read(*OPEN, TEXT, GOT), 0).paragraphs) == 3


def test_the_kernel_s_connections() -> None:
    segments = read_capture(KERNEL)
    told = [str(explain(segments, number)) for number in range(10)]
    assert sum(story.startswith("[2001:db8::1]:") for story in told) == 5
    assert sum("The server refused: RST,ACK" in story for story in told) == 2
    assert str(explain(segments, 0)) == repr(explain(segments, 0))


def test_addresses_put_no_markup_into_the_page() -> None:
    segments = read(*OPEN)
    hostile = "<script>alert('1')</script>"
    for side in ("source", "destination"):
        segments[side] = segments[side].cat.rename_categories(lambda address: f"{hostile}{address}")
    page = explain(segments, 0)._repr_html_()
    assert re.findall(r"<[^>]*>", page) == ["<p>", "</p>"] * 3
    assert "&lt;script&gt;alert(&#x27;1&#x27;)" in page


@pytest.mark.parametrize("connection", [1, -1])
def test_a_connection_that_is_not_there(connection: int) -> None:
    with pytest.raises(TcpBookError, match=rf"connection {connection} is not in this capture; it has 0 to 0: choose"):
        explain(read(*OPEN), connection)


def test_nothing_to_tell_of_an_empty_capture() -> None:
    with pytest.raises(TcpBookError, match="it has none"):
        explain(read_capture(BytesIO(capture(*OPEN)))[:0], 0)


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (0, "0 ns"), (7, "7 ns"), (100, "0.1 µs"), (99_949, "99.9 µs"), (200_000, "0.2 ms"), (12_345_678, "12.3 ms"),
        (999_900_000, "1 s"), (1_040_000_000, "1.04 s"), (41_000_000_000, "41 s"), (7_261 * 10**9, "2 h 1 min"),
        (125 * 10**9, "2 min 5 s"), (-5_000_000, "-5 ms"),
    ],
)  # fmt: skip
def test_times_are_said_short(ns: int, said: str) -> None:
    assert duration(ns) == said


def test_a_unit_that_all_times_share_stands_once() -> None:
    assert durations([10**9, 2 * 10**9, 4 * 10**9]) == "1, 2 and 4 s"
    assert durations([10**6, 2 * 10**9]) == "1 ms and 2 s"
    assert durations([10**9]) == "1 s"
