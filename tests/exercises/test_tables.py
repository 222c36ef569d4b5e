from __future__ import annotations

import re
from collections import Counter

import pytest

from exercised import SEEDS, instances, key_of, offered
from tcpbook.lab import sockets
from tcpbook.lab.trace import Trace

CLAIMED = {
    "read this socket table": {
        "a listener is a connection", "who closed is mixed up", "the kernel cleans up", "the peer's TCP closes",
        "TIME-WAIT waits for the peer", "TIME-WAIT is a leak", "TIME-WAIT never hurts", "a few are a pile",
        "our program completes the handshake",
    },
    "when is it sent again": {"equal intervals", "the time doubles", "the original counted", "the original forgotten"},
    "how long in TIME-WAIT": {
        "one MSL", "TIME-WAIT from our CLOSE", "TIME-WAIT is not restarted", "TIME-WAIT is 60 s",
        "the last to close lingers", "one end lingers", "both ends linger",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", CLAIMED)
def test_every_misconception_is_offered(kind: str) -> None:
    assert offered(kind, 300) == CLAIMED[kind]


ACTS = {
    "CLOSE-WAIT": "our program", "FIN-WAIT-2": "the peers' programs", "TIME-WAIT": "nobody, only the clock",
    "SYN-RECEIVED": "the peers' TCPs",
}  # fmt: skip
"""As the recap of chapter 05 has it."""


def troubles(rows: list[list[str]], first: int, last: int) -> list[str]:
    """By the piles that chapter 05 teaches, in the sizes that lab.sockets names."""
    states = Counter(row[0] for row in rows)
    held = {row[3] for row in rows if row[4] == "198.51.100.7:5432"}
    return [
        *["CLOSE-WAIT leak"] * (states["CLOSE-WAIT"] >= 5),
        *["SYN flood"] * (states["SYN-RECV"] >= 10),
        *["half-closed pile-up"] * (states["FIN-WAIT-2"] >= 20),
        *["TIME-WAIT exhaustion"] * (len(held) >= 0.8 * (last - first + 1)),
    ]


@SEEDS
def test_tables_are_read_as_by_counting_words(seeds: int) -> None:
    seen = Counter[str]()
    for instance in instances("read this socket table", seeds):
        limits, _, *lines = instance.given.splitlines()
        first, last = map(int, limits.split()[-2:])
        rows = [line.split() for line in lines]
        assert {len(row) for row in rows} == {5}
        assert len({(row[3], row[4]) for row in rows}) == len(rows)
        connections, count, acts, stands_out = instance.parts
        state = count.label.removeprefix("How many are in ").rstrip("?")
        short = state.replace("RECEIVED", "RECV")
        assert connections.answer == str(sum(row[0] != "LISTEN" for row in rows))
        assert key_of(connections, "a listener is a connection") == str(len(rows))
        assert count.answer == str(sum(row[0] == short for row in rows))
        assert state in acts.label
        assert acts.answer == ACTS[state]
        found = troubles(rows, first, last)
        assert stands_out.answer == (found or ["nothing"])[0]
        assert len(found) < 2, "one trouble a table"
        seen[stands_out.answer] += 1
    assert len(seen) == 5
    assert min(seen.values()) > seeds // 8


def test_the_table_is_one_that_the_package_reads_without_a_rest() -> None:
    for instance in instances("read this socket table", 20):
        table = sockets.read(instance.given)
        assert not table.attrs["unread"]
        assert len(table) == len(instance.given.splitlines()) - 2


@SEEDS
def test_retransmissions_leave_when_the_waits_add_up(seeds: int) -> None:
    """RFC 6298 §5, rule 5.5: the k-th leaves at 1 + 2 + ... + 2 to the power of k - 1."""
    seen = set[int | str]()
    for instance in instances("when is it sent again", seeds):
        when, often = instance.parts
        number = int(re.findall(r"retransmission (\d+)", when.label)[0])
        assert when.answer == str(2**number - 1)
        until = int(re.findall(r"(\d+) s after", often.label)[0])
        assert often.answer == str((until + 1).bit_length())
        assert key_of(when, "equal intervals") == str(number)
        lost = int((re.findall(r"first (\d+) retransmissions", instance.task) or ["1"])[0]) + 1
        assert number <= lost
        assert until <= 2**lost - 1
        assert instance.trace
        assert sum(flight.lost for flight in instance.trace.flights) == lost
        seen |= {number, *re.findall("sends a (.*). It is lost", instance.task)}
    assert seen == {2, 3, 4, 5, 6, "SYN", "FIN", "segment of text"}


def lingered(trace: Trace) -> list[tuple[str, int]]:
    """Which ends were in TIME-WAIT and when they left it, in seconds, by the table of changes."""
    changes = trace.changes()
    left = changes[changes.before == "TIME-WAIT"]
    return sorted(zip(left.end, left.at_us // 1_000_000, strict=True))


@SEEDS
def test_time_wait_ends_two_lifetimes_after_the_last_fin(seeds: int) -> None:
    """RFC 9293 §3.6.1, MUST-13, and §3.10.7.4 for a FIN that comes again."""
    seen = set()
    for number, instance in enumerate(instances("how long in TIME-WAIT", seeds)):
        who, over = instance.parts
        msl = int(re.findall(r"The MSL is (\d+) s", instance.task)[0])
        closes = dict(re.findall(r"(?:^|and )([AB])(?: calls CLOSE)? at (\d+) s", instance.task))
        again = "last ACK is lost" in instance.task
        if closes:
            early, late = sorted(closes, key=lambda end: int(closes[end]))
            assert int(closes[early]) < int(closes[late])
            assert who.answer == f"{early} alone"
            assert over.answer == str(int(closes[late]) + again + 2 * msl)
            assert key_of(over, "TIME-WAIT is not restarted") == (str(int(closes[late]) + 2 * msl) if again else None)
        else:
            moment = int(re.findall(r"same moment, (\d+) s", instance.task)[0])
            assert (who.answer, over.answer) == ("both", str(moment + 2 * msl))
        assert instance.trace
        if number < 100:  # a DataFrame takes long
            ends = {end for end, _ in lingered(instance.trace)}
            assert ends == ({"A", "B"} if who.answer == "both" else {who.answer[0]})
            assert {at for _, at in lingered(instance.trace)} == {int(over.answer)}
        seen.add((who.answer, again))
    assert len(seen) == 5
