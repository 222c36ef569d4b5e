"""The header map: every field at its place, to scale, with its value."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpbook.figures.headermap import BIT, GAP, LEFT, LETTER, field_id, headermap
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.options import MSS, NOP, SACK, TIMESTAMPS, WINDOW_SCALE, Option, to_bytes
from tcpbook.protocol.segment import FIELDS, HEADER_BYTES, Segment

SVG = "{http://www.w3.org/2000/svg}"
SYN = Segment(49152, 80, 100, flags=Flags.SYN, options=(MSS(1460), NOP(), WINDOW_SCALE(7)), data=b"hello")
FULL = Segment(1, 65535, 2**32 - 1, 2**32 - 1, Flags.AE | Flags.CWR | Flags.FIN, 7, 0xBEEF, 9, reserved=5)

Box = tuple[float, float, float, float]


def groups(svg: str) -> dict[str, ElementTree.Element]:
    parts = [group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if "data-field" in group.attrib]
    return {part.attrib["data-field"].split()[0]: part for part in parts}


def boxes(part: ElementTree.Element) -> list[Box]:
    """The rectangles of a part: left, top, right, bottom, with the gap around them."""
    found = []
    for rect in part.iter(f"{SVG}rect"):
        x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        found.append((x - GAP, y - GAP, x + width + GAP, y + height + GAP))
    return found


def words(part: ElementTree.Element) -> list[str]:
    """The texts of a part: those of several lines, as a flag's letters, joined."""
    return ["".join(text.itertext()) for text in part.iter(f"{SVG}text")]


def test_every_field_stands_at_its_bit_and_is_as_wide_as_its_bits() -> None:
    drawn = groups(headermap(SYN).svg)
    tops = []
    for field in FIELDS:
        ((left, top, right, _),) = boxes(drawn[field_id(field)])
        assert (left, right) == (LEFT + BIT * (field.bit % 32), LEFT + BIT * (field.bit % 32 + field.width))
        tops.append((field.bit // 32, top))
    rows = sorted(set(tops))
    assert [row for row, _ in rows] == [0, 1, 2, 3, 4]
    assert all(above < below for (_, above), (_, below) in pairwise(rows))


AREAS = st.lists(
    st.sampled_from([to_bytes(option) for option in (NOP(), MSS(1460), TIMESTAMPS((1, 2)), SACK(((1, 2), (3, 4))))])
    | st.binary(max_size=12),
    max_size=5,
).map(lambda parts: b"".join(parts)[:40])


@given(options=AREAS, data=st.binary(max_size=9))
@example(options=b"\x01" * 38 + b"\x08\x0a", data=b"x")  # timestamps cut off behind their length
def test_boxes_fill_the_rows_and_never_overlap(options: bytes, data: bytes) -> None:
    """Whatever bytes the options are, well formed or not."""
    options += bytes(-len(options) % 4)
    octets = bytes(12) + bytes([5 + len(options) // 4 << 4]) + bytes(7) + options + data
    svg = headermap(octets).svg
    drawn = groups(svg)
    _, _, width, height = map(float, ElementTree.fromstring(svg).attrib["viewBox"].split())
    every = [box for part in drawn.values() for box in boxes(part)]
    for left, top, right, bottom in every:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for one, other in combinations(every, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    area = sum(right - left for name, part in drawn.items() if name != "data" for left, _, right, _ in boxes(part))
    assert area == 8 * BIT * (HEADER_BYTES + len(options))
    values = [value for name, part in drawn.items() if name.startswith("option") for value in words(part)[1::2]]
    assert bytes.fromhex(" ".join(values)) == options
    if data:
        ((left, _, right, _),) = boxes(drawn["data"])
        assert (left, right) == (LEFT, LEFT + 8 * BIT * min(4, len(data)))


def test_texts_stand_in_the_middle_of_their_boxes_and_inside() -> None:
    for part in groups(headermap(SYN).svg).values():
        middles = {(left + right) / 2: (top, bottom) for left, top, right, bottom in boxes(part)}
        for line in part.iter(f"{SVG}tspan"):
            top, bottom = middles[float(line.attrib["x"])]
            assert top + GAP + 6 <= float(line.attrib["y"]) <= bottom - GAP - 6


def test_ruler_and_offsets_number_bits_and_bytes() -> None:
    root = ElementTree.fromstring(headermap(SYN).svg)
    texts = root.findall(f"{SVG}text")
    ruler = [text for text in texts if "tcpbook-bit" in text.attrib["class"].split()]
    assert ["".join(text.itertext()) for text in ruler] == [str(bit) for bit in range(32)]
    assert [float(text[0].attrib["x"]) for text in ruler] == [LEFT + BIT * (bit + 0.5) for bit in range(32)]
    offsets = ["".join(text.itertext()) for text in texts if text.attrib["class"] == "tcpbook-offset"]
    assert offsets == ["0x00", "0x04", "0x08", "0x0c", "0x10", "0x14", "0x18", "0x1c"]


def test_names_and_values_are_written() -> None:
    drawn = groups(headermap(FULL).svg)
    assert {name: words(part) for name, part in drawn.items()} == {
        "source_port": ["Source Port", "1"],
        "destination_port": ["Destination Port", "65535"],
        "seq": ["Sequence Number", "4294967295"],
        "ack": ["Acknowledgment Number", "4294967295"],
        "data_offset": ["DataOffset", "5"],
        "reserved": ["Rsrvd", "5"],
        **{name: [name, "1" if name in ("AE", "CWR", "FIN") else "0"] for name in list(drawn)[6:15]},
        "wnd": ["Window", "7"],
        "checksum": ["Checksum", "0xbeef"],
        "up": ["Urgent Pointer", "9"],
    }


def test_flags_stand_in_the_headers_order_and_the_set_ones_are_filled() -> None:
    drawn = groups(headermap(FULL).svg)
    assert list(drawn)[6:15] == ["AE", "CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"]
    assert [name for name in drawn if "tcpbook-set" in drawn[name].attrib["class"].split()] == ["AE", "CWR", "FIN"]


def test_lit_parts_are_classes_and_words() -> None:
    figure = headermap(SYN, lit=["seq", "SYN", "options"])
    lit = [name for name, part in groups(figure.svg).items() if "tcpbook-lit" in part.attrib["class"].split()]
    assert lit == ["seq", "SYN", "option_1", "option_2", "option_3"]
    assert repr(figure).endswith("Highlighted: Sequence Number, SYN, Maximum Segment Size, No-Operation, Window Scale.")
    assert "Highlighted" not in repr(headermap(SYN))


@pytest.mark.parametrize("name", ["nonsense", "option_4", "flags"])
def test_what_is_not_drawn_can_not_be_lit(name: str) -> None:
    with pytest.raises(TcpBookError, match=f"'{name}' is no part of this segment; light one or more of source_port"):
        headermap(SYN, lit=["seq", name])


def test_the_words_tell_what_the_picture_tells() -> None:
    assert repr(headermap(SYN)) == (
        "TCP header, 28 bytes: Source Port 49152, Destination Port 80, Sequence Number 100, Acknowledgment Number 0, "
        "Data Offset 7, Reserved 0, Window 65535, Checksum 0x0000, Urgent Pointer 0, SYN set, "
        "options MSS 1460, NOP, WS 7, data 5 bytes."
    )
    assert repr(headermap(Segment())).endswith("Urgent Pointer 0, no flag set.")


def test_the_description_lists_every_part_with_its_bytes() -> None:
    desc = ElementTree.fromstring(headermap(SYN).svg).findtext(f"{SVG}desc") or ""
    listed = desc.split("; ")
    assert len(listed) == len(groups(headermap(SYN).svg))
    assert {
        "Checksum, bytes 16–17: 0x0000",
        "SYN, byte 13: 1",
        "No-Operation, byte 24: NOP",
        "Data, bytes 28–32: 5 bytes",
    } < set(listed)


def test_an_option_over_several_rows_is_named_once_and_continued() -> None:
    option = groups(headermap(Segment(options=(NOP(), NOP(), TIMESTAMPS((1, 2))))).svg)["option_3"]
    assert [right - left for left, _, right, _ in boxes(option)] == [16 * BIT, 32 * BIT, 32 * BIT]
    assert words(option) == ["TS 1 2", "08 0a", "TS, continued", "00 00 00 01", "TS, continued", "00 00 00 02"]


def test_a_label_that_is_too_long_goes_where_it_fits_or_is_cut() -> None:
    edges = tuple((2**32 - 100 + at, 2**32 - 1) for at in range(4))
    wide = groups(headermap(Segment(options=(NOP(), NOP(), NOP(), Option(99, bytes(9))))).svg)["option_4"]
    assert words(wide)[::2] == ["kind 99", "kind 99 00 00 00 00 00 00 00 00 00", *["kind 99, continued"] * 2]
    for segment in (Segment(options=(SACK(edges),)), Segment(options=(Option(99, bytes(38)),))):
        option = groups(headermap(segment).svg)["option_1"]
        assert words(option)[0].endswith("…")
        for (left, _, right, _), label in zip(boxes(option), words(option)[::2], strict=True):
            assert LETTER * len(label) < right - left
        assert str(segment.options[0]) in repr(headermap(segment))


def test_padding_is_labeled() -> None:
    drawn = groups(headermap(Segment(options=(NOP(),))).svg)
    assert words(drawn["option_2"]) == ["EOL and padding", "00 00 00"]


def test_bytes_are_drawn_as_their_segment() -> None:
    assert headermap(SYN.encode()).svg == headermap(SYN).svg
    wrong = SYN.encode()[:12] + b"\x30" + SYN.encode()[13:]
    assert words(groups(headermap(wrong).svg)["data_offset"]) == ["DataOffset", "3"]


def test_missing_bytes_are_no_zeros() -> None:
    figure = headermap(SYN.encode()[:13])
    drawn = groups(figure.svg)
    assert words(drawn["data_offset"])[1] == "7"
    assert {words(drawn[name])[1] for name in ("SYN", "wnd", "checksum", "up")} == {"–"}
    assert repr(figure).startswith("TCP header, cut off after 13 of 20 bytes: Source Port 49152")
    assert "Window missing" in repr(figure)


def test_what_can_not_be_encoded_is_an_error() -> None:
    with pytest.raises(TcpBookError, match="70000"):
        headermap(Segment(source_port=70000))
