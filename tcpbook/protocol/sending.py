"""What is sent at the end of an event, when its rules are done: text, our FIN, and at most one bare ACK (MUST-58)."""

from __future__ import annotations

from tcpbook.protocol.tcb import InFlight
from tcpbook.protocol.turn import ACK, FIN, PSH, Timer, Turn

START_RETRANSMISSION = Timer("retransmission", True)


def move_window(turn: Turn) -> None:
    """Offer all the space there is once that is worth telling, and owe the ACK that tells it."""
    tcb = turn.tcb
    if tcb.window_can_move:
        tcb.rcv_wnd = tcb.rcv_buff - len(tcb.unread)
        turn.owes_ack = True


def send_text(turn: Turn) -> None:
    """Segmentize what the window allows; the segment that empties the queue carries PSH (MUST-61)."""
    tcb = turn.tcb
    while tcb.unsent and (room := min(tcb.usable_window, tcb.snd_mss)) > 0:
        send_octets(turn, room)
    if tcb.unsent and not tcb.in_flight:
        turn.outputs.append(START_RETRANSMISSION)  # the window is shut: the same timer probes it (§3.8.6.1)


def send_octets(turn: Turn, octets: int) -> None:
    """Send the first `octets` of the text that waits, as one segment."""
    tcb = turn.tcb
    text, tcb.unsent = tcb.unsent[:octets], tcb.unsent[octets:]
    turn.send(ACK if tcb.unsent else PSH | ACK, tcb.snd_nxt, text=text)
    _remember(turn, InFlight(tcb.snd_nxt, text))


def send_fin(turn: Turn) -> None:
    """Send <SEQ=SND.NXT><ACK=RCV.NXT><CTL=FIN,ACK> once no text is left before it."""
    tcb = turn.tcb
    if not tcb.unsent:
        tcb.fin_pending = False
        tcb.fin_seq = tcb.snd_nxt
        turn.send(FIN | ACK, tcb.snd_nxt)
        _remember(turn, InFlight(tcb.snd_nxt, fin=True))


def send_ack(turn: Turn) -> None:
    """Send <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>."""
    turn.send(ACK, turn.tcb.snd_nxt)


def _remember(turn: Turn, sent: InFlight) -> None:
    tcb = turn.tcb
    if not tcb.in_flight:
        turn.outputs.append(START_RETRANSMISSION)
    tcb.in_flight += (sent,)
    tcb.snd_nxt = sent.end
