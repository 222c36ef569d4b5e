"""SocketTable: this machine's TCP sockets, live, on the state graph, and what their numbers mean."""

from __future__ import annotations

import time
from html import escape
from typing import Any

import traitlets

from tcpbook.figures.stategraph import stategraph
from tcpbook.lab import sockets
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State
from tcpbook.widgets.base import View, sources

QUESTION = "In which state will most of this machine's TCP sockets be?"
SENT = 12
"""Rows of a state that the page is sent at most."""

COLUMNS = {"local": "Local", "peer": "Peer", "recv_q": "Recv-Q", "send_q": "Send-Q", "process": "Process"}
EMPTY = {"number": 0, "source": "", "counts": [], "rows": [], "summary": "", "findings": [], "errors": {}, "told": ""}
"""What the page shows before anybody looked."""

SHOWN = "leak"  # the recording behind the static twin


class SocketTable(View):
    """The reader's own socket table; it asks for a guess first, and looks when one is there.

    A pasted table, of another machine perhaps, is read and diagnosed as well.
    """

    _esm, _css = sources(__file__)

    graph = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode(QUESTION).tag(sync=True)
    heads = traitlets.List(["State", *COLUMNS.values()]).tag(sync=True)
    guess = traitlets.Unicode().tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)
    live = traitlets.Bool(False).tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(graph=stategraph(compact=True).interactive(), view=EMPTY)
        self.table: Any = None
        self.on_msg(self._asked)

    @traitlets.validate("guess", "chosen")
    def _known(self, proposal: dict[str, Any]) -> Any:
        """Refuse what is no state."""
        if proposal["value"] not in ["", *State]:
            raise TcpBookError(f"{proposal['value']!r} is no state; choose one of {', '.join(State)}")
        return proposal["value"]

    def commit(self, guess: str) -> None:
        """Answer the question, and look; a first answer is kept. TcpBookError for what is no state."""
        if not self.guess:
            self.guess = guess
        self.look()

    def look(self) -> None:
        """Read this machine's table; TcpBookError where the system doesn't tell."""
        self._show(sockets.here(), "This machine")
        if self.guess and not self.view["told"]:
            self.view = self.view | {"told": _told(dict(self.view["counts"]), self.guess)}

    def paste(self, text: str) -> None:
        """Read a table that `ss` or `netstat` printed; TcpBookError if it shows no socket."""
        self._show(sockets.read(text), "Your paste")

    def _show(self, table: Any, source: str) -> None:
        self.table = table
        self.view = self.view | _view(table) | {"source": f"{source}, {time.strftime('%H:%M:%S')}", "errors": {}}

    def _asked(self, _: Any, message: dict[str, Any], __: list[bytes]) -> None:
        """Do what the page asks for, in one answer; an error becomes a sentence beside what was asked."""
        with self.hold_sync():
            try:
                if "paste" in message:
                    self.paste(message["paste"])
                elif "guess" in message:
                    self.commit(message["guess"])
                else:
                    self.look()
            except TcpBookError as error:
                self.view = self.view | {"errors": {"paste" if "paste" in message else "look": f"{error}."}}
            # The number makes each answer another one: the page asks nothing before it has heard.
            self.view = self.view | {"to": message["from"], "number": self.view["number"] + 1}

    def __repr__(self) -> str:
        return "SocketTable: this machine's TCP sockets, counted by state; in the page, as they are when you look."

    def static_html(self) -> str:
        """Return the question, and a recorded table in place of the reader's."""
        table = sockets.recorded(SHOWN)
        view = _view(table)
        counts = "".join(f"<tr><th scope='row'>{state}</th><td>{count}</td></tr>" for state, count in view["counts"])
        return (
            f"<div><p><strong>SocketTable.</strong> {escape(QUESTION)}</p>"
            f"<p>A recorded table stands here, not yours: {escape(sockets.RECORDINGS[SHOWN])}, on Linux.</p>"
            f"<table><tr><th scope='col'>State</th><th scope='col'>Sockets</th></tr>{counts}</table>"
            f"{sockets.diagnose(table)._repr_html_()}"
            "<p>Run this cell in Jupyter to see your machine's own.</p></div>"
        )


def _view(table: Any) -> dict[str, Any]:
    """What the page shows of a table, in a few thousand bytes: counts of all states, the first rows of each."""
    found = sockets.diagnose(table)
    shown = table.assign(process=table.get("process", ""))[list(COLUMNS)].astype("string").fillna("—")
    counts, rows = [], []
    for state in State:
        part = shown[table.state == state]
        if len(part):
            counts.append([str(state), len(part)])
            rows.append([str(state), part.head(SENT).to_numpy().tolist()])
    return {
        "counts": counts,
        "rows": rows,
        "summary": found.summary,
        "findings": [[each.name, each.where, each.means, each.remedy, each.section] for each in found],
    }


def _told(counts: dict[str, int], guess: str) -> str:
    """What became of the guess."""
    if not counts:
        return f"You said {guess}. This machine has no TCP socket at all now."
    most = max(counts.values())
    states = [state for state, count in counts.items() if count == most]
    verdict = "Right." if guess in states else "Not today."
    return f"{verdict} You said {guess}; most are in {' and in '.join(states)}: {most} of {sum(counts.values())}."
