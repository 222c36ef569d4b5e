"""A reader with a pencil: segments from a list as Wireshark prints it."""

from __future__ import annotations

import re
from typing import NamedTuple

LINE = re.compile(
    r" *(\d+) +(\d+)\.(\d{3})   (client|server) → (client|server)   \[([A-Z, ]+)\] Seq=(\d+)(?: Ack=(\d+))? Win=(\d+) "
    r"Len=(\d+)"
)


class Line(NamedTuple):
    """A line; `ack` is -1 where there is none, `after` the number behind all that the segment takes."""

    frame: int
    ms: int
    sender: str
    bits: set[str]
    seq: int
    ack: int
    window: int
    after: int


def listed(given: str) -> list[Line]:
    """The lines below the header."""
    head, *rest = given.splitlines()
    assert head.split() == ["frame", "time", "in", "s"]
    lines = []
    for text in rest:
        found = LINE.fullmatch(text)
        assert found, text
        frame, seconds, thousandths, sender, receiver, flags, seq, ack, window, length = found.groups()
        assert sender != receiver
        bits = set(flags.split(", "))
        assert ("ACK" in bits) == (ack is not None)
        takes = int(length) + len(bits & {"SYN", "FIN"})
        ms = int(seconds) * 1000 + int(thousandths)
        lines.append(Line(int(frame), ms, sender, bits, int(seq), int(ack or -1), int(window), int(seq) + takes))
    assert [line.frame for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0].ms == 0
    assert [line.ms for line in lines] == sorted(line.ms for line in lines)
    return lines
