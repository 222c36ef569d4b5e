from __future__ import annotations

import re

import pytest

from exercised import SEEDS, instances, key_of, offered

ALL = 2**32
CLAIMED = {
    "is it acceptable": {
        "zero window takes nothing", "compared as plain numbers", "right edge included", "the first byte decides",
        "only RCV.NXT is acceptable", "old bytes are new", "SEQ plus length is the last",
    },
    "how many segments": {
        "the rest needs no segment", "an empty segment ends the text", "MSS includes the header",
        "every segment is full", "sequence numbers have no end", "SEQ counts segments", "SEQ names the end",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", CLAIMED)
def test_every_misconception_is_offered(kind: str) -> None:
    assert offered(kind, 300) == CLAIMED[kind]


@SEEDS
def test_acceptable_is_what_table_5_says_octet_by_octet(seeds: int) -> None:
    seen = set()
    for instance in instances("is it acceptable", seeds):
        nxt, seq, wnd, length = (int(number) for number in re.findall(r"\d+", instance.given))
        window = {(nxt + octet) % ALL for octet in range(wnd)}
        octets = [(seq + octet) % ALL for octet in range(length)]
        if wnd == 0:
            right = length == 0 and seq == nxt
        elif length == 0:
            right = seq in window
        else:
            right = octets[0] in window or octets[-1] in window
        assert instance.parts[0].answer == ("yes" if right else "no")
        if length:
            inside = sum(octet in window for octet in octets)
            assert instance.parts[1].answer == str(inside)
            assert right == bool(inside), "one byte inside is enough: Table 5 and common sense agree"
        assert len(instance.parts) == 1 + bool(length)
        plain = any(nxt <= number < nxt + wnd for number in (seq, seq + max(length, 1) - 1))
        if key_of(instance.parts[0], "compared as plain numbers"):
            assert plain != right
        seen.add((right, wnd > 0, length > 0, nxt + wnd > ALL))
    assert len(seen) == 3 + 8, "three cases of a shut window, which never wraps, and eight of an open one"


@SEEDS
def test_segments_are_counted_and_numbered_as_by_cutting_the_text(seeds: int) -> None:
    wrapped = 0
    for instance in instances("how many segments", seeds):
        size, mss, start = map(int, re.findall(r"\d+", instance.task))
        pieces = [range(size)[at : at + mss] for at in range(0, size, mss)]
        number = int(re.findall(r"\d+", instance.parts[2].label)[0]) - 1
        right = [len(pieces), len(pieces[-1]), (start + pieces[number][0]) % ALL]
        assert [part.answer for part in instance.parts] == list(map(str, right))
        wrapped += start + size > ALL
        if wrong := key_of(instance.parts[2], "SEQ counts segments"):
            assert int(wrong) == (start + number) % ALL
        if wrong := key_of(instance.parts[0], "MSS includes the header"):
            assert int(wrong) == len(range(0, size, mss - 20))
        assert instance.trace
        texts = [flight.segment.data for flight in instance.trace.flights if flight.segment.data]
        assert list(map(len, texts)) == list(map(len, pieces))
    assert wrapped
