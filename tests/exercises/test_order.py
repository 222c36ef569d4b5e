from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, NamedTuple

import pytest

from exercised import SEEDS, instances, key_of, offered
from oracles import rfc9293_reading as reading

MODULUS = 2**32
CLAIMED = {
    "shuffled segments": {
        "both ends share the numbers", "one end after the other", "the server begins", "the empty segment follows",
        "text passes the handshake",
    },
    "reassemble a message": {
        "compared as plain numbers", "arrival is the order", "what comes early is dropped", "the ACK leaps the gap",
        "each segment has its own ACK", "sequence numbers have no end", "ACK names the last byte",
    },
    "which segment was lost": {
        "what is sent again was lost", "what is captured has arrived", "one timer repairs it",
        "who misses a segment asks for it", "a lost ACK is sent again", "every loss is repaired",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", CLAIMED)
def test_every_misconception_is_offered(kind: str) -> None:
    assert offered(kind, 300) == CLAIMED[kind]


class Read(NamedTuple):
    """A segment as a reader sees it."""

    end: str
    seq: int
    ack: int | None
    flags: set[str]
    octets: int

    @property
    def after(self) -> int:
        return (self.seq + self.octets + len(self.flags & {"SYN", "FIN"})) % MODULUS


def read(line: str) -> Read:
    parts = dict(re.findall(r"<(\w+)=([\w,]+)>", line))
    ack = int(parts["ACK"]) if "ACK" in parts else None
    return Read(line[0], int(parts["SEQ"]), ack, set(parts["CTL"].split(",")), int(parts.get("DATA", 0)))


def covers(number: int, other: int) -> bool:
    """Whether `number` is at or behind `other`; a conversation is short, so half of the circle is enough."""
    return (number - other) % MODULUS < MODULUS // 2


def orders(left: dict[str, Read], nxt: dict[str, int], told: dict[str, int], opened: bool) -> Iterator[str]:
    """Every order that arithmetic allows, however long an ACK may take.

    Each end numbers without a gap (`nxt`), acknowledges nothing that has not been sent, never less than before
    (`told`), and the called end sends nothing but its SYN before that is acknowledged.
    """
    if not left:
        yield ""
    for letter, segment in left.items():
        peer = "AB".replace(segment.end, "")
        if segment.seq != nxt[segment.end]:
            continue
        if segment.ack is not None and not covers(nxt[peer], segment.ack):
            continue
        if segment.ack is not None and segment.end in told and not covers(segment.ack, told[segment.end]):
            continue
        if "SYN" in segment.flags and "ACK" in segment.flags and segment.ack != nxt[peer]:
            continue
        if segment.end == "B" and "SYN" not in segment.flags and not opened:
            continue
        rest = {key: each for key, each in left.items() if key != letter}
        acked = {segment.end: segment.ack} if segment.ack is not None else {}
        for order in orders(
            rest, nxt | {segment.end: segment.after}, told | acked, opened or (segment.end == "A" and bool(acked))
        ):
            yield f"{letter} {order}".strip()


def earliest(segments: list[Read], end: str) -> int:
    seqs = [segment.seq for segment in segments if segment.end == end]
    return next(seq for seq in seqs if all(covers(other, seq) for other in seqs))


@SEEDS
def test_arithmetic_leaves_one_order(seeds: int) -> None:
    seen = Counter[str]()
    for instance in instances("shuffled segments", seeds):
        (part,) = instance.parts
        assert 4 <= len(part.choices) <= 6
        letters = "ABCDEF"[: len(part.choices)]
        given = dict(zip(letters, map(read, part.choices), strict=True))
        assert part.answer != " ".join(letters), "shuffled"
        nxt = {end: earliest(list(given.values()), end) for end in "AB"}
        opening = any(segment.flags == {"SYN"} for segment in given.values())
        assert list(orders(given, nxt, {}, opened=not opening)) == [part.answer]
        in_order = [given[letter] for letter in part.answer.split()]
        closing = any("FIN" in segment.flags for segment in in_order)
        seen[f"{'opening ' * opening}{'closing' * closing}".strip() or "exchange"] += 1
        assert instance.trace
        sent = [flight.segment.seq for flight in instance.trace.flights]
        assert str([segment.seq for segment in in_order])[1:-1] in str(sent), "the trace plays them"
    assert len(seen) == 4
    assert min(seen.values()) > seeds // 20, seen


PLACES = ["first", "second", "third", "fourth", "fifth", "sixth"]


@SEEDS
def test_a_message_is_acknowledged_up_to_its_first_missing_octet(seeds: int) -> None:
    """By a set of all bytes that are there: no piece is compared with another."""
    seen = Counter[str]()
    for instance in instances("reassemble a message", seeds):
        start = int(instance.given.split()[1])
        table = re.findall(r'(\w+) +(\d+) +(\d+)   "(.*)"', instance.given)
        assert [place for place, *_ in table] == PLACES[: len(table)]
        assert 4 <= len(table) <= 6
        rows = [(int(seq), text) for _, seq, _, text in table]
        assert all(int(length) == len(text) for *_, length, text in table)
        order, early, filled = instance.parts
        assert order.choices == tuple(f'SEQ {seq} "{text}"' for seq, text in rows)
        offsets = [(seq - start) % MODULUS for seq, _ in rows]
        letters = "ABCDEF"[: len(rows)]
        assert order.answer == " ".join(sorted(letters, key=lambda letter: offsets[letters.index(letter)]))
        assert " ".join(letters) in order.mistakes, "shuffled"
        plain = sorted(letters, key=lambda letter: rows[letters.index(letter)][0])
        wraps = start + sum(len(text) for _, text in rows) > MODULUS
        assert key_of(order, "compared as plain numbers") in ([None, " ".join(plain)] if wraps else [None])
        there = set[int]()
        acks, highest = [], []
        for offset, (_, text) in zip(offsets, rows, strict=True):
            assert not there & {*range(offset, offset + len(text))}
            there |= {*range(offset, offset + len(text))}
            acks.append((start + min({*range(len(there) + 1)} - there)) % MODULUS)
            highest.append((start + max(there) + 1) % MODULUS)
        assert there == set(range(len(there))), "nothing is missing in the end"
        first, second = (PLACES.index(part.label.split()[-4]) for part in (early, filled))
        assert (early.answer, filled.answer) == (str(acks[first]), str(acks[second]))
        assert acks[first] != highest[first], "a gap"
        assert first < second
        assert len({*acks[first:second]}) == 1, "the first that moves on"
        assert acks[second] != acks[first]
        assert key_of(early, "the ACK leaps the gap") in (str(highest[first]), None)
        assert instance.trace
        assert not any(flight.retransmission for flight in instance.trace.flights)
        seen["wraps" if wraps else "does not"] += 1
        seen["last" if second == len(rows) - 1 else "before the last"] += 1
    assert seen["wraps"] > seeds // 5
    assert seen["before the last"] > seeds // 5


BITS = ("FIN", "SYN", "RST", "PSH", "ACK")
CALLS = {
    "opening": r"B listens, and A calls OPEN at 0 s\.",
    "exchange": r"connected\. (.)'s program sends text at 1 s, and (.)'s at ([\d.]+) s\.",
    "close": r"connected\. (.) calls CLOSE at 1 s, and (.) at ([\d.]+) s\.",
    "simultaneous close": r"connected\. Both call CLOSE at 1 s\.",
}


@dataclass
class Rehearsal:
    """Two ends by the independent reading, a network that loses at most one segment, and a timer of 1 s each.

    `lose` counts the segments sent from `start` on, from 0; all times are in milliseconds.
    """

    delay: int
    views: list[reading.View]
    start: int = 0
    lose: int = -1
    sent: list[str] = field(default_factory=list)
    captures: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    rings: set[int] = field(default_factory=set)
    timers: dict[int, int] = field(default_factory=dict)
    heap: list[tuple[int, int, int, Any]] = field(default_factory=list)
    pushed: int = 0

    def push(self, at: int, end: int, what: Any) -> None:
        self.pushed += 1
        heappush(self.heap, (at, self.pushed, end, what))

    def run(self) -> Rehearsal:
        while self.heap:
            at, _, end, what = heappop(self.heap)
            before = self.views[end]
            if what == "timer":
                if self.timers.get(end) != at:
                    continue
                self.rings.add(end)
                answer = reading.timeout(before, "RETRANSMISSION")
            elif isinstance(what, reading.Seen):
                self.capture(at, end, 1 - end, what)
                answer = reading.arrives(before, what)
            else:
                name, arguments = what
                answer = reading.call(before, name, **arguments)
            self.views[end] = answer.view
            for seq, ack, flags, data in answer.sent:
                self.send(at, end, reading.Seen(seq, ack or 0, flags, data=data))
            self.set_timer(at, end, before, what == "timer")
        return self

    def send(self, at: int, end: int, segment: reading.Seen) -> None:
        self.capture(at, end, end, segment)
        number = -1
        if at >= self.start:
            number = len(self.sent)
            what = ",".join(bit for bit in BITS if bit in segment.flags)
            self.sent.append(f"{'AB'[end]}'s {'text' if segment.data else 'FIN' if 'FIN' in what else what}")
        if number == -1 or number != self.lose:
            self.push(at + self.delay, 1 - end, segment)

    def set_timer(self, at: int, end: int, before: reading.View, rang: bool) -> None:
        """RFC 6298 §5, rules 5.1 to 5.5; no timer rings twice where one segment is lost."""
        after = self.views[end]
        if not after.in_flight:
            self.timers.pop(end, None)
        elif rang or end not in self.timers or after.snd_una != before.snd_una:
            self.timers[end] = at + (2_000 if rang else 1_000)
            self.push(self.timers[end], end, "timer")

    def capture(self, at: int, end: int, sender: int, segment: reading.Seen) -> None:
        if at < self.start:
            return
        ack = f"<ACK={segment.ack}>" if "ACK" in segment.flags else ""
        bits = ",".join(bit for bit in BITS if bit in segment.flags)
        data = f"<DATA={len(segment.data)}>" if segment.data else ""
        line = f"{at / 1_000:.3f} {'AB'[sender]} → {'BA'[sender]} <SEQ={segment.seq}>{ack}<CTL={bits}>{data}"
        self.captures[end].append(line)


def rehearse(task: str, lines: list[Read], lose: int) -> tuple[str, Rehearsal]:
    """What would happen, by the words of a task and the numbers in its capture; and what is talked of."""
    what, found = next((what, found) for what, words in CALLS.items() if (found := re.search(words, task)))
    delay = int(re.findall(r"takes (\d+) ms", task)[0])
    opened = what != "opening"
    views = [reading.View(next_iss=(earliest(lines, end) - opened) % MODULUS) for end in "AB"]
    made = Rehearsal(delay, views, 1_000 if opened else 0, lose)
    made.push(0, 1, ("OPEN", {"active": False, "remote_known": False}))
    made.push(0, 0, ("OPEN", {"active": True}))
    one, other, then = found.groups() if found.groups() else ("A", "B", "1")
    for end, at in ((one, 1_000), (other, round(1_000 * float(then)))):
        if what == "exchange":
            size = max(line.octets for line in lines if line.end == end)
            made.push(at, "AB".index(end), ("SEND", {"data": bytes(size), "push": True}))
        elif opened:
            made.push(at, "AB".index(end), ("CLOSE", {}))
    return what, made.run()


@SEEDS
def test_only_one_loss_explains_the_capture(seeds: int) -> None:
    """By another TCP on another network: each loss offered is tried, and none."""
    seen = Counter[tuple[str, str]]()
    for instance in instances("which segment was lost", seeds):
        loss, timer = instance.parts
        _, *shown = (" ".join(line.split()) for line in instance.given.splitlines())
        viewer = "AB".index(re.findall(r"what ([AB]) captured", instance.task)[0])
        lines = [read(line.split(" ", 1)[1]) for line in shown]
        what, whole = rehearse(instance.task, lines, -1)
        assert sorted(whole.sent) == sorted(loss.choices)
        assert whole.captures[viewer] != shown
        runs = {name: rehearse(instance.task, lines, at)[1] for at, name in enumerate(whole.sent)}
        assert [name for name, run in runs.items() if run.captures[viewer] == shown] == [loss.answer]
        rang = tuple(sorted(runs[loss.answer].rings))
        assert timer.answer == {(): "neither", (0,): "A alone", (1,): "B alone", (0, 1): "both"}[rang]
        seen[what, "AB"[viewer]] += 1
    assert len(seen) == 2 * len(CALLS)
    assert min(seen.values()) > seeds // 50, seen
