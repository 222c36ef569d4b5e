"""Break the table on purpose, one rule at a time, and see every break caught by behavior.

`python -m tools.mutants` makes every mutant of RULES: one rule dropped; the guards of two rules of one list swapped;
one next state changed to another. A mutant is killed by a vector, a situation and an event, on which it no longer
answers as the independent reading of §3.10 does, or raises. What survives must be in EQUIVALENT, with the reason.
Golden files and table counts have no part in this. Exits with 1 on a survivor, or on an entry that no longer is one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations, islice
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from oracles.compare import CALLS, differences, segments, situations
from tcpbook.protocol.events import Call, Check, Event
from tcpbook.protocol.machine import TABLE, step
from tcpbook.protocol.rules import OPENED, Rule
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB

Key = tuple[State, Event | Check]
Vector = tuple[TCB, Segment | Call]

EQUIVALENT = {
    f"{state}, ACK: swap acks_the_unsent, acks_the_distant_past": "Both do the same: the segment is dropped, with an "
    "ACK. Swapped, they give each other's reason in words; no segment and no variable differs."
    for state in SYNCHRONIZED
} | {
    f"{state}, sequence number: swap acceptable, empty_at_the_right_edge": "Both let the segment go on and do nothing "
    "else. Swapped, they give each other's reason in words."
    for state in OPENED
}
"""Mutants that no event can tell from the original, and why."""

COARSE, ALL = 13, 1  # strides through the segments: most mutants die early


class Mutant(NamedTuple):
    """What was done to which list, and the list as it is then; `changed` are the rules it touches."""

    name: str
    key: Key
    changed: tuple[Rule, ...]
    rules: tuple[Rule, ...]


def mutants() -> Iterator[Mutant]:
    """Every mutant of the table, list by list."""
    for key, rules in TABLE.items():
        where = f"{key[0]}, {key[1]}"
        for rule in rules:
            rest = tuple(other for other in rules if other is not rule)
            yield Mutant(f"{where}: drop {rule.guard.__name__}", key, (rule,), rest)
        for one, two in combinations(rules, 2):
            swapped = {one: replace(one, guard=two.guard), two: replace(two, guard=one.guard)}
            name = f"{where}: swap {one.guard.__name__}, {two.guard.__name__}"
            yield Mutant(name, key, (one, two), tuple(swapped.get(rule, rule) for rule in rules))
        for rule in rules:
            for state in State:
                if state is not rule.next_state:
                    led_astray = tuple(replace(rule, next_state=state) if r is rule else r for r in rules)
                    yield Mutant(f"{where}: {rule.guard.__name__} to {state}", key, (rule,), led_astray)


def vectors(state: State, stride: int) -> dict[Rule, list[Vector]]:
    """The vectors by the rules that they fire in this state; of the segments, each stride-th."""
    found: dict[Rule, list[Vector]] = {}
    for tcb in situations():
        if tcb.state is state or (tcb.state is State.LISTEN and state is State.SYN_RECEIVED):
            for event in (*CALLS, *islice(segments(tcb), 0, None, stride)):
                for rule in step(tcb, event).rules:
                    if rule.state is state:
                        found.setdefault(rule, []).append((tcb, event))
    return found


def killer(mutant: Mutant, known: dict[Rule, list[Vector]]) -> Vector | None:
    """The first vector that tells the mutant from the reading of the RFC, which the table itself agrees with."""
    table = TABLE | {mutant.key: mutant.rules}
    rules = sorted(TABLE[mutant.key], key=lambda rule: rule not in mutant.changed)
    for rule in rules:
        for tcb, event in known.get(rule, []):
            try:
                outcome = step(tcb, event, table)
            except Exception:  # whatever it raises, the original doesn't
                return tcb, event
            original = step(tcb, event)
            if (outcome.tcb, outcome.effects) == (original.tcb, original.effects):
                continue  # spares the reading
            if differences(tcb, event, table) and not differences(tcb, event):
                return tcb, event
    return None


def survivors(chosen: Iterable[Mutant]) -> list[Mutant]:
    """Those that no vector kills."""
    alive = list(chosen)
    for stride in (COARSE, ALL):
        for state in State:
            known: dict[Rule, list[Vector]] = {}
            for mutant in [mutant for mutant in alive if mutant.key[0] is state]:
                known = known or vectors(state, stride)
                if killer(mutant, known):
                    alive.remove(mutant)
    return alive


def main() -> int:
    """Run them all."""
    chosen = list(mutants())
    alive = {mutant.name for mutant in survivors(chosen)}
    for name in sorted(alive - EQUIVALENT.keys()):
        print(f"survives: {name}")
    for name in sorted(EQUIVALENT.keys() - alive):
        print(f"listed as equivalent, but killed: {name}")
    print(f"{len(chosen)} mutants, {len(chosen) - len(alive)} killed, {len(alive & EQUIVALENT.keys())} equivalent")
    return 1 if alive ^ EQUIVALENT.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
