"""The sandbox: two ends and a network in the reader's hands. An experiment is a list of actions, one line each.

    A OPEN active, B OPEN passive, A SEND text, B RECEIVE, A CLOSE, B ABORT, A crash    what an end's user does
    deliver 2, drop 2, duplicate 2    to a segment in the air, by its number; delivered early, it overtakes others
    wait    until the next thing happens by itself: a segment arrives, a timer runs out
    wait 1.5 s    so long
    run    until nothing is in the air; if nothing is, until the next timer and all that follows from it
"""

from __future__ import annotations

import re
from dataclasses import replace
from heapq import heapify
from typing import Any

from tcpbook.lab.network import NEXT_ISS, Application, Network, pair
from tcpbook.lab.trace import CRASH, Flight, Trace
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import ABORT, CLOSE, Call, Open, Receive, Send
from tcpbook.protocol.seqnum import add

FORMS = (
    "A OPEN active", "A OPEN passive", "A SEND text", "A RECEIVE", "A CLOSE", "A ABORT", "A crash",
    "deliver 1", "drop 1", "duplicate 1", "wait", "wait 1.5 s", "run",
)  # fmt: skip
LONGEST_US = 86_400_000_000  # a day
MOST = 1_000  # events that one action may bring about; two ends can answer each other forever


class ByHand(Network):
    """A network in which a segment in the air can be delivered at once, dropped or duplicated."""

    def in_the_air(self) -> list[Flight]:
        """The segments that were sent and have not arrived yet."""
        return sorted(what for _, _, _, what in self._heap if isinstance(what, Flight))

    def next_us(self) -> int | None:
        """When the next thing happens by itself, or None if nothing will."""
        return min((at_us for at_us, _, end, what in self._heap if self._stands(at_us, end, what)), default=None)

    def deliver(self, number: int) -> None:
        """Let a segment arrive: at its time if nothing else comes before, or else now, overtaking what does.

        TcpBookError if it is not in the air.
        """
        flight = self._find(number)
        if (next_us := self.next_us()) is not None and next_us == flight.arrives_us:
            self.now_us = next_us
        self._redirect(number, self.now_us)
        self._handle(len(self.hosts) - 1 - flight.sender, flight.segment, number)

    def drop(self, number: int) -> None:
        """Lose a segment. TcpBookError if it is not in the air."""
        self._redirect(number, None)

    def duplicate(self, number: int) -> None:
        """Let a copy of a segment arrive right after it. TcpBookError if it is not in the air."""
        flight = self._find(number)
        self._fly(flight.sender, flight.segment, self.now_us, flight.arrives_us, duplicate=True)

    def _find(self, number: int) -> Flight:
        there = {flight.number: flight for flight in self.in_the_air()}
        if number not in there:
            offered = f"choose one of {', '.join(map(str, there))}" if there else "none is, so send one first"
            raise TcpBookError(f"segment {number} is not in the air; {offered}")
        return there[number]

    def _redirect(self, number: int, arrives_us: int | None) -> None:
        """Take a segment out of the air, and note when it arrived, if it did."""
        flight = self._find(number)
        self.trace.flights[number - 1] = flight._replace(arrives_us=arrives_us)
        self._heap = [entry for entry in self._heap if entry[3] is not flight]
        heapify(self._heap)

    def _stands(self, at_us: int, end: int, what: Any) -> bool:
        """Whether something on the heap will happen: a timer may have been stopped or started again since."""
        return not isinstance(what, str) or what == CRASH or self.hosts[end].timers.get(what) == at_us


class Sandbox:
    """Plays actions on a fresh network; the same actions give the same experiment. Nobody reads but by RECEIVE."""

    def __init__(self, *actions: str) -> None:
        self.actions: list[str] = []
        self.network = _fresh()
        self.do(*actions)

    @property
    def trace(self) -> Trace:
        """All that has happened so far."""
        return self.network.trace

    def do(self, *actions: str) -> None:
        """Carry actions out, one after the other. TcpBookError for one that makes no sense: it changes nothing."""
        for action in actions:
            _act(self.network, action)
            self.actions.append(action)

    def undo(self, kept: int | None = None) -> None:
        """Go back to where the first `kept` actions had been done; by default, before the last one."""
        actions = self.actions[: max(len(self.actions) - 1, 0) if kept is None else kept]
        self.actions, self.network = [], _fresh()
        self.do(*actions)


def _fresh() -> ByHand:
    hosts = pair()
    for host in hosts:
        host.application = Application(reads=False)
    return ByHand(hosts)


def _act(network: ByHand, action: str) -> None:
    if found := re.fullmatch(r"([AB]) (.+)", action, re.DOTALL):
        end = "AB".index(found[1])
        call = _call(network, end, found[2], action)
        host = network.hosts[end]
        if isinstance(call, Open) and any(step.end == end and step.tcb.iss for step in network.trace.steps):
            host.tcb = replace(host.tcb, next_iss=add(host.tcb.next_iss, NEXT_ISS))  # the clock has gone on (§3.4.1)
        network.call(end, call, network.now_us)
        network.run(network.now_us, most=MOST)
    elif found := re.fullmatch(r"(deliver|drop|duplicate) (\d{1,9})", action):
        {"deliver": network.deliver, "drop": network.drop, "duplicate": network.duplicate}[found[1]](int(found[2]))
    elif found := re.fullmatch(r"wait (\d{1,12}(?:\.\d{1,6})?) (s|ms)", action):
        wait_us = round(float(found[1]) * {"s": 1_000_000, "ms": 1_000}[found[2]])
        if wait_us > LONGEST_US:
            raise TcpBookError(f"{action!r} is more than a day; wait {LONGEST_US // 1_000_000} s at most")
        network.run(network.now_us + wait_us, most=MOST)
    elif action == "wait":
        _wait(network)
    elif action == "run":
        if not network.in_the_air():
            _wait(network)
        for _ in range(MOST):
            if not network.in_the_air():
                return
            _wait(network)
    else:
        raise TcpBookError(f"{action!r} is no action; write it like one of: {', '.join(FORMS)}")


def _wait(network: ByHand) -> None:
    at_us = network.next_us()
    if at_us is None:
        raise TcpBookError("nothing will happen by itself: no segment is in the air, no timer runs; make a call first")
    network.run(at_us, most=MOST)


def _call(network: ByHand, end: int, words: str, action: str) -> Call | str:
    calls: dict[str, Call | str] = {
        "OPEN active": Open(active=True, remote_port=network.hosts[1 - end].tcb.local_port),
        "OPEN passive": Open(active=False),
        "RECEIVE": Receive(),
        "CLOSE": CLOSE,
        "ABORT": ABORT,
        "crash": CRASH,
    }
    if words.startswith("SEND ") and len(words) > len("SEND "):
        return Send(words.removeprefix("SEND ").encode())
    if words not in calls:
        raise TcpBookError(f"{action!r} is no call; write it like one of: {', '.join(FORMS[:7])}")
    return calls[words]
