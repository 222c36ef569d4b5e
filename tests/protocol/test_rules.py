"""The table is whole: every pair is answered, every rule is reachable, named and explained."""

from __future__ import annotations

import inspect
from itertools import islice, product

import pytest

from oracles.compare import CALLS, segments, situations
from tcpbook.protocol import effects, guards
from tcpbook.protocol.events import Check, Event
from tcpbook.protocol.machine import TABLE, step
from tcpbook.protocol.rules import CHECKS, RULES, Rule
from tcpbook.protocol.state import State
from tcpbook.protocol.turn import Effect, Output

# The headings of RFC 9293 §3, in the table of contents and in the text below it.
SECTIONS = {
    "3.1", "3.2", "3.2.1", "3.2.2", "3.3", "3.3.1", "3.3.2", "3.4", "3.4.1", "3.4.2", "3.4.3", "3.5", "3.5.1",
    "3.5.2", "3.5.3", "3.6", "3.6.1", "3.7", "3.7.1", "3.7.2", "3.7.3", "3.7.4", "3.7.5", "3.8", "3.8.1", "3.8.2",
    "3.8.3", "3.8.4", "3.8.5", "3.8.6", "3.8.6.1", "3.8.6.2", "3.8.6.2.1", "3.8.6.2.2", "3.8.6.3", "3.9", "3.9.1",
    "3.9.1.1", "3.9.1.2", "3.9.1.3", "3.9.1.4", "3.9.1.5", "3.9.1.6", "3.9.1.7", "3.9.1.8", "3.9.1.9", "3.9.2",
    "3.9.2.1", "3.9.2.2", "3.9.2.3", "3.10", "3.10.1", "3.10.2", "3.10.3", "3.10.4", "3.10.5", "3.10.6", "3.10.7",
    "3.10.7.1", "3.10.7.2", "3.10.7.3", "3.10.7.4", "3.10.8", "A.2",
}  # fmt: skip
UNCONDITIONAL = (guards.always, guards.otherwise)
LISTS = [pytest.param(rules, id=f"{state}, {key}") for (state, key), rules in TABLE.items()]


# --- Whole -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "event"), [*product(State, Event)])
def test_every_event_is_answered_in_every_state(state: State, event: Event) -> None:
    first = CHECKS[state][0] if event is Event.SEGMENT_ARRIVES else event
    assert TABLE[state, first]


@pytest.mark.parametrize("state", State)
def test_every_check_of_a_state_has_rules(state: State) -> None:
    assert {key for key in TABLE if key[0] is state and isinstance(key[1], Check)} == {
        (state, check) for check in CHECKS[state]
    }


@pytest.mark.parametrize("rules", LISTS)
def test_the_last_rule_always_applies_and_no_other_does(rules: tuple[Rule, ...]) -> None:
    assert [rule.guard in UNCONDITIONAL for rule in rules] == [False] * (len(rules) - 1) + [True]
    assert (rules[-1].guard is guards.always) == (len(rules) == 1)


@pytest.mark.parametrize("rules", LISTS)
def test_no_rule_is_made_redundant_by_another(rules: tuple[Rule, ...]) -> None:
    """Each guard stands once, and the rule before the last one says something else than the last."""
    assert len({rule.guard for rule in rules}) == len(rules)
    outcomes = [(rule.effects, rule.next_state, rule.then) for rule in rules]
    assert outcomes[-1] not in outcomes[-2:-1]


def test_only_a_segment_goes_on_and_only_forward() -> None:
    for rule in RULES:
        assert (rule.check is not None) == (rule.event is Event.SEGMENT_ARRIVES), rule
        if rule.then is not None:
            order = CHECKS[rule.next_state]
            assert rule.then in order, rule
            assert rule.check not in order or order.index(rule.check) < order.index(rule.then), rule


def test_every_rule_fires_in_some_situation() -> None:
    """Few of the segments fire nearly every rule. A SYN in LISTEN fires SYN-RECEIVED's, so LISTEN is always tried."""
    silent = set(RULES)
    for stride in (13, 1):
        for tcb in situations():
            if tcb.state in {State.LISTEN, *(rule.state for rule in silent)}:
                for event in (*CALLS, *islice(segments(tcb), 0, None, stride)):
                    silent.difference_update(step(tcb, event).rules)
    assert silent == set()


# --- Named and explained -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_rule_explains_itself(rule: Rule) -> None:
    assert rule.section in SECTIONS
    assert rule.why[0].isupper() or rule.why[0].isdigit()
    assert rule.why.endswith((".", ".)"))
    assert getattr(guards, rule.guard.__name__) is rule.guard
    assert inspect.getdoc(rule.guard)
    assert [effect for effect in rule.effects if not is_named(effect)] == []


def is_named(effect: Effect) -> bool:
    """A documented function under its own name; or a constant, which says by its class and text what it does."""
    if isinstance(effect, Output | effects.ReturnCalls):
        return True
    name = getattr(effect, "__name__", "")
    return getattr(effects, name, None) is effect and bool(inspect.getdoc(effect))


def test_an_anonymous_effect_is_found() -> None:
    assert not is_named(lambda turn: None)
    assert is_named(effects.owe_ack)
