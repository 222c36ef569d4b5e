from __future__ import annotations

from collections import Counter
from itertools import pairwise

from exercised import SEEDS, instances, key_of, offered
from listed import Line, listed

OTHER = {"client": "server", "server": "client"}


def test_every_misconception_is_offered() -> None:
    assert offered("why is it slow", 300) == {
        "a time is a wait", "every wait is a program's", "every pause is a loss", "a program repeats",
        "who sends is slow", "a probe repeats what was lost", "the wrong end is slow", "the way is always long",
    }  # fmt: skip


def told(lines: list[Line]) -> tuple[int, int, str]:
    """The round trip, the longest wait, and what it comes from."""
    syn, answer, done = lines[:3]
    assert (syn.bits, answer.bits, done.bits) == ({"SYN"}, {"SYN", "ACK"}, {"ACK"})
    wait_ms, frame = max((later.ms - line.ms, -line.frame) for line, later in pairwise(lines))
    before, ends = lines[:-frame], lines[-frame]
    if wait_ms == done.ms:
        return done.ms, wait_ms, "the way is long"
    windows = {line.sender: line.window for line in before}
    for sender, window in windows.items():
        if not window:
            return done.ms, wait_ms, f"the {sender}'s program doesn't read"
    reached = {line.sender: max(each.after for each in before if each.sender == line.sender) for line in before}
    if ends.after > ends.seq and ends.seq < reached[ends.sender]:
        return done.ms, wait_ms, "the network lost a segment"
    assert ends.seq == reached[ends.sender]
    assert all(
        max(line.ack for line in before if line.sender != sender) == reached[sender] for sender in OTHER
    ), "nothing is on its way"
    return done.ms, wait_ms, f"the {ends.sender}'s program is late to send"


@SEEDS
def test_waits_are_those_that_a_pencil_finds(seeds: int) -> None:
    seen = Counter[str]()
    for instance in instances("why is it slow", seeds):
        lines = listed(instance.given)
        round_trip_ms, wait_ms, cause = told(lines)
        assert [part.answer for part in instance.parts] == [str(round_trip_ms), str(wait_ms), cause]
        assert instance.trace
        lost = any(flight.lost for flight in instance.trace.flights)
        assert lost == (cause == "the network lost a segment")
        assert (key_of(instance.parts[2], "the way is always long") is None) == (cause == "the way is long")
        seen[cause] += 1
    assert len(seen) == 6
    assert min(seen.values()) > seeds // 12
