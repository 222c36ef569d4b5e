"""The send and receive sequence spaces of one end, to scale: RFC 9293's Figures 3 and 4 with live values."""

from __future__ import annotations

from typing import NamedTuple

from tcpbook.figures.figure import Figure, classes, text
from tcpbook.figures.theme import CLIENT, CURRENT, INK, OPEN, PAPER, QUIET
from tcpbook.protocol.seqnum import add, distance
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB

WIDTH, LEFT, RIGHT = 690, 8, 682
MARGIN = 90  # what the old and the future numbers take of a bar: they go on forever, so no scale fits them
BAR, ROW, SPACE = 34, 18, 164  # a bar's height, a label's, and from bar to bar
NOTHING_SENT = (State.CLOSED, State.LISTEN)
NOTHING_HEARD = (*NOTHING_SENT, State.SYN_SENT)

STYLE = f"""
.tcpbook-part rect {{ stroke: {INK}; stroke-width: 1.2; fill: {PAPER}; }}
.tcpbook-waiting rect {{ fill: {CURRENT}; }}
.tcpbook-allowed rect {{ fill: {OPEN}; fill-opacity: 0.35; }}
.tcpbook-future rect {{ stroke: {QUIET}; stroke-dasharray: 4 3; }}
.tcpbook-edge path {{ stroke: {CLIENT}; stroke-width: 2; fill: none; }}
.tcpbook-variable {{ font-size: 13px; font-weight: 600; }}
.tcpbook-title {{ font-size: 14px; font-weight: 600; }}
.tcpbook-meaning {{ font-size: 12px; }}
.tcpbook-number {{ font-size: 13px; font-weight: 600; paint-order: stroke; stroke: {PAPER}; stroke-width: 4px; }}
"""


class Part(NamedTuple):
    """A stretch of sequence numbers: how many, or None where it has no end."""

    kind: str
    meaning: str
    octets: int | None


class Space(NamedTuple):
    """One of the two spaces: its parts from left to right, and its variables, counted from the first of them."""

    title: str
    start: int  # the number at which the first edge stands
    parts: tuple[Part, ...]
    edges: dict[str, int]
    missing: str = ""


def seqspace(tcb: TCB) -> Figure:
    """Draw which sequence numbers an end may send, which wait for an ACK, and which it would take (§3.3.1).

    The stretches between the variables are to scale; a bar's ends go on, around 2**32.
    """
    spaces = _send_space(tcb), _receive_space(tcb)
    body = "".join(_drawn(space, 18 + number * SPACE) for number, space in enumerate(spaces))
    words = f"Sequence spaces in {tcb.state}. " + " ".join(_said(space) for space in spaces)
    details = " ".join(
        f"{name} is {add(space.start, offset)}." for space in spaces for name, offset in space.edges.items()
    )
    return Figure("seqspace", body, STYLE, (WIDTH, 2 * SPACE), words, details)


def _send_space(tcb: TCB) -> Space:
    if tcb.state in NOTHING_SENT:
        return Space("Send", 0, (), {}, "no ISS has been selected yet")
    waiting = distance(tcb.snd_una, tcb.snd_nxt)
    parts = (
        Part("old", "acknowledged", None),
        Part("waiting", "sent, not acknowledged", waiting),
        Part("allowed", "may be sent", max(0, tcb.snd_wnd - waiting)),
        Part("future", "not yet allowed", None),
    )
    return Space("Send", tcb.snd_una, parts, {"SND.UNA": 0, "SND.NXT": waiting, "SND.UNA+SND.WND": tcb.snd_wnd})


def _receive_space(tcb: TCB) -> Space:
    if tcb.state in NOTHING_HEARD:
        return Space("Receive", 0, (), {}, "no SYN of the peer has come yet")
    parts = (
        Part("old", "received", None),
        Part("allowed", "may be received", tcb.rcv_wnd),
        Part("future", "not yet allowed", None),
    )
    return Space("Receive", tcb.rcv_nxt, parts, {"RCV.NXT": 0, "RCV.NXT+RCV.WND": tcb.rcv_wnd})


def _said(space: Space) -> str:
    if space.missing:
        return f"{space.title}: {space.missing}."
    told = (f"{part.octets:,} {part.meaning}" for part in space.parts if part.octets is not None)
    return f"{space.title}: {'; '.join(told)}."


def _drawn(space: Space, top: float) -> str:
    title = text(LEFT, top, f"{space.title} sequence space", "title", anchor="start")
    if space.missing:
        return title + text(LEFT, top + 2 * ROW, space.missing, "meaning", anchor="start")
    bar = top + 2 * ROW
    scale = (RIGHT - LEFT - 2 * MARGIN) / (max(space.edges.values()) or 1)
    shapes, x = [title], float(LEFT)
    for number, part in enumerate(space.parts, 1):
        width = MARGIN if part.octets is None else part.octets * scale
        if number == len(space.parts):
            width = RIGHT - x
        shapes.append(_part(number, part, x, bar, width))
        x += width
    zero = distance(space.start, 0)
    wrap = {"2**32": zero} if 0 < zero < max(space.edges.values()) else {}
    for row, (names, offset) in enumerate(_together(space.edges | wrap)):
        label = f"{names} = {add(space.start, offset)}"
        shapes.append(_edge(label, LEFT + MARGIN + offset * scale, bar, row))
    meanings = " · ".join(f"{number} {part.meaning}" for number, part in enumerate(space.parts, 1))
    shapes.append(text(LEFT, bar + BAR + 3.6 * ROW, meanings, "meaning", anchor="start"))
    return "".join(shapes)


def _together(edges: dict[str, int]) -> list[tuple[str, int]]:
    """Names and offsets, those at the same number under one name; the last of them first."""
    names: dict[int, list[str]] = {}
    for name, offset in edges.items():
        names.setdefault(offset, []).append(name)
    return [(" = ".join(names[offset]), offset) for offset in sorted(names, reverse=True)]


def _part(number: int, part: Part, x: float, y: float, width: float) -> str:
    rect = f'<rect x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{BAR}"/>'
    label = text(x + width / 2, y + BAR / 2, str(number), "number") if width > 12 else ""
    return f"<g {classes('part', part.kind)}>{rect}{label}</g>"


def _edge(label: str, x: float, bar: float, row: int) -> str:
    """A variable at its place: the last one's name above the bar, the others' below, so that no line crosses a name."""
    y = bar - ROW / 2 if row == 0 else bar + BAR + (row - 0.5) * ROW
    anchor, off = ("start", 5) if x < WIDTH / 2 else ("end", -5)
    top, low = (y - ROW / 2, bar + BAR) if row == 0 else (bar, y + ROW / 2)
    line = f'<path d="M{x:.1f},{top:g}V{low:g}"/>'
    return f"<g {classes('edge')}>{line}{text(x + off, y, label, 'variable', anchor=anchor)}</g>"
