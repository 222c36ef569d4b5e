"""Socket tables: what `ss -tan` and `netstat -tan` print, as data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import DIALECTS, State

if TYPE_CHECKING:
    from pandas import DataFrame

RECORDING = Path(__file__).with_name("sockets.txt")
TOOLS = ("RFC 9293", "Linux (netstat)", "Linux (ss)")
NAMES = {name.replace("_", "-"): state for tool in TOOLS for state, name in DIALECTS[tool].items()} | {
    "SYN-RCVD": State.SYN_RECEIVED  # BSD's netstat
}
"""What the tools call a state, with - for _."""

COLUMNS = r"(?P<recv_q>\d+)\s+(?P<send_q>\d+)\s+(?P<local>\S+)\s+(?P<peer>\S+)"
SS = re.compile(rf"(?P<state>[A-Z][\w-]+)\s+{COLUMNS}")
NETSTAT = re.compile(rf"tcp\S*\s+{COLUMNS}\s+(?P<state>\w+)")


def read(text: str) -> DataFrame:
    """One row a TCP socket of a table that `ss -tan` or `netstat -tan` printed.

    Columns: state (str, as RFC 9293 §3.3.2 spells it), recv_q, send_q (int64), local, peer (str). Lines that show
    no TCP socket, such as headings, are passed over. Raises TcpBookError for a state of no known name, and if no
    line shows a socket.
    """
    from pandas import DataFrame

    rows = [row for row in map(_row, text.splitlines()) if row]
    if not rows:
        raise TcpBookError(f"{len(text)} characters show no TCP socket; paste what `ss -tan` or `netstat -tan` printed")
    return DataFrame(rows, columns=["state", "recv_q", "send_q", "local", "peer"])


def recorded() -> DataFrame:
    """The socket table of a server with one bug, recorded three times on Linux by tools/record_sockets.py.

    Columns: after_s (int64, seconds since the last event), then those of `read`. The server is 192.0.2.2,
    its clients are on the same machine at 192.0.2.1.
    """
    from pandas import concat

    _, *parts = re.split(r"# after (\d+) s\n", RECORDING.read_text(encoding="utf-8"))
    tables = {int(after): read(text) for after, text in zip(parts[::2], parts[1::2], strict=True)}
    return concat(tables, names=["after_s"]).reset_index("after_s").reset_index(drop=True)


def _row(line: str) -> tuple[str, int, int, str, str] | None:
    match = SS.match(line) or NETSTAT.match(line)
    if not match:
        return None
    name = match["state"]
    if name.replace("_", "-") not in NAMES:
        raise TcpBookError(f"{name!r} is no state of a TCP socket; the names are {', '.join(NAMES)}, also with _")
    state = NAMES[name.replace("_", "-")]
    return str(state), int(match["recv_q"]), int(match["send_q"]), match["local"], match["peer"]
