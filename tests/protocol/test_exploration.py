"""Claims about every state of two machines and the network between them, by scenario: see `exploring`.

Bounds: one or two segments on the way to each end (the network loses and repeats them as often as it likes), one
byte of text each way, one ABORT, crash or segment from elsewhere at each end.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import pytest

from exploring import ISS, PORTS, SYN_OUT, Exploration, Plan, World
from tcpbook.lab.trace import CRASH
from tcpbook.protocol import effects
from tcpbook.protocol.events import (
    ABORT,
    CLOSE,
    ICMP_HARD,
    USER_TIMEOUT,
    Check,
    Event,
    Open,
    Receive,
    Send,
)
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import TABLE, step
from tcpbook.protocol.rules import RULES, Rule
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.seqnum import add, distance
from tcpbook.protocol.state import SYNCHRONIZED, State
from tcpbook.protocol.tcb import TCB
from tcpbook.protocol.turn import Turn

HEARD_FIN = {State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT}
SENT_FIN = {State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK, State.TIME_WAIT, State.CLOSED}
FIN_ACKNOWLEDGED = {State.FIN_WAIT_2, State.TIME_WAIT}
HAS_IT = HEARD_FIN | {State.CLOSED}

TWO = (2, 2)
JUST_CLOSE: Plan = (CLOSE,)
CLOSE_BOTH = (JUST_CLOSE, JUST_CLOSE)
TALK: tuple[Plan, Plan] = ((Send(b"A"), CLOSE), (Send(b"a"), CLOSE))
LISTEN, CALL, CALL_BACK = Open(active=False), Open(active=True, remote_port=80), Open(active=True, remote_port=49_152)


def two_ends(simultaneous: bool, *, receives: int = 1, listen: Open = LISTEN, **switches: Any) -> tuple[TCB, TCB]:
    """The first calls the second, which listens, or calls at the same time; both wait for text."""
    ends = []
    for side, opening in enumerate((CALL, CALL_BACK if simultaneous else listen)):
        tcb = step(TCB(local_port=PORTS[side], next_iss=ISS[side], **switches), opening).tcb
        for _ in range(receives):
            tcb = step(tcb, Receive(1)).tcb
        ends.append(tcb)
    return ends[0], ends[1]


def from_elsewhere(side: int, seq: int, ack: int, flags: str, data: bytes = b"") -> Segment:
    """What arrives at an end: its numbers count from the ISS of its peer, and of its own."""
    numbers = add(ISS[1 - side], seq), add(ISS[side], ack)
    return Segment(PORTS[1 - side], PORTS[side], *numbers, Flags.parse(flags), data=data)


def arriving(side: int, segment: Segment) -> tuple[Plan, Plan]:
    """Both users may CLOSE, and the segment arrives at one end at some moment."""
    return ((segment, CLOSE), JUST_CLOSE) if side == 0 else (JUST_CLOSE, (segment, CLOSE))


# --- The scenarios -----------------------------------------------------------------------------------------------

OPENINGS = (("passive", False), ("simultaneous", True))
SWITCHES = (("challenge", True), ("no challenge", False))

# Users who CLOSE once a connection is on its way, or whenever they like, or who OPEN whenever they like.
PATIENT = {
    f"{name}, {opening}, {switch}": World(two_ends(at_once, challenge_acks=on), plans, rooms, patient=True)
    for (opening, at_once), (switch, on) in product(OPENINGS, SWITCHES)
    for name, plans, rooms in (("text", TALK, (1, 1)), ("two segments each way", CLOSE_BOTH, TWO))
}
HASTY = {f"text, {opening}, hasty": World(two_ends(at_once), TALK) for opening, at_once in OPENINGS}


def from_closed(simultaneous: bool, talk: tuple[Plan, Plan]) -> World:
    """Both begin in CLOSED; a call may come before the other side listens, and is refused."""
    ends = TCB(local_port=PORTS[0], next_iss=ISS[0]), TCB(local_port=PORTS[1], next_iss=ISS[1])
    openings = CALL, Open(active=simultaneous, remote_port=PORTS[0])
    return World(ends, ((openings[0], Receive(1), *talk[0]), (openings[1], Receive(1), *talk[1])))


HASTY |= {f"open whenever, {opening}": from_closed(at_once, CLOSE_BOTH) for opening, at_once in OPENINGS}


def shut_window(challenge_acks: bool) -> World:
    """The listener has room for one byte, and its user takes it out whenever he likes."""
    caller, listener = two_ends(False, challenge_acks=challenge_acks)
    listener.rcv_buff = listener.rcv_wnd = 1
    return World((caller, listener), ((Send(b"AB"), CLOSE), (Receive(1), CLOSE)), patient=True)


SHUT = {f"shut window, {switch}": shut_window(on) for switch, on in SWITCHES}

# One end aborts; or one is told by ICMP that it will not work.
def aborts(talk: tuple[Plan, Plan]) -> dict[str, World]:
    return {
        f"{event.event} at end {side}, {opening}": World(
            two_ends(at_once), ((*talk[0], event), talk[1]) if side == 0 else (talk[0], (*talk[1], event))
        )
        for event, side, (opening, at_once) in product((ABORT, ICMP_HARD), (0, 1), OPENINGS)
    }


ABORTS = aborts(CLOSE_BOTH)

# One end crashes and opens again; the other, once it is reset, listens or calls again.
def crashes(talk: tuple[Plan, Plan]) -> dict[str, World]:
    return {
        f"{name}, {opening}, {switch}": World(two_ends(at_once, challenge_acks=on), plans)
        for (opening, at_once), (switch, on) in product(OPENINGS, SWITCHES)
        for name, plans in (
            ("the caller crashes", ((CRASH, CALL, *talk[0]), (LISTEN, *talk[1]))),
            ("the other crashes", ((CALL, *talk[0]), (CRASH, LISTEN, *talk[1]))),
        )
    }


CRASHES = crashes(CLOSE_BOTH)


# Once more, but users lose patience (USER TIMEOUT) and ends give up (R2).
def relieved(world: World) -> World:
    plans = (*world.plans[0], USER_TIMEOUT), (*world.plans[1], USER_TIMEOUT)
    return world._replace(plans=plans, gives_up=True)


RELIEVED = {f"{name}, and patience ends": relieved(world) for name, world in ABORTS.items()}
RELIEVED["the other crashes, and patience ends"] = relieved(CRASHES["the other crashes, passive, challenge"])

# An old duplicate, of an earlier connection whose numbers lie left of this one's, arrives at one end at any moment.
OLD: dict[str, tuple[Any, ...]] = {
    "SYN": (-10, 0, "SYN"), "SYN,ACK": (-10, -9, "SYN,ACK"), "ACK": (-9, -9, "ACK"), "FIN": (-5, -5, "FIN,ACK"),
    "RST": (-5, 0, "RST"), "text": (-5, -5, "PSH,ACK", b"x"),
}  # fmt: skip
DUPLICATES = {
    f"old {name} at end {side}, {opening}, {switch}": World(
        two_ends(at_once, challenge_acks=on), arriving(side, from_elsewhere(side, *numbers))
    )
    for name, numbers in OLD.items()
    for side, (opening, at_once), (switch, on) in product((0, 1), OPENINGS, SWITCHES)
}

# A stranger who knows the numbers. Nothing is claimed but that every rule has its path.
STRANGE: dict[str, tuple[Any, ...]] = {
    "RST in the window": (50, 0, "RST"), "SYN in the window": (50, 0, "SYN"), "no ACK": (50, 0, "PSH"),
    "ACK of the unsent": (50, 5_000, "ACK"), "ACK from the past": (50, -70_000, "ACK"), "old ACK": (50, -5, "ACK"),
    "empty, right of the window": (65_536, 1, "ACK"), "empty, right after the FIN": (65_537, 1, "ACK"),
    "second FIN": (2, 1, "FIN,ACK"), "urgent": (1, 1, "URG,ACK", b"U"),
}  # fmt: skip
STRANGERS = {
    name: World(two_ends(False, receives=0), arriving(1, from_elsewhere(1, *numbers)))
    for name, numbers in STRANGE.items()
}
STRANGERS |= {
    f"{flags} that reaches in, {switch}": World(
        two_ends(False, challenge_acks=on), arriving(1, from_elsewhere(1, 0, 1, flags, b"AB"))
    )
    for flags, (switch, on) in product(("SYN,ACK", "SYN,URG"), SWITCHES)
}
STRANGERS |= {
    f"{flags}, no challenge": World(
        two_ends(False, challenge_acks=False), arriving(1, from_elsewhere(1, seq, 1, flags, data))
    )
    for seq, flags, data in ((0, "RST,ACK", b"abc"), (50, "SYN", b""))
}

# What else the rules know: buffers of no or one byte, a half-duplex CLOSE, waiting RECEIVEs, giving up.
NAMED = Open(active=False, remote_port=PORTS[0])
BESIDE_SYN = from_elsewhere(1, 0, 0, "SYN,FIN", b"A"), from_elsewhere(1, 0, 0, "SYN", b"A")
READ: Plan = (Receive(1), CLOSE)
HALF_DUPLEX = two_ends(False, receives=0, half_duplex_close=True)
ONE_OCTET = two_ends(False, receives=0, rcv_buff=1)
CORNERS = {
    "a listener calls": World((two_ends(False)[1], ONE_OCTET[1]), (JUST_CLOSE, (CALL_BACK, CLOSE))),
    "a listener sends": World(two_ends(False, listen=NAMED), (JUST_CLOSE, TALK[1])),
    "no room to send": World(two_ends(False, listen=NAMED, snd_buff=0), CLOSE_BOTH),
    "no room to receive": World(two_ends(False, receives=16), CLOSE_BOTH),
    "half-duplex": World(HALF_DUPLEX, TALK),
    "half-duplex, text beside the SYN": World(HALF_DUPLEX, (JUST_CLOSE, (BESIDE_SYN[1], CLOSE))),
    "read late": World(two_ends(False, receives=0), (TALK[0], READ)),
    "read late, text and FIN beside the SYN": World(two_ends(False, receives=0), (JUST_CLOSE, (BESIDE_SYN[0], *READ))),
    "window of one byte": World(ONE_OCTET, ((Send(b"AB"), CLOSE), (Receive(1), Receive(1), CLOSE))),
    "window shut beside the SYN": World(
        ONE_OCTET, (JUST_CLOSE, (BESIDE_SYN[1], from_elsewhere(1, 2, 50, "ACK", b"B"), CLOSE))
    ),
    "SYN and text in an open connection": World(
        two_ends(True, challenge_acks=False), arriving(1, from_elsewhere(1, 0, 1, "SYN,ACK", b"AB"))
    ),
    "R1": World(two_ends(False, r1=1), (TALK[0], JUST_CLOSE)),
    "R2": World(two_ends(False), (TALK[0], JUST_CLOSE), gives_up=True),
}


# --- The claims --------------------------------------------------------------------------------------------------

ALL = {**PATIENT, **HASTY, **SHUT, **ABORTS, **CRASHES, **RELIEVED, **DUPLICATES, **STRANGERS, **CORNERS}
TAKEN: dict[str, set[Rule]] = {}


@lru_cache(maxsize=1)
def explored(name: str) -> Exploration:
    found = Exploration(ALL[name])
    TAKEN[name] = found.rules
    return found


def assert_sound(found: Exploration) -> None:
    """From everywhere a way to CLOSED; each believes of the other what is so; text is whole or its user was told."""
    assert found.stuck() == []
    for pair in found.pairs:
        for side in (0, 1):
            mine, other = found.ends[pair[side]], found.ends[pair[1 - side]].state
            if mine.state in HEARD_FIN:
                assert other in SENT_FIN
            if mine.state in FIN_ACKNOWLEDGED:
                assert other in HAS_IT
            if mine.state in SYNCHRONIZED and mine.syn_acknowledged:
                assert other in SYN_OUT | {State.CLOSED}
    for n in found.closed():
        pair = found.pairs[n]
        for side in (0, 1):
            told, received = pair[8 + side], pair[7 - side]
            reads = found.done(pair, 1 - side, Receive) or not any(
                isinstance(call, Receive) for call in found.plans[1 - side]
            )
            assert told or not reads or received == found.done(pair, side, Send)
            assert not (told and found.world.patient)


def assert_no_ghosts(found: Exploration) -> None:
    """Two ends whose SYNs are acknowledged are in the same connection: what the handshake is for (§3.5)."""
    for pair in found.pairs:
        first, second = found.ends[pair.end0], found.ends[pair.end1]
        if all(tcb.state in SYNCHRONIZED and tcb.syn_acknowledged for tcb in (first, second)):
            assert (first.irs, second.irs) == (second.iss, first.iss)


def waits_for_a_fin(tcb: TCB) -> bool:
    """In FIN-WAIT-2 no timer runs: only the peer or a user timeout ends it (§3.8.3)."""
    return tcb.state is State.FIN_WAIT_2


def closed_before_it_was_open(tcb: TCB) -> bool:
    """It has left SYN-RECEIVED by a CLOSE, and its SYN is not acknowledged.

    It no longer answers a false ACK with a RST, as SYN-RECEIVED would (§3.5.2). If an old SYN has made its peer
    believe in another connection, the challenge ACKs of RFC 5961 prove nothing to either: only R2 ends it.
    """
    return tcb.state in (State.FIN_WAIT_1, State.CLOSING) and not tcb.syn_acknowledged


@pytest.mark.parametrize("name", [*PATIENT, *HASTY])
def test_pair_always_finds_its_way_to_closed(name: str) -> None:
    """Users who CLOSE once a connection is on its way are told of no error, and all their text arrives."""
    assert_sound(explored(name))
    assert_no_ghosts(explored(name))


@pytest.mark.parametrize("name", SHUT)
def test_pair_gets_past_a_shut_window(name: str) -> None:
    assert explored(name).stuck() == []


def assert_only_a_fin_is_waited_for(found: Exploration) -> None:
    """Once the other end is gone and its RST lost, FIN-WAIT-2 waits forever: there, and nowhere else."""
    stuck = found.stuck()
    for pair in stuck:
        assert {*found.states(pair)} == {State.CLOSED, State.FIN_WAIT_2}
        for tcb in (found.ends[pair.end0], found.ends[pair.end1]):
            assert step(tcb, USER_TIMEOUT).state is State.CLOSED
    quiet = [pair for pair in found.pairs if not pair.to0 | pair.to1]
    waiting = [pair for pair in quiet if {*found.states(pair)} == {State.CLOSED, State.FIN_WAIT_2}]
    assert waiting
    assert {*waiting} <= {*stuck}


@pytest.mark.parametrize("name", ABORTS)
def test_after_an_abort_only_fin_wait_2_may_wait_for_ever(name: str) -> None:
    """What the rules alone can't save; chapter 04 tells it."""
    assert_only_a_fin_is_waited_for(explored(name))
    assert_no_ghosts(explored(name))


def assert_only_two_kinds_wait(found: Exploration) -> None:
    for pair in found.stuck():
        ends = found.ends[pair.end0], found.ends[pair.end1]
        confused = any(map(closed_before_it_was_open, ends)) and all(tcb.challenge_acks for tcb in ends)
        assert confused or any(map(waits_for_a_fin, ends))
    assert_no_ghosts(found)


@pytest.mark.parametrize("name", [*CRASHES, *DUPLICATES])
def test_after_a_crash_or_an_old_duplicate_only_two_kinds_of_ends_may_wait_for_ever(name: str) -> None:
    assert_only_two_kinds_wait(explored(name))


def test_both_kinds_exist() -> None:
    found = explored("the other crashes, passive, challenge")
    for kind in (waits_for_a_fin, closed_before_it_was_open):
        assert any(kind(found.ends[pair.end0]) or kind(found.ends[pair.end1]) for pair in found.stuck())


@pytest.mark.parametrize("name", RELIEVED)
def test_nobody_waits_for_ever_if_patience_ends(name: str) -> None:
    """With a user timeout and R2 there is a way to CLOSED from everywhere, whatever has been lost."""
    assert explored(name).stuck() == []
    assert_no_ghosts(explored(name))


# --- Every rule has its path -------------------------------------------------------------------------------------

NO_TIMER = "this timer does not run here, so it can't run out"
NO_ROOM_LEFT = "a FIN is taken only into an open window, and after it nothing fills what is left"
NEVER: dict[tuple[State, Event | Check, str], str] = {
    **{
        (state, Event.RETRANSMISSION_TIMEOUT, "always"): NO_TIMER
        for state in (State.CLOSED, State.LISTEN, State.FIN_WAIT_2, State.TIME_WAIT)
    },
    **{
        (state, Event.RETRANSMISSION_TIMEOUT, "nothing_in_flight"): NO_TIMER
        for state in (State.ESTABLISHED, State.CLOSE_WAIT)
    },
    **{(state, Event.TIME_WAIT_TIMEOUT, "always"): NO_TIMER for state in State if state is not State.TIME_WAIT},
    **{(state, Check.SEQUENCE, "window_shut_at_rcv_nxt"): NO_ROOM_LEFT for state in HEARD_FIN},
}
"""The rules that no path takes, and why. They stand in the table because meaning by absence would be a defect."""


def test_every_rule_is_taken_by_some_path_but_for_those_that_cannot_be() -> None:
    for name in ALL.keys() - TAKEN.keys():
        explored(name)
    never = {*RULES}.difference(*TAKEN.values())
    assert {(rule.state, rule.check or rule.event, rule.guard.__name__) for rule in never} == {*NEVER}


# --- The explorer finds what is wrong ----------------------------------------------------------------------------


def begins_ahead(turn: Turn) -> bool:
    """Its first number is in the window, but right of RCV.NXT; it may well be empty."""
    return 0 < distance(turn.tcb.rcv_nxt, turn.seq) < turn.tcb.rcv_wnd


def test_exploration_finds_the_live_lock_of_acks_held_back() -> None:
    """To the letter, §3.10.7.4 holds back the ACK of a segment that comes ahead of its turn. An ACK that follows an
    unacknowledged FIN is such a segment, so two ends that open and close at once wait for each other: see A.2.
    """
    table = dict(TABLE)
    for state in (State.SYN_RECEIVED, State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2):
        held_back = Rule(
            state, Event.SEGMENT_ARRIVES, Check.SEQUENCE, begins_ahead, (effects.hold,),
            state, None, "3.10.7.4", "To the letter: held back, with its ACK.",
        )  # fmt: skip
        table[state, Check.SEQUENCE] = (held_back, *table[state, Check.SEQUENCE])
    found = Exploration(World(two_ends(True), CLOSE_BOTH, patient=True), table)
    assert {found.states(pair) for pair in found.stuck()} == {(State.FIN_WAIT_1, State.FIN_WAIT_1)}


# --- Wider bounds ------------------------------------------------------------------------------------------------

WIDE = {
    f"{name}, {opening}, {switch}, two segments each way": World(
        two_ends(at_once, challenge_acks=on), plans, TWO, patient=True
    )
    for (opening, at_once), (switch, on) in product(OPENINGS, SWITCHES)
    for name, plans in (("caller talks", (TALK[0], JUST_CLOSE)), ("other talks", (JUST_CLOSE, TALK[1])))
}
WIDE |= {
    f"text both ways, {opening}, {rooms}": World(two_ends(at_once), TALK, rooms, patient=True)
    for (opening, at_once), rooms in product(OPENINGS, ((2, 1), (1, 2)))
}
WIDE |= {f"open whenever and talk, {opening}": from_closed(at_once, TALK) for opening, at_once in OPENINGS}
WIDE_ABORTS = {f"{name}, {TWO}": world._replace(rooms=TWO) for name, world in ABORTS.items()}
WIDE_ABORTS |= {f"{name}, with text": world for name, world in aborts(TALK).items()}
WIDE_CRASHES = {f"{name}, {TWO}": world._replace(rooms=TWO) for name, world in (CRASHES | DUPLICATES).items()}
WIDE_CRASHES |= {f"{name}, with text": world for name, world in crashes(TALK).items()}


@pytest.mark.long
@pytest.mark.parametrize("name", WIDE)
def test_pair_always_finds_its_way_to_closed_within_wider_bounds(name: str) -> None:
    assert_sound(Exploration(WIDE[name]))


@pytest.mark.long
@pytest.mark.parametrize("name", WIDE_ABORTS)
def test_after_an_abort_only_fin_wait_2_may_wait_for_ever_within_wider_bounds(name: str) -> None:
    assert_only_a_fin_is_waited_for(Exploration(WIDE_ABORTS[name]))


@pytest.mark.long
@pytest.mark.parametrize("name", WIDE_CRASHES)
def test_only_two_kinds_of_ends_may_wait_for_ever_within_wider_bounds(name: str) -> None:
    assert_only_two_kinds_wait(Exploration(WIDE_CRASHES[name]))


@pytest.mark.long
@pytest.mark.parametrize("name", CRASHES)
def test_nobody_waits_for_ever_after_any_crash_if_patience_ends(name: str) -> None:
    assert Exploration(relieved(CRASHES[name])).stuck() == []
