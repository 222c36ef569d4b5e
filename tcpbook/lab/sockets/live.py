"""This machine's socket table, as its kernel shows it to whoever asks."""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tcpbook.lab.kernel import NUMBERS
from tcpbook.lab.sockets.reading import NAMES, Row, end, frame
from tcpbook.ports import ephemeral
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State

if TYPE_CHECKING:
    from pandas import DataFrame

PROC = Path("/proc/net")
LISTENING = next(number for number, state in NUMBERS.items() if state is State.LISTEN)
Names = dict[tuple[str, str], str]


def here() -> DataFrame:
    """This machine's TCP sockets: the columns of `read`, with process ("" where it is not ours to know).

    On Linux of the caller's network namespace; a listener's recv_q counts the connections that wait for accept(), its
    send_q how many may. Elsewhere the queues are <NA>. Raises TcpBookError where the system doesn't tell, as macOS
    tells root only.
    """
    if not (PROC / "tcp").exists():
        return frame(_elsewhere())
    names, limits = _names(), _limits()
    rows = []
    for file, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        if (PROC / file).exists():  # no tcp6 where IPv6 is switched off
            rows += [_row(line, family, names, limits) for line in _lines(PROC / file)]
    table = frame(rows)
    own = ephemeral()
    table.attrs["ephemeral"] = own.first, own.last
    return table


def _lines(file: Path) -> list[str]:
    """The lines below the heading."""
    try:
        return file.read_text("ascii").splitlines()[1:]
    except PermissionError:
        raise TcpBookError(f"{file} is not ours to read; paste what `ss -tan` prints into sockets.read") from None


def _row(line: str, family: int, names: Names, limits: dict[int, int]) -> Row:
    """A line of /proc/net/tcp: number, local, peer, state, queues, timer, retransmissions, user, timeout, inode."""
    _, local, peer, number, queues, _, _, _, _, inode, *_ = line.split()
    state = NUMBERS[int(number, 16)]
    send_q, recv_q = (int(queue, 16) for queue in queues.split(":"))
    ends = _end(local, family), _end(peer, family)
    limit = limits.get(int(inode)) if state is State.LISTEN else send_q
    return Row(str(state), recv_q, limit, *ends, names.get(ends, ""))


def _end(text: str, family: int) -> str:
    address, port = text.split(":")
    words = struct.unpack(f">{len(address) // 8}I", bytes.fromhex(address))
    packed = struct.pack(f"={len(words)}I", *words)  # printed as numbers of this machine's byte order
    return end(socket.inet_ntop(family, packed), int(port, 16) or "*")


def _limits() -> dict[int, int]:
    """How many may wait for accept(), by the listener's inode: /proc doesn't say, sock_diag(7) does; {} if it can't."""
    dump = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
    limits = {}
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as kernel:  # NETLINK_SOCK_DIAG
            kernel.settimeout(1)
            for family in (socket.AF_INET, socket.AF_INET6):
                asked = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 0, 0, 1 << LISTENING)
                kernel.send(struct.pack("=IHHII", 16 + len(asked), 20, dump, 0, 0) + asked)  # SOCK_DIAG_BY_FAMILY
                kind = 20
                while kind == 20:
                    told = kernel.recv(65_536)
                    while told and kind == 20:
                        length, kind = struct.unpack_from("=IH", told)
                        if kind == 20:
                            _, limit, _, inode = struct.unpack_from("=IIII", told, 72)
                            limits[inode] = limit
                        told = told[(length + 3) & ~3 :]
    except OSError:
        return {}
    return limits


def _names() -> Names:
    """The names of the processes that hold a connection, by its two ends, as far as we may know."""
    import psutil

    names, known = {}, dict[int, str]()
    for each in psutil.net_connections("tcp"):
        if each.pid is not None:
            if each.pid not in known:
                known[each.pid] = _name(each.pid)
            names[_ends(each)] = known[each.pid]
    return names


def _name(pid: int) -> str:
    import psutil

    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:  # it has ended, or is not ours to know
        return ""


def _elsewhere() -> list[Row]:
    """What psutil is told where there is no /proc."""
    import psutil

    try:
        found = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        raise TcpBookError(
            f"{sys.platform} shows the socket table to its administrator only; "
            "run `netstat -an` in a terminal and paste what it prints into sockets.read"
        ) from None
    return [
        Row(
            str(NAMES.get(each.status.replace("_", "-"), State.CLOSED)),
            None,
            None,
            *_ends(each),
            "" if each.pid is None else _name(each.pid),
        )
        for each in found
    ]


def _ends(each: Any) -> tuple[str, str]:
    """The two ends of psutil's connection; a listener has no peer."""
    wildcard = "[::]:*" if each.family == socket.AF_INET6 else "0.0.0.0:*"
    return end(*each.laddr), end(*each.raddr) if each.raddr else wildcard
