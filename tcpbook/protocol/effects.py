"""The effects that rules name. Each changes the turn's own copy of the TCB or adds to its outputs.

Some only note that something is due (an ACK, text that the window allows, a wider window): it is sent once, when
the event's rules are done; see `tcpbook.protocol.sending`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tcpbook.protocol.events import Open, Receive, Send
from tcpbook.protocol.options import MSS
from tcpbook.protocol.sending import START_RETRANSMISSION, send_octets
from tcpbook.protocol.seqnum import add, distance, ge, gt, in_window, le, lt
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB, Held, InFlight
from tcpbook.protocol.turn import (
    ACK,
    FIN,
    PSH,
    RST,
    SYN,
    URG,
    Acknowledged,
    Delivered,
    Reply,
    Signal,
    Timer,
    Turn,
)

DEFAULT_SEND_MSS = 536  # MUST-15, over IPv4

STOP_RETRANSMISSION = Timer("retransmission", False)
START_2MSL = Timer("2 MSL", True)

# --- opening and deleting -------------------------------------------------------------------------


def open_passively(turn: Turn) -> None:
    """Create a TCB that waits for a SYN, from the named remote port or from any (§3.10.1)."""
    assert isinstance(turn.call, Open)
    tcb = turn.tcb
    tcb.passive = True
    tcb.listen_port = tcb.remote_port = turn.call.remote_port
    tcb.rcv_wnd = tcb.rcv_buff


def open_actively(turn: Turn) -> None:
    """Create a TCB for the named remote port, or turn a listener into one that calls (§3.10.1)."""
    assert isinstance(turn.call, Open)
    tcb = turn.tcb
    tcb.passive = False
    tcb.remote_port = turn.call.remote_port
    tcb.rcv_wnd = tcb.rcv_buff


def become_active(turn: Turn) -> None:
    """A SEND turns a listener whose peer is known into one that calls (§3.10.2)."""
    turn.tcb.passive = False


def select_iss(turn: Turn) -> None:
    """Take the ISS that the host has prepared (§3.4.1); an urgent SEND that waits is numbered anew."""
    tcb = turn.tcb
    if tcb.snd_up is not None:
        tcb.snd_up = add(tcb.snd_up, tcb.next_iss - tcb.iss)
    tcb.iss = tcb.next_iss


def send_syn(turn: Turn) -> None:
    """Send <SEQ=ISS><CTL=SYN>."""
    _send_first(turn, SYN)


def send_syn_ack(turn: Turn) -> None:
    """Send <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>."""
    _send_first(turn, SYN | ACK)


def _send_first(turn: Turn, flags: int) -> None:
    tcb = turn.tcb
    tcb.snd_una = tcb.iss
    tcb.snd_nxt = add(tcb.iss, 1)
    tcb.in_flight = (InFlight(tcb.iss, syn=True),)
    turn.send(flags, tcb.iss, options=(MSS(tcb.rcv_mss),))
    turn.outputs.append(START_RETRANSMISSION)


def note_syn(turn: Turn) -> None:
    """Learn IRS, RCV.NXT, the peer's port and its MSS from its SYN."""
    tcb = turn.tcb
    tcb.irs = turn.seq
    tcb.rcv_nxt = add(turn.seq, 1)
    tcb.remote_port = turn.segment.source_port
    announced = [option.value for option in turn.segment.options if option.kind == MSS.kind]
    tcb.snd_mss = int(announced[0]) if announced else DEFAULT_SEND_MSS


def return_to_listen(turn: Turn) -> None:
    """Forget the caller and what it sent; our own user's calls wait for the next one (§3.10.7.4)."""
    tcb = turn.tcb
    tcb.remote_port = tcb.listen_port
    tcb.in_flight = ()
    tcb.retransmissions = 0
    tcb.rcv_wnd = tcb.rcv_buff
    tcb.unread, tcb.held, tcb.push_seen = b"", (), False
    tcb.rcv_fin = tcb.rcv_up = None
    tcb.urgent_mode = turn.owes_ack = False
    turn.outputs.append(STOP_RETRANSMISSION)


def delete_tcb(turn: Turn) -> None:
    """Delete the TCB: only what its owner chose survives, for the next connection."""
    turn.tcb = turn.tcb.deleted()
    turn.owes_ack = False


# --- resets ---------------------------------------------------------------------------------------


def send_rst(turn: Turn) -> None:
    """Send <SEQ=SND.NXT><CTL=RST>."""
    turn.send(RST, turn.tcb.snd_nxt)


def refuse(turn: Turn) -> None:
    """Answer the segment with the reset that its sender will believe (§3.5.2)."""
    if turn.flags & ACK:
        turn.answer(RST, seq=turn.ack)
    else:
        turn.answer(RST | ACK, seq=0, ack=add(turn.seq, turn.length))


# --- acknowledging --------------------------------------------------------------------------------


def owe_ack(turn: Turn) -> None:
    """An acknowledgment <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> is due."""
    turn.owes_ack = True


def take_ack(turn: Turn) -> None:
    """SND.UNA <- SEG.ACK; drop what is entirely acknowledged from the retransmission queue."""
    tcb = turn.tcb
    octets = distance(tcb.snd_una, turn.ack)
    tcb.snd_una = turn.ack
    done = 0
    for sent in tcb.in_flight:
        if not le(sent.end, turn.ack):
            break
        octets -= sent.syn + sent.fin
        done += 1
    rest = tcb.in_flight = tcb.in_flight[done:]
    tcb.retransmissions = 0
    if tcb.snd_up is not None and ge(turn.ack, tcb.snd_up):
        tcb.snd_up = None
    if octets:
        turn.outputs.append(Acknowledged(octets))
    turn.outputs.append(START_RETRANSMISSION if rest else STOP_RETRANSMISSION)


def note_window(turn: Turn) -> None:
    """SND.WND <- SEG.WND, SND.WL1 <- SEG.SEQ, SND.WL2 <- SEG.ACK."""
    _set_window(turn, turn.seq)


def update_window(turn: Turn) -> None:
    """Take the window from this segment unless a newer one has already set it (SND.WL1, SND.WL2)."""
    tcb = turn.tcb
    seq = tcb.rcv_nxt if lt(turn.seq, tcb.rcv_nxt) else turn.seq  # trimmed to the window
    if (tcb.snd_wl1 == seq and le(tcb.snd_wl2, turn.ack)) or lt(tcb.snd_wl1, seq):
        _set_window(turn, seq)
    if tcb.snd_wnd == 0:
        tcb.retransmissions = 0  # a peer that answers our probes keeps the connection (MUST-37)


def _set_window(turn: Turn, seq: int) -> None:
    tcb = turn.tcb
    tcb.snd_wnd = turn.segment.wnd
    if tcb.snd_wnd > tcb.max_snd_wnd:
        tcb.max_snd_wnd = tcb.snd_wnd
    tcb.snd_wl1 = seq
    tcb.snd_wl2 = turn.ack


# --- text, urgent data and FIN that arrive --------------------------------------------------------


def note_urgent(turn: Turn) -> None:
    """RCV.UP <- max(RCV.UP, SEG.UP)."""
    tcb = turn.tcb
    up = add(turn.seq, turn.segment.up)
    if tcb.rcv_up is None or gt(up, tcb.rcv_up):
        tcb.rcv_up = up


def signal_urgent(turn: Turn) -> None:
    """Tell the user that urgent data is on the way, once for a continuous stretch of it."""
    tcb = turn.tcb
    if tcb.rcv_up is not None and gt(tcb.rcv_up, tcb.consumed) and not tcb.urgent_mode:
        tcb.urgent_mode = True
        turn.outputs.append(Signal("urgent data"))


def hold(turn: Turn) -> None:
    """Keep text or a FIN that came before its turn (SHLD-31), trimmed to the window, and an urgent pointer."""
    tcb = turn.tcb
    if turn.flags & URG:
        note_urgent(turn)
    start = turn.text_number
    text = turn.text[: distance(start, add(tcb.rcv_nxt, tcb.rcv_wnd))]
    if text:
        tcb.held = tuple(sorted((*tcb.held, Held(start, text)), key=lambda item: distance(tcb.rcv_nxt, item.seq)))
    fin = turn.flags & FIN and in_window(turn.fin_number, tcb.rcv_nxt, tcb.rcv_wnd)
    if fin and (tcb.rcv_fin is None or lt(turn.fin_number, tcb.rcv_fin)):
        tcb.rcv_fin = turn.fin_number


def take_text(turn: Turn) -> None:
    """Take the text that continues at RCV.NXT, from this segment and from what we held; advance RCV.NXT."""
    tcb = turn.tcb
    _take(tcb, turn.text_number, turn.text)
    if turn.flags & FIN:
        tcb.held = ()  # the text ends with this segment: what was held is in it too, or false
    while tcb.held and le(tcb.held[0].seq, tcb.rcv_nxt):
        _take(tcb, *tcb.held[0])
        tcb.held = tcb.held[1:]
    if turn.flags & PSH:
        tcb.push_seen = True


def _take(tcb: TCB, seq: int, text: bytes) -> None:
    known = distance(seq, tcb.rcv_nxt)
    new = text[known : known + tcb.rcv_wnd]
    tcb.unread += new
    tcb.rcv_nxt = add(tcb.rcv_nxt, len(new))
    tcb.rcv_wnd -= len(new)


def advance_over_fin(turn: Turn) -> None:
    """Count the peer's FIN as received; it implies PUSH for text not yet delivered."""
    tcb = turn.tcb
    tcb.rcv_nxt = add(tcb.rcv_nxt, 1)
    tcb.rcv_fin, tcb.held = None, ()
    tcb.push_seen = bool(tcb.unread)


def deliver(turn: Turn) -> None:
    """Satisfy the RECEIVEs that can be (§3.9.1.3); that may open the window."""
    if _satisfy_receives(turn):
        turn.reopens = True


def _satisfy_receives(turn: Turn) -> bool:
    """Satisfy the RECEIVEs that can be; tell whether there were any.

    Not before the peer has acknowledged our SYN: until then the text could be an old duplicate's (§3.5).
    """
    tcb = turn.tcb
    if not tcb.receives or not tcb.syn_acknowledged:
        return False
    waiting = tcb.receives
    while tcb.receives and tcb.satisfies(tcb.receives[0]):
        _hand_over(turn, tcb.receives[0])
        tcb.receives = tcb.receives[1:]
    return tcb.receives is not waiting


def finish_receives(turn: Turn) -> None:
    """No more text will come: deliver what there is, return the RECEIVEs that stay without."""
    _satisfy_receives(turn)
    tcb = turn.tcb
    if not tcb.unread:
        turn.outputs += [Reply("connection closing")] * len(tcb.receives)
        tcb.receives = ()


def _hand_over(turn: Turn, octets: int) -> None:
    tcb = turn.tcb
    text, tcb.unread = tcb.unread[:octets], tcb.unread[octets:]
    turn.outputs.append(Delivered(text, push=tcb.push_seen and not tcb.unread))
    if not tcb.unread:
        tcb.push_seen = False
    if tcb.rcv_up is not None and le(tcb.rcv_up, tcb.consumed):
        tcb.urgent_mode = False


def reopen_window(turn: Turn) -> None:
    """Move the right window edge at the end of the event, if that is worth telling."""
    turn.reopens = True


# --- user calls -----------------------------------------------------------------------------------


def queue_text(turn: Turn) -> None:
    """Queue the SEND's text; if it is urgent, SND.UP points behind its last byte (MUST-62)."""
    assert isinstance(turn.call, Send)
    tcb = turn.tcb
    tcb.unsent += turn.call.text
    if turn.call.urgent:
        tcb.snd_up = add(tcb.snd_nxt, len(tcb.unsent))


def give_text(turn: Turn) -> None:
    """Satisfy this RECEIVE from the text on hand."""
    assert isinstance(turn.call, Receive)
    _hand_over(turn, turn.call.octets)


def queue_receive(turn: Turn) -> None:
    """Let this RECEIVE wait for text."""
    assert isinstance(turn.call, Receive)
    turn.tcb.receives += (turn.call.octets,)


def queue_close(turn: Turn) -> None:
    """Let this CLOSE wait until it can be processed."""
    turn.tcb.close_queued = True


def reply_state(turn: Turn) -> None:
    """Return "state = ..." (§3.10.6)."""
    turn.outputs.append(Reply(f"state = {turn.tcb.state}"))


@dataclass(frozen=True, slots=True)
class ReturnCalls:
    """Give every waiting RECEIVE, and SENDs not yet acknowledged, this response."""

    text: str

    def __call__(self, turn: Turn) -> None:
        """Add one reply for each."""
        tcb = turn.tcb
        sends = bool(tcb.unsent) or any(sent.text for sent in tcb.in_flight)
        turn.outputs += [Reply(self.text)] * (len(tcb.receives) + sends)
        tcb.receives = ()


# --- sending --------------------------------------------------------------------------------------


def transmit(turn: Turn) -> None:
    """Send what the window now allows of the text that waits."""
    turn.transmits = True


def queue_fin(turn: Turn) -> None:
    """Send our FIN once all text before it has been segmentized."""
    turn.tcb.fin_pending = turn.transmits = True


def probe_window(turn: Turn) -> None:
    """Send one byte beyond the shut window, so that its reopening is heard of (§3.8.6.1)."""
    send_octets(turn, 1)


def retransmit(turn: Turn) -> None:
    """Send the segment at the front of the retransmission queue again (§3.10.8)."""
    tcb = turn.tcb
    front = tcb.in_flight[0]
    tcb.retransmissions += 1
    if front.syn:
        flags = SYN if tcb.state is State.SYN_SENT else SYN | ACK
        turn.send(flags, front.seq, options=(MSS(tcb.rcv_mss),))
    elif front.fin:
        turn.send(FIN | ACK, front.seq)
    else:
        turn.send(PSH | ACK if len(tcb.in_flight) == 1 and not tcb.unsent else ACK, front.seq, text=front.text)
    turn.outputs.append(START_RETRANSMISSION)
