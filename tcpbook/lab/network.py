"""Two hosts joined by links, on a virtual clock: every run with the same seed repeats exactly.

A host is a machine (`tcpbook.protocol.machine.step`) with what RFC 9293 leaves to its surroundings: the timers, the
round-trip measurement (RFC 6298), delayed acknowledgments (§3.8.6.3) and an application.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from heapq import heappop, heappush
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from tcpbook.lab.cookies import Cookies
from tcpbook.lab.trace import CRASH, Flight, Step, Trace
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import (
    CLOSE,
    RETRANSMISSION_TIMEOUT,
    TIME_WAIT_TIMEOUT,
    USER_TIMEOUT,
    Call,
    Receive,
    Send,
)
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.packet import IPV4_BYTES
from tcpbook.protocol.rto import AFTER_LOST_SYN_US, Rto
from tcpbook.protocol.segment import HEADER_BYTES, Segment
from tcpbook.protocol.seqnum import add, distance, ge, lt
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Delivered, Sent, Timer

MSL_US = 120_000_000  # "2 minutes" (RFC 9293 §3.4.2)
NEXT_ISS = 300  # how far from the last ISS a host begins after a crash, so that figures stay readable
NEVER: Mapping[int, int] = MappingProxyType({})
READS = (State.SYN_SENT, State.SYN_RECEIVED, State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2)
OPEN = (State.ESTABLISHED, State.CLOSE_WAIT)


class Link(NamedTuple):
    """One direction of the network. Times in microseconds; the chances are of 0 to 1 and each segment's own.

    `rate_bps` makes segments queue, at most `queue` of them. `reordering` delays a segment by three times the
    link's delay, so that others overtake it; jitter alone never reorders. `lose`, `late` and `twice` are explicit:
    the numbers of segments, counted from 1, to be lost, delayed by so much more, or followed by a copy so much later.
    """

    delay_us: int = 10_000
    jitter_us: int = 0
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    rate_bps: int | None = None
    queue: int | None = None
    lose: tuple[int, ...] = ()
    late: Mapping[int, int] = NEVER
    twice: Mapping[int, int] = NEVER


class Closes(StrEnum):
    """When an application closes by itself."""

    NEVER = "never"
    AFTER_TEXT = "after its text"
    AFTER_PEER = "after the peer"


class Application(NamedTuple):
    """What uses a host's connection by itself, besides the calls of a script.

    `text` is sent as the buffer has room; `reads` keeps one RECEIVE waiting.
    """

    text: bytes = b""
    reads: bool = True
    closes: Closes = Closes.NEVER


@dataclass
class Host:
    """One end. `user_timeout_us`, `delayed_ack_us`, `cookies` are off when None; timers run until `timers` says."""

    name: str
    address: str
    tcb: TCB
    application: Application = field(default_factory=Application)
    msl_us: int = MSL_US
    user_timeout_us: int | None = None
    delayed_ack_us: int | None = None
    cookies: Cookies | None = None
    received: bytearray = field(default_factory=bytearray)
    rto: Rto = field(default_factory=Rto)
    timed: tuple[int, int] | None = None  # the number whose ACK ends a round trip, and when that began
    held_ack: Segment | None = None
    handed_over: int = 0  # bytes of the application's text
    timers: dict[str, int] = field(default_factory=dict)

    def forget(self) -> None:
        """Drop what belongs to the connection that is gone: its timers and round trips."""
        self.rto, self.timed, self.held_ack = Rto(), None, None
        self.timers.clear()


def pair(**limits: Any) -> tuple[Host, Host]:
    """Two closed hosts, A at port 49152 with ISS 100 and B at port 80 with ISS 300; `limits` as in a TCB.

    A RECEIVE takes what has come, as a socket's does.
    """
    limits = {"waits_for_push": False} | limits
    a = TCB(local_port=49_152, next_iss=100, **limits)
    b = TCB(local_port=80, next_iss=300, **limits)
    return Host("A", "10.0.0.1", a), Host("B", "10.0.0.2", b)


class Network:
    """Hosts 0 and 1, the link that each sends on, a virtual clock and a heap of what is to come.

    With a single host, what it sends comes back to it: a self-connect. `recorded=False` keeps no trace of a long run.
    """

    def __init__(
        self,
        hosts: tuple[Host, ...] | None = None,
        links: tuple[Link, ...] = (Link(), Link()),
        seed: int = 0,
        recorded: bool = True,
    ) -> None:
        self.hosts = pair() if hosts is None else hosts
        self.links = links
        self.now_us = 0
        self.trace = Trace(tuple(host.name for host in self.hosts), tuple(host.address for host in self.hosts))
        self._recorded = recorded
        self._random = Random(seed)
        self._heap: list[tuple[int, int, int, Any]] = []
        self._pushed = 0
        self._flights = 0
        self._sent = [0] * len(self.hosts)  # segments handed to each link
        self._free_us = [0] * len(self.hosts)  # when each link will have put the last of them on the wire
        self._last_us = [0] * len(self.hosts)  # when the last of them arrives

    def call(self, end: int, call: Call | str, at_us: int = 0) -> None:
        """Let the user of an end make a call at a time, or let the end crash: `trace.CRASH`."""
        self._push(max(at_us, self.now_us), end, call)

    def inject(self, end: int, segment: Segment, at_us: int = 0) -> None:
        """Let a segment from elsewhere, such as an earlier connection, arrive at an end."""
        self._push(max(at_us, self.now_us), end, segment)

    def run(self, until_us: int | None = None, most: int = 1_000_000) -> Trace:
        """Let time pass until nothing is left to happen, or up to `until_us`; return the trace.

        TcpBookError after `most` events.
        """
        for _ in range(most):
            if not self._heap or (until_us is not None and self._heap[0][0] > until_us):
                self.now_us = max(self.now_us, until_us or 0)
                return self.trace
            self._next()
        raise TcpBookError(f"the run took more than {most} events; give run() a later end or a larger `most`")

    def _next(self) -> None:
        self.now_us, _, end, what = heappop(self._heap)
        if isinstance(what, Flight):
            self._handle(end, what.segment, what.number)
        elif isinstance(what, Segment):
            self._fly(len(self.hosts) - 1 - end, what, self.now_us, self.now_us, duplicate=True)
        elif not isinstance(what, str):
            self._handle(end, what)
        elif what == CRASH:
            self._crash(end)
        else:
            self._ring(end, what)

    def _push(self, at_us: int, end: int, what: Any) -> None:
        self._pushed += 1
        heappush(self._heap, (at_us, self._pushed, end, what))

    # --- one event at one end -----------------------------------------------------------------------------------

    def _handle(self, end: int, event: Segment | Call, flight: int | None = None) -> None:
        host = self.hosts[end]
        before = host.tcb
        outcome = self._outcome(end, event)
        host.tcb = outcome.tcb
        self._estimate(host, event, before)
        sent: list[int] = []
        for effect in outcome.effects:
            if isinstance(effect, Sent):
                if self._may_wait(host, event, effect.segment, before):
                    host.held_ack = effect.segment
                    self._set(end, "delayed ACK", host.delayed_ack_us)
                else:
                    host.held_ack = None
                    again = event is RETRANSMISSION_TIMEOUT and lt(effect.segment.seq, before.snd_nxt)
                    sent += self._send(end, effect.segment, again)
            elif isinstance(effect, Timer):
                wait_us = host.rto.rto_us if effect.name == "retransmission" else 2 * host.msl_us
                self._set(end, effect.name, wait_us if effect.runs else None)
            elif isinstance(effect, Delivered):
                host.received += effect.text
        self._watch_user_timeout(end, before)
        self._record(end, event, flight, before.state, outcome, sent)
        self._act(end)

    def _outcome(self, end: int, event: Segment | Call) -> Outcome:
        host = self.hosts[end]
        tcb = host.tcb
        if not isinstance(event, Segment):
            return step(tcb, event)
        if event.destination_port != tcb.local_port or tcb.remote_port not in (None, event.source_port):
            # It belongs to no connection here, so it is answered as in CLOSED (§3.10.7.1).
            return step(tcb.deleted(), event)._replace(tcb=tcb)
        if host.cookies and tcb.state is State.LISTEN:
            return host.cookies.answer(tcb, event, (self.hosts[-1 - end].address, host.address), self.now_us)
        return step(tcb, event)

    def _estimate(self, host: Host, event: Segment | Call, before: TCB) -> None:
        """Measure round trips and set the RTO (RFC 6298 §3, §5)."""
        tcb = host.tcb
        if tcb.state is State.CLOSED:
            host.forget()
        elif event is RETRANSMISSION_TIMEOUT:
            host.timed = None
            host.rto = host.rto.backed_off()
        elif host.timed and ge(tcb.snd_una, host.timed[0]):
            host.rto = host.rto.measured(self.now_us - host.timed[1])
            host.timed = None
        elif before.state not in SYNCHRONIZED and tcb.state in SYNCHRONIZED and before.retransmissions:
            host.rto = Rto(AFTER_LOST_SYN_US)
        if host.timed is None and event is not RETRANSMISSION_TIMEOUT and tcb.snd_nxt != before.snd_nxt:
            host.timed = tcb.snd_nxt, self.now_us

    @staticmethod
    def _may_wait(host: Host, event: Segment | Call, sent: Segment, before: TCB) -> bool:
        """Whether an ACK may wait for a companion: that of text in order, every second time (§3.8.6.3).

        The ACK of a FIN waits where our own FIN may follow at once and take it along: in CLOSE-WAIT.
        """
        return (
            host.delayed_ack_us is not None
            and host.held_ack is None
            and isinstance(event, Segment)
            and event.len > 0
            and not event.flags & Flags.SYN
            and (not event.flags & Flags.FIN or host.tcb.state is State.CLOSE_WAIT)
            and event.seq == before.rcv_nxt
            and not before.held
            and sent.flags == Flags.ACK
            and sent.len == 0
        )

    def _watch_user_timeout(self, end: int, before: TCB) -> None:
        """Time how long the peer leaves us waiting: for an ACK, or for its FIN when we have closed (§3.8.3)."""
        host = self.hosts[end]
        tcb = host.tcb
        if host.user_timeout_us is None:
            return
        if not (tcb.in_flight or tcb.unsent or tcb.state is State.FIN_WAIT_2):
            self._set(end, "user", None)
        elif "user" not in host.timers or tcb.snd_una != before.snd_una:
            self._set(end, "user", host.user_timeout_us)

    def _act(self, end: int) -> None:
        """Let the application go on."""
        host = self.hosts[end]
        app, tcb = host.application, host.tcb
        if app.reads and not tcb.receives and tcb.state in READS:
            self._handle(end, Receive())
        elif host.handed_over < len(app.text) and tcb.state in OPEN:
            room = tcb.snd_buff - len(tcb.unsent) - distance(tcb.snd_una, tcb.snd_nxt)
            left = len(app.text) - host.handed_over
            octets = left if left <= room else room - room % tcb.snd_mss
            if octets > 0:
                host.handed_over += octets
                self._handle(end, Send(app.text[host.handed_over - octets : host.handed_over]))
        elif tcb.state in OPEN and not tcb.fin_pending and not tcb.close_queued:
            ends = app.closes is Closes.AFTER_TEXT or tcb.state is State.CLOSE_WAIT
            if app.closes is not Closes.NEVER and ends:
                self._handle(end, CLOSE)

    def _crash(self, end: int) -> None:
        """The host forgets its connections; it will number the next from another ISS (§3.4.1)."""
        host = self.hosts[end]
        before = host.tcb.state
        host.tcb = replace(host.tcb.deleted(), next_iss=add(host.tcb.next_iss, NEXT_ISS))
        host.forget()
        self._record(end, CRASH, None, before, Outcome(host.tcb, (), (), ()), [])

    def _record(
        self, end: int, cause: Segment | Call | str, flight: int | None, before: State, outcome: Outcome,
        sent: list[int],
    ) -> None:  # fmt: skip
        if self._recorded:
            found = Step(
                self.now_us, end, cause, flight, before, outcome.tcb, outcome.effects, outcome.rules, tuple(sent)
            )
            self.trace.steps.append(found)

    # --- timers -------------------------------------------------------------------------------------------------

    def _set(self, end: int, name: str, wait_us: int | None) -> None:
        """Start (again) or stop a timer; what an earlier start left on the heap will find another time, or none."""
        timers = self.hosts[end].timers
        if wait_us is None:
            timers.pop(name, None)
        else:
            timers[name] = self.now_us + wait_us
            self._push(timers[name], end, name)

    def _ring(self, end: int, name: str) -> None:
        host = self.hosts[end]
        if host.timers.get(name) != self.now_us:
            return
        del host.timers[name]
        if name == "delayed ACK":
            if host.held_ack is not None:
                ack, host.held_ack = host.held_ack, None
                outcome = Outcome(host.tcb, (), (), ())
                self._record(end, name, None, host.tcb.state, outcome, self._send(end, ack, False))
        else:
            self._handle(end, TIMEOUTS[name])

    # --- the wire -----------------------------------------------------------------------------------------------

    def _send(self, end: int, segment: Segment, again: bool) -> list[int]:
        """Hand a segment to the end's link; return the numbers of its flights: a copy is one of its own."""
        link, chance = self.links[end], self._random.random
        self._sent[end] += 1
        number = self._sent[end]
        start_us = max(self.now_us, self._free_us[end])
        bits = 8 * (IPV4_BYTES + HEADER_BYTES + len(segment.data))
        on_wire_us = 1_000_000 * bits // link.rate_bps if link.rate_bps else 0
        full = link.queue is not None and on_wire_us and (start_us - self.now_us) // on_wire_us > link.queue
        if number in link.lose or full or (link.loss and chance() < link.loss):
            return [self._fly(end, segment, self.now_us, None, again)]
        self._free_us[end] = start_us + on_wire_us
        arrives_us = self._free_us[end] + link.delay_us + (round(chance() * link.jitter_us) if link.jitter_us else 0)
        extra_us = link.late.get(number, 0)
        if link.reordering and chance() < link.reordering:
            extra_us += 3 * link.delay_us
        if extra_us:
            arrives_us += extra_us
        else:
            arrives_us = self._last_us[end] = max(arrives_us, self._last_us[end])
        flights = [self._fly(end, segment, self.now_us, arrives_us, again)]
        copy_us = link.twice.get(number)
        if copy_us is None and link.duplication and chance() < link.duplication:
            copy_us = link.delay_us
        if copy_us is not None:
            flights.append(self._fly(end, segment, self.now_us, arrives_us + copy_us, again, duplicate=True))
        return flights

    def _fly(
        self, sender: int, segment: Segment, sent_us: int, arrives_us: int | None, again: bool = False,
        duplicate: bool = False,
    ) -> int:  # fmt: skip
        self._flights += 1
        flight = Flight(self._flights, sender, segment, sent_us, arrives_us, again, duplicate)
        if self._recorded:
            self.trace.flights.append(flight)
        if arrives_us is not None:
            self._push(arrives_us, len(self.hosts) - 1 - sender, flight)
        return self._flights


TIMEOUTS = {"retransmission": RETRANSMISSION_TIMEOUT, "2 MSL": TIME_WAIT_TIMEOUT, "user": USER_TIMEOUT}
