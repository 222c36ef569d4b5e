"""The walk from one pcap record to the next in hundreds of lanes at once: a single one would wait for memory.

Each lane begins at a guess, a place that looks like a record's head. The guesses count only if every lane, going from
record to record, lands exactly where the next one began; else there is no result, and the caller walks serially.
"""

from __future__ import annotations

import numpy as np

from tcpbook.lab.capture.packets import Numbers, Octets, gather
from tcpbook.lab.capture.sources import Source

LANES = 384
WINDOW = 1_600  # bytes of a lane that are searched for a head: more than a full-size record has
SHORTEST = 2_048  # bytes of a lane
FEWEST = 32  # lanes that are worth the trouble
MOST_STEPS = 256  # records in a lane; more would be slower than the serial walk
LIKELY = 1 << 16  # bytes that a packet has at most, for a guess


def walk_in_lanes(source: Source, at: int, order: str, head: int) -> Numbers | None:
    """Return where the records begin that the source holds whole, the first of them at `at`.

    `head` is the length of a record's head in bytes, `order` that of the bytes in its numbers. None if guesses fail.
    """
    buffer, filled = source.buffer, source.filled
    firsts = _guesses(source, at, f"{order}u4", head)
    if len(firsts) < FEWEST:
        return None
    places, ends = firsts, np.append(firsts[1:], filled)
    found = []
    for _ in range(MOST_STEPS):
        found.append(places)
        places = places + head + _numbers(buffer, places + 8, f"{order}u4")
        if (over := places > ends).any():
            if over[:-1].any() or ends[-1] != filled:
                return None
            found[-1], places, ends = found[-1][:-1], places[:-1], ends[:-1]  # the last record is not whole yet
        on = places < ends
        places, ends = places[on], ends[on]
        if not len(places):
            return np.sort(np.concatenate(found))
    return None


def _guesses(source: Source, at: int, kind: str, head: int) -> Numbers:
    """`at`, and one place in each further lane where a record seems to begin, where there is one."""
    buffer, width = source.buffer, max((source.filled - at) // LANES, SHORTEST)
    # The upper half of the seconds is the same for 18 hours.
    place = 2 if kind[0] == "<" else 0
    alike = buffer[at + place : at + place + 2].tobytes()
    begin = range(at + width + place, source.filled - WINDOW, width)
    found = [source.octets.find(alike, start, start + WINDOW) for start in begin]
    places = np.array([one for one in found if one >= 0], np.int64) - place
    captured, wire = _numbers(buffer, places + 8, kind), _numbers(buffer, places + 12, kind)
    likely = (captured <= wire) & (wire <= LIKELY)
    places, captured = places[likely], captured[likely]
    following = _numbers(buffer, places + head + captured, kind)
    likely = following >> 16 == _numbers(buffer, np.array([at]), kind) >> 16
    return np.append(at, places[likely])


def _numbers(buffer: Octets, at: Numbers, kind: str) -> Numbers:
    return gather(buffer, at, 4).view(kind)[:, 0].astype(np.int64)
