"""Exercises that ask for SEQ and ACK along a ladder (chapters 01, 03 and 04)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import NamedTuple

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, Part, ask
from tcpbook.lab.network import Application, Closes, Link, Network, pair
from tcpbook.lab.trace import Flight, Trace
from tcpbook.protocol.events import CLOSE, Call, Open, Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add, distance

MS = 1_000
A, B = 0, 1
LETTERS = "abc"  # of the numbers that are asked for
WORDS = (b"GET", b"hello", b"220 ready", b"0123456789", b"pong", b"thanks!")
CALL, LISTEN = Open(active=True, remote_port=80), Open(active=False)
OPENED: tuple[tuple[int, int, Call], ...] = ((0, B, LISTEN), (0, A, CALL))
SPACE = 2**32


class Blank(NamedTuple):
    """A number that is left out: the flight, and which of its two numbers."""

    flight: Flight
    field: str  # "SEQ" or "ACK"

    @property
    def right(self) -> int:
        """What the simulator's TCP wrote there."""
        return self.flight.segment.seq if self.field == "SEQ" else self.flight.segment.ack


def opening(random: Random) -> Instance:
    """A three-way handshake, perhaps with a loss or with both calling, perhaps with the first text."""
    lost = random.choice([None, None, (A, 1), (B, 1), (A, 2)])
    both = lost is None and random.random() < 0.25
    calls = [*OPENED]
    if both:
        calls = [(0, A, CALL), (0, B, Open(active=True, remote_port=49_152))]
    elif lost == (A, 2) or random.random() < 0.5:
        calls.append((2_500 * MS, A, Send(random.choice(WORDS))))
    trace = _run(random, calls, lost)
    return _fill(random, trace, "Fill in what is missing in this opening.", after=1)


def data(random: Random) -> Instance:
    """Text in both directions, perhaps with one segment lost and sent again."""
    said = random.sample(WORDS, random.randint(2, 3))
    texts = [((100 + 3_000 * turn) * MS, random.choice([A, B]), Send(text)) for turn, text in enumerate(said)]
    trace = _run(random, [*OPENED, *texts], random.choice([None, (A, 3)]))
    return _fill(random, trace, "A and B connect and exchange text. Fill in what is missing.", after=3)


def closing(random: Random) -> Instance:
    """A close in one of its forms, perhaps with text still flowing."""
    first = random.choice([A, B])
    second = 1 - first
    text = Send(random.choice(WORDS))
    ways: list[list[tuple[int, int, Call]]] = [
        [(100 * MS, first, CLOSE), (200 * MS, second, CLOSE)],
        [(100 * MS, first, CLOSE), (200 * MS, second, text), (300 * MS, second, CLOSE)],
        [(100 * MS, first, text), (100 * MS, first, CLOSE), (200 * MS, second, CLOSE)],
        [(100 * MS, first, CLOSE), (100 * MS, second, CLOSE)],
        [(100 * MS, first, CLOSE)],
    ]
    way = random.choice(ways)
    lost = random.choice([None, None, (first, 3 if first == A else 2)])
    trace = _run(random, [*OPENED, *way], lost, second if way is ways[-1] else -1)
    return _fill(random, trace, "A and B part. Fill in what is missing.", after=3)


def _run(
    random: Random, calls: Iterable[tuple[int, int, Call]], lost: tuple[int, int] | None, at_once: int = -1
) -> Trace:
    """Play calls between hosts with random ISNs, sometimes so large that a number passes 2³² - 1.

    `lost` is an end and the number of its segment that is lost; the end `at_once` closes as soon as its peer has.
    """
    hosts = pair()
    if at_once >= 0:
        hosts[at_once].application = Application(closes=Closes.AFTER_PEER)
        hosts[at_once].delayed_ack_us = 200 * MS
    for host in hosts:
        near = SPACE - random.randint(1, 6)
        host.tcb = replace(host.tcb, next_iss=near if random.random() < 0.2 else random.randrange(SPACE))
    links = [Link(lose=(lost[1],)) if lost and lost[0] == end else Link() for end in (A, B)]
    network = Network(hosts, tuple(links))
    for at_us, end, call in calls:
        network.call(end, call, at_us)
    return network.run()


def _fill(random: Random, trace: Trace, task: str, after: int) -> Instance:
    """Leave numbers out of the flights behind number `after`; each follows from those that stay."""
    flights = trace.flights[after:]
    blanks = [Blank(flight, "SEQ") for flight in flights if not flight.segment.flags & Flags.SYN]
    blanks += [Blank(flight, "ACK") for flight in flights if flight.segment.flags & Flags.ACK]
    chosen = random.sample(blanks, min(len(LETTERS), len(blanks)))
    chosen.sort(key=lambda blank: (blank.flight.number, blank.field == "ACK"))
    how = [_way(trace, blank) for blank in chosen]
    return Instance(
        task=f"{task} An X marks a segment that is lost; what would give a number away is left out as well.",
        parts=tuple(_part(trace, blank, letter) for blank, letter in zip(chosen, LETTERS, strict=False)),
        hints=(
            "SEQ is the number of the segment's first byte. ACK is the number that its sender expects next.",
            "Every byte of text takes a number, and so do SYN and FIN. An ACK alone takes none.",
            f"({LETTERS[0]}) is {how[0][0]}.",
        ),
        solution=tuple(
            f"({letter}) {words[0].upper()}{words[1:]}: {sum_} (RFC 9293 §3.4)."
            for letter, (words, sum_) in zip(LETTERS, how, strict=False)
        ),
        given=_with_blanks(trace, chosen),
        trace=trace,
    )


def _with_blanks(trace: Trace, blanks: list[Blank]) -> str:
    """The ladder as text, with a letter in place of each number that is asked for; where it stands again, a gap.

    A SYN's SEQ always stays: all of its end's numbers are counted from there.
    """
    named = {(blank.flight.number, blank.field): f"({letter})" for letter, blank in zip(LETTERS, blanks, strict=False)}
    asked = {str(blank.right) for blank in blanks}
    rows = iter(range(1, len(trace.flights) + 1))

    def segment(found: re.Match[str]) -> str:
        row, fields = next(rows), "ACK" if "SYN" in found[0] else "SEQ|ACK"
        return re.sub(rf"({fields})=(\d+)", lambda field: hole(row, field), found[0])

    def hole(row: int, field: re.Match[str]) -> str:
        if field[2] not in asked:
            return field[0]
        return f"{field[1]}={named.get((row, field[1]), '').ljust(len(field[2]), '_')}"

    return re.sub(r"<SEQ=.*>", segment, trace.ladder())


def _part(trace: Trace, blank: Blank, letter: str) -> Part:
    label = f"{trace.names[blank.flight.sender]}'s {blank.field} at ({letter})"
    mistakes = _seq_mistakes(trace, blank) if blank.field == "SEQ" else _ack_mistakes(trace, blank)
    return ask(label, Form.NUMBER, blank.right, mistakes)


def _seq_mistakes(trace: Trace, blank: Blank) -> Iterator[tuple[int, str]]:
    flight, segment = blank.flight, blank.flight.segment
    before = [each.segment for each in trace.flights[: flight.number - 1] if each.sender == flight.sender]
    numbered = [each for each in before if each.len][-1]
    if flight.retransmission:
        yield add(segment.seq, segment.len), "a retransmission is numbered anew"
    elif numbered.flags & (Flags.SYN | Flags.FIN):
        yield add(segment.seq, -1), f"{'FIN' if numbered.flags & Flags.FIN else 'SYN'} takes no number"
    yield segment.ack, "SEQ and ACK are mixed up"
    yield add(before[-1].seq, 1), "SEQ counts segments"
    yield from _without_end(trace, flight.sender, blank.right)


def _ack_mistakes(trace: Trace, blank: Blank) -> Iterator[tuple[int, str]]:
    sender, segment = blank.flight.sender, blank.flight.segment
    heard = _acknowledged(trace, blank.flight)
    if heard.flags & (Flags.SYN | Flags.FIN):
        yield add(segment.ack, -1), f"{'FIN' if heard.flags & Flags.FIN else 'SYN'} takes no number"
    yield add(segment.ack, -1), "ACK names the last byte"
    yield heard.seq, "ACK repeats SEQ"
    yield add(segment.seq, segment.len), "ACK counts the sender's own bytes"
    yield segment.seq, "SEQ and ACK are mixed up"
    yield from _without_end(trace, 1 - sender, blank.right)


def _without_end(trace: Trace, end: int, right: int) -> Iterator[tuple[int, str]]:
    """The number as it would be had the end's numbers not begun again from 0."""
    iss = next(flight.segment.seq for flight in trace.flights if flight.sender == end)
    if right < iss:
        yield right + SPACE, "sequence numbers have no end"


def _acknowledged(trace: Trace, flight: Flight) -> Segment:
    """The segment whose last number comes before the ACK of a flight."""
    ack, peer = flight.segment.ack, 1 - flight.sender
    return next(
        each.segment
        for each in trace.flights
        if each.sender == peer and each.segment.len and add(each.segment.seq, each.segment.len) == ack
    )


def _way(trace: Trace, blank: Blank) -> tuple[str, str]:
    """How a number follows from the others, in words and as a sum."""
    if blank.field == "ACK":
        heard = _acknowledged(trace, blank.flight)
        what = _size(heard)
        words = f"the next number that {trace.names[blank.flight.sender]} expects, behind SEQ {heard.seq} with {what}"
        return words, _sum(heard.seq, heard.len)
    if blank.flight.retransmission:
        return "the number that the segment had the first time", str(blank.right)
    iss = next(flight.segment.seq for flight in trace.flights if flight.sender == blank.flight.sender)
    passed = distance(iss, blank.right)
    numbers = f"{passed} number{'s' if passed > 1 else ''}"
    words = f"{trace.names[blank.flight.sender]}'s first SEQ, {iss}, and {numbers} used since"
    return words, _sum(iss, passed)


def _size(segment: Segment) -> str:
    parts = [name for name, bit in (("SYN", Flags.SYN), ("FIN", Flags.FIN)) if segment.flags & bit]
    parts += [f"{len(segment.data)} bytes"] if segment.data else []
    return " and ".join(parts)


def _sum(seq: int, length: int) -> str:
    wrapped = f" - {SPACE}" if seq + length >= SPACE else ""
    return f"{seq} + {length}{wrapped} = {add(seq, length)}"


KINDS: dict[str, Callable[[Random], Instance]] = {
    "fill in an opening": opening,
    "fill in data": data,
    "fill in a closing": closing,
}
