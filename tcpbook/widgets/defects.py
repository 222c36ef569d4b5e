"""State diagrams with one wrong label, as books and web pages draw them: which arrow is it?"""

from __future__ import annotations

from typing import NamedTuple

from tcpbook.protocol.state import State


class Defect(NamedTuple):
    """One wrong label: on the arc from `before` to `after` stands `drawn` where `right` is meant, and why not."""

    before: State
    after: State
    drawn: str
    right: str
    why: str


DEFECTS = (
    Defect(
        State.SYN_SENT, State.SYN_RECEIVED, "rcv SYN / snd ACK", "rcv SYN / snd SYN,ACK",
        "Both ends have called, and neither knows whether its SYN arrived: the SYN goes out again, with the ACK. "
        "RFC 793 printed the wrong label in its Figure 6; RFC 1122 §4.2.2.8 put it right.",
    ),
    Defect(
        State.LAST_ACK, State.CLOSED, "rcv FIN / delete TCB", "rcv ACK of FIN / delete TCB",
        "The peer's FIN came before CLOSE-WAIT. What is still missing is the acknowledgment of ours; the state's name "
        "says so. The wrong label is found on the web.",
    ),
    Defect(
        State.CLOSE_WAIT, State.LAST_ACK, "rcv ACK", "CLOSE / snd FIN",
        "No segment ends CLOSE-WAIT: it waits for our own program to call CLOSE. With the wrong label, which is found "
        "on the web, nobody sees why sockets pile up there.",
    ),
    Defect(
        State.TIME_WAIT, State.CLOSED, "snd ACK / delete TCB", "2 MSL timeout / delete TCB",
        "The last ACK goes out on entering TIME-WAIT. The state ends when its timer has run for 2 MSL. The wrong "
        "label is found on the web.",
    ),
    Defect(
        State.FIN_WAIT_1, State.FIN_WAIT_2, "rcv FIN / snd ACK", "rcv ACK of FIN",
        "FIN-WAIT-2 means that our FIN is acknowledged and the peer's has not come. A FIN that comes first leads to "
        "CLOSING.",
    ),
    Defect(
        State.SYN_RECEIVED, State.LISTEN, "rcv FIN", "rcv RST",
        "A reset tells a listener that the caller is gone, or never was. A FIN ends a connection that both ends want; "
        "with the ACK of our SYN it leads to CLOSE-WAIT.",
    ),
    Defect(
        State.LISTEN, State.SYN_SENT, "rcv SYN / snd SYN", "active OPEN / snd SYN",
        "A SYN that arrives makes the listener answer, in SYN-RECEIVED. Only its own user can turn it into a caller, "
        "by OPEN or by SEND.",
    ),
)  # fmt: skip
"""The defects, each a diagram of its own; `right` is a label of the derived transition and `drawn` is none."""
