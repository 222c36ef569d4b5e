"""Reading the hexadecimal text that tools print: dumps with offsets, hex streams, strings with escapes."""

from __future__ import annotations

import re
from typing import NamedTuple

from tcpbook.protocol.errors import TcpBookError

# A dump's line: an offset, set off by a colon, two spaces or (od's) one; then bytes and perhaps their characters.
_LINE = re.compile(
    r"\s*(?:0x)?(?P<offset>[0-9a-f]{4,8}(?=:\s|\s\s)|[0-9a-f]{6,7}(?=\s[0-9a-f]{2}\b))(?P<colon>:?)\s+(?P<rest>\S.*)",
    re.IGNORECASE,
)
_LAST_OFFSET = re.compile(r"\s*[0-9a-f]{6,8}\s*", re.IGNORECASE)  # what hexdump and od end with
_MOST = 2**17  # more than any packet has: lines are not repeated beyond
_SQUEEZED = "*"  # "the line before, repeated"
_GROUP = re.compile(r"(?:[0-9a-f]{2})+(?!\S)", re.IGNORECASE)
_STRINGS = re.compile(r"""(?:\s*b?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')[\s;,]*)+""", re.DOTALL)
_STRING = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""", re.DOTALL)
_CHARACTER = re.compile(r"\\x([0-9a-fA-F]{2})|\\([0-3]?[0-7]{1,2})|\\([abfnrtv\\'\"])|([^\\])", re.DOTALL)
_CONTROL = dict(zip("abtnvfr\\'\"", b"\a\b\t\n\v\f\r\\'\"", strict=True))
_SWAPPED = re.compile(r"\s*0000000 [0-9a-f]{4}\b", re.IGNORECASE)


def parse(text: str) -> bytes:
    r"""Return the bytes that a text shows in hexadecimal; TcpBookError if it can't be read.

    Takes what `xxd`, `hexdump -C`, `tcpdump -x` and `-X`, Wireshark and Scapy print, plain hex with or without
    0x, colons, commas and spaces, and strings with escapes such as \x12.

    >>> parse("0x0000:  4500 0028  E..("), parse("45:00:00:28"), parse(r"E\x00\x00(")
    (b'E\x00\x00(', b'E\x00\x00(', b'E\x00\x00(')
    """
    if not text.strip():
        raise TcpBookError("there are 0 characters of text, at least one byte is needed; paste hexadecimal digits")
    if _STRINGS.fullmatch(joined := re.sub(r"\\[ \t]*(\n|$)", r"\1", text)):
        return _unescape("".join(part[1] or part[2] or "" for part in _STRING.finditer(joined)))
    lines = [line.rstrip() for line in text.expandtabs().splitlines()]
    if any(map(_LINE.fullmatch, lines)):
        return _read_dump(lines)
    if _SWAPPED.match(text):
        raise TcpBookError("hexdump without -C prints words with their bytes swapped; use `hexdump -C` or `xxd`")
    if "\\" in text:
        return _unescape(text.strip())
    return _read_stream(text)


class _Row(NamedTuple):
    """One line of a dump: its number in the text, its offset, what follows, and whether `*` lines precede it."""

    number: int
    offset: int
    rest: str
    colon: bool
    squeezed: bool


def _rows(lines: list[str]) -> list[_Row]:
    """Return the lines of a dump, without the captions that tools print before it."""
    rows: list[_Row] = []
    squeezed = False
    for number, line in enumerate(lines, 1):
        if match := _LINE.fullmatch(line):
            rows.append(_Row(number, int(match["offset"], 16), match["rest"], bool(match["colon"]), squeezed))
        elif rows and _LAST_OFFSET.fullmatch(line):
            rows.append(_Row(number, int(line, 16), "", False, squeezed))
        elif rows and line.strip() and line.strip() != _SQUEEZED:
            raise TcpBookError(
                f"line {number}, {line.strip()!r:.40}, is no line of the dump above; paste one packet's dump only"
            )
        squeezed = line.strip() == _SQUEEZED
    return rows


def _read_dump(lines: list[str]) -> bytes:
    rows = _rows(lines)
    data = bytearray()
    part = b""
    step = None
    if len(rows) > 1 and not rows[1].squeezed and rows[1].offset > rows[0].offset:
        step = rows[1].offset - rows[0].offset
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        here = row.offset - rows[0].offset
        while row.squeezed and len(data) < here <= _MOST and part:
            data += part
        if here != len(data):
            raise TcpBookError(
                f"line {row.number} starts at offset {row.offset:#x}, "
                f"{rows[0].offset + len(data):#x} is expected there; paste the whole dump of one packet"
            )
        if following and not following.squeezed and following.offset > row.offset:
            room: int | None = following.offset - row.offset
        else:
            room = step
        part = _row_bytes(row, room)
        data += part
    if not data:
        raise TcpBookError(f"the dump shows 0 bytes, at least one is needed; {lines[0]!r:.40} is all there is")
    return bytes(data)


def _row_bytes(row: _Row, room: int | None) -> bytes:
    """Return a line's bytes, `room` at most, leaving out the characters that follow them.

    The characters may look like hexadecimal, so what counts is the gap before them: two spaces or more. Half-way,
    after eight bytes, some tools that print each byte by itself leave two spaces as well.
    """
    digits, at, gap, single = "", 0, 0, True
    text = row.rest
    while at < len(text) and (room is None or len(digits) < 2 * room):
        group = _GROUP.match(text, at)
        half_way = single and gap == 2 and len(digits) == 16 and group is not None and len(group[0]) == 2
        if gap > 1 and not half_way:
            break
        if group is None:
            raise _stray(text[at:].split()[0], f"line {row.number}")
        digits += group[0]
        single = single and len(group[0]) == 2
        at = group.end()
        gap = len(text) - at - len(text[at:].lstrip())
        at += gap
    return bytes.fromhex(digits)


def _stray(group: str, where: str) -> TcpBookError:
    digits = group.lower().removeprefix("0x")
    for place, character in enumerate(digits, 1 + len(group) - len(digits)):
        if character not in "0123456789abcdef":
            return TcpBookError(
                f"{character!r} in {group!r:.40}, {where}, character {place}, is no hexadecimal digit; "
                "leave only 0-9, a-f and separators"
            )
    return TcpBookError(f"{group!r:.40}, {where}, has {len(digits)} digits; a byte takes two: add the missing digit")


def _read_stream(text: str) -> bytes:
    data = b""
    for group in re.finditer(r"[^\s:,;.-]+", text):
        digits = re.sub("^0x", "", group[0], flags=re.IGNORECASE)
        if not re.fullmatch("([0-9a-fA-F]{2})+", digits):
            raise _stray(group[0], f"at position {group.start() + 1}")
        data += bytes.fromhex(digits)
    if not data:
        raise TcpBookError(f"{text.strip()!r:.40} holds 0 digits, a byte takes two; paste hexadecimal digits")
    return data


def _unescape(text: str) -> bytes:
    """Return the bytes of a string in which the unprintable ones are escaped as in Python and C."""
    data = bytearray()
    at = 0
    while at < len(text):
        match = _CHARACTER.match(text, at)
        if match is None or ord(match[4] or "a") > 255:
            raise TcpBookError(
                f"{text[at : at + 4]!r} at position {at + 1} is no byte; write \\x and two hexadecimal digits"
            )
        hexadecimal, octal, control, plain = match.groups()
        if hexadecimal:
            data.append(int(hexadecimal, 16))
        elif octal:
            data.append(int(octal, 8))
        else:
            data.append(_CONTROL[control] if control else ord(plain))
        at = match.end()
    if not data:
        raise TcpBookError("the string holds 0 bytes, at least one is needed; paste the bytes")
    return bytes(data)
