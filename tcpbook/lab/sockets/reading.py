"""Socket tables as text: what `ss` and the netstats of Linux, macOS and Windows print, as data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tcpbook.ports.ranges import DEFAULTS
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import DIALECTS, State

if TYPE_CHECKING:
    from pandas import DataFrame

TOOLS = ("RFC 9293", "Linux (netstat)", "Linux (ss)")
NAMES = {name.replace("_", "-"): state for tool in TOOLS for state, name in DIALECTS[tool].items()} | {
    "SYN-RCVD": State.SYN_RECEIVED,  # macOS and BSD
    "LISTENING": State.LISTEN,  # Windows, as the next two
    "DELETE-TCB": State.CLOSED,
    "BOUND": State.CLOSED,
}
"""What the tools call a state, with - for _."""

RECORDINGS = {
    "leak": "a server that forgets to close",
    "flood": "a server under a flood of SYNs",
    "exhaustion": "a client that has used up its ephemeral ports",
    "healthy": "a busy web server, in good health",
    "half-closed": "a server that half-closes and waits for clients that never close",
}
"""What `recorded` has by name; tools/record_tables.py recorded them on Linux, at one end each."""

QUEUES = r"(?P<recv_q>\d{1,10})\s+(?P<send_q>\d{1,10})"
ENDS = r"(?P<local>\S+)\s+(?P<peer>\S+)"
REST = r"(?:\s+(?P<rest>.*))?"
SS = re.compile(rf"(?:tcp\s+)?(?P<state>[A-Z][\w-]+)\s+{QUEUES}\s+{ENDS}{REST}")
NETSTAT = re.compile(rf"tcp\S*\s+{QUEUES}\s+{ENDS}\s+(?P<state>\w+){REST}")
WINDOWS = re.compile(rf"TCP\s+{ENDS}\s+(?P<state>\w+){REST}")

PASSED_OVER = re.compile(
    r"#|net\.ipv4|(State|Netid|Proto|Recv-Q|Active)\s|\(Not all processes|will not be shown"  # headings, regrets
    r"|(udp|raw|icmp|sctp|dccp|mptcp|unix|nl|u_|p_|v_|xdp|tipc)\w*\s"  # no TCP
    r"|(?=.*\b(cwnd:\d|skmem:\())",  # what `ss -i` and `ss -m` say on a second line
    re.IGNORECASE,
)
ELSEWHERE = re.compile(r"Active (UNIX|LOCAL|kernel|Bluetooth)|Registered kernel")
"""A heading above what are no Internet connections."""
RANGE = re.compile(r"ip_local_port_range\s*=\s*(\d+)\s+(\d+)")
"""What `sysctl net.ipv4.ip_local_port_range` says, pasted along; our recordings have it in their heading."""

BSD_EPHEMERAL = DEFAULTS["Darwin"]
"""The ports that macOS and Windows take by default for connections that they open (RFC 6335 §6)."""


class Row(NamedTuple):
    """One TCP socket; a queue is None where the tool doesn't print it."""

    state: str
    recv_q: int | None
    send_q: int | None
    local: str
    peer: str
    process: str


def read(text: str) -> DataFrame:
    """One row a TCP socket of what `ss -tan` or `netstat -an` printed, on Linux, macOS or Windows.

    Columns: state (str, as RFC 9293 §3.3.2 spells it), recv_q, send_q (Int64; <NA> where the tool prints none), local,
    peer (str, "address:port", IPv6 in brackets), and process (str) where the tool names any. Headings, UDP and
    other sockets are passed over. `attrs` holds for `diagnose` the lines that could not be read ("unread"), and the
    first and the last ephemeral port ("ephemeral") where `sysctl net.ipv4.ip_local_port_range` is pasted along or the
    tool is macOS's or Windows'. Raises TcpBookError if no line shows a socket.
    """
    rows, unread, why = [], [], ""
    elsewhere = bsd = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith(("Active", "Registered")):
            elsewhere = bool(ELSEWHERE.match(line))
        try:
            row = _row(line)
        except TcpBookError as error:
            why = why or f"{error}"
            unread.append(line)
            continue
        if row:
            rows.append(row)
            bsd = bsd or line.startswith(("TCP", "tcp4", "tcp46"))
        elif line and not elsewhere and not PASSED_OVER.match(line):
            unread.append(line)
    if not rows:
        remedy = "paste what `ss -tan` (Linux) or `netstat -an` (macOS, Windows) printed"
        raise TcpBookError(why or f"{len(text)} characters show no TCP socket; {remedy}")
    table = frame(rows)
    if not table.process.any():
        table = table.drop(columns="process")
    table.attrs["unread"] = unread
    if said := RANGE.search(text):
        table.attrs["ephemeral"] = int(said[1]), int(said[2])
    elif bsd:
        table.attrs["ephemeral"] = BSD_EPHEMERAL
    return table


def recorded(name: str | None = None) -> DataFrame:
    """A recorded socket table: one of RECORDINGS, or by default that of a server with one bug at three moments.

    Columns are those of `read`. The default one, by tools/record_sockets.py, begins with after_s (int64, seconds since
    the last event); its server is 192.0.2.2, its clients are on the same machine at 192.0.2.1. Raises TcpBookError for
    an unknown name.
    """
    from pandas import concat

    if name is None:
        _, *parts = re.split(r"# after (\d+) s\n", _recording("server"))
        tables = {int(after): read(text) for after, text in zip(parts[::2], parts[1::2], strict=True)}
        return concat(tables, names=["after_s"]).reset_index("after_s").reset_index(drop=True)
    if name not in RECORDINGS:
        raise TcpBookError(f"no table {name!r} is recorded; choose one of {', '.join(RECORDINGS)}")
    return read(_recording(name))


def _recording(name: str) -> str:
    """The text of a recording, its heading included."""
    return Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8")


def frame(rows: list[Row]) -> DataFrame:
    """The rows as a table with the types that `read` promises."""
    from pandas import DataFrame

    return DataFrame(rows, columns=Row._fields).astype({"recv_q": "Int64", "send_q": "Int64"})


def end(address: str, port: str | int) -> str:
    """One end of a connection as text: IPv6 in brackets, an IPv4 address that IPv6 wraps (::ffff:) without."""
    address = re.sub(r"^\[?::ffff:(\d+\.\d+\.\d+\.\d+)\]?$", r"\1", address)
    return f"[{address}]:{port}" if ":" in address and not address.startswith("[") else f"{address}:{port}"


def _row(line: str) -> Row | None:
    windows = WINDOWS.match(line)
    match = windows or SS.match(line) or NETSTAT.match(line)
    if not match or not {":", "."} & set(match["local"]) or not {":", "."} & set(match["peer"]):
        return None
    name = match["state"]
    if name.replace("_", "-") not in NAMES:
        raise TcpBookError(f"{name!r} is no state of a TCP socket; the names are {', '.join(NAMES)}, also with _")
    recv_q, send_q = (None, None) if windows else (int(match["recv_q"]), int(match["send_q"]))
    rest = match["rest"] or ""
    process = f"PID {rest}" if windows and rest.isdecimal() else _process(rest)
    return Row(str(NAMES[name.replace("_", "-")]), recv_q, send_q, _end(match["local"]), _end(match["peer"]), process)


def _end(text: str) -> str:
    """The port stands behind the last colon; behind the last dot where macOS printed it."""
    place = max(text.rfind(":"), text.rfind("."))
    return end(text[:place], text[place + 1 :])


def _process(rest: str) -> str:
    """The names of those who hold the socket: users:(("nginx",pid=1,fd=3)) in ss, 1/nginx in netstat."""
    return ", ".join(dict.fromkeys(re.findall(r'\("([^"]*)",pid=', rest) or re.findall(r"^\d+/(.+?)(?:\s\s|$)", rest)))
