from __future__ import annotations

import re

import pytest

from exercised import SEEDS, instances, key_of, offered
from tcpbook import ports

CLAIMED = {
    "classify a port": {
        "registered by use", "1024 is a system port", "dynamic is where the kernel picks", "1024 is a law",
    },
    "which socket gets it": {
        "the port picks the socket", "listeners come first", "only connections are asked", "wildcard comes first",
        "SYN always opens",
    },
    "ports used up": {
        "last minus first", "dynamic is where the kernel picks", "one port, one connection", "both ends wait",
        "TIME-WAIT never ends",
    },
    "who owns the number": {
        "ftp has one port", "ssh and telnet", "one port, with TLS or without", "the product owns the port",
        "dynamic ports are registered",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", CLAIMED)
def test_every_misconception_is_offered(kind: str) -> None:
    assert offered(kind, 300) == CLAIMED[kind]


@SEEDS
def test_ports_are_classified_as_rfc_6335_and_the_settings_say(seeds: int) -> None:
    seen = set()
    for instance in instances("classify a port", seeds):
        port = int(re.findall(r"Classify port (\d+)", instance.task)[0])
        # The 4 of ipv4 comes first in each line.
        _, first, last, _, guarded = map(int, re.findall(r"\d+", instance.given))
        name = "dynamic" if port > 49_151 else "user" if port > 1_023 else "system"
        right = [name, "no" if port < guarded else "yes", "yes" if first <= port <= last else "no"]
        assert [part.answer for part in instance.parts] == right
        assert 0 < port < 65_536
        assert guarded <= first  # so Linux wants it
        seen.add(port)
    assert seen >= {1_023, 1_024, 49_151, 49_152}


def taker(rows: list[list[str]], source: str, destination: str) -> int | None:
    """By RFC 9293 §3.4.1 the connection with both sockets; else a listener, at this address before any address."""
    for local, remote in ((destination, source), (destination, "0.0.0.0:*"),
                          ("0.0.0.0:" + destination.split(":")[1], "0.0.0.0:*")):  # fmt: skip
        found = [row for row, (_, _, *ends) in enumerate(rows) if ends == [local, remote]]
        if found:
            assert len(found) == 1
            return found[0]
    return None


@SEEDS
def test_segments_find_their_socket_as_by_comparing_texts(seeds: int) -> None:
    seen = set()
    for instance in instances("which socket gets it", seeds):
        source, destination = re.findall(r"\d+\.\d+\.\d+\.\d+:\d+", instance.task)
        rows = [line.split() for line in instance.given.splitlines()[1:]]
        assert [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
        goal = taker(rows, source, destination)
        state = "CLOSED" if goal is None else rows[goal][1]
        answer = {"CLOSED": "RST,ACK", "LISTEN": "SYN,ACK", "ESTABLISHED": "ACK"}[state]
        name = "none of them" if goal is None else f"row {goal + 1}"
        assert [part.answer for part in instance.parts] == [name, answer]
        if wrong := key_of(instance.parts[0], "listeners come first"):
            assert rows[int(wrong.split()[1]) - 1][1] == "LISTEN"
        if wrong := key_of(instance.parts[0], "the port picks the socket"):
            assert rows[int(wrong.split()[1]) - 1][2].split(":")[1] == destination.split(":")[1]
        if wrong := key_of(instance.parts[0], "wildcard comes first"):
            assert rows[int(wrong.split()[1]) - 1][2].startswith("0.0.0.0")
        seen.add(state)
    assert seen == {"CLOSED", "LISTEN", "ESTABLISHED"}


@SEEDS
def test_ports_run_out_as_a_count_second_by_second_says(seeds: int) -> None:
    """Integer arithmetic from the text; whether they run out by opening connections second by second."""
    seen = set()
    for instance in instances("ports used up", seeds):
        held = int(re.findall(r"lasts (\d+) s", instance.task)[0])
        first, last = map(int, instance.given.split()[-2:])
        sizes, most, taken, runs_out = instance.parts
        size = len(range(first, last + 1))
        servers = int((re.findall(r"calls (\d+) addresses", most.label) or [1])[0])
        rate, at = map(int, re.findall(r"makes (\d+) a second.*after (\d+) s", taken.label)[0])
        assert sizes.answer == str(size)
        assert most.answer == str(servers * size // held)
        assert taken.answer == str(min(rate * min(at, held), size))
        away = [rate] * held  # at most so many seconds' worth of ports are away at once
        assert runs_out.answer == ("yes" if sum(away) > size else "no")
        assert sum(away) != size, "taken to the last port: neither yes nor no"
        assert last <= 65_535
        assert key_of(sizes, "last minus first") == str(last - first)
        seen.add((runs_out.answer, servers > 1, at > held))
    assert len(seen) == 8


KNOWN = {
    20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "domain", 80: "http", 110: "pop3", 143: "imap",
    179: "bgp", 443: "https", 993: "imaps", 995: "pop3s", 8080: "http-alt",
}  # fmt: skip


@SEEDS
def test_numbers_belong_to_whom_everybody_knows(seeds: int) -> None:
    seen = set()
    for instance in instances("who owns the number", seeds):
        whose, number = instance.parts
        port = int(re.findall(r"\d+", whose.label)[0])
        assert whose.answer == KNOWN.get(port, "no service")
        assert port in KNOWN or port >= 49_152
        assert KNOWN[int(number.answer)] == number.label.removeprefix("The port of ")
        registered = set(ports.lookup(port).service) if port in KNOWN and port not in seen else {whose.answer}
        assert registered & set(whose.choices) == {whose.answer}, "no distractor is registered there as well"
        assert len(whose.choices) == 5
        assert number.answer in instance.hints[-1]
        seen.add(port)
    assert seen > set(KNOWN)
