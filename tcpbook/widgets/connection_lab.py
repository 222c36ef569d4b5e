"""ConnectionLab: two ends and a network in the reader's hands, who delivers, drops or doubles each segment."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import traitlets

from tcpbook.figures.ladder import seconds
from tcpbook.figures.stategraph import stategraph
from tcpbook.lab.sandbox import Sandbox
from tcpbook.lab.trace import Flight, Trace
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State
from tcpbook.widgets.account import VARIABLES, end_after, rules, told
from tcpbook.widgets.base import View, sources

TIMERS = {"retransmission": "RTO", "2 MSL": "2 MSL"}


class ConnectionLab(View):
    """The sandbox with buttons. `actions` are lines as in `tcpbook.lab.sandbox`: "A OPEN active", "drop 2", "wait".

    Raises TcpBookError for an action that makes no sense; in the page the sentence stands beside the controls.
    """

    _esm, _css = sources(__file__)

    graph = traitlets.Unicode().tag(sync=True)
    variables = traitlets.List(list(VARIABLES)).tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, *actions: str) -> None:
        self.sandbox = Sandbox(*actions)
        super().__init__(graph=stategraph(abrupt=True, compact=True).interactive(), view=_view(self.sandbox))
        self.on_msg(self._asked)

    @property
    def actions(self) -> list[str]:
        """What was done so far."""
        return list(self.sandbox.actions)

    @property
    def trace(self) -> Trace:
        """All that has happened so far, for `ladder()` and the trace's own tables."""
        return self.sandbox.trace

    @property
    def states(self) -> tuple[State, ...]:
        """Both ends' states."""
        return tuple(host.tcb.state for host in self.sandbox.network.hosts)

    def do(self, *actions: str) -> None:
        """Carry actions out, one after the other."""
        try:
            self.sandbox.do(*actions)
        finally:
            self.view = _view(self.sandbox)

    def undo(self, kept: int | None = None) -> None:
        """Go back to where the first `kept` actions had been done; by default, before the last one."""
        self.sandbox.undo(kept)
        self.view = _view(self.sandbox)

    def save_pcap(self, path: str | Path, end: str = "A") -> None:
        """Write what a capture at one end, "A" or "B", would hold."""
        if end not in self.trace.names:
            raise TcpBookError(f"there is no end {end!r}; choose one of {', '.join(self.trace.names)}")
        self.trace.pcap(path, self.trace.names.index(end))

    def _asked(self, _: Any, message: dict[str, Any], __: list[bytes]) -> None:
        """Do what the page asks for; an error becomes a sentence there."""
        try:
            if "pcap" in message:
                self.send({"pcap": f"{message['pcap']}.pcap"}, [self.trace.capture("AB".index(message["pcap"]))])
            elif "kept" in message:
                self.undo(message["kept"])
            else:
                self.do(message["do"])
        except TcpBookError as error:
            self.view = {**_view(self.sandbox), "error": f"{error}."}

    def __repr__(self) -> str:
        air = self.sandbox.network.in_the_air()
        flying = f"in the air: {', '.join(_words(flight) for flight in air)}" if air else "nothing is in the air"
        ends = ", ".join(f"{name} is in {state}" for name, state in zip(self.trace.names, self.states, strict=True))
        return f"ConnectionLab after {len(self.sandbox.actions)} actions: {ends}; {flying}."

    def static_html(self) -> str:
        """Return the story so far and the actions that led to it."""
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(part)}</td>' for part in line)}</tr>" for line in self.trace.lines()
        )
        story = f"<tr><th scope='col'>A</th><th scope='col'>Segment</th><th scope='col'>B</th></tr>{rows}"
        return (
            f"<div><p><strong>ConnectionLab.</strong> {escape(repr(self))}</p><table>{story}</table>"
            f"<p><code>{escape(_code(self.sandbox))}</code></p>"
            "<p>Run this cell in Jupyter to deliver, drop and delay segments yourself.</p></div>"
        )


def _view(sandbox: Sandbox) -> dict[str, Any]:
    """All that the page shows, in a few thousand bytes."""
    network, trace = sandbox.network, sandbox.trace
    steps = trace.steps
    ends = [end_after(State.CLOSED), end_after(State.CLOSED)]
    for step in steps:
        ends = [{**end, "arc": "", "changed": []} for end in ends]
        ends[step.end] = end_after(step.before, step.tcb, ends[step.end])
    for end, host in zip(ends, network.hosts, strict=True):
        left = {TIMERS[name]: at_us - network.now_us for name, at_us in host.timers.items()}
        notes = [f"{name} in {seconds(us)}" for name, us in left.items()]
        notes += [f"{len(host.tcb.unread)} bytes unread"] if host.tcb.unread else []
        notes += [f"read “{host.received.decode(errors='replace')}”"] if host.received else []
        end["notes"] = " · ".join(notes)
    return {
        "now": seconds(network.now_us),
        "ends": ends,
        "air": [
            [flight.number, flight.sender, _words(flight), seconds((flight.arrives_us or 0) - network.now_us)]
            for flight in network.in_the_air()
        ],
        "told": told(steps[-1], trace) if steps else "Nothing has happened yet: let an end OPEN.",
        "rules": rules(steps[-1]) if steps else [],
        "story": trace.lines(),
        "actions": sandbox.actions,
        "code": _code(sandbox),
        "error": "",
    }


def _words(flight: Flight) -> str:
    return repr(flight.segment._replace(options=(), wnd=65_535)) + (" (copy)" if flight.duplicate else "")


def _code(sandbox: Sandbox) -> str:
    """Python that recreates the experiment."""
    lines = "".join(f"    {action!r},\n" for action in sandbox.actions)
    return f"ConnectionLab(\n{lines})" if lines else "ConnectionLab()"
