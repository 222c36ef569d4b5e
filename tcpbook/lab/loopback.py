"""A live connection between two ends of this process, driven call by call, beside what the book's machine predicts.

Calls, one line each, at either end, "client" or "server":

    client listen, client connect     passive and active OPEN; one connection between the two, the listener is not kept
    client send hello, client read    text and, without waiting, what has come of it
    client half-close                 shutdown(SHUT_WR): the RFC's CLOSE, which goes on reading
    client close                      close(): the end of reading too (RFC 9293 §3.6.1)
    client abort                      close() with SO_LINGER at 0 seconds: the RFC's ABORT

The same calls are made on a `tcpbook.lab.network.Network` of two hosts, whose clock follows the real one.
"""

from __future__ import annotations

import socket
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tcpbook.lab.kernel import NOBODY, PAUSE_S, Address, Row, accept, linger, new_socket, recording, table
from tcpbook.lab.network import READS, Application, Network, pair
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import ABORT, CLOSE, Call, Open, Receive, Send
from tcpbook.protocol.state import State
from tcpbook.protocol.turn import Reply, Signal

if TYPE_CHECKING:
    from pandas import DataFrame

ENDS = ("client", "server")
CALLS = ("listen", "connect", "send TEXT", "read", "half-close", "close", "abort")
LONGEST = 200  # bytes of a text: the window is never full
OVER = (State.CLOSED, State.TIME_WAIT)  # an end in such a state may begin another connection
FLIGHT_US = 100_000  # more than the virtual network takes for all that a call leads to
SURE_S = 0.05  # a known difference that lasts so long is none of the moment
SETTLED_S = 1.0  # and one that lasts so long is real, known or not: Linux delays an ACK by 40 ms
TIME = "(time passes)"
"""The action of a step that no call brought about."""


class Difference(NamedTuple):
    """Where Linux is known to leave the machine's way: after a call, or TIME, at an end predicted in a state."""

    action: str
    predicted: State
    kernel: State
    name: str
    reason: str
    section: str


S = State
_SECOND_CLOSE = (
    "closed twice, with unread text",
    "The RFC has one CLOSE, a socket has two calls: shutdown() ends sending, close() ends reading as well. Text that "
    "nobody will read any more is answered by a RST, as at a half-duplex CLOSE.",
    "3.6.1",
)
_LISTENER_CALLS = (
    "a listening socket can't call",
    "The RFC lets a passive OPEN become an active one. connect() on a listening socket is an error: use another.",
    "3.10.1",
)
DIFFERENCES = (
    Difference(
        TIME, S.TIME_WAIT, S.CLOSED, "60 s instead of 240 s",
        "With an MSL of 2 minutes TIME-WAIT lasts 240 s. Linux has it last 60 s, and no setting changes that.",
        "3.4.2",
    ),
    Difference(
        TIME, S.FIN_WAIT_2, S.CLOSED, "tcp_fin_timeout",
        "The socket is closed, so nobody could read what still came. Linux ends such a FIN-WAIT-2 after "
        "tcp_fin_timeout, usually 60 s; the RFC's lasts until the peer closes.",
        "3.10.4",
    ),
    Difference(
        "abort", S.CLOSED, S.TIME_WAIT, "TIME-WAIT is not the socket's",
        "An ABORT deletes the TCB, even in TIME-WAIT. Linux has taken the connection away from its socket by then: "
        "whatever becomes of the socket, the kernel waits on.",
        "3.10.5",
    ),
    Difference(
        "half-close", S.CLOSED, S.LISTEN, "a listener has nothing to half-close",
        "The RFC's CLOSE in LISTEN deletes the TCB. shutdown(SHUT_WR) ends sending, and a listener sends nothing: it "
        "listens on until close().",
        "3.10.4",
    ),
    Difference("connect", S.CLOSED, S.LISTEN, *_LISTENER_CALLS),
    Difference("connect", S.ESTABLISHED, S.LISTEN, *_LISTENER_CALLS),
    Difference("close", S.FIN_WAIT_2, S.CLOSED, *_SECOND_CLOSE),
    Difference("close", S.CLOSE_WAIT, S.CLOSED, *_SECOND_CLOSE),
)  # fmt: skip
"""All that is known. Anything else is a difference without a reason, and shown as such."""

OPEN = ("server listen", "client connect")
TOUR = (
    "client connect",  # nobody listens
    *OPEN, "client send hello", "server read", "client half-close", "server send bye", "client read", "server close",
    *OPEN, "server close", "client close",
    *OPEN, "client send hello", "server close",  # unread
    *OPEN, "server abort",
    *OPEN, "client close", "server send late",  # nobody reads any more
    *OPEN, "client half-close", "server half-close", "client abort",  # in TIME-WAIT
)  # fmt: skip
"""A scripted tour: refused, opened, half-closed, closed from either end, reset in three ways, TIME-WAIT aborted."""


class Step(NamedTuple):
    """One call: both ends by the kernel and as predicted, what the call returned, and why the two differ.

    `reason` is empty where they agree; `explained` is False for a difference that nobody has explained.
    """

    action: str
    kernel: tuple[State, ...]
    predicted: tuple[State, ...]
    returned: str
    machine: str
    reason: str
    explained: bool

    @property
    def agrees(self) -> bool:
        """Whether the kernel is where the machine is."""
        return self.kernel == self.predicted


@dataclass
class End:
    """One end: its socket while it has one, and the two addresses under which the kernel knows it."""

    socket: socket.socket | None
    local: Address
    remote: Address = NOBODY


class Loopback:
    """Two ends, a live connection between them, and the machine that predicts it.

    `steps` is what was done. Raises TcpBookError where the platform can't tell a connection's state, and for a call
    that makes no sense. `close()`, the garbage collector and the end of the process close both sockets.
    """

    def __init__(self, *actions: str) -> None:
        table()
        self.steps: list[Step] = []
        self._sockets: list[socket.socket] = []
        self._release = weakref.finalize(self, _close_all, self._sockets)
        self._begin()
        self.do(*actions)

    def close(self) -> None:
        """Abort what is open; a second time does nothing."""
        self._release()

    def do(self, *actions: str) -> None:
        """Carry calls out, one after the other."""
        for action in actions:
            self._do(action)

    def restart(self) -> None:
        """Abort what is open and forget all steps."""
        self._begin()
        self.steps.clear()

    def look(self) -> tuple[State, ...]:
        """Both ends' states by the kernel, now; one that changed by itself becomes a step."""
        kernel = self._kernel()
        self._pass_time()
        if self.steps and (kernel, self._predicted()) != self.steps[-1][1:3]:
            self._note(TIME, "", "")
        return kernel

    def left_s(self) -> tuple[list[float | None], list[float | None]]:
        """What is left of TIME-WAIT (or of a closed socket's FIN-WAIT-2) at each end: by the kernel, by the machine."""
        kernel = [row.left_s if row and row.timer == "TIME-WAIT" else None for row in self._rows()]
        due = [host.timers.get("2 MSL") for host in self.network.hosts]
        now_us = max(self._now_us(), self.network.now_us)
        return kernel, [None if at_us is None else max(0, at_us - now_us) / 1_000_000 for at_us in due]

    def frame(self) -> DataFrame:
        """One row a call; columns as those of `recorded`."""
        return _frame(self.steps)

    # --- the kernel's side --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Two fresh sockets and two fresh hosts."""
        _close_all(self._sockets)
        self.ends = [self._fresh(), self._fresh()]
        hosts = pair()
        for host, name in zip(hosts, ENDS, strict=True):
            host.name, host.application = name, Application(reads=False)
        self.network = Network(hosts)
        self._origin_s = time.monotonic()
        self._known = ""  # the first difference since: what follows from it is no other

    def _fresh(self) -> End:
        made = new_socket()
        self._sockets.append(made)
        return End(made, made.getsockname())

    def _rows(self) -> list[Row | None]:
        rows = table()
        return [rows.get((end.local, end.remote)) for end in self.ends]

    def _kernel(self) -> tuple[State, ...]:
        return _states(self._rows())

    def _call(self, place: int, word: str, text: bytes) -> str:
        """Make a call on a socket; return in words what it returned."""
        end, peer = self.ends[place], self.ends[1 - place]
        if end.socket is None:
            return "error: the socket is closed"
        try:
            if word == "listen":
                end.socket.listen(1)
            elif word == "connect":
                self._connect(end, peer)
            elif word == "send":
                end.socket.send(text)
            elif word == "read":
                octets = end.socket.recv(65_536, socket.MSG_DONTWAIT)
                return f"read “{octets.decode(errors='replace')}”" if octets else "end of file"
            elif word == "half-close":
                end.socket.shutdown(socket.SHUT_WR)
            else:
                linger(end.socket, word == "close")
                self._drop(end)
        except BlockingIOError:
            return "nothing to read yet" if word == "read" else "error: no answer"
        except OSError as error:
            return f"error: {error.strerror}"
        return "ok"

    def _connect(self, end: End, peer: End) -> None:
        assert end.socket
        end.socket.connect(peer.local)
        end.remote = peer.local
        listener = peer.socket
        assert listener  # somebody has answered
        peer.socket = accept(listener, end.local)
        peer.remote = end.local
        self._sockets.append(peer.socket)
        self._sockets.remove(listener)
        listener.close()

    def _drop(self, end: End) -> None:
        assert end.socket
        self._sockets.remove(end.socket)
        end.socket.close()
        end.socket = None

    # --- both -------------------------------------------------------------------------------------------------

    def _do(self, action: str) -> None:
        if not self._release.alive:
            raise TcpBookError("this connection's sockets are closed for good; make another Loopback()")
        name, _, call = action.partition(" ")
        word, _, text = call.partition(" ")
        octets = text.encode()
        if name not in ENDS or word not in [known.split()[0] for known in CALLS] or (word == "send") != bool(octets):
            raise TcpBookError(f"{action!r} is no call; write {' or '.join(ENDS)}, then one of: {', '.join(CALLS)}")
        if len(octets) > LONGEST:
            raise TcpBookError(f"the text has {len(octets)} bytes, more than {LONGEST}; send less at once")
        self.look()
        place = ENDS.index(name)
        if word in ("listen", "connect"):
            self._make_ready(place)
        self._pass_time()
        machine = self._predict(place, word, octets)
        returned = self._call(place, word, octets)
        self._settle(word)
        self._note(action, returned, machine)

    def _make_ready(self, place: int) -> None:
        """Give an end that is to open a connection a socket, unless the one before it still stands."""
        states = self._kernel()
        if all(state in OVER for state in states):
            self._begin()
        elif self.ends[place].socket is None and states[place] is State.CLOSED:
            self.ends[place] = self._fresh()

    def _settle(self, word: str) -> None:
        """Wait until the kernel is where the machine is; if it never is, until that can't be for the moment only."""
        start_s = time.monotonic()
        predicted = self._predicted()
        unread = [len(host.tcb.unread) for host in self.network.hosts]
        while True:
            rows = self._rows()
            kernel = _states(rows)
            pairs = zip(rows, unread, strict=True)
            # A row in TIME-WAIT tells of no text; the FIN has come, and so has all before it.
            if kernel == predicted and all(
                not row or row.state is State.TIME_WAIT or row.unread >= octets for row, octets in pairs
            ):
                return
            found = _found(word, predicted, kernel)
            known = bool(self._known or (found and all(found)))
            if time.monotonic() - start_s > (SURE_S if known else SETTLED_S):
                return
            time.sleep(PAUSE_S)

    def _note(self, action: str, returned: str, machine: str) -> None:
        kernel, predicted = self._kernel(), self._predicted()
        reason, explained = "", True
        if kernel != predicted:
            word = action if action == TIME else action.split()[1]
            found = _found(word, predicted, kernel)
            if self._known:
                reason = f"Follows from before: {self._known}."
            elif all(found):
                first = found[0]
                assert first
                reason, self._known = f"{first.name}: {first.reason} (§{first.section})", first.name
            else:
                reason, explained = "Nobody has explained this difference yet.", False
        self.steps.append(Step(action, kernel, predicted, returned, machine, reason, explained))

    # --- the machine's side -------------------------------------------------------------------------------------

    def _now_us(self) -> int:
        return int((time.monotonic() - self._origin_s) * 1_000_000)

    def _pass_time(self) -> None:
        """Let the virtual clock catch up with the real one."""
        self.network.run(max(self._now_us(), self.network.now_us))

    def _predicted(self) -> tuple[State, ...]:
        return tuple(host.tcb.state for host in self.network.hosts)

    def _predict(self, place: int, word: str, text: bytes) -> str:
        """Make the same call on the machine; return what it tells its users."""
        host, peer = self.network.hosts[place], self.network.hosts[1 - place]
        calls: dict[str, Call] = {
            "listen": Open(active=False),
            "connect": Open(active=True, remote_port=peer.tcb.local_port),
            "send": Send(text),
            "read": Receive(),
            "half-close": CLOSE,
            "close": CLOSE,
            "abort": ABORT,
        }
        if self.ends[place].socket is None or (word == "read" and host.tcb.state in READS and not host.tcb.unread):
            return ""  # no call comes that far; and a socket's read that finds nothing does not wait
        if word == "close":
            host.tcb = replace(host.tcb, half_duplex_close=True)
        before = len(self.network.trace.steps)
        self.network.call(place, calls[word], self.network.now_us)
        self.network.run(self.network.now_us + FLIGHT_US)
        return ", ".join(
            f"{ENDS[step.end]}: {effect.text}"
            for step in self.network.trace.steps[before:]
            for effect in step.effects
            if isinstance(effect, Reply | Signal)
        )


def recorded() -> DataFrame:
    """The steps of TOUR as tools/record_kernel_tour.py saw them.

    One row a call. Columns: action, client, server (by the kernel), client_predicted, server_predicted, returned,
    machine, reason (str), explained (bool).
    """
    return _frame(map(_read_step, recording()["steps"]))


def _read_step(step: dict[str, Any]) -> Step:
    states = {name: tuple(map(State, step[name])) for name in ("kernel", "predicted")}
    return Step(**{**step, **states})


def _frame(steps: Iterable[Step]) -> DataFrame:
    from pandas import DataFrame

    rows = [[step.action, *step.kernel, *step.predicted, *step[3:]] for step in steps]
    columns = ["client", "server", "client_predicted", "server_predicted"]
    return DataFrame(rows, columns=["action", *columns, "returned", "machine", "reason", "explained"])


def _states(rows: Iterable[Row | None]) -> tuple[State, ...]:
    return tuple(row.state if row else State.CLOSED for row in rows)


def _found(word: str, predicted: tuple[State, ...], kernel: tuple[State, ...]) -> list[Difference | None]:
    """What is known of each end that differs."""
    known = {each[:3]: each for each in DIFFERENCES}
    return [known.get((word, *pair)) for pair in zip(predicted, kernel, strict=True) if pair[0] is not pair[1]]


def _close_all(sockets: list[socket.socket]) -> None:
    while sockets:
        sockets.pop().close()
