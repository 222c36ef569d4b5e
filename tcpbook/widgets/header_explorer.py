"""A TCP header as bytes and as fields, side by side; every field can be changed, any bytes pasted."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import traitlets

from tcpbook.figures.headermap import ROW, TALL, TOP, field_id, headermap
from tcpbook.protocol import hexdump
from tcpbook.protocol import options as tcp_options
from tcpbook.protocol.errors import Problem, TcpBookError
from tcpbook.protocol.flags import FLAGS, Flags
from tcpbook.protocol.options import MAX_BYTES, OPTIONS
from tcpbook.protocol.packet import Packet
from tcpbook.protocol.segment import (
    FIELD,
    FIELDS,
    HEADER_BYTES,
    Address,
    Field,
    Segment,
    internet_checksum,
    pseudo_header,
)
from tcpbook.widgets.base import View, read_number, sources

# A Segment has no IP addresses, yet its checksum covers some: these, unless others are given.
ADDRESSES = ("10.0.0.1", "10.0.0.2")

DATA_SHOWN = 32  # bytes of data that the page lists one by one

Row = dict[str, Any]


BY_ID = {field_id(field): field for field in FIELDS}

# What the page says about a row, by the row's `about`: meaning and section. The page gets it once.
ABOUT = {
    **{key: [field.meaning, field.section] for key, field in BY_ID.items()},
    **{f"kind_{row.kind}": [row.meaning, row.section] for row in OPTIONS.values()},
    "unknown": [
        "An option outside this book's table: its length byte says how far to skip it.",
        "RFC 9293 §3.2",
    ],
    "options": [
        "All options, filled up to a multiple of four bytes; the data offset follows.",
        "RFC 9293 §3.2",
    ],
    "data": ["The bytes that the application sent.", "RFC 9293 §3.1"],
}


def _field_row(key: str, field: Field, data: bytes) -> Row:
    header = data.ljust(HEADER_BYTES, b"\0")
    binary = "".join(f"{byte:08b}" for byte in header[field.start : field.stop])
    first = field.bit - 8 * field.start
    parts = [binary[:first], binary[first : first + field.width], binary[first + field.width :]]
    text, edit = _field_texts(field, field.read(header)) if field.stop <= len(data) else ("missing", "")
    return {
        **{"id": key, "name": field.name, "about": key, "start": field.start, "stop": field.stop},
        **{"value": text, "edit": edit, "bits": parts if field.width < 16 else []},
    }


def _field_texts(field: Field, value: int) -> tuple[str, str | bool]:
    """Return a field's value in words and as it is edited."""
    if field.width == 1:
        return "1, set" if value else "0, not set", bool(value)
    hexadecimal = f"{value:#0{2 + (field.width + 3) // 4}x}"
    return f"{value} ({hexadecimal})", hexadecimal if field.attribute == "checksum" else str(value)


def _octets_row(key: str, name: str, about: str, value: str, start: int, octets: bytes) -> Row:
    row = {"id": key, "name": name, "about": about, "start": start, "stop": start + len(octets)}
    return {**row, "value": value, "edit": octets.hex(" "), "bits": []}


def read_rows(data: bytes) -> list[Row]:
    """Return one row a field, option by option, of a segment's bytes, decoded leniently."""
    segment, _ = Segment.examine(data)
    rows = [_field_row(key, field, data) for key, field in BY_ID.items()]
    end = _header_end(data)
    listed = ", ".join(map(str, segment.options)) or "none"
    rows.append(_octets_row("options", "Options", "options", listed, HEADER_BYTES, data[HEADER_BYTES:end]))
    for number, (option, first, last) in enumerate(tcp_options.spans(segment.options), 1):
        about = f"kind_{option.kind}" if option.kind in OPTIONS else "unknown"
        octets = data[HEADER_BYTES + first : HEADER_BYTES + last]
        rows.append(_octets_row(f"option_{number}", option.name, about, str(option), HEADER_BYTES + first, octets))
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in segment.data[:DATA_SHOWN])
    size = f"{len(segment.data)} byte{'s' * (len(segment.data) > 1)}"
    value = f"{size}: {text}" if segment.data else "none"
    return [*rows, _octets_row("data", "Data", "data", value, end, data[end:])]


def _header_end(data: bytes) -> int:
    return max(len(data), HEADER_BYTES) - len(Segment.examine(data)[0].data)


def _outline(data: bytes) -> tuple[bytes, int]:
    """What a picture's boxes depend on. Values inside the boxes of the fixed header the page writes itself."""
    end = _header_end(data)
    return data[HEADER_BYTES:end], len(data)


def _octets(value: Any) -> bytes:
    """Read bytes, hex text, or text in double quotes."""
    if isinstance(value, bytes):
        return value
    text = str(value).strip()
    if quoted := re.fullmatch(r'"(.*)"', text, re.DOTALL):
        return quoted[1].encode()
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise TcpBookError(
            f"{text!r:.60} is not hex; write two digits a byte, such as 01 ff, or text in double quotes"
        ) from None


def edited(data: bytes, key: str, value: Any) -> bytes:
    """Return a segment's bytes with one row changed and the checksum as it was.

    Raises TcpBookError if there is no such row or the value doesn't fit.
    """
    data = data.ljust(HEADER_BYTES, b"\0")
    end = _header_end(data)
    if key in BY_ID:
        return BY_ID[key].write(data, value if isinstance(value, int) else read_number(value))
    if key == "flags":
        flags = value if isinstance(value, Flags) else Flags.parse(str(value))
        for row in FLAGS:
            data = FIELD[row.name].write(data, int(row.flag in flags))
        return data
    if key == "data":
        return data[:end] + _octets(value)
    span = next((row for row in read_rows(data) if row["id"] == key), None)
    if span is None:
        known = ", ".join(["flags", *(row["id"] for row in read_rows(data)), "addresses"])
        raise TcpBookError(f"there is no field {key!r} in this segment; choose one of {known}")
    new = tcp_options.encode(value) if isinstance(value, list | tuple) else _octets(value)
    area = data[HEADER_BYTES : span["start"]] + new + data[span["stop"] : end]
    area += bytes(-len(area) % 4)
    if len(area) > MAX_BYTES:
        raise TcpBookError(
            f"the options take {len(area)} bytes, a header has room for {MAX_BYTES}; leave some options out"
        )
    header = FIELD["Data Offset"].write(data[:HEADER_BYTES], (HEADER_BYTES + len(area)) // 4)
    return header + area + data[end:]


def read_addresses(value: Any) -> tuple[Address, Address] | None:
    """Read source and destination address from a pair or a text; nothing at all is None."""
    pair = re.findall(r"[0-9A-Fa-f:.]+", value) if isinstance(value, str) else list(value or ())
    if not pair:
        return None
    if len(pair) != 2:
        raise TcpBookError(
            f"{value!r} is not two IP addresses; write source and destination, such as 10.0.0.1 10.0.0.2"
        )
    source, destination = pair
    pseudo_header(source, destination, 0)
    return source, destination


class HeaderExplorer(View):
    """Shows a segment's bytes beside its fields; `segment` is a Segment, its bytes, or hex text in any form.

    `addresses` are the IP addresses (source, destination) that the checksum covers. A packet brings its own,
    a Segment without gets ADDRESSES; bare bytes have none: their checksum is neither judged nor kept right.
    """

    _esm, _css = sources(__file__)
    alone = ()

    picture = traitlets.Unicode().tag(sync=True)
    heights = traitlets.List([TOP, ROW, TALL]).tag(sync=True)
    about = traitlets.Dict(ABOUT).tag(sync=True)
    rows: traitlets.List[Row] = traitlets.List().tag(sync=True)
    octets = traitlets.Unicode().tag(sync=True)
    hidden_bytes = traitlets.Int().tag(sync=True)
    findings: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    origin = traitlets.Unicode().tag(sync=True)
    addresses = traitlets.Unicode().tag(sync=True)
    checksum_follows = traitlets.Bool(True).tag(sync=True)
    lit = traitlets.Unicode("source_port").tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)

    def __init__(self, segment: Segment | bytes | str, addresses: tuple[Address, Address] | None = None) -> None:
        super().__init__()
        self._between = read_addresses(addresses)
        self._around: list[Problem] = []
        self._bytes = b""
        if isinstance(segment, Segment):
            self._between = self._between or ADDRESSES
            self._show(segment.encode(*self._between))
        else:
            self._take(segment, self._between)
        self.observe(lambda change: self._show(self._checked(self._bytes)), "checksum_follows")
        self.on_msg(self._reader_did)

    @property
    def segment(self) -> Segment:
        """The segment that the bytes hold, decoded leniently."""
        return Segment.examine(self._bytes)[0]

    @property
    def problems(self) -> list[Problem]:
        """What is wrong or odd about the bytes, and about the headers they were found in."""
        return self._around + Segment.examine(self._bytes, *(self._between or ()))[1]

    def set(self, field: str, value: Any) -> None:
        """Change one field, by its id: `seq`, `SYN`, `flags`, `options`, `option_1`, `data`, `addresses` ...

        `value` is a number, True or False for one bit, names of flags, or bytes or hex for options and data.
        What doesn't fit changes nothing and leaves a sentence in `message`.
        """
        try:
            if field == "checksum" and self.checksum_follows and self._between:
                raise TcpBookError("the checksum follows the other fields; switch that off to set it yourself")
            if field == "addresses":
                self._between = read_addresses(value)
                data = self._bytes
            else:
                data = edited(self._bytes, field, value)
        except TcpBookError as error:
            self.message = f"{error}."
        else:
            self._show(self._checked(data))

    def paste(self, text: str | bytes) -> None:
        """Show other bytes: hex text in any common form, with or without IP and Ethernet headers."""
        try:
            self._take(text, None)
        except TcpBookError as error:
            self.message = f"{error}."

    def explain(self, field: str) -> str:
        """Return in words what a field holds and means, and its problems; TcpBookError for an unknown one."""
        row = next((row for row in self.rows if row["id"] == field), None)
        if row is None:
            known = ", ".join(row["id"] for row in self.rows)
            raise TcpBookError(f"there is no field {field!r} in this segment; choose one of {known}")
        meaning, section = ABOUT[row["about"]]
        names = {row["name"], BY_ID[field].attribute if field in BY_ID else ""}
        found = [f"{kind.capitalize()}: {text}." for kind, text, name in self.findings if name in names]
        return "\n".join([f"{row['name']} ({_where(row)}): {row['value']}", f"{meaning} {section}", *found])

    def _take(self, given: str | bytes, addresses: tuple[Address, Address] | None) -> None:
        """Find the TCP segment in what was given and show it; `addresses` are for bare bytes."""
        data = hexdump.parse(given) if isinstance(given, str) else given
        found, problems = Packet.examine(data, verify=True)
        self._around = [problem for problem in problems if problem.start < found.start]
        whole = not any(problem.field.endswith("length") for problem in self._around)
        if found.source and found.destination:
            # The checksum of a segment that is cut off can't be judged.
            addresses = (found.source, found.destination) if whole else None
        self._between = addresses
        around = f", inside {' and '.join(found.layers)}" if found.layers else ""
        self.origin = f"The TCP segment is {found.stop - found.start} of {len(data)} bytes given{around}."
        self._show(data[found.start : found.stop])

    def _checked(self, data: bytes) -> bytes:
        """Set the checksum right, if it is to follow and can be computed."""
        if not (self.checksum_follows and self._between and len(data) >= HEADER_BYTES):
            return data
        blank = FIELD["Checksum"].write(data, 0)
        covered = pseudo_header(*self._between, len(data)) + blank
        return FIELD["Checksum"].write(data, internet_checksum(covered))

    def _show(self, data: bytes) -> None:
        before, self._bytes = self._bytes, data
        with self.hold_sync():
            self.rows = read_rows(data)
            shown = _header_end(data) + DATA_SHOWN
            if _outline(data) != _outline(before):
                self.picture = headermap(data).interactive()
            self.octets, self.hidden_bytes = data[:shown].hex(), len(data[shown:])
            self.findings = [[problem.kind, problem.text, problem.field] for problem in self.problems]
            self.addresses = " → ".join(map(str, self._between or ()))
            self.message = ""
            if self.lit not in [row["id"] for row in self.rows]:
                self.lit = "source_port"

    def _reader_did(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        if "paste" in content:
            self.paste(content["paste"])
        else:
            self.set(content["set"], content["value"])

    def __repr__(self) -> str:
        found = [f"{kind}: {text}" for kind, text, _ in self.findings] or ["no problems"]
        return f"HeaderExplorer of {len(self._bytes)} bytes, {self.segment}; {'; '.join(found)}"

    def static_html(self) -> str:
        """Return every field with its bytes, value and meaning as a table, and the problems as a list."""
        columns = ("Field", "Bytes", "Hex", "Value", "Meaning")
        head = "".join(f'<th scope="col">{column}</th>' for column in columns)
        body = "".join(self._table_row(row) for row in self.rows)
        found = "".join(f"<li>{kind.capitalize()}: {escape(text)}.</li>" for kind, text, _ in self.findings)
        return (
            f"<div><p><strong>HeaderExplorer.</strong> A TCP segment of {len(self._bytes)} bytes, field by field.</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>Problems:</p><ul>{found or '<li>none</li>'}</ul>"
            "<p>Run this cell in Jupyter to point at a field, to change it, and to read bytes of your own.</p></div>"
        )

    def _table_row(self, row: Row) -> str:
        meaning, section = ABOUT[row["about"]]
        octets = self._bytes[row["start"] : min(row["stop"], row["start"] + DATA_SHOWN)].hex(" ")
        texts = (_where(row), octets, row["value"], f"{meaning} {section}")
        cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
        return f'<tr><th scope="row">{escape(row["name"])}</th>{cells}</tr>'


def _where(row: Row) -> str:
    start, last = row["start"], row["stop"] - 1
    if last < start:
        return "no bytes"
    return f"byte {start}" if start == last else f"bytes {start}–{last}"
