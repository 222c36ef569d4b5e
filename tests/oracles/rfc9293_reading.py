"""RFC 9293 section 3.10 as plain imperative code in the RFC's own order, to compare the rule table with.

Every branch names the section it was read from. Nothing here imports the package. Left out: security and
compartment, Diffserv, authority, options, congestion control, Nagle and sender-side silly window avoidance.
"GAP" marks a place where the RFC is silent, "CONFLICT" one where it contradicts itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from types import SimpleNamespace
from typing import Any, NamedTuple

MODULUS = 2**32
Sent = tuple[int, "int | None", frozenset[str], bytes]


class Held(NamedTuple):
    """Text or FIN waiting for its turn; `up` is the absolute urgent pointer."""

    seq: int
    text: bytes
    fin: bool
    push: bool = False
    up: int | None = None


@dataclass(frozen=True)
class View:
    """What the reading needs to know of one connection."""

    state: str = "CLOSED"
    passive: bool = False  # came from LISTEN (MUST-11)
    remote_known: bool = True  # the OPEN named the remote socket; read in LISTEN only
    challenge_acks: bool = True  # RFC 5961
    half_duplex_close: bool = False  # section 3.6.1, MAY-1
    iss: int = 0
    snd_una: int = 0
    snd_nxt: int = 0
    snd_wnd: int = 0
    snd_wl1: int = 0
    snd_wl2: int = 0
    max_snd_wnd: int = 0
    snd_up: int | None = None  # number of the byte after the urgent data (MUST-62); None: none outstanding
    irs: int = 0
    rcv_nxt: int = 0
    rcv_wnd: int = 4096
    rcv_up: int | None = None
    fin_seq: int | None = None  # number of our FIN, once sent
    unsent: bytes = b""
    pushes: tuple[int, ...] = ()  # numbers just past each pushed byte not yet acknowledged
    sends: tuple[int, ...] = ()  # number just past each SEND not yet acknowledged, oldest first
    close_queued: bool = False  # a CLOSE that waits in SYN-RECEIVED or CLOSE-WAIT
    fin_pending: bool = False  # FIN-WAIT-1 or CLOSING, FIN waits for unsent text
    unread: bytes = b""
    push_seen: bool = False
    receives: tuple[int, ...] = ()
    in_flight: tuple[tuple[int, bytes, bool, bool], ...] = ()  # (seq, text, syn, fin), oldest first
    held: tuple[Any, ...] = ()  # Held, or (seq, text, fin)
    urgent_mode: bool = False
    retransmissions: int = 0  # of the segment at the front of the retransmission queue
    r1: int = 3
    r2: int = 10
    next_iss: int = 100
    mss: int = 536
    rcv_buff: int = 4096


@dataclass(frozen=True)
class Seen:
    """A segment that arrives; `up` is the urgent field as sent, an offset from `seq`."""

    seq: int
    ack: int = 0
    flags: frozenset[str] = frozenset()
    wnd: int = 4096
    up: int = 0
    data: bytes = b""


@dataclass
class Answer:
    """What one event did. A reply reads "CALL: words"; `restarts_2msl` is also true on entering TIME-WAIT."""

    view: View
    sent: list[Sent] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    delivered: bytes = b""
    restarts_2msl: bool = False


def add(number: int, n: int) -> int:
    """Modulo 2^32, as all arithmetic on sequence numbers (3.4)."""
    return (number + n) % MODULUS


def off(start: int, number: int) -> int:
    """How far `number` lies past `start`."""
    return (number - start) % MODULUS


def gt(a: int, b: int) -> bool:
    """Whether `a` lies in the half of the space that follows `b`."""
    return 0 < (a - b) % MODULUS < MODULUS // 2


# --- The events ---


def arrives(view: View, segment: Seen) -> Answer:
    """3.10.7 SEGMENT ARRIVES."""
    t = _begin(view)
    if t.state == "CLOSED":
        _arrives_closed(t, segment)
    elif t.state == "LISTEN":
        _arrives_listen(t, segment)
    elif t.state == "SYN-SENT":
        _arrives_syn_sent(t, segment)
    else:
        _arrives_otherwise(t, segment)
    return _finish(t)


def _arrives_closed(t: Any, s: Seen) -> None:  # 3.10.7.1
    if "RST" in s.flags:
        return
    if "ACK" not in s.flags:
        _emit(t, 0, add(s.seq, _len(s)), "RST ACK")
    else:
        _emit(t, s.ack, None, "RST")


def _arrives_listen(t: Any, s: Seen) -> None:  # 3.10.7.2
    # First, check for a RST
    if "RST" in s.flags:
        return
    # Second, check for an ACK
    if "ACK" in s.flags:
        _emit(t, s.ack, None, "RST")
        return
    # Third, check for a SYN
    if "SYN" in s.flags:
        t.irs, t.rcv_nxt = s.seq, add(s.seq, 1)
        t.state, t.passive = "SYN-RECEIVED", True
        _select_iss(t)
        _transmit(t, t.in_flight[0])
        # GAP: no send window is set here, and FIN-WAIT-1 or CLOSE-WAIT may be reached without ESTABLISHED, so
        # that SND.WL1 < SEG.SEQ has nothing to compare with. Set as 3.10.7.3 does.
        _set_window(t, s.wnd, s.seq, s.ack)
        # "any other incoming control or data will be processed in SYN-RECEIVED, but processing of SYN and ACK
        # should not be repeated"
        _sixth_to_eighth(t, _trim(t, s)[1])
        return
    # Fourth, other data or control: drop


def _arrives_syn_sent(t: Any, s: Seen) -> None:  # 3.10.7.3
    # First, check the ACK bit
    if "ACK" in s.flags and not 0 < off(t.snd_una, s.ack) <= off(t.snd_una, t.snd_nxt):
        if "RST" not in s.flags:
            _emit(t, s.ack, None, "RST")
        return
    # Second, check the RST bit. CONFLICT: 3.5 says LISTEN, here CLOSED. RFC 5961's look at RCV.NXT: none yet
    if "RST" in s.flags:
        if "ACK" in s.flags:
            t.signals.append("error: connection reset")
            _answer_calls(t, "reset")  # GAP: calls that wait can't outlive the TCB
            _delete(t)
        return
    # Fourth, check the SYN bit
    if "SYN" in s.flags:
        t.irs, t.rcv_nxt = s.seq, add(s.seq, 1)
        if "ACK" in s.flags:  # acceptable, so our SYN is acknowledged: SND.UNA > ISS
            _acknowledged(t, s.ack)
            t.state = "ESTABLISHED"
            t.ack_owed = True
            # GAP: "Set the variables" stands in the other branch only; without it nothing could ever be sent
            _set_window(t, s.wnd, s.seq, s.ack)
            _sixth_to_eighth(t, _trim(t, s)[1])
        else:
            t.state = "SYN-RECEIVED"
            _transmit(t, t.in_flight[0])
            _set_window(t, s.wnd, s.seq, s.ack)
            piece = _trim(t, s)[1]
            if piece.text or piece.fin or piece.up is not None:
                t.held = (piece,)
        return
    # Fifth, neither SYN nor RST: drop


def _arrives_otherwise(t: Any, s: Seen) -> None:  # 3.10.7.4
    # First, check sequence number
    blocked = t.rcv_wnd == 0 and s.seq == t.rcv_nxt and _len(s) > 0  # only ACK, URG, RST count (MUST-66)
    # GAP: A.2 leaves open how to get past ACKs that stand just right of the window; here they count if empty
    at_edge = _len(s) == 0 and "RST" not in s.flags and s.seq == add(t.rcv_nxt, t.rcv_wnd)
    if not blocked and not at_edge and not _acceptable(t, s):
        if "RST" not in s.flags:
            t.ack_owed = True
            # Fifth step, TIME-WAIT: a retransmission of the remote FIN: acknowledge it, restart the timeout
            if t.state == "TIME-WAIT" and "FIN" in s.flags and add(s.seq, _len(s)) == t.rcv_nxt:
                t.restarts_2msl = True
        return
    if blocked and "RST" not in s.flags:
        t.ack_owed = True

    # Second, check the RST bit
    if "RST" in s.flags:
        inside = off(t.rcv_nxt, s.seq) < max(t.rcv_wnd, 1)
        if not inside:
            return
        if t.challenge_acks and s.seq != t.rcv_nxt:
            t.ack_owed = True
            return
        if t.state == "SYN-RECEIVED" and t.passive:
            _back_to_listen(t)
        elif t.state == "SYN-RECEIVED":
            t.signals.append("connection refused")
            _answer_calls(t, "refused")  # GAP: calls that wait can't outlive the TCB
            _delete(t)
        elif t.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"):
            _reset(t)
        elif t.state in ("CLOSING", "LAST-ACK"):
            # CONFLICT: 3.10.7.4 names no signal, 3.5.3 and MUST-12 want the user told of the abort
            t.signals.append("connection reset")
            _answer_calls(t, "reset")  # GAP: the same
            _delete(t)
        elif t.state == "TIME-WAIT":  # both sides have closed normally: nothing to tell
            _delete(t)
        return

    # Third, check security: left out

    # Fourth, check the SYN bit
    passively = t.state == "SYN-RECEIVED" and t.passive
    if "SYN" in s.flags and t.challenge_acks and not passively:  # "irrespective of the sequence number"
        t.ack_owed = True
        return
    syn, piece = _trim(t, s)
    if blocked:
        syn, piece = False, Held(s.seq, b"", False, up=piece.up)
    if syn and passively:
        _back_to_listen(t)
        return
    if syn:
        if "ACK" in s.flags:  # form as in 3.10.7.1
            _emit(t, s.ack, None, "RST")
        else:
            _emit(t, 0, add(s.seq, _len(s)), "RST ACK")
        _reset(t)
        return

    # Fifth, check the ACK field
    if "ACK" not in s.flags:
        return
    sent_now = off(t.snd_una, t.snd_nxt)
    in_range = off(add(t.snd_una, -t.max_snd_wnd), s.ack) <= t.max_snd_wnd + sent_now
    if t.challenge_acks and t.state != "SYN-RECEIVED" and not in_range:  # RFC 5961 section 5
        t.ack_owed = True
        return
    if t.state == "SYN-RECEIVED":
        if not 0 < off(t.snd_una, s.ack) <= sent_now:
            if not blocked:  # the allowance for a zero window is for valid ACKs only
                _emit(t, s.ack, None, "RST")
            return  # 3.5.2: "remains in the same state"
        t.state = "ESTABLISHED"
        _set_window(t, s.wnd, piece.seq, s.ack)  # and continue as in ESTABLISHED, which sets SND.UNA
    if gt(s.ack, t.snd_nxt):
        t.ack_owed = True
        return
    if 0 < off(t.snd_una, s.ack) <= sent_now:
        _acknowledged(t, s.ack)
    if off(t.snd_una, s.ack) <= off(t.snd_una, t.snd_nxt):
        if gt(piece.seq, t.snd_wl1) or (t.snd_wl1 == piece.seq and not gt(t.snd_wl2, s.ack)):
            _set_window(t, s.wnd, piece.seq, s.ack)
        if t.snd_wnd == 0:  # the peer answers our probes: the connection stays open (MUST-37)
            t.retransmissions = 0
    fin_acked = t.fin_seq is not None and gt(t.snd_una, t.fin_seq)
    if t.state == "FIN-WAIT-1" and fin_acked:
        t.state = "FIN-WAIT-2"
        t.replies.append("CLOSE: ok")
    elif t.state == "CLOSING":
        if not fin_acked:
            return
        t.state, t.restarts_2msl = "TIME-WAIT", True
    elif t.state == "LAST-ACK" and fin_acked:
        _delete(t)
        return
    # TIME-WAIT: the retransmitted FIN was answered in the first step

    # First step again: "Segments with higher beginning sequence numbers SHOULD be held" (SHLD-31, MAY-13)
    if t.state in _TAKES_TEXT and gt(piece.seq, t.rcv_nxt) and (piece.text or piece.fin):
        t.ack_owed = True
        # The URG bit is looked at in the order of the steps, before the text: it announces what is yet to come
        _sixth_to_eighth(t, Held(piece.seq, b"", False, up=piece.up))
        waiting = {Held(*held) for held in t.held} | {piece}
        t.held = tuple(sorted(waiting, key=lambda held: off(t.rcv_nxt, held.seq)))
    else:
        _sixth_to_eighth(t, piece)
    while ready := [Held(*held) for held in t.held if not gt(held[0], t.rcv_nxt)]:
        seq, text, fin, push, up = ready[0]
        t.held = tuple(held for held in t.held if Held(*held) != ready[0])
        old = off(seq, t.rcv_nxt)  # left of the window: only the new part is processed
        _sixth_to_eighth(t, Held(t.rcv_nxt, text[old:], fin and old <= len(text), push, up))


def _sixth_to_eighth(t: Any, piece: Held) -> None:  # 3.10.7.4, and 3.10.7.2 in SYN-RECEIVED
    open_for_text = t.state in _TAKES_TEXT

    # Sixth, check the URG bit. CONFLICT: MUST-32 wants a signal at every advance of the pointer, this step
    # and 3.8.5 ("invisible to the user") none in urgent mode: so done.
    if piece.up is not None and open_for_text:
        if t.rcv_up is None or gt(piece.up, t.rcv_up):
            t.rcv_up = piece.up
        if gt(t.rcv_up, add(t.rcv_nxt, -len(t.unread))) and not t.urgent_mode:
            t.urgent_mode = True
            t.signals.append("urgent data")

    # Seventh, process the segment text
    if piece.text and open_for_text:
        if t.half_duplex_close and t.state in ("FIN-WAIT-1", "FIN-WAIT-2"):  # 3.6.1, SHLD-3
            _emit(t, t.snd_nxt, None, "RST")
            _answer_calls(t, "connection reset")
            _delete(t)
            return
        t.unread += piece.text
        t.rcv_nxt = add(t.rcv_nxt, len(piece.text))
        t.rcv_wnd -= len(piece.text)  # the right edge stays (3.8.6.2.2)
        t.push_seen = t.push_seen or piece.push
        t.ack_owed = True
        _deliver(t)

    # Eighth, check the FIN bit (ignored text leaves a gap before the FIN: then it isn't at RCV.NXT)
    if piece.fin and add(piece.seq, len(piece.text)) == t.rcv_nxt:
        t.signals.append("connection closing")
        t.push_seen = t.push_seen or t.unread != b""
        _deliver(t)
        t.rcv_nxt = add(t.rcv_nxt, 1)  # a FIN takes no buffer: RCV.WND stays
        t.ack_owed = True
        t.held = ()  # nothing comes after a FIN
        if t.state in ("SYN-RECEIVED", "ESTABLISHED"):
            t.state = "CLOSE-WAIT"
        elif t.state == "FIN-WAIT-1":  # our FIN isn't acknowledged, else step five had entered FIN-WAIT-2
            t.state = "CLOSING"
        elif t.state == "FIN-WAIT-2":
            t.state, t.restarts_2msl = "TIME-WAIT", True
        elif t.state == "TIME-WAIT":
            t.restarts_2msl = True
        # CLOSE-WAIT, CLOSING, LAST-ACK: remain. Pending RECEIVEs are returned in _finish.


def call(view: View, name: str, **args: Any) -> Answer:
    """3.10.1-6: OPEN(active, remote_known) SEND(data, push, urgent) RECEIVE(count) CLOSE ABORT STATUS."""
    t = _begin(view)
    if t.state == "CLOSED" and name != "OPEN":
        t.replies.append(f"{name}: error: connection does not exist")
    elif name == "OPEN":
        _open(t, args["active"], args.get("remote_known", True))
    elif name == "SEND":
        _send(t, args["data"], args.get("push", False), args.get("urgent", False))
    elif name == "RECEIVE":
        _receive(t, args["count"])
    elif name == "CLOSE":
        _close(t)
    elif name == "ABORT":
        _abort(t)
    elif name == "STATUS":
        t.replies.append(f"STATUS: state = {t.state}")
    return _finish(t)


def _open(t: Any, active: bool, remote_known: bool) -> None:  # 3.10.1
    if t.state == "CLOSED" and not active:
        t.state, t.passive, t.remote_known = "LISTEN", True, remote_known
    elif t.state not in ("CLOSED", "LISTEN") or not active:  # LISTEN and passive: MUST-41
        t.replies.append("OPEN: error: connection already exists")
    elif not remote_known:
        t.replies.append("OPEN: error: remote socket unspecified")
    else:
        _actively(t)


def _actively(t: Any) -> None:
    t.state, t.passive, t.remote_known = "SYN-SENT", False, True
    _select_iss(t)
    _transmit(t, t.in_flight[0])


def _send(t: Any, data: bytes, push: bool, urgent: bool) -> None:  # 3.10.2
    if t.state == "LISTEN" and not t.remote_known:
        t.replies.append("SEND: error: remote socket unspecified")
        return
    # GAP: a SEND behind a queued CLOSE; 3.6: "No further SENDs from the user will be accepted"
    if t.state not in ("LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT") or t.close_queued:
        t.replies.append("SEND: error: connection closing")
        return
    if len(t.unsent) + len(data) > 65_535:  # the send buffer
        t.replies.append("SEND: error: insufficient resources")
        return
    if t.state == "LISTEN":
        _actively(t)
    t.unsent += data  # segmentized in _finish where the state allows it
    end = add(t.snd_nxt, len(t.unsent))
    t.sends += (end,)
    if push:
        t.pushes += (end,)
    if urgent:  # "SND.UP <- SND.NXT" once this buffer is segmentized: the byte following it (MUST-62)
        t.snd_up = end


def _receive(t: Any, count: int) -> None:  # 3.10.3
    closed = t.half_duplex_close and t.state in ("FIN-WAIT-1", "FIN-WAIT-2")  # 3.6.1: cannot continue to read
    nothing_left = t.state == "CLOSE-WAIT" and not t.unread
    if t.state in ("CLOSING", "LAST-ACK", "TIME-WAIT") or nothing_left or closed:
        t.replies.append("RECEIVE: error: connection closing")
    elif len(t.receives) == 16:  # as many as may wait
        t.replies.append("RECEIVE: error: insufficient resources")
    else:
        t.receives += (count,)
        _deliver(t)


def _close(t: Any) -> None:  # 3.10.4
    if t.state in ("LISTEN", "SYN-SENT"):
        _answer_calls(t, "error: closing")
        _delete(t)
    elif t.state not in ("SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT") or t.close_queued:
        t.replies.append("CLOSE: error: connection closing")
    elif t.half_duplex_close and t.unread:  # 3.6.1, SHLD-3
        _emit(t, t.snd_nxt, None, "RST")
        _answer_calls(t, "connection reset")
        _delete(t)
    else:
        if t.unsent:
            t.pushes += (add(t.snd_nxt, len(t.unsent)),)  # 3.9.1.4: "Close also implies push function"
        if t.state == "ESTABLISHED" or (t.state == "SYN-RECEIVED" and not t.unsent):
            t.state, t.fin_pending = "FIN-WAIT-1", True
        else:
            t.close_queued = True


def _abort(t: Any) -> None:  # 3.10.5
    if t.state == "LISTEN":
        _answer_calls(t, "error: connection reset")
    elif t.state == "SYN-SENT":
        _answer_calls(t, "connection reset")
    elif t.state in ("CLOSING", "LAST-ACK", "TIME-WAIT"):
        t.replies.append("ABORT: ok")
    else:
        _emit(t, t.snd_nxt, None, "RST")
        _answer_calls(t, "connection reset")
    _delete(t)


def timeout(view: View, which: str) -> Answer:
    """3.10.8 and 3.8.3. USER, RETRANSMISSION or TIME-WAIT."""
    t = _begin(view)
    if which == "USER" and t.state != "CLOSED":
        _give_up(t, "error: connection aborted due to user timeout")
    elif which == "RETRANSMISSION" and t.in_flight:
        # GAP: when exactly R2 is reached; here at the timeout that finds R2 retransmissions made
        if t.retransmissions >= t.r2:
            _give_up(t, "error: connection aborted due to excessive retransmissions")
        else:
            _transmit(t, t.in_flight[0])
            t.retransmissions += 1
            if t.retransmissions == t.r1:  # 3.8.3 (e), SHLD-9
                t.signals.append("excessive retransmissions")
    elif which == "RETRANSMISSION" and t.state in _SENDING and t.unsent and t.snd_wnd == 0:  # 3.8.6.1
        _transmit_new(t, t.unsent[:1])
    elif which == "TIME-WAIT" and t.state == "TIME-WAIT":
        _delete(t)
    return _finish(t)


def icmp(view: View, kind: str) -> Answer:
    """3.9.2.2. "soft", "hard" or "source quench"."""
    t = _begin(view)
    if t.state in ("CLOSED", "LISTEN") or kind == "source quench":  # MUST-55
        pass
    elif kind == "soft":  # MUST-56, SHLD-25
        t.signals.append("soft error")
    elif kind == "hard":  # SHLD-26
        _give_up(t, "hard error")
    return _finish(t)


# --- What the text takes for granted ---

_TAKES_TEXT = ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2")
_SENDING = ("ESTABLISHED", "CLOSE-WAIT", "FIN-WAIT-1", "CLOSING")


def _begin(view: View) -> Any:
    return SimpleNamespace(
        **vars(view), sent=[], signals=[], replies=[], delivered=b"", restarts_2msl=False, ack_owed=False
    )


def _finish(t: Any) -> Answer:
    """The end of an event: take up what has become possible, send it, acknowledge once (MUST-58, MUST-59)."""
    if t.state == "LISTEN" and t.close_queued:  # GAP: the caller is gone, the user's CLOSE is not: 3.10.4, LISTEN
        _answer_calls(t, "error: closing")
        _delete(t)
    if t.state not in ("CLOSED", "LISTEN"):
        _deliver(t)  # text that came with a SYN, now that our own SYN is acknowledged
        after_fin = t.state in ("CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT")
        if after_fin and not (t.unread and not _synchronized(t)):  # step eight: "return any pending RECEIVEs"
            t.replies += ["RECEIVE: connection closing"] * len(t.receives)
            t.receives = ()
        if t.state == "ESTABLISHED" and t.close_queued:  # 3.10.4: "for processing after entering ESTABLISHED"
            t.state, t.fin_pending, t.close_queued = "FIN-WAIT-1", True, False
        before = len(t.sent)
        while t.state in _SENDING and t.unsent:
            usable = t.snd_wnd - off(t.snd_una, t.snd_nxt)  # 3.8.6.2.1
            if usable <= 0:
                break
            _transmit_new(t, t.unsent[: min(t.mss, usable)])
        if not t.unsent and (t.fin_pending or (t.state == "CLOSE-WAIT" and t.close_queued)):
            if t.state == "CLOSE-WAIT":
                t.state = "LAST-ACK"
            t.fin_seq, t.fin_pending, t.close_queued = t.snd_nxt, False, False
            _transmit_new(t, b"", fin=True)
        if t.ack_owed and len(t.sent) == before:
            _emit(t, t.snd_nxt, t.rcv_nxt, "ACK")
    after = View(**{f.name: getattr(t, f.name) for f in fields(View)})
    return Answer(after, t.sent, t.signals, t.replies, t.delivered, t.restarts_2msl)


def _emit(t: Any, seq: int, ack: int | None, flags: str, data: bytes = b"") -> None:
    t.sent.append((seq, ack, frozenset(flags.split()), data))


def _transmit(t: Any, entry: tuple[int, bytes, bool, bool]) -> None:
    """Send (again) what stands on the retransmission queue; only the SYN of SYN-SENT has no ACK."""
    seq, text, syn, fin = entry
    flags = "SYN " * syn + "FIN " * fin + "ACK " * (t.state != "SYN-SENT")
    if any(0 < off(seq, mark) <= len(text) for mark in t.pushes):  # 3.9.1.2, SHLD-27
        flags += "PSH "
    if text and t.snd_up is not None and gt(t.snd_up, seq):  # 3.8.5
        flags += "URG "
    _emit(t, seq, None if t.state == "SYN-SENT" else t.rcv_nxt, flags, text)


def _transmit_new(t: Any, text: bytes, fin: bool = False) -> None:
    entry = (t.snd_nxt, text, False, fin)
    t.in_flight += (entry,)
    t.unsent = t.unsent[len(text) :]
    t.snd_nxt = add(t.snd_nxt, len(text) + fin)
    _transmit(t, entry)


def _select_iss(t: Any) -> None:
    shift = t.next_iss + 1 - t.snd_nxt  # SENDs queued before a RST led back to LISTEN are numbered anew
    t.sends = tuple(add(mark, shift) for mark in t.sends)
    t.pushes = tuple(add(mark, shift) for mark in t.pushes)
    t.snd_up = None if t.snd_up is None else add(t.snd_up, shift)
    t.iss = t.snd_una = t.next_iss
    t.snd_nxt = add(t.iss, 1)
    t.in_flight = ((t.iss, b"", True, False),)
    t.retransmissions = 0


def _len(s: Seen) -> int:  # SEG.LEN
    return len(s.data) + ("SYN" in s.flags) + ("FIN" in s.flags)


def _acceptable(t: Any, s: Seen) -> bool:  # Table 6
    nxt, wnd, length = int(t.rcv_nxt), int(t.rcv_wnd), _len(s)
    if length == 0:
        return s.seq == nxt if wnd == 0 else off(nxt, s.seq) < wnd
    return off(nxt, s.seq) < wnd or off(nxt, add(s.seq, length - 1)) < wnd


def _trim(t: Any, s: Seen) -> tuple[bool, Held]:
    """The idealized segment: (SYN in the window?, the rest cut to the window)."""
    seq, text, syn, fin, push = s.seq, s.data, "SYN" in s.flags, "FIN" in s.flags, "PSH" in s.flags
    up = add(seq, s.up) if "URG" in s.flags else None
    if syn and gt(t.rcv_nxt, seq):
        syn, seq = False, add(seq, 1)
    if gt(t.rcv_nxt, seq):
        text, seq = text[off(seq, t.rcv_nxt) :], t.rcv_nxt
    room = max(0, t.rcv_wnd - off(t.rcv_nxt, seq) - syn)
    if len(text) > room:
        push = False  # the segment doesn't empty
    fin = fin and len(text) < room
    return syn, Held(seq, text[:room], fin, push, up)


def _set_window(t: Any, wnd: int, seq: int, ack: int) -> None:
    t.snd_wnd, t.snd_wl1, t.snd_wl2 = wnd, seq, ack
    t.max_snd_wnd = max(t.max_snd_wnd, wnd)


def _acknowledged(t: Any, ack: int) -> None:
    t.snd_una, t.retransmissions = ack, 0
    t.in_flight = tuple(e for e in t.in_flight if gt(add(e[0], len(e[1]) + e[2] + e[3]), ack))
    t.replies += ["SEND: ok" for mark in t.sends if not gt(mark, ack)]
    t.sends = tuple(mark for mark in t.sends if gt(mark, ack))
    t.pushes = tuple(mark for mark in t.pushes if gt(mark, ack))
    if t.snd_up is not None and not gt(t.snd_up, ack):
        t.snd_up = None


def _synchronized(t: Any) -> bool:
    """Our SYN is acknowledged: text may go to the user (3.5)."""
    before = t.state in ("LISTEN", "SYN-SENT", "SYN-RECEIVED")
    return not before and not any(syn for _, _, syn, _ in t.in_flight)


def _deliver(t: Any) -> None:
    """3.10.3 and step seven: hand text to queued RECEIVEs, then reopen the window (3.8.6.2.2)."""
    while t.receives and _synchronized(t):
        count = t.receives[0]
        # GAP: with the window shut no more can come: a RECEIVE that went on waiting would wait forever
        last = t.push_seen or t.rcv_wnd == 0 or t.state in ("CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT")
        some = t.unread and last
        if len(t.unread) < count and not some:
            break
        t.receives = t.receives[1:]
        text, t.unread = t.unread[:count], t.unread[count:]
        t.delivered += text
        reply = f"RECEIVE: {len(text)} bytes"
        fin = t.state == "CLOSE-WAIT"  # RCV.NXT then counts the FIN as well
        if t.urgent_mode:  # 3.9.1.3: told by the URGENT flag of the return, "normal mode" is no signal
            t.urgent_mode = gt(t.rcv_up, add(t.rcv_nxt, -len(t.unread) - fin))
            reply += " URGENT" * t.urgent_mode
        if not t.unread:
            reply += " PUSH" * t.push_seen
            t.push_seen = False
        t.replies.append(reply)
        enough = t.rcv_buff - len(t.unread) - t.rcv_wnd >= min(t.rcv_buff / 2, t.mss)
        if t.state in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2") and text and enough:
            t.rcv_wnd = t.rcv_buff - len(t.unread)
            t.ack_owed = True


def _answer_calls(t: Any, words: str) -> None:
    t.replies += [f"SEND: {words}"] * len(t.sends) + [f"RECEIVE: {words}"] * len(t.receives)


def _reset(t: Any) -> None:  # 3.10.7.4, second and fourth step
    _answer_calls(t, "reset")
    t.signals.append("connection reset")
    _delete(t)


def _give_up(t: Any, words: str) -> None:
    t.signals.append(words)
    _answer_calls(t, words)
    _delete(t)


def _back_to_listen(t: Any) -> None:
    """3.10.7.4. GAP: "The user need not be informed": so queued calls stay, the peer's text goes."""
    t.state, t.in_flight, t.held, t.unread, t.push_seen = "LISTEN", (), (), b"", False
    t.rcv_up, t.urgent_mode, t.rcv_wnd, t.retransmissions = None, False, t.rcv_buff, 0


def _delete(t: Any) -> None:
    """Delete the TCB; what the book-keeper chose stays."""
    kept = ("challenge_acks", "half_duplex_close", "r1", "r2", "next_iss", "mss", "rcv_buff")
    fresh = replace(View(), rcv_wnd=t.rcv_buff, **{name: getattr(t, name) for name in kept})
    vars(t).update(vars(fresh), ack_owed=False)
