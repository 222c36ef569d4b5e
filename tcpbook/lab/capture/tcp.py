"""The fields of many TCP headers at once, options included (RFC 9293 §3.1 and §3.2, RFC 7323, RFC 2018)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcpbook.lab.capture.fragments import Inside
from tcpbook.lab.capture.layers import CUT, Skipped, keep
from tcpbook.lab.capture.packets import Numbers, Octets
from tcpbook.protocol.options import EOL, MSS, NOP, SACK, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE
from tcpbook.protocol.segment import HEADER_BYTES, PROTOCOL

Columns = dict[str, NDArray[Any]]
NO_BLOCKS: tuple[tuple[int, int], ...] = ()
HEADER_WORDS = 16  # one more than the longest header has, for options that would reach over it
ONLY_TIMESTAMPS = NOP.kind << 24 | NOP.kind << 16 | TIMESTAMPS.kind << 8 | 10  # as nearly every sender aligns them


def fields(found: Inside, skipped: Skipped) -> tuple[Inside, Columns]:
    """Return the segments whose header was captured, and a column for each field; `ports` are both, 16 bits each.

    Where an option is absent, `mss` and `scale` are -1, and `stamped` is false beside its `tsval` and `tsecr`.
    """
    has = found.packets.has(HEADER_BYTES)
    keep(found.packets, has, CUT, skipped)
    found = found.where(has)
    words = found.packets.words(HEADER_WORDS)
    header = (words[:, 3] >> 28).astype(np.int64) * 4
    sound = header >= HEADER_BYTES
    keep(found.packets, sound, "TCP header with a data offset below 5", skipped)
    if not sound.all():
        found, words, header = found.where(sound), words[sound], header[sound]
    packets = found.packets
    columns: Columns = {
        "frame": packets.frame,
        "time_ns": packets.time_ns,
        "ports": words[:, 0].astype(np.uint32),
        "seq": words[:, 1].astype(np.uint32),
        "ack": words[:, 2].astype(np.uint32),
        "flags": (words[:, 3] >> 16 & 0xFFF).astype(np.uint16),
        "window": words[:, 3].astype(np.uint16),
        "length": np.maximum(packets.stop - packets.at - header, 0),
        "urgent": words[:, 4].astype(np.uint16),
        "header_bytes": header.astype(np.uint8),
    }
    return found, columns | _options(words, np.minimum(header, packets.end - packets.at))


def _options(words: NDArray[np.uint32], stop: Numbers) -> Columns:
    """The options in headers given as 16 words each, up to `stop` bytes of them."""
    rows = len(words)
    found: Columns = {
        "mss": np.full(rows, -1, np.int32),
        "scale": np.full(rows, -1, np.int16),
        "sack_permitted": np.zeros(rows, bool),
        "sack": np.empty(rows, object),
        "stamped": np.zeros(rows, bool),
        "tsval": np.zeros(rows, np.uint32),
        "tsecr": np.zeros(rows, np.uint32),
    }
    found["sack"].fill(NO_BLOCKS)
    usual = (stop == 32) & (words[:, 5] == ONLY_TIMESTAMPS)
    found["stamped"][usual] = True
    found["tsval"][usual] = words[usual, 6]
    found["tsecr"][usual] = words[usual, 7]

    row = np.flatnonzero(~usual & (stop > HEADER_BYTES))
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(rows, 4 * HEADER_WORDS)
    at = np.full(len(row), HEADER_BYTES)
    while len(row):
        kind = octets[row, at]
        length = np.where(kind == NOP.kind, 1, octets[row, np.minimum(at + 1, 4 * HEADER_WORDS - 1)]).astype(np.int64)
        inside = (kind != EOL.kind) & (length >= np.where(kind == NOP.kind, 1, 2)) & (at + length <= stop[row])
        row, at, kind, length = row[inside], at[inside], kind[inside], length[inside]
        _take(found, octets, row, at, kind, length)
        at = at + length
        more = at < stop[row]
        row, at = row[more], at[more]
    return found


def _take(found: Columns, octets: Octets, row: Numbers, at: Numbers, kind: Octets, length: Numbers) -> None:
    """Note the options that stand at these places; each with a length of its kind, or it is passed over."""

    def of(option: Any) -> tuple[Numbers, Numbers]:
        mask = (kind == option.kind) & np.isin(length, option.lengths)
        return row[mask], at[mask] + 2

    rows, value = of(MSS)
    found["mss"][rows] = octets[rows, value].astype(np.int32) << 8 | octets[rows, value + 1]
    rows, value = of(WINDOW_SCALE)
    found["scale"][rows] = octets[rows, value]
    rows, value = of(SACK_PERMITTED)
    found["sack_permitted"][rows] = True
    rows, value = of(TIMESTAMPS)
    found["stamped"][rows] = True
    found["tsval"][rows] = _u32(octets, rows, value)
    found["tsecr"][rows] = _u32(octets, rows, value + 4)
    rows, value = of(SACK)
    ends = value - 2 + octets[rows, value - 1]
    for one, first, end in zip(rows, value, ends, strict=True):
        edges = octets[one, first:end].copy().view(">u4").tolist()
        found["sack"][one] = tuple(zip(edges[::2], edges[1::2], strict=True))


def _u32(octets: Octets, rows: Numbers, at: Numbers) -> NDArray[np.uint32]:
    return np.stack([octets[rows, at + place] for place in range(4)], axis=1).view(">u4")[:, 0]


def checksum_verdicts(found: Inside) -> NDArray[np.int8]:
    """For each segment whether its checksum is right: 1, 0, or -1 where it was not captured whole (RFC 9293 §3.1)."""
    packets = found.packets
    verdicts = np.full(len(packets), -1, np.int8)
    for row in np.flatnonzero((packets.stop <= packets.end) & found.fits):
        octets = packets.buffer[packets.at[row] : packets.stop[row]].tobytes()
        pseudo = int.from_bytes(found.addresses[row].tobytes(), "big") + PROTOCOL + len(octets)
        # Modulo 0xffff a number is the sum of its 16-bit words; with the checksum among them it has to be 0.
        verdicts[row] = (pseudo + int.from_bytes(octets + bytes(len(octets) % 2), "big")) % 0xFFFF == 0
    return verdicts
