"""A capture by its ends: a flow is what one end of one connection sent; numbers are compared modulo 2**32."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tcpbook.lab.capture.packets import Mask
from tcpbook.protocol.flags import Flags

if TYPE_CHECKING:
    from pandas import DataFrame

Column: TypeAlias = NDArray[Any]

SYN, FIN, RST, ACK = (int(flag) for flag in (Flags.SYN, Flags.FIN, Flags.RST, Flags.ACK))


def ahead(left: Column, right: Column) -> Column:
    """How far `left` lies beyond `right` modulo 2**32, negative if before it (int32; RFC 9293 §3.4)."""
    difference: Column = left.astype(np.uint32, copy=False) - right.astype(np.uint32, copy=False)
    return difference.view(np.int32)


class Ends:
    """The columns of `segments` as numpy arrays, connection by connection, and which rows open and close each flow.

    `order` is where each row stands in `segments`. `ids` are the connections, `connection` is each row's place among
    them, `starts` where each of them begins. `flow` is 2·connection + end, so the other end's flow is `flow ^ 1`. Where
    something has no row, its row is `count`, one beyond the last.
    """

    def __init__(self, segments: DataFrame) -> None:
        self.count = len(segments)
        self.rows = np.arange(self.count)
        ids = segments["connection"].to_numpy()
        present = np.bincount(ids) > 0
        self.ids = np.flatnonzero(present)
        bits = self.count.bit_length()
        places = ids if present.all() else (np.cumsum(present) - 1)[ids]
        keys = np.sort(places << bits | self.rows)  # much faster than a stable argsort
        self.order, self.connection = keys & (1 << bits) - 1, keys >> bits
        self.starts = np.flatnonzero(np.diff(self.connection, prepend=-1))

        def column(name: str) -> Column:
            values: Column = segments[name].to_numpy()[self.order]
            return values

        self.end = column("end")
        self.flow = self.connection * 2 + self.end
        self.time_ns = column("time_ns")
        self.seq, self.ack = column("seq"), column("ack")
        self.window, self.window_bytes = column("window"), column("window_bytes")
        self.length = column("length")
        flags = column("flags")
        self.syn, self.fin, self.rst, self.acks = (flags & bit != 0 for bit in (SYN, FIN, RST, ACK))
        self.takes = self.length + self.syn + self.fin  # numbers of the sequence space

        self.begun = self.first(np.ones(self.count, bool))
        self.syn_row = self.first(self.syn)
        self.syn_acked = self.acknowledged(self.syn_row, self.at(self.seq, self.syn_row) + 1)
        self.fin_row = self.first(self.fin & ~self.rst)
        self.fin_acked = self.acknowledged(self.fin_row, self.at(self.seq + self.takes, self.fin_row))

    def first(self, mask: Mask) -> Column:
        """The first row of each flow among those of the mask."""
        rows = np.flatnonzero(mask)[::-1]
        found = np.full(len(self.ids) * 2, self.count)
        found[self.flow[rows]] = rows  # of several, the last assignment stays
        return found

    def last(self, mask: Mask) -> Column:
        """The last row of each flow among those of the mask."""
        rows = np.flatnonzero(mask)
        found = np.full(len(self.ids) * 2, self.count)
        found[self.flow[rows]] = rows
        return found

    def at(self, values: Column, rows: Column) -> Column:
        """The values of these rows; 0 for a row that doesn't exist."""
        return np.append(values, 0)[rows]

    def acknowledged(self, rows: Column, number: Column) -> Column:
        """For each flow the row in which the other end first acknowledges it up to `number`.

        `rows` is where that was sent: an acknowledgment comes later, and is no RST.
        """
        peer = self.flow ^ 1
        answers = self.acks & ~self.rst & (self.rows > rows[peer]) & (ahead(self.ack, number[peer]) >= 0)
        return self.first(answers).reshape(-1, 2)[:, ::-1].ravel()

    @cached_property
    def round_trip_ns(self) -> Column:
        """The round trip that each connection's handshake shows, in ns (int64); -1 where it shows none.

        From the SYN to its SYN,ACK and from that to its ACK: at either end, or between, the whole way there and back.
        Of repeated ones the nearest counts.
        """
        answers = self.syn & self.acks & (self.end == 1)
        answer, done = self.first(answers)[1::2], self.syn_acked[1::2]
        call = self.last(self.syn & (self.end == 0) & (self.rows < answer[self.connection]))[::2]
        repeated = self.last(answers & (self.rows < done[self.connection]))[1::2]
        there = self.at(self.time_ns, answer) - self.at(self.time_ns, call)
        back = self.at(self.time_ns, done) - self.at(self.time_ns, repeated)
        return np.where((call < self.count) & (done < self.count), there + back, -1)
