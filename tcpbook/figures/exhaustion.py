"""Ports held over time, to scale: one line for each rate of connections, and how many ports there are."""

from __future__ import annotations

from math import floor, inf, log10
from typing import NamedTuple

from tcpbook.figures.figure import Figure, classes, text
from tcpbook.figures.theme import CLIENT, CURRENT, INK, OPEN, PAPER, QUIET, SERVER
from tcpbook.ports.exhaustion import Exhaustion
from tcpbook.protocol.errors import TcpBookError

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 690, 76, 668, 44, 344
FOOT, ROW = 62, 22  # from the time axis to the first line of the legend, and from line to line
HEADROOM, AFTERWARDS = 1.06, 1.5  # what the axes show: of all ports, and of the time that a port is held
STYLES = ((OPEN, "none"), (CLIENT, "9 5"), (SERVER, "2 4"), (CURRENT, "12 4 2 4"), (QUIET, "5 2"))

STYLE = f"""
.tcpbook-grid path {{ stroke: {QUIET}; stroke-width: 0.5; }}
.tcpbook-axis path {{ stroke: {INK}; stroke-width: 1.2; fill: none; }}
.tcpbook-tick {{ font-size: 12px; }}
.tcpbook-unit {{ font-size: 13px; font-weight: 600; }}
.tcpbook-legend {{ font-size: 13px; }}
.tcpbook-limit path {{ stroke: {INK}; stroke-width: 2.5; }}
.tcpbook-back path {{ stroke: {QUIET}; stroke-width: 1.5; stroke-dasharray: 3 3; }}
.tcpbook-note {{ font-size: 12px; paint-order: stroke; stroke: {PAPER}; stroke-width: 4px; stroke-linejoin: round; }}
.tcpbook-rate path {{ stroke-width: 2.5; fill: none; }}
.tcpbook-rate .tcpbook-cross {{ stroke-dasharray: none; }}
""" + "\n".join(
    f".tcpbook-rate{number} path {{ stroke: {color}; stroke-dasharray: {dashes}; }}"
    for number, (color, dashes) in enumerate(STYLES, 1)
)


class Scale(NamedTuple):
    """What the axes show: seconds and ports."""

    seconds: float
    ports: float

    def x(self, seconds: float) -> float:
        """Where a moment stands."""
        return LEFT + (RIGHT - LEFT) * seconds / self.seconds

    def y(self, ports: float) -> float:
        """Where a number of ports stands."""
        return BOTTOM - (BOTTOM - TOP) * ports / self.ports


def exhaustion_plot(limit: Exhaustion, *rates_per_s: float) -> Figure:
    """Plot how many ports are held at one to five steady rates of connections, each from 0 up.

    `limit` is what `ports.exhaustion` returns. A line that meets the limit ends in a cross: there is no port left.
    """
    if not 1 <= len(rates_per_s) <= len(STYLES):
        raise TcpBookError(f"{len(rates_per_s)} rates can't be told apart in one plot; give 1 to {len(STYLES)}")
    scale = Scale(AFTERWARDS * limit.held_s or 60, HEADROOM * limit.ports)
    y = scale.y(limit.ports)
    parts = [*_axes(scale), f'<g {classes("limit")}><path d="M{LEFT},{y:.1f}H{RIGHT}"/></g>']
    parts.append(text(RIGHT, y - 12, f"all {limit.ports:,} ports", "note", anchor="end"))
    if limit.held_s:
        x = scale.x(limit.held_s)
        parts.append(f'<g {classes("back")}><path d="M{x:.1f},{TOP}V{BOTTOM}"/></g>')
        parts.append(
            text(x + 6, BOTTOM - 12, f"{limit.held_s:g} s: ports come back", "note", anchor="start")
        )
    said = [_said(limit, rate) for rate in rates_per_s]
    parts += [_line(limit, rate, number, scale) for number, rate in enumerate(rates_per_s, 1)]
    parts += [_legend(words, number) for number, words in enumerate(said, 1)]
    words = f"Ports held over time: {limit!r}. {'; '.join(said)}."
    details = f"To scale. From 0 to {scale.seconds:g} seconds, from 0 to {limit.ports:,} ports."
    return Figure("exhaustion", "".join(parts), STYLE, (WIDTH, BOTTOM + FOOT + ROW * len(said)), words, details)


def _said(limit: Exhaustion, rate: float) -> str:
    end_s = limit.runs_out_after_s(rate)
    if end_s < inf:
        return f"{rate:,g} a second: no port is left after {end_s:.1f} s"
    return f"{rate:,g} a second: never more than {limit.in_use(rate, limit.held_s):,.0f} ports"


def _line(limit: Exhaustion, rate: float, number: int, scale: Scale) -> str:
    """Up, as long as no port comes back; then level, or to the end."""
    end_s = limit.runs_out_after_s(rate)
    bend_s = min(end_s, limit.held_s)
    x, y = scale.x(bend_s), scale.y(limit.in_use(rate, bend_s))
    if end_s < inf:
        rest = f'"/><path {classes("cross")} d="M{x - 6:.1f},{y - 6:.1f}l12,12m0,-12l-12,12"/>'
        label = text(x, y - 14, f"{rate:,g}/s", "note")
    else:
        rest = f'H{RIGHT}"/>'
        label = text(RIGHT, y + 12, f"{rate:,g}/s", "note", anchor="end")
    return f'<g {classes("rate", f"rate{number}")}><path d="M{LEFT},{BOTTOM}L{x:.1f},{y:.1f}{rest}{label}</g>'


def _legend(words: str, number: int) -> str:
    y = BOTTOM + FOOT + ROW * (number - 1)
    sample = f'<g {classes("rate", f"rate{number}")}><path d="M{LEFT},{y}h44"/></g>'
    return sample + text(LEFT + 54, y, words, "legend", anchor="start")


def _axes(scale: Scale) -> list[str]:
    lines = "".join(f"M{LEFT},{scale.y(tick):.1f}H{RIGHT}" for tick in _ticks(scale.ports))
    parts = [f'<g {classes("grid")}><path d="{lines}"/></g>']
    parts.append(f'<g {classes("axis")}><path d="M{LEFT},{TOP - 8}V{BOTTOM}H{RIGHT}"/></g>')
    parts += [text(LEFT - 8, scale.y(tick), f"{tick:,g}", "tick", anchor="end") for tick in _ticks(scale.ports)]
    parts += [text(scale.x(tick), BOTTOM + 14, f"{tick:g}", "tick") for tick in _ticks(scale.seconds)]
    parts.append(text(LEFT - 8, TOP - 28, "ports held", "unit", anchor="start"))
    parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 34, "seconds since the first connection", "unit"))
    return parts


def _ticks(top: float) -> list[float]:
    """Three to seven round numbers from 0 to `top`."""
    power = 10.0 ** floor(log10(top))
    step = next(each * power for each in (0.2, 0.5, 1, 2) if top < 7 * each * power)
    return [number * step for number in range(int(top / step) + 1)]
