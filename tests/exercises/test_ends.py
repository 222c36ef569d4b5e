"""What an end answers, by an independent reading of §3.10, from nothing but the text that the reader sees."""

from __future__ import annotations

import re

from exercised import SEEDS, instances, offered
from oracles.rfc9293_reading import Seen, View, arrives
from storied import walk
from tcpbook.exercises.instance import Instance
from tcpbook.exercises.kinds.stories import stories
from tcpbook.protocol.flags import Flags


def shown(instance: Instance) -> dict[str, str]:
    return dict(re.fullmatch(r"(\S+) +(.*)", line).groups() for line in instance.given.splitlines())  # type: ignore[union-attr, misc]


def view(shown: dict[str, str]) -> View:
    """An end whose ISS is 100; it has sent nothing but its SYN and perhaps its FIN."""
    state = shown["State"]
    una, nxt = int(shown.get("SND.UNA", 0)), int(shown.get("SND.NXT", 0))
    return View(
        state=state,
        passive=shown.get("Opened") == "passively" or state == "LISTEN",
        remote_known=state != "LISTEN",
        iss=100,
        snd_una=una,
        snd_nxt=nxt,
        snd_wnd=65_535,
        max_snd_wnd=65_535,
        irs=300,
        snd_wl1=300,
        snd_wl2=una,
        rcv_nxt=int(shown.get("RCV.NXT", 0)),
        rcv_wnd=int(shown.get("RCV.WND", 65_535)),
        rcv_buff=65_535,
        fin_seq=101 if nxt == 102 else None,
        in_flight=((100, b"", True, False),) if una == 100 and nxt == 101 else ((101, b"", False, True),) * (una < nxt),
    )


def segment(words: str) -> Seen:
    seq, ack, bits, size = re.fullmatch(r"<SEQ=(\d+)>(?:<ACK=(\d+)>)?<CTL=([A-Z,]+)>(?:<DATA=(\d+)>)?", words).groups()  # type: ignore[union-attr]
    return Seen(int(seq), int(ack or 0), frozenset(bits.split(",")), 65_535, 0, b"x" * int(size or 0))


@SEEDS
def test_the_answer_is_that_of_another_reading(seeds: int) -> None:
    for instance in instances("next state and reply", seeds):
        given = shown(instance)
        answer = arrives(view(given), segment(given["Arrives"]))
        state, bits, seq = (part.answer for part in instance.parts)
        assert state == answer.view.state, instance
        replied = [(str(Flags.parse(",".join(bits_sent))), str(number)) for number, _, bits_sent, _ in answer.sent]
        assert replied == ([] if bits == "none" else [(bits, seq)]), instance


@SEEDS
def test_the_states_are_those_that_a_pencil_finds(seeds: int) -> None:
    for instance in instances("state of each end", seeds):
        assert [states[-1] for states in walk(instance.given).values()] == [part.answer for part in instance.parts]


def test_each_misconception_is_met() -> None:
    assert offered("next state and reply", 1_000) == {
        "any reset ends it", "FIN closes both ways", "SYN always opens", "one segment opens it", "a reset is answered",
        "RST is acknowledged", "a reset never has ACK", "a reset always has ACK", "SEQ and ACK are mixed up",
    }  # fmt: skip
    assert offered("state of each end", 1_000) == {
        "the last to close lingers", "FIN closes both ways", "one segment opens it",
        "both ends are always in the same state",
    }  # fmt: skip


@SEEDS
def test_every_state_and_story_is_asked_for(seeds: int) -> None:
    made = list(instances("state of each end", seeds))
    assert {part.answer for each in made for part in each.parts} >= {
        "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
        "CLOSING", "LAST-ACK", "TIME-WAIT",
    }  # fmt: skip
    assert len({each.given for each in made}) > 2 * len(stories())
