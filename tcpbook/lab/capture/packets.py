"""Many packets at once: where each lies in a buffer, and its bytes as the rows of an array."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Octets = NDArray[np.uint8]
Mask = NDArray[np.bool_]



@dataclass(frozen=True)
class Packets:
    """One layer of packets in `buffer`: it begins at `at`; `end` is behind the last byte that was captured.

    `stop` is where the layer ends by what the layer around it says: beyond `end` where the capture cut it off.
    """

    buffer: Octets
    frame: Numbers
    time_ns: Numbers
    link: Numbers
    at: Numbers
    end: Numbers
    stop: Numbers

    def __len__(self) -> int:
        return len(self.at)

    def where(self, mask: Mask) -> Packets:
        """Those for which the mask is true."""
        if mask.all():
            return self
        columns = (self.frame, self.time_ns, self.link, self.at, self.end, self.stop)
        return Packets(self.buffer, *(column[mask] for column in columns))

    def inside(self, octets: Numbers | int) -> Packets:
        """The same packets, so many bytes further in."""
        return replace(self, at=self.at + octets)

    def has(self, octets: Numbers | int) -> Mask:
        """Whether so many bytes of the layer were captured."""
        return self.at + octets <= self.end

    def octets(self, width: int) -> Octets:
        """The first `width` bytes of each, shape (packets, width); those past `end` mean nothing."""
        return gather(self.buffer, self.at, width)

    def words(self, count: int, kind: str = ">u4") -> NDArray[np.unsignedinteger]:
        """The first bytes of each as `count` numbers of a NumPy kind; shape (packets, count)."""
        return self.octets(count * np.dtype(kind).itemsize).view(kind)


def gather(buffer: Octets, at: Numbers, width: int) -> Octets:
    """Return `width` bytes from each place, shape (places, width), with zeros where the buffer ends before."""
    last = len(buffer) - width
    if at.max(initial=0) > last:  # places too near the end are read from a longer copy of it
        near, tail = at > last, max(last, 0)
        found = np.empty((len(at), width), np.uint8)
        if not near.all():
            found[~near] = gather(buffer, at[~near], width)
        padded = np.concatenate([buffer[tail:], np.zeros(width, np.uint8)])
        found[near] = gather(padded, np.minimum(at[near], len(buffer)) - tail, width)
        return found
    overlapping: NDArray[np.void] = np.ndarray((last + 1,), f"V{width}", buffer, strides=(1,))
    return overlapping[at].view(np.uint8).reshape(-1, width)
