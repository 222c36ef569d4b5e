"""What a combination of control bits amounts to: usual, odd, refused everywhere, or a port scanner's."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import NamedTuple

from tcpbook.protocol.events import Check
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.situations import REMOTE_PORT, reachable
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB

FIN, SYN, RST, PSH, ACK = Flags.FIN, Flags.SYN, Flags.RST, Flags.PSH, Flags.ACK
URG, ECE, CWR = Flags.URG, Flags.ECE, Flags.CWR
ECN = ECE | CWR | Flags.AE  # bits that no state looks at


class Kind(StrEnum):
    """The four verdicts."""

    USUAL = "usual"
    ODD = "odd, but processed"
    REFUSED = "dropped or reset by every state"
    SCAN = "a port scanner's"


class Verdict(NamedTuple):
    """A verdict, its reason in a sentence or two, and the section behind it.

    `processed_in` are the states that do more with it, at RCV.NXT, than drop it or answer with a reset or an ACK.
    """

    kind: Kind
    reason: str
    section: str
    processed_in: tuple[State, ...]

    def __repr__(self) -> str:
        return f"<{self.kind}: {self.reason} §{self.section}>"


# What ordinary TCPs send, and what for. Facts about practice: no rule forbids the rest.
_USUAL = {
    SYN: ("The first segment of a connection.", "3.5"),
    SYN | ACK: ("The answer to a SYN.", "3.5"),
    SYN | ECE | CWR: ("A first SYN that offers ECN.", "RFC 3168 §6.1.1"),
    SYN | ACK | ECE: ("The answer to a SYN that offered ECN.", "RFC 3168 §6.1.1"),
    ACK: ("An acknowledgment, with or without text.", "3.4"),
    PSH | ACK: ("Text that its sender wants delivered without delay.", "3.9.1.2"),
    FIN | ACK: ("The sender has no more text.", "3.6"),
    FIN | PSH | ACK: ("The last text, and the sender's FIN with it.", "3.6"),
    RST: ("A reset that answers a segment with ACK; its number is that segment's ACK.", "3.5.2"),
    RST | ACK: ("A reset that answers a segment without ACK.", "3.5.2"),
}
_SCANS = {
    Flags(0): "NULL scan: no bit at all.",
    FIN: "FIN scan: no connection sends FIN without ACK.",
    FIN | PSH | URG: "Xmas scan: FIN, PSH and URG, lit up like a tree.",
}
_ODDITIES = (
    (SYN | RST, "SYN and RST contradict each other; where RST is checked first, it wins."),
    (SYN | FIN, "SYN and FIN open and close at once: allowed by the rules, sent by scanners, dropped by Linux."),
    (RST, "Beside RST the other bits mean nothing."),
    (ACK | URG, "Urgent data is legal, but new applications should not send it (SHLD-13)."),
    (SYN, "A SYN may carry more bits than its own; few do."),
    (Flags(0), "Few TCPs send this combination."),
)
_ECN_MEANS = (
    (ECE, "ECE echoes a congestion mark."),
    (CWR, "CWR confirms a smaller window."),
    (Flags.AE, "AE, with ECE and CWR, counts congestion marks (RFC 9768)."),
)
_SCANNER = "A closed port answers with a reset, a listener is silent: the difference is what the scanner wants."


@cache
def verdict(flags: Flags) -> Verdict:
    """Judge a combination of control bits (RFC 9293 §3.10.7; usual ones by practice).

    >>> verdict(Flags.SYN | Flags.ACK)
    <usual: The answer to a SYN. §3.5>
    """
    acts = {tcb.state: outcome for tcb in reachable() for outcome in _outcomes(tcb, flags) if _processed(outcome)}
    states = tuple(acts)
    usual = _with_ecn(flags) or _USUAL.get(flags & ~Flags.AE)
    if usual:
        return Verdict(Kind.USUAL, *usual, states)
    if flags & ~ECN in _SCANS:
        return Verdict(Kind.SCAN, f"{_SCANS[flags & ~ECN]} {_SCANNER}", "3.10.7", states)
    if not states:
        reason = "It has neither ACK, SYN nor RST" if not flags & (ACK | SYN | RST) else "Nothing can be made of it"
        reason += ": CLOSED resets, the other states drop it."
        return Verdict(Kind.REFUSED, reason, "3.10.7", states)
    shown = next((state for state in (State.ESTABLISHED, State.LISTEN) if state in acts), states[0])
    rule = acts[shown].deciding
    oddity = next(text for bits, text in _ODDITIES if flags & bits == bits)
    return Verdict(Kind.ODD, f"{oddity} {shown} acts on it: {rule.why}", rule.section, states)


def _with_ecn(flags: Flags) -> tuple[str, str] | None:
    """In an open connection, ECE, CWR and AE may ride on any segment with ACK."""
    usual = _USUAL.get(flags & ~ECN)
    if usual is None or not flags & ECN or not flags & ACK or flags & (SYN | RST):
        return None
    ridden = [text for bit, text in _ECN_MEANS if flags & bit]
    return " ".join([usual[0], *ridden]), "RFC 3168 §6.1"


def _outcomes(tcb: TCB, flags: Flags) -> list[Outcome]:
    acks = dict.fromkeys((tcb.snd_una, tcb.snd_nxt))
    return [step(tcb, Segment(REMOTE_PORT, tcb.local_port, tcb.rcv_nxt, ack, flags)) for ack in acks]


def _processed(outcome: Outcome) -> bool:
    """It went through all checks, or changed the state."""
    last = outcome.rules[-1]
    return last.check is Check.FIN or last.next_state is not outcome.rules[0].state
