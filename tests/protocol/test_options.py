"""TCP options: the table, and whatever may stand in the options' place of a header (RFC 9293 §3.1, §3.2)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpbook.protocol import options as tcp
from tcpbook.protocol.errors import Problem, TcpBookError
from tcpbook.protocol.options import OPTIONS, Malformed, Option

WORD = st.integers(0, 2**32 - 1)
VALUES: dict[int, st.SearchStrategy[Any]] = {
    1: st.none(),
    2: st.integers(0, 65535),
    3: st.integers(0, 255),
    4: st.none(),
    5: st.lists(st.tuples(WORD, WORD), min_size=1, max_size=4).map(tuple),
    8: st.tuples(WORD, WORD),
    19: st.binary(min_size=16, max_size=16),
    28: st.tuples(st.integers(0, 1), st.integers(0, 32767)),
    34: st.sampled_from([0, 4, 6, 8, 10, 12, 14, 16]).flatmap(lambda n: st.binary(min_size=n, max_size=n)),
}
KNOWN = st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.builds(Option, st.just(kind), VALUES[kind]))
UNKNOWN = st.builds(Option, st.integers(0, 255).filter(lambda kind: kind not in OPTIONS), st.binary(max_size=38))


def test_every_row_but_the_end_of_the_list_has_values_here() -> None:
    assert set(VALUES) == set(OPTIONS) - {tcp.EOL.kind}


@pytest.mark.parametrize(
    ("option", "octets"),
    [
        (tcp.NOP(), "01"),
        (tcp.MSS(1460), "02 04 05b4"),
        (tcp.WINDOW_SCALE(7), "03 03 07"),
        (tcp.SACK_PERMITTED(), "04 02"),
        (tcp.SACK(((1, 2), (3, 4))), "05 12 00000001 00000002 00000003 00000004"),
        (tcp.TIMESTAMPS((1, 2)), "08 0a 00000001 00000002"),
        (tcp.MD5(bytes(range(16))), "13 12 000102030405060708090a0b0c0d0e0f"),
        (tcp.USER_TIMEOUT_OPTION((1, 5)), "1c 04 8005"),
        (tcp.FAST_OPEN(b""), "22 02"),
        (tcp.FAST_OPEN(b"cook"), "22 06 636f6f6b"),
        (Option(253, b"\xf9\x89"), "fd 04 f989"),
        (tcp.EOL(), "00"),
        (tcp.EOL(b"\0\1"), "00 00 01"),
        (Option(2, Malformed(b"\x02\x03\x05")), "02 03 05"),
    ],
)
def test_bytes_of_each_kind(option: Option, octets: str) -> None:
    assert tcp.to_bytes(option) == bytes.fromhex(octets)


@given(st.one_of(KNOWN, UNKNOWN))
def test_one_option_survives_the_round_trip(option: Option) -> None:
    data = tcp.encode([option])
    assert len(data) % 4 == 0
    assert tcp.decode(data)[0] == option


@given(st.lists(st.one_of(KNOWN, UNKNOWN), max_size=10))
def test_many_options_survive_or_are_too_long(options: list[Option]) -> None:
    size = sum(len(tcp.to_bytes(option)) for option in options)
    if size > 40:
        with pytest.raises(TcpBookError, match="room for 40"):
            tcp.encode(options)
    else:
        decoded = tcp.decode(tcp.encode(options))
        assert decoded[: len(options)] == tuple(options)
        assert [option.kind for option in decoded[len(options) :]] in ([], [0])


@given(st.integers(0, 10).flatmap(lambda n: st.binary(min_size=4 * n, max_size=4 * n)))
def test_any_bytes_at_all_are_kept(data: bytes) -> None:
    problems: list[Problem] = []
    options = tcp.decode(data, problems)
    assert tcp.encode(options) == data
    for problem in problems:
        assert 20 <= problem.start < problem.stop <= 20 + len(data)
    if any(problem.kind == "error" for problem in problems):
        with pytest.raises(TcpBookError):
            tcp.decode(data)
    else:
        assert tcp.decode(data) == options


SPOILED = {
    "length 0": ("02 00 05b4", "Maximum Segment Size at byte 20 has length 0, the least is 2"),
    "length 1": ("08 01 0000", "Timestamps at byte 20 has length 1, the least is 2"),
    "past the end": ("01 01 05 0a", "Selective Acknowledgment at byte 22 has length 10, the header has 2 bytes left"),
    "one byte past the end": (
        "01 02 04 05",
        "Maximum Segment Size at byte 21 has length 4, the header has 3 bytes left",
    ),
    "no length": ("01 01 01 02", "Maximum Segment Size at byte 23 ends before its length byte"),
    "wrong length": ("02 03 05 01", "Maximum Segment Size at byte 20 has length 3, it must be 4 bytes"),
    "SACK, half a block": ("05 06 00000001 01 01", "length 6, it must be 10, 18, 26 or 34 bytes"),
    "cookie, odd": ("22 07 0102030405 01", "Fast Open Cookie at byte 20 has length 7"),
    "unknown, length 0": ("63 00 00 00", "unknown option, kind 99 at byte 20 has length 0"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_malformed_options(name: str) -> None:
    octets, text = SPOILED[name]
    data = bytes.fromhex(octets)
    with pytest.raises(TcpBookError, match=text):
        tcp.decode(data)
    problems: list[Problem] = []
    options = tcp.decode(data, problems)
    assert [(problem.kind, text in problem.text) for problem in problems] == [("error", True)]
    assert [option for option in options if isinstance(option.value, Malformed)]
    assert tcp.encode(options) == data


def test_options_behind_one_of_wrong_length_are_still_read() -> None:
    assert tcp.decode(bytes.fromhex("02 03 05 03 03 07 01 01"), [])[1:] == (
        tcp.WINDOW_SCALE(7), tcp.NOP(), tcp.NOP(),
    )  # fmt: skip


def test_padding_that_is_not_zero_is_a_remark() -> None:
    """MUST-69."""
    problems: list[Problem] = []
    assert tcp.decode(bytes.fromhex("01 00 00 07"), problems) == (tcp.NOP(), tcp.EOL(b"\0\7"))
    assert [(problem.kind, problem.start, problem.stop) for problem in problems] == [("remark", 22, 24)]
    assert tcp.decode(bytes.fromhex("01 00 00 07")) == (tcp.NOP(), tcp.EOL(b"\0\7"))


@pytest.mark.parametrize(
    ("option", "limit"),
    [
        (tcp.MSS(70000), "a number from 0 to 65535"),
        (tcp.MSS(-1), "a number from 0 to 65535"),
        (tcp.MSS("1460"), "a number from 0 to 65535"),
        (tcp.MSS(), "a number from 0 to 65535"),
        (tcp.WINDOW_SCALE(256), "a number from 0 to 255"),
        (tcp.NOP(1), "no value"),
        (tcp.SACK(()), "10, 18, 26 or 34 bytes"),
        (tcp.SACK(((1, 2),) * 5), "10, 18, 26 or 34 bytes"),
        (tcp.TIMESTAMPS((1,)), "2 numbers"),
        (tcp.TIMESTAMPS(5), "2 numbers"),
        (tcp.MD5(b"short"), "18 bytes"),
        (tcp.USER_TIMEOUT_OPTION((2, 5)), "granularity"),
        (tcp.USER_TIMEOUT_OPTION((0, 32768)), "32767"),
        (tcp.FAST_OPEN("text"), "bytes"),
        (Option(99, 5), "38 bytes"),
        (Option(99, bytes(39)), "38 bytes"),
        (Option(256, b""), r"0\.\.255"),
    ],
)
def test_values_that_do_not_fit(option: Option, limit: str) -> None:
    with pytest.raises(TcpBookError, match=limit):
        tcp.encode([option])


def test_an_equal_value_of_another_type_is_not_taken_for_a_number() -> None:
    assert tcp.encode([tcp.MSS(1460)])
    with pytest.raises(TcpBookError, match=r"can't hold 1460\.0"):
        tcp.encode([tcp.MSS(1460.0)])
    with pytest.raises(TcpBookError, match=r"can't hold \[1460\]"):
        tcp.encode([tcp.MSS([1460])])


def test_nothing_may_follow_the_end_of_the_list() -> None:
    with pytest.raises(TcpBookError, match="move it to the end"):
        tcp.encode([tcp.EOL(), tcp.NOP()])


def test_spans_lie_side_by_side() -> None:
    assert [span[1:] for span in tcp.spans((tcp.MSS(1), tcp.NOP(), tcp.WINDOW_SCALE(1)))] == [(0, 4), (4, 5), (5, 8)]


def test_how_options_show_themselves() -> None:
    assert repr((tcp.TIMESTAMPS((1, 2)), tcp.SACK(((1, 2), (3, 4))), tcp.EOL())) == "(<TS 1 2>, <SACK 1-2 3-4>, <EOL>)"
    assert str(Option(2, Malformed(b"\x02\x03\x05"))) == "MSS malformed 02 03 05"
    assert repr(tcp.MSS) == "<TCP option 2, Maximum Segment Size>"


def test_timestamps_cut_off_after_their_length_stay_what_they_are() -> None:
    """Two malformed bytes are not two numbers."""
    problems: list[Problem] = []
    (option,) = tcp.decode(b"\x08\x0a", problems)
    assert len(problems) == 1
    assert tcp.to_bytes(option) == b"\x08\x0a"
