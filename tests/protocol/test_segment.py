"""Segments to bytes and back (RFC 9293 §3.1)."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.options import FAST_OPEN, MSS, NOP, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE, Malformed, Option
from tcpbook.protocol.segment import (
    FIELD,
    FIELDS,
    HEADER_BYTES,
    Address,
    Segment,
    internet_checksum,
    packed,
    pseudo_header,
)

V4 = ("192.0.2.1", "192.0.2.2")
V6 = ("2001:db8::1", "2001:db8::2")
SYN = Segment(40000, 80, seq=1000, flags=Flags.SYN, wnd=64240, options=(
    MSS(1460), SACK_PERMITTED(), TIMESTAMPS((1, 0)), NOP(), WINDOW_SCALE(7)))  # fmt: skip

WORD, HALF_WORD = st.integers(0, 2**32 - 1), st.integers(0, 65535)
SEGMENTS = st.builds(
    Segment, HALF_WORD, HALF_WORD, WORD, WORD, st.integers(0, 511).map(Flags), HALF_WORD, HALF_WORD, HALF_WORD,
    st.sampled_from([(), SYN.options, (NOP(), NOP(), TIMESTAMPS((5, 6)))]), st.binary(max_size=50), st.integers(0, 7),
)  # fmt: skip


def slow_checksum(data: bytes) -> int:
    """RFC 1071's loop."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@given(st.one_of(st.binary(max_size=99), st.lists(st.sampled_from([b"\0", b"\xff", b"\0\1"])).map(b"".join)))
def test_checksum_equals_the_plain_loop(data: bytes) -> None:
    assert internet_checksum(data) == slow_checksum(data)


@given(SEGMENTS)
def test_round_trip(segment: Segment) -> None:
    assert Segment.decode(segment.encode()) == segment


@given(st.binary(min_size=20, max_size=80))
def test_any_bytes_that_decode_encode_identically(data: bytes) -> None:
    segment, problems = Segment.examine(data)
    if "Data Offset" not in [problem.field for problem in problems]:
        assert segment.encode() == data
    if any(problem.kind == "error" for problem in problems):
        with pytest.raises(TcpBookError):
            Segment.decode(data)
    else:
        assert Segment.decode(data) == segment


@given(st.binary(max_size=19))
def test_truncated_headers(data: bytes) -> None:
    with pytest.raises(TcpBookError, match=f"has {len(data)} bytes, a TCP header takes at least 20"):
        Segment.decode(data)
    segment, problems = Segment.examine(data)
    assert [(problem.kind, problem.field) for problem in problems] == [("error", "TCP header")]
    assert segment.encode()[: min(len(data), 12)] == data[:12]


@given(SEGMENTS, st.sampled_from([V4, V6]))
def test_checksum_of_both_ip_versions(segment: Segment, addresses: tuple[str, str]) -> None:
    data = segment.encode(*addresses)
    assert slow_checksum(pseudo_header(*addresses, len(data)) + data) == 0
    zeroed = FIELD["Checksum"].write(data, 0)
    assert FIELD["Checksum"].read(data) == slow_checksum(pseudo_header(*addresses, len(data)) + zeroed)
    assert Segment.decode(data, *addresses) == segment._replace(checksum=FIELD["Checksum"].read(data))


@given(SEGMENTS, st.integers(0, 255), st.integers(1, 255))
def test_a_damaged_byte_is_noticed(segment: Segment, place: int, change: int) -> None:
    damaged = bytearray(segment._replace(options=()).encode(*V4))
    place %= len(damaged)
    damaged[place] ^= change
    problems = Segment.examine(bytes(damaged), *V4)[1]
    assert {"Checksum", "Data Offset"} & {problem.field for problem in problems if problem.kind == "error"}


def test_bad_checksum_names_the_right_one() -> None:
    data = SYN.encode(*V4)
    right = FIELD["Checksum"].read(data)
    with pytest.raises(TcpBookError, match=f"0x0001 is wrong, these bytes and addresses give {right:#06x}"):
        Segment.decode(FIELD["Checksum"].write(data, 1), *V4)
    assert Segment.decode(FIELD["Checksum"].write(data, 1)).checksum == 1


def test_checksum_zero_may_be_written_as_ones() -> None:
    """Both are zero in ones' complement; a receiver's sum can't tell them apart."""
    empty = Segment().encode(*V4)
    data = FIELD["Urgent Pointer"].write(empty, FIELD["Checksum"].read(empty))
    assert Segment.decode(FIELD["Checksum"].write(data, 0), *V4)
    assert Segment.decode(FIELD["Checksum"].write(data, 0xFFFF), *V4)
    assert FIELD["Checksum"].read(Segment.decode(data).encode(*V4)) == 0


@pytest.mark.parametrize("form", [str, ipaddress.ip_address, lambda text: ipaddress.ip_address(text).packed])
@pytest.mark.parametrize("addresses", [V4, V6])
def test_addresses_in_every_form(form: Any, addresses: tuple[str, str]) -> None:
    assert SYN.encode(*map(form, addresses)) == SYN.encode(*addresses)


@pytest.mark.parametrize(
    ("addresses", "text"),
    [
        ((V4[0], V6[0]), "different IP versions"),
        (("192.0.2.256", V4[0]), "'192.0.2.256' is not an IP address"),
        ((V4[0], None), "None is not an IP address; give both"),
        ((b"abc", b"abcd"), "b'abc' is not an IP address"),
        ((["10.0.0.1"], V4[1]), r"\['10.0.0.1'\] is not an IP address"),
    ],
)
def test_impossible_addresses(addresses: tuple[Address | None, Address | None], text: str) -> None:
    with pytest.raises(TcpBookError, match=text):
        SYN.encode(*addresses)
    with pytest.raises(TcpBookError, match=text):
        Segment.decode(SYN.encode(), *addresses)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"source_port": 70000}, r"Source Port 70000 is outside 0\.\.65535"),
        ({"destination_port": -1}, r"Destination Port -1 is outside 0\.\.65535"),
        ({"seq": -1}, r"Sequence Number -1 is outside 0\.\.4294967295"),
        ({"ack": 2**32}, r"Acknowledgment Number 4294967296 is outside"),
        ({"wnd": 65536}, r"Window 65536 is outside 0\.\.65535"),
        ({"wnd": 1.5}, r"Window 1\.5 is outside 0\.\.65535; give a whole number"),
        ({"up": 65536}, r"Urgent Pointer 65536 is outside"),
        ({"reserved": 8}, r"Reserved 8 is outside 0\.\.7"),
        ({"reserved": -1}, r"Reserved -1 is outside 0\.\.7"),
        ({"flags": 512}, r"flags 512 is outside 0\.\.511"),
        ({"flags": "SYN"}, r"flags 'SYN' is outside 0\.\.511"),
        ({"data": "text"}, r"data 'text' is not bytes"),
        ({"options": (MSS(70000),)}, r"Maximum Segment Size can't hold 70000"),
    ],
)
@pytest.mark.parametrize("addresses", [(), V4])
def test_values_that_do_not_fit(change: dict[str, Any], text: str, addresses: tuple[str, ...]) -> None:
    with pytest.raises(TcpBookError, match=text):
        SYN._replace(**change).encode(*addresses)


def test_a_checksum_that_does_not_fit_matters_only_if_it_is_written() -> None:
    with pytest.raises(TcpBookError, match=r"Checksum 65536 is outside 0\.\.65535"):
        Segment(checksum=65536).encode()
    assert Segment(checksum=65536).encode(*V4) == Segment().encode(*V4)


@pytest.mark.parametrize("data", ["text", None, 20, [1, 2]])
def test_what_is_no_bytes(data: Any) -> None:
    with pytest.raises(TcpBookError, match="is not bytes"):
        Segment.decode(data)


def test_bytearray_and_memoryview_are_bytes() -> None:
    assert Segment.decode(bytearray(SYN.encode())) == Segment.decode(memoryview(SYN.encode())) == SYN


@pytest.mark.parametrize("offset", [*range(5), 6, 15])
def test_data_offsets_out_of_range(offset: int) -> None:
    data = FIELD["Data Offset"].write(Segment(seq=7, data=b"abc").encode(), offset)
    with pytest.raises(TcpBookError, match=f"Data Offset {offset} puts the data at byte {4 * offset}; it must be at"):
        Segment.decode(data)
    segment, problems = Segment.examine(data)
    assert (problems[0].field, problems[0].start, problems[0].stop) == ("Data Offset", 12, 13)
    assert segment.seq == 7
    if offset < 5:
        assert segment.data == b"abc"


REMARKS = {
    "reserved bits": (Segment(flags=Flags.ACK, reserved=2), "Reserved", (12, 13)),
    "AE": (Segment(flags=Flags.ACK | Flags.AE), "AE", (12, 13)),
    "no flags": (Segment(), "flags", (13, 14)),
    "FIN alone": (Segment(flags=Flags.FIN), "flags", (13, 14)),
    "SYN and FIN": (Segment(flags=Flags.SYN | Flags.FIN), "flags", (13, 14)),
    "SYN and RST": (Segment(flags=Flags.SYN | Flags.RST), "flags", (13, 14)),
    "urgent": (Segment(flags=Flags.ACK | Flags.URG, up=4, data=b"abc"), "Urgent Pointer", (18, 20)),
    "MSS": (Segment(flags=Flags.ACK, options=(NOP(), MSS(1))), "Maximum Segment Size", (21, 25)),
    "cookie": (Segment(flags=Flags.ACK, options=(FAST_OPEN(b""),)), "Fast Open Cookie", (20, 22)),
    "padding": (Segment(flags=Flags.ACK, options=(Option(0, b"\0\0\1"),)), "End of Option List", (21, 24)),
}


@pytest.mark.parametrize("name", REMARKS)
def test_remarks_never_raise(name: str) -> None:
    segment, field, place = REMARKS[name]
    assert Segment.decode(segment.encode(*V4), *V4).encode() == segment.encode(*V4)
    problems = Segment.examine(segment.encode())[1]
    assert [(problem.kind, problem.field) for problem in problems] == [("remark", field)]
    assert (problems[0].start, problems[0].stop) == place


@pytest.mark.parametrize(
    "segment",
    [SYN, Segment(flags=Flags.ACK), Segment(flags=Flags.RST, up=9), Segment(flags=Flags.FIN | Flags.ACK, ack=1),
     Segment(flags=Flags.ACK | Flags.URG, up=3, data=b"abc"), Segment(flags=Flags.SYN | Flags.ACK | Flags.ECE)],
)  # fmt: skip
def test_usual_segments_have_no_problems(segment: Segment) -> None:
    assert Segment.examine(segment.encode(*V4), *V4)[1] == []


def test_a_malformed_option_keeps_its_bytes() -> None:
    data = Segment(flags=Flags.SYN, options=(NOP(), Option(2, Malformed(b"\x02\x03\x05")))).encode()
    segment, problems = Segment.examine(data)
    assert segment.encode() == data
    assert [(problem.kind, problem.start, problem.stop) for problem in problems] == [("error", 21, 24)]


def test_the_table_covers_the_header_without_gaps() -> None:
    ends = [0, *(field.bit + field.width for field in FIELDS)]
    assert [field.bit for field in FIELDS] == ends[:-1]
    assert ends[-1] == 8 * HEADER_BYTES == 160
    assert " ".join(field.name for field in FIELDS if field.width == 1) == "AE CWR ECE URG ACK PSH RST SYN FIN"


def test_the_words_of_the_header_stand_in_the_order_of_a_segments_values() -> None:
    words = [field for field in FIELDS if field.bit % 16 == 0]
    named = ["flags" if field.name == "Data Offset" else field.attribute for field in words]
    assert named == list(Segment._fields[: len(words)])


@given(SEGMENTS)
def test_every_field_is_read_where_the_table_says(segment: Segment) -> None:
    data = segment.encode()
    for field in FIELDS:
        value = getattr(segment, field.attribute)
        expected = int(Flags[field.name] in segment.flags) if field.attribute == "flags" else value
        assert field.read(data) == expected, field.name


@given(SEGMENTS, st.sampled_from(FIELDS), WORD)
def test_writing_a_field_changes_it_alone(segment: Segment, field: Any, value: int) -> None:
    data = segment.encode()
    value &= field.limit
    changed = field.write(data, value)
    assert len(changed) == len(data)
    assert field.read(changed) == value
    assert [other.read(changed) for other in FIELDS if other != field] == [
        other.read(data) for other in FIELDS if other != field
    ]
    different = [place for place in range(len(data)) if data[place] != changed[place]]
    assert all(field.start <= place < field.stop for place in different)
    with pytest.raises(TcpBookError, match=f"{field.name} {field.limit + 1} is outside"):
        field.write(data, field.limit + 1)


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        (Segment(seq=100, flags=Flags.SYN), "<SEQ=100><CTL=SYN>"),
        (Segment(seq=300, ack=101, flags=Flags.SYN | Flags.ACK), "<SEQ=300><ACK=101><CTL=SYN,ACK>"),
        (Segment(seq=101, ack=301, flags=Flags.ACK, data=b"hello"), "<SEQ=101><ACK=301><CTL=ACK><DATA=5>"),
        (Segment(seq=1, flags=Flags.URG, up=2, wnd=0), "<SEQ=1><CTL=URG><UP=2><WND=0>"),
        (SYN, "<SEQ=1000><CTL=SYN><WND=64240><OPT=MSS 1460,SACK-permitted,TS 1 0,NOP,WS 7>"),
    ],
)
def test_segments_look_as_in_the_rfcs_figures(segment: Segment, text: str) -> None:
    assert repr(segment) == text


@pytest.mark.parametrize(
    ("flags", "data", "length"),
    [("SYN", b"", 1), ("FIN,ACK", b"ab", 3), ("SYN,FIN", b"", 2), ("ACK", b"abc", 3), ("RST", b"", 0)],
)
def test_segment_length_counts_syn_and_fin(flags: str, data: bytes, length: int) -> None:
    assert Segment(flags=Flags.parse(flags), data=data).len == length


def test_data_offset_follows_from_the_options() -> None:
    assert (Segment().data_offset, SYN.data_offset) == (5, 10)


def test_packed_addresses() -> None:
    assert packed("10.0.0.1") == b"\x0a\0\0\1"
    assert pseudo_header("::1", "::2", 20) == bytes(15) + b"\1" + bytes(15) + b"\2" + b"\0\0\0\x14\0\0\0\6"
