"""A reader with a pencil: the states of both ends from a story's text, by Figure 5 and its notes (RFC 9293 §3.3.2)."""

from __future__ import annotations

import re
from collections import deque
from typing import NamedTuple

SEGMENT = re.compile(r"<SEQ=(\d+)>(?:<ACK=(\d+)>)?<CTL=([A-Z,]+)>(?:<DATA=(\d+)>)?")


class Seen(NamedTuple):
    """A segment of the story."""

    seq: int
    ack: int | None
    bits: set[str]
    length: int


class End:
    """One end: its state, where it has been, and the numbers that decide what it has seen."""

    def __init__(self) -> None:
        self.states = ["CLOSED"]
        self.passive = False
        self.sent_to = 0  # the number behind all that it sent
        self.fin = -1  # the number behind its FIN
        self.expected: int | None = None
        self.early: list[Seen] = []
        self.coming: deque[Seen] = deque()

    def go(self, **after: str) -> None:
        """Change the state by a table, with _ for - in the names."""
        found = after.get(self.states[-1].replace("-", "_"))
        if found:
            self.states.append(found.replace("_", "-"))

    def sends(self, segment: Seen) -> None:
        """What sending shows of its own program's calls."""
        while self.coming and self._has_seen(self.coming[0], segment):
            self.gets(self.coming.popleft())
        if "SYN" in segment.bits:
            self.go(CLOSED="SYN_SENT", LISTEN="SYN_SENT")
        if "FIN" in segment.bits:
            self.fin = segment.seq + segment.length
            self.go(SYN_RECEIVED="FIN_WAIT_1", ESTABLISHED="FIN_WAIT_1", CLOSE_WAIT="LAST_ACK")
        if segment.bits == {"RST"} and segment.seq == self.sent_to:
            aborted = ("SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSE_WAIT")
            self.go(**dict.fromkeys(aborted, "CLOSED"))
        self.sent_to = max(self.sent_to, segment.seq + segment.length)

    @staticmethod
    def _has_seen(arriving: Seen, sent: Seen) -> bool:
        return (sent.ack is None and "RST" in sent.bits) or (
            sent.ack is not None and sent.ack >= arriving.seq + arriving.length
        )  # fmt: skip

    def gets(self, segment: Seen) -> None:
        """What an arriving segment does: one change of state, however much it brings."""
        before = len(self.states)
        self._takes(segment)
        del self.states[before:-1]

    def _takes(self, segment: Seen) -> None:
        if "RST" in segment.bits:
            if self.states[-1] == "SYN-RECEIVED" and self.passive:
                self.go(SYN_RECEIVED="LISTEN")
            elif self.states[-1] not in ("CLOSED", "LISTEN"):
                self.states.append("CLOSED")
            return
        if self.states[-1] == "SYN-RECEIVED" and "SYN" in segment.bits:
            return  # it lies left of the window
        if self.states[-1] == "SYN-SENT" and segment.ack is not None and segment.ack != self.sent_to:
            return
        if "SYN" in segment.bits:
            ours = segment.ack is not None
            self.go(LISTEN="SYN_RECEIVED", SYN_SENT="ESTABLISHED" if ours else "SYN_RECEIVED")
        if segment.ack is not None and self.states[-1] not in ("CLOSED", "LISTEN"):
            self.go(SYN_RECEIVED="ESTABLISHED")
            if segment.ack == self.fin:
                self.go(FIN_WAIT_1="FIN_WAIT_2", CLOSING="TIME_WAIT", LAST_ACK="CLOSED")
        self.early.append(segment)
        self.expected = segment.seq if self.expected is None else self.expected
        for each in sorted(self.early, key=lambda early: early.seq):
            if each.seq <= self.expected <= each.seq + each.length:
                self.expected = max(self.expected, each.seq + each.length)
                if "FIN" in each.bits:
                    self.go(ESTABLISHED="CLOSE_WAIT", FIN_WAIT_1="CLOSING", FIN_WAIT_2="TIME_WAIT")


def walk(given: str) -> dict[str, list[str]]:
    """The states of A and B in order, from a story; what is in flight at its end has changed nothing."""
    ends = {"A": End(), "B": End()}
    told, _, flying = given.partition("in flight:")
    lines = told.splitlines()
    for number, line in enumerate(lines[1:], 2):
        if said := re.search(r"([AB]) \((.+)\)", line):
            for end in ends.values():
                while end.coming:
                    end.gets(end.coming.popleft())
            own = ends[said[1]]
            if said[2] == "passive OPEN":
                own.go(CLOSED="LISTEN")
                own.passive = True
            elif said[2] == "active OPEN":
                own.go(CLOSED="SYN_SENT")
            else:
                own.states.append("CLOSED")
            continue
        found = SEGMENT.search(line)
        assert found, line
        bits = set(found[3].split(","))
        length = int(found[4] or 0) + len(bits & {"SYN", "FIN"})
        segment = Seen(int(found[1]), int(found[2]) if found[2] else None, bits, length)
        sender, receiver = "AB" if "-->" in line or "--X" in line else "BA"
        ends[sender].sends(segment)
        last = not any(found[0] in later for later in lines[number:])
        lost = "--X" in line or "X--" in line
        if not lost and not (last and f"{found[0]}, sent by {sender}" in flying):
            ends[receiver].coming.append(segment)
    for end in ends.values():
        while end.coming:
            end.gets(end.coming.popleft())
    return {name: end.states for name, end in ends.items()}
