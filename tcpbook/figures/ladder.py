"""The ladder: time runs down, each end's state is a band at its side, segments cross between them.

For widgets, `interactive()` gives the same SVG with these hooks: whatever a step brings about has its number in
`data-step` (a word beside a band, a band, a moment, a timer that ran out, a segment sent); a segment has its number
in `data-flight` and the step of its arrival, if any, in `data-arrival`. The class tcpbook-lit highlights a segment,
tcpbook-air shows it under way, tcpbook-later hides what is yet to come.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from math import atan2, degrees, hypot

from tcpbook.figures.figure import Figure, classes, text
from tcpbook.figures.theme import CLIENT, CURRENT, INK, OPEN, PAPER, QUIET
from tcpbook.lab.trace import BEGINS, UNKNOWN, Flight, Step, Trace
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.state import State
from tcpbook.protocol.turn import Timer

WIDTH, TOP, ROW, FOOT = 690, 44, 42, 30
TIME, BAND = 52, (184, 530)  # where the moments end; the bands' inner edges
THICK = 12  # of a band
SLOPE = 18  # how far a lost segment sinks on its way
SCALED = 560  # the height of a ladder to scale
TIMEOUTS = {"RETRANSMISSION TIMEOUT": ("retransmission", "RTO"), "TIME-WAIT TIMEOUT": ("2 MSL", "2 MSL")}
"""By event, the timer that ran out, and its name in the picture."""

PHASES: dict[str, str] = {
    **dict.fromkeys((State.CLOSED, State.LISTEN), "idle"),
    **dict.fromkeys((State.SYN_SENT, State.SYN_RECEIVED), "opening"),
    State.ESTABLISHED: "open",
    UNKNOWN: "unknown",
}  # all others close

STYLE = f"""
.tcpbook-band rect {{ stroke: {INK}; stroke-width: 1; }}
.tcpbook-idle rect {{ fill: {PAPER}; }}
.tcpbook-opening rect {{ fill: {CLIENT}; }}
.tcpbook-open rect {{ fill: {OPEN}; }}
.tcpbook-closing rect {{ fill: {CURRENT}; }}
.tcpbook-unknown rect {{ fill: {PAPER}; stroke-dasharray: 3 4; }}
.tcpbook-end {{ font-size: 14px; font-weight: 600; }}
.tcpbook-state {{ font-size: 12px; font-weight: 600; }}
.tcpbook-cause {{ font-size: 12px; font-style: italic; }}
.tcpbook-moment {{ font-size: 11px; }}
.tcpbook-halo text {{ paint-order: stroke; stroke: {PAPER}; stroke-width: 4px; stroke-linejoin: round; }}
.tcpbook-label {{ font-size: 12px; }}
.tcpbook-crossed .tcpbook-label {{ font-size: 11px; }}
.tcpbook-flight path {{ fill: none; stroke: {INK}; stroke-width: 1.4; }}
.tcpbook-flight polygon {{ fill: {INK}; }}
.tcpbook-again path {{ stroke-dasharray: 8 4; }}
.tcpbook-copy path {{ stroke-dasharray: 2 4; }}
.tcpbook-flight .tcpbook-cross {{ stroke: {CURRENT}; stroke-width: 2.5; stroke-dasharray: none; }}
.tcpbook-timer path {{ fill: none; stroke: {QUIET}; stroke-width: 1.5; stroke-dasharray: 3 3; }}
.tcpbook-timer text {{ font-size: 11px; }}
.tcpbook-now path {{ fill: none; stroke: {CURRENT}; stroke-width: 2; }}
.tcpbook-lit path {{ stroke: {CURRENT}; stroke-width: 3.5; }}
.tcpbook-lit polygon {{ fill: {CURRENT}; }}
.tcpbook-air path {{ stroke-dasharray: 2 5; }}
.tcpbook-air polygon, .tcpbook-later {{ visibility: hidden; }}
"""


def ladder(
    trace: Trace,
    at_us: int | None = None,
    to_scale: bool = False,
    relative: bool = False,
) -> Figure:
    """Draw what two ends did; times in microseconds.

    Each moment has a row, unless the picture is `to_scale`. `at_us` is a moment to highlight, `relative` counts
    sequence numbers from each end's ISS. Raises TcpBookError if nothing happened.
    """
    steps, flights = trace.steps, trace.flights
    if not steps:
        raise TcpBookError("there are 0 events in this trace, a ladder needs one; run the network longer")
    places = heights(steps, to_scale)
    bottom = max(places.values()) + FOOT
    parts = [text(_outer(end), TOP - 26, name, "end", anchor=_anchor(end)) for end, name in enumerate(trace.names)]
    for end in (0, 1):
        own = {number: step for number, step in enumerate(steps, 1) if step.end == end}
        parts += [*_bands(steps, end, places, bottom), *_timers(own, end, places)]
    first = {step.at_us: number for number, step in reversed([*enumerate(steps, 1)])}
    parts += [_moment(at, y, first[at]) for at, y in places.items()]
    sent = {flight: number for number, step in enumerate(steps, 1) for flight in step.sent}
    arrivals = {step.flight: number for number, step in enumerate(steps, 1)}
    for flight in flights:
        segment = trace.relative(flight) if relative else flight.segment
        arrival = arrivals.get(flight.number)
        when = _data(step=sent.get(flight.number, arrival), flight=flight.number, arrival=arrival)
        parts.append(_flight(flight, segment, places, any(_cross(flight, other) for other in flights), when))
    news = {number for end in (0, 1) for number, _ in _changes(steps, end)}
    parts += [_step(number, step, places, number in news) for number, step in enumerate(steps, 1)]
    if at_us is not None:
        y = max((height for at, height in places.items() if at <= at_us), default=TOP)
        parts.insert(0, f'<g {classes("now")}><path d="M{TIME + 4},{y:g}H{WIDTH - 4}"/></g>')  # below all words
    lost = sum(flight.lost for flight in flights)
    last = {step.end: step.outcome for step in steps}
    ends = ", ".join(_ends(name, last.get(end, State.CLOSED)) for end, name in enumerate(trace.names))
    count = f"{len(flights)} segment{'s' * (len(flights) != 1)}"
    words = f"Ladder of {' and '.join(trace.names)}: {count}, {lost} lost; {ends}."
    told = [" ".join(part for part in line if part) for line in trace.lines()]
    details = "; ".join([*told, *(f"note: {step.note}" for step in steps if step.note)])
    return Figure("ladder", "".join(parts), STYLE, (WIDTH, bottom + 8), words, details)


def _ends(name: str, state: str) -> str:
    return f"how {name} ends is unknown" if state == UNKNOWN else f"{name} ends in {state}"


def heights(steps: list[Step], to_scale: bool = False) -> dict[int, float]:
    """How far down each moment stands, in units of the picture."""
    moments = sorted({step.at_us for step in steps})
    if to_scale:
        span = moments[-1] - moments[0] or 1
        return {at: TOP + SCALED * (at - moments[0]) / span for at in moments}
    return {at: TOP + ROW * number for number, at in enumerate(moments)}


def _data(**numbers: int | None) -> str:
    return " ".join(f'data-{name}="{number}"' for name, number in numbers.items() if number is not None)


def _outer(end: int) -> float:
    """Where an end's words stand, beside its band."""
    return BAND[0] - THICK - 8 if end == 0 else BAND[1] + THICK + 8


def _anchor(end: int) -> str:
    return "end" if end == 0 else "start"


def _changes(steps: list[Step], end: int) -> Iterator[tuple[int, Step]]:
    """The steps, by number, that bring an end into another state than was told before."""
    last = str(State.CLOSED)
    for number, step in enumerate(steps, 1):
        if step.end == end and step.outcome != last:
            last = step.outcome
            yield number, step


def _bands(steps: list[Step], end: int, places: dict[int, float], bottom: float) -> Iterator[str]:
    changes = [(0, TOP - 14.0, str(State.CLOSED))]
    changes += [(number, places[step.at_us], step.outcome) for number, step in _changes(steps, end)]
    x = BAND[0] - THICK if end == 0 else BAND[1]
    for (number, y, state), (_, lower, _) in pairwise([*changes, (0, bottom, "")]):
        rect = f'<rect x="{x}" y="{y:g}" width="{THICK}" height="{lower - y:g}"/>'
        yield f"<g {classes('band', PHASES.get(state, 'closing'))} {_data(step=number)}>{rect}</g>"


def _timers(own: dict[int, Step], end: int, places: dict[int, float]) -> Iterator[str]:
    """From where a timer that ran out was started, to where it ran out."""
    started: dict[str, int] = {}
    for number, step in own.items():
        name, short = TIMEOUTS.get(step.name, ("", ""))
        if name in started:
            x = BAND[0] + 8 if end == 0 else BAND[1] - 8
            top, low = places[started[name]], places[step.at_us]
            words = f"{short} {shortly(step.at_us - started[name])}"
            middle = (top + low) / 2 if low - top > ROW else low - 7  # clear of the segment sent at the top
            label = text(x + (6 if end == 0 else -6), middle, words, anchor=_anchor(1 - end))
            yield f'<g {classes("timer", "halo")} {_data(step=number)}><path d="M{x},{top:g}V{low:g}"/>{label}</g>'
        started |= {effect.name: step.at_us for effect in step.effects if isinstance(effect, Timer)}


def _moment(at_us: int, y: float, step: int) -> str:
    return f"<g {_data(step=step)}>{text(TIME, y, shortly(at_us), 'moment', anchor='end')}</g>"


def seconds(us: int) -> str:
    """A time in words.

    >>> seconds(1_500_000)
    '1.5 s'
    """
    return f"{us / 1_000_000:.6f}".rstrip("0").rstrip(".") + " s"


def shortly(us: int) -> str:
    """A time in a few characters; a capture's are rounded.

    >>> shortly(1_500_000), shortly(20_452), shortly(4_301_157)
    ('1.5 s', '20.45 ms', '4.3 s')
    """
    exact = seconds(us)
    if len(exact) <= len("1.015 s"):
        return exact
    return f"{us / 1_000:.4g} ms" if us < 1_000_000 else f"{us / 1_000_000:.2f}".rstrip("0").rstrip(".") + " s"


def _cross(one: Flight, other: Flight) -> bool:
    """Whether two segments from different ends are under way at the same time."""
    if one.sender == other.sender or one.arrives_us is None or other.arrives_us is None:
        return False
    return one.sent_us < other.arrives_us and other.sent_us < one.arrives_us


def _flight(flight: Flight, segment: Segment, places: dict[int, float], crossed: bool, data: str) -> str:
    start, stop = map(float, BAND if flight.sender == 0 else BAND[::-1])
    top = places.get(flight.sent_us, TOP)
    stray = flight.sent_us == flight.arrives_us  # it comes out of the network; the other end did not send it now
    if stray:
        start = (start + stop) / 2
    if flight.arrives_us in places:
        low = places[flight.arrives_us]
    else:  # lost, or still on its way when the picture ends
        stop, low = start + 0.72 * (stop - start), top + SLOPE
    length = hypot(stop - start, low - top)
    along, down = (stop - start) / length, (low - top) / length
    angle = degrees(atan2(down, abs(along))) * (1 if flight.sender == 0 else -1)
    tip = " ".join(
        f"{stop - 10 * along + side * 4 * down:.1f},{low - 10 * down - side * 4 * along:.1f}" for side in (1, -1)
    )
    end = f'<polygon points="{stop:g},{low:g} {tip}"/>'
    if flight.lost:
        end = f'<path {classes("cross")} d="M{stop - 6:g},{low - 6:g}l12,12m0,-12l-12,12"/>'
    off, below = (2, -9) if stray else (34, 10)  # what arrived at the sender comes from above
    if crossed:  # two labels share the width
        off = 10
    at = start + off * along, top + off * down + below
    label = text(0, 0, _label(segment) + _remark(flight), "label", anchor=_anchor(1 - flight.sender))
    kind = "copy" if flight.duplicate else "again" if flight.retransmission else ""
    width = "crossed" if crossed else ""
    return (
        f'<g {classes("flight", "halo", kind, width)} {data}>'
        f'<path d="M{start:g},{top:g}L{stop:g},{low:g}"/>{end}'
        f'<g transform="translate({at[0]:.1f},{at[1]:.1f}) rotate({angle:.2f})">{label}</g></g>'
    )


def _label(segment: Segment) -> str:
    words = f"{segment.flags} seq={segment.seq}"
    if segment.flags & Flags.ACK:
        words += f" ack={segment.ack}"
    return words + (f" len={len(segment.data)}" if segment.data else "")


def _remark(flight: Flight) -> str:
    if flight.duplicate:
        return " (duplicate)"
    return " (again)" if flight.retransmission else ""


def _step(number: int, step: Step, places: dict[int, float], news: bool) -> str:
    """What a step has to say beside the band: a call or timeout, a new state, a note."""
    x, y, anchor = _outer(step.end), places[step.at_us], _anchor(step.end)
    words = []
    if not isinstance(step.cause, Segment) and (news or step.name != "RECEIVE") and step.name != BEGINS:
        cause = f"{TIMEOUTS[step.name][1]} over" if step.name in TIMEOUTS else step.name
        words.append(text(x, y - 7, cause, "cause", anchor=anchor))
    if news:
        words.append(text(x, y + 7, step.outcome, "state", anchor=anchor))
    if step.note:
        words += [f"<title>{escape(step.note)}</title>", text(x, y + 20, "(note)", "cause", anchor=anchor)]
    return f"<g {classes('step', 'halo')} {_data(step=number)}>{''.join(words)}</g>" if words else ""
