"""Ways through the state graph, and what stands on its arrows, by Figure 5 as a reader knows it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from exercised import SEEDS, instances, offered
from storied import walk

LABELS = {
    "CLOSED → LISTEN": "passive OPEN / create TCB",
    "CLOSED → SYN-SENT": "active OPEN / create TCB, snd SYN",
    "LISTEN → CLOSED": "CLOSE / delete TCB",
    "LISTEN → SYN-SENT": "active OPEN / snd SYN",
    "LISTEN → SYN-RECEIVED": "rcv SYN / snd SYN,ACK",
    "LISTEN → CLOSE-WAIT": "rcv FIN,SYN / snd SYN,ACK, snd ACK",
    "SYN-SENT → CLOSED": "CLOSE / delete TCB",
    "SYN-SENT → SYN-RECEIVED": "rcv SYN / snd SYN,ACK",
    "SYN-SENT → ESTABLISHED": "rcv SYN,ACK / snd ACK",
    "SYN-SENT → CLOSE-WAIT": "rcv FIN,SYN,ACK / snd ACK",
    "SYN-RECEIVED → LISTEN": "rcv RST",
    "SYN-RECEIVED → ESTABLISHED": "rcv ACK of SYN",
    "SYN-RECEIVED → FIN-WAIT-1": "CLOSE / snd FIN",
    "SYN-RECEIVED → CLOSE-WAIT": "rcv FIN,ACK of SYN / snd ACK",
    "ESTABLISHED → FIN-WAIT-1": "CLOSE / snd FIN",
    "ESTABLISHED → CLOSE-WAIT": "rcv FIN / snd ACK",
    "FIN-WAIT-1 → FIN-WAIT-2": "rcv ACK of FIN",
    "FIN-WAIT-1 → CLOSING": "rcv FIN / snd ACK",
    "FIN-WAIT-1 → TIME-WAIT": "rcv FIN,ACK of FIN / snd ACK",
    "FIN-WAIT-2 → TIME-WAIT": "rcv FIN / snd ACK",
    "CLOSE-WAIT → LAST-ACK": "CLOSE / snd FIN",
    "CLOSING → TIME-WAIT": "rcv ACK of FIN",
    "LAST-ACK → CLOSED": "rcv ACK of FIN / delete TCB",
    "TIME-WAIT → CLOSED": "2 MSL timeout / delete TCB",
}
"""Figure 5 with its notes, and the arrows of the text only: copied by hand from RFC 9293 §3.3.2 and §3.10.7."""

NAMES = {  # RFC 9293, ss, netstat; the notes where they have a name
    "CLOSED": "UNCONN CLOSE CLOSED", "LISTEN": "LISTEN LISTEN LISTEN", "SYN-SENT": "SYN-SENT SYN_SENT",
    "SYN-RECEIVED": "SYN-RECV SYN_RECV SYN_RCV", "ESTABLISHED": "ESTAB ESTABLISHED ESTABLISHED",
    "FIN-WAIT-1": "FIN-WAIT-1 FIN_WAIT1 FIN_WAIT", "FIN-WAIT-2": "FIN-WAIT-2 FIN_WAIT2 FIN_WAIT",
    "CLOSE-WAIT": "CLOSE-WAIT CLOSE_WAIT CLOSE_WAIT", "CLOSING": "CLOSING CLOSING", "LAST-ACK": "LAST-ACK LAST_ACK",
    "TIME-WAIT": "TIME-WAIT TIME_WAIT TIME_WAIT",
}  # fmt: skip


@SEEDS
def test_the_way_is_the_one_that_a_pencil_finds(seeds: int) -> None:
    for instance in instances("arcs of a trace", seeds):
        states = walk(instance.given)[instance.parts[0].label[0]]
        way = [f"{before} → {after}" for before, after in pairwise(states)]
        for part in instance.parts:
            assert part.answer == way[int(part.label.split()[-1]) - 1], instance.given


@SEEDS
def test_one_label_is_wrong_and_the_right_one_is_offered(seeds: int) -> None:
    met = Counter[str]()
    for instance in instances("wrong arrow", seeds):
        drawn = dict(line.split(": ") for line in instance.given.splitlines())
        (arrow,) = [arrow for arrow in LABELS if drawn[arrow] != LABELS[arrow]]
        assert drawn.keys() == LABELS.keys()
        which, what = instance.parts
        assert (which.answer, what.answer) == (arrow, LABELS[arrow])
        assert instance.picture
        words = instance.picture.interactive()
        assert f"{arrow.replace(' → ', ' to ')}: {drawn[arrow]}" in re.search("<desc.*</desc>", words)[0]  # type: ignore[index]
        met[arrow] += 1
        event, right = (label.split(" / ")[0] for label in (drawn[arrow], LABELS[arrow]))
        assert event != right, "a difference in what is done about the TCB is none to look for"
    assert met.keys() == LABELS.keys()


@SEEDS
def test_names_are_those_of_the_tools(seeds: int) -> None:
    for instance in instances("names of a state", seeds):
        printed, listed, noted = instance.parts
        assert printed.answer == NAMES[printed.label.split()[-1]].split()[0]
        assert NAMES[listed.answer].split()[1] == listed.label.split()[-1]
        assert noted.answer == (*NAMES[noted.label.split()[-1]].split(), "", "no name for it")[2 if len(
            NAMES[noted.label.split()[-1]].split()) == 3 else -1]  # fmt: skip


def test_each_misconception_is_met() -> None:
    assert offered("arcs of a trace", 300) == {"the other end's arrow", "one event, and it is over"}
    assert offered("wrong arrow", 30) == {"an arrow says what leads along it"}
    assert offered("names of a state", 100) == {
        "ss and netstat speak alike", "ss speaks RFC", "the notes know all states",
    }  # fmt: skip
