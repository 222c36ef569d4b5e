"""What a Linux kernel answers to single segments, and where it departs from RFC 9293 §3.10.

`tools/record_kernel.py` made the recording. Every case is one probe segment sent to a fresh connection.
DIFFERENCES were found by reading RFC 9293 beside the recording; a difference matches a case only where the
departure from the RFC with challenge ACKs shows in the replies, the state afterward or the text delivered.
A case may match several.

Linux has three receivers: a full socket; a small request in SYN-RECEIVED after a passive OPEN; a small
leftover in TIME-WAIT. Most differences belong to one of them. `source` names functions of Linux's net/ipv4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

RECORDING = Path(__file__).parents[1] / "data" / "kernel-answers.json"
MODULUS = 2**32
AFTER_FIN = {"CLOSE-WAIT", "CLOSING", "LAST-ACK"}


class Reply(NamedTuple):
    """A segment that the kernel sent; `seq` and `ack` are expressions for `evaluate`, `len` counts text."""

    flags: str
    seq: str
    ack: str
    len: int = 0


class Case(NamedTuple):
    """A probe and what came of it; `seq` and `ack` are names in Recording.seq and Recording.ack."""

    state: str
    opened: str
    flags: str
    seq: str
    ack: str
    data: int
    replies: tuple[Reply, ...]
    after: str
    error: str
    delivered: int

    def has(self, flag: str) -> bool:
        return flag in self.flags.split(",")

    @property
    def length(self) -> int:
        """SEG.LEN."""
        return self.data + self.has("SYN") + self.has("FIN")

    @property
    def unacceptable(self) -> bool:
        """Whether the segment fails Table 6 of RFC 9293 (§3.10.7.4) and is not let in at the right edge (A.2)."""
        if self.seq == "edge":
            return self.length > 0 or self.has("RST")
        return self.seq == "right" or (self.seq == "left" and self.length < 2)

    @property
    def receiver(self) -> str:
        """Which of Linux's receivers takes the segment: full, request, leftover, or none of them."""
        if self.state in {"CLOSED", "LISTEN", "SYN-SENT"}:
            return ""
        if self.state == "TIME-WAIT":
            return "leftover"
        return "request" if (self.state, self.opened) == ("SYN-RECEIVED", "passive") else "full"


class Recording(NamedTuple):
    """The whole recording; `variables` holds the kernel's before the probe, by state and way of opening."""

    kernel: str
    recorded: str
    seq: dict[str, str]
    ack: dict[str, str]
    variables: dict[tuple[str, str], dict[str, str]]
    cases: tuple[Case, ...]

    def numbers(self, case: Case, iss: int, irs: int) -> dict[str, int]:
        """The kernel's variables, SEG.SEQ and SEG.ACK of a case for given initial sequence numbers."""
        known = {"ISS": iss, "IRS": irs}
        for name, expression in self.variables[case.state, case.opened].items():
            known[name] = evaluate(expression, known)
        known["SEG.SEQ"] = evaluate(self.seq[case.seq], known)
        known["SEG.ACK"] = evaluate(self.ack[case.ack], known)
        return known


def evaluate(expression: str, numbers: Mapping[str, int]) -> int:
    """The value modulo 2**32 of an expression such as RCV.NXT+RCV.WND+1."""
    total = 0
    for sign, term in re.findall(r"([+-]?)([^+-]+)", expression):
        number = int(term) if term.isdecimal() else numbers[term]
        total += -number if sign == "-" else number
    return total % MODULUS


def load(path: Path = RECORDING) -> Recording:
    """Read a recording."""
    content = json.loads(path.read_text(encoding="utf-8"))
    variables = {}
    cases = []
    for group in content["connections"]:
        place = (group["state"], group["opened"])
        variables[place] = {name: str(value) for name, value in group["variables"].items()}
        for case in group["cases"]:
            absent = {"data": 0, "error": "", "delivered": 0}
            replies = tuple(Reply(**reply) for reply in case["replies"])
            cases.append(Case(*place, **(absent | case | {"replies": replies})))
    head = {name: content[name] for name in ("kernel", "recorded", "seq", "ack")}
    return Recording(**head, variables=variables, cases=tuple(cases))


class Difference(NamedTuple):
    """A way in which Linux departs from RFC 9293, and the cases that show it."""

    name: str
    reason: str
    section: str
    source: str
    matches: Callable[[Case], bool]


def edge_is_inside(case: Case) -> bool:
    if case.seq != "edge" or not case.unacceptable or case.has("SYN") > case.has("RST"):
        return False
    if case.receiver != "full":
        return case.receiver == "request" and case.length == 0
    fits = case.length - case.has("FIN") == 0
    if case.has("RST"):
        return fits or case.state not in AFTER_FIN
    if not case.has("ACK"):
        return False
    if case.state == "SYN-RECEIVED":
        return True
    return fits and case.state in AFTER_FIN


def last_octet_is_inside(case: Case) -> bool:
    if (case.receiver, case.seq, case.length) != ("full", "left", 1):
        return False
    if case.has("RST") or not case.has("ACK"):
        return False
    if case.state == "SYN-RECEIVED":
        return case.ack == "ours" or not case.has("SYN")
    return case.state in {"FIN-WAIT-1", "CLOSING", "LAST-ACK"} and case.ack == "ours" and not case.has("SYN")


def reset_left_of_window(case: Case) -> bool:
    if case.seq != "left" or not case.has("RST") or case.state in AFTER_FIN:
        return False
    return case.length > {"full": 0, "request": 1}.get(case.receiver, case.length)


def fin_after_fin(case: Case) -> bool:
    if not (case.has("FIN") and case.has("ACK")) or case.has("SYN") or case.has("RST"):
        return False
    straddles = case.seq == "left" and case.length > 1
    if case.state == "CLOSE-WAIT":
        return case.seq == "next" and case.ack in {"old", "current"}
    if case.state == "CLOSING" and case.ack == "ours":
        return case.seq == "next" or straddles
    if case.state in {"CLOSING", "LAST-ACK"}:
        return straddles and case.ack in {"old", "current"}
    return case.state == "TIME-WAIT" and case.ack in {"old", "current"} and (case.seq == "next" or straddles)


def leftover_acknowledges(case: Case) -> bool:
    if case.receiver != "leftover" or case.has("RST") or case.has("SYN") or case.unacceptable:
        return False
    bare = case.seq == "next" and case.length == 0
    return case.ack in {"none", "old", "current"} and not bare and not fin_after_fin(case)


DIFFERENCES = (
    Difference(
        "LISTEN drops SYN with FIN",
        "No connection begins with its end; scanners send it. The RFC opens and keeps the FIN for later.",
        "3.10.7.2",
        "tcp_rcv_state_process",
        lambda case: case.state == "LISTEN" and case.flags == "FIN,SYN",
    ),
    Difference(
        "SYN-SENT leaves text and FIN beside SYN,ACK unacknowledged",
        "Only fast open takes text with a SYN; otherwise the peer sends text and FIN again.",
        "3.10.7.3",
        "tcp_rcv_synsent_state_process",
        lambda case: (
            case.state == "SYN-SENT" and case.has("SYN") and not case.has("RST")
            and case.ack == "ours" and case.length > 1
        ),
    ),
    Difference(
        "The number just beyond the window counts as inside",
        "SEQ may equal RCV.NXT+RCV.WND, and one segment may pass it while nothing waits to be read; a FIN is "
        "not counted. So a RST there draws a challenge ACK; what is empty, our table lets in, too (A.2).",
        "3.10.7.4 first",
        "tcp_sequence, tcp_in_window",
        edge_is_inside,
    ),
    Difference(
        "The ACK of a segment that ends at RCV.NXT is used",
        "A segment is old only if it ends before RCV.NXT. This lets simultaneous open and close finish, the "
        "case of Appendix A.2. The SYN,ACK of a simultaneous open gets past the SYN check, too.",
        "3.10.7.4 first, A.2",
        "tcp_sequence, tcp_validate_incoming",
        last_octet_is_inside,
    ),
    Difference(
        "A segment without ACK, RST and SYN is dropped unanswered",
        "It is dropped before the sequence check, where the RFC answers an unacceptable one with an ACK.",
        "3.10.7.4 first, fifth",
        "tcp_rcv_established, tcp_rcv_state_process",
        lambda case: (
            case.receiver == "full" and case.unacceptable and case.ack == "none"
            and not case.has("SYN") and not case.has("RST")
        ),
    ),
    Difference(
        "A RST with SYN or FIN left of the window draws a challenge ACK",
        "SYN and FIN beside the RST count in its length, so it reaches the window from the left.",
        "3.10.7.4 first, second",
        "tcp_sequence, tcp_in_window",
        reset_left_of_window,
    ),
    Difference(
        "After a FIN, a RST at RCV.NXT-1 resets",
        "Some stacks abort with FIN and then RST with the same SEQ.",
        "3.10.7.4 second",
        "tcp_reset_check",
        lambda case: case.state in AFTER_FIN and case.has("RST") and case.seq == "left",
    ),
    Difference(
        "After simultaneous open, an ACK of ISS is enough for ESTABLISHED",
        "The check asks for SND.UNA =< SEG.ACK; the RFC for SND.UNA < SEG.ACK, and answers with a RST.",
        "3.10.7.4 fifth",
        "tcp_rcv_state_process, tcp_ack",
        lambda case: (
            (case.state, case.opened, case.ack) == ("SYN-RECEIVED", "active", "current")
            and not case.has("SYN") and not case.has("RST")
            and case.seq != "right" and (case.seq, case.length) != ("left", 0)
        ),
    ),
    Difference(
        "A request checks the ACK before SEQ and SYN",
        "A wrong ACK is left to the listener, which answers with a RST as in LISTEN.",
        "3.10.7.4 first, fourth",
        "tcp_check_req",
        lambda case: (
            case.receiver == "request" and case.has("ACK") and not case.has("RST") and case.ack != "ours"
            and (case.unacceptable or (case.has("SYN") and case.seq != "left"))
        ),
    ),
    Difference(
        "A request answers a SYN in the window with a RST",
        "RFC 793's way. RFC 9293 returns to LISTEN in silence.",
        "3.10.7.4 fourth",
        "tcp_check_req",
        lambda case: (
            case.receiver == "request" and case.has("SYN") and not case.has("RST")
            and case.seq in {"next", "later"} and case.ack in {"none", "ours"}
        ),
    ),
    Difference(
        "A request answers its SYN repeated with SYN,ACK",
        "Its SYN,ACK may be lost. The RFC sends an ACK, or drops what it trimmed, and waits for its timer.",
        "3.10.7.4 first",
        "tcp_check_req",
        lambda case: (
            case.receiver == "request" and case.seq == "left" and case.has("SYN")
            and not case.has("ACK") and not case.has("RST")
        ),
    ),
    Difference(
        "A repeated SYN is not trimmed off new text",
        "The request trims it; the socket made from it sees the whole segment, a SYN: challenge ACK.",
        "3.10.7.4 first, fourth",
        "tcp_check_req, tcp_validate_incoming",
        lambda case: (
            case.receiver == "request" and case.seq == "left" and case.has("SYN") and not case.has("RST")
            and case.ack == "ours" and case.length > 1
        ),
    ),
    Difference(
        "Text after the peer's FIN resets the connection",
        "Bytes beyond the end of the stream can't be delivered: RST and error. The RFC ignores the text.",
        "3.10.7.4 seventh",
        "tcp_rcv_state_process",
        lambda case: (
            case.state in AFTER_FIN and case.seq == "left" and case.data > 1 and not case.has("RST")
            and case.ack in {"old", "current"}
        ),
    ),
    Difference(
        "A second FIN beyond the first is not acknowledged as the RFC says",
        "No peer sends one. At RCV.NXT it is ignored, in TIME-WAIT acknowledged without advancing; in a "
        "segment that starts left of RCV.NXT it is counted. The RFC advances RCV.NXT in the eighth step, "
        "which CLOSING and LAST-ACK without an ACK of our FIN don't reach.",
        "3.10.7.4 fifth, eighth",
        "tcp_rcv_state_process, tcp_timewait_state_process",
        fin_after_fin,
    ),
    Difference(
        "TIME-WAIT acknowledges all but bare segments at RCV.NXT",
        "One rule for all that is not in place. The RFC acknowledges a FIN and drops the rest in silence.",
        "3.10.7.4 fifth to eighth",
        "tcp_timewait_state_process",
        leftover_acknowledges,
    ),
    Difference(
        "TIME-WAIT sends no challenge ACK to a RST",
        "A RST at RCV.NXT ends it, any other is dropped.",
        "3.10.7.4 second",
        "tcp_timewait_state_process",
        lambda case: case.receiver == "leftover" and case.has("RST") and case.seq == "later",
    ),
    Difference(
        "TIME-WAIT does not look at the ACK field",
        "Nothing is left to be acknowledged. The RFC answers an ACK outside RFC 5961's range.",
        "3.10.7.4 fifth",
        "tcp_timewait_state_process",
        lambda case: (
            case.receiver == "leftover" and case.seq == "next" and case.length == 0 and not case.has("RST")
            and case.ack in {"beyond", "ancient"}
        ),
    ),
    Difference(
        "TIME-WAIT takes a SYN beyond RCV.NXT for a new connection",
        "With a listener on the port a higher SEQ is enough; ISS is beyond all that was sent. The RFC wants "
        "timestamps for that, else it sends a challenge ACK. With a FIN beside it, the listener drops it.",
        "3.10.7.4 fourth",
        "tcp_timewait_state_process",
        lambda case: (
            (case.state, case.opened) == ("TIME-WAIT", "passive") and case.has("SYN")
            and not case.has("ACK") and not case.has("RST") and case.seq in {"later", "right", "edge"}
        ),
    ),
)  # fmt: skip

# What the user is told after a reset, beside the RFC's signal.
RESET_ERRORS = {
    ("SYN-SENT", "active"): "ECONNREFUSED",  # "connection reset": the RFC's two words are swapped here
    ("SYN-RECEIVED", "passive"): "",
    ("SYN-RECEIVED", "active"): "ECONNRESET",  # "connection refused"
    ("ESTABLISHED", "active"): "ECONNRESET",
    ("FIN-WAIT-1", "active"): "ECONNRESET",
    ("FIN-WAIT-2", "active"): "ECONNRESET",
    ("CLOSE-WAIT", "active"): "EPIPE",  # "connection reset"
    ("CLOSING", "active"): "ECONNRESET",  # the RFC tells nothing here and below
    ("LAST-ACK", "active"): "ECONNRESET",
    ("TIME-WAIT", "active"): "",
    ("TIME-WAIT", "passive"): "",
}
