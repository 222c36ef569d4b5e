"""KernelLab: a live connection in the reader's hands; the graphs follow the kernel, beside the machine's prediction."""

from __future__ import annotations

from html import escape
from typing import Any

import traitlets

from tcpbook.figures.stategraph import stategraph
from tcpbook.lab.kernel import recording
from tcpbook.lab.loopback import CALLS, ENDS, Loopback, Step, recorded
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State
from tcpbook.widgets.base import View, sources

ROWS = ("The book's machine says", "Time left, by the kernel", "Time left, by the machine")
Guess = tuple[str, ...]


class KernelLab(View):
    """`tcpbook.lab.loopback.Loopback` with buttons; `actions` are its calls: "server listen", "client connect".

    The page asks for a guess first, unless `asks` is False. Where the platform can't tell a connection's state, a
    sentence says so and nothing else happens. `close()` closes both sockets, as the end of the kernel does.
    Raises TcpBookError for a call that makes no sense; in the page the sentence stands beside the controls.
    """

    _esm, _css = sources(__file__)

    graph = traitlets.Unicode().tag(sync=True)
    names = traitlets.List(list(ENDS)).tag(sync=True)
    calls = traitlets.List([call for call in CALLS if call != "send TEXT"]).tag(sync=True)
    choices = traitlets.List([str(state) for state in State]).tag(sync=True)
    variables = traitlets.List(list(ROWS)).tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    asks = traitlets.Bool(True).tag(sync=True)
    pending = traitlets.Unicode().tag(sync=True)

    def __init__(self, *actions: str) -> None:
        self.loopback: Loopback | None = None
        self._guesses: dict[int, Guess] = {}
        self._looks = 0
        self._error = ""
        super().__init__(graph=stategraph(abrupt=True, compact=True).interactive())
        try:
            self.loopback = Loopback()
        except TcpBookError as error:
            self._error = f"{error}."
        try:
            self.do(*actions)
        except TcpBookError:
            self.close()  # ipywidgets would keep it, and with it the sockets
            raise
        self.on_msg(self._asked)

    @property
    def steps(self) -> list[Step]:
        """What was done so far, with what the kernel said and what was predicted."""
        return list(self.loopback.steps) if self.loopback else []

    @property
    def unexplained(self) -> list[str]:
        """The calls after which kernel and machine differed, and nobody knows why."""
        return [step.action for step in self.steps if not step.explained]

    def do(self, *actions: str) -> None:
        """Carry calls out, one after the other."""
        try:
            if self.loopback:
                self.loopback.do(*actions)
        finally:
            self._show()

    def restart(self) -> None:
        """Abort what is open and begin again."""
        if self.loopback:
            self.loopback.restart()
        self._guesses.clear()
        self._show()

    def close(self) -> None:
        """Close both sockets and the view."""
        if self.loopback:
            self.loopback.close()
        super().close()

    def _asked(self, _: Any, message: dict[str, Any], __: list[bytes]) -> None:
        """Do what the page asks for; an error becomes a sentence there."""
        try:
            if "do" in message:
                self.pending = ""
                guess = tuple(message["guess"])
                if all(state in list(State) for state in guess) and len(guess) == len(ENDS):
                    self._guesses[len(self.steps)] = guess
                self.do(message["do"])
            elif "restart" in message:
                self.pending = ""
                self.restart()
            else:
                self._show()
        except TcpBookError as error:
            self._guesses.pop(len(self.steps), None)
            self.view = {**self.view, "error": f"{error}."}

    def _show(self) -> None:
        self._looks += 1
        if self.loopback is None:
            ends = [_end(State.CLOSED, "", None, None, None) for _ in ENDS]
            self.view = {"ends": ends, "steps": [], "told": "", "waits": False, "error": self._error, "can": False}
            return
        self.loopback.look()
        steps = self.loopback.steps
        left_s, predicted_s = self.loopback.left_s()
        ends = []
        for place in range(len(ENDS)):
            before, state = [State.CLOSED, State.CLOSED, *(step.kernel[place] for step in steps)][-2:]
            predicted = steps[-1].predicted[place] if steps else State.CLOSED
            # The kernel is quicker than a look: it passes through LAST-ACK, say, and the machine tells the way.
            ways = [(each.before, each.tcb.state) for each in self.loopback.network.trace.steps if each.end == place]
            took = [f"{a}-{b}" for a, b in ways if a is not b and b is state is not before][-1:]
            ends.append(_end(state, "".join(took), predicted, left_s[place], predicted_s[place]))
        self.view = {
            "ends": ends,
            "steps": [_row(step, self._guesses.get(number)) for number, step in enumerate(steps)],
            "told": _told(steps[-1], self._guesses.get(len(steps) - 1)) if steps else "Nothing has happened yet.",
            "waits": any(each is not None for each in left_s),
            "error": "",
            "can": True,
            "look": self._looks,  # so that the page hears of an answer that changes nothing
        }

    def __repr__(self) -> str:
        return "KernelLab: a live connection of this machine's kernel, beside what the book's machine predicts."

    def static_html(self) -> str:
        """Return the recorded tour; nothing of the reader's own machine is in it."""
        rows = "".join(
            f"<tr><td>{escape(step.action)}</td><td>{step.client}</td><td>{step.server}</td>"
            f"<td>{escape(step.reason) or 'the same'}</td></tr>"
            for step in recorded().itertuples()
        )
        heads = "".join(f"<th scope='col'>{head}</th>" for head in ("Call", *ENDS, "The book's machine"))
        return (
            f"<div><p><strong>{escape(repr(self))}</strong></p><p>Recorded on {escape(recording()['system'])} by "
            f"tools/record_kernel_tour.py:</p><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
            "<p>Run this cell in Jupyter on Linux to make these calls yourself.</p></div>"
        )


def _end(
    state: State, arc: str, predicted: State | None, left_s: float | None, predicted_s: float | None
) -> dict[str, Any]:
    """One end: its state by the kernel, the arc it took, and beside it the machine's."""
    return {
        "state": str(state),
        "arc": arc,
        "predicted": str(predicted or ""),
        "values": [str(predicted or "—"), _seconds(left_s), _seconds(predicted_s)],
        "changed": [0] if predicted not in (None, state) else [],
    }


def _seconds(left_s: float | None) -> str:
    return "—" if left_s is None else f"{left_s:.0f} s"


def _pair(states: tuple[State, ...] | Guess) -> str:
    return ", ".join(f"{name} {state}" for name, state in zip(ENDS, states, strict=True))


def _row(step: Step, guess: Guess | None) -> list[str]:
    """One line of the story."""
    machine = "the same" if step.agrees else ", ".join(step.predicted)
    return [step.action, *map(str, step.kernel), machine, _verdict(step, guess), step.returned]


def _verdict(step: Step, guess: Guess | None) -> str:
    if guess is None:
        return ""
    right = sum(str(a) == b for a, b in zip(step.kernel, guess, strict=True))
    return ("not yet", "half right", "right")[right]


def _told(step: Step, guess: Guess | None) -> str:
    """The last step in a few sentences."""
    returned = f" returned {step.returned}" if step.returned else ""
    told = [f"{step.action}{returned}. The kernel: {_pair(step.kernel)}."]
    if guess:
        told.append(f"Your guess, {_pair(guess)}: {_verdict(step, guess)}.")
    if step.agrees:
        told.append("The book's machine predicted the same.")
    else:
        told.append(f"The book's machine predicted {_pair(step.predicted)}. {step.reason}")
    return " ".join(told)
