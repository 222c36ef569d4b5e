"""The conditions that rules name. A guard looks at the turn and changes nothing.

Of the rules that answer one check in one state, the first whose guard holds is taken; `otherwise` comes last.
"""

from __future__ import annotations

from tcpbook.protocol.events import Open, Receive, Send
from tcpbook.protocol.seqnum import add, distance, gt, in_window, le, lt
from tcpbook.protocol.turn import ACK, FIN, RST, SYN, URG, Turn

MAX_RECEIVES = 16  # RECEIVEs that may wait at a time; the RFC leaves the number to us


def always(turn: Turn) -> bool:
    """Whatever the circumstances."""
    return True


def otherwise(turn: Turn) -> bool:
    """None of the conditions above."""
    return True


# --- user calls -----------------------------------------------------------------------------------


def remote_named(turn: Turn) -> bool:
    """The OPEN names the remote socket."""
    return isinstance(turn.call, Open) and turn.call.remote_port is not None


def remote_unknown(turn: Turn) -> bool:
    """The remote socket is unspecified."""
    return turn.tcb.remote_port is None


def no_room_to_send(turn: Turn) -> bool:
    """The text of this SEND does not fit into the send buffer."""
    tcb = turn.tcb
    return isinstance(turn.call, Send) and len(tcb.unsent) + len(turn.call.text) > tcb.snd_buff


def no_room_to_receive(turn: Turn) -> bool:
    """Too many RECEIVEs are waiting already."""
    return len(turn.tcb.receives) >= MAX_RECEIVES


def text_satisfies_receive(turn: Turn) -> bool:
    """Enough bytes are on hand, or some and no more will come; and no earlier RECEIVE waits."""
    tcb = turn.tcb
    if tcb.receives or not tcb.syn_acknowledged or not isinstance(turn.call, Receive):
        return False
    return tcb.satisfies(turn.call.octets)


def text_on_hand(turn: Turn) -> bool:
    """Received text awaits delivery, and our SYN is acknowledged."""
    return bool(turn.tcb.unread) and turn.tcb.syn_acknowledged


def text_waits_for_handshake(turn: Turn) -> bool:
    """Text that came beside the peer's SYN waits until ours is acknowledged (§3.5)."""
    return bool(turn.tcb.unread) and not turn.tcb.syn_acknowledged


def half_duplex(turn: Turn) -> bool:
    """CLOSE has also ended reading (MAY-1)."""
    return turn.tcb.half_duplex_close


def close_waits(turn: Turn) -> bool:
    """A CLOSE is queued already."""
    return turn.tcb.close_queued


def text_unsent(turn: Turn) -> bool:
    """Text of an earlier SEND has not been segmentized."""
    return bool(turn.tcb.unsent)


def half_duplex_with_unread_text(turn: Turn) -> bool:
    """CLOSE also ends reading here (MAY-1), and received text is still pending."""
    return turn.tcb.half_duplex_close and bool(turn.tcb.unread)


# --- control bits ---------------------------------------------------------------------------------


def has_rst(turn: Turn) -> bool:
    """RST is set."""
    return bool(turn.flags & RST)


def no_rst(turn: Turn) -> bool:
    """RST is off."""
    return not turn.flags & RST


def has_syn(turn: Turn) -> bool:
    """SYN is set."""
    return bool(turn.flags & SYN)


def no_syn(turn: Turn) -> bool:
    """SYN is off."""
    return not turn.flags & SYN


def has_ack(turn: Turn) -> bool:
    """ACK is set."""
    return bool(turn.flags & ACK)


def no_ack(turn: Turn) -> bool:
    """ACK is off."""
    return not turn.flags & ACK


def no_urg(turn: Turn) -> bool:
    """URG is off."""
    return not turn.flags & URG


def rst_and_ack(turn: Turn) -> bool:
    """RST and ACK are set; an unacceptable ACK has been turned away before."""
    return turn.flags & (RST | ACK) == RST | ACK


def syn_and_ack(turn: Turn) -> bool:
    """SYN and ACK are set; an unacceptable ACK has been turned away before."""
    return turn.flags & (SYN | ACK) == SYN | ACK


# --- sequence number ------------------------------------------------------------------------------


def acceptable(turn: Turn) -> bool:
    """The segment is acceptable (Table 6)."""
    return turn.tcb.accepts(turn.seq, turn.length)


def window_shut_at_rcv_nxt(turn: Turn) -> bool:
    """RCV.WND is zero and the segment, not empty, begins at RCV.NXT."""
    return turn.tcb.rcv_wnd == 0 and turn.seq == turn.tcb.rcv_nxt and turn.length > 0


def empty_at_the_right_edge(turn: Turn) -> bool:
    """The segment is empty, without RST, and its number is the first one right of the window."""
    tcb = turn.tcb
    return turn.length == 0 and not turn.flags & RST and turn.seq == add(tcb.rcv_nxt, tcb.rcv_wnd)


def repeats_fin(turn: Turn) -> bool:
    """The peer's FIN again: it ends at RCV.NXT."""
    return bool(turn.flags & FIN) and add(turn.fin_number, 1) == turn.tcb.rcv_nxt


# --- RST and SYN ----------------------------------------------------------------------------------


def _seq_in_window(turn: Turn) -> bool:
    tcb = turn.tcb
    return turn.seq == tcb.rcv_nxt or in_window(turn.seq, tcb.rcv_nxt, tcb.rcv_wnd)


def seq_left_of_window(turn: Turn) -> bool:
    """SEG.SEQ itself is left of the window; only the segment's end reaches in."""
    return not _seq_in_window(turn)


def not_exactly_rcv_nxt(turn: Turn) -> bool:
    """RFC 5961 is on, and SEG.SEQ is in the window but is not RCV.NXT."""
    return turn.tcb.challenge_acks and turn.seq != turn.tcb.rcv_nxt


def opened_passively(turn: Turn) -> bool:
    """The connection began with a passive OPEN (MUST-11)."""
    return turn.tcb.passive


def syn_in_window(turn: Turn) -> bool:
    """The SYN's own number is in the receive window."""
    return in_window(turn.seq, turn.tcb.rcv_nxt, turn.tcb.rcv_wnd)


def passive_and_syn_in_window(turn: Turn) -> bool:
    """The connection began with a passive OPEN, and the SYN's number is in the receive window."""
    return turn.tcb.passive and syn_in_window(turn)


def challenge_acks_on(turn: Turn) -> bool:
    """RFC 5961 is on."""
    return turn.tcb.challenge_acks


# --- acknowledgment -------------------------------------------------------------------------------


def acks_something_new(turn: Turn) -> bool:
    """SND.UNA < SEG.ACK =< SND.NXT."""
    tcb = turn.tcb
    return 0 < distance(tcb.snd_una, turn.ack) <= distance(tcb.snd_una, tcb.snd_nxt)


def acks_nothing_of_ours(turn: Turn) -> bool:
    """ACK is set, and SEG.ACK =< ISS or SEG.ACK > SND.NXT."""
    return bool(turn.flags & ACK) and not acks_something_new(turn)


def rst_acks_nothing_of_ours(turn: Turn) -> bool:
    """RST and ACK are set, and SEG.ACK =< ISS or SEG.ACK > SND.NXT."""
    return bool(turn.flags & RST) and acks_nothing_of_ours(turn)


def acks_again(turn: Turn) -> bool:
    """SEG.ACK = SND.UNA: nothing new, but the window may be."""
    return turn.ack == turn.tcb.snd_una


def acks_our_fin(turn: Turn) -> bool:
    """Our FIN is acknowledged by this segment."""
    fin_seq = turn.tcb.fin_seq
    return fin_seq is not None and acks_something_new(turn) and gt(turn.ack, fin_seq)


def acks_the_unsent(turn: Turn) -> bool:
    """SEG.ACK > SND.NXT."""
    return gt(turn.ack, turn.tcb.snd_nxt)


def acks_the_distant_past(turn: Turn) -> bool:
    """RFC 5961 is on, and SEG.ACK < SND.UNA - MAX.SND.WND (MAY-12)."""
    tcb = turn.tcb
    return tcb.challenge_acks and lt(turn.ack, add(tcb.snd_una, -tcb.max_snd_wnd))


# --- text and FIN ---------------------------------------------------------------------------------


def begins_ahead(turn: Turn) -> bool:
    """Its text or FIN begins in the window, but right of RCV.NXT: something before it is missing."""
    if not turn.text and not turn.flags & FIN:
        return False
    return 0 < distance(turn.tcb.rcv_nxt, turn.text_number) < turn.tcb.rcv_wnd


def brings_text(turn: Turn) -> bool:
    """Text continues at RCV.NXT, from this segment or held since before."""
    tcb = turn.tcb
    if tcb.rcv_wnd > 0 and distance(turn.text_number, tcb.rcv_nxt) < len(turn.text):
        return True
    return bool(tcb.held) and le(tcb.held[0].seq, tcb.rcv_nxt)


def brings_text_in_vain(turn: Turn) -> bool:
    """Text continues at RCV.NXT, but our CLOSE has also ended reading (MAY-1)."""
    return turn.tcb.half_duplex_close and brings_text(turn)


def fin_in_turn(turn: Turn) -> bool:
    """The peer's FIN, in this segment or held since before, is at RCV.NXT."""
    tcb = turn.tcb
    if tcb.rcv_fin == tcb.rcv_nxt:
        return True
    return bool(turn.flags & FIN) and turn.fin_number == tcb.rcv_nxt and tcb.rcv_wnd > 0


# --- timeouts -------------------------------------------------------------------------------------


def window_shut_on_text(turn: Turn) -> bool:
    """Nothing is in flight, but text waits for the peer's window to open."""
    return not turn.tcb.in_flight and bool(turn.tcb.unsent)


def nothing_in_flight(turn: Turn) -> bool:
    """The retransmission queue is empty."""
    return not turn.tcb.in_flight


def r2_reached(turn: Turn) -> bool:
    """The segment has been retransmitted R2 times."""
    return turn.tcb.retransmissions >= turn.tcb.r2


def r1_reached(turn: Turn) -> bool:
    """This will be the R1st retransmission of the segment."""
    return turn.tcb.retransmissions + 1 == turn.tcb.r1
