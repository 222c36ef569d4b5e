"""Which connection each segment belongs to, and which of its two ends sent it."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import Categorical, factorize

from tcpbook.lab.capture.packets import Mask, Numbers, Octets
from tcpbook.protocol.flags import Flags

SYN, ACK = int(Flags.SYN), int(Flags.ACK)
MOST_SHIFT = 14  # RFC 7323 §2.3


class Flows:
    """Numbers for the flows: all that one address and port sends to another."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[bytes, int], int] = {}  # by addresses and ports

    def number(self, addresses: Octets, ports: NDArray[np.uint32]) -> Numbers:
        """The flow of each segment; `ports` are its two in one number, the source first."""
        first_word, *words = np.ascontiguousarray(addresses).view(np.int64).T
        codes: Numbers = factorize(first_word)[0]
        for word in words:
            codes = factorize(codes << 32 | factorize(word)[0])[0]
        codes = factorize(codes << 32 | ports)[0]
        first = _first(codes, int(codes.max(initial=-1)) + 1)
        width, octets = addresses.shape[1], addresses[first].tobytes()
        pieces = (octets[at : at + width] for at in range(0, len(octets), width))
        keys = zip(pieces, ports[first].tolist(), strict=True)
        numbers = self._numbers
        found: Numbers = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)[codes]
        return found

    def addresses(self, flow: Numbers) -> tuple[Categorical, Categorical]:
        """The source and the destination of segments of these flows, as people write them."""
        ends = [(octets[: len(octets) // 2], octets[len(octets) // 2 :]) for octets, _ in self._numbers]
        codes: dict[bytes, int] = {}
        sides = np.array([codes.setdefault(end, len(codes)) for both in ends for end in both], np.int32).reshape(-1, 2)
        texts = [inet_ntop(AF_INET if len(octets) == 4 else AF_INET6, octets) for octets in codes]
        source, destination = (Categorical.from_codes(sides[flow, side], texts) for side in (0, 1))
        return source, destination

    def ports(self, flow: Numbers) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """The source port and the destination port of segments of these flows."""
        ports = np.array([ports for _, ports in self._numbers], np.uint32)
        return (ports >> 16).astype(np.uint16)[flow], ports.astype(np.uint16)[flow]

    def pairs(self) -> tuple[Numbers, Mask]:
        """For each flow a number that it has in common with the way back, and whether it is that, the later one."""
        numbers = self._numbers
        ways_back = (_turned(*flow) for flow in numbers)
        back = np.array([numbers.get(way, number) for number, way in enumerate(ways_back)], np.int64)
        own = np.arange(len(back))
        return np.minimum(own, back), own > back


def _turned(octets: bytes, ports: int) -> tuple[bytes, int]:
    half = len(octets) // 2
    return octets[half:] + octets[:half], (ports & 0xFFFF) << 16 | ports >> 16


def _first(codes: Numbers, count: int) -> Numbers:
    """Where each code from 0 up to `count` stands first."""
    found = np.full(count, len(codes))
    found[codes[::-1]] = np.arange(len(codes))[::-1]
    return found


def connect(
    flow: Numbers, pair: Numbers, back: Mask, seq: NDArray[Any], ack: NDArray[Any], flags: NDArray[Any]
) -> tuple[Numbers, Mask]:
    """The connection of each segment, counted from 0 as they begin, and whether its sender is the second end.

    `pair` and `back` are of each flow. A SYN opens a pair anew if it does not repeat its sender's first number. The
    first end is the one that sent the SYN; without one, whoever is seen first.
    """
    of_pair, of_back = pair[flow], back[flow]
    connection = factorize(_reopened(of_pair, of_back, seq.astype(np.int64), ack.astype(np.int64), flags))[0]
    count = int(connection.max(initial=-1)) + 1
    decisive = _first(connection, count)
    syns = np.flatnonzero(flags & SYN)
    syn = _first(connection[syns], count)
    opened = syn < len(syns)
    decisive[opened] = syns[syn[opened]]
    answered = flags[decisive] & (SYN | ACK) == SYN | ACK
    first_goes_back = of_back[decisive] ^ answered
    return connection, of_back ^ first_goes_back[connection]


def _reopened(pair: Numbers, back: Mask, seq: Numbers, ack: Numbers, flags: NDArray[Any]) -> Numbers:
    """The pair of each segment, with a new number from each SYN on that opens it anew."""
    opening = np.flatnonzero(flags & (SYN | ACK) == SYN)
    if not len(opening):
        return pair
    again = opening[_first(pair, int(pair.max()) + 1)[pair[opening]] < opening]
    if not len(again):
        return pair
    rows = np.flatnonzero(np.isin(pair, pair[again]))
    answers = rows[flags[rows] & ACK > 0]
    end = pair * 2 + back
    of_pair, of_end, acks_of_end = _Groups(pair, rows), _Groups(end, rows), _Groups(end, answers)
    starts: dict[int, list[int]] = {}
    for row in again.tolist():
        start = starts.setdefault(pair[row], [0])
        first = of_end.after(end[row], start[-1])
        heard = acks_of_end.after(end[row] ^ 1, start[-1])
        assert first is not None  # the SYN itself, if nothing else
        # What the sender's number was before anything of it was seen, its peer's ACK tells.
        base = ack[heard] - 1 if heard is not None and heard < first else seq[first] - (not flags[first] & SYN)
        if seq[row] != base % 2**32:
            start.append(row)
    found, following = pair.copy(), int(pair.max()) + 1
    for number, start in starts.items():
        own = of_pair[number]
        generation = np.searchsorted(start, own, side="right") - 1
        found[own] = np.where(generation > 0, following + generation, number)
        following += len(start)
    return found


class _Groups:
    """Some rows, by the key that each has in a column; each group in order."""

    def __init__(self, column: Numbers, rows: Numbers) -> None:
        order = np.argsort(column[rows], kind="stable")
        self._rows = rows[order]
        self._keys = column[self._rows]

    def __getitem__(self, key: int) -> Numbers:
        start, stop = np.searchsorted(self._keys, [key, key + 1])
        return self._rows[start:stop]

    def after(self, key: int, row: int) -> int | None:
        """The first of a group from a row on, if there is one."""
        rows = self[key]
        place = np.searchsorted(rows, row)
        return int(rows[place]) if place < len(rows) else None


def scaled(
    window: NDArray[Any], connection: Numbers, second: Mask, scale: NDArray[Any], flags: NDArray[Any]
) -> Numbers:
    """The windows in bytes: shifted where both ends' SYNs offered a scale, and not on those (RFC 7323 §2.2)."""
    shifts = np.full((int(connection.max(initial=-1)) + 1, 2), -1, np.int16)
    syn = flags & SYN > 0
    shifts[connection[syn], second[syn].astype(np.int8)] = np.minimum(scale[syn], MOST_SHIFT)
    shifts[(shifts < 0).any(axis=1)] = 0
    shift = np.where(syn, 0, shifts[connection, second.astype(np.int8)])
    return window.astype(np.int64) << shift
