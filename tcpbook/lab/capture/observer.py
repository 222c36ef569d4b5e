"""Both ends of a captured connection, put together from outside.

An observer sees each segment once, on its way. It tells which call its sender's user must have made, and what must
have arrived there; the machine does the rest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tcpbook.lab.capture.departures import DEPARTURES, Situation
from tcpbook.lab.capture.passing import ACK, FIN, RST, SYN, Arrival, Passed, blank, signed
from tcpbook.lab.trace import BEGINS, Flight, Step, Trace
from tcpbook.protocol.events import ABORT, CLOSE, RETRANSMISSION_TIMEOUT, Call, Open, Send
from tcpbook.protocol.flags import COMBINATIONS, Flags
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB, InFlight

NAMES = ("client", "server")
PLENTY = 1 << 30  # bytes, more than any window; and retransmissions, more than any patience
MISSED = "not captured"
AGAIN, ALIVE, PROBE, ANSWERS, DELAYED = "sent again", "keep-alive", "window probe", "ACK", "delayed ACK"
CALLING = (State.CLOSED, State.LISTEN)


class Story(NamedTuple):
    """A way it may have been: for each end the number of its FIN, if it has one, and which end's came first."""

    fins: tuple[int | None, int | None] = (None, None)
    first: int = 0


class Observer:
    """One story: `trace` is what both ends did, `departures` counts where it does not fit RFC 9293.

    An end is `doubtful` of which nothing is heard, or nothing but RSTs where the beginning was not captured.

    `states` are both ends' after each event, a segment that passes or one that arrives; `events` has the number of
    the event for each step of the trace.
    """

    def __init__(
        self, segments: list[Passed], arrived: list[Arrival], story: Story, addresses: tuple[str, ...]
    ) -> None:
        self.trace = Trace(NAMES, addresses)
        self.departures = 0
        self.states: list[tuple[State, State]] = []
        self.events: list[int] = []
        begun = segments[0].has(SYN) and not segments[0].has(ACK)
        heard = [{one.has(RST) for one in segments if one.end == end} for end in (0, 1)]
        self.doubtful = [not kinds or (not begun and kinds == {True}) for kinds in heard]
        self._segments = segments
        self._arrived = arrived
        self._story = story
        client = segments[0].segment
        ports = (client.source_port, client.destination_port)[:: -1 if segments[0].end else 1]
        limits: dict[str, Any] = {"waits_for_push": False, "snd_buff": PLENTY, "r1": PLENTY, "r2": PLENTY}
        windows = [[one.segment.wnd for one in segments if one.end == end] for end in (0, 1)]
        self._tcbs = [
            TCB(local_port=port, rcv_buff=max(window, default=0xFFFF), **limits)
            for port, window in zip(ports, windows, strict=True)
        ]
        self._owed: list[tuple[Segment, ...]] = [(), ()]  # what the machine answered to what arrived last
        self._offered: list[int | None] = [None, None]  # the highest right edge of each end's window
        self._scales_known = all(any(one.has(SYN) and one.end == end for one in segments) for end in (0, 1))
        self._text_since = [False, False]
        self._latest: list[Passed | None] = [None, None]  # what arrived last at each end

    def run(self) -> None:
        """Let everything happen."""
        times = {arrival.number: arrival.at_us for arrival in self._arrived}
        highest = [-PLENTY, -PLENTY]
        for number, one in enumerate(self._segments):
            again = one.takes > 0 and one.stop <= highest[one.end]
            highest[one.end] = max(highest[one.end], one.stop)
            flight = Flight(number + 1, one.end, one.segment, one.at_us, times.get(number), again)
            self.trace.flights.append(flight)
        self._begin()
        waiting = iter(self._arrived)
        arrival = next(waiting, None)
        for number, one in enumerate(self._segments):
            self._pass(number, one)
            self._event_ends()
            while arrival and arrival.after == number:
                self._arrive(arrival)
                self._event_ends()
                arrival = next(waiting, None)

    def _event_ends(self) -> None:
        client, server = self._tcbs
        self.states.append((client.state, server.state))

    def _record(
        self, at_us: int, end: int, cause: Segment | Call | str, before: State, outcome: Outcome,
        flight: int | None = None, sent: tuple[int, ...] = (), note: str = "",
    ) -> None:  # fmt: skip
        found = Step(at_us, end, cause, flight, before, outcome.tcb, outcome.effects, outcome.rules, sent, note=note)
        self.trace.steps.append(found)
        self.events.append(len(self.states))

    def _do(self, at_us: int, end: int, event: Segment | Call, **told: Any) -> Outcome:
        """Let the machine take an event, and record it; `told` may name another cause."""
        tcb = self._tcbs[end]
        outcome = step(tcb, event)
        self._record(at_us, end, told.pop("cause", event), tcb.state, outcome, **told)
        self._tcbs[end] = outcome.tcb
        return outcome

    def _set(self, end: int, **values: Any) -> None:
        tcb = self._tcbs[end] = self._tcbs[end].copy()
        for name, value in values.items():
            setattr(tcb, name, value)

    # --- where the capture begins -------------------------------------------------------------------------------

    def _begin(self) -> None:
        first = self._segments[0]
        if first.has(SYN) and not first.has(ACK):
            others = [one for one in self._segments if one.end != first.end and not one.has(RST)]
            if others and (not others[0].has(SYN) or others[0].has(ACK)):
                self._do(0, 1 - first.end, Open(active=False))
            elif self.doubtful[1 - first.end]:
                self._show(1 - first.end)
            return
        if first.has(SYN):
            client = step(self._tcbs[0], Open(active=True, remote_port=self._tcbs[1].local_port))
            listener = step(self._tcbs[1], Open(active=False))
            answered = step(listener.tcb, client.segments[0])
            self._tcbs[1], self._owed[1] = answered.tcb, answered.segments
            if not self.doubtful[0]:
                self._tcbs[0] = client.tcb
        else:
            self._begin_in_the_middle()
        for end in (0, 1):
            self._show(end)

    def _begin_in_the_middle(self) -> None:
        closed = [number == 0 for number in self._story.fins]
        for end in (0, 1):
            own = [one for one in self._segments if one.end == end and not one.has(RST)]
            heard = [signed(one.segment.ack) for one in self._segments if one.end != end and one.has(ACK)]
            snd_nxt = [*(one.start for one in own), *heard, 1][0]
            snd_una = min([snd_nxt, *heard[:1]])
            state = _middle(closed[end], closed[1 - end], end == self._story.first)
            self._set(end, state=state, snd_una=snd_una % 2**32, snd_nxt=snd_nxt % 2**32)
            if closed[end]:
                self._set(end, fin_seq=(snd_nxt - 1) % 2**32)
        for end in (0, 1):
            peer = self._tcbs[1 - end]
            self._set(
                end, rcv_nxt=peer.snd_nxt, rcv_wnd=self._tcbs[end].rcv_buff, remote_port=peer.local_port,
                snd_wl1=peer.snd_nxt, snd_wl2=self._tcbs[end].snd_una, max_snd_wnd=PLENTY, snd_wnd=peer.rcv_buff,
            )  # fmt: skip
            if self._tcbs[end].state is State.LAST_ACK:
                fin_seq = self._tcbs[end].fin_seq or 0
                self._set(end, snd_una=fin_seq, in_flight=(InFlight(fin_seq, fin=True),))
            if self.doubtful[end]:
                self._set(end, state=State.CLOSED)

    def _show(self, end: int) -> None:
        """Record in which state an end is when the capture begins."""
        self._record(0, end, BEGINS, State.CLOSED, Outcome(self._tcbs[end], (), (), ()))

    # --- a segment passes ---------------------------------------------------------------------------------------

    def _pass(self, number: int, one: Passed) -> None:
        """Conclude what its sender did."""
        self._catch_up(one)
        tcb = self._tcbs[one.end]
        note = self._departs(one)
        if one.has(RST):
            self._reset(number, one, note)
        elif one.has(SYN):
            self._call(number, one, note)
        else:
            self._talk(number, one, note)
        self._owed[one.end] = ()
        if one.has(RST):
            return
        edge = signed(one.segment.ack) + one.segment.wnd
        offered = self._offered[one.end]
        self._offered[one.end] = edge if offered is None or edge > offered else offered
        if tcb.state not in CALLING or self._tcbs[one.end].state not in CALLING:
            self._set(one.end, rcv_wnd=one.segment.wnd)

    def _departs(self, one: Passed) -> str:
        tcb = self._tcbs[one.end]
        edges = (self._offered[one.end], self._offered[1 - one.end]) if self._scales_known else (None, None)
        now = Situation(tcb, one, self._owed[one.end], self._latest[one.end], self._text_since[one.end], *edges)
        found = [departure.words for departure in DEPARTURES if departure.applies(now)]
        self.departures += len(found)
        return " ".join(found)

    def _reset(self, number: int, one: Passed, note: str) -> None:
        if any(owed.flags & Flags.RST for owed in self._owed[one.end]) or self._tcbs[one.end].state is State.CLOSED:
            self._answer(number, one, "RST", note)
        else:
            self._do(one.at_us, one.end, ABORT, sent=(number + 1,), note=note)

    def _call(self, number: int, one: Passed, note: str) -> None:
        tcb = self._tcbs[one.end]
        told: dict[str, Any] = {"sent": (number + 1,), "note": note}
        if not one.has(ACK) and tcb.state in CALLING:
            self._do(one.at_us, one.end, Open(active=True, remote_port=one.segment.destination_port), **told)
            self._set(one.end, iss=one.segment.seq, snd_una=one.segment.seq, snd_nxt=one.stop % 2**32)
        elif any(owed.flags & Flags.SYN for owed in self._owed[one.end]):
            self._answer(number, one, "SYN,ACK", note)
        elif tcb.state in (State.SYN_SENT, State.SYN_RECEIVED):
            self._do(one.at_us, one.end, RETRANSMISSION_TIMEOUT, **told)
        else:
            self._answer(number, one, AGAIN, note)

    def _talk(self, number: int, one: Passed, note: str) -> None:
        tcb = self._tcbs[one.end]
        ahead = one.stop - signed(tcb.snd_nxt)
        if one.takes and ahead > 0:
            missing = one.start - signed(tcb.snd_nxt)
            if missing > 0:
                self._sends_unseen(one.at_us, one.end, one.start)
                note = f"The capture misses {missing:,} bytes before this segment. {note}".strip()
            fin = one.has(FIN)
            text = min(ahead, one.takes) - fin
            if text:
                self._make(one.at_us, one.end, Send(blank(text)), () if fin else (number + 1,), "" if fin else note)
            if fin:
                self._make(one.at_us, one.end, CLOSE, (number + 1,), note)
            self._set(one.end, snd_nxt=one.stop % 2**32)
        elif one.takes or one.start == signed(tcb.snd_nxt) - 1:
            probes = one.takes <= 1 and one.start == signed(tcb.snd_nxt) - 1 and not one.has(FIN)
            word = (PROBE if tcb.snd_wnd == 0 else ALIVE) if probes else AGAIN
            self._answer(number, one, word, note)
        else:
            self._sends_unseen(one.at_us, one.end, one.start)
            self._answer(number, one, DELAYED if self._owed[one.end] else ANSWERS, note)

    def _make(self, at_us: int, end: int, call: Call, sent: tuple[int, ...], note: str) -> None:
        """Let the user make the call that sends what was seen, in one segment however long."""
        tcb = self._tcbs[end]
        open_wide = tcb.copy()
        open_wide.snd_wnd = open_wide.snd_mss = PLENTY
        outcome = step(open_wide, call)
        outcome.tcb.snd_wnd, outcome.tcb.snd_mss = tcb.snd_wnd, tcb.snd_mss
        self._record(at_us, end, call, tcb.state, outcome, sent=sent, note=note)
        self._tcbs[end] = outcome.tcb

    def _answer(self, number: int, one: Passed, word: str, note: str) -> None:
        """The segment answers what arrived at this very moment, or is sent for a reason in one word."""
        steps = self.trace.steps
        last = next((place for place in range(len(steps) - 1, -1, -1) if steps[place].end == one.end), None)
        if last is not None and self._owed[one.end] and steps[last].at_us == one.at_us and not steps[last].sent:
            step_ = steps[last]
            steps[last] = step_._replace(sent=(number + 1,), note=f"{step_.note} {note}".strip())
            return
        tcb = self._tcbs[one.end]
        self._record(one.at_us, one.end, word, tcb.state, Outcome(tcb, (), (), ()), sent=(number + 1,), note=note)

    # --- a segment arrives --------------------------------------------------------------------------------------

    def _arrive(self, arrival: Arrival) -> None:
        one = self._segments[arrival.number]
        end = 1 - one.end
        outcome = self._do(arrival.at_us, end, one.segment, flight=arrival.number + 1)
        self._owed[end] = outcome.segments
        self._latest[end] = one
        self._text_since[end] |= outcome.tcb.fin_seq is not None and bool(one.segment.data)
        if outcome.tcb.unread:  # when its program reads, a capture does not show
            self._set(end, unread=b"", push_seen=False)

    # --- what the capture misses --------------------------------------------------------------------------------

    def _catch_up(self, one: Passed) -> None:
        """Let arrive what this segment acknowledges and nobody saw."""
        end, ack = one.end, one.segment.ack
        if one.has(RST) or not one.has(ACK):
            return
        if self._tcbs[end].state is State.LISTEN or (self._tcbs[end].state is State.CLOSED and one.has(SYN)):
            self._let_arrive(one, SYN, ack - 1)
        elif self._tcbs[end].state is State.SYN_SENT and not one.has(SYN):
            self._let_arrive(one, SYN | ACK, ack - 1)
        if self._tcbs[end].state is State.SYN_RECEIVED and one.takes > one.has(FIN) and not one.has(SYN):
            self._let_arrive(one, ACK, ack)
        tcb = self._tcbs[end]
        missing = signed(ack) - signed(tcb.rcv_nxt)
        if tcb.state in (*CALLING, State.SYN_SENT) or missing <= 0:
            return
        self._sends_unseen(one.at_us, 1 - end, signed(ack))
        fin = self._tcbs[1 - end].fin_seq == (ack - 1) % 2**32
        self._set(end, rcv_wnd=tcb.rcv_wnd + missing, held=())
        self._let_arrive(one, FIN | ACK if fin else ACK, tcb.rcv_nxt, missing - fin)
        self._set(end, rcv_nxt=ack, unread=b"")

    def _let_arrive(self, one: Passed, flags: int, seq: int, octets: int = 0) -> None:
        """A segment arrives, before this one is sent, that the capture does not hold."""
        tcb = self._tcbs[one.end]
        peer = self._tcbs[1 - one.end]
        ack = tcb.snd_nxt if flags & ACK else 0
        wnd = tcb.snd_wnd or peer.rcv_buff
        segment = Segment(
            peer.local_port, tcb.local_port, seq % 2**32, ack, COMBINATIONS[flags], wnd, data=blank(octets)
        )
        note = f"The capture misses what arrived here: {_named(segment)}."
        self._owed[one.end] = self._do(one.at_us, one.end, segment, cause=MISSED, note=note).segments

    def _sends_unseen(self, at_us: int, end: int, upto: int) -> None:
        """An end has sent up to a number, though nobody saw it; the last number may be its FIN."""
        snd_nxt, fin = signed(self._tcbs[end].snd_nxt), self._story.fins[end]
        if upto <= snd_nxt:
            return
        if fin is not None and snd_nxt <= fin < upto:
            self._set(end, snd_nxt=fin % 2**32)
            self._make(at_us, end, CLOSE, (), "The capture misses its FIN.")
        self._set(end, snd_nxt=upto % 2**32)


def _middle(closed: bool, peer_closed: bool, first: bool) -> State:
    """The state of an end in the middle of a connection, by whose FINs came before."""
    if closed and peer_closed:
        return State.TIME_WAIT if first else State.LAST_ACK
    if closed:
        return State.FIN_WAIT_2
    return State.CLOSE_WAIT if peer_closed else State.ESTABLISHED


def _named(segment: Segment) -> str:
    """What a segment is, in words: its control bits, or its text."""
    octets = len(segment.data)
    text = f"{octets:,} byte{'s' * (octets != 1)} of text"
    bits = str(segment.flags)
    return f"{text} and {bits}" if octets and segment.flags & Flags.FIN else text if octets else bits
