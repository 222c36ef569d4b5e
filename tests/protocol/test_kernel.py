"""Every recorded answer of a Linux kernel, beside ours: they agree, or the difference is documented."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import pytest

from oracles.kernel import DIFFERENCES, Case, Difference, evaluate, load
from tcpbook.protocol.events import CLOSE, Call, Open, Send
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Signal

RECORDED = load()
ISS, IRS = 2**32 - 5, 0x1000_0000  # our numbers wrap in the middle of the text
LOCAL, REMOTE = 80, 49_152
SND_WND = 1_000


class Answer(NamedTuple):
    """What an end makes of a probe: segments (flags, SEQ, ACK if set, bytes), state, bytes to read, an error."""

    sent: tuple[tuple[Flags, int, int | None, int], ...]
    after: str
    delivered: int
    error: bool


# --- The same connections as the kernel's: see SETUPS in tools/record_kernel.py --------------------------------


def from_peer(flags: Flags, seq: int, ack: int = 0, octets: int = 0) -> Segment:
    return Segment(REMOTE, LOCAL, seq, ack, flags, wnd=SND_WND, data=b"x" * octets)


def listen(tcb: TCB) -> Call:
    return Open(active=False)


def connect(tcb: TCB) -> Call:
    return Open(active=True, remote_port=REMOTE)


def talk(tcb: TCB) -> Call:
    return Send(b"sixteen octets..")


def close(tcb: TCB) -> Call:
    return CLOSE


def peer_syn(tcb: TCB) -> Segment:
    return from_peer(Flags.SYN, IRS)


def peer_syn_ack(tcb: TCB) -> Segment:
    return from_peer(Flags.SYN | Flags.ACK, IRS, tcb.snd_nxt)


def peer_ack(tcb: TCB) -> Segment:
    return from_peer(Flags.ACK, tcb.rcv_nxt, tcb.snd_nxt)


def peer_fin(tcb: TCB) -> Segment:
    return from_peer(Flags.FIN | Flags.ACK, tcb.rcv_nxt, tcb.snd_una)


Step = Callable[[TCB], Segment | Call]
OPENED: tuple[Step, ...] = (connect, peer_syn_ack, talk, peer_ack)
SERVED: tuple[Step, ...] = (listen, peer_syn, peer_ack, talk, peer_ack)
CLOSED: tuple[Step, ...] = (close, peer_ack, peer_fin)
SETUPS: dict[tuple[str, str], tuple[Step, ...]] = {
    ("CLOSED", ""): (),
    ("LISTEN", "passive"): (listen,),
    ("SYN-SENT", "active"): (connect,),
    ("SYN-RECEIVED", "passive"): (listen, peer_syn),
    ("SYN-RECEIVED", "active"): (connect, peer_syn),
    ("ESTABLISHED", "active"): OPENED,
    ("FIN-WAIT-1", "active"): (*OPENED, close),
    ("FIN-WAIT-2", "active"): (*OPENED, close, peer_ack),
    ("CLOSE-WAIT", "active"): (*OPENED, peer_fin),
    ("CLOSING", "active"): (*OPENED, close, peer_fin),
    ("LAST-ACK", "active"): (*OPENED, peer_fin, close),
    ("TIME-WAIT", "active"): (*OPENED, *CLOSED),
    ("TIME-WAIT", "passive"): (*SERVED, *CLOSED),
}


@cache
def connection(state: str, opened: str) -> TCB:
    """Our connection in that state, with a receive window as wide as the kernel's."""
    rcv_wnd = int(RECORDED.variables[state, opened].get("RCV.WND", "64240"))
    tcb = TCB(local_port=LOCAL, next_iss=ISS, rcv_buff=rcv_wnd)
    for event in SETUPS[state, opened]:
        tcb = step(tcb, event(tcb)).tcb
    return tcb


# --- The comparison ----------------------------------------------------------------------------------------------


def ours(case: Case) -> Answer:
    tcb = connection(case.state, case.opened)
    numbers = RECORDED.numbers(case, ISS, IRS)
    flags = Flags.parse(case.flags)
    outcome = step(tcb, from_peer(flags, numbers["SEG.SEQ"], numbers["SEG.ACK"], case.data))
    sent = tuple((s.flags, s.seq, s.ack if s.flags & Flags.ACK else None, len(s.data)) for s in outcome.segments)
    error = any(isinstance(effect, Signal) and effect.text.startswith("error") for effect in outcome.effects)
    to_read = len(outcome.tcb.unread) if outcome.tcb.syn_acknowledged else 0
    return Answer(sent, str(outcome.state), to_read, error)


def kernels(case: Case) -> Answer:
    numbers = RECORDED.numbers(case, ISS, IRS)
    sent = []
    for reply in case.replies:
        flags = Flags.parse(reply.flags)
        ack = evaluate(reply.ack, numbers) if flags & Flags.ACK else None
        sent.append((flags, evaluate(reply.seq, numbers), ack, reply.len))
    return Answer(tuple(sent), case.after, case.delivered, bool(case.error))


def fin_counts_alike(case: Case) -> bool:
    """What the RFC leaves open about a FIN after the FIN, and we decide as Linux does.

    The text before it is ignored, so a FIN behind text at RCV.NXT stays out of reach. In LAST-ACK the RFC goes on
    to the eighth step, where a FIN at RCV.NXT is counted even if the text before it is old.
    """
    if not (case.has("FIN") and case.data) or case.receiver != "full":
        return False
    return case.seq == "next" or case.state == "LAST-ACK"


def _documented() -> tuple[Difference, ...]:
    """The oracle's differences, one of them narrowed by our choice; and two more."""
    second_fin = next(each for each in DIFFERENCES if each.name.startswith("A second FIN beyond the first"))
    narrowed = second_fin._replace(matches=lambda case: second_fin.matches(case) and not fin_counts_alike(case))
    return (
        *(narrowed if each is second_fin else each for each in DIFFERENCES),
        Difference(
            "LISTEN leaves text beside SYN unacknowledged",
            "Only fast open takes text with a SYN; otherwise the peer sends it again.",
            "3.10.7.2",
            "tcp_conn_request",
            lambda case: case.state == "LISTEN" and case.flags == "SYN" and case.data > 0,
        ),
        Difference(
            "LAST-ACK ignores a second FIN at RCV.NXT",
            "No peer sends one. The RFC lets LAST-ACK reach the eighth step, which counts and acknowledges it.",
            "3.10.7.4 eighth",
            "tcp_rcv_state_process",
            lambda case: (
                case.state == "LAST-ACK" and case.has("FIN") and case.has("ACK") and not case.data
                and not case.has("SYN") and not case.has("RST")
                and case.seq == "next" and case.ack in {"old", "current"}
            ),
        ),
    )  # fmt: skip


DOCUMENTED = _documented()


def explanations(case: Case) -> list[str]:
    return [difference.name for difference in DOCUMENTED if difference.matches(case)]


@pytest.mark.parametrize(("state", "opened"), SETUPS)
def test_connection_stands_where_the_kernels_does(state: str, opened: str) -> None:
    tcb = connection(state, opened)
    assert tcb.state == state
    known = {"ISS": ISS, "IRS": IRS}
    kernel = {name: evaluate(text, known) for name, text in RECORDED.variables[state, opened].items()}
    assert {name: getattr(tcb, name.lower().replace(".", "_")) for name in kernel} == kernel


@pytest.mark.parametrize(("state", "opened"), SETUPS)
def test_every_answer_is_the_kernels_or_differs_as_documented(state: str, opened: str) -> None:
    cases = [case for case in RECORDED.cases if (case.state, case.opened) == (state, opened)]
    assert cases
    surprises = [
        (case, ours(case), kernels(case))
        for case in cases
        if (ours(case) != kernels(case)) != bool(explanations(case))
    ]
    assert surprises == []


@pytest.mark.parametrize("difference", DOCUMENTED, ids=lambda difference: difference.name)
def test_documented_difference_shows(difference: Difference) -> None:
    """It explains at least one case, and no case in which we agree with the kernel."""
    explained = [case for case in RECORDED.cases if difference.matches(case)]
    assert explained
    assert [case for case in explained if ours(case) == kernels(case)] == []
