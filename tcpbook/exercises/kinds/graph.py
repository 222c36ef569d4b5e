"""Exercises about the state graph: which way an end took, which arrow is wrong, what a state is called (chapter 05)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import NamedTuple

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, ask
from tcpbook.exercises.kinds.stories import arrow, changes_of, stories, told
from tcpbook.figures.stategraph import stategraph
from tcpbook.lab.trace import Step
from tcpbook.protocol.state import DIALECTS, UNNAMED, State
from tcpbook.protocol.transitions import Transition, transitions

MOST_ARCS = 4
SS, NETSTAT, NOTES = "Linux (ss)", "Linux (netstat)", "the notes"


class Way(NamedTuple):
    """What one end did in a scenario: its changes of state."""

    scenario: str
    end: int
    steps: tuple[Step, ...]


@cache
def _ways() -> list[Way]:
    """Every end of every story in which nobody crashes, if it changes its state twice or more."""
    found = []
    for name, trace in stories().items():
        ways = [Way(name, end, changes_of(trace, end)) for end in range(2)]
        if all(step.rules for way in ways for step in way.steps):
            found += [way for way in ways if len(way.steps) >= 2]
    return found


def arcs_of_a_trace(random: Random) -> Instance:
    """Which arrows an end takes in a scenario (RFC 9293 §3.3.2)."""
    way = random.choice(_ways())
    trace = stories()[way.scenario]
    start = random.randint(0, max(0, len(way.steps) - MOST_ARCS))
    asked = way.steps[start : start + MOST_ARCS]
    other = [arrow(step) for step in changes_of(trace, 1 - way.end)]
    name = trace.names[way.end]
    parts = tuple(
        ask(
            f"{name}'s change of state {number}",
            Form.ARC,
            arrow(step),
            [
                *((each, "the other end's arrow") for each in other[number - 1 : number]),
                *((f"{step.before} → {State.CLOSED}", "one event, and it is over") for _ in _closes(step)),
            ],
        )
        for number, step in enumerate(asked, start + 1)
    )
    return Instance(
        task=f"Follow {name} through this story: which arrows does it take? Both ends begin in CLOSED.",
        parts=parts,
        hints=(
            "An arrow begins where the one before it has ended; the first begins in CLOSED.",
            "An end changes its state when it calls, when a segment arrives, or when a timer rings. Sending alone "
            "never does.",
            f"The first one asked for begins in {asked[0].before}; {name}'s way ends in {way.steps[-1].tcb.state}.",
        ),
        solution=tuple(f"{step.name}: {arrow(step)} (RFC 9293 §{step.rules[-1].section})." for step in asked),
        given=told(trace),
        picture=stategraph(abrupt=True),
        trace=trace,
    )


def _closes(step: Step) -> Iterator[str]:
    """The arrow that ends it all at once, where there is one beside the right one."""
    if step.tcb.state is not State.CLOSED:
        yield from (each.after for each in transitions() if (each.before, each.after) == (step.before, State.CLOSED))


def wrong_arrow(random: Random) -> Instance:
    """A diagram in which one label belongs to another arrow (RFC 9293 §3.3.2)."""
    drawn = [each for each in transitions() if not each.abrupt]
    wrong = random.choice(drawn)
    labels = sorted({each.labels[0] for each in drawn} - {*wrong.labels})
    fitting = [each for each in labels if _width(each) <= _width(wrong.labels[0]) and not _defensible(each, wrong)]
    label = random.choice(fitting)
    others = random.sample([each for each in labels if each != label], 3)
    choices = random.sample([wrong.labels[0], label, *others], 5)
    names = [_between(each) for each in drawn]
    return Instance(
        task="One arrow of this diagram has a label that belongs elsewhere. Which one, and what should it say?",
        parts=(
            ask("The wrong arrow", Form.ARC, _between(wrong), choices=names),
            ask("What it should say", Form.CHOICE, wrong.labels[0], [(label, "an arrow says what leads along it")],
                choices),
        ),
        hints=(
            "Ask of every arrow who acts: CLOSE and OPEN are calls of the own program, rcv is a segment from the peer.",
            "SYN opens, FIN closes. Look for a label that does the one where the states do the other, or comes twice.",
            f"It begins in {wrong.before}.",
        ),
        solution=(
            f"{_between(wrong)} says {label}.",
            f"It should say {wrong.labels[0]} (RFC 9293 §{wrong.section}).",
        ),
        given="\n".join(f"{_between(each)}: {label if each is wrong else each.labels[0]}" for each in drawn),
        picture=stategraph(relabeled={(wrong.before, wrong.after): label}),
    )  # fmt: skip


def _defensible(label: str, arc: Transition) -> bool:
    """Whether a reader could defend a label: its event is part of the right one or the other way round, or resets."""
    said, right = (set(each.split(" / ")[0].replace(" of ", ",").split(",")) for each in (label, arc.labels[0]))
    said, right = ({word.removeprefix("rcv ") for word in words} for words in (said, right))
    return said <= right or right <= said or (said == {"RST"} and arc.after is State.CLOSED)


def _width(label: str) -> int:
    return max(map(len, label.split(" / ")))


def _between(each: Transition) -> str:
    return f"{each.before} → {each.after}"


def names_of_a_state(random: Random) -> Instance:
    """What RFC 9293, two tools of Linux and the notes call a state."""
    printed, listed, noted = DIALECTS[SS], DIALECTS[NETSTAT], DIALECTS[NOTES]
    renamed = [state for state in State if printed[state] != state or state in (State.FIN_WAIT_1, State.FIN_WAIT_2)]
    first, second = random.sample(renamed, 2)
    third = random.choice([state for state in State if noted[state] == UNNAMED] + [State.SYN_RECEIVED])
    without = "no name for it"
    said = noted[third] if noted[third] != UNNAMED else without
    return Instance(
        task="RFC 9293, ss and netstat each have names of their own for the states. Translate.",
        parts=(
            ask(f"What ss prints for {first}", Form.CHOICE, printed[first],
                [(listed[first], "ss and netstat speak alike"), (str(first), "ss speaks RFC")],
                sorted({*random.sample(sorted(printed.values()), 2), listed[first], first, printed[first]})),
            ask(f"RFC 9293's name for netstat's {listed[second]}", Form.CHOICE, str(second),
                choices=State),
            ask(f"What notes that know eight states, with one FIN_WAIT, call {third}", Form.CHOICE, said,
                [(third.replace("-", "_"), "the notes know all states")],
                sorted({"SYN_RCV", "FIN_WAIT", "TIME_WAIT", third.replace("-", "_"), without})),
        ),
        hints=(
            "ss shortens ESTABLISHED and SYN-RECEIVED, and writes hyphens; netstat writes underscores.",
            "The notes leave out three states and make one of two.",
        ),
        solution=(
            f"{first} is {printed[first]} in ss and {listed[first]} in netstat.",
            f"netstat's {listed[second]} is {second} (RFC 9293 §3.3.2).",
            f"{third} in the notes: {said}.",
        ),
    )  # fmt: skip


KINDS: dict[str, Callable[[Random], Instance]] = {
    "arcs of a trace": arcs_of_a_trace,
    "wrong arrow": wrong_arrow,
    "names of a state": names_of_a_state,
}
