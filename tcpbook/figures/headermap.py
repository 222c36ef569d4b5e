"""The TCP header drawn to scale: a row holds 32 bits, every field has its width, its name and its value.

For widgets, `interactive()` gives the same SVG with these hooks: a part is `g.tcpbook-field` with its `field_id` as
`data-field`, an option `data-field="option_1 options"`, the data `data-field="data"`; the class tcpbook-lit highlights
it, tcpbook-pointed marks it lightly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import NamedTuple

from tcpbook.figures.figure import Figure, classes, text
from tcpbook.figures.theme import CURRENT, INK, MONO, PAPER
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.options import EOL, Option, spans
from tcpbook.protocol.segment import FIELDS, HEADER_BYTES, Field, Segment

BIT, ROW, TALL = 16, 40, 64  # a bit's width; the height of a row, and of the one with the flags
LEFT, TOP = 38, 24  # room for the offsets and for the ruler
GAP = 1.5  # on each side of a box, so that a thick border doesn't touch its neighbors
LETTER = 6.6  # the width to reckon with for a letter of an option's label
SHORT = {"Data Offset": ("Data", "Offset"), "Reserved": ("Rsrvd",)}  # as RFC 9293's Figure 1 has them
MISSING = "missing"  # the value of a field that the bytes given don't reach; drawn as a dash

STYLE = f"""
.tcpbook-field rect {{ fill: {PAPER}; stroke: {INK}; stroke-width: 1; }}
.tcpbook-name {{ font-size: 12px; }}
.tcpbook-letters {{ font-size: 11px; }}
.tcpbook-value {{ font-size: 13px; font-weight: 600; font-family: {MONO}; }}
.tcpbook-bit {{ font-size: 11px; }}
.tcpbook-byte {{ font-weight: 700; }}
.tcpbook-offset {{ font-size: 12px; font-family: {MONO}; }}
.tcpbook-set rect {{ fill: {INK}; }}
.tcpbook-set text {{ fill: {PAPER}; }}
.tcpbook-data rect {{ stroke-dasharray: 6 3; }}
.tcpbook-pointed rect {{ stroke-width: 2.5; }}
.tcpbook-lit rect {{ stroke: {CURRENT}; stroke-width: 3; stroke-dasharray: none; }}
.tcpbook-lit:not(.tcpbook-set) rect {{ fill: color-mix(in srgb, {CURRENT} 22%, {PAPER}); }}
"""


class Part(NamedTuple):
    """A field, an option or the data: by what ids it is lit, what it is and holds, and how it is drawn."""

    ids: tuple[str, ...]
    name: str
    value: str
    where: str  # its bytes, in words
    end: int  # the bit behind its last box
    drawing: str
    kind: str  # "field", "flag", "set" (a flag that is 1), "option" or "data"


def headermap(segment: Segment | bytes, lit: Collection[str] = ()) -> Figure:
    """Draw a segment's header field by field, its options and its data (RFC 9293 §3.1).

    `segment` may be its bytes, from the first of the header; malformed ones are drawn as `Segment.examine` reads them.
    `lit` are the ids of parts to highlight: `seq`, `SYN`, `option_1`, `options`, `data`; see `field_id`.
    Raises TcpBookError if `lit` names no part, or the segment can't be encoded.
    """
    octets = segment.encode() if isinstance(segment, Segment) else segment
    parts = [*_fields(octets), *_options(octets), *_data(octets)]
    known = list(dict.fromkeys(name for part in parts for name in part.ids))
    for name in lit:
        if name not in known:
            raise TcpBookError(f"{name!r} is no part of this segment; light one or more of {', '.join(known)}")
    rows = (parts[-1].end + 31) // 32
    return Figure(
        "headermap",
        _ruler() + _offsets(rows) + "".join(_group(part, lit) for part in parts),
        STYLE,
        (LEFT + 32 * BIT + 2, _top(rows) + 2),
        _words(octets, parts, lit),
        "; ".join(f"{part.name}, {part.where}: {part.value}" for part in parts),
    )


def field_id(field: Field) -> str:
    """The name by which a header field is lit, such as `seq` or `SYN`."""
    return field.name if field.attribute == "flags" else field.attribute


def _fields(octets: bytes) -> Iterator[Part]:
    header = octets.ljust(HEADER_BYTES, b"\0")
    for field in FIELDS:
        number = field.read(header)
        value = f"{number:#06x}" if field.attribute == "checksum" else str(number)
        if field.stop > len(octets):
            value = MISSING
        kind = "field"
        if field.attribute == "flags":
            kind = "set" if value == "1" else "flag"
        ids, where, end = (field_id(field),), _where(field.start, field.stop), field.bit + field.width
        yield Part(ids, field.name, value, where, end, _draw_field(field, value), kind)


def _draw_field(field: Field, value: str) -> str:
    x, y = _middle(field.bit, field.width)
    shown = "–" if value == MISSING else value
    box = _rect(field.bit, field.width)
    if field.attribute == "flags":
        return box + text(x, y - 10, tuple(field.name), "letters") + text(x, y + 20, shown, "value")
    return box + _name_and_value(x, y, SHORT.get(field.name, (field.name,)), shown)


def _name_and_value(x: float, y: float, lines: tuple[str, ...], value: str) -> str:
    """The name's lines and the value under them, all centered on a point."""
    return text(x, y - 9, lines, "name") + text(x, y + 7.5 + 6.5 * (len(lines) - 1), value, "value")


def _options(octets: bytes) -> Iterator[Part]:
    for number, (option, first, last) in enumerate(spans(Segment.examine(octets)[0].options), 1):
        start, stop = HEADER_BYTES + first, HEADER_BYTES + last
        drawing = _draw_option(option, start, octets[start:stop])
        ids = (f"option_{number}", "options")
        yield Part(ids, option.name, _label(option), _where(start, stop), 8 * stop, drawing, "option")


def _label(option: Option) -> str:
    return "EOL and padding" if option.kind == EOL.kind and option.value else str(option)


def _draw_option(option: Option, start: int, octets: bytes) -> str:
    """One box for each row that the option touches, with the bytes there; its label in the first that has room."""
    stop = start + len(octets)
    boxes = [(first, last - first) for first, last in pairwise([start, *range(start // 4 * 4 + 4, stop, 4), stop])]
    label = _label(option)
    labeled = next((box for box in boxes if len(label) <= _letters(box[1])), max(boxes, key=lambda box: box[1]))
    drawing = ""
    for first, size in boxes:
        words = label if (first, size) == labeled else f"{Option(option.kind)}{', continued' * (first > start)}"
        if len(words) > _letters(size):
            words = words[: _letters(size) - 1] + "…"
        drawing += _rect(8 * first, 8 * size)
        drawing += _name_and_value(*_middle(8 * first, 8 * size), (words,), octets[first - start :][:size].hex(" "))
    return drawing


def _letters(size: int) -> int:
    """How many letters have room in a box of so many bytes."""
    return int((8 * BIT * size - 8) / LETTER)


def _data(octets: bytes) -> Iterator[Part]:
    """The data in one row, as wide as they are or as the row has room."""
    if data := Segment.examine(octets)[0].data:
        size, start = len(data), len(octets) - len(data)
        value = f"{size} byte{'s' * (size > 1)}"
        width = 8 * min(size, 4 - start % 4)
        drawing = _rect(8 * start, width) + _name_and_value(*_middle(8 * start, width), ("Data",), value)
        yield Part(("data",), "Data", value, _where(start, len(octets)), 8 * start + width, drawing, "data")


def _where(start: int, stop: int) -> str:
    return f"byte {start}" if stop - start == 1 else f"bytes {start}–{stop - 1}"


def _is_lit(part: Part, lit: Collection[str]) -> bool:
    return any(name in lit for name in part.ids)


def _group(part: Part, lit: Collection[str]) -> str:
    kinds = classes("field", part.kind if part.kind in ("set", "data") else "", "lit" if _is_lit(part, lit) else "")
    return f'<g {kinds} data-field="{" ".join(part.ids)}">{part.drawing}</g>'


def _top(row: int) -> int:
    return TOP + ROW * row + (TALL - ROW) * (row > 3)


def _middle(bit: int, width: int) -> tuple[float, float]:
    row = bit // 32
    return LEFT + BIT * (bit % 32 + width / 2), (_top(row) + _top(row + 1)) / 2


def _rect(bit: int, width: int) -> str:
    row = bit // 32
    x, y = LEFT + BIT * (bit % 32) + GAP, _top(row) + GAP
    wide, high = BIT * width - 2 * GAP, _top(row + 1) - _top(row) - 2 * GAP
    return f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="2"/>'


def _ruler() -> str:
    """The numbers of the bits, the first of each byte in bold."""
    return "".join(
        text(LEFT + BIT * (bit + 0.5), TOP - 10, str(bit), "bit", "" if bit % 8 else "byte") for bit in range(32)
    )


def _offsets(rows: int) -> str:
    """The number of each row's first byte."""
    return "".join(
        text(LEFT - 5, _middle(32 * row, 0)[1], f"0x{4 * row:02x}", "offset", anchor="end") for row in range(rows)
    )


def _words(octets: bytes, parts: list[Part], lit: Collection[str]) -> str:
    size = max(len(octets), HEADER_BYTES) - len(Segment.examine(octets)[0].data)
    told = [f"{part.name} {part.value}" for part in parts if part.kind == "field"]
    told.append(f"{', '.join(part.name for part in parts if part.kind == 'set') or 'no flag'} set")
    if options := [part.value for part in parts if part.kind == "option"]:
        told.append(f"options {', '.join(options)}")
    told += [f"data {part.value}" for part in parts if part.kind == "data"]
    cut = f"cut off after {len(octets)} of " if len(octets) < HEADER_BYTES else ""
    words = f"TCP header, {cut}{size} bytes: {', '.join(told)}."
    names = [part.name for part in parts if _is_lit(part, lit)]
    return f"{words} Highlighted: {', '.join(names)}." if names else words
