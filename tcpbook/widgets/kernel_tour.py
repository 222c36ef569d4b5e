"""KernelTour: the kernel under this notebook, brought into each of the eleven states, and what three witnesses say."""

from __future__ import annotations

from html import escape
from typing import Any

import traitlets

from tcpbook.lab import kernel
from tcpbook.protocol.errors import TcpBookError
from tcpbook.widgets.base import View, sources

HEADINGS = ("State", "/proc/net/tcp", "psutil", "TCP_INFO", "Timer")
WITNESSES = ("proc", "psutil", "tcp_info")


class KernelTour(View):
    """Real connections on loopback, one in each of the eleven states; a button in the page asks again.

    `table` is what is on show, as `lab.kernel.tour` returns it. Where the platform can't do it, that is a recording,
    and the page says so.
    """

    _esm, _css = sources(__file__)

    headings = traitlets.List(list(HEADINGS)).tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._asked = 0
        self._ask()
        self.on_msg(lambda *_: self._ask())

    def _ask(self) -> None:
        self._asked += 1  # a new answer shows even where it is the same
        try:
            self.table, said = kernel.tour(), f"Your kernel's answer, number {self._asked}."
        except TcpBookError as error:
            self.table, said = kernel.recorded(), f"{error}. {_label()}"
        self.view = {"rows": _rows(self.table), "said": said}

    def __repr__(self) -> str:
        return "KernelTour: a live connection in each of the eleven states, and what the kernel says of it."

    def static_html(self) -> str:
        """Return the recorded tour, labeled as one."""
        heads = "".join(f"<th scope='col'>{name}</th>" for name in HEADINGS)
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(said)}</td>' for said, _ in row)}</tr>" for row in _rows(kernel.recorded())
        )
        return (
            f"<div><p><strong>KernelTour.</strong> {escape(_label())}</p><table><tr>{heads}</tr>{rows}</table>"
            "<p>Run this cell in Jupyter to ask the kernel of your own machine.</p></div>"
        )


def _label() -> str:
    return f"Recorded on {kernel.recording()['system']}, not on your machine."


def _rows(tour: Any) -> list[list[tuple[str, bool]]]:
    """Each cell's words, and whether they are wrong: "—" is none, of a witness that knows nothing of it."""
    rows = []
    for row in tour.itertuples():
        says = [getattr(row, name) for name in WITNESSES]
        runs = "—" if row.left_s != row.left_s else f"{row.timer}, {row.left_s:.1f} s left"
        rows.append([(row.state, False), *((said or "—", said not in ("", row.state)) for said in says), (runs, False)])
    return rows
