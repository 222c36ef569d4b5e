"""FlagLab: toggle control bits, choose a state, and see what TCP does with the segment (RFC 9293 §3.10.7)."""

from __future__ import annotations

from html import escape
from typing import Any

import traitlets

from tcpbook.figures.stategraph import stategraph
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import ALL_BITS, COMBINATIONS, Flags
from tcpbook.protocol.state import State
from tcpbook.protocol.verdict import Verdict, verdict
from tcpbook.widgets.base import View, sources
from tcpbook.widgets.flag_table import CONDITIONS, effective, look_up, table


class Answer:
    """What a state does with a segment: the state after, the replies, and the rules that fired."""

    def __init__(self, state: State, flags: Flags, found: dict[str, Any]) -> None:
        self.state, self.flags = state, flags
        self.after = State(found["after"])
        self.replies: list[str] = found["reply"]
        self.rules = [table()["rules"][number] for number in found["rules"]]

    @property
    def summary(self) -> str:
        """The answer in one sentence."""
        moves = f"goes to {self.after}" if self.after is not self.state else "stays"
        replies = f"replies {' and '.join(self.replies)}" if self.replies else "sends nothing"
        return f"{self.state} receives {self.flags or 'no control bit'}: {moves}, {replies}."

    def __repr__(self) -> str:
        return "\n".join([self.summary, *(f"  {check}: {why} §{section}" for check, why, section in self.rules)])


class FlagLab(View):
    """Toggles for the control bits beside the state graph; every answer is computed when the first lab is made.

    `seq`, `ack`, `opened` and `rfc5961` are the conditions; what they may be is in
    `tcpbook.widgets.flag_table.CONDITIONS`. Raises TcpBookError for an unknown state, flag or condition.
    """

    _esm, _css = sources(__file__)
    alone = ()

    table = traitlets.Dict().tag(sync=True)
    svg = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    flags = traitlets.Int(0, min=0, max=ALL_BITS).tag(sync=True)
    seq = traitlets.Unicode("at").tag(sync=True)
    ack = traitlets.Unicode("new").tag(sync=True)
    opened = traitlets.Unicode("passively").tag(sync=True)
    rfc5961 = traitlets.Unicode("on").tag(sync=True)
    everywhere = traitlets.Bool(False).tag(sync=True)
    history = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, state: str = State.LISTEN, flags: str = "none", **conditions: str) -> None:
        super().__init__(table=table(), svg=stategraph(abrupt=True).interactive())
        self.choose(state=state, **conditions)
        self.flags = int(Flags.parse(flags))

    def choose(self, state: str | None = None, **conditions: str) -> None:
        """Choose the state, and conditions by name, as the controls do."""
        for name, value in conditions.items():
            if name not in CONDITIONS or value not in CONDITIONS[name]:
                offered = "; ".join(f"{name}: {', '.join(choices)}" for name, choices in CONDITIONS.items())
                raise TcpBookError(f"condition {name}={value!r} is unknown; choose from {offered}")
        if state is not None and state not in list(State):
            raise TcpBookError(f"state {state!r} is unknown; choose one of {', '.join(State)}")
        with self.hold_sync():
            self.state = str(state or self.state)
            for name, value in conditions.items():
                setattr(self, name, value)

    def toggle(self, flag: str) -> None:
        """Toggle one control bit, or several: "SYN", "SYN,ACK"."""
        self.flags ^= int(Flags.parse(flag))

    @property
    def conditions(self) -> dict[str, str]:
        """The conditions that count in the chosen state."""
        return effective(State(self.state), {name: getattr(self, name) for name in CONDITIONS})

    @property
    def verdict(self) -> Verdict:
        """What the combination amounts to, whatever the state."""
        return verdict(COMBINATIONS[self.flags])

    @property
    def answer(self) -> Answer:
        """What the chosen state does with the segment."""
        return self._answer(State(self.state))

    def _answer(self, state: State) -> Answer:
        chosen = {name: getattr(self, name) for name in CONDITIONS}
        flags = COMBINATIONS[self.flags]
        return Answer(state, flags, look_up(state, flags, chosen))

    @property
    def answers(self) -> dict[str, str]:
        """What each of the eleven states does with the segment, in a word or two."""
        chosen = {name: getattr(self, name) for name in CONDITIONS}
        return {str(state): look_up(state, COMBINATIONS[self.flags], chosen)["note"] for state in State}

    def send(self) -> None:
        """Let the segment arrive: move to the state it leads to, and note it in the history."""
        after = str(self.answer.after)
        step = {"state": self.state, "flags": self.flags, "opened": self.opened, "after": after}
        with self.hold_sync():
            self.opened = self.conditions["opened"]
            self.history = [*self.history, step]
            self.state = after

    def undo(self) -> None:
        """Take the last segment back."""
        if self.history:
            *rest, last = self.history
            with self.hold_sync():
                self.state, self.flags, self.opened = last["state"], last["flags"], last["opened"]
                self.history = rest

    def __repr__(self) -> str:
        return f"FlagLab: {self.answer.summary}"

    def static_html(self) -> str:
        """Return the combination, its verdict, and what every state does with it."""
        rows = "".join(
            f"<tr><th scope='row'>{state}</th><td>{escape(note)}</td></tr>" for state, note in self.answers.items()
        )
        return (
            f"<div><p><strong>FlagLab.</strong> {escape(str(COMBINATIONS[self.flags]))}: "
            f"{escape(self.verdict.kind)}. {escape(self.verdict.reason)}</p>"
            f"<p>{escape(self.answer.summary)}</p>"
            "<table><thead><tr><th scope='col'>State</th><th scope='col'>What it does</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
            "<p>Run this cell in Jupyter to toggle the bits yourself.</p></div>"
        )
