"""Where an end departs from RFC 9293, as far as an outside observer can tell: one row a check."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tcpbook.lab.capture.passing import ACK, FIN, RST, SYN, Passed, signed
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB

CLOSED_ITSELF = (State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK, State.TIME_WAIT)
BEFORE = (State.CLOSED, State.LISTEN, State.SYN_SENT)


class Situation(NamedTuple):
    """What is known when a segment passes: its sender's TCB, what the machine just answered, what arrived last.

    `text_since` says that text has arrived since its user closed; `own_edge` and `peer_edge` are the highest numbers
    that the sender's window and its peer's have reached, None where the scale of windows is unknown.
    """

    tcb: TCB
    one: Passed
    owed: tuple[Segment, ...]
    latest: Passed | None
    text_since: bool
    own_edge: int | None
    peer_edge: int | None


class Departure(NamedTuple):
    """A check, and what it means when it holds."""

    applies: Callable[[Situation], bool]
    words: str


def beyond_the_window(now: Situation) -> bool:
    """Text ends beyond what the peer ever offered, by more than a probe's byte."""
    text_stop = now.one.stop - now.one.has(FIN)
    fresh = now.one.takes > now.one.has(FIN) and not now.one.has(SYN | RST)
    return fresh and now.peer_edge is not None and text_stop > now.peer_edge + 1


def shrinks_the_window(now: Situation) -> bool:
    """The window's right edge lies left of where it was, by more than the scale can't tell."""
    if now.own_edge is None or now.one.has(SYN | RST) or not now.one.has(ACK):
        return False
    newest = now.one.start >= signed(now.tcb.snd_nxt)
    return newest and signed(now.one.segment.ack) + now.one.segment.wnd + now.one.grain <= now.own_edge


def sends_after_its_fin(now: Situation) -> bool:
    """Something new from an end that has sent its FIN."""
    fresh = now.one.takes > 0 and now.one.stop > signed(now.tcb.snd_nxt)
    return now.tcb.state in CLOSED_ITSELF and fresh and not now.one.has(SYN | RST)


def lacks_ack(now: Situation) -> bool:
    """Neither SYN nor RST, and no ACK."""
    return not now.one.has(SYN | RST | ACK)


def resets_in_time_wait(now: Situation) -> bool:
    """A RST where the machine acknowledges; unless it may be for text that came after CLOSE (SHLD-3)."""
    return now.tcb.state is State.TIME_WAIT and now.one.has(RST) and not now.text_since


def resets_with_a_strange_number(now: Situation) -> bool:
    """A RST that is no answer, and whose number is not the sender's next."""
    if not now.one.has(RST) or now.tcb.state in BEFORE or any(owed.flags & RST for owed in now.owed):
        return False
    asked = now.latest is not None and now.latest.has(ACK) and signed(now.latest.segment.ack) == now.one.start
    return not asked and now.one.start != signed(now.tcb.snd_nxt)


DEPARTURES = (
    Departure(
        beyond_the_window,
        "It sends beyond the window it was offered (RFC 9293 §3.8.6 has it wait, but for a probe of one byte).",
    ),
    Departure(
        shrinks_the_window,
        "It takes back a window that it had offered (RFC 9293 §3.8.6: a receiver should not, SHLD-14).",
    ),
    Departure(
        sends_after_its_fin,
        "It sends something new after its FIN (RFC 9293 §3.10.2: after CLOSE a SEND is an error).",
    ),
    Departure(lacks_ack, "It lacks ACK (RFC 9293 §3.10.7.4: such a segment is dropped)."),
    Departure(
        resets_in_time_wait,
        "It answers by RST from TIME-WAIT (RFC 9293 §3.10.7.4: by ACK; and §3.10.5: an ABORT sends nothing there).",
    ),
    Departure(
        resets_with_a_strange_number,
        "The RST's SEQ is not the next of its end (RFC 9293 §3.10.5): something on the way may have sent it.",
    ),
)
"""Every departure that is looked for, each with its section."""
