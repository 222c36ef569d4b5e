"""What the kernel under this notebook says: live connections on loopback, one in each of the eleven states.

Three witnesses are asked. `/proc/net/tcp` knows all; psutil reads the same table and adds the process; TCP_INFO is
asked of a socket and knows only what that socket still has: of TIME-WAIT, which is no socket's any longer, it says
CLOSE. Every socket is born to be aborted (SO_LINGER, 0 seconds): whatever ends it, a `with`, an interrupt, the end of
the process, sends a RST, so that nothing of ours but TIME-WAIT stays in the kernel's table.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import DIALECTS, State

if TYPE_CHECKING:
    from pandas import DataFrame

Address = tuple[str, int]

TABLE = Path("/proc/net/tcp")
RECORDING = Path(__file__).with_name("kernel.json")
LOOPBACK = "127.0.0.1"
NOBODY = ("0.0.0.0", 0)  # the peer of a listener
PATIENCE_S = 3  # what on loopback has not happened by then will not
PAUSE_S = 0.002  # between two looks
DEFER_S = 5  # how long a listener with TCP_DEFER_ACCEPT waits for text
SMALL, LARGE = 4_096, 131_072  # a receive buffer that is full, and a send buffer that is not, after
TEXT = bytes(65_536)

# include/net/tcp_states.h; 12 is SYN-RECEIVED as well, before there is a socket.
NUMBERS = dict(enumerate((
    State.ESTABLISHED, State.SYN_SENT, State.SYN_RECEIVED, State.FIN_WAIT_1, State.FIN_WAIT_2, State.TIME_WAIT,
    State.CLOSED, State.CLOSE_WAIT, State.LAST_ACK, State.LISTEN, State.CLOSING, State.SYN_RECEIVED,
), start=1))  # fmt: skip
TIMERS = ("", "retransmission", "keepalive", "TIME-WAIT", "zero-window probe")
"""What runs for a connection, by its number in /proc/net/tcp; an orphan's FIN-WAIT-2 is timed as TIME-WAIT is."""


class Row(NamedTuple):
    """A line of /proc/net/tcp: `unread` bytes wait for the process, `left_s` is None where no timer runs.

    In LISTEN `unread` counts the connections that wait to be accepted; a FIN counts like a byte.
    """

    state: State
    unread: int
    timer: str
    left_s: float | None


class Witnesses(NamedTuple):
    """What three witnesses say of one connection; None where a witness knows nothing of it."""

    psutil: State | None
    proc: State | None
    tcp_info: State | None
    timer: str
    left_s: float | None


class Live(NamedTuple):
    """One end of a live connection: its address, its peer's, and its socket, if it has one yet."""

    local: Address
    remote: Address
    socket: socket.socket | None

    @property
    def state(self) -> State:
        """What /proc/net/tcp says: a connection it does not list is CLOSED (RFC 9293 §3.3.2)."""
        row = table().get((self.local, self.remote))
        return row.state if row else State.CLOSED

    def witnesses(self) -> Witnesses:
        """Ask all three."""
        row = table().get((self.local, self.remote))
        known = None if self.socket is None else NUMBERS[self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO)]
        return Witnesses(
            _psutil(self.local, self.remote), row and row.state, known, row.timer if row else "", row and row.left_s
        )


def read_table(text: str, ticks_per_s: int) -> dict[tuple[Address, Address], Row]:
    """Return the rows of a text like /proc/net/tcp by their two addresses. `ticks_per_s`: USER_HZ, 100 on Linux."""
    rows = {}
    for line in text.splitlines()[1:]:
        local, remote, number, queues, timer = line.split()[1:6]
        name, ticks = (int(part, 16) for part in timer.split(":"))
        left_s = ticks / ticks_per_s if name else None
        rows[_address(local), _address(remote)] = Row(
            NUMBERS[int(number, 16)], int(queues.partition(":")[2], 16), TIMERS[name], left_s
        )
    return rows


def table() -> dict[tuple[Address, Address], Row]:
    """Return this machine's TCP connections over IPv4. TcpBookError where the kernel doesn't list them."""
    if not sys.platform.startswith("linux"):
        raise TcpBookError(
            f"{sys.platform} tells no state of a connection without /proc/net/tcp; run this on Linux, on Binder or in "
            "a container, or read the recording"
        )
    try:
        text = TABLE.read_text(encoding="utf-8")
    except OSError as error:
        raise TcpBookError(f"{TABLE} can't be read here ({error.strerror}); read the recording instead") from error
    return read_table(text, os.sysconf("SC_CLK_TCK"))


@contextmanager
def reach(state: State | str) -> Iterator[Live]:
    """Bring a live connection into a state; on leaving, close every socket of it, also after an interrupt.

    Raises TcpBookError for an unknown state, and where the platform or the kernel can't do it.
    """
    if state not in list(State):
        raise TcpBookError(f"there is no state {state!r}; choose one of {', '.join(State)}")
    table()  # says at once where there is none
    with ExitStack() as stack:
        try:
            live = RECIPES[State(state)](stack)
            wait_until(lambda: live.state == state, str(state))
        except OSError as error:
            raise TcpBookError(f"{state} needs sockets on {LOOPBACK}, and: {error}; allow them here") from error
        yield live


def tour() -> DataFrame:
    """Reach each of the eleven states and ask all witnesses, in about a second.

    One row a state. Columns: state, psutil, proc, tcp_info (str, "" where a witness knows nothing of it), timer
    (str), left_s (float64, seconds, missing where no timer runs). Raises TcpBookError as `reach` does.
    """
    return _frame([[str(state), *_say(state)] for state in State])


def recorded() -> DataFrame:
    """The tour that tools/record_kernel_tour.py made; columns as those of `tour`."""
    return _frame(recording()["tour"])


def recording() -> dict[str, Any]:
    """The shipped recording: `system`, where it was made, `tour` and `steps`."""
    return dict(json.loads(RECORDING.read_text(encoding="utf-8")))


def wait_until(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Look again and again; TcpBookError if `what` has not come about after `patience_s` seconds."""
    deadline = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > deadline:
            raise TcpBookError(f"the kernel was not in {what} after {patience_s:g} s; try again on an idle machine")
        time.sleep(PAUSE_S)


def new_socket() -> socket.socket:
    """A TCP socket at a free port of 127.0.0.1, for calls that don't wait long, and to be aborted when it is closed."""
    made = socket.socket()
    linger(made, False)
    # Python's own timeout would leave a connected socket unaware of it: a second connect() would succeed.
    for wait in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
        made.setsockopt(socket.SOL_SOCKET, wait, struct.pack("ll", PATIENCE_S, 0))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a second text needn't wait for the ACK of the first
    made.bind((LOOPBACK, 0))
    return made


def linger(sock: socket.socket, gracefully: bool) -> None:
    """Choose what closing a socket does: send what is left and a FIN, or a RST (RFC 9293 §3.10.4, §3.10.5)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", not gracefully, 0))


# --- the recipes ------------------------------------------------------------------------------------------------


def _closed(stack: ExitStack) -> Live:
    made = stack.enter_context(new_socket())
    return Live(made.getsockname(), NOBODY, made)


def _listen(stack: ExitStack, backlog: int = 1) -> Live:
    made = stack.enter_context(new_socket())
    made.listen(backlog)
    return Live(made.getsockname(), NOBODY, made)


def _syn_sent(stack: ExitStack) -> Live:
    """A full accept queue, here one connection: the next SYN is dropped."""
    listener = _listen(stack, backlog=0)
    first, second = stack.enter_context(new_socket()), stack.enter_context(new_socket())
    first.connect(listener.local)
    accepted = Live(listener.local, first.getsockname(), None)
    wait_until(lambda: accepted.state is State.ESTABLISHED, "a full accept queue")
    second.setblocking(False)
    second.connect_ex(listener.local)
    return Live(second.getsockname(), listener.local, second)


def _syn_received(stack: ExitStack) -> Live:
    """A listener that answers the SYN, and then waits for text instead of taking the ACK. It has no socket yet."""
    listener = _listen(stack)
    assert listener.socket
    listener.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, DEFER_S)
    client = stack.enter_context(new_socket())
    client.connect(listener.local)
    return Live(listener.local, client.getsockname(), None)


def _pair(stack: ExitStack, full: bool = False) -> tuple[Live, socket.socket]:
    """An open connection; `full`: the peer's window is, so that a FIN of ours stays behind our text."""
    with new_socket() as listener:
        if full:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        listener.listen(1)
        client = stack.enter_context(new_socket())
        client.connect(listener.getsockname())
        server = stack.enter_context(accept(listener, client.getsockname()))
    if full:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGE)
        client.sendall(TEXT)
    return Live(client.getsockname(), client.getpeername(), client), server


def accept(listener: socket.socket, caller: Address) -> socket.socket:
    """Take the caller's connection; whoever else on this machine has called is turned away."""
    while True:
        accepted, address = listener.accept()
        linger(accepted, False)
        if address == caller:
            return accepted
        accepted.close()


def _established(stack: ExitStack) -> Live:
    return _pair(stack)[0]


def _fin_wait_1(stack: ExitStack) -> Live:
    live, _ = _pair(stack, full=True)
    return _shut(live)


def _fin_wait_2(stack: ExitStack) -> Live:
    return _shut(_pair(stack)[0])


def _close_wait(stack: ExitStack) -> Live:
    live, server = _pair(stack)
    server.shutdown(socket.SHUT_WR)
    return live


def _closing(stack: ExitStack) -> Live:
    """Our FIN waits for room in the peer's window; the peer's does not."""
    live, server = _pair(stack, full=True)
    _shut(live)
    server.shutdown(socket.SHUT_WR)
    return live


def _last_ack(stack: ExitStack) -> Live:
    live, server = _pair(stack, full=True)
    server.shutdown(socket.SHUT_WR)
    wait_until(lambda: live.state is State.CLOSE_WAIT, "CLOSE-WAIT")
    return _shut(live)


def _time_wait(stack: ExitStack) -> Live:
    live, server = _pair(stack)
    _shut(live)
    wait_until(lambda: live.state is State.FIN_WAIT_2, "FIN-WAIT-2")
    server.shutdown(socket.SHUT_WR)
    return live


def _shut(live: Live) -> Live:
    assert live.socket
    live.socket.shutdown(socket.SHUT_WR)
    return live


RECIPES: dict[State, Callable[[ExitStack], Live]] = dict(zip(State, (
    _closed, _listen, _syn_sent, _syn_received, _established, _fin_wait_1, _fin_wait_2, _close_wait, _closing,
    _last_ack, _time_wait,
), strict=True))  # fmt: skip


# --- the witnesses ----------------------------------------------------------------------------------------------


def _address(hexadecimal: str) -> Address:
    """An address as /proc/net/tcp writes it: the four bytes as one number of this machine."""
    host, port = hexadecimal.split(":")
    return socket.inet_ntoa(int(host, 16).to_bytes(4, sys.byteorder)), int(port, 16)


def _psutil(local: Address, remote: Address) -> State | None:
    import psutil

    names = {name: state for state, name in DIALECTS["Linux (netstat)"].items()}
    for found in psutil.net_connections("tcp4"):
        if (*found.laddr,) == local and ((*found.raddr,) or NOBODY) == remote:
            return names[found.status]
    return None


def _say(state: State) -> list[Any]:
    with reach(state) as live:
        *states, timer, left_s = live.witnesses()
    return [*(str(state or "") for state in states), timer, left_s]


def _frame(rows: list[list[Any]]) -> DataFrame:
    from pandas import DataFrame

    frame = DataFrame(rows, columns=["state", "psutil", "proc", "tcp_info", "timer", "left_s"])
    return frame.astype({"left_s": "float64"})
