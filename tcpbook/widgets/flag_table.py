"""What every state answers to every combination of control bits, computed once by `step`.

The answers that differ are few, so the table is small: rows of 32 (the bits that matter to a state), shared
by all conditions that lead to the same row. The page looks up in the same table as Python.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

from tcpbook.protocol.flags import COMBINATIONS, FLAGS, Flags
from tcpbook.protocol.machine import Outcome, step
from tcpbook.protocol.rules import RULES
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add
from tcpbook.protocol.situations import IRS, ISS, REMOTE_PORT, in_state
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.verdict import verdict

MATTERS = (Flags.FIN, Flags.SYN, Flags.RST, Flags.ACK, Flags.URG)
"""The bits that some rule looks at; PSH only travels with the text, CWR, ECE and AE concern no state."""

CONDITIONS: dict[str, dict[str, str]] = {
    "seq": {"at": "= RCV.NXT", "later": "later, inside", "left": "left of window", "right": "right of window"},
    "ack": {"new": "of our SYN/FIN", "current": "= SND.UNA", "old": "old", "beyond": "> SND.NXT"},
    "opened": {"passively": "passively", "actively": "actively"},
    "rfc5961": {"on": "on", "off": "off"},
}
"""The conditions, each with its choices and what they are called; the first choice is the default."""

_NO_RCV_NXT = (State.CLOSED, State.LISTEN, State.SYN_SENT)
_NOTHING_SENT = (State.CLOSED, State.LISTEN)
_UNACKNOWLEDGED = (State.SYN_SENT, State.SYN_RECEIVED, State.FIN_WAIT_1, State.CLOSING, State.LAST_ACK)


def disabled(state: State) -> dict[str, dict[str, str]]:
    """The choices that mean nothing in `state`, by condition, each with the reason."""
    found: dict[str, dict[str, str]] = {name: {} for name in CONDITIONS}
    if state in _NO_RCV_NXT:
        found["seq"] = dict.fromkeys(CONDITIONS["seq"], f"{state} has no RCV.NXT to compare SEQ with")
        found["rfc5961"] = dict.fromkeys(CONDITIONS["rfc5961"], f"{state} sends no challenge ACKs")
    if state in _NOTHING_SENT:
        found["ack"] = dict.fromkeys(CONDITIONS["ack"], f"{state} has sent nothing: every ACK is wrong")
    elif state not in _UNACKNOWLEDGED:
        found["ack"] = {"new": f"no SYN or FIN of ours is unacknowledged in {state}"}
    if state is State.LISTEN:
        found["opened"] = {"actively": "a listener was opened passively"}
    elif state is State.SYN_SENT:
        found["opened"] = {"passively": "SYN-SENT follows an active OPEN"}
    elif state is not State.SYN_RECEIVED:
        found["opened"] = dict.fromkeys(CONDITIONS["opened"], "it matters in SYN-RECEIVED only")
    return found


def effective(state: State, chosen: dict[str, str]) -> dict[str, str]:
    """What counts in `state`: where a choice means nothing, the first that does, or else the default."""
    closed = disabled(state)
    return {
        name: chosen[name]
        if chosen[name] not in closed[name]
        else next((key for key in choices if key not in closed[name]), next(iter(choices)))
        for name, choices in CONDITIONS.items()
    }


def situation(state: State, chosen: dict[str, str]) -> TCB:
    """The connection that the conditions describe, as `effective` sees them."""
    passive = effective(state, chosen)["opened"] == "passively" and state is not State.SYN_SENT
    return in_state(state, passive=passive, challenge_acks=chosen["rfc5961"] == "on")


def segment(tcb: TCB, flags: Flags, seq: str, ack: str) -> Segment:
    """The segment that arrives: these control bits, SEQ and ACK as the conditions say."""
    rcv_nxt = IRS if tcb.state in _NO_RCV_NXT else tcb.rcv_nxt
    una, nxt = (ISS, ISS) if tcb.state in _NOTHING_SENT else (tcb.snd_una, tcb.snd_nxt)
    seqs = {
        "at": rcv_nxt,
        "later": add(rcv_nxt, 100),
        "left": add(rcv_nxt, -1),
        "right": add(rcv_nxt, tcb.rcv_wnd + 100),
    }
    acks = {"new": nxt, "current": una, "old": add(una, -1), "beyond": add(nxt, 1)}
    number = acks[ack] if flags & Flags.ACK else 0
    return Segment(REMOTE_PORT, tcb.local_port, seqs[seq], number, flags)


def outcome(state: State, flags: Flags, chosen: dict[str, str]) -> Outcome:
    """What `step` makes of this segment in this state."""
    counts = effective(state, chosen)
    tcb = situation(state, chosen)
    return step(tcb, segment(tcb, flags, counts["seq"], counts["ack"]))


def note(state: State, result: Outcome) -> str:
    """An answer in a word or two, as a node of the graph shows it."""
    reply = " + ".join(str(sent.flags) for sent in result.segments)
    if result.state is not state:
        return f"→ {result.state}" + (f", {reply}" if reply else "")
    return reply or ("taken" if result.deciding.effects or result.rules[-1].check == "FIN" else "dropped")


def _answer(state: State, result: Outcome) -> dict[str, Any]:
    return {
        "after": str(result.state),
        "reply": [repr(sent) for sent in result.segments],
        "note": note(state, result),
        "rules": [_NUMBERS[id(rule)] for rule in result.rules],
    }


_NUMBERS = {id(rule): number for number, rule in enumerate(RULES)}


def combination(bits: int) -> Flags:
    """The flags of a column: bit n of `bits` is the n-th of MATTERS."""
    return COMBINATIONS[sum(flag for place, flag in enumerate(MATTERS) if bits >> place & 1)]


@cache
def table() -> dict[str, Any]:
    """Everything the page needs, as JSON data; see `look_up` for how it is read."""
    answers: dict[str, int] = {}
    rows: dict[tuple[int, ...], int] = {}
    found: list[dict[str, Any]] = []
    where: dict[str, int] = {}
    for state, keys in product(State, product(*CONDITIONS.values())):
        chosen = dict(zip(CONDITIONS, keys, strict=True))
        if chosen != effective(state, chosen):
            continue
        row = []
        for bits in range(1 << len(MATTERS)):
            answer = _answer(state, outcome(state, combination(bits), chosen))
            number = answers.setdefault(repr(answer), len(found))
            if number == len(found):
                found.append(answer)
            row.append(number)
        where[" ".join([state, *keys])] = rows.setdefault(tuple(row), len(rows))
    used = sorted({number for answer in found for number in answer["rules"]})
    verdicts = [verdict(flags) for flags in COMBINATIONS]
    kinds = list(dict.fromkeys(verdicts))
    return {
        "flags": [[row.name, int(row.flag), row.meaning] for row in reversed(FLAGS)],
        "matters": [int(flag) for flag in MATTERS],
        "ack": int(Flags.ACK),
        "states": [[str(state), state.meaning] for state in State],
        "conditions": CONDITIONS,
        "disabled": {str(state): disabled(state) for state in State},
        "where": where,
        "rows": [list(row) for row in rows],
        "answers": found,
        "rules": {n: [str(RULES[n].check), RULES[n].why, RULES[n].section] for n in used},
        "verdicts": [[str(kind.kind), kind.reason, kind.section] for kind in kinds],
        "verdict": [kinds.index(judged) for judged in verdicts],
    }


def look_up(state: State, flags: Flags, chosen: dict[str, str]) -> dict[str, Any]:
    """Find an answer in the table, as the page does."""
    data = table()
    counts = effective(state, chosen)
    row = data["rows"][data["where"][" ".join([state, *counts.values()])]]
    column = sum(1 << place for place, flag in enumerate(MATTERS) if flags & flag)
    found: dict[str, Any] = data["answers"][row[column]]
    return found
