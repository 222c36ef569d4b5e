"""The TCP state graph: the rules' transitions, laid out by Graphviz, drawn here.

Nothing here knows a transition; `RANKS` only says where the states stand. For widgets, `interactive()` gives the
same SVG with these hooks: a node is `g[data-state="SYN-SENT"]` with an empty `text.tcpbook-note` of two lines, for
which tcpbook-noted makes room; an arc is `g[data-arc="SYN-SENT-ESTABLISHED"]`. The classes tcpbook-current,
tcpbook-possible, tcpbook-visited (nodes) and tcpbook-lit (arcs) highlight without a new layout. CLOSED stands twice,
as in RFC 9293's Figure 5; the lower one is `data-twin`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from math import atan2, cos, sin

from tcpbook.figures.figure import Figure, classes, text
from tcpbook.figures.labels import Point, place
from tcpbook.figures.layout import Edge, Layout, lay_out
from tcpbook.figures.theme import CLIENT, CURRENT, INK, PAPER, QUIET, SERVER
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State
from tcpbook.protocol.transitions import Stated, Transition, transitions

WIDTH, HEIGHT = 124, 44  # of a node, in points
TWIN = "CLOSED again"  # the lower CLOSED
UPPER = (State.LISTEN, State.SYN_SENT)  # their arcs to CLOSED go up, all others down to the twin
RANKS = (
    (State.CLOSED,),
    (State.LISTEN,),
    (State.SYN_RECEIVED, State.SYN_SENT),
    (State.ESTABLISHED,),
    (State.FIN_WAIT_1, State.CLOSE_WAIT),
    (State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK),
    (State.TIME_WAIT, TWIN),
)
LINES = {Stated.FIGURE: "figure5", Stated.NOTE: "note5", Stated.TEXT: "textonly"}

Marks = dict[str, set[State]]

STYLE = f"""
.tcpbook-node rect {{ fill: {PAPER}; stroke: {INK}; stroke-width: 1.2; }}
.tcpbook-name {{ font-size: 14px; font-weight: 600; }}
.tcpbook-note {{ font-size: 12px; }}
.tcpbook-noted .tcpbook-name {{ font-size: 12px; transform: translateY(-14px); }}
.tcpbook-label {{ font-size: 12px; paint-order: stroke; stroke: {PAPER}; stroke-width: 4px; stroke-linejoin: round; }}
.tcpbook-arc path {{ fill: none; stroke: {INK}; stroke-width: 1.2; }}
.tcpbook-arc polygon {{ fill: {INK}; }}
.tcpbook-note5 path {{ stroke-dasharray: 7 4; }}
.tcpbook-textonly path {{ stroke-dasharray: 1.5 4; stroke-linecap: round; stroke-width: 1.8; }}
.tcpbook-client path {{ stroke: {CLIENT}; stroke-width: 3.5; }}
.tcpbook-client polygon {{ fill: {CLIENT}; }}
.tcpbook-server path {{ stroke: {SERVER}; stroke-width: 5; }}
.tcpbook-server polygon {{ fill: {SERVER}; }}
.tcpbook-server .tcpbook-hollow {{ stroke: {PAPER}; stroke-width: 1.8; }}
.tcpbook-abrupt path {{ stroke: {QUIET}; stroke-width: 1; stroke-dasharray: none; }}
.tcpbook-abrupt polygon {{ fill: {QUIET}; }}
.tcpbook-visited rect {{ stroke-width: 2.5; }}
.tcpbook-tick {{ font-size: 13px; visibility: hidden; }}
.tcpbook-visited .tcpbook-tick {{ visibility: visible; }}
.tcpbook-possible rect {{ stroke: {CURRENT}; stroke-width: 3; stroke-dasharray: 8 3; }}
.tcpbook-current rect {{ fill: {CURRENT}; stroke: {CURRENT}; stroke-width: 3; }}
.tcpbook-current text {{ fill: #fff; }}
.tcpbook-lit path {{ stroke: {CURRENT}; stroke-width: 5; }}
.tcpbook-lit .tcpbook-hollow {{ stroke: {CURRENT}; }}
.tcpbook-lit polygon {{ fill: {CURRENT}; }}
.tcpbook-legend {{ font-size: 12px; }}
"""
COMPACT = ".tcpbook-compact .tcpbook-name { font-size: 15px; }"


def stategraph(
    current: str | None = None,
    possible: Iterable[str] = (),
    visited: Iterable[str] = (),
    abrupt: bool = False,
    compact: bool = False,
    relabeled: Mapping[tuple[str, str], str] | None = None,
) -> Figure:
    """Draw the eleven states and the changes of state that RFC 9293 allows (§3.3.2, §3.10).

    `current` is filled, `possible` states have dashed borders and bold arcs to them from the current one, `visited`
    ones a tick; `abrupt` adds the arcs to CLOSED that only a reset, an abort, a timeout or an ICMP error takes.
    `compact` leaves labels and legend out, so that two pictures stand beside each other. `relabeled` gives arcs, by
    their two states, a label that TCP does not: a diagram to find the mistake in.
    Raises TcpBookError for an unknown state.
    """
    marks = {
        "current": _states([] if current is None else [current]),
        "possible": _states(possible),
        "visited": _states(visited),
    }
    drawn = [each for each in transitions() if abrupt or not each.abrupt]
    drawn.sort(key=lambda each: not each.abrupt)  # what stands back comes first, below the rest
    said = {_id(each): (relabeled or {}).get((each.before, each.after), each.labels[0]) for each in drawn}
    arcs = "".join(_arc(each, said[_id(each)], _is_lit(each, marks), compact) for each in drawn)
    nodes = "".join(
        _node(name, compact, tuple(mark for mark, states in marks.items() if _state(name) in states))
        for rank in RANKS
        for name in rank
    )
    width, height = _places(compact)[0].size
    body, style, below = f'<g transform="translate(4,4)">{arcs}{nodes}</g>', STYLE, 0
    if compact:
        body, style = f"<g {classes('compact')}>{body}</g>", STYLE + COMPACT
    else:
        legend, rows = _legend(abrupt, tuple(mark for mark, states in marks.items() if states))
        body, below = f'{body}<g transform="translate(4,{height + 32:g})">{legend}</g>', 20 + 20 * rows
    return Figure(
        "stategraph",
        body,
        style,
        (width + 8, height + 8 + below),
        _words(drawn, marks),
        _details(abrupt, tuple((relabeled or {}).items())),
    )


@cache
def _places(compact: bool) -> tuple[Layout, dict[str, Point]]:
    """One layout for all pictures, with room for every arc: nothing moves when a layer is switched on."""
    layout = lay_out(source(compact))
    labels = {_id(each): each.labels[0].split(" / ") for each in transitions() if not (each.abrupt or compact)}
    return layout, place(labels, layout, (WIDTH, HEIGHT))


def source(compact: bool) -> str:
    """The graph in the DOT language. Weights, and which arcs come first, were found by trying."""
    lines = [
        f"digraph {{ rankdir=TB nodesep={0.15 if compact else 0.25} ranksep=0.4 splines=true mclimit=4",
        f"node [shape=box fixedsize=true width={WIDTH / 72:.3f} height={HEIGHT / 72:.3f}]",
        "edge [fontname=Helvetica fontsize=12 arrowsize=0.7]",
    ]
    lines += ["{ rank=same " + " -> ".join(f'"{name}"' for name in rank) + " [style=invis] }" for rank in RANKS]
    order = list(Stated)
    for each in sorted(transitions(), key=lambda each: order.index(each.stated), reverse=True):
        options = [f'id="{_id(each)}"']
        if not (each.abrupt or compact):
            options.append(f'label=" {each.labels[0]} "'.replace(" / ", " \\n "))  # a little air on both sides
        options.append(f"weight={10 if each.path else 0 if each.abrupt else 1}")
        lines.append(f'"{each.before}" -> "{_end(each)}" [{" ".join(options)}]')
    return "\n".join([*lines, "}"])


def _end(each: Transition) -> str:
    return TWIN if each.after is State.CLOSED and each.before not in UPPER else each.after


def _id(each: Transition) -> str:
    return f"{each.before}-{each.after}"


def _is_lit(each: Transition, marks: Marks) -> bool:
    return each.before in marks["current"] and each.after in marks["possible"]


@cache
def _arc(each: Transition, said: str, lit: bool, compact: bool) -> str:
    layout, labels = _places(compact)
    edge, label = layout.edges[_id(each)], labels.get(_id(each))
    start, *rest = edge.points
    d = f"M{start[0]:g},{start[1]:g}C" + " ".join(f"{x:g},{y:g}" for x, y in rest)
    kinds = "abrupt" if each.abrupt else "", each.path, "lit" if lit else ""
    hollow = f'<path {classes("hollow")} d="{d}"/>' if each.path == "server" else ""
    words = ""
    if label:
        lines = text(0, 0, said.split(" / "), "label")
        words = f'<g transform="translate({label[0]:.1f},{label[1]:.1f})">{lines}</g>'
    head = _head(edge)
    return (
        f'<g {classes("arc", LINES[each.stated], *kinds)} data-arc="{_id(each)}">'
        f'<path d="{d}"/>{hollow}<polygon points="{head}"/>{words}</g>'
    )


def _head(edge: Edge) -> str:
    """An arrowhead from the spline's end to its tip, wide enough for the bold paths."""
    (x, y), (tip_x, tip_y) = edge.points[-1], edge.tip
    angle = atan2(tip_y - y, tip_x - x)
    wing_x, wing_y = 4.5 * sin(angle), -4.5 * cos(angle)
    back_x, back_y = tip_x - 10 * cos(angle), tip_y - 10 * sin(angle)
    corners = ((tip_x, tip_y), (back_x + wing_x, back_y + wing_y), (back_x - wing_x, back_y - wing_y))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _state(name: str) -> State:
    return State.CLOSED if name == TWIN else State(name)


@cache
def _node(name: str, compact: bool, marks: tuple[str, ...]) -> str:
    x, y = _places(compact)[0].nodes[name]
    state = _state(name)
    twin = ' data-twin=""' if name == TWIN else ""
    return (
        f'<g {classes("node", *marks)} data-state="{state}"{twin} transform="translate({x:g},{y:g})">'
        f'<rect x="{-WIDTH / 2:g}" y="{-HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f"{text(0, 0, state, 'name')}{_tick(WIDTH / 2 - 9, 11 - HEIGHT / 2)}"
        f"{text(0, 8, ['', ''], 'note')}</g>"
    )


@cache
def _legend(abrupt: bool, marks: tuple[str, ...]) -> tuple[str, int]:
    """The lines and the marks in use, three in a row; and how many rows they take."""
    entries = [
        (("arc", "figure5", "client"), "a client's usual path"),
        (("arc", "figure5", "server"), "a server's usual path"),
        (("arc", "figure5"), "Figure 5"),
        (("arc", "note5"), "a note to Figure 5"),
        (("arc", "textonly"), "the text only"),
        *([(("arc", "abrupt"), "by reset, abort or timeout")] if abrupt else []),
        *((("node", mark), mark) for mark in marks),
    ]
    parts = []
    for number, (kind, words) in enumerate(entries):
        x, y = 205 * (number % 3), 20 * (number // 3)
        line = f"M{x},{y}h36"
        sample = f'<path d="{line}"/>'
        if "server" in kind:
            sample += f'<path {classes("hollow")} d="{line}"/>'
        if "node" in kind:
            sample = f'<rect x="{x}" y="{y - 7}" width="36" height="14" rx="3"/>{_tick(x + 28, y)}'
        parts.append(f"<g {classes(*kind)}>{sample}</g>{text(x + 44, y, words, 'legend', anchor='start')}")
    return "".join(parts), (len(entries) + 2) // 3


def _tick(x: float, y: float) -> str:
    return text(x, y, "✓", "tick")


@cache
def _details(abrupt: bool, relabeled: tuple[tuple[tuple[str, str], str], ...]) -> str:
    """Every arc in words."""
    new = {arc: (label,) for arc, label in relabeled}
    drawn = (each for each in transitions() if abrupt or not each.abrupt)
    said = ((each, new.get((each.before, each.after), each.labels)) for each in drawn)
    return "; ".join(f"{each.before} to {each.after}: {', or '.join(labels)}" for each, labels in said)


def _words(drawn: list[Transition], marks: Marks) -> str:
    words = f"TCP state graph: {len(State)} states, {len(drawn)} changes of state."
    for mark, states in marks.items():
        if states:
            words += f" {mark.capitalize()}: {', '.join(state for state in State if state in states)}."
    return words


def _states(names: Iterable[str]) -> set[State]:
    try:
        return {State(name) for name in names}
    except ValueError as error:
        raise TcpBookError(f"{error}; choose from {', '.join(State)}") from None
