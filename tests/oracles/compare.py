"""Hold the package's `step` against the independent reading of §3.10: situations, events, and what must agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from oracles import rfc9293_reading as reading
from tcpbook.protocol.events import (
    ABORT,
    CLOSE,
    ICMP_HARD,
    ICMP_SOFT,
    ICMP_SOURCE_QUENCH,
    RETRANSMISSION_TIMEOUT,
    STATUS,
    TIME_WAIT_TIMEOUT,
    USER_TIMEOUT,
    Call,
    Open,
    Receive,
    Send,
)
from tcpbook.protocol.flags import COMBINATIONS, Flags
from tcpbook.protocol.machine import TABLE, Outcome, Table, step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add, distance
from tcpbook.protocol.situations import REMOTE_PORT, reachable
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB, Held
from tcpbook.protocol.turn import Delivered, Reply, Signal, Timer

CALLS: tuple[Call, ...] = (
    Open(active=False),
    Open(active=True),
    Open(active=True, remote_port=REMOTE_PORT),
    Send(b"some text"),
    Send(b"urgent!", urgent=True),
    Send(b""),
    Send(bytes(65_530)),
    Send(bytes(65_536)),
    Receive(3),
    Receive(100),
    CLOSE,
    ABORT,
    STATUS,
    USER_TIMEOUT,
    RETRANSMISSION_TIMEOUT,
    TIME_WAIT_TIMEOUT,
    ICMP_SOFT,
    ICMP_HARD,
    ICMP_SOURCE_QUENCH,
)
REFUSALS = (
    "error: connection does not exist",
    "error: connection already exists",
    "error: remote socket unspecified",
    "error: insufficient resources",
    "error: connection closing",
)  # how a call is refused; other replies are worded differently in the reading
OPENING = (State.LISTEN, State.SYN_SENT, State.SYN_RECEIVED)
RECEIVING = (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2)
CONTROL = Flags.FIN | Flags.SYN | Flags.RST | Flags.ACK | Flags.URG
COMBINED = [flags for flags in COMBINATIONS if not flags & ~CONTROL]

# Variables of a connection that the package and the reading call the same.
SHARED = (
    "passive", "challenge_acks", "half_duplex_close", "iss", "snd_una", "snd_nxt", "snd_wnd", "snd_wl1", "snd_wl2",
    "max_snd_wnd", "snd_up", "irs", "rcv_nxt", "rcv_wnd", "rcv_up", "fin_seq", "unsent", "close_queued", "fin_pending",
    "unread", "push_seen", "receives", "urgent_mode", "retransmissions", "r1", "r2", "next_iss", "rcv_buff",
)  # fmt: skip


def situations() -> list[TCB]:
    """Each state as connections reach it, and in the circumstances that some rule asks about."""
    found: list[TCB] = []
    for tcb in reachable():
        found += [tcb, *_circumstances(tcb)]
    listener = step(TCB(next_iss=100), Open(active=False, remote_port=REMOTE_PORT)).tcb
    found += [listener, replace(listener, half_duplex_close=True)]
    # The reading leaves open what a half-duplex CLOSE does that waited.
    waits = [tcb for tcb in found if tcb.state is State.SYN_RECEIVED and not tcb.half_duplex_close]
    found += [replace(tcb, close_queued=True) for tcb in waits]
    found += [*_before_our_syn_is_acknowledged()]
    unchallenged = [replace(tcb, challenge_acks=False) for tcb in found]
    return [*found, *unchallenged]


def _circumstances(tcb: TCB) -> Iterator[TCB]:
    if tcb.state is State.CLOSED:
        return
    if tcb.state in OPENING + RECEIVING:
        yield replace(tcb, receives=(4, 50))
        yield replace(tcb, receives=(1,) * 16)
    if tcb.state is State.LISTEN:
        return
    yield replace(tcb, retransmissions=tcb.r1 - 1)
    yield replace(tcb, retransmissions=tcb.r2)
    yield from _with_text_to_send(tcb)
    if tcb.state is State.SYN_SENT:
        return
    yield replace(tcb, rcv_wnd=2, rcv_buff=2)
    yield replace(tcb, rcv_wnd=0, unread=b"u" * 10, rcv_buff=10)
    yield replace(tcb, half_duplex_close=True)
    if tcb.state in (State.SYN_RECEIVED, *RECEIVING, State.CLOSE_WAIT):
        yield replace(tcb, unread=b"unread", rcv_wnd=tcb.rcv_wnd - 6)
        yield replace(tcb, unread=b"unread", rcv_wnd=tcb.rcv_wnd - 6, half_duplex_close=True, push_seen=True)
    if tcb.state in RECEIVING:
        yield replace(tcb, held=(Held(add(tcb.rcv_nxt, 3), b"held back"),), receives=(100,))
        yield replace(tcb, held=(Held(add(tcb.rcv_nxt, 5), b""),), rcv_fin=add(tcb.rcv_nxt, 5))
        yield replace(tcb, rcv_up=add(tcb.rcv_nxt, 2), urgent_mode=True)


def _with_text_to_send(tcb: TCB) -> Iterator[TCB]:
    """Text in flight, text that waits for the window, and a CLOSE behind it."""
    sent = step(tcb, Send(b"octets that are out")).tcb
    narrow = replace(tcb, snd_wnd=4, snd_wl1=tcb.rcv_nxt, snd_wl2=tcb.snd_una)
    yield sent
    yield replace(sent, retransmissions=sent.r1 - 1)
    yield replace(sent, retransmissions=sent.r2)
    yield step(narrow, Send(b"more than four", urgent=True)).tcb
    yield step(replace(tcb, snd_wnd=0), Send(b"nothing goes")).tcb
    for wnd, text in ((4, b"four"), (4, b"more than four"), (0, b"nothing goes")):
        closing = step(step(replace(narrow, snd_wnd=wnd), Send(text)).tcb, CLOSE).tcb
        yield closing
        if closing.state is State.FIN_WAIT_1:
            yield step(closing, _fin(closing)).tcb


def _before_our_syn_is_acknowledged() -> Iterator[TCB]:
    """Neither CLOSE nor the text and the FIN beside a SYN wait for the handshake."""
    listener = step(TCB(next_iss=100), Open(active=False)).tcb
    for waiting, flags in product((listener, replace(listener, receives=(3,))), (Flags.SYN, Flags.SYN | Flags.FIN)):
        called = step(waiting, Segment(REMOTE_PORT, waiting.local_port, 300, 0, flags, data=b"early")).tcb
        closed = step(called, CLOSE).tcb
        yield from (called, closed, step(closed, _fin(closed)).tcb)


def _fin(tcb: TCB) -> Segment:
    return Segment(REMOTE_PORT, tcb.local_port, tcb.rcv_nxt, tcb.snd_una, Flags.FIN | Flags.ACK, wnd=tcb.snd_wnd)


def segments(tcb: TCB) -> Iterator[Segment]:
    """Segments around every edge that a rule compares SEQ, ACK and length with."""
    edge = add(tcb.rcv_nxt, tcb.rcv_wnd)
    seqs = dict.fromkeys(
        [tcb.rcv_nxt, *(add(tcb.rcv_nxt, n) for n in (-1, -2, 1, 3)), add(edge, -1), edge]
    )
    beyond, ancient = add(tcb.snd_nxt, 1), add(tcb.snd_una, -65_536)
    acks = dict.fromkeys([tcb.snd_una, tcb.snd_nxt, add(tcb.snd_una, -1), add(tcb.snd_una, 1), beyond, ancient])
    for flags, seq, ack, text in product(COMBINED, seqs, acks, (b"", b"hello")):
        if flags & Flags.ACK or ack == tcb.snd_una:
            yield Segment(REMOTE_PORT, tcb.local_port, seq, ack, flags, wnd=5_000, up=2, data=text)


def view(tcb: TCB) -> reading.View:
    """The TCB in the words of the reading."""
    held: list[tuple[Any, ...]] = [(item.seq, item.text, False) for item in tcb.held if item.text]
    if tcb.rcv_fin is not None:
        held.append((tcb.rcv_fin, b"", True))
    known: dict[str, Any] = {name: getattr(tcb, name) for name in SHARED}
    sends = (add(tcb.snd_nxt, len(tcb.unsent)),) if tcb.unsent or any(sent.text for sent in tcb.in_flight) else ()
    return reading.View(
        state=str(tcb.state),
        remote_known=tcb.remote_port is not None,
        mss=tcb.snd_mss,
        in_flight=tuple((sent.seq, sent.text, sent.syn, sent.fin) for sent in tcb.in_flight),
        held=tuple(held),
        sends=sends,
        **known,
    )


def expected(tcb: TCB, event: Segment | Call) -> reading.Answer:
    """What the reading makes of the event."""
    seen = view(tcb)
    if isinstance(event, Segment):
        names = frozenset(str(event.flags).split(",")) if event.flags else frozenset()
        return reading.arrives(seen, reading.Seen(event.seq, event.ack, names, event.wnd, event.up, event.data))
    if isinstance(event, Open):
        return reading.call(seen, "OPEN", active=event.active, remote_known=event.remote_port is not None)
    if isinstance(event, Send):
        return reading.call(seen, "SEND", data=event.text, urgent=event.urgent)
    if isinstance(event, Receive):
        return reading.call(seen, "RECEIVE", count=event.octets)
    name = str(event.event)
    if name.endswith("TIMEOUT"):
        return reading.timeout(seen, name.removesuffix(" TIMEOUT"))
    if name.startswith("ICMP"):
        return reading.icmp(seen, name.removeprefix("ICMP ").removesuffix(" error").lower())
    return reading.call(seen, name)


def told_by_package(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain data; PSH is left out, the reading marks it by SENDs and we by segments."""
    sent = [(s.seq, s.ack if s.flags & Flags.ACK else None, s.flags & ~Flags.PSH, s.data) for s in outcome.segments]
    delivered = [effect for effect in outcome.effects if isinstance(effect, Delivered)]
    replies = [effect for effect in outcome.effects if isinstance(effect, Reply)]
    told = {
        "state": outcome.state,
        "sent": sent,
        "signals": sum(isinstance(effect, Signal) for effect in outcome.effects),
        "replies": len(delivered) + len(replies),
        "refused": [reply.text for reply in replies if reply.text in REFUSALS],
        "delivered": b"".join(effect.text for effect in delivered),
        "2 MSL": Timer("2 MSL", True) in outcome.effects,
    }
    return told | _variables(view(outcome.tcb))


def told_by_reading(answer: reading.Answer) -> dict[str, Any]:
    """The reading's answer as the same plain data."""
    sent = [
        (seq, ack, Flags.parse(",".join(flags)) & ~Flags.PSH if flags else Flags(0), data)
        for seq, ack, flags, data in answer.sent
    ]
    told = {
        "state": answer.view.state,
        "sent": sent,
        "signals": len(answer.signals),
        "replies": sum(not reply.startswith("SEND: ok") for reply in answer.replies),
        "refused": [words for reply in answer.replies if (words := reply.partition(": ")[2]) in REFUSALS],
        "delivered": answer.delivered,
        "2 MSL": answer.restarts_2msl,
    }
    return told | _variables(answer.view)


def _variables(seen: reading.View) -> dict[str, Any]:
    """The variables that mean something in the state."""
    if seen.state == "CLOSED":
        return {}
    names = "unsent receives close_queued fin_pending retransmissions unread"
    if seen.state != "LISTEN":
        names += " passive iss snd_una snd_nxt snd_up fin_seq in_flight"
    if seen.state not in ("LISTEN", "SYN-SENT"):
        names += " irs rcv_nxt"
    if seen.state in ("SYN-RECEIVED", *RECEIVING):
        names += " rcv_wnd"  # after the peer's FIN nothing more comes into the window, so it may stay as it is
    if seen.state not in ("LISTEN", "SYN-SENT", "TIME-WAIT"):
        names += " snd_wnd snd_wl1 snd_wl2 max_snd_wnd"
    if seen.state in RECEIVING:
        names += " rcv_up urgent_mode"
    variables = {name: getattr(seen, name) for name in names.split()}
    variables["held"] = _held_octets(seen)
    return variables


def _held_octets(seen: reading.View) -> set[tuple[int, int | str]]:
    """Each byte held, by its number; of several FINs, which no honest peer sends, the first."""
    octets: set[tuple[int, int | str]] = set()
    fins = []
    for item in seen.held:
        octets |= {(add(item[0], n), octet) for n, octet in enumerate(item[1])}
        if item[2]:
            fins.append(distance(seen.rcv_nxt, add(item[0], len(item[1]))))
    return octets | ({(add(seen.rcv_nxt, min(fins)), "FIN")} if fins else set())


def differences(tcb: TCB, event: Segment | Call, table: Table = TABLE) -> dict[str, tuple[Any, Any]]:
    """Where package and reading disagree: (package, reading) by name."""
    ours, theirs = told_by_package(step(tcb, event, table)), told_by_reading(expected(tcb, event))
    return {name: (ours[name], theirs.get(name)) for name in ours if ours[name] != theirs.get(name)}
