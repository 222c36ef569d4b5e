"""What passed the place of a capture, and what that says about when each segment reached the other end."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tcpbook.protocol.flags import ALL_BITS, COMBINATIONS, Flags
from tcpbook.protocol.segment import Segment

if TYPE_CHECKING:
    from pandas import DataFrame

SYN, ACK, RST, FIN = (int(flag) for flag in (Flags.SYN, Flags.ACK, Flags.RST, Flags.FIN))
HALF = 1 << 31
STILL_US = 1_000_000  # who goes on for so long without a word of a segment has not received it
UNKNOWN_ROUND_TRIP_US = 1_000


class Passed(NamedTuple):
    """A segment as it passed: its numbers count from its end's first, its window is in bytes."""

    at_us: int
    end: int
    segment: Segment
    sack: tuple[tuple[int, int], ...]
    grain: int  # bytes: windows are told in multiples of it

    @property
    def takes(self) -> int:
        """How many sequence numbers it takes."""
        return self.segment.len

    @property
    def start(self) -> int:
        """Its first number, negative left of the end's first."""
        return signed(self.segment.seq)

    @property
    def stop(self) -> int:
        """The number behind its last."""
        return self.start + self.takes

    def has(self, flags: int) -> bool:
        """Whether any of these control bits is set."""
        return bool(self.segment.flags & flags)


def signed(number: int) -> int:
    """A number modulo 2**32 as one from -2**31 up to 2**31."""
    return (number + HALF) % (2 * HALF) - HALF


@cache
def blank(octets: int) -> bytes:
    """So many bytes of text; which ones, the table of segments does not say."""
    return bytes(octets)


def passed(rows: DataFrame) -> list[Passed]:
    """The segments of one connection, in order.

    Times count from the first segment, in whole microseconds; one that would fall on its predecessor's comes 1 µs
    later. Numbers count from each end's ISN, or from 1 where that was not captured, as Wireshark shows them.
    """
    end = rows["end"].tolist()
    seq, ack, flags = (rows[name].to_numpy(np.int64).tolist() for name in ("seq", "ack", "flags"))
    bases = _bases(end, seq, ack, flags)
    times = rows["time_ns"].to_numpy()
    found: list[Passed] = []
    last_us = -1
    columns = (rows[name].tolist() for name in ("length", "window", "window_bytes", "urgent", "sack"))
    grain = [1, 1]
    times_us = ((times - times[0]) // 1_000).tolist()
    ports = rows["source_port"].tolist(), rows["destination_port"].tolist()
    for number, (length, raw, window, urgent, sack) in enumerate(zip(*columns, strict=True)):
        last_us = max(last_us + 1, times_us[number])
        own, other = bases[end[number]], bases[1 - end[number]]
        segment = Segment(
            ports[0][number],
            ports[1][number],
            (seq[number] - own) % 2**32,
            (ack[number] - other) % 2**32 if flags[number] & ACK else 0,
            COMBINATIONS[flags[number] & ALL_BITS],
            window,
            up=urgent,
            data=blank(length),
        )
        if raw and not flags[number] & SYN:
            grain[end[number]] = window // raw
        blocks = tuple(((left - other) % 2**32, (right - other) % 2**32) for left, right in sack)
        found.append(Passed(last_us, end[number], segment, blocks, grain[end[number]]))
    return found


def _bases(end: list[int], seq: list[int], ack: list[int], flags: list[int]) -> tuple[int, int]:
    """The number from which each end's are counted."""
    found: dict[int, int] = {}
    for side in (0, 1):
        of_side = [number for number, sender in enumerate(end) if sender == side and not flags[number] & RST]
        others = [number for number, sender in enumerate(end) if sender != side and flags[number] & ACK]
        syns = [seq[number] for number in of_side if flags[number] & SYN]
        firsts = [*syns, *(seq[number] - 1 for number in of_side), *(ack[number] - 1 for number in others)]
        resets = [seq[number] - 1 for number, sender in enumerate(end) if sender == side]
        found[side] = [*firsts, *resets, 0][0]
    return found[0], found[1]


class Arrival(NamedTuple):
    """That segment `number` arrives, after segment `after` has passed and before the next does."""

    after: int
    number: int
    at_us: int


def arrivals(segments: list[Passed], round_trip_us: int | None) -> list[Arrival]:
    """When each segment reached the other end, as far as its answers tell; what does not arrive is left out.

    A segment that takes numbers arrives as soon as no later answer shows that it had not yet; never, if it is sent
    again before it is acknowledged. Segments of an end arrive in order.
    """
    answers = [_Answers(segments, 1 - end) for end in (0, 1)]
    repeats = [_repeats(segments, end) for end in (0, 1)]
    found = []
    latest = [-1, -1]
    for number, one in enumerate(segments):
        after = answers[one.end].after(number, one, repeats[one.end].get(number))
        if after is None:
            continue
        latest[one.end] = after = max(after, latest[one.end])
        found.append((after, number))
    span_us = round_trip_us or UNKNOWN_ROUND_TRIP_US
    arrived = []
    for after, number in sorted(found):
        at_us = segments[after].at_us + max(span_us // 2, 1)
        if after + 1 < len(segments) and segments[after + 1].at_us <= segments[after].at_us + 2 * span_us:
            at_us = segments[after + 1].at_us
        arrived.append(Arrival(after, number, at_us))
    return arrived


class _Answers:
    """What an end's segments acknowledge, for those of the other end; a SYN without ACK knows of nothing."""

    def __init__(self, segments: list[Passed], end: int) -> None:
        self._segments = segments
        self._numbers = [n for n, one in enumerate(segments) if one.end == end]
        acks = [n for n in self._numbers if segments[n].has(ACK | SYN) and not segments[n].has(RST)]
        self._acks = acks
        highest, self._highest = -HALF, []
        for n in acks:
            highest = max(highest, signed(segments[n].segment.ack))
            self._highest.append(highest)

    def after(self, number: int, one: Passed, repeated: int | None) -> int | None:
        """The segment after which this one arrives: itself, or the last answer that does not know of it."""
        if not self._numbers:
            return None if repeated is not None else number
        if one.has(RST):
            return self._after_reset(number, one)
        if not one.takes:
            return number
        later = bisect_left(self._acks, number)
        covering = max(bisect_left(self._highest, one.stop), later)
        acknowledged = self._acks[covering] if covering < len(self._acks) else None
        if repeated is not None and (acknowledged is None or acknowledged > repeated):
            if not self._reported(one, number, repeated):
                return None
            return number
        if covering == later or self._highest[covering - 1] < one.start:
            return number
        unaware = self._acks[covering - 1]
        if acknowledged is None and self._segments[unaware].at_us - one.at_us > STILL_US:
            return None
        return unaware

    def _after_reset(self, number: int, one: Passed) -> int:
        """A RST is on its way while the other end still talks, for a while."""
        found = number
        for n in self._numbers[bisect_left(self._numbers, number) :]:
            if self._segments[n].at_us - one.at_us > STILL_US or self._segments[n].has(RST):
                break
            found = n
        return found

    def _reported(self, one: Passed, number: int, repeated: int) -> bool:
        """Whether a SACK block or a RST in answer tells of the segment before it is sent again."""
        first, last = (bisect_left(self._numbers, place) for place in (number, repeated))
        between = [self._segments[n] for n in self._numbers[first:last]]
        blocks = (block for other in between for block in other.sack)
        if any(signed(left) <= one.start and one.stop <= signed(right) for left, right in blocks):
            return True
        return any(other.has(RST) and other.segment.seq == one.segment.ack for other in between)


def _repeats(segments: list[Passed], end: int) -> dict[int, int]:
    """For each segment of an end the one that first sends its first number again, if any does."""
    own = [(one.start, number) for number, one in enumerate(segments) if one.end == end and one.takes]
    placed = sorted(own)
    found: dict[int, int] = {}
    highest = -HALF
    for start, number in own:
        stop = segments[number].stop
        if start < highest:
            first, last = bisect_left(placed, (start, -1)), bisect_left(placed, (stop, -1))
            for _, earlier in placed[first:last]:
                called = segments[earlier].has(SYN) and not segments[earlier].has(ACK)
                if earlier < number and not (called and segments[number].has(ACK)):  # in a simultaneous open: an answer
                    found.setdefault(earlier, number)
        highest = max(highest, stop)
    return found
