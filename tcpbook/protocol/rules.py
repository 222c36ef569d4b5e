"""The one table: every state's answer to every event, after RFC 9293 §3.10.

A rule is one outcome of one check. For a state and an event (for an arriving segment: a state and a check) the
rules stand in order; the first whose guard holds is taken: its effects run, the state becomes `next_state`, and
a segment goes on at the check `then`, unless that is None. Nothing is meant by absence: every pair has its rule.
The simulator, the state graph, the widgets, the exercises and the tests all read this table.

Left out: security/compartment, Diffserv values and user authority. Sections are RFC 9293's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from tcpbook.protocol import effects as do
from tcpbook.protocol import guards as when
from tcpbook.protocol.effects import ReturnCalls
from tcpbook.protocol.events import Check, Event
from tcpbook.protocol.guards import always, otherwise
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.turn import Effect, Reply, Signal, Turn

CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED = State.CLOSED, State.LISTEN, State.SYN_SENT, State.SYN_RECEIVED
ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 = State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2
CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT = State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT

EXISTING = tuple(state for state in State if state is not CLOSED)  # a TCB exists
OPENED = (SYN_RECEIVED, *SYNCHRONIZED)  # the "other states" of §3.10.7.4
RECEIVING = (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2)  # the peer's FIN has not come
AFTER_FIN = (CLOSE_WAIT, LAST_ACK, TIME_WAIT)  # it has; CLOSING ignores all that follows the ACK check

CHECKS: dict[State, tuple[Check, ...]] = {
    CLOSED: (Check.RST, Check.ACK),
    LISTEN: (Check.RST, Check.ACK, Check.SYN, Check.OTHER),
    SYN_SENT: (Check.ACK, Check.RST, Check.SYN, Check.OTHER),
    **dict.fromkeys(OPENED, (Check.SEQUENCE, Check.RST, Check.SYN, Check.ACK, Check.URG, Check.TEXT, Check.FIN)),
    CLOSING: (Check.SEQUENCE, Check.RST, Check.SYN, Check.ACK),
}
"""The order in which each state checks an arriving segment (§3.10.7.1 to §3.10.7.4)."""

Guard = Callable[[Turn], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One outcome of one check: when it applies, what it does, where it leads, and where the RFC says so."""

    state: State
    event: Event
    check: Check | None  # for SEGMENT ARRIVES: which of the state's checks
    guard: Guard
    effects: tuple[Effect, ...]
    next_state: State
    then: Check | None  # the check at which the segment's processing goes on; None: done
    section: str
    why: str

    def __repr__(self) -> str:
        check = f" · {self.check}" if self.check else ""
        return f"<rule {self.state} · {self.event}{check} · {self.guard.__name__} → {self.next_state}, §{self.section}>"


Row = list[Rule]
NEXT = "next"


def _on(
    states: State | tuple[State, ...],
    event: Event,
    guard: Guard,
    *effects: Effect,
    to: State | None = None,
    see: str,
    why: str,
) -> Row:
    """One row about a call, a timeout or an ICMP message; without `to` the state stays."""
    states = (states,) if isinstance(states, State) else states
    return [Rule(state, event, None, guard, effects, to or state, None, see, why) for state in states]


def _at(
    states: State | tuple[State, ...],
    check: Check,
    guard: Guard,
    *effects: Effect,
    to: State | None = None,
    then: Check | str | None = None,
    see: str = "3.10.7.4",
    why: str,
) -> Row:
    """One row about an arriving segment; without `then` its processing ends here."""
    states = (states,) if isinstance(states, State) else states
    row = []
    for state in states:
        order = CHECKS[to or state]  # processing goes on in the new state
        after = order[order.index(check) + 1] if then == NEXT else Check(then) if then else None
        row.append(Rule(state, Event.SEGMENT_ARRIVES, check, guard, effects, to or state, after, see, why))
    return row


NOT_EXIST = Reply("error: connection does not exist")
EXISTS = Reply("error: connection already exists")
UNSPECIFIED = Reply("error: remote socket unspecified")
NO_ROOM = Reply("error: insufficient resources")
IS_CLOSING = Reply("error: connection closing")
RESET = ReturnCalls("error: connection reset")

_CALLS = (
    # OPEN
    _on(CLOSED, Event.OPEN_PASSIVE, always, do.open_passively, to=LISTEN, see="3.10.1",
        why="A passive OPEN creates a TCB and waits for a SYN."),
    _on(EXISTING, Event.OPEN_PASSIVE, always, EXISTS, see="3.10.1",
        why="A passive OPEN must not touch a connection that exists (MUST-41)."),
    _on(CLOSED, Event.OPEN_ACTIVE, when.remote_named, do.open_actively, do.select_iss, do.send_syn,
        to=SYN_SENT, see="3.10.1", why="An active OPEN creates a TCB, selects an ISS and sends a SYN."),
    _on(LISTEN, Event.OPEN_ACTIVE, when.remote_named, do.open_actively, do.select_iss, do.send_syn,
        to=SYN_SENT, see="3.10.1", why="An active OPEN turns the listener into a caller."),
    _on((CLOSED, LISTEN), Event.OPEN_ACTIVE, otherwise, UNSPECIFIED, see="3.10.1",
        why="A call needs somebody to call."),
    _on((SYN_SENT, *OPENED), Event.OPEN_ACTIVE, always, EXISTS, see="3.10.1",
        why="There is a connection under this name already."),
    # SEND
    _on(CLOSED, Event.SEND, always, NOT_EXIST, see="3.10.2", why="There is no connection to send on."),
    _on(LISTEN, Event.SEND, when.remote_unknown, UNSPECIFIED, see="3.10.2",
        why="A listener open to anybody has no peer to send to."),
    _on((SYN_RECEIVED, CLOSE_WAIT), Event.SEND, when.close_waits, IS_CLOSING, see="3.6",
        why="After CLOSE no SEND is accepted, even while that CLOSE waits its turn."),
    _on((LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT), Event.SEND, when.no_room_to_send,
        NO_ROOM, see="3.10.2", why="The text does not fit into the send buffer."),
    _on(LISTEN, Event.SEND, otherwise, do.become_active, do.select_iss, do.send_syn, do.queue_text,
        to=SYN_SENT, see="3.10.2",
        why="A SEND on a listener whose peer is known calls that peer; the text waits."),
    _on((SYN_SENT, SYN_RECEIVED), Event.SEND, otherwise, do.queue_text, see="3.10.2",
        why="The text waits for ESTABLISHED."),
    _on((ESTABLISHED, CLOSE_WAIT), Event.SEND, otherwise, do.queue_text, do.transmit, see="3.10.2",
        why="The text is segmentized and sent, as far as the window allows."),
    _on((FIN_WAIT_1, FIN_WAIT_2, CLOSING, LAST_ACK, TIME_WAIT), Event.SEND, always, IS_CLOSING,
        see="3.10.2", why="Our user has closed: nothing more can be sent."),
    # RECEIVE
    _on(CLOSED, Event.RECEIVE, always, NOT_EXIST, see="3.10.3",
        why="There is no connection to receive from."),
    _on((FIN_WAIT_1, FIN_WAIT_2), Event.RECEIVE, when.half_duplex, IS_CLOSING, see="3.6.1",
        why="A half-duplex CLOSE has ended reading too (MAY-1)."),
    _on(RECEIVING, Event.RECEIVE, when.text_satisfies_receive, do.give_text, do.reopen_window, see="3.10.3",
        why="The text on hand satisfies the RECEIVE."),
    _on((LISTEN, SYN_SENT, SYN_RECEIVED, *RECEIVING), Event.RECEIVE, when.no_room_to_receive, NO_ROOM,
        see="3.10.3", why="Too many RECEIVEs are waiting."),
    _on((LISTEN, SYN_SENT, SYN_RECEIVED), Event.RECEIVE, otherwise, do.queue_receive, see="3.10.3",
        why="The RECEIVE waits for ESTABLISHED."),
    _on(RECEIVING, Event.RECEIVE, otherwise, do.queue_receive, see="3.10.3",
        why="The RECEIVE waits for text."),
    _on(CLOSE_WAIT, Event.RECEIVE, when.text_on_hand, do.give_text, see="3.10.3",
        why="The peer has closed; what it sent before can still be read."),
    _on(CLOSE_WAIT, Event.RECEIVE, when.text_waits_for_handshake, do.queue_receive, see="3.5",
        why="Text came beside the peer's SYN; it is delivered once our own SYN is acknowledged."),
    _on(CLOSE_WAIT, Event.RECEIVE, otherwise, IS_CLOSING, see="3.10.3",
        why="The peer has closed, and everything it sent has been read."),
    _on((CLOSING, LAST_ACK, TIME_WAIT), Event.RECEIVE, always, IS_CLOSING, see="3.10.3",
        why="Both sides have closed."),
    # CLOSE
    _on(CLOSED, Event.CLOSE, always, NOT_EXIST, see="3.10.4", why="There is no connection to close."),
    _on((LISTEN, SYN_SENT), Event.CLOSE, always, ReturnCalls("error: closing"), do.delete_tcb, to=CLOSED,
        see="3.10.4", why="Nothing has been agreed with a peer: the TCB is deleted, no FIN is needed."),
    _on((SYN_RECEIVED, CLOSE_WAIT), Event.CLOSE, when.close_waits, IS_CLOSING, see="3.10.4",
        why="An earlier CLOSE is waiting already."),
    _on((SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT), Event.CLOSE, when.half_duplex_with_unread_text,
        do.send_rst, RESET, do.delete_tcb, to=CLOSED, see="3.6.1",
        why="A half-duplex CLOSE throws received text away: a RST says so (SHLD-3)."),
    _on(SYN_RECEIVED, Event.CLOSE, when.text_unsent, do.queue_close, see="3.10.4",
        why="Text waits to be sent, so the CLOSE waits for ESTABLISHED."),
    _on(SYN_RECEIVED, Event.CLOSE, otherwise, do.queue_fin, to=FIN_WAIT_1, see="3.10.4",
        why="Nothing is left to send: our FIN goes out at once."),
    _on(ESTABLISHED, Event.CLOSE, otherwise, do.queue_fin, to=FIN_WAIT_1, see="3.10.4",
        why="We have no more to send; our FIN follows the text that still waits."),
    _on(CLOSE_WAIT, Event.CLOSE, when.text_unsent, do.queue_close, see="3.10.4",
        why="The CLOSE waits until all earlier SENDs have been segmentized."),
    _on(CLOSE_WAIT, Event.CLOSE, otherwise, do.queue_fin, to=LAST_ACK, see="3.10.4",
        why="The peer closed before; now our FIN goes out as well."),
    _on((FIN_WAIT_1, FIN_WAIT_2, CLOSING, LAST_ACK, TIME_WAIT), Event.CLOSE, always, IS_CLOSING,
        see="3.10.4", why="Our user has closed before; a second FIN must not go out."),
    # ABORT
    _on(CLOSED, Event.ABORT, always, NOT_EXIST, see="3.10.5", why="There is no connection to abort."),
    _on((LISTEN, SYN_SENT), Event.ABORT, always, RESET, do.delete_tcb, to=CLOSED, see="3.10.5",
        why="Nothing has been agreed with a peer: the TCB is deleted, no RST is needed."),
    _on((SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT), Event.ABORT, always, do.send_rst,
        RESET, do.delete_tcb, to=CLOSED, see="3.10.5",
        why="A RST tells the peer; everything queued is dropped. (Note 3 of Figure 5 would rather see TIME-WAIT.)"),
    _on((CLOSING, LAST_ACK, TIME_WAIT), Event.ABORT, always, Reply("ok"), do.delete_tcb, to=CLOSED,
        see="3.10.5", why="Both sides have closed already: the TCB is deleted, no RST is needed."),
    # STATUS
    _on(CLOSED, Event.STATUS, always, NOT_EXIST, see="3.10.6", why="There is no connection to tell about."),
    _on(EXISTING, Event.STATUS, always, do.reply_state, see="3.10.6", why="STATUS tells the state."),
)

_BEFORE_SYNCHRONIZATION = (
    # CLOSED, §3.10.7.1
    _at(CLOSED, Check.RST, when.has_rst, see="3.10.7.1", why="A RST is never answered."),
    _at(CLOSED, Check.RST, otherwise, then=NEXT, see="3.10.7.1", why="No RST: go on."),
    _at(CLOSED, Check.ACK, always, do.refuse, see="3.10.7.1",
        why="There is no connection: a RST that the sender will believe says so."),
    # LISTEN, §3.10.7.2
    _at(LISTEN, Check.RST, when.has_rst, see="3.10.7.2",
        why="We have sent nothing that a RST could answer: ignored."),
    _at(LISTEN, Check.RST, otherwise, then=NEXT, see="3.10.7.2", why="No RST: go on."),
    _at(LISTEN, Check.ACK, when.has_ack, do.refuse, see="3.10.7.2",
        why="We have sent nothing that could be acknowledged: reset."),
    _at(LISTEN, Check.ACK, otherwise, then=NEXT, see="3.10.7.2", why="No ACK: go on."),
    # Text or FIN beside the SYN is taken in SYN-RECEIVED; what acknowledges the SYN,ACK later may rely on
    # SND.WND, so the window is noted here as §3.10.7.3 does.
    _at(LISTEN, Check.SYN, when.has_syn, do.note_syn, do.note_window, do.select_iss, do.send_syn_ack,
        to=SYN_RECEIVED, then=Check.URG, see="3.10.7.2", why="Somebody calls: we answer with SYN,ACK."),
    _at(LISTEN, Check.SYN, otherwise, then=NEXT, see="3.10.7.2", why="No SYN: go on."),
    _at(LISTEN, Check.OTHER, always, see="3.10.7.2", why="Neither RST, ACK nor SYN: dropped."),
    # SYN-SENT, §3.10.7.3
    _at(SYN_SENT, Check.ACK, when.rst_acks_nothing_of_ours, see="3.10.7.3",
        why="A RST that does not acknowledge our SYN is not for us: dropped."),
    _at(SYN_SENT, Check.ACK, when.acks_nothing_of_ours, do.refuse, see="3.10.7.3",
        why="It acknowledges something we did not send: reset."),
    _at(SYN_SENT, Check.ACK, otherwise, then=NEXT, see="3.10.7.3", why="No ACK, or one of our SYN: go on."),
    # RFC 5961's comparison with RCV.NXT can't be made: before the peer's SYN there is no RCV.NXT (§3.5.3).
    _at(SYN_SENT, Check.RST, when.rst_and_ack, Signal("error: connection reset"), RESET, do.delete_tcb,
        to=CLOSED, see="3.10.7.3", why="The RST acknowledges our SYN: the peer refuses."),
    _at(SYN_SENT, Check.RST, when.has_rst, see="3.10.7.3",
        why="A RST without ACK could be anybody's: dropped."),
    _at(SYN_SENT, Check.RST, otherwise, then=NEXT, see="3.10.7.3", why="No RST: go on."),
    _at(SYN_SENT, Check.SYN, when.syn_and_ack, do.note_syn, do.take_ack, do.note_window, do.owe_ack,
        do.transmit, to=ESTABLISHED, then=Check.URG, see="3.10.7.3",
        why="The peer's SYN acknowledges ours: the connection is open, and we acknowledge its SYN."),
    _at(SYN_SENT, Check.SYN, when.has_syn, do.note_syn, do.note_window, do.send_syn_ack, do.hold,
        to=SYN_RECEIVED, see="3.10.7.3",
        why="Both called at once: we repeat our SYN with an ACK. Text or FIN waits for ESTABLISHED."),
    _at(SYN_SENT, Check.SYN, otherwise, then=NEXT, see="3.10.7.3", why="No SYN: go on."),
    _at(SYN_SENT, Check.OTHER, always, see="3.10.7.3", why="Neither SYN nor RST: dropped."),
)

_FIRST_FOUR_CHECKS = (
    # First, the sequence number
    _at(OPENED, Check.SEQUENCE, when.acceptable, then=NEXT, why="The segment is in the window: go on."),
    _at(OPENED, Check.SEQUENCE, when.window_shut_at_rcv_nxt, do.owe_ack, then=NEXT, see="3.4",
        why="The window is shut: no text, SYN or FIN is taken, but ACK, URG and RST are (MUST-66)."),
    # A peer that filled our window and lost the text has nothing but such numbers for its ACKs.
    _at(OPENED, Check.SEQUENCE, when.empty_at_the_right_edge, then=NEXT, see="A.2",
        why="Just right of the window, but empty: its ACK counts, or two ends could turn each other's away forever."),
    _at(OPENED, Check.SEQUENCE, when.has_rst, why="A RST outside the window: dropped without a word."),
    # The first check says drop, the later step says restart: reconciled by doing both.
    _at(TIME_WAIT, Check.SEQUENCE, when.repeats_fin, do.owe_ack, do.START_2MSL,
        why="The peer's FIN again: our last ACK was lost. Acknowledge once more, wait 2 MSL anew."),
    _at(OPENED, Check.SEQUENCE, otherwise, do.owe_ack,
        why="Outside the window: dropped, with an ACK that tells what we expect."),
    # Second, RST
    _at(OPENED, Check.RST, when.no_rst, then=NEXT, why="No RST: go on."),
    _at(OPENED, Check.RST, when.seq_left_of_window, see="3.5.3",
        why="The RST's own number is left of the window: dropped."),
    _at(OPENED, Check.RST, when.not_exactly_rcv_nxt, do.owe_ack,
        why="In the window but not at RCV.NXT: it may be forged, so a challenge ACK asks (RFC 5961)."),
    _at(SYN_RECEIVED, Check.RST, when.opened_passively, do.return_to_listen, to=LISTEN,
        why="The caller is gone, or never was: back to LISTEN. The user need not know."),
    _at(SYN_RECEIVED, Check.RST, otherwise, Signal("error: connection refused"), RESET, do.delete_tcb,
        to=CLOSED, why="The peer refuses our call."),
    _at((*RECEIVING, CLOSE_WAIT), Check.RST, otherwise, Signal("error: connection reset"), RESET,
        do.delete_tcb, to=CLOSED, why="The peer has given the connection up."),
    _at((CLOSING, LAST_ACK), Check.RST, otherwise, Signal("error: connection reset"), RESET, do.delete_tcb,
        to=CLOSED, see="3.5.3",
        why="The peer has given up before it acknowledged our FIN: the user is told (MUST-12)."),
    _at(TIME_WAIT, Check.RST, otherwise, do.delete_tcb, to=CLOSED,
        why="The peer wants to hear no more; both sides had closed anyway."),
    # Third, security/compartment: left out. Fourth, SYN
    _at(OPENED, Check.SYN, when.no_syn, then=NEXT, why="No SYN: go on."),
    _at(SYN_RECEIVED, Check.SYN, when.passive_and_syn_in_window, do.return_to_listen, to=LISTEN,
        why="A new SYN in the window: the handshake has failed, back to LISTEN."),
    _at(SYN_RECEIVED, Check.SYN, when.opened_passively, then=NEXT,
        why="The SYN lies left of the window and is trimmed off."),
    _at(OPENED, Check.SYN, when.challenge_acks_on, do.owe_ack,
        why="A SYN inside a connection: a challenge ACK asks the peer whether it has restarted (RFC 5961)."),
    _at(OPENED, Check.SYN, when.syn_in_window, do.refuse, Signal("error: connection reset"), RESET,
        do.delete_tcb, to=CLOSED, why="Without RFC 5961 a SYN in the window is an error: reset."),
    _at(OPENED, Check.SYN, otherwise, then=NEXT, why="The SYN lies left of the window and is trimmed off."),
)

_ACK_CHECK = (
    # Fifth, ACK
    _at(OPENED, Check.ACK, when.no_ack,
        why="Every segment of an open connection carries ACK; this one does not: dropped."),
    _at(SYN_RECEIVED, Check.ACK, when.acks_something_new, do.take_ack, do.update_window, do.deliver,
        do.signal_urgent, do.transmit, to=ESTABLISHED, then=NEXT,
        why="Our SYN is acknowledged: the connection is open."),
    _at(SYN_RECEIVED, Check.ACK, when.window_shut_at_rcv_nxt, see="3.4",
        why="The window is shut: a valid ACK would have counted, this one is only answered."),
    _at(SYN_RECEIVED, Check.ACK, otherwise, do.refuse, see="3.5.2",
        why="It acknowledges something we did not send: reset, and no change of state."),
    _at(FIN_WAIT_1, Check.ACK, when.acks_our_fin, do.take_ack, do.update_window, do.deliver, Reply("ok"),
        to=FIN_WAIT_2, then=NEXT, why="Our FIN is acknowledged; the peer may go on sending."),
    _at(CLOSING, Check.ACK, when.acks_our_fin, do.take_ack, do.finish_receives, do.START_2MSL, to=TIME_WAIT, then=NEXT,
        why="Our FIN is acknowledged, and the peer's had come before."),
    _at(LAST_ACK, Check.ACK, when.acks_our_fin, do.take_ack, do.delete_tcb, to=CLOSED,
        why="Our FIN, the last one, is acknowledged: the connection is over."),
    _at((ESTABLISHED, FIN_WAIT_1), Check.ACK, when.acks_something_new, do.take_ack, do.update_window,
        do.deliver, do.transmit, then=NEXT, why="New bytes of ours are acknowledged."),
    _at((CLOSE_WAIT, LAST_ACK), Check.ACK, when.acks_something_new, do.take_ack, do.update_window,
        do.finish_receives, do.transmit, then=NEXT, why="New bytes of ours are acknowledged."),
    _at((*RECEIVING, CLOSE_WAIT, LAST_ACK), Check.ACK, when.acks_again, do.update_window, do.transmit,
        then=NEXT, why="Nothing new is acknowledged; the window may have changed."),
    _at(CLOSING, Check.ACK, when.acks_something_new, do.take_ack, do.update_window, do.finish_receives, do.transmit,
        why="Bytes of ours are acknowledged, but not yet our FIN: nothing else of the segment counts."),
    _at(CLOSING, Check.ACK, when.acks_again, do.update_window, do.transmit,
        why="Our FIN is not acknowledged; the window may have changed, nothing else of the segment counts."),
    _at(SYNCHRONIZED, Check.ACK, when.acks_the_unsent, do.owe_ack,
        why="It acknowledges what we have not sent: dropped, with an ACK."),
    _at(SYNCHRONIZED, Check.ACK, when.acks_the_distant_past, do.owe_ack,
        why="The acknowledgment is older than any window could explain: dropped, with an ACK (RFC 5961)."),
    _at((*RECEIVING, CLOSE_WAIT, LAST_ACK), Check.ACK, otherwise, then=NEXT,
        why="An old acknowledgment: it tells nothing new."),
    _at(CLOSING, Check.ACK, otherwise, why="An old acknowledgment: the segment is ignored."),
    # To acknowledge a bare ACK here, as the letter has it, would set two ends in TIME-WAIT answering each other.
    _at(TIME_WAIT, Check.ACK, otherwise, then=NEXT, why="All of ours has been acknowledged already."),
)

_LAST_THREE_CHECKS = (
    # Sixth, URG
    _at((SYN_RECEIVED, *RECEIVING), Check.URG, when.no_urg, then=NEXT, why="No URG: go on."),
    _at((SYN_RECEIVED, *RECEIVING), Check.URG, otherwise, do.note_urgent, do.signal_urgent, then=NEXT,
        why="Urgent data: the user is told, once for each stretch."),
    _at(AFTER_FIN, Check.URG, always, then=NEXT,
        why="After the peer's FIN there is no urgent data: URG is ignored."),
    # Seventh, the text. In SYN-RECEIVED it came beside a SYN; it is delivered in ESTABLISHED (§3.5).
    _at(RECEIVING, Check.TEXT, when.begins_ahead, do.hold, do.owe_ack,
        why="Something before it is missing: held for later, and an ACK repeats what we expect (SHLD-31, MAY-13)."),
    _at((FIN_WAIT_1, FIN_WAIT_2), Check.TEXT, when.brings_text_in_vain, do.send_rst, RESET, do.delete_tcb,
        to=CLOSED, see="3.6.1",
        why="Text comes after a half-duplex CLOSE: a RST says that it is lost (SHLD-3)."),
    _at(SYN_RECEIVED, Check.TEXT, when.brings_text, do.take_text, do.owe_ack, then=NEXT,
        why="Text beside the SYN is taken, and delivered once the connection is open."),
    _at(RECEIVING, Check.TEXT, when.brings_text, do.take_text, do.deliver, do.owe_ack,
        then=NEXT, why="Text in its turn: taken, acknowledged, delivered."),
    _at((SYN_RECEIVED, *RECEIVING), Check.TEXT, otherwise, then=NEXT, why="No new text: go on."),
    _at(AFTER_FIN, Check.TEXT, always, then=NEXT, why="After the peer's FIN there is no more text: ignored."),
    # Eighth, FIN. "If our FIN has been ACKed" in FIN-WAIT-1: then step five has moved us to FIN-WAIT-2.
    _at((SYN_RECEIVED, ESTABLISHED), Check.FIN, when.fin_in_turn, do.advance_over_fin,
        Signal("connection closing"), do.finish_receives, do.owe_ack, to=CLOSE_WAIT,
        why="The peer has no more to send; we may go on."),
    _at(FIN_WAIT_1, Check.FIN, when.fin_in_turn, do.advance_over_fin, Signal("connection closing"),
        do.finish_receives, do.owe_ack, to=CLOSING,
        why="Both closed at once: the peer's FIN is here, the acknowledgment of ours is not."),
    _at(FIN_WAIT_2, Check.FIN, when.fin_in_turn, do.advance_over_fin, Signal("connection closing"),
        do.finish_receives, do.owe_ack, do.STOP_RETRANSMISSION, do.START_2MSL, to=TIME_WAIT,
        why="Both directions are closed: wait 2 MSL."),
    _at((CLOSE_WAIT, LAST_ACK), Check.FIN, when.fin_in_turn, do.advance_over_fin,
        Signal("connection closing"), do.owe_ack, why="A FIN after the FIN: acknowledged, no change."),
    _at(TIME_WAIT, Check.FIN, when.fin_in_turn, do.advance_over_fin, Signal("connection closing"),
        do.owe_ack, do.START_2MSL, why="A FIN after the FIN: acknowledged, and 2 MSL begin anew."),
    _at((SYN_RECEIVED, *RECEIVING, *AFTER_FIN), Check.FIN, otherwise, why="No FIN in its turn: done."),
)

_ABORTED = Signal("error: connection aborted due to user timeout")

_TIMEOUTS_AND_ICMP = (
    _on(CLOSED, Event.USER_TIMEOUT, always, see="3.10.8", why="There is no connection that could time out."),
    _on(EXISTING, Event.USER_TIMEOUT, always, _ABORTED, ReturnCalls(_ABORTED.text), do.delete_tcb,
        to=CLOSED, see="3.10.8", why="The user's patience is at an end: everything is dropped."),
    _on((CLOSED, LISTEN, FIN_WAIT_2, TIME_WAIT), Event.RETRANSMISSION_TIMEOUT, always, see="3.10.8",
        why="Nothing of ours is unacknowledged here."),
    _on((ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING), Event.RETRANSMISSION_TIMEOUT,
        when.window_shut_on_text, do.probe_window, see="3.8.6.1",
        why="The peer's window is shut: one byte asks whether it has opened."),
    _on((ESTABLISHED, CLOSE_WAIT), Event.RETRANSMISSION_TIMEOUT, when.nothing_in_flight, see="3.10.8",
        why="Everything has been acknowledged."),
    _on((SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING, LAST_ACK),
        Event.RETRANSMISSION_TIMEOUT, when.r2_reached,
        Signal("error: connection aborted, the peer does not answer"), RESET, do.delete_tcb, to=CLOSED,
        see="3.8.3", why="R2 retransmissions and no answer: we give up."),
    _on((SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING, LAST_ACK),
        Event.RETRANSMISSION_TIMEOUT, when.r1_reached, do.retransmit, Signal("excessive retransmissions"),
        see="3.8.3", why="R1 retransmissions: the user is told, and we try on."),
    _on((SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING, LAST_ACK),
        Event.RETRANSMISSION_TIMEOUT, otherwise, do.retransmit, see="3.10.8",
        why="No acknowledgment came: the oldest segment goes out again."),
    _on(TIME_WAIT, Event.TIME_WAIT_TIMEOUT, always, do.delete_tcb, to=CLOSED, see="3.10.8",
        why="2 MSL are over: no old segment is left in the network."),
    _on(tuple(state for state in State if state is not TIME_WAIT), Event.TIME_WAIT_TIMEOUT, always,
        see="3.10.8", why="Only TIME-WAIT runs this timer."),
    _on((CLOSED, LISTEN), Event.ICMP_SOFT, always, see="3.9.2.2",
        why="There is no connection it could be about."),
    _on((SYN_SENT, *OPENED), Event.ICMP_SOFT, always, Signal("ICMP: soft error"), see="3.9.2.2",
        why="It may pass: the user may know, the connection goes on (MUST-56, SHLD-25)."),
    _on((CLOSED, LISTEN), Event.ICMP_HARD, always, see="3.9.2.2",
        why="There is no connection it could be about."),
    _on((SYN_SENT, *OPENED), Event.ICMP_HARD, always, Signal("error: ICMP hard error"), RESET,
        do.delete_tcb, to=CLOSED, see="3.9.2.2",
        why="The network says it will not work: the connection is aborted (SHLD-26)."),
    _on(tuple(State), Event.ICMP_SOURCE_QUENCH, always, see="3.9.2.2", why="Discarded in silence (MUST-55)."),
)

RULES: tuple[Rule, ...] = tuple(
    chain(*_CALLS, *_BEFORE_SYNCHRONIZATION, *_FIRST_FOUR_CHECKS, *_ACK_CHECK, *_LAST_THREE_CHECKS, *_TIMEOUTS_AND_ICMP)
)
"""Every rule, one state each, in the order in which they are tried."""
