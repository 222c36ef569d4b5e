"""The numbers along a ladder, counted again from the text that the reader sees."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from exercised import SEEDS, instances, offered
from tcpbook.exercises.instance import Instance

KINDS = ("fill in an opening", "fill in data", "fill in a closing")
OPENING = {
    "SYN takes no number", "SEQ and ACK are mixed up", "ACK counts the sender's own bytes", "SEQ counts segments",
    "ACK names the last byte", "ACK repeats SEQ", "sequence numbers have no end",
}  # fmt: skip
REVEALED = {
    "fill in an opening": OPENING,
    "fill in data": OPENING | {"a retransmission is numbered anew"},
    "fill in a closing": OPENING | {"a retransmission is numbered anew", "FIN takes no number"},
}


class Line(NamedTuple):
    """A segment as the ladder shows it; a number that is left out is its letter, or "" where nobody asks for it."""

    sender: str
    lost: bool
    seq: str
    ack: str | None
    bits: str
    size: int


def lines(instance: Instance) -> list[Line]:
    """The segments of the ladder, read with nothing but the text."""
    found = []
    for text in instance.given.splitlines():
        if fields := re.search(r"<SEQ=([^>]*)>(?:<ACK=([^>]*)>)?<CTL=([^>]*)>(?:<DATA=(\d+)>)?", text):
            seq, ack, bits, size = fields.groups()
            sender = "A" if "-->" in text or "--X" in text else "B"
            lost = "--X" in text or "X--" in text
            found.append(Line(sender, lost, seq.strip("_"), ack and ack.strip("_"), bits, int(size or 0)))
    return found


def counted(instance: Instance) -> dict[str, set[int]]:
    """What each letter may stand for.

    SEQ goes on where its end stopped, or, if anything was lost, is that of the same segment's first sending. ACK is
    what follows all that arrived, or what did a segment earlier, for two that cross.
    """
    shown = lines(instance)
    asked = {part.label[-2]: int(part.answer) for part in instance.parts}
    sent: dict[str, int] = {}
    heard: dict[str, list[int]] = {"A": [], "B": []}
    starts: dict[tuple[str, tuple[str, ...], int], list[int]] = {}
    answers: dict[str, set[int]] = {}
    for line in shown:
        length = line.size + ("SYN" in line.bits) + ("FIN" in line.bits)
        numbered = tuple(bit for bit in ("SYN", "FIN") if bit in line.bits)
        same = starts.setdefault((line.sender, numbered, line.size), [])
        repeats = same if length and any(each.lost for each in shown) else []
        seq = int(line.seq) if line.seq.isdigit() else -1
        if seq < 0:
            may = {*repeats, sent[line.sender]}
            left_out = [start for start in repeats if start in asked.values()]
            seq = asked[line.seq[1]] if line.seq else (*left_out, sent[line.sender])[0]
            if line.seq:
                answers[line.seq[1]] = may
        if line.ack and not line.ack.isdigit():
            answers[line.ack[1]] = {*heard[line.sender][-2:]}
        same.append(seq)
        if length and seq in (sent.get(line.sender, seq), *repeats):
            behind = (seq + length) % 2**32
            sent[line.sender] = behind
            peer = heard["B" if line.sender == "A" else "A"]
            if not line.lost and peer[-1:] != [behind]:
                peer.append(behind)
    return answers


@pytest.mark.parametrize("kind", KINDS)
@SEEDS
def test_numbers_are_those_that_counting_gives(kind: str, seeds: int) -> None:
    only = 0
    for instance in instances(kind, seeds):
        may = counted(instance)
        assert {int(part.answer) in may[part.label[-2]] for part in instance.parts} == {True}, instance.given
        only += all(len(each) == 1 for each in may.values())
    assert only > seeds / 8


@pytest.mark.parametrize("kind", KINDS)
def test_each_misconception_is_met(kind: str) -> None:
    assert offered(kind, 300) == REVEALED[kind]


@pytest.mark.parametrize("kind", KINDS)
@SEEDS
def test_what_is_asked_stands_nowhere_else(kind: str, seeds: int) -> None:
    for instance in instances(kind, seeds):
        for part in instance.parts:
            assert not re.search(rf"(SEQ|ACK)={part.answer}>(?!<CTL=SYN|<ACK=\S+<CTL=SYN)", instance.given)
            assert instance.given.count(f"({part.label[-2]})") == 1
