"""Where each segment starts: at the highest number its end has sent so far, below it, or beyond; and what that means.

The verdicts equal those of Wireshark, read in two passes, with these exceptions: SYN and FIN in one segment take two
numbers here (RFC 9293 §3.4); 0 is a number like any other; a FIN takes its number also after 10,000 segments that
nobody acknowledged; and of segments whose header is cut, or longer than the packet, Wireshark says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tcpbook.lab.capture.ends import Column, Ends, ahead
from tcpbook.lab.capture.packets import Mask

if TYPE_CHECKING:
    from pandas import DataFrame, Series

VERDICTS = ("", "new", "old", "gap")
NAMES = ("", "retransmission", "out of order", "keep-alive", "window probe", "duplicate ACK")
"""What a segment is called that is not plainly new.

- keep-alive: no text or one byte that was acknowledged before, one below the highest number (RFC 9293 §3.8.4)
- window probe: the same, or one byte at the highest number, while the peer's window is zero (§3.8.6.1)
- out of order: begins among bytes that were passed over less than a round trip ago, and nothing since began there:
  nobody can have asked for it yet. The handshake tells the round trip, else it is 3 ms.
- retransmission: every other old segment
- duplicate ACK: as RFC 5681 §2 defines it
"""
_RETRANSMISSION, _OUT_OF_ORDER, _KEEP_ALIVE, _PROBE, _DUPLICATE = range(1, 6)
_NEW, _OLD, _GAP = range(1, 4)

HALF = 2**31
ROUND_TRIP_NS = 3_000_000  # where the handshake doesn't tell


class Observed(NamedTuple):
    """Numpy arrays, an item a row of Ends: places in VERDICTS and NAMES; SEQ as int64 that never wraps (comparable
    within a flow).
    """

    verdict: Column
    name: Column
    position: Column


def verdicts(segments: DataFrame) -> Series:
    """What each segment that takes sequence numbers (SYN, text, FIN) is to those before it from the same end.

    "new" starts at the highest number sent so far, or is the first; "old" starts below it, or everything in it was
    acknowledged before; "gap" starts beyond: something before it was not captured. "" takes no sequence number. Two
    things don't count as Wireshark has it: a zero-window probe's byte doesn't raise the highest number, and longer
    text that repeats one byte only is new. Returns a categorical Series with the index of `segments`, rows of
    `read_capture`. RFC 9293 §3.4
    """
    ends = Ends(segments)
    return _series(segments, ends, observe(ends).verdict, VERDICTS)


def names(segments: DataFrame) -> Series:
    """What each segment is called, one of NAMES ("" if it is plainly new or an ACK), as a categorical Series."""
    ends = Ends(segments)
    return _series(segments, ends, observe(ends).name, NAMES)


def _series(segments: DataFrame, ends: Ends, found: Column, words: tuple[str, ...]) -> Series:
    from pandas import Categorical, Series

    codes = np.empty_like(found)
    codes[ends.order] = found
    return Series(Categorical.from_codes(codes, list(words)), index=segments.index)


def observe(ends: Ends) -> Observed:
    """Verdict and name of every segment, all flows at once."""
    if not ends.count:
        return Observed(*(np.zeros(0, np.int64) for _ in Observed._fields))
    order, starts, peer = _arranged(ends)
    place = np.empty_like(order)
    place[order] = ends.rows
    heard = ends.flow[peer] != ends.flow
    closed = heard & (ends.window[peer] == 0)
    answered = heard & ends.acks[peer]
    peer_ack = ends.ack[peer]

    probing = (closed & (ends.length == 1))[order]
    probing[starts] = False
    ladder = _climb(ends.seq[order], ends.takes[order], probing, starts)
    position, top, reach = (values[place] for values in ladder)
    distance = position - top

    past = answered & (ends.length > 0) & (ahead(ends.seq + ends.length, peer_ack) <= 0)
    old = ((distance < 0) & ~((distance == -1) & (ends.length > 1))) | past
    verdict = np.select([ends.takes == 0, (distance > 0) & ~ends.rst, old], [0, _GAP, _OLD], _NEW).astype(np.int8)

    name = np.zeros(ends.count, np.int8)
    name[verdict == _OLD] = _RETRANSMISSION
    name[_early(ends, order, ladder, verdict)] = _OUT_OF_ORDER
    plain = ~(ends.syn | ends.fin | ends.rst)
    acked = (ends.length == 0) | (answered & (ahead(peer_ack, ends.seq + 1) >= 0))
    below = plain & (distance == -1) & (ends.length <= 1)
    name[below & acked] = _KEEP_ALIVE
    name[closed & (below | (plain & (distance == 0) & (ends.length == 1)))] = _PROBE

    name[_duplicates(ends, order, peer, heard, ends.seq + reach - position) & (name == 0)] = _DUPLICATE
    return Observed(verdict, name, position)


def _arranged(ends: Ends) -> tuple[Column, Column, Column]:
    """The rows by flow; where in them each flow starts; for each row the last one before it from the other end.

    Where the other end has sent nothing yet, the last one is a row of the same end.
    """
    changed = np.diff(ends.end, prepend=0) != 0
    last = np.where(changed, ends.rows - 1, 0)
    last[ends.starts] = ends.starts
    peer = np.maximum.accumulate(last)
    # A RST in answer to a segment without ACK has SEQ 0, which is no number of its sender's (RFC 9293 §3.5.2): apart.
    kind = np.where(ends.rst & (ends.takes == 0) & (ends.seq == 0), 2, ends.end)
    parts = [np.flatnonzero(kind == each) for each in range(3)]
    starts = [np.diff(ends.connection[part], prepend=-1) != 0 for part in parts]
    return np.concatenate(parts), np.flatnonzero(np.concatenate(starts)), peer


def _climb(seq: Column, takes: Column, probing: Mask, starts: Column) -> tuple[Column, Column, Column]:
    """For segments in order of flow: SEQ unwrapped, the highest number before the segment, and after it.

    Ends are stacked, each above the one before, so that one running maximum serves all; its first segment finds the
    highest number where it starts.
    """
    steps = np.diff(seq, prepend=seq[:1]).view(np.int32).astype(np.int64)
    position = np.cumsum(steps)
    taken = np.where(probing, 0, takes)
    ladder = _stack(position, taken, starts)
    distance = ladder[0] - ladder[1]
    wild = (np.abs(distance) >= HALF) | (probing & (distance > 0))
    if wild.any():
        stops = np.append(starts[1:], len(seq))
        for flow in np.unique(np.searchsorted(starts, np.flatnonzero(wild), "right") - 1):
            part = slice(starts[flow], stops[flow])
            position[part], taken[part] = walk(seq[part], takes[part], probing[part])
        ladder = _stack(position, taken, starts)
    return ladder


def _stack(position: Column, taken: Column, starts: Column) -> tuple[Column, Column, Column]:
    low = np.minimum.reduceat(position, starts)
    height = np.maximum.reduceat(position + taken, starts) - low + 1
    position = position + np.repeat(np.cumsum(height) - height - low, np.diff(starts, append=len(position)))
    reach = np.maximum.accumulate(position + taken)
    top = np.concatenate([position[:1], reach[:-1]])
    top[starts] = position[starts]
    return position, top, reach


def walk(seq: Column, takes: Column, probing: Mask) -> tuple[Column, Column]:
    """One flow, a segment at a time: SEQ unwrapped by its distance from the highest number, and what it adds.

    This is the definition. The running maximum over all flows is the same wherever no number lies 2**31 or more from
    the highest and no probe lies beyond it.
    """
    position, taken = np.empty(len(seq), np.int64), np.empty(len(seq), np.int64)
    top = int(seq[0])
    for row, (number, length, probes) in enumerate(zip(seq.tolist(), takes.tolist(), probing.tolist(), strict=True)):
        distance = (number - top + HALF) % 2**32 - HALF
        position[row] = top + distance
        taken[row] = 0 if probes and distance == 0 else length
        top = max(top, int(position[row] + taken[row]))
    return position, taken


def _early(ends: Ends, order: Column, ladder: tuple[Column, Column, Column], verdict: Column) -> Column:
    """The rows of segments that are out of order."""
    position, top, _ = ladder
    holes = np.flatnonzero(position > top)
    late = np.flatnonzero(verdict[order] == _OLD)
    if not len(holes) or not len(late):
        return late[:0]
    # The stack only grows: holes lie in order, and one that lies below a segment's top was passed over before it.
    hole = np.searchsorted(top[holes], position[late], "right") - 1
    inside = (hole >= 0) & (position[late] < position[holes][hole])
    late, hole = late[inside], hole[inside]
    _, first = np.unique(position[late], return_index=True)
    late, passed = order[late[first]], order[holes[hole[first]]]
    known = ends.round_trip_ns[ends.connection[late]]
    patience_ns = np.where(known < 0, ROUND_TRIP_NS, known)
    early: Column = late[ends.time_ns[late] - ends.time_ns[passed] < patience_ns]
    return early


def _duplicates(ends: Ends, order: Column, peer: Column, heard: Mask, reached: Column) -> Mask:
    """Which segments are duplicate ACKs: the peer has text outstanding (`reached` is what each segment's end had sent
    by then), no text, neither SYN nor FIN, the greatest ACK so far once more, the window unchanged (RFC 5681 §2).
    """
    plain: Mask = ends.acks & (ends.takes == 0) & ~ends.rst
    outstanding = heard & (ahead(reached[peer], ends.ack) > 0)
    found = np.zeros(ends.count, bool)
    order = order[ends.acks[order]]
    flow = ends.flow[order]
    same = np.diff(flow, prepend=-1) == 0
    starts = np.flatnonzero(~same)
    if len(order):
        ack, nothing = ends.ack[order], np.zeros(len(order), np.int64)
        position, top, _ = _climb(ack, nothing, nothing > 0, starts)
        steady = np.diff(ends.window_bytes[order], prepend=0) == 0
        found[order] = same & steady & (position == top)
    plain &= found & outstanding
    return plain
