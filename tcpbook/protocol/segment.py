"""The TCP segment: one table of header fields, from which it is decoded and encoded (RFC 9293 §3.1)."""

from __future__ import annotations

import struct
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple, TypeAlias

from tcpbook.protocol.errors import Problem, TcpBookError, report
from tcpbook.protocol.flags import COMBINATIONS, FLAGS, Flags
from tcpbook.protocol.options import OPTIONS, Option, spans
from tcpbook.protocol.options import decode as decode_options
from tcpbook.protocol.options import encode as encode_options

Buffer: TypeAlias = "bytes | bytearray | memoryview"
Address: TypeAlias = "str | bytes | IPv4Address | IPv6Address"

PROTOCOL = 6  # TCP's number in the IP header


class Field(NamedTuple):
    """One field of the fixed header: `bit` is its offset from the header's start, `width` its size in bits.

    `attribute` names what holds it in a Segment; all control bits share `flags`.
    """

    name: str
    attribute: str
    bit: int
    width: int
    meaning: str
    section: str

    @property
    def limit(self) -> int:
        """The largest value that fits."""
        return (1 << self.width) - 1

    @property
    def start(self) -> int:
        """The first byte that holds a part of the field."""
        return self.bit // 8

    @property
    def stop(self) -> int:
        """The byte after the last one that holds a part of the field."""
        return (self.bit + self.width + 7) // 8

    def read(self, header: bytes) -> int:
        """Return the field's value in a header of at least 20 bytes."""
        return int.from_bytes(header[:HEADER_BYTES], "big") >> (HEADER_BITS - self.bit - self.width) & self.limit

    def write(self, header: bytes, value: int) -> bytes:
        """Return the header, or a whole segment, with this field changed; raise TcpBookError if it doesn't fit."""
        if not 0 <= value <= self.limit:
            raise TcpBookError(_out_of_range(self.name, value, self.limit))
        shift = HEADER_BITS - self.bit - self.width
        number = int.from_bytes(header[:HEADER_BYTES], "big") & ~(self.limit << shift) | value << shift
        return number.to_bytes(HEADER_BYTES, "big") + header[HEADER_BYTES:]


def _out_of_range(name: str, value: object, limit: int) -> str:
    return f"{name} {value!r} is outside 0..{limit}; give a whole number within"


_CONTROL_BITS = tuple(
    Field(row.name, "flags", 112 - row.flag.bit_length(), 1, row.meaning, row.section) for row in reversed(FLAGS)
)

FIELDS = (
    Field("Source Port", "source_port", 0, 16, "The sender's port: which process there is talking.",
          "RFC 9293 §3.1"),
    Field("Destination Port", "destination_port", 16, 16, "The receiver's port: which process there is meant.",
          "RFC 9293 §3.1"),
    Field("Sequence Number", "seq", 32, 32,
          "The number of the first data byte; on a SYN the initial sequence number, the data following at +1.",
          "RFC 9293 §3.1"),
    Field("Acknowledgment Number", "ack", 64, 32, "With ACK set: the next byte that the sender expects.",
          "RFC 9293 §3.1"),
    Field("Data Offset", "data_offset", 96, 4, "The length of the header in words of 4 bytes: 5 to 15.",
          "RFC 9293 §3.1"),
    Field("Reserved", "reserved", 100, 3, "Kept for later: sent as zeros, ignored on receipt.", "RFC 9293 §3.1"),
    *_CONTROL_BITS,
    Field("Window", "wnd", 112, 16,
          "How many bytes from the acknowledgment number on the sender takes, before scaling.", "RFC 9293 §3.1"),
    Field("Checksum", "checksum", 128, 16, "Guards pseudo-header, header and data against damage.",
          "RFC 9293 §3.1"),
    Field("Urgent Pointer", "up", 144, 16,
          "With URG set: how many bytes after the sequence number the urgent data has ended.", "RFC 9293 §3.1"),
)  # fmt: skip

FIELD = {field.name: field for field in FIELDS}

HEADER_BITS = sum(field.width for field in FIELDS)
HEADER_BYTES = HEADER_BITS // 8

# How struct sees the header: a field of 16 or 32 bits is a word, narrower ones share a word of 16 bits, named
# `bits` here. The words stand in the order of a Segment's values, where `flags` has the place of `bits`.
_WORDS = [field for field in FIELDS if field.bit % 16 == 0]
_HEADER = struct.Struct(">" + "".join("I" if field.width == 32 else "H" for field in _WORDS))


def _shift(field: Field) -> int:
    """How far to the left a narrow field stands in the word that it shares."""
    return -(field.bit + field.width) % 16


_OFFSET_SHIFT = _shift(FIELD["Data Offset"])
_OFFSET_BITS = {size: (HEADER_BYTES + size) // 4 << _OFFSET_SHIFT for size in range(0, 41, 4)}
_RESERVED_SHIFT = _shift(FIELD["Reserved"])
_RESERVED_LIMIT = FIELD["Reserved"].limit
_RESERVED_WIDTH = FIELD["Reserved"].width
_FLAGS_WIDTH = len(_CONTROL_BITS)
_FLAGS_MASK = sum(1 << _shift(field) for field in _CONTROL_BITS)
_CHECKSUM = FIELD["Checksum"]

# Combinations that no TCP sends: the bits to look at, what they are, why that is odd.
ODD_FLAGS = (
    (Flags.SYN | Flags.RST | Flags.ACK, Flags(0),
     "none of SYN, RST and ACK is set: every segment of a connection carries one of them"),
    (Flags.SYN | Flags.FIN, Flags.SYN | Flags.FIN, "SYN and FIN together open and close at once"),
    (Flags.SYN | Flags.RST, Flags.SYN | Flags.RST, "SYN and RST together open and reset at once"),
)  # fmt: skip


class _DoesNotFit(Exception):
    """A value doesn't fit its field."""


class Segment(NamedTuple):
    """A TCP segment, its parts named as in RFC 9293's Table 4 (SEG.SEQ, SEG.ACK, SEG.WND, SEG.UP) and §3.1.

    The data offset follows from the options. `checksum` is the field as decoded, or as it will be encoded where no
    addresses are given.

    >>> Segment(seq=300, ack=101, flags=Flags.SYN | Flags.ACK)
    <SEQ=300><ACK=101><CTL=SYN,ACK>
    """

    source_port: int = 0
    destination_port: int = 0
    seq: int = 0
    ack: int = 0
    flags: Flags = Flags(0)
    wnd: int = 65535
    checksum: int = 0
    up: int = 0
    options: tuple[Option, ...] = ()
    data: bytes = b""
    reserved: int = 0

    @property
    def len(self) -> int:
        """SEG.LEN: the sequence numbers it occupies, its data bytes, SYN and FIN counted. RFC 9293 §3.4."""
        return len(self.data) + (int(self.flags) & _SYN_FIN).bit_count()

    @property
    def data_offset(self) -> int:
        """The header's length in words of 4 bytes, 5 to 15. RFC 9293 §3.1."""
        return (HEADER_BYTES + len(encode_options(self.options))) // 4

    def __repr__(self) -> str:
        parts = [f"SEQ={self.seq}"]
        if self.flags & Flags.ACK:
            parts.append(f"ACK={self.ack}")
        parts.append(f"CTL={Flags(self.flags)}")
        if self.flags & Flags.URG:
            parts.append(f"UP={self.up}")
        if self.wnd != DEFAULT_WINDOW:
            parts.append(f"WND={self.wnd}")
        if self.options:
            parts.append(f"OPT={','.join(map(str, self.options))}")
        if self.data:
            parts.append(f"DATA={len(self.data)}")
        return "".join(f"<{part}>" for part in parts)

    @classmethod
    def decode(cls, data: Buffer, source: Address | None = None, destination: Address | None = None) -> Segment:
        """Return the segment that `data` holds, header first; TcpBookError if it is malformed.

        Given the IP addresses, verify the checksum as well. RFC 9293 §3.1.

        >>> Segment.decode(bytes.fromhex("0050 9c40 0000012c 00000065 5012 ffff 0000 0000"))
        <SEQ=300><ACK=101><CTL=SYN,ACK>
        """
        return _decode(data, source, destination, None)

    @classmethod
    def examine(
        cls, data: Buffer, source: Address | None = None, destination: Address | None = None
    ) -> tuple[Segment, list[Problem]]:
        """Decode whatever `data` holds, leniently: return the segment and its problems, errors and remarks.

        Missing header bytes count as zeros; a data offset out of range is taken as the nearest possible one.
        """
        problems: list[Problem] = []
        return _decode(data, source, destination, problems), problems

    def encode(self, source: Address | None = None, destination: Address | None = None) -> bytes:
        """Return the segment as bytes; given the IP addresses, with the right checksum. RFC 9293 §3.1.

        TcpBookError if a field's value doesn't fit.
        """
        source_port, destination_port, seq, ack, flags, wnd, checksum, up, options, data, reserved = self
        octets = encode_options(options) if options else b""
        try:
            if flags >> _FLAGS_WIDTH or reserved >> _RESERVED_WIDTH:  # too large or negative
                raise _DoesNotFit
            bits = _OFFSET_BITS[len(octets)] + (reserved << _RESERVED_SHIFT) + flags
            rest = octets + data
            if source is not None or destination is not None:
                # The sum of the header's words, whose checksum counts as 0: so it is packed once.
                words = source_port + destination_port + seq + ack + bits + wnd + up
                checksum = _checksum(rest, source, destination, words, HEADER_BYTES)
            return _HEADER.pack(source_port, destination_port, seq, ack, bits, wnd, checksum, up) + rest
        except (struct.error, TypeError, OverflowError, _DoesNotFit):
            raise TcpBookError(_unencodable(self)) from None


DEFAULT_WINDOW = Segment().wnd
_SYN_FIN = int(Flags.SYN | Flags.FIN)

_new = tuple.__new__  # makes a Segment of its values in order at half the cost of calling the class


def _decode(
    data: Buffer, source: Address | None, destination: Address | None, problems: list[Problem] | None
) -> Segment:
    if type(data) is not bytes:
        data = _as_bytes(data)
    size = len(data)
    if size < HEADER_BYTES:
        text = f"the segment has {size} bytes, a TCP header takes at least {HEADER_BYTES}; get the missing bytes"
        report(problems, text, "TCP header", 0, size)
        return _decode(data + bytes(HEADER_BYTES - size), None, None, [])
    source_port, destination_port, seq, ack, bits, wnd, checksum, up = _HEADER.unpack_from(data)
    end = bits >> _OFFSET_SHIFT << 2
    if not HEADER_BYTES <= end <= size:
        end = _nearest_end(end, size, problems)
    flags, reserved = COMBINATIONS[bits & _FLAGS_MASK], bits >> _RESERVED_SHIFT & _RESERVED_LIMIT
    options = decode_options(data[HEADER_BYTES:end], problems) if end > HEADER_BYTES else ()
    segment = _new(
        Segment, (source_port, destination_port, seq, ack, flags, wnd, checksum, up, options, data[end:], reserved)
    )
    if source is not None or destination is not None:
        _verify(segment, data, source, destination, problems)
    if problems is not None:
        problems += _remarks(segment)
    return segment


def _nearest_end(end: int, size: int, problems: list[Problem] | None) -> int:
    """Report a data offset out of range and return the nearest possible end of the header."""
    text = (
        f"Data Offset {end // 4} puts the data at byte {end}; "
        f"it must be at least 5 and within the {size} bytes of the segment"
    )
    report(problems, text, "Data Offset", FIELD["Data Offset"].start, FIELD["Data Offset"].stop)
    return max(HEADER_BYTES, min(end, size))


def _as_bytes(data: object) -> bytes:
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    raise TcpBookError(f"{data!r:.40} is not bytes; turn text into bytes with tcpbook.protocol.hexdump.parse")


def _verify(
    segment: Segment,
    data: bytes,
    source: Address | None,
    destination: Address | None,
    problems: list[Problem] | None,
) -> None:
    if off := _checksum(data, source, destination):
        right = (off + segment.checksum) % 0xFFFF
        text = (
            f"Checksum {segment.checksum:#06x} is wrong, these bytes and addresses give {right:#06x}; "
            "either they were damaged, or captured before the network card had filled the checksum in"
        )
        report(problems, text, "Checksum", _CHECKSUM.start, _CHECKSUM.stop)


def _remarks(segment: Segment) -> list[Problem]:
    """What is odd about a segment, but no error."""
    found = []

    def remark(name: str, text: str, start: int | None = None, stop: int | None = None) -> None:
        field = FIELD.get(name, FIELD["SYN"])
        found.append(Problem("remark", text, name, field.start if start is None else start, stop or field.stop))

    if segment.reserved:
        remark("Reserved", f"Reserved is {segment.reserved}, not 0; a receiver ignores it (RFC 9293 §3.1)")
    flags = int(segment.flags)
    if flags & int(Flags.AE):
        remark("AE", "AE is set: RFC 9768 gives it a meaning, to RFC 9293 it is reserved and ignored")
    for mask, value, text in ODD_FLAGS:
        if flags & int(mask) == int(value):
            remark("flags", text)
    if flags & int(Flags.URG) and segment.up > len(segment.data):
        text = f"Urgent Pointer {segment.up} points past the {len(segment.data)} bytes of data in this segment"
        remark("Urgent Pointer", text)
    if not flags & int(Flags.SYN):
        for option, start, stop in spans(segment.options):
            row = OPTIONS.get(option.kind)
            if row and row.syn_only:
                text = f"{row.name} outside a SYN means nothing and is not to be sent ({row.section})"
                remark(row.name, text, HEADER_BYTES + start, HEADER_BYTES + stop)
    return found


def _unencodable(segment: Segment) -> str:
    """Say which part of a segment doesn't fit its field."""
    for field in FIELDS:
        value = getattr(segment, field.attribute, None) if field.attribute != "data_offset" else 0
        name, limit = ("flags", _FLAGS_MASK) if field.attribute == "flags" else (field.name, field.limit)
        if not isinstance(value, int) or not 0 <= value <= limit:
            return _out_of_range(name, value, limit)
    return f"data {segment.data!r:.40} is not bytes; give bytes, such as b'hello'"


def internet_checksum(data: bytes) -> int:
    """Return the ones' complement of the ones' complement sum of the data's 16-bit words. RFC 9293 §3.1.

    >>> hex(internet_checksum(bytes.fromhex("0001 f203 f4f5 f6f7")))
    '0x220d'
    """
    number = int.from_bytes(data, "big") << 8 * (len(data) % 2)
    # Modulo 65535 the number equals the sum of its words, since 65536 leaves 1. Remainder 0 is a sum of 0xffff.
    return -number % 0xFFFF if number else 0xFFFF


_PSEUDO_TAIL = struct.Struct(">HH")
_PSEUDO_TAIL_V6 = struct.Struct(">II")


def pseudo_header(source: Address | None, destination: Address | None, length: int) -> bytes:
    """Return what the checksum covers before a segment of `length` bytes: 12 bytes for IPv4, 40 for IPv6.

    RFC 9293 §3.1, RFC 8200 §8.1.

    >>> pseudo_header("10.0.0.1", "10.0.0.2", 20).hex(" ")
    '0a 00 00 01 0a 00 00 02 00 06 00 14'
    """
    start, end = packed(source), packed(destination)
    if len(start) != len(end):
        raise TcpBookError(f"{source!r} and {destination!r} are of different IP versions; give two of one version")
    if len(start) == 4:
        return start + end + _PSEUDO_TAIL.pack(PROTOCOL, length)
    return start + end + _PSEUDO_TAIL_V6.pack(length, PROTOCOL)


def packed(address: Address | None) -> bytes:
    """Return an IP address as its 4 or 16 bytes; TcpBookError if it is none."""
    if type(address) is bytes and len(address) in (4, 16):
        return address
    try:
        return ip_address(address).packed  # type: ignore[arg-type]
    except ValueError:
        raise TcpBookError(
            f"{address!r} is not an IP address; give both, such as '10.0.0.1' or '2001:db8::1', or 4 or 16 bytes"
        ) from None


def _checksum(data: bytes, source: Address | None, destination: Address | None, words: int = 0, before: int = 0) -> int:
    """The checksum of pseudo-header and data, and of `before` bytes ahead of the data, whose sum is `words`.

    Sums are taken modulo 65535, so that a word of 32 bits counts as its two halves do (see internet_checksum).
    """
    try:
        pseudo = _pseudo_sum(source, destination)
    except TypeError:  # what can't be hashed is no address
        pseudo_header(source, destination, 0)
        raise
    number, size = int.from_bytes(data, "big"), len(data)
    return (-pseudo - words - before - size - (number << 8 if size % 2 else number)) % 0xFFFF


@lru_cache(typed=True)  # a few addresses come again and again; 1.0 must not be found as 1
def _pseudo_sum(source: Address | None, destination: Address | None) -> int:
    """The sum of the pseudo-header's words, the length left out."""
    return int.from_bytes(pseudo_header(source, destination, 0), "big") % 0xFFFF
