"""Exercises about what a machine shows and how long it takes: socket tables, timers (chapters 03, 04, 05, 12)."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import NamedTuple

from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, ask
from tcpbook.lab import sockets
from tcpbook.lab.network import Link, Network, pair
from tcpbook.lab.sockets.diagnosis import EPHEMERAL
from tcpbook.lab.sockets.troubles import EXHAUSTION, PILES
from tcpbook.protocol.events import CLOSE, Open, Send
from tcpbook.protocol.state import DIALECTS, State
from tcpbook.protocol.transitions import transitions

S = 1_000_000  # microseconds in a second
SERVER, CLIENTS, STRANGERS, DATABASE = "192.0.2.1", "198.51.100", "203.0.113", "198.51.100.7:5432"
HEALTHY = "nothing"
TROUBLES = (*(pile.advice.name for pile in PILES), EXHAUSTION.name, HEALTHY)
LEAK, FLOOD, HALF_CLOSED = TROUBLES[:3]
PASSING = (State.CLOSE_WAIT, State.SYN_RECEIVED, State.FIN_WAIT_2, State.TIME_WAIT)
MISTAKEN = {
    (LEAK, HALF_CLOSED): "who closed is mixed up",
    (HALF_CLOSED, LEAK): "who closed is mixed up",
    (HEALTHY, EXHAUSTION.name): "TIME-WAIT is a leak",
    (LEAK, HEALTHY): "the kernel cleans up",
    (EXHAUSTION.name, HEALTHY): "TIME-WAIT never hurts",
    **{(trouble, EXHAUSTION.name): "TIME-WAIT is a leak" for trouble in (LEAK, FLOOD, HALF_CLOSED)},
    **{(HEALTHY, trouble): "a few are a pile" for trouble in (LEAK, FLOOD, HALF_CLOSED)},
}
"""What was said where something else is the case, and the misconception behind it."""

OURS, THEIRS, THEIR_TCP, CLOCK = "our program", "the peers' programs", "the peers' TCPs", "nobody, only the clock"
MOVES = {"CLOSE": OURS, "rcv FIN": THEIRS, "rcv ACK of SYN": THEIR_TCP, "2 MSL timeout": CLOCK}
"""Who must act where such an event leads on."""
WRONG_MOVES = {
    State.CLOSE_WAIT: ((THEIRS, "who closed is mixed up"), (CLOCK, "the kernel cleans up")),
    State.FIN_WAIT_2: ((OURS, "who closed is mixed up"), (THEIR_TCP, "the peer's TCP closes")),
    State.TIME_WAIT: ((THEIR_TCP, "TIME-WAIT waits for the peer"), (THEIRS, "TIME-WAIT waits for the peer"),
                      (OURS, "TIME-WAIT is a leak")),
    State.SYN_RECEIVED: ((OURS, "our program completes the handshake"),),
}  # fmt: skip


class Row(NamedTuple):
    """A socket; queues as `ss` prints them."""

    state: State
    recv_q: int
    send_q: int
    local: str
    peer: str


def table(random: Random) -> Instance:
    """What a socket table says about the programs behind it (RFC 9293 §3.3.2)."""
    trouble = random.choice(TROUBLES)
    narrow = trouble == EXHAUSTION.name or random.random() < 0.3
    first = random.randint(33, 60) * 1_000 if narrow else EPHEMERAL[0]
    last = first + 7 if narrow else EPHEMERAL[1]
    rows = _rows(random, trouble, first)
    given = _printed(rows, first, last)
    found = sockets.diagnose(sockets.read(given))
    stands_out = found[0].name if found else HEALTHY
    present = [state for state in PASSING if any(row.state is state for row in rows)]
    state = random.choice([*present, max(present, key=lambda each: _count(rows, each))])
    count, other = _count(rows, state), _count(rows, _mirror(state))
    connections = len(rows) - _count(rows, State.LISTEN)
    mover = MOVES[_leads_on(state)]
    why = found[0].means if found else "A few in each state are connections passing through."
    section = found[0].section if found else "RFC 9293 §3.3.2"
    return Instance(
        task="Our machine is 192.0.2.1. It printed this with sysctl and ss -tan. Read it.",
        given=given,
        parts=(
            ask("How many connections are in the table?", Form.NUMBER, connections,
                [(len(rows), "a listener is a connection")]),
            ask(f"How many are in {state}?", Form.NUMBER, count, [(other, "who closed is mixed up")] if other else []),
            ask(f"Who must act, so that those in {state} go on?", Form.CHOICE, mover, WRONG_MOVES[state],
                tuple(MOVES.values())),
            ask("What stands out?", Form.CHOICE, stands_out,
                [(said, name) for (true, said), name in MISTAKEN.items() if true == stands_out], TROUBLES),
        ),
        hints=(
            "A row in LISTEN is no connection. ss writes ESTAB for ESTABLISHED and SYN-RECV for SYN-RECEIVED.",
            "Ask of each state who could end the waiting: a program, a TCP, or the clock.",
            "A few sockets in a state are passing through. Look for a pile; for TIME-WAIT, count the ports it holds.",
        ),
        solution=(
            f"{len(rows)} rows, {len(rows) - connections} of them in LISTEN: {connections} connections. "
            f"In {state}: {count}.",
            f"{state}: {state.meaning}. Who must act: {mover} (RFC 9293 §3.3.2).",
            f"What stands out: {stands_out}. {why} ({section})",
        ),
    )  # fmt: skip


def _rows(random: Random, trouble: str, first: int) -> list[Row]:
    """A server with a trouble, or with a few connections in every state on their way; it calls a database as well."""
    port = random.choice((80, 443, 8_080))
    local = f"{SERVER}:{port}"
    piled = {
        LEAK: (State.CLOSE_WAIT, random.randint(6, 12)),
        FLOOD: (State.SYN_RECEIVED, random.randint(10, 13)),
        HALF_CLOSED: (State.FIN_WAIT_2, random.randint(20, 22)),
        HEALTHY: (State.TIME_WAIT, random.randint(4, 12)),
    }
    states = [State.ESTABLISHED] * random.randint(2, 5)
    states += [state for state in PASSING for _ in range(random.randint(0, 2))]
    if trouble in piled:
        pile, many = piled[trouble]
        states += [pile] * many
    rows: list[Row] = []
    for number in random.sample(range(10, 250), len(states)):
        state = states[len(rows)]
        host = STRANGERS if trouble == FLOOD and state is State.SYN_RECEIVED else CLIENTS
        peer = f"{host}.{number}:{random.randint(32_768, 60_999)}"
        rows.append(Row(state, int(state is State.CLOSE_WAIT), 0, local, peer))
    called = random.sample(range(first, first + 8), 8 if trouble == EXHAUSTION.name else 2)
    rows += [Row(State.TIME_WAIT, 0, 0, f"{SERVER}:{number}", DATABASE) for number in called[1:]]
    rows.append(Row(State.ESTABLISHED, 0, 0, f"{SERVER}:{called[0]}", DATABASE))
    random.shuffle(rows)
    listeners = [Row(State.LISTEN, 0, 128, f"{SERVER}:{each}", "0.0.0.0:*") for each in sorted({22, port})]
    return listeners + rows


def _printed(rows: list[Row], first: int, last: int) -> str:
    """The rows as `ss -tan` prints them, below the range of ports that the kernel picks from."""
    lines = [f"net.ipv4.ip_local_port_range = {first} {last}",
             f"{'State':11}{'Recv-Q':7}{'Send-Q':7}{'Local Address:Port':>20}{'Peer Address:Port':>22}"]  # fmt: skip
    lines += [
        f"{DIALECTS['Linux (ss)'][state]:11}{recv_q:<7}{send_q:<7}{local:>20}{peer:>22}"
        for state, recv_q, send_q, local, peer in rows
    ]
    return "\n".join(lines)


def _count(rows: list[Row], state: State) -> int:
    return sum(row.state is state for row in rows)


def _mirror(state: State) -> State:
    """The state at the other end, where one end has closed."""
    return {State.CLOSE_WAIT: State.FIN_WAIT_2, State.FIN_WAIT_2: State.CLOSE_WAIT}.get(state, State.CLOSED)


def _leads_on(state: State) -> str:
    """What leads on from a state on its usual path, without what TCP does about it."""
    return next(arc.labels[0].split(" / ")[0] for arc in transitions() if arc.before is state and arc.path)


def again(random: Random) -> Instance:
    """When a lost segment is sent again, and again (RFC 6298 §2, §5)."""
    what, before = random.choice((("SYN", 0), ("FIN", 2), ("segment of text", 2)))
    lost = random.randint(2, 6)
    link = Link(lose=tuple(range(before + 1, before + lost + 1)))
    network = Network(links=(link, Link()))
    network.call(1, Open(active=False))
    network.call(0, Open(active=True, remote_port=80))
    if what == "FIN":
        network.call(0, CLOSE, at_us=S)
    elif what != "SYN":
        network.call(0, Send(b"hello"), at_us=S)
    trace = network.run(until_us=200 * S)
    flights = [flight for flight in trace.flights if flight.sender == 0][before : before + lost + 1]
    times = [(flight.sent_us - flights[0].sent_us) // S for flight in flights]
    k = random.randint(2, lost)
    until = random.choice([second for second in range(times[-1]) if second not in times])
    sent = sum(time <= until for time in times)
    waits = [later - earlier for earlier, later in pairwise(times)]
    return Instance(
        task=f"A sends a {what}. It is lost, and so {'is its first retransmission' if lost == 2 else ''}"
        f"{f'are its first {lost - 1} retransmissions' if lost > 2 else ''}. A's timer starts with 1 s, as RFC 6298 "
        "has it.",
        parts=(
            ask(f"How many seconds after the first sending does retransmission {k} leave?", Form.NUMBER, times[k],
                [(k * waits[0], "equal intervals"), (2 ** (k - 1), "the time doubles"),
                 (times[k - 1], "the original counted")]),
            ask(f"How often has it been sent in all, {until} s after the first sending?", Form.NUMBER, sent,
                [(until + 1, "equal intervals"), (sent - 1, "the original forgotten")]),
        ),
        hints=(
            "Nobody tells A of the loss. All it has is a timer, and every time it rings, it is set anew.",
            "Each wait is twice the one before.",
            f"The waits are {', '.join(map(str, waits))} seconds; add them up.",
        ),
        solution=(
            f"The waits double: {', '.join(map(str, waits))} s (RFC 6298 §2, §5).",
            f"It leaves at {', '.join(map(str, times))} s. Retransmission {k} leaves at "
            f"{' + '.join(map(str, waits[:k]))} = {times[k]} s.",
            f"By {until} s it has been sent {sent} times.",
        ),
        trace=trace,
    )  # fmt: skip


def lingering(random: Random) -> Instance:
    """Which end lingers in TIME-WAIT, and until when (RFC 9293 §3.4.2, §3.6)."""
    msl = random.choice((15, 30, 60, 90, 120))
    early, late = sorted(random.sample(range(1, 60), 2))
    one, other = random.sample((0, 1), 2)
    how = random.choice(("plain", "plain", "last ACK lost", "both at once"))
    late = early if how == "both at once" else late
    links = [Link(delay_us=0), Link(delay_us=0)]
    if how == "last ACK lost":
        links[one] = Link(delay_us=0, lose=(4 if one == 0 else 3,))  # behind its part of the handshake and its FIN
    hosts = pair()
    for host in hosts:
        host.msl_us = msl * S
    network = Network(hosts, tuple(links))
    network.call(1, Open(active=False))
    network.call(0, Open(active=True, remote_port=80))
    network.call(one, CLOSE, at_us=early * S)
    network.call(other, CLOSE, at_us=late * S)
    trace = network.run()
    lingers = {step.end for step in trace.steps if step.tcb.state is State.TIME_WAIT}
    over = max(step.at_us for step in trace.steps) // S
    choices = ("A alone", "B alone", "both", "neither")
    who = choices[2] if len(lingers) == 2 else choices[lingers.pop()]
    names = trace.names[one], trace.names[other]
    task = f"{names[0]} calls CLOSE at {early} s and {names[1]} at {late} s."
    if early == late:
        task = f"A and B call CLOSE at the same moment, {early} s, before either has the other's FIN."
    lost = f" {names[0]}'s last ACK is lost; {names[1]}'s timer is at 1 s." if how == "last ACK lost" else ""
    wrong_ends = [(early + 2 * msl, "TIME-WAIT from our CLOSE"), (late + 2 * msl, "TIME-WAIT is not restarted"),
                  (over - msl, "one MSL"), (over - 2 * msl + 60, "TIME-WAIT is 60 s")]  # fmt: skip
    wrong_who = [(choices[other], "the last to close lingers"), ("both", "both ends linger")]
    if how == "both at once":
        wrong_who = [(alone, "one end lingers") for alone in choices[:2]]
    return Instance(
        task=f"{task} The delay of the network can be left out of account.{lost} The MSL is {msl} s.",
        parts=(
            ask("Which end passes through TIME-WAIT?", Form.CHOICE, who, wrong_who, choices),
            ask("At which second is TIME-WAIT over?", Form.NUMBER, over, wrong_ends),
        ),
        hints=(
            "Who closes before it has heard of the other's FIN, lingers.",
            "TIME-WAIT begins when both FINs are there and acknowledged, and a FIN that comes again restarts it.",
            f"It lasts 2 MSL: 2 × {msl} = {2 * msl} s.",
        ),
        solution=(
            f"TIME-WAIT: {who} (RFC 9293 §3.6).",
            f"The FIN that starts it comes at {over - 2 * msl} s{', for the second time' if lost else ''}.",
            f"{over - 2 * msl} + 2 × {msl} = {over} s (RFC 9293 §3.6.1, MUST-13).",
        ),
        trace=trace,
    )


KINDS = {
    "read this socket table": table,
    "when is it sent again": again,
    "how long in TIME-WAIT": lingering,
}
