"""FlagLab's precomputed answers are `step`'s."""

from __future__ import annotations

import json
import random
from itertools import product

import pytest

from tcpbook.protocol.flags import COMBINATIONS, Flags
from tcpbook.protocol.machine import step
from tcpbook.protocol.situations import in_state
from tcpbook.protocol.state import State
from tcpbook.widgets.flag_table import CONDITIONS, disabled, effective, look_up, note, segment, table

ALL = [dict(zip(CONDITIONS, keys, strict=True)) for keys in product(*CONDITIONS.values())]


def check_cell(state: State, flags: Flags, chosen: dict[str, str]) -> None:
    counts = effective(state, chosen)
    passive = counts["opened"] == "passively" and state is not State.SYN_SENT
    tcb = in_state(state, passive=passive, challenge_acks=counts["rfc5961"] == "on")
    outcome = step(tcb, segment(tcb, flags, counts["seq"], counts["ack"]))
    found = look_up(state, flags, chosen)
    assert found["after"] == outcome.state
    assert found["reply"] == [repr(sent) for sent in outcome.segments]
    assert found["note"] == note(state, outcome)
    fired = [table()["rules"][number] for number in found["rules"]]
    assert fired == [[str(rule.check), rule.why, rule.section] for rule in outcome.rules]


@pytest.mark.parametrize("state", State)
def test_a_sample_of_cells_equals_step(state: State) -> None:
    for flags, chosen in random.Random(9293).sample(list(product(COMBINATIONS[:256], ALL)), 600):
        check_cell(state, flags, chosen)


@pytest.mark.long
@pytest.mark.parametrize("state", State)
def test_every_cell_equals_step(state: State) -> None:
    for flags, chosen in product(COMBINATIONS, ALL):
        check_cell(state, flags, chosen)


@pytest.mark.parametrize("state", State)
def test_a_choice_that_means_nothing_has_a_reason_and_a_substitute(state: State) -> None:
    closed = disabled(state)
    for chosen in ALL:
        for name, counts in effective(state, chosen).items():
            usable = [key for key in CONDITIONS[name] if key not in closed[name]]
            assert counts in (usable or CONDITIONS[name])
            if chosen[name] in usable:
                assert counts == chosen[name]
    assert all(reason for reasons in closed.values() for reason in reasons.values())


def test_seq_and_ack_are_where_the_conditions_say() -> None:
    tcb = in_state(State.FIN_WAIT_1)
    flags = Flags.ACK
    assert segment(tcb, flags, "at", "new").seq == tcb.rcv_nxt
    assert tcb.accepts(segment(tcb, flags, "later", "new").seq, 0)
    assert not tcb.accepts(segment(tcb, flags, "left", "new").seq, 0)
    assert not tcb.accepts(segment(tcb, flags, "right", "new").seq, 0)
    assert [segment(tcb, flags, "at", ack).ack for ack in CONDITIONS["ack"]] == [102, 101, 100, 103]


def test_the_table_is_small_json() -> None:
    assert len(json.dumps(table())) < 120_000


def test_the_named_answers_of_the_book() -> None:
    first = ALL[0]
    assert look_up(State.SYN_SENT, Flags.SYN | Flags.ACK, first)["note"] == "→ ESTABLISHED, ACK"
    assert look_up(State.LISTEN, Flags.SYN | Flags.ACK, first)["note"] == "RST"
    assert look_up(State.LISTEN, Flags.FIN | Flags.PSH | Flags.URG, first)["note"] == "dropped"
    assert look_up(State.CLOSED, Flags.FIN | Flags.PSH | Flags.URG, first)["note"] == "RST,ACK"
    assert look_up(State.TIME_WAIT, Flags.FIN | Flags.ACK, first | {"seq": "left"})["note"] == "ACK"
