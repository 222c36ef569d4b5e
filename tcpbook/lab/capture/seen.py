"""One connection as the sentences of `explain` look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tcpbook.lab.capture.connections import connections
from tcpbook.lab.capture.ends import Column, Ends, ahead
from tcpbook.lab.capture.packets import Mask
from tcpbook.lab.capture.verdicts import NAMES, observe
from tcpbook.lab.capture.wording import duration, durations
from tcpbook.protocol.flags import ALL_BITS, COMBINATIONS

if TYPE_CHECKING:
    from pandas import DataFrame

SHOWN = 6  # more times between segments are given as a range


class Seen:
    """The segments of one connection, and what was found in them.

    `row` is its row of `connections`, `ends` its columns, `until_ns` when the capture ends.
    """

    def __init__(self, segments: DataFrame, until_ns: int) -> None:
        self.row: Any = connections(segments).iloc[0]
        self.until_ns = until_ns
        self.ends = Ends(segments)
        self.observed = observe(self.ends)
        self.plain = ~(self.ends.syn | self.ends.fin | self.ends.rst)
        self.frame = segments["frame"].to_numpy()
        self._flags = segments["flags"].to_numpy()

    def of(self, end: int) -> Mask:
        """Which segments an end sent."""
        found: Mask = self.ends.end == end
        return found

    def named(self, name: str, end: int) -> Column:
        """The rows of segments from an end that bear one of NAMES."""
        return np.flatnonzero((self.observed.name == NAMES.index(name)) & self.of(end))

    def bits(self, row: int) -> str:
        """The control bits of a segment, such as "RST,ACK"."""
        return str(COMBINATIONS[self._flags[row] & ALL_BITS])

    def between(self, row: int, later: int) -> str:
        """The time from one segment to another, such as "0.2 ms"; the clock may not tell them apart."""
        passed_ns = int(self.ends.time_ns[later] - self.ends.time_ns[row])
        return duration(passed_ns) if passed_ns else "no time"

    def since(self, row: int) -> str:
        """The time from a segment to the end of the capture."""
        return duration(self.left_ns(row))

    def left_ns(self, row: int) -> int:
        """The same in ns."""
        return self.until_ns - int(self.ends.time_ns[row])

    def apart(self, rows: Column) -> str:
        """The times between these segments, such as "1, 2 and 4 s apart"."""
        gaps = np.diff(self.ends.time_ns[rows]).tolist()
        least, most = duration(min(gaps)), duration(max(gaps))
        if len(gaps) <= SHOWN and least != most:
            return f"{durations(gaps)} apart"
        return f"{least} apart" if least == most else f"{least} to {most} apart"

    def progress(self, end: int, before: int) -> tuple[int, int]:
        """How far an end had come before a row, and how far the other end had acknowledged that, as positions."""
        ends, earlier = self.ends, self.ends.rows < before
        mine = np.flatnonzero(self.of(end) & earlier & ~ends.rst)
        answers = np.flatnonzero(self.of(1 - end) & earlier & ends.acks & ~ends.rst)
        if not len(mine):
            return 0, 0
        reach = self.observed.position[mine] + ends.takes[mine]
        reached = int(reach.max())
        if not len(answers):
            return reached, int(self.observed.position[mine[0]])
        ack = ends.ack[answers]
        number = ends.seq[mine[-1:]] + (reached - self.observed.position[mine[-1:]])
        return reached, reached + int(ahead(_greatest(ack), number)[0])

    def outstanding(self, end: int, before: int) -> int:
        """How many bytes of text an end had sent before a row that were not acknowledged there."""
        ends, (reached, answered) = self.ends, self.progress(end, before)
        controls = (ends.syn | ends.fin) & self.of(end) & ~ends.rst & (ends.rows < before)
        number = (self.observed.position + ends.takes - 1)[controls]  # a SYN's or a FIN's own is no text
        return max(reached - answered, 0) - len(np.unique(number[number >= answered]))

    def missing(self, end: int) -> tuple[int, int]:
        """How many numbers of an end's the capture lacks, and how many of these the other end acknowledged."""
        ends = self.ends
        reached, answered = self.progress(end, ends.count)
        mine = np.flatnonzero(self.of(end) & ~ends.rst)
        if not len(mine):
            return 0, 0
        start = self.observed.position[mine]
        order = np.argsort(start, kind="stable")
        stop = np.maximum.accumulate((start + ends.takes[mine])[order])
        left, right = np.maximum(stop, start[0]), np.append(start[order][1:], max(reached, answered))
        holes = np.maximum(right - left, 0)
        return int(holes.sum()), int(np.clip(answered - left, 0, holes).sum())


def _greatest(ack: Column) -> Column:
    """The greatest of the acknowledgment numbers that an end sent, modulo 2**32."""
    climb = np.concatenate([[0], np.cumsum(ahead(ack[1:], ack[:-1]))])
    place = int(climb.argmax())
    return ack[place : place + 1]
