"""Connections as CaptureExplorer lists them: searched, sorted, and in words."""

from __future__ import annotations

from typing import Any

from tcpbook.lab.capture.wording import duration
from tcpbook.protocol.errors import TcpBookError

COLUMNS = {
    "connection": "No.",
    "client": "Client",
    "server": "Server",
    "start_ns": "Start",
    "duration_ns": "Lasted",
    "opened": "Opened",
    "closed": "Closed",
    "bytes": "Bytes",
    "again": "Repeats",
}
"""The columns, and what the page calls them."""

SEARCHED = ("client", "server", "opened", "closed")


def listing(connections: Any) -> Any:
    """Return rows of `connections()` as the page lists them, one row a connection.

    Columns: connection (int64), client, server (str, address and port), start_ns (since the first connection's),
    duration_ns (int64), opened, closed (str: "FIN by client", "open"), bytes (payload in both directions) and again
    (segments sent again) (int64).
    """
    by = connections["closed_by"].astype(str)
    how = connections["closed_how"].astype(str)
    columns = {
        "client": _endpoints(connections, "client"),
        "server": _endpoints(connections, "server"),
        "start_ns": connections["start_ns"] - connections["start_ns"].min(),
        "opened": connections["opened"].astype(str),
        "closed": how.where(by == "", how + " by " + by),
        "bytes": connections["client_bytes"] + connections["server_bytes"],
        "again": connections["retransmissions"],
    }
    return connections.assign(**columns).reset_index()[list(COLUMNS)]


def _endpoints(connections: Any, end: str) -> Any:
    addresses = connections[end].cat.rename_categories(lambda text: f"[{text}]" if ":" in text else text)
    return addresses.astype(str) + ":" + connections[f"{end}_port"].astype(str)


def found(listed: Any, query: str, by: str, descending: bool) -> Any:
    """Return the rows of `listing()` that hold every word of the query, sorted by a column.

    A number, also after a colon, is a port of either end; any other word is part of an address, or of how the
    connection opened or closed. TcpBookError for a column that isn't there.
    """
    if by not in COLUMNS:
        raise TcpBookError(f"connections can't be sorted by {by!r}; choose one of {', '.join(COLUMNS)}")
    for word in query.lower().split():
        if word.removeprefix(":").isdigit():
            port = f":{word.removeprefix(':')}"
            listed = listed[listed["client"].str.endswith(port) | listed["server"].str.endswith(port)]
        else:
            holds = [listed[name].str.lower().str.contains(word, regex=False) for name in SEARCHED]
            listed = listed[holds[0] | holds[1] | holds[2] | holds[3]]
    return listed.sort_values(by, ascending=not descending, kind="stable")


def cells(rows: Any) -> list[list[str]]:
    """Return what the page shows of rows of `listing()`."""
    return [
        [
            str(row.connection),
            row.client,
            row.server,
            duration(row.start_ns),
            duration(row.duration_ns),
            row.opened,
            row.closed,
            f"{row.bytes:,}",
            f"{row.again:,}",
        ]
        for row in rows.itertuples()
    ]
