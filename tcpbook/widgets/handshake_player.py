"""HandshakePlayer: plays what two ends did, step by step: ladder, state graphs, variables and rules together."""

from __future__ import annotations

from html import escape
from typing import Any

import traitlets

from tcpbook.figures.ladder import heights, ladder, seconds
from tcpbook.figures.stategraph import stategraph
from tcpbook.lab.scenarios import SCENARIOS, Scenario
from tcpbook.lab.trace import Trace
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import Receive
from tcpbook.protocol.state import State
from tcpbook.widgets.account import VARIABLES, end_after, rules, told
from tcpbook.widgets.base import View, sources


class HandshakePlayer(View):
    """Plays a scenario, by name or itself, or a trace; every frame is computed here, once, and shown by the page.

    `at` is the frame on show: 0 before anything has happened, then one for each step of the trace. Raises
    TcpBookError for an unknown scenario, for a trace without a step, and for one of a host alone.
    """

    _esm, _css = sources(__file__)
    alone = ()

    frames = traitlets.List(traitlets.Dict()).tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    ladder = traitlets.Unicode().tag(sync=True)
    graph = traitlets.Unicode().tag(sync=True)
    variables = traitlets.List(list(VARIABLES)).tag(sync=True)
    at = traitlets.Int(0, min=0).tag(sync=True)

    def __init__(self, what: str | Scenario | Trace) -> None:
        self.title, self.trace = _story(what)
        super().__init__(
            frames=_frames(self.trace),
            names=list(self.trace.names),
            ladder=ladder(self.trace, at_us=0).interactive(),
            graph=stategraph(abrupt=True, compact=True).interactive(),
        )

    def go(self, at: int) -> None:
        """Show a frame: 0, or the number of a step; TcpBookError beyond the last."""
        if not 0 <= at < len(self.frames):
            raise TcpBookError(f"there is no frame {at}; choose one from 0 to {len(self.frames) - 1}")
        self.at = at

    def step(self) -> None:
        """Go one frame on; at the end, stay."""
        self.at = min(self.at + 1, len(self.frames) - 1)

    def back(self) -> None:
        """Go one frame back; at the beginning, stay."""
        self.at = max(self.at - 1, 0)

    @property
    def states(self) -> tuple[str, ...]:
        """Both ends' states in the frame on show; "cannot know" where a capture leaves it open."""
        return tuple(end["state"] for end in self.frames[self.at]["ends"])

    def __repr__(self) -> str:
        return f"{self.title}, step {self.at} of {len(self.frames) - 1}. {self.frames[self.at]['told']}"

    def static_html(self) -> str:
        """Return the whole story: one row a step, with both states after it."""
        rows = "".join(
            f"<tr><td>{frame['time']}</td><td>{escape(frame['told'])}</td>"
            + "".join(f"<td>{end['state']}</td>" for end in frame["ends"])
            + "</tr>"
            for frame in self.frames
        )
        ends = "".join(f"<th scope='col'>{escape(name)}</th>" for name in self.names)
        return (
            f"<div><p><strong>{escape(self.title)}.</strong></p><table><thead><tr><th scope='col'>Time</th>"
            f"<th scope='col'>What happens</th>{ends}</tr></thead><tbody>{rows}</tbody></table>"
            "<p>Run this cell in Jupyter to play it step by step.</p></div>"
        )


def _story(what: str | Scenario | Trace) -> tuple[str, Trace]:
    if isinstance(what, str):
        if what not in SCENARIOS:
            raise TcpBookError(f"there is no scenario {what!r}; choose one of {', '.join(SCENARIOS)}")
        what = SCENARIOS[what]
    title, trace = (what.title, what.run()) if isinstance(what, Scenario) else ("A trace", what)
    if len(trace.names) != 2:
        raise TcpBookError(f"the player has two sides, this trace has {len(trace.names)}; draw it with ladder()")
    return title, trace


def _frames(trace: Trace) -> list[dict[str, Any]]:
    """What the page shows, before the first step and after each; a RECEIVE that only waits is not worth a frame."""
    places = heights(trace.steps)
    ends = [end_after(State.CLOSED), end_after(State.CLOSED)]
    frames = [{"step": 0, "time": "", "told": "Nothing has happened yet.", "y": 0.0, "ends": [*ends], "rules": []}]
    for number, step in enumerate(trace.steps, 1):
        if isinstance(step.cause, Receive) and not step.effects:
            continue
        ends = [{**end, "arc": "", "changed": []} for end in ends]
        ends[step.end] = end_after(step.before, step.tcb, ends[step.end], step.known)
        frames.append({
            "step": number,
            "time": seconds(step.at_us),
            "told": told(step, trace),
            "y": places[step.at_us],
            "ends": [*ends],
            "rules": rules(step),
        })  # fmt: skip
    return frames
