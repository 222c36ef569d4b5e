"""What a socket table says about the programs behind it.

A socket passes through most states in milliseconds. How many are in a state at one moment is the rate at which they
enter it times the time that they stay (Little's law): a pile means that something doesn't go on.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from tcpbook.lab.sockets.troubles import EXHAUSTION, FULL, OVERFLOW, PILES, Advice, Pile
from tcpbook.ports.ranges import DEFAULTS
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State

if TYPE_CHECKING:
    from pandas import DataFrame

EPHEMERAL = DEFAULTS["Linux"]
"""Linux's default range of ports for connections that it opens."""

SHOWN = 3  # culprits a finding names, and unread lines that are quoted


@dataclass(frozen=True)
class Finding:
    """One trouble: its name, how many sockets show it, which ones, what it means, what to do, where it is specified."""

    name: str
    count: int
    where: str
    means: str
    remedy: str
    section: str

    def __repr__(self) -> str:
        return f"{self.name}: {self.where}. {self.means} What to do: {self.remedy} ({self.section})"


class Findings(list[Finding]):
    """What `diagnose` found: a list, empty if nothing stands out. `unread` are the lines that `read` could not read."""

    def __init__(self, found: Iterable[Finding], sockets: int, unread: list[str]) -> None:
        super().__init__(found)
        self.sockets, self.unread = sockets, unread

    @property
    def summary(self) -> str:
        """In a sentence or two: how much was looked at, what stands out, what could not be read."""
        names = ", ".join(finding.name for finding in self) or "nothing"
        counted = "1 socket" if self.sockets == 1 else f"{self.sockets} sockets"
        words = f"{counted}; what stands out: {names}."
        if self.unread:
            quoted = "; ".join(repr(line[:60]) for line in self.unread[:SHOWN])
            lines = "1 line was" if len(self.unread) == 1 else f"{len(self.unread)} lines were"
            words += f" {lines} not read: {quoted}{' …' if len(self.unread) > SHOWN else ''}."
        return words

    def __repr__(self) -> str:
        return "\n".join([self.summary, *map(repr, self)])

    def _repr_html_(self) -> str:
        heads = "".join(f"<th scope='col'>{head}</th>" for head in ("Trouble", "Where", "It means", "What to do"))
        rows = "".join(
            f"<tr><th scope='row'>{escape(each.name)}</th><td>{escape(each.where)}</td>"
            f"<td>{_marked(each.means)} ({escape(each.section)})</td><td>{_marked(each.remedy)}</td></tr>"
            for each in self
        )
        return f"<p>{escape(self.summary)}</p>" + (f"<table><tr>{heads}</tr>{rows}</table>" if self else "")


class Socket(NamedTuple):
    """A row that shows a connection; its place is the port that is served here, or the one that is called elsewhere."""

    state: str
    local: str
    peer: str
    place: str


class Listener(NamedTuple):
    """A row in LISTEN: how many connections wait for accept() there, and how many may; 0 where that is unknown."""

    place: str
    waiting: int
    limit: int

    @property
    def overflows(self) -> bool:
        """Whether more wait than may. netstat on Linux prints 0 for how many may, Windows prints nothing."""
        return 0 < self.limit < self.waiting


def diagnose(table: DataFrame, ephemeral: tuple[int, int] | None = None) -> Findings:
    """What stands out in a socket table of `here`, `read` or `recorded`, whole or a part of its rows.

    The table may show one end of the connections or both. `ephemeral` is the first and the last port that the machine
    takes for connections it opens; by default what the table's source says, else Linux's 32768 to 60999. Raises
    TcpBookError for what is no socket table.
    """
    missing = {"state", "recv_q", "send_q", "local", "peer"} - set(getattr(table, "columns", ()))
    if missing:
        raise TcpBookError(f"no socket table: it lacks {', '.join(sorted(missing))}; make one with sockets.read(text)")
    first, last = ephemeral or table.attrs.get("ephemeral", EPHEMERAL)
    ports = range(first, last + 1)
    listeners = [
        Listener(_served(row.local), int(row.recv_q), int(row.send_q))
        for row in table[table.state == State.LISTEN].fillna({"recv_q": 0, "send_q": 0}).itertuples()
    ]
    sockets = _connections(table, ports, {listener.place for listener in listeners})
    names = _names(table, sockets)
    found = [
        *(_pile(pile, sockets, listeners, names) for pile in PILES),
        _exhausted(sockets, ports),
        _overflown(listeners, names),
    ]
    return Findings(filter(None, found), len(table), table.attrs.get("unread", []))


def _connections(table: DataFrame, ports: range, listening: set[str]) -> list[Socket]:
    """Every row but the listening and closed ones.

    A port is served here if somebody listens at it, if it is not for outgoing connections, or if more connections
    share it than share the peer's (the listener may be gone, or not in the table).
    """
    rows = table[~table.state.isin([State.LISTEN, State.CLOSED])]
    ends = list(zip(rows.state, rows.local, rows.peer, strict=True))
    locals_, peers = Counter(_port(local) for _, local, _ in ends), Counter(_port(peer) for _, _, peer in ends)
    sockets = []
    for state, local, peer in ends:
        ours, theirs = _port(local), _port(peer)
        here = _served(local) in listening or not _is_in(ours, ports) or locals_[ours] > peers[theirs]
        sockets.append(Socket(state, local, peer, _served(local) if here else f"calls to port {theirs}"))
    return sockets


def _names(table: DataFrame, sockets: list[Socket]) -> dict[str, str]:
    """Each place with the process that most of its sockets belong to, if any is known."""
    if "process" not in table:
        return {}
    places = {(each.local, each.peer): each.place for each in sockets}
    owners = defaultdict[str, Counter[str]](Counter)
    for local, peer, process in zip(table.local, table.peer, table.process, strict=True):
        if process:
            owners[places.get((local, peer), _served(local))][process] += 1
    return {place: f"{place} ({counts.most_common(1)[0][0]})" for place, counts in owners.items()}


def _pile(pile: Pile, sockets: list[Socket], listeners: list[Listener], names: dict[str, str]) -> Finding | None:
    """The places where too many sockets are in the pile's state."""
    owed = {(each.peer, each.local): each.place for each in sockets if each.state == State.CLOSE_WAIT}
    lasting, mirrored = [], Counter[str]()
    for each in sockets:
        if each.state == State.FIN_WAIT_2 and (each.local, each.peer) in owed:
            mirrored[owed[each.local, each.peer]] += 1  # the other end is in this table, and owes the next step
        elif each.state != State.TIME_WAIT:
            lasting.append(each)
    there = Counter(each.place for each in lasting)
    counts = Counter(each.place for each in lasting if each.state == pile.state)
    for listener in listeners:
        if pile.state is State.CLOSE_WAIT:  # whoever gave up before accept() is no leak
            counts[listener.place] -= listener.waiting
        elif pile.state is State.SYN_RECEIVED and listener.overflows:  # they wait for a place in the accept queue
            del counts[listener.place]
    queued = listeners if pile.state is State.SYN_RECEIVED else []
    full = {each.place for each in queued if 0 < each.limit <= counts[each.place]}
    bad = {
        place: count
        for place, count in counts.most_common()
        if count >= pile.many or (count >= pile.few and (count >= pile.share * there[place] or place in full))
    }
    where = {
        f"{names.get(place, place)}, {count} of {there[place]} connections": count for place, count in bad.items()
    }
    known = sum(mirrored[place] for place in bad) if pile.state is State.CLOSE_WAIT else 0
    also = f"{known} of their other ends, in FIN-WAIT-2, are in this table too" if known else ""
    return _finding(pile.advice, where, also)


def _exhausted(sockets: list[Socket], ports: range) -> Finding | None:
    """Peers toward which hardly an ephemeral port is left, most of them held by TIME-WAIT."""
    taken, lingering = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for each in sockets:
        if each.place.startswith("calls") and _is_in(_port(each.local), ports):
            toward = each.local.rpartition(":")[0], each.peer
            taken[toward] += 1
            lingering[toward] += each.state == State.TIME_WAIT
    where = {
        f"{host} to {peer}, {taken[host, peer]} of {len(ports)} ephemeral ports ({ports[0]}–{ports[-1]}) taken": count
        for (host, peer), count in lingering.most_common()
        if taken[host, peer] >= FULL * len(ports) and 2 * count >= taken[host, peer]
    }
    return _finding(EXHAUSTION, where)


def _overflown(listeners: list[Listener], names: dict[str, str]) -> Finding | None:
    where = {
        f"{names.get(each.place, each.place)}, {each.waiting} wait, {each.limit} may": each.waiting
        for each in listeners
        if each.overflows
    }
    return _finding(OVERFLOW, where)


def _finding(advice: Advice, where: dict[str, int], also: str = "") -> Finding | None:
    """The finding, if there is a place where it is true."""
    if not where:
        return None
    more = [f"{len(where) - SHOWN} more"] if len(where) > SHOWN else []
    words = "; ".join([*list(where)[:SHOWN], *more, *([also] if also else [])])
    return Finding(advice.name, sum(where.values()), words, advice.means, advice.remedy, advice.section)


def _marked(text: str) -> str:
    """The text as HTML, its commands as code."""
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text))


def _port(end: str) -> str:
    return end.rpartition(":")[2]


def _served(local: str) -> str:
    return f"port {_port(local)}"


def _is_in(port: str, ports: range) -> bool:
    """Whether a port is one of those; one that has a name was not picked from the ephemeral ones."""
    return port.isdecimal() and int(port) in ports
