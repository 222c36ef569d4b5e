"""TCP options: one table row each, from which they are encoded, decoded and explained (RFC 9293 §3.1, §3.2).

To add an option, add its row to `_ROWS`; nothing else has to change.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from tcpbook.protocol.errors import Problem, TcpBookError, report

MAX_BYTES = 40  # a data offset of 15 words, less the 20 bytes that every header has


@dataclass(frozen=True, slots=True, repr=False)
class OptionKind:
    """One row of the table. Call it to make such an option: `MSS(1460)`, `NOP()`.

    `lengths` are the legal values of the length byte (1: the option has none); `syn_only` marks options that
    mean nothing outside a SYN.
    """

    kind: int
    name: str
    label: str
    lengths: Sequence[int]
    codec: Codec
    syn_only: bool
    meaning: str
    section: str
    _made: dict[int | None, Option] = field(default_factory=dict, init=False, compare=False)

    def __call__(self, value: Any = None) -> Option:
        """Return the option of this kind that carries `value`."""
        if value is not None and type(value) is not int:  # 1.0 and True would be found as 1
            return _new(Option, (self.kind, value))
        option = self._made.get(value)
        if option is None:
            option = _new(Option, (self.kind, value))
            if len(self._made) < _KEEP:
                self._made[value] = option
        return option

    def __repr__(self) -> str:
        return f"<TCP option {self.kind}, {self.name}>"


class Malformed(bytes):
    """The raw bytes, kind and length byte included, of an option that can't be decoded; they encode as they are."""

    def __repr__(self) -> str:
        return f"malformed {self.hex(' ')}"


class Option(NamedTuple):
    """One option of a segment. What `value` is depends on the kind; see the table. Unknown kinds hold bytes.

    >>> Option(2, 1460), MSS(1460), SACK(((100, 200),)), Option(99, b"ab")
    (<MSS 1460>, <MSS 1460>, <SACK 100-200>, <kind 99 61 62>)
    """

    kind: int
    value: Any = None

    @property
    def name(self) -> str:
        """The option's name, such as `Maximum Segment Size`."""
        return OPTIONS[self.kind].name if self.kind in OPTIONS else f"unknown option, kind {self.kind}"

    def __str__(self) -> str:
        label = OPTIONS[self.kind].label if self.kind in OPTIONS else f"kind {self.kind}"
        return f"{label} {_value_text(self.value)}".rstrip()

    def __repr__(self) -> str:
        return f"<{self}>"


def _value_text(value: Any) -> str:
    if isinstance(value, Malformed):
        return repr(value)
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, tuple):
        return " ".join("-".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in value)
    return "" if value is None else str(value)


# How a value becomes an option's bytes, and how the option is read from them.
Encoder = Callable[[Any], bytes]
Reader = Callable[[bytes], Option]

_new = tuple.__new__  # makes an Option of a pair at half the cost of calling the class

# Options never change and traffic repeats the short ones, such as MSS 1460: finding one takes half as long as making
# it. So many are kept of each kind made, and of all that were read.
_KEEP = 4096


class Codec:
    """How an option's data, what follows kind and length byte, becomes a value and the reverse.

    `takes` says in words which values fit.
    """

    def __init__(self, takes: str, pack: Callable[[Any], bytes], unpack: Callable[[bytes], Any]) -> None:
        self.takes = takes
        self.pack = pack
        self.unpack = unpack

    def encoder(self, kind: int, lengths: Sequence[int]) -> Encoder:
        """Return the function that encodes options of this kind; it raises what `pack` does, or ValueError."""

        def encode(value: Any) -> bytes:
            data = self.pack(value)
            if len(data) + 2 not in lengths:
                raise ValueError
            return bytes((kind, len(data) + 2)) + data

        return encode

    def reader(self, kind: int) -> Reader:
        """Return the function that reads options of this kind, once their length has been checked."""
        return lambda octets: Option(kind, self.unpack(octets[2:]))


class _Nothing(Codec):
    """No data at all."""

    def __init__(self) -> None:
        self.takes = "no value"

    def encoder(self, kind: int, lengths: Sequence[int]) -> Encoder:
        return {None: bytes((kind, *lengths)[: lengths[0]])}.__getitem__

    def reader(self, kind: int) -> Reader:
        option = Option(kind)
        return lambda octets: option


class _Number(Codec):
    """One number, in struct's letter."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.takes = f"a number from 0 to {256 ** struct.calcsize('>' + code) - 1}"

    def encoder(self, kind: int, lengths: Sequence[int]) -> Encoder:
        return partial(struct.Struct(">H" + self.code).pack, kind << 8 | lengths[0])

    def reader(self, kind: int) -> Reader:
        unpack = struct.Struct(">Bx" + self.code).unpack
        return lambda octets: _new(Option, unpack(octets))


class _TwoNumbers(Codec):
    """Two numbers of 32 bits."""

    def __init__(self) -> None:
        self.takes = "2 numbers from 0 to 2**32 - 1"

    def encoder(self, kind: int, lengths: Sequence[int]) -> Encoder:
        pack, head = struct.Struct(">HII").pack, kind << 8 | lengths[0]

        def encode(value: tuple[int, int]) -> bytes:
            if type(value) is not tuple:  # two malformed bytes would unpack as well
                raise TypeError
            first, second = value
            return pack(head, first, second)

        return encode

    def reader(self, kind: int) -> Reader:
        unpack = struct.Struct(">xxII").unpack
        return lambda octets: _new(Option, (kind, unpack(octets)))


def _pack_octets(value: bytes) -> bytes:
    if type(value) is not bytes:
        raise TypeError
    return value


def _pack_user_timeout(value: tuple[int, int]) -> bytes:
    granularity, timeout = value
    if granularity not in (0, 1) or not 0 <= timeout < 2**15:
        raise ValueError
    return (granularity * 2**15 + timeout).to_bytes(2, "big")


_EDGES = struct.Struct(">II")

NOTHING = _Nothing()
OCTETS = Codec("bytes", _pack_octets, bytes)
BLOCKS = Codec(
    "one to four pairs (left edge, right edge) of numbers from 0 to 2**32 - 1",
    lambda value: b"".join(_EDGES.pack(*block) for block in value),
    lambda data: tuple(_EDGES.iter_unpack(data)),
)
USER_TIMEOUT = Codec(
    "a pair (granularity: 0 seconds or 1 minutes, timeout from 0 to 32767)",
    _pack_user_timeout,
    lambda data: divmod(int.from_bytes(data, "big"), 2**15),
)

_ROWS = (
    EOL := OptionKind(
        0, "End of Option List", "EOL", (1,), OCTETS, False,
        "The list ends here; its value is the padding behind it, which should be zeros.", "RFC 9293 §3.2"),
    NOP := OptionKind(
        1, "No-Operation", "NOP", (1,), NOTHING, False,
        "Fills a byte, so that the next option starts where its sender likes.", "RFC 9293 §3.2"),
    MSS := OptionKind(
        2, "Maximum Segment Size", "MSS", (4,), _Number("H"), True,
        "The most data bytes that the sender of this option takes in one segment.", "RFC 9293 §3.2"),
    WINDOW_SCALE := OptionKind(
        3, "Window Scale", "WS", (3,), _Number("B"), True,
        "Window fields that I send are to be shifted left by this many bits (14 at most).", "RFC 7323 §2.2"),
    SACK_PERMITTED := OptionKind(
        4, "SACK-Permitted", "SACK-permitted", (2,), NOTHING, True,
        "You may send me selective acknowledgments.", "RFC 2018 §2"),
    SACK := OptionKind(
        5, "Selective Acknowledgment", "SACK", (10, 18, 26, 34), BLOCKS, False,
        "Blocks received beyond the acknowledgment number: first byte, and the byte after the last.",
        "RFC 2018 §3"),
    TIMESTAMPS := OptionKind(
        8, "Timestamps", "TS", (10,), _TwoNumbers(), False,
        "My clock (TSval), and your clock as I last saw it (TSecr).", "RFC 7323 §3.2"),
    MD5 := OptionKind(
        19, "MD5 Signature", "MD5", (18,), OCTETS, False,
        "A digest of segment and shared secret, as once used to guard BGP; obsoleted by TCP-AO.",
        "RFC 2385 §3.0"),
    USER_TIMEOUT_OPTION := OptionKind(
        28, "User Timeout", "UTO", (4,), USER_TIMEOUT, False,
        "How long I let data go unacknowledged before I give up: unit and number.", "RFC 5482 §3"),
    FAST_OPEN := OptionKind(
        34, "Fast Open Cookie", "TFO", (2, *range(6, 19, 2)), OCTETS, True,
        "On a SYN: the cookie that lets its data be delivered at once, or, if empty, a request for one.",
        "RFC 7413 §4.1.1"),
)  # fmt: skip

OPTIONS = {row.kind: row for row in _ROWS}

_NOP = Option(NOP.kind)

# By kind; the end of the list, unknown and malformed options are left to the unusual path.
_ENCODERS = {row.kind: row.codec.encoder(row.kind, row.lengths) for row in _ROWS if row is not EOL}
# By kind: its length, and how it is read. Kinds of several lengths, and unknown ones, are left to the unusual path,
# as no header has room for _NEVER bytes.
_NEVER = 2**16
_LENGTHS = [_NEVER] * 256
_READERS: dict[int, Reader] = {}
for _row in _ROWS:
    if len(_row.lengths) == 1 and _row is not EOL:
        _LENGTHS[_row.kind] = _row.lengths[0]
        _READERS[_row.kind] = _row.codec.reader(_row.kind)
_SHORT = 4  # bytes; such options are kept by their bytes once read
_MET: dict[bytes, Option] = {}
_UNFIT = (KeyError, TypeError, ValueError, struct.error)  # what encoders raise at a value that doesn't fit


def to_bytes(option: Option) -> bytes:
    """Return one option as bytes, without padding; raise TcpBookError if its kind can't hold its value."""
    kind, value = option
    try:
        return _ENCODERS[kind](value)
    except _UNFIT:
        return _unusual_to_bytes(kind, value)


def _unusual_to_bytes(kind: int, value: Any) -> bytes:
    if isinstance(value, Malformed):
        return bytes(value)
    if kind == EOL.kind and (value is None or isinstance(value, bytes)):
        return bytes((EOL.kind,)) + (value or b"")
    if kind not in OPTIONS and isinstance(kind, int) and 0 <= kind <= 255:
        if isinstance(value, bytes) and len(value) <= MAX_BYTES - 2:
            return bytes((kind, len(value) + 2)) + value
        raise TcpBookError(f"option kind {kind} can't hold {value!r}; give up to {MAX_BYTES - 2} bytes")
    if kind not in OPTIONS:
        raise TcpBookError(f"option kind {kind!r} is outside 0..255; take a kind from the table OPTIONS")
    row = OPTIONS[kind]
    raise TcpBookError(
        f"option {row.name} can't hold {value!r}; give {row.codec.takes}, so that the option is {_allowed(row)} long"
    )


def encode(options: Sequence[Option]) -> bytes:
    """Return the options as bytes, filled up with zeros to a multiple of four; raise TcpBookError above 40.

    >>> encode([MSS(1460), NOP()]).hex(" ")
    '02 04 05 b4 01 00 00 00'
    """
    try:
        data = b""
        for option in options:
            data += _ENCODERS[option[0]](option[1])  # sooner than by name, or by unpacking a tuple's subclass
    except _UNFIT:
        data = b"".join(map(to_bytes, options))
        if any(option.kind == EOL.kind for option in options[:-1]):
            raise TcpBookError(f"{EOL.name} is followed by another option; move it to the end") from None
    if len(data) % 4:
        data += bytes(-len(data) % 4)
    if len(data) > MAX_BYTES:
        raise TcpBookError(
            f"the options take {len(data)} bytes, a header has room for {MAX_BYTES}; leave some options out"
        )
    return data


def spans(options: Sequence[Option]) -> list[tuple[Option, int, int]]:
    """Return each option with its first byte and the byte after its last, counted from the first option."""
    ends = list(accumulate(len(to_bytes(option)) for option in options))
    return list(zip(options, [0, *ends], ends, strict=False))


def decode(data: bytes, problems: list[Problem] | None = None, start: int = 20) -> tuple[Option, ...]:
    """Return the options in `data`, the part of a header that begins at its byte `start`.

    A malformed option raises TcpBookError. Decoding leniently, that is with a list of `problems`, it is kept as
    `Malformed` bytes and added to the list. RFC 9293 §3.1.

    >>> decode(bytes.fromhex("020405b4 04 02 0101"))
    (<MSS 1460>, <SACK-permitted>, <NOP>, <NOP>)
    """
    options = []
    at, end = 0, len(data)
    while at < end:
        kind = data[at]
        if kind == 1:  # NOP, the one option without a length byte that others may follow
            options.append(_NOP)
            at += 1
            continue
        length = _LENGTHS[kind]
        octets = data[at : at + length]
        if octets in _MET:
            option = _MET[octets]
        elif len(octets) == length == octets[1]:
            option = _READERS[kind](octets)
            if length <= _SHORT and len(_MET) < _KEEP:
                _MET[octets] = option
        else:
            option, length = _decode_unusual(data, at, problems, start)
        options.append(option)
        at += length
    return tuple(options)


def _decode_unusual(data: bytes, at: int, problems: list[Problem] | None, start: int) -> tuple[Option, int]:
    """Return the option at `at`, and its length: an end, or unknown, or malformed, or of a kind of several lengths."""
    kind, end, where = data[at], len(data), start + at
    name = Option(kind).name
    if kind == EOL.kind:
        padding = data[at + 1 :]
        if any(padding) and problems is not None:
            text = f"padding behind {name} is {padding.hex(' ')}; it must be zeros (RFC 9293 §3.1, MUST-69)"
            problems.append(Problem("remark", text, name, where + 1, start + end))
        return Option(kind, padding), end - at
    length = data[at + 1] if at + 1 < end else None
    stop = end
    if length is None:
        text = f"{name} at byte {where} ends before its length byte; end the options with EOL or lengthen the header"
    elif length < 2:
        text = f"{name} at byte {where} has length {length}, the least is 2: kind and length byte count as well"
    elif at + length > end:
        text = f"{name} at byte {where} has length {length}, the header has {end - at} bytes left; shorten the option"
    else:
        stop = at + length
        if kind not in OPTIONS:
            return Option(kind, data[at + 2 : stop]), stop - at
        if length in OPTIONS[kind].lengths:
            return Option(kind, OPTIONS[kind].codec.unpack(data[at + 2 : stop])), stop - at
        text = f"{name} at byte {where} has length {length}, it must be {_allowed(OPTIONS[kind])}; correct the length"
    report(problems, text, name, where, start + stop)
    return Option(kind, Malformed(data[at:stop])), stop - at


def _allowed(row: OptionKind) -> str:
    *others, last = map(str, row.lengths)
    return f"{', '.join(others)} or {last} bytes" if others else f"{last} byte{'' if last == '1' else 's'}"
