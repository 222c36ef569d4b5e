"""The machine: a rule look-up beside a plain dict look-up in its place, and data segments a second."""

from __future__ import annotations

from time import process_time

from benchmarks.row import Row
from tcpbook.protocol.events import Check
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import TABLE, step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.situations import in_state
from tcpbook.protocol.state import State

ROUNDS, LOOKUPS, STEPS = 60, 5_000, 300


def run() -> list[Row]:
    """Return the best of many short rounds, which the rest of the machine leaves alone."""
    plain = {("ESTABLISHED", number): number for number in range(len(TABLE))}
    tcb = in_state(State.ESTABLISHED)
    text = Segment(seq=tcb.rcv_nxt, ack=tcb.snd_nxt, flags=Flags.ACK, data=bytes(1_000))
    state, check, word, number = State.ESTABLISHED, Check.ACK, "ESTABLISHED", 7
    found = counted = stepped = 1e9
    for _ in range(ROUNDS):
        start = process_time()
        for _ in range(LOOKUPS):
            TABLE[state, check]
        middle = process_time()
        for _ in range(LOOKUPS):
            plain[word, number]
        end = process_time()
        for _ in range(STEPS):
            step(tcb, text)
        found, counted = min(found, middle - start), min(counted, end - middle)
        stepped = min(stepped, process_time() - end)
    ours, theirs, a_step = found / LOOKUPS * 1e6, counted / LOOKUPS * 1e6, stepped / STEPS * 1e6
    return [
        Row("rule look-up", ours, "a plain dict look-up", theirs, bar="at most twice", met=ours <= 2 * theirs),
        Row("step, one data segment", a_step, "a plain dict look-up", theirs, bar="at most 10 µs", met=a_step <= 10),
    ]
