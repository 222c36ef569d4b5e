"""Demultiplexing: arriving segments at the left, a host's sockets at the right, a line to the one that each is for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple, TypeAlias

from tcpbook.figures.figure import Figure, classes, text
from tcpbook.figures.theme import CLIENT, CURRENT, INK, MONO, OPEN, PAPER
from tcpbook.protocol.demux import match
from tcpbook.protocol.machine import step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.situations import in_state
from tcpbook.protocol.state import State

WIDTH, TOP, EDGE = 690, 40, 4
ARRIVAL, SOCKET, ROOM = (
    232,
    324,
    90,
)  # how wide the boxes at the left and at the right are at least, and what is between
LETTER = 7.3  # the width to reckon with for a letter of an address
LINE, PAD, GAP = 17, 12, 14  # in a box, around its lines, between boxes
BALL = 10  # the radius of a segment's number

STYLE = f"""
.tcpbook-heading {{ font-size: 14px; font-weight: 600; }}
.tcpbook-box rect {{ fill: {PAPER}; stroke: {INK}; stroke-width: 1.2; }}
.tcpbook-box .tcpbook-first {{ font-size: 13px; font-weight: 600; }}
.tcpbook-box .tcpbook-side {{ font-size: 12px; font-family: {MONO}; }}
.tcpbook-box .tcpbook-answer {{ font-size: 12px; font-style: italic; }}
.tcpbook-listener rect {{ stroke-dasharray: 7 4; }}
.tcpbook-nobody rect {{ stroke-dasharray: 2 4; }}
.tcpbook-way path {{ fill: none; stroke: {OPEN}; stroke-width: 2.5; }}
.tcpbook-way polygon {{ fill: {OPEN}; }}
.tcpbook-way circle {{ fill: {PAPER}; stroke: {OPEN}; stroke-width: 2; }}
.tcpbook-way text {{ font-size: 12px; font-weight: 600; }}
.tcpbook-tolistener path {{ stroke: {CLIENT}; stroke-dasharray: 9 5; }}
.tcpbook-tolistener polygon {{ fill: {CLIENT}; }}
.tcpbook-tolistener circle {{ stroke: {CLIENT}; }}
.tcpbook-tonobody path {{ stroke: {CURRENT}; stroke-dasharray: 2 4; }}
.tcpbook-tonobody polygon {{ fill: {CURRENT}; }}
.tcpbook-tonobody circle {{ stroke: {CURRENT}; }}
"""

Point: TypeAlias = tuple[float, float]


class Socket(NamedTuple):
    """A line of a socket table."""

    state: State
    local: str
    remote: str

    @property
    def kind(self) -> str:
        """How it is drawn."""
        return "listener" if self.state is State.LISTEN else "connection"


class Arrival(NamedTuple):
    """A segment with both its ends, the number of the socket that takes it, if any, and what that answers."""

    source: str
    destination: str
    segment: Segment
    goal: int | None
    answer: str


class Box(NamedTuple):
    """A segment or a socket: what is written in it, and how it is drawn."""

    kind: str
    first: str
    sides: tuple[str, ...]
    answers: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """How high it is drawn."""
        return LINE * (1 + len(self.sides) + len(self.answers)) + PAD


def demux(sockets: Iterable[tuple[str, str, str]], *arrivals: tuple[str, str, Segment]) -> Figure:
    """Draw which socket of a host takes each arriving segment, and what it answers (RFC 9293 §3.10.7).

    A socket is its state, its local and its remote side, `address:port` as `ss` prints them; an arrival is the source
    and the destination address, and the segment. A connection is as `in_state` makes it: it expects SEQ 301.
    """
    table = [Socket(State(state), local, remote) for state, local, remote in sockets]
    arrived = [_arrival(table, *arrival) for arrival in arrivals]
    left = [
        Box("", _title(each.segment), (f"from {each.source}", f"to\xa0\xa0 {each.destination}")) for each in arrived
    ]
    right = [
        Box(
            socket.kind, socket.state, (f"local\xa0 {socket.local}", f"remote {socket.remote}"), _answers(arrived, goal)
        )
        for goal, socket in enumerate(table)
    ]
    if any(each.goal is None for each in arrived):
        right.append(Box("nobody", "no socket: as in CLOSED", (), _answers(arrived, None)))
    body, size = _drawn(left, right, [len(table) if each.goal is None else each.goal for each in arrived])
    said = (f"{n}: {_taker(table, each.goal)} {each.answer}." for n, each in enumerate(arrived, 1))
    words = f"Demultiplexing. {' '.join(said)}"
    details = [
        f"Segment {n}: {each.segment.flags} from {each.source} to {each.destination}."
        for n, each in enumerate(arrived, 1)
    ]
    details += [f"Socket: {socket.state}, local {socket.local}, remote {socket.remote}." for socket in table]
    return Figure("demux", body, STYLE, size, words, " ".join(details))


def _arrival(table: list[Socket], source: str, destination: str, segment: Segment) -> Arrival:
    ends = f"{source}:{segment.source_port}", f"{destination}:{segment.destination_port}"
    goal = match([(socket.local, socket.remote) for socket in table], *ends)
    return Arrival(*ends, segment, goal, _answer(State.CLOSED if goal is None else table[goal].state, segment))


def _answer(state: State, segment: Segment) -> str:
    """What a socket in a state does with a segment, in words."""
    outcome = step(in_state(state, passive=state is not State.SYN_SENT), segment)
    sent = "sends " + (" and ".join(str(each.flags) for each in outcome.segments) or "nothing")
    if outcome.state is state:
        return sent
    return f"{sent}; {'a new socket' if state is State.LISTEN else 'now'} in {outcome.state}"


def _answers(arrived: list[Arrival], goal: int | None) -> tuple[str, ...]:
    return tuple(f"{n}: {each.answer}" for n, each in enumerate(arrived, 1) if each.goal == goal)


def _title(segment: Segment) -> str:
    return f"{segment.flags}, {len(segment.data)} bytes" if segment.data else str(segment.flags)


def _taker(table: list[Socket], goal: int | None) -> str:
    if goal is None:
        return "the host, as no socket fits,"
    socket = table[goal]
    return f"the {socket.kind} " + (f"at {socket.local}" if socket.kind == "listener" else f"with {socket.remote}")


def _drawn(left: list[Box], right: list[Box], goals: list[int]) -> tuple[str, tuple[float, float]]:
    """The body and its size. Columns are as wide as long addresses make them."""
    wide = [max([least, *map(_width, boxes)]) for boxes, least in ((left, ARRIVAL), (right, SOCKET))]
    stop = max(WIDTH - EDGE - wide[1], EDGE + wide[0] + ROOM)
    bottom = TOP + max(_height(left), _height(right))
    parts = [text(EDGE, 14, "Segments arrive", "heading", anchor="start")]
    parts.append(text(stop, 14, "Sockets of this host", "heading", anchor="start"))
    tails, tips = (_middles(boxes, (TOP + bottom - _height(boxes)) / 2) for boxes in (left, right))
    parts += [_box(box, EDGE, y, wide[0]) for box, y in zip(left, tails, strict=True)]
    parts += [_box(box, stop, y, wide[1]) for box, y in zip(right, tips, strict=True)]
    for number, goal in enumerate(goals):
        among = [other for other, same in enumerate(goals) if same == goal]
        off = 2 * BALL * (among.index(number) - (len(among) - 1) / 2)  # ways to one socket end below each other
        points = (EDGE + wide[0], tails[number]), (stop, tips[goal] + off)
        parts.append(_way(number + 1, right[goal].kind, *points))
    return "".join(parts), (stop + wide[1] + EDGE, bottom + EDGE)


def _height(boxes: list[Box]) -> float:
    return sum(box.height + GAP for box in boxes) - GAP


def _middles(boxes: list[Box], top: float) -> list[float]:
    """How far down the middle of each box is, the first beginning at `top`."""
    ends = accumulate((box.height + GAP for box in boxes), initial=top)
    return [end + box.height / 2 for end, box in zip(ends, boxes, strict=False)]


def _width(box: Box) -> float:
    return 2 * PAD + LETTER * max(map(len, box.sides), default=0)


def _box(box: Box, x: float, middle: float, width: float) -> str:
    lines = [(box.first, "first"), *((side, "side") for side in box.sides), *((each, "answer") for each in box.answers)]
    rect = f'<rect x="{x:g}" y="{middle - box.height / 2:g}" width="{width:g}" height="{box.height:g}" rx="4"/>'
    top = middle - LINE * (len(lines) - 1) / 2
    drawn = (text(x + PAD, top + LINE * row, words, kind, anchor="start") for row, (words, kind) in enumerate(lines))
    return f"<g {classes('box', box.kind)}>{rect}{''.join(drawn)}</g>"


def _way(number: int, kind: str, tail: Point, tip: Point) -> str:
    (start, top), (stop, low) = tail, tip
    middle = (start + stop) / 2
    curve = f'<path d="M{start:g},{top:g}C{middle:g},{top:g} {middle:g},{low:g} {stop - 9:g},{low:g}"/>'
    head = f'<polygon points="{stop:g},{low:g} {stop - 11:g},{low - 5:g} {stop - 11:g},{low + 5:g}"/>'
    ball = f'<circle cx="{start:g}" cy="{top:g}" r="{BALL}"/>{text(start, top, str(number))}'
    return f"<g {classes('way', f'to{kind}')}>{curve}{head}{ball}</g>"
