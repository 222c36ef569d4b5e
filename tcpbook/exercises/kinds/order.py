"""Exercises about what came when: segments in order, a message in pieces, a lost segment (chapters 01, 03, 04)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from random import Random
from typing import NamedTuple

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, ask
from tcpbook.lab.network import Link, Network, pair
from tcpbook.lab.trace import Flight, Trace
from tcpbook.protocol.events import CLOSE, RETRANSMISSION_TIMEOUT, Call, Open, Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import MODULUS, add, distance

MS, S = 1_000, 1_000_000  # microseconds
HANDSHAKE = 3  # segments
AT_ONCE, LATER = 50 * MS, S  # before a delayed ACK leaves, and after
DELAYED_ACK = 200 * MS
PHRASES = (
    "Turn left. ", "Turn right. ", "Cross the river. ", "Pass the old mill. ", "Go up the hill. ", "Climb the wall. ",
    "Wait for the ferry. ", "Follow the rails. ", "Knock twice. ", "Walk on. ", "Ring the bell. ", "Take the stairs. ",
)  # fmt: skip
"""Pieces of a message that make sense in any order, so that only the numbers tell it."""
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def shuffled(random: Random) -> Instance:
    """Segments of a conversation, put in the order in which they were sent (RFC 9293 §3.4 to §3.6)."""
    trace, starts = _conversation(random)
    first = random.choice([start for start in starts if len(trace.flights) - start >= 4])
    sent = trace.flights[first : first + random.randint(4, 6)]
    lines = [_line(flight) for flight in sent]
    mixed = lines[:]
    while mixed == lines:
        random.shuffle(mixed)
    reasons = [_reason(before, after) for before, after in pairwise(sent)]
    return Instance(
        task="These segments follow one another, but they have been shuffled. None is missing, lost or sent again. "
        "Put them in the order in which they were sent.",
        parts=(
            ask("The order", Form.ORDER, lines,
                [(list(map(_line, order)), name) for order, name in _wrong_orders(sent)], mixed),
        ),
        hints=(
            "Who acknowledges something has got it before. Compare each ACK with the other end's SEQ.",
            "An ACK is the SEQ of what it answers, plus its length; SYN and FIN count 1 each. Two segments of one end "
            "with the same SEQ: the first of them was empty.",
            f"It begins with {_name(sent[0])}, and then comes {_name(sent[1])}.",
        ),
        solution=(f"First comes {_name(sent[0])}: it acknowledges none of the others (RFC 9293 §3.4).", *reasons),
        trace=trace,
    )  # fmt: skip


def _conversation(random: Random) -> tuple[Trace, list[int]]:
    """A connection in which every ACK travels on what the program sends next, and where to begin in it.

    So the numbers leave but one order: an empty ACK comes only in the handshake, as the answer to a FIN, or last. A
    part of it begins with the SYN, or with a text or FIN behind the handshake.
    """
    hosts = pair()
    for host in hosts:
        host.tcb.next_iss = random.choice((random.randrange(MODULUS), add(0, -random.randint(1, 20))))
        host.delayed_ack_us = DELAYED_ACK
    network = Network(hosts)
    network.call(1, Open(active=False))
    network.call(0, Open(active=True, remote_port=80))
    texts, end, at_us = random.randint(1, 4), random.randint(0, 1), S
    for _ in range(texts):
        network.call(end, Send(bytes(random.randint(1, 40))), at_us)
        end, at_us = 1 - end, at_us + AT_ONCE
    closes = texts == 1 or random.random() < 0.7
    if closes:
        network.call(end, CLOSE, at_us)
        network.call(1 - end, CLOSE, at_us + random.choice((AT_ONCE, LATER)))
    return network.run(), [0, *range(HANDSHAKE, HANDSHAKE + texts + closes)]


def _line(sent: Flight | Seen) -> str:
    return f"{'AB'[sent.sender]} → {'BA'[sent.sender]}  {_plain(sent.segment)}"


def _plain(segment: Segment) -> Segment:
    """Without what doesn't matter here."""
    return segment._replace(options=(), wnd=Segment().wnd)


def _name(flight: Flight) -> str:
    """A segment in a sentence."""
    return f"{'AB'[flight.sender]}'s {flight.segment.flags} with SEQ {flight.segment.seq}"


def _reason(before: Flight, after: Flight) -> str:
    """Why one segment comes behind another."""
    first, then = before.segment, after.segment
    if before.sender == after.sender:
        why = f"the SEQ is the same, so what came before was empty: {_kind(then)} occupies numbers (RFC 9293 §3.4)"
    elif first.len:
        why = f"its ACK is {_sum(first.seq, first.len)} (RFC 9293 §3.4)"
    else:
        why = "in SYN-RECEIVED text waits until the handshake is complete (RFC 9293 §3.10.2)"
    return f"Then {_name(after)}: {why}."


def _kind(segment: Segment) -> str:
    return "a FIN" if Flags.FIN in segment.flags else "text"


def _wrong_orders(sent: list[Flight]) -> Iterable[tuple[list[Flight], str]]:
    """The orders of those who mix up the directions, or what must wait for what."""
    yield sorted(sent, key=lambda flight: flight.segment.seq), "both ends share the numbers"
    for end in (sent[0].sender, 1 - sent[0].sender):
        yield sorted(sent, key=lambda flight: flight.sender != end), "one end after the other"
    if sent[0].segment.flags == Flags.SYN:
        yield [sent[1], sent[0], *sent[2:]], "the server begins"
    for at, (before, after) in enumerate(pairwise(sent)):
        if not before.segment.len:
            name = "the empty segment follows" if before.sender == after.sender else "text passes the handshake"
            yield [*sent[:at], after, before, *sent[at + 2 :]], name


def pieces(random: Random) -> Instance:
    """A message that arrives in pieces out of order, and what is acknowledged meanwhile (RFC 9293 §3.4, §3.10.7.4)."""
    texts = random.sample(PHRASES, random.randint(4, 6))
    size = sum(map(len, texts))
    wraps = random.random() < 1 / 3
    start = add(0, -random.randint(1, size - len(texts[-1]))) if wraps else random.randrange(MODULUS - size)
    trace = _scattered(random, start, texts)
    came = [(step.cause, trace.flights[step.sent[0] - 1].segment.ack)
            for step in trace.steps if step.end and isinstance(step.cause, Segment) and step.cause.data]  # fmt: skip
    arrived, acks = [segment for segment, _ in came], [ack for _, ack in came]
    ordered = sorted(arrived, key=lambda segment: distance(start, segment.seq))
    gaps = [at for at in range(len(arrived)) if _highest(start, arrived[: at + 1]) != acks[at]]
    early = random.choice(gaps)
    filled = next(at for at in range(early + 1, len(arrived)) if acks[at] != acks[early])
    return Instance(
        task="A sends B a message. The network has shuffled its pieces; here they are as they arrive. B keeps what "
        "comes early, and answers every piece with an ACK at once.",
        given=_arrivals(start, arrived),
        parts=(
            ask("The pieces in the order of the message", Form.ORDER, map(_piece, ordered),
                [(list(map(_piece, sorted(arrived, key=lambda segment: segment.seq))), "compared as plain numbers"),
                 (list(map(_piece, arrived)), "arrival is the order")], map(_piece, arrived)),
            *(ask(f"The ACK number that B sends when the {ORDINALS[at]} piece has come", Form.NUMBER, acks[at],
                  _wrong_acks(start, arrived[: at + 1], acks[at])) for at in (early, filled)),
        ),
        hints=(
            "The message begins at RCV.NXT. Behind each piece, at SEQ + LEN modulo 4294967296, begins the next.",
            "The ACK is the number of the first byte that B still misses, whatever lies behind the gap.",
            f"When the {ORDINALS[early]} piece has come, the first that B misses is {_missing(ordered, acks[early])}. "
            f"When the {ORDINALS[filled]} has come, it is {_missing(ordered, acks[filled])}.",
        ),
        solution=(
            *(f"{_piece(segment)}: the next begins at {_sum(segment.seq, len(segment.data))}."
              for segment in ordered[:-1]),
            f"{_piece(ordered[-1])} is the last; it ends before {_sum(ordered[-1].seq, len(ordered[-1].data))} "
            "(RFC 9293 §3.4).",
            *(f"When the {ORDINALS[at]} has come, the first that B misses is {_missing(ordered, acks[at])}: "
              f"ACK {acks[at]} (RFC 9293 §3.4, §3.10.7.4)." for at in (early, filled)),
        ),
        trace=trace,
    )  # fmt: skip


def _scattered(random: Random, start: int, texts: list[str]) -> Trace:
    """A sends the texts one after the other, the first byte numbered `start`; each is late by as much as it likes."""
    places = list(range(1, len(texts) + 1))
    while places == sorted(places):
        random.shuffle(places)
    before = HANDSHAKE - 1  # segments that A has sent
    a, b = pair()
    a.tcb.next_iss = add(start, -1)
    late = {before + number: 20 * MS * place for number, place in enumerate(places, 1)}
    network = Network((a, b), (Link(late=late), Link()))
    network.call(1, Open(active=False))
    network.call(0, Open(active=True, remote_port=80))
    for text in texts:
        network.call(0, Send(text.encode()), S)
    return network.run()


def _arrivals(start: int, arrived: list[Segment]) -> str:
    """The pieces as a table."""
    rows = [f"{ORDINALS[at]:8}{segment.seq:>12}{len(segment.data):>6}   {_text(segment)}"
            for at, segment in enumerate(arrived)]  # fmt: skip
    return "\n".join([f"RCV.NXT {start:>12}", "", f"{'arrival':8}{'SEQ':>12}{'LEN':>6}   text", *rows])


def _text(segment: Segment) -> str:
    return f'"{segment.data.decode()}"'


def _piece(segment: Segment) -> str:
    return f"SEQ {segment.seq} {_text(segment)}"


def _sum(seq: int, length: int) -> str:
    wraps = ", modulo 4294967296" if seq + length >= MODULUS else ""
    return f"{seq} + {length} = {add(seq, length)}{wraps}"


def _missing(ordered: list[Segment], ack: int) -> str:
    """What begins at a number."""
    return next((_text(segment) for segment in ordered if segment.seq == ack), "what comes after the message")


def _highest(start: int, arrived: list[Segment]) -> int:
    """The number behind all that has arrived, gaps or not."""
    return add(start, max(distance(start, segment.seq) + len(segment.data) for segment in arrived))


def _wrong_acks(start: int, arrived: list[Segment], ack: int) -> list[tuple[int, str]]:
    """What those would acknowledge who keep nothing, leave gaps out, answer segments one by one or never wrap."""
    kept = start
    for segment in arrived:
        if segment.seq == kept:
            kept = add(kept, len(segment.data))
    last = arrived[-1]
    return [
        (kept, "what comes early is dropped"),
        (_highest(start, arrived), "the ACK leaps the gap"),
        (add(last.seq, len(last.data)), "each segment has its own ACK"),
        (start + distance(start, ack), "sequence numbers have no end"),
        (add(ack, -1), "ACK names the last byte"),
    ]


class Talk(NamedTuple):
    """A part of a connection: what the programs do in it, in words and as calls, from a time on; who numbers how."""

    said: str
    calls: tuple[tuple[int, int, Call], ...]
    from_us: int
    delay_us: int
    first_numbers: tuple[int, int]


class Seen(NamedTuple):
    """A line of a capture."""

    at_us: int
    sender: int
    segment: Segment


WHO = ("A alone", "B alone", "both", "neither")


def lost(random: Random) -> Instance:
    """Which segment the network has lost, by what one end has seen (RFC 9293 §3.8.1)."""
    talk = _talk(random)
    whole = _played(talk)
    part = [flight for flight in whole.flights if flight.sent_us >= talk.from_us]
    names = [_called(flight.sender, flight.segment) for flight in part]
    traces = [_played(talk, whole, flight) for flight in part]
    viewer, at = random.choice([(end, at) for end in (0, 1) for at in _telling(talk, end, whole, traces)])
    missing, trace = part[at], traces[at]
    seen, usual = _capture(talk, viewer, trace), _capture(talk, viewer, whole)
    rings = [end for end in (0, 1) if _rings(trace, end)]
    who = WHO[rings[0]] if len(rings) == 1 else WHO[2] if rings else WHO[3]
    others: dict[str, list[str]] = {}
    for name, each in zip(names, traces, strict=True):
        if each is not trace:
            others.setdefault(_difference(_capture(talk, viewer, each), seen), []).append(name)
    return Instance(
        task=f"{talk.said} A segment takes {talk.delay_us // MS} ms, and a retransmission timer starts with 1 s. "
        f"The network lost one segment. This is what {'AB'[viewer]} captured: all it sent, and what reached it.",
        given="\n".join([f"{'time in s':>9}", *(f"{_seconds(each.at_us):>9}   {_line(each)}" for each in seen)]),
        parts=(
            ask("Which segment was lost?", Form.CHOICE, names[at], _wrong_losses(part, missing, viewer, trace), names),
            ask("Whose retransmission timer rings?", Form.CHOICE, who, _wrong_timers(missing, rings), WHO),
        ),
        hints=(
            "A capture shows what its end sends, even if the network loses it at once. Ask of each such segment "
            "whether something shows that it arrived.",
            "A timer rings where an ACK is missing: either the segment was lost, or its answer.",
            f"Without a loss, {_difference(usual, seen)}.",
        ),
        solution=(
            f"Without a loss, {_difference(usual, seen)}.",
            *(f"Had {' or '.join(each)} been lost, {difference}." for difference, each in others.items()),
            f"So {names[at]} was lost. Whose retransmission timer rings: {who} (RFC 9293 §3.8.1, RFC 6298 §5).",
        ),
        trace=trace,
    )


def _talk(random: Random) -> Talk:
    """An opening, a text and its answer, or a close."""
    what, one = random.choice(("opening", "exchange", "close")), random.randint(0, 1)
    soon, later = random.randint(2, 6) * 100 * MS, random.randint(2, 5) * S
    first, then = "AB"[one], "BA"[one]
    said, from_us = "B listens, and A calls OPEN at 0 s.", 0
    calls: tuple[tuple[int, int, Call], ...] = ()
    if what == "exchange":
        pause, from_us = random.choice((soon, later)), S
        said = f"A and B are connected. {first}'s program sends text at 1 s, and {then}'s at {1 + pause / S:g} s."
        texts = [Send(bytes(random.randint(5, 40))) for _ in range(2)]
        calls = (S, one, texts[0]), (S + pause, 1 - one, texts[1])
    elif what == "close":
        pause, from_us = random.choice((0, soon, later)), S
        said = f"A and B are connected. {first} calls CLOSE at 1 s, and {then} at {1 + pause / S:g} s."
        if not pause:
            said = "A and B are connected. Both call CLOSE at 1 s."
        calls = (S, one, CLOSE), (S + pause, 1 - one, CLOSE)
    numbers = random.randint(100, 9_000), random.randint(100, 9_000)
    return Talk(said, calls, from_us, random.choice((10, 20, 50)) * MS, numbers)


def _played(talk: Talk, whole: Trace | None = None, missing: Flight | None = None) -> Trace:
    """The run, or the run without one of the segments of the `whole`."""
    links = [Link(talk.delay_us), Link(talk.delay_us)]
    if whole and missing:
        end = missing.sender
        number = sum(flight.sender == end for flight in whole.flights[: missing.number])
        links[end] = Link(talk.delay_us, lose=(number,))
    hosts = pair()
    for host, number in zip(hosts, talk.first_numbers, strict=True):
        host.tcb.next_iss = number
    network = Network(hosts, tuple(links))
    network.call(1, Open(active=False))
    network.call(0, Open(active=True, remote_port=80))
    for at_us, end, call in talk.calls:
        network.call(end, call, at_us)
    return network.run()


def _capture(talk: Talk, viewer: int, trace: Trace) -> list[Seen]:
    """What reaches an end, and what it sends."""
    found = []
    for step in trace.steps:
        if step.end == viewer and step.at_us >= talk.from_us:
            numbers = step.sent if step.flight is None else (step.flight, *step.sent)
            flights = (trace.flights[number - 1] for number in numbers)
            found += [Seen(step.at_us, flight.sender, _plain(flight.segment)) for flight in flights]
    return found


def _telling(talk: Talk, viewer: int, whole: Trace, traces: list[Trace]) -> list[int]:
    """Which of the losses an end can tell from every other, and from none."""
    seen = [_capture(talk, viewer, trace) for trace in (*traces, whole)]
    return [at for at in range(len(traces)) if seen.count(seen[at]) == 1]


def _rings(trace: Trace, end: int) -> bool:
    return any(step.end == end and step.cause is RETRANSMISSION_TIMEOUT for step in trace.steps)


def _called(sender: int, segment: Segment) -> str:
    """A segment by what it is for."""
    what = "text" if segment.data else "FIN" if Flags.FIN in segment.flags else str(segment.flags)
    return f"{'AB'[sender]}'s {what}"


def _seconds(at_us: int) -> str:
    return f"{at_us / S:.3f}"


def _difference(other: list[Seen], seen: list[Seen]) -> str:
    """The first line in which another capture would differ from the one shown."""
    at = next((at for at, (one, two) in enumerate(zip(other, seen, strict=False)) if one != two),
              min(len(other), len(seen)))  # fmt: skip
    if at == len(other):
        return f"there would be no line {at + 1}"
    at_us, sender, segment = other[at]
    ack = f", ACK {segment.ack}" if Flags.ACK in segment.flags else ""
    return f"line {at + 1} would be {_called(sender, segment)} at {_seconds(at_us)} s, SEQ {segment.seq}{ack}"


def _wrong_losses(part: list[Flight], missing: Flight, viewer: int, trace: Trace) -> Iterable[tuple[str, str]]:
    """What those name who take what is repeated for lost, or what is captured for arrived."""
    again = [flight for flight in trace.flights if flight.retransmission]
    for flight in again[:1]:
        yield _called(flight.sender, flight.segment), "what is sent again was lost"
    if missing.sender == viewer and missing.segment.len:
        end = add(missing.segment.seq, missing.segment.len)
        answer = next(flight for flight in part if flight.sender != viewer and flight.segment.ack == end)
        yield _called(answer.sender, answer.segment), "what is captured has arrived"


def _wrong_timers(missing: Flight, rings: list[int]) -> Iterable[tuple[str, str]]:
    """What those say who expect repair from the wrong end."""
    if len(rings) == 2:
        yield from ((alone, "one timer repairs it") for alone in WHO[:2])
    elif missing.segment.len:
        yield WHO[1 - missing.sender], "who misses a segment asks for it"
    else:
        yield WHO[missing.sender], "a lost ACK is sent again"
        yield WHO[1 - missing.sender], "every loss is repaired"


KINDS = {"shuffled segments": shuffled, "reassemble a message": pieces, "which segment was lost": lost}
