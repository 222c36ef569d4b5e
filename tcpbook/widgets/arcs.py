"""Every arc of the state graph with its causes, the code of the rules behind it, and a scenario that takes it.

All of it is derived: the causes from the transitions, the code from the source of `tcpbook.protocol.rules`, the
scenario by running them all.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from itertools import groupby
from textwrap import dedent
from typing import NamedTuple

from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol import rules
from tcpbook.protocol.rules import RULES, Rule
from tcpbook.protocol.state import State
from tcpbook.protocol.transitions import Cause, Transition, transitions


class Arc(NamedTuple):
    """A change of state: the transition, the code of its rules, and a scenario that takes it ("": none does)."""

    transition: Transition
    code: tuple[str, ...]
    scenario: str

    @property
    def causes(self) -> list[Cause]:
        """Its causes, abrupt ones last."""
        return sorted(self.transition.causes, key=lambda cause: cause.abrupt)

    @property
    def stated(self) -> str:
        """Where RFC 9293 states it: "Figure 5, §3.10.7.3"."""
        return f"{self.transition.stated}, §{self.transition.section}"

    @property
    def link(self) -> str:
        """That section on the web."""
        return f"https://www.rfc-editor.org/rfc/rfc9293.html#section-{self.transition.section}"

    @property
    def player(self) -> str:
        """The line of Python that plays the scenario; empty where there is none."""
        return f'HandshakePlayer("{self.scenario}")' if self.scenario else ""

    def __repr__(self) -> str:
        lines = [f"{self.transition.before} → {self.transition.after}: {self.stated}."]
        lines += [f"  {cause.label}: {why(cause)} §{cause.section}" for cause in self.causes]
        return "\n".join([*lines, f"  {self.player or 'No scenario takes it.'}"])


def why(cause: Cause) -> str:
    """What the rules behind a cause say."""
    return " ".join(rule.why for rule in cause.rules)


@cache
def arcs() -> dict[tuple[State, State], Arc]:
    """Every arc by its two states, in the order of the states."""
    return {
        (each.before, each.after): Arc(
            each,
            tuple(dict.fromkeys(rule_code(rule) for cause in each.causes for rule in cause.rules)),
            _scenarios().get((each.before, each.after), ""),
        )
        for each in transitions()
    }


def rule_code(rule: Rule) -> str:
    """The row of the table that a rule comes from, as it stands in the source of `tcpbook.protocol.rules`."""
    return _rows()[rule]


@cache
def _rows() -> dict[Rule, str]:
    """Each rule's row: calls of `_on` and `_at` stand in the source in the order of RULES, one rule for each state."""
    source = inspect.getsource(rules)
    lines = source.splitlines()
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_on", "_at")
    ]
    calls.sort(key=lambda call: call.lineno)
    rows = (list(row) for _, row in groupby(RULES, lambda rule: (rule.event, rule.check, rule.effects, rule.why)))
    found = {}
    for call, row in zip(calls, rows, strict=True):
        code = dedent("\n".join(lines[call.lineno - 1 : call.end_lineno])).removesuffix(",")
        found.update(dict.fromkeys(row, code))
    return found


@cache
def _scenarios() -> dict[tuple[State, State], str]:
    """For each change of state a scenario in which TCP makes it (a crash is none of TCP's).

    RFC 9293's own figures come first, in their order, then the shortest.
    """
    stories = [(name, scenario.section, scenario.run().steps) for name, scenario in SCENARIOS.items()]
    stories.sort(key=lambda story: 0 if "Figure" in story[1] else len(story[2]))
    found: dict[tuple[State, State], str] = {}
    for name, _, steps in stories:
        for step in steps:
            if step.rules and step.tcb.state is not step.before:
                found.setdefault((step.before, step.tcb.state), name)
    return found
