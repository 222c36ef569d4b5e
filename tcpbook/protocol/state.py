"""The eleven states of a TCP connection (RFC 9293 §3.3.2)."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """A connection's state, spelled as RFC 9293 spells it.

    >>> print(State.SYN_RECEIVED)
    SYN-RECEIVED
    """

    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"

    @property
    def meaning(self) -> str:
        """What the endpoint is waiting for (RFC 9293 §3.3.2)."""
        return _MEANINGS[self]


_MEANINGS = {
    State.CLOSED: "no connection at all: there is no TCB",
    State.LISTEN: "waiting for any peer's connection request",
    State.SYN_SENT: "our SYN is out; waiting for the peer's",
    State.SYN_RECEIVED: "both SYNs are out; waiting for the acknowledgment of ours",
    State.ESTABLISHED: "open: text flows both ways",
    State.FIN_WAIT_1: "our FIN is sent or queued; waiting for its acknowledgment or the peer's FIN",
    State.FIN_WAIT_2: "our FIN is acknowledged; waiting for the peer's",
    State.CLOSE_WAIT: "the peer has closed; waiting for our own user to CLOSE",
    State.CLOSING: "both sides closed at once; waiting for the acknowledgment of our FIN",
    State.LAST_ACK: "the peer closed first, then we; waiting for the acknowledgment of our FIN",
    State.TIME_WAIT: "closed in both directions; waiting 2 MSL so that old segments die out",
}

SYNCHRONIZED = (
    State.ESTABLISHED,
    State.FIN_WAIT_1,
    State.FIN_WAIT_2,
    State.CLOSE_WAIT,
    State.CLOSING,
    State.LAST_ACK,
    State.TIME_WAIT,
)
"""The states in which both ends know each other's sequence numbers (RFC 9293 §3.5.2, group 3)."""

UNNAMED = "—"
"""What stands in DIALECTS where a dialect has no name for a state."""

DIALECTS: dict[str, dict[State, str]] = {
    "RFC 9293": {state: str(state) for state in State},
    "Linux (netstat)": {
        State.CLOSED: "CLOSE",
        State.LISTEN: "LISTEN",
        State.SYN_SENT: "SYN_SENT",
        State.SYN_RECEIVED: "SYN_RECV",
        State.ESTABLISHED: "ESTABLISHED",
        State.FIN_WAIT_1: "FIN_WAIT1",
        State.FIN_WAIT_2: "FIN_WAIT2",
        State.CLOSE_WAIT: "CLOSE_WAIT",
        State.CLOSING: "CLOSING",
        State.LAST_ACK: "LAST_ACK",
        State.TIME_WAIT: "TIME_WAIT",
    },
    "Linux (ss)": {
        **{state: str(state) for state in State},
        State.CLOSED: "UNCONN",
        State.SYN_RECEIVED: "SYN-RECV",
        State.ESTABLISHED: "ESTAB",
    },
    "the notes": {
        **{state: state.replace("-", "_") for state in State},
        State.SYN_SENT: UNNAMED,
        State.SYN_RECEIVED: "SYN_RCV",
        State.FIN_WAIT_1: "FIN_WAIT",
        State.FIN_WAIT_2: "FIN_WAIT",
        State.CLOSING: UNNAMED,
        State.LAST_ACK: UNNAMED,
    },
}
"""How RFC 9293, two tools of Linux and the notes this book grew out of call each state.

netstat prints the kernel's names, as psutil does; `ss` has its own. The notes have one FIN_WAIT for two states.
"""
