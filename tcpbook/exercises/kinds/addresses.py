"""Exercises about ports and sockets (chapter 06)."""

from __future__ import annotations

from functools import cache
from math import isinf
from random import Random
from typing import Any

from tcpbook import ports
from tcpbook.exercises.answers import Form
from tcpbook.exercises.instance import Instance, ask, ask_whether
from tcpbook.ports.ranges import LAST_PORT, RANGES, Ephemeral
from tcpbook.protocol.demux import match
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.machine import step
from tcpbook.protocol.segment import Segment
from tcpbook.protocol.situations import REMOTE_PORT, in_state
from tcpbook.protocol.state import State

KERNELS = ((32_768, 60_999), (49_152, LAST_PORT), (1_024, LAST_PORT), (40_000, 44_095))
GUARDED = (1_024, 1_024, 80, 443, 8_000)  # values of ip_unprivileged_port_start
KNOWN = (22, 25, 80, 443, 3_306, 5_432, 6_379, 8_080)
SYSTEM, USER, DYNAMIC = RANGES

SERVER = ("192.0.2.2", "192.0.2.3")
SERVICES = (22, 80, 443, 8_080)
NOBODY = "none of them"

CONFUSED = {
    (20, 21): "ftp has one port",
    (22, 23): "ssh and telnet",
    (80, 443): "one port, with TLS or without",
    (110, 995): "one port, with TLS or without",
    (143, 993): "one port, with TLS or without",
}
PARTNERS = {port: (other, why) for (a, b), why in CONFUSED.items() for port, other in ((a, b), (b, a))}
"""A port, the one that it is taken for, and the misconception behind it."""
TCP_PORTS = (*PARTNERS, 25, 53, 179)
HTTP_ALT = 8_080
TOMCAT, UNREGISTERED = "Apache Tomcat", "no service"


def classify(random: Random) -> Instance:
    """Which range a port is in, who may bind it, and whether the kernel picks it (RFC 6335 §6)."""
    kernel = Ephemeral(*random.choice(KERNELS), "given")
    guarded = random.choice([start for start in GUARDED if start <= kernel.first])  # Linux insists on that
    edges = [USER.first - 1, USER.first, USER.last, DYNAMIC.first, kernel.first, kernel.last, guarded - 1, guarded]
    within = random.choice((*RANGES, kernel))
    inside = random.randint(max(within.first, 1), within.last)
    port = random.choice((inside, random.choice(edges), random.choice(KNOWN)))
    right = ports.range_of(port)
    names = [each.name for each in RANGES]
    wrong = [(ports.range_of(port - 1).name, "1024 is a system port")]
    if port in kernel:
        wrong.append((DYNAMIC.name, "dynamic is where the kernel picks"))
    free, picked = port >= guarded, port in kernel
    return Instance(
        task=f"A Linux machine prints these two settings. Classify port {port} on it.",
        given=f"net.ipv4.ip_local_port_range = {kernel.first}\t{kernel.last}\n".expandtabs(8)
        + f"net.ipv4.ip_unprivileged_port_start = {guarded}",
        parts=(
            ask("Its range, by RFC 6335", Form.CHOICE, right.name,
                [*wrong, *((name, "registered by use") for name in names)], names),
            ask_whether("May an ordinary user's program listen there?", free, [(port > SYSTEM.last, "1024 is a law")]),
            ask_whether("May the kernel pick it for connect()?", picked,
                        [(port in DYNAMIC, "dynamic is where the kernel picks")]),
        ),
        hints=(
            "The range is a matter of the number alone; the other two are settings of this machine.",
            "There are three ranges: the borders are at 1024 and at 49152.",
            "Ports below ip_unprivileged_port_start are guarded; both ends of ip_local_port_range belong to it.",
        ),
        solution=(
            f"{port} lies in {right.first}–{right.last}: {right.name} (RFC 6335 §6).",
            f"Listening there is {'free for all' if free else 'guarded'}: {port} is "
            f"{'not ' if free else ''}below {guarded}.",
            f"The kernel picks from {kernel.first} to {kernel.last}: {port} is {'' if picked else 'not '}among them.",
        ),
    )  # fmt: skip


def demultiplex(random: Random) -> Instance:
    """Which socket of a host a SYN is for, and what comes back (RFC 9293 §3.4.1, §3.10.7)."""
    sockets = _sockets(random)
    source, destination = _arrival(random, sockets)
    ends = [(local, remote) for _, local, remote in sockets]
    names = [f"row {row}" for row in range(1, len(sockets) + 1)]
    goal = match(ends, source, destination)
    listens = [state is State.LISTEN for state, _, _ in sockets]
    same_port = [local.rpartition(":")[2] == destination.rpartition(":")[2] for local, _ in ends]
    calls = [not listen and same for listen, same in zip(listens, same_port, strict=True)]
    believed = [
        (_among(ends, listens, source, destination), "listeners come first"),
        (_among(ends, [local.startswith("0.0.0.0") for local, _ in ends], source, destination),
         "wildcard comes first"),
        (next((row for row in range(len(ends)) if calls[row]), None), "the port picks the socket"),
        (next((row for row in range(len(ends)) if same_port[row]), None), "the port picks the socket"),
    ]  # fmt: skip
    wrong = [(names[row], name) for row, name in believed if row is not None]
    if goal is not None and listens[goal]:
        wrong.append((NOBODY, "only connections are asked"))
    state = sockets[goal][0] if goal is not None else State.CLOSED
    tcb = in_state(state, passive=state is not State.CLOSED)
    answer = step(tcb, Segment(REMOTE_PORT, tcb.local_port, seq=7_000, flags=Flags.SYN)).segments[0].flags
    taker = NOBODY if goal is None else names[goal]
    return Instance(
        task=f"A host has the sockets below. A SYN arrives from {source} for {destination}.",
        given="\n".join(
            [f"     {'State':13}{'Local':18}Remote"]
            + [f"{row:3}  {state:13}{local:18}{remote}" for row, (state, local, remote) in enumerate(sockets, 1)]
        ),
        parts=(
            ask("Which socket takes it?", Form.CHOICE, taker, wrong, [*names, NOBODY]),
            ask("Which bits has the answer?", Form.FLAGS, answer, [(Flags.SYN | Flags.ACK, "SYN always opens")]),
        ),
        hints=(
            "Look for a connection first: all four numbers must fit, both addresses and both ports.",
            "If there is none, look for a listener at that port: with that very address, or else with any, 0.0.0.0.",
            f"Compare: the local side must be {destination}, the remote side {source} or a star.",
        ),
        solution=(
            f"What fits best: {taker} (RFC 9293 §3.4.1).",
            f"It answers as in {state}: {answer} (RFC 9293 §3.10.7).",
        ),
    )  # fmt: skip


def _sockets(random: Random) -> list[tuple[State, str, str]]:
    """Two or three listeners, and connections to them, in any order."""
    served = random.sample(SERVICES, 2)
    listeners = [f"{random.choice((*SERVER, '0.0.0.0'))}:{port}" for port in served]
    if random.random() < 0.5:
        listeners.append(f"0.0.0.0:{served[0]}")
    clients = [f"198.51.100.{number}" for number in random.sample(range(1, 255), 2)]
    connections = {
        (f"{_own(random, listener)}:{listener.rpartition(':')[2]}",
         f"{random.choice(clients)}:{random.randint(40_000, 40_003)}")
        for listener in random.choices(listeners, k=random.randint(2, 4))
    }  # fmt: skip
    rows = [(State.LISTEN, local, "0.0.0.0:*") for local in dict.fromkeys(listeners)]
    rows += [(State.ESTABLISHED, local, remote) for local, remote in sorted(connections)]
    random.shuffle(rows)
    return rows


def _own(random: Random, listener: str) -> str:
    """An address at which a listener hears."""
    address = listener.rpartition(":")[0]
    return random.choice(SERVER) if address == "0.0.0.0" else address


def _arrival(random: Random, sockets: list[tuple[State, str, str]]) -> tuple[str, str]:
    """The two ends of a segment that is for a connection, or would be but for one of its four numbers."""
    local, remote = random.choice([row[1:] for row in sockets if row[0] is State.ESTABLISHED])
    address, port = local.split(":")
    host, client = remote.split(":")
    match random.randrange(6):
        case 0:
            client = str(int(client) + random.choice((-1, 1)))
        case 1:
            host = f"198.51.100.{random.randint(1, 254)}"
        case 2:
            address = next(each for each in SERVER if each != address)
        case 3:
            port = str(random.choice(SERVICES))
        case 4:
            port, client = str(random.choice(SERVICES)), str(random.randint(50_000, 50_999))
    return f"{host}:{client}", f"{address}:{port}"


def _among(ends: list[tuple[str, str]], counts: list[bool], source: str, destination: str) -> int | None:
    """Which socket takes the segment if only some count."""
    rows = [row for row, counted in enumerate(counts) if counted]
    goal = match([ends[row] for row in rows], source, destination)
    return None if goal is None else rows[goal]


def used_up(random: Random) -> Instance:
    """How fast a client can connect before its ports run out (RFC 9293 §3.4.1, §3.6.1)."""
    first = random.choice((32_768, 40_000, 49_152, random.randint(10, 60) * 1_000))
    last = first + random.choice((99, 299, 999, 4_095, 10_999)) if first != 49_152 else LAST_PORT
    last = 60_999 if first == 32_768 else min(last, LAST_PORT)
    held_s, servers = random.choice((30, 60, 120, 240)), random.choice((1, 1, 2, 4))
    limit = ports.exhaustion(ports=len(Ephemeral(first, last, "given")), time_wait_s=held_s)
    most = int(servers * limit.per_second)
    rate = max(1, int(limit.per_second * random.choice((0.5, 0.9, 1.5, 4))))
    at_s = held_s * random.choice((1, 2, 3)) // random.choice((1, 2))
    taken = int(limit.in_use(rate, at_s))
    forever = isinf(limit.runs_out_after_s(rate))
    size = limit.ports
    calls = "It calls one address" if servers == 1 else f"It calls {servers} addresses of the server in turn"
    return Instance(
        task=f"A client calls port 80 of a server, again and again, and closes first each time, at once. Its TIME-WAIT "
        f"lasts {held_s} s.",
        given=f"net.ipv4.ip_local_port_range = {first}\t{last}".expandtabs(8),
        parts=(
            ask("How many ports can it pick from?", Form.NUMBER, size,
                [(last - first, "last minus first"), (len(DYNAMIC), "dynamic is where the kernel picks")]),
            ask(f"{calls}. How many connections a second can it make forever, rounded down?", Form.NUMBER, most,
                [(int(limit.per_second), "one port, one connection"),
                 (servers * size // (2 * held_s), "both ends wait"),
                 (servers * len(DYNAMIC) // held_s, "dynamic is where the kernel picks"),
                 (servers * (last - first) // held_s, "last minus first")]),
            ask(f"To one address it makes {rate} a second. How many ports are taken after {at_s} s?",
                Form.NUMBER, taken, [(rate * at_s, "TIME-WAIT never ends"), (2 * taken, "both ends wait")]),
            ask_whether(f"Does it run out of ports at {rate} a second?", not forever,
                        [(rate * held_s * 2 > size, "both ends wait"), (True, "TIME-WAIT never ends")]),
        ),
        hints=(
            "Toward one address and port of the server, the client's port alone tells connections apart.",
            f"A port is away for {held_s} s and comes back: never more are away than were taken in {held_s} s.",
            f"{last} - {first} + 1 ports, each away for {held_s} s, and so much for each address of the server.",
        ),
        solution=(
            f"{last} - {first} + 1 = {size} ports.",
            f"{servers} × {size} / {held_s} = {servers * limit.per_second:.1f} connections a second "
            "(RFC 9293 §3.4.1, §3.6.1).",
            f"After {at_s} s: {rate} × {min(at_s, held_s)} = {rate * min(at_s, held_s)}, but at most {size}: {taken}.",
            f"{rate} a second is {'not ' if forever else ''}more than {limit.per_second:.1f}: it "
            f"{'can go on forever' if forever else 'runs out'}.",
        ),
    )  # fmt: skip


def registered(random: Random) -> Instance:
    """Whose a port number is, by IANA's registry, and the other way (RFC 6335 §8.1.1)."""
    famous = random.choice(TCP_PORTS)
    port = random.choice((famous, famous, HTTP_ALT, random.randint(DYNAMIC.first, LAST_PORT)))
    name = _service(port) or UNREGISTERED
    likely = _believed(port)
    rest = [each for each in (TOMCAT, UNREGISTERED, *map(_service, TCP_PORTS)) if each not in (name, *likely)]
    choices = sorted((name, *likely, *random.sample(rest, 4 - len(likely))), key=str.lower)
    mistakes = list(likely.items())
    if port in DYNAMIC:
        mistakes = [(each, "dynamic ports are registered") for each in choices]
    asked = random.choice([each for each in TCP_PORTS if each != port])
    service = _service(asked)
    near = sorted([asked, *random.sample([each for each in TCP_PORTS if each != asked], 2)])
    return Instance(
        task="IANA keeps a register of port numbers. What does it say, for TCP? Try from memory; ports.lookup knows.",
        parts=(
            ask(f"For whom is port {port} registered?", Form.CHOICE, name, mistakes, choices),
            ask(f"The port of {service}", Form.NUMBER, _row(service).port,
                [PARTNERS[asked]] if asked in PARTNERS else []),
        ),
        hints=(
            "Related services often have ports side by side; one with TLS has a port of its own, farther up.",
            "From 49152 up nothing is registered. A name in the register is a service, not a product.",
            f"The port of {service}, {_row(service).description}, is one of {', '.join(map(str, near))}.",
        ),
        solution=(f"Port {port}: {name} (IANA).", f"{service}: port {asked} (IANA)."),
    )  # fmt: skip


def _believed(port: int) -> dict[str, str]:
    """Whom a port is given to by mistake, with the misconception behind it."""
    if port in PARTNERS:
        other, why = PARTNERS[port]
        return {_service(other): why}
    return {TOMCAT: "the product owns the port"} if port == HTTP_ALT else {}


def _service(port: int) -> str:
    """The name registered first for a TCP port; empty if there is none."""
    return str(_row(port).service)


@cache
def _row(what: int | str) -> Any:
    """The first row of the registry for TCP, or what stands for a port without a row."""
    rows = ports.lookup(what)
    return rows[rows.protocol.isin(["tcp", ""])].iloc[0]


KINDS = {
    "classify a port": classify,
    "which socket gets it": demultiplex,
    "ports used up": used_up,
    "who owns the number": registered,
}
