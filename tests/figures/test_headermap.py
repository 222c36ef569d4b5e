"""The header map: every field at its place, to scale, with its value."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from tcpbook.figures.headermap import BIT, headermap
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.options import MSS, NOP, TIMESTAMPS, WINDOW_SCALE
from tcpbook.protocol.segment import FIELDS, Segment

SVG = "{http://www.w3.org/2000/svg}"
SYN = Segment(49152, 80, 100, flags=Flags.SYN, options=(MSS(1460), NOP(), WINDOW_SCALE(7)), data=b"hello")


def groups(svg: str) -> dict[str, ElementTree.Element]:
    parts = [group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if "data-field" in group.attrib]
    return {part.attrib["data-field"].split()[0]: part for part in parts}


def test_every_field_is_drawn_to_scale() -> None:
    drawn = groups(headermap(SYN).svg)
    for field in FIELDS:
        name = field.name if field.width == 1 else field.attribute
        rect = next(drawn[name].iter(f"{SVG}rect"))
        assert float(rect.attrib["width"]) == pytest.approx(BIT * field.width, abs=4)


def test_values_are_written() -> None:
    drawn = groups(headermap(SYN).svg)
    written = {name: " ".join(part.itertext()) for name, part in drawn.items()}
    assert "49152" in written["source_port"]
    assert "100" in written["seq"]
    assert written["SYN"].endswith("1")
    assert written["ACK"].endswith("0")
    assert "MSS 1460" in written["option_1"]
    assert "5 bytes" in written["data"]


def test_lit_parts_are_classes_and_words() -> None:
    figure = headermap(SYN, lit=["seq", "SYN"])
    lit = [name for name, part in groups(figure.svg).items() if "tcpbook-lit" in part.attrib["class"].split()]
    assert lit == ["seq", "SYN"]
    assert "Sequence Number" in repr(figure).split("Highlighted:")[1]
    with pytest.raises(TcpBookError, match="nonsense"):
        headermap(SYN, lit=["nonsense"])


def test_the_words_tell_what_the_picture_tells() -> None:
    words = repr(headermap(SYN))
    for part in ("28 bytes", "Source Port 49152", "SYN set", "MSS 1460", "data 5 bytes"):
        assert part in words


def test_options_fill_rows_of_four_bytes() -> None:
    svg = headermap(Segment(options=(TIMESTAMPS((1, 2)), NOP(), NOP()))).svg
    assert len(list(groups(svg)["option_1"].iter(f"{SVG}rect"))) == 3


def test_two_kinds_of_picture_do_not_style_each_other() -> None:
    (style,) = re.findall("<style>(.*?)</style>", headermap(SYN).svg, re.DOTALL)
    assert all(rule.startswith(".tcpbook-headermap ") for rule in style.splitlines())
