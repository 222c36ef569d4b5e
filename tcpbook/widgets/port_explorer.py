"""PortExplorer: all 65536 ports on one line, what is registered, and where this machine's kernel picks (RFC 6335)."""

from __future__ import annotations

from functools import cache
from html import escape
from typing import Any

import traitlets

from tcpbook import ports
from tcpbook.lab.picks import LOOPBACK, MOST, Picks, pick
from tcpbook.ports.ranges import LAST_PORT
from tcpbook.ports.registry import ABSENT
from tcpbook.protocol.errors import TcpBookError
from tcpbook.widgets.base import View, sources

CLOSEST = 64
"""The fewest ports that the line shows: as many as have room for their names."""

COUNTS = (1, 4, 8, 16, 32, MOST)
LISTED = 16
KEPT = 4 * MOST
NOTHING_YET: dict[str, Any] = {"number": 0, "newest": 0, "told": ""}
KINDS = tuple(each.name for each in ports.RANGES)

RECORDED = ports.Ephemeral(32_768, 60_999, "the default of Linux")
RECORDED_PICKS = Picks(46_239, [58_274, 58_290, 58_292, 58_306, 58_312, 58_324, 58_336, 58_344])
"""What tcpbook.lab.picks gave on Linux 6.18: what the static twin tells, and no reader's own machine."""


def _here(here: ports.Ephemeral, whose: str = "Your kernel") -> dict[str, Any]:
    kinds = [each.name for each in ports.RANGES if here.first <= each.last and each.first <= here.last]
    lies = f"lies in the {kinds[0]} range" if len(kinds) == 1 else f"straddles {' and '.join(kinds)} ports"
    told = f"{whose} picks from {here.first}–{here.last}, which {lies} ({here.source})."
    return {"first": here.first, "last": here.last, "told": told}


class PortExplorer(View):
    """The line of ports: zoom, search, and open real connections on loopback to see which ports the kernel picks.

    `first` and `last` are the ends of what is in view, `port` is the chosen port, `query` what is searched for. The
    kernel's range is hidden, and no connection opened from the page, until `guess` says in which of the three ranges
    the reader expects the kernel's next pick. The registry's TCP rows travel once, about 200 KB, so that search and
    zoom are answered in the page; only opening connections asks the kernel. Raises TcpBookError for what the line
    can't show.
    """

    _esm, _css = sources(__file__)
    alone = (("here", _here(RECORDED, "A kernel")),)

    registered = traitlets.Unicode().tag(sync=True)
    table = traitlets.Dict().tag(sync=True)
    here = traitlets.Dict().tag(sync=True)
    first = traitlets.Int(0).tag(sync=True)
    last = traitlets.Int(LAST_PORT).tag(sync=True)
    port = traitlets.Int(None, allow_none=True).tag(sync=True)
    query = traitlets.Unicode().tag(sync=True)
    guess = traitlets.Unicode().tag(sync=True)
    picks = traitlets.List(traitlets.Int()).tag(sync=True)
    answer = traitlets.Dict(NOTHING_YET).tag(sync=True)

    def __init__(self) -> None:
        super().__init__(registered=_registered(), table=_table(), here=_here(ports.ephemeral()))
        self.on_msg(self._asked)

    @traitlets.validate("port")
    def _a_port(self, proposal: dict[str, Any]) -> int | None:
        if proposal["value"] is not None:
            ports.range_of(proposal["value"])
        return proposal["value"]  # type: ignore[no-any-return]

    @traitlets.validate("guess")
    def _a_range(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] not in ("", *KINDS):
            raise TcpBookError(f"range {proposal['value']!r} is unknown; choose one of {', '.join(KINDS)}")
        return str(proposal["value"])

    def zoom(self, first: int = 0, last: int = LAST_PORT) -> None:
        """Show the ports from `first` to `last`, at least 64 of them; without arguments the whole line."""
        if not 0 <= first <= last - CLOSEST + 1 <= LAST_PORT - CLOSEST + 1:
            raise TcpBookError(f"{first} to {last} can't be shown; give {CLOSEST} ports or more of 0 to {LAST_PORT}")
        with self.hold_sync():
            self.first, self.last = first, last

    @property
    def found(self) -> Any:
        """The TCP rows that `query` finds, a DataFrame as `ports.registry()`; exact ones first, as in the page."""
        sought = self.query.strip().lower()
        rows = ports.search(sought) if sought else ports.registry().head(0)
        rows = rows[rows["protocol"] == "tcp"]
        exact = (rows["port"].astype(str) == sought) | (rows["service"].str.lower() == sought)
        return rows.assign(rest=~exact).sort_values("rest", kind="stable").drop(columns="rest").reset_index(drop=True)

    def connect(self, count: int = 8) -> list[int]:
        """Open so many connections (1 to 64) on loopback, show and return the local ports that the kernel picked.

        All connections are gone when this returns. TcpBookError for another count and where the system refuses.
        """
        picked = pick(count)
        here = ports.ephemeral()
        with self.hold_sync():
            self.here = _here(here)
            self.picks = [*self.picks, *picked.ports][-KEPT:]
            self._tell(_account(picked, here, self.guess), count)
        return picked.ports

    def _tell(self, told: str, newest: int = 0) -> None:
        self.answer = {"number": self.answer["number"] + 1, "newest": newest, "told": told}

    def _asked(self, _: Any, message: dict[str, Any], __: list[bytes]) -> None:
        """Open what the page asks for; an error becomes a sentence there."""
        try:
            self.connect(message["connect"])
        except TcpBookError as error:
            self._tell(f"{error}.")

    def __repr__(self) -> str:
        names = _table()["names"]
        return f"PortExplorer: {LAST_PORT + 1} ports in {len(KINDS)} ranges, {names} names registered for TCP."

    def static_html(self) -> str:
        """Return the ranges, how full each is, and a recording of picks: nothing of this machine."""
        rows = "".join(
            f"<tr><th scope='row'>{each['name']}</th><td>{each['first']}–{each['last']}</td>"
            f"<td>{each['last'] - each['first'] + 1}</td><td>{each['taken']}</td><td>{escape(each['note'])}</td></tr>"
            for each in _table()["ranges"]
        )
        heads = "".join(
            f"<th scope='col'>{head}</th>" for head in ("Range", "Ports", "How many", "With a TCP name", "RFC 6335 §6")
        )
        return (
            f"<div><p><strong>PortExplorer.</strong> {LAST_PORT + 1} ports in {len(KINDS)} ranges.</p>"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
            "<p>A recording, on Linux 6.18 with its default range: "
            f"{escape(_account(RECORDED_PICKS, RECORDED, ''))}</p>"
            "<p>Run this cell in Jupyter to search the ports, and to see which ones your own kernel picks.</p></div>"
        )


def _account(picked: Picks, here: ports.Ephemeral, guess: str) -> str:
    """What there is to say of the newest picks, in the reader's words."""
    count = len(picked.ports)
    inside = sum(port in here for port in picked.ports)
    kinds = [ports.range_of(port).name for port in picked.ports]
    tally = ", ".join(f"{kinds.count(kind)} {kind}" for kind in KINDS if kind in kinds)
    parities = {port % 2 for port in picked.ports}
    alike = f" All are {'odd' if parities == {1} else 'even'}." if count > 3 and len(parities) == 1 else ""
    guessed = f" You said {guess}: {kinds.count(guess)} of {count}." if guess else ""
    listed = ", ".join(map(str, picked.ports))
    if count > LISTED:
        listed = f"between {min(picked.ports)} and {max(picked.ports)}"
    plural = "" if count == 1 else "s"
    return (
        f"{count} connection{plural} to {LOOPBACK}:{picked.server_port}, from the local port{plural} {listed}. "
        f"By RFC 6335: {tally}; in the kernel's range {here.first}–{here.last}: {inside}.{alike}{guessed}"
    )


@cache
def _tcp() -> Any:
    table = ports.registry()
    return table[table["protocol"] == "tcp"]


@cache
def _registered() -> str:
    """The TCP rows as lines of port, name and description, apart by tabs; no description where it is the name."""
    return "\n".join(
        f"{port}\t{name}\t{'' if words.lower() == name.lower() else words}"
        for port, name, words in zip(_tcp()["port"], _tcp()["service"], _tcp()["description"], strict=True)
    )


@cache
def _table() -> dict[str, Any]:
    """What the page needs beside the registry, as JSON data."""
    named = _tcp()[_tcp()["service"] != ""]
    taken = named.drop_duplicates("port")["class"].value_counts()
    return {
        "ranges": [
            {
                "name": each.name,
                "first": each.first,
                "last": each.last,
                "note": each.note,
                "absent": ABSENT[each.name],
                "taken": int(taken.get(each.name, 0)),
            }
            for each in ports.RANGES
        ],
        "names": len(named),
        "closest": CLOSEST,
        "counts": list(COUNTS),
    }
