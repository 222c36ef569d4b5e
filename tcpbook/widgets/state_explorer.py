"""StateExplorer: walk the state graph by events, open any arc, and find the arrow that is wrong (RFC 9293 §3.3.2)."""

from __future__ import annotations

from functools import cache
from html import escape
from typing import Any

import traitlets

from tcpbook.figures.figure import text
from tcpbook.figures.stategraph import stategraph
from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import DIALECTS, UNNAMED, State
from tcpbook.widgets.arcs import Arc, arcs, why
from tcpbook.widgets.base import View, sources
from tcpbook.widgets.defects import DEFECTS, Defect


class StateExplorer(View):
    """The state graph to walk: each event moves along its arc; each arc opens its section, its rules, a scenario.

    `names` is the dialect of the states' names, a key of `tcpbook.protocol.state.DIALECTS`. `diagram` is 0 for the
    diagram as RFC 9293 has it, or the number of one with a wrong arrow; `guess` is the arc that the reader took for
    it. All is computed when the first explorer is made. Raises TcpBookError for anything else.
    """

    _esm, _css = sources(__file__)
    alone = ()

    table = traitlets.Dict().tag(sync=True)
    svg = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    history = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)
    names = traitlets.Unicode("RFC 9293").tag(sync=True)
    diagram = traitlets.Int(0).tag(sync=True)
    guess = traitlets.Unicode().tag(sync=True)

    def __init__(self, state: str = State.CLOSED) -> None:
        super().__init__(table=_table(), svg=stategraph(abrupt=True).interactive(), state=_state(state))

    @traitlets.validate("state", "chosen", "names", "diagram", "guess")
    def _known(self, proposal: dict[str, Any]) -> Any:
        """Refuse what the page could not show, whoever says it."""
        name, value = proposal["trait"].name, proposal["value"]
        arrows = ["", *_table()["arcs"]]
        choices: dict[str, list[Any]] = {
            "state": list(State),
            "chosen": arrows,
            "names": list(DIALECTS),
            "diagram": list(range(len(DEFECTS) + 1)),
            "guess": arrows,
        }
        if value not in choices[name]:
            raise TcpBookError(f"{name} {value!r} is unknown; choose one of {', '.join(map(str, choices[name]))}")
        return value

    def take(self, event: str) -> None:
        """Move by an event: a label of an arc ("rcv SYN / snd SYN,ACK"), or its cause alone ("rcv SYN")."""
        events = self.events
        by_cause = {label.split(" / ")[0]: label for label in events}
        label = event if event in events else by_cause.get(event)
        if label is None:
            raise TcpBookError(f"{event!r} does not lead out of {self.state}; take one of {'; '.join(events)}")
        self._move(label, events[label])

    def stand(self, state: str) -> None:
        """Go to a state without an event, as a click on it does; TcpBookError for an unknown one."""
        if _state(state) != self.state:
            self._move("", State(state))

    def _move(self, event: str, after: State) -> None:
        step = {"before": self.state, "event": event, "after": str(after)}
        with self.hold_sync():
            self.history = [*self.history, step]
            self.state, self.chosen = step["after"], _taken(self.history)

    def undo(self) -> None:
        """Take the last move back."""
        if self.history:
            *rest, last = self.history
            with self.hold_sync():
                self.state, self.history, self.chosen = last["before"], rest, _taken(rest)

    def reset(self) -> None:
        """Go back to where the walk began."""
        if self.history:
            with self.hold_sync():
                self.state, self.history, self.chosen = self.history[0]["before"], [], ""

    @property
    def events(self) -> dict[str, State]:
        """Every event that leads out of the state, and where it leads; abrupt ones last."""
        ways = [(cause, end) for (start, end), arc in arcs().items() if start == self.state for cause in arc.causes]
        return {cause.label: end for cause, end in sorted(ways, key=lambda way: way[0].abrupt)}

    @property
    def visited(self) -> list[State]:
        """The states of this walk, in RFC 9293's order."""
        walked = {self.state, *(step["before"] for step in self.history)}
        return [state for state in State if state in walked]

    def arc(self, before: str, after: str) -> Arc:
        """One arc: its causes, section, rules and scenario; TcpBookError where TCP has none."""
        pair = _state(before), _state(after)
        if pair not in arcs():
            targets = ", ".join(end for start, end in arcs() if start is pair[0])
            raise TcpBookError(f"no arc leads from {before} to {after}; from {before} they lead to {targets}")
        return arcs()[pair]

    def show(self, diagram: int) -> None:
        """Show RFC 9293's diagram (0), or one with a wrong arrow (1 to 7)."""
        with self.hold_sync():
            self.diagram, self.chosen, self.guess = diagram, "", ""

    def accuse(self, before: str, after: str) -> str:
        """Call an arrow the wrong one, as a click on it does; return the verdict. TcpBookError where none is wrong."""
        if not self.diagram:
            raise TcpBookError(f"diagram 0 is RFC 9293's own: nothing is wrong; show one of 1 to {len(DEFECTS)}")
        arc = self.arc(before, after)
        if arc.transition.abrupt:
            raise TcpBookError(f"{before} → {after} bears no label that could be wrong; choose an arrow that bears one")
        with self.hold_sync():
            self.chosen = self.guess = _id(before, after)
        return self._verdict(DEFECTS[self.diagram - 1])

    def _verdict(self, wrong: Defect) -> str:
        if not self.guess:
            return "One label is wrong."
        guess = _table()["arcs"][self.guess]
        arrow = f"{guess['before']} → {guess['after']}"
        if self.guess != _id(wrong.before, wrong.after):
            return f"Not this one. {arrow} is right: {guess['drawn']} ({guess['stated']})."
        return f"Found. {arrow} should say {wrong.right} ({guess['stated']}). {wrong.why}"

    def __repr__(self) -> str:
        if self.diagram:
            verdict = self._verdict(DEFECTS[self.diagram - 1])
            return f"StateExplorer: diagram {self.diagram} of {len(DEFECTS)} with a wrong arrow. {verdict}"
        moves = len(self.history)
        return (
            f"StateExplorer: in {self.state} after {moves} {'move' if moves == 1 else 'moves'}; "
            f"{len(self.events)} events lead on."
        )

    def static_html(self) -> str:
        """Return every arc with its causes, section and scenario, and the states' names in all dialects."""
        rows = "".join(
            f"<tr><td>{each.transition.before}</td><td>{each.transition.after}</td>"
            f"<td>{escape('; '.join(cause.label for cause in each.transition.causes))}</td>"
            f"<td>{escape(each.stated)}</td><td>{escape(each.scenario or 'none yet')}</td></tr>"
            for each in arcs().values()
        )
        spellings = "".join(
            "<tr>" + "".join(f"<td>{names[state]}</td>" for names in DIALECTS.values()) + "</tr>" for state in State
        )
        return (
            f"<div><p><strong>StateExplorer.</strong> {len(arcs())} arcs of the state graph.</p>"
            f"{_html_table(('From', 'To', 'By', 'Where RFC 9293 states it', 'Scenario'), rows)}"
            f"<p>The states in four spellings.</p>{_html_table(tuple(DIALECTS), spellings)}"
            "<p>Run this cell in Jupyter to walk the graph yourself.</p></div>"
        )


def _html_table(heads: tuple[str, ...], rows: str) -> str:
    cells = "".join(f"<th scope='col'>{escape(head)}</th>" for head in heads)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"


def _state(name: str) -> State:
    if name not in list(State):
        raise TcpBookError(f"state {name!r} is unknown; choose one of {', '.join(State)}")
    return State(name)


def _taken(history: list[dict[str, str]]) -> str:
    """The arc of the last move; none before the first, nor where the reader went without an event."""
    return _id(history[-1]["before"], history[-1]["after"]) if history and history[-1]["event"] else ""


def _id(before: str, after: str) -> str:
    """An arc as the state graph names it: "SYN-SENT-ESTABLISHED"."""
    return f"{before}-{after}"


@cache
def _table() -> dict[str, Any]:
    """Everything the page needs, as JSON data."""
    return {
        "states": {state: state.meaning for state in State},
        "dialects": DIALECTS,
        "unnamed": UNNAMED,
        "arcs": {_id(*pair): _arc(each) for pair, each in arcs().items()},
        "defects": [_defect(each) for each in DEFECTS],
    }


def _arc(arc: Arc) -> dict[str, Any]:
    scenario = SCENARIOS.get(arc.scenario)
    return {
        "before": arc.transition.before,
        "after": arc.transition.after,
        "drawn": "" if arc.transition.abrupt else arc.transition.labels[0],
        "stated": arc.stated,
        "link": arc.link,
        "causes": [
            {"label": cause.label, "abrupt": cause.abrupt, "why": why(cause), "section": cause.section}
            for cause in arc.causes
        ],
        "code": "\n".join(arc.code),
        "scenario": f"{scenario.title} ({scenario.section})" if scenario else "",
        "player": arc.player,
    }


def _defect(defect: Defect) -> dict[str, str]:
    return {
        "arc": _id(defect.before, defect.after),
        "drawn": defect.drawn,
        "label": text(0, 0, defect.drawn.split(" / "), "label"),
        "right": defect.right,
        "why": defect.why,
    }
