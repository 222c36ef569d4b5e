"""The derived changes of state: 30 pairs, and where RFC 9293 states each."""

from __future__ import annotations

from collections import Counter

from tcpbook.protocol.state import State
from tcpbook.protocol.transitions import FIGURE_5, Stated, transitions

# Every line of Figure 5, read off the figure: before, after, and what stands beside the arrow.
FIGURE = """
CLOSED        LISTEN        passive OPEN / create TCB
CLOSED        SYN-SENT      active OPEN / create TCB, snd SYN
LISTEN        CLOSED        CLOSE / delete TCB
LISTEN        SYN-RECEIVED  rcv SYN / snd SYN,ACK
LISTEN        SYN-SENT      SEND / snd SYN
SYN-RECEIVED  LISTEN        rcv RST
SYN-SENT      SYN-RECEIVED  rcv SYN / snd SYN,ACK
SYN-SENT      ESTABLISHED   rcv SYN,ACK / snd ACK
SYN-SENT      CLOSED        CLOSE / delete TCB
SYN-RECEIVED  ESTABLISHED   rcv ACK of SYN
SYN-RECEIVED  FIN-WAIT-1    CLOSE / snd FIN
ESTABLISHED   FIN-WAIT-1    CLOSE / snd FIN
ESTABLISHED   CLOSE-WAIT    rcv FIN / snd ACK
FIN-WAIT-1    FIN-WAIT-2    rcv ACK of FIN
FIN-WAIT-1    CLOSING       rcv FIN / snd ACK
FIN-WAIT-2    TIME-WAIT     rcv FIN / snd ACK
CLOSING       TIME-WAIT     rcv ACK of FIN
CLOSE-WAIT    LAST-ACK      CLOSE / snd FIN
LAST-ACK      CLOSED        rcv ACK of FIN / delete TCB
TIME-WAIT     CLOSED        2 MSL timeout / delete TCB
"""
BY_PAIR = {(each.before, each.after): each for each in transitions()}


def test_figure_5_is_derived_line_for_line() -> None:
    lines = [line.split(None, 2) for line in FIGURE.strip().splitlines()]
    assert {(State(before), State(after)) for before, after, _ in lines} == FIGURE_5
    for before, after, label in lines:
        each = BY_PAIR[State(before), State(after)]
        assert each.stated is Stated.FIGURE
        assert label in each.labels
        assert not each.abrupt


def test_the_notes_and_the_text_add_ten() -> None:
    assert Counter(each.stated for each in transitions()) == {Stated.FIGURE: 20, Stated.NOTE: 7, Stated.TEXT: 3}
    notes = {(each.before, each.after) for each in transitions() if each.stated is Stated.NOTE}
    reset = ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING")
    assert notes == {("FIN-WAIT-1", "TIME-WAIT"), *((state, "CLOSED") for state in reset)}
    texts = {(each.before, each.after) for each in transitions() if each.stated is Stated.TEXT}
    assert texts == {(state, "CLOSE-WAIT") for state in ("LISTEN", "SYN-SENT", "SYN-RECEIVED")}


def test_abrupt_ways_lead_to_closed() -> None:
    for each in transitions():
        if each.abrupt_labels:
            assert each.after is State.CLOSED
    assert sum(each.abrupt for each in transitions()) == 6
    assert "rcv RST / delete TCB" in BY_PAIR[State.ESTABLISHED, State.CLOSED].labels
    assert "RETRANSMISSION TIMEOUT / delete TCB" in BY_PAIR[State.ESTABLISHED, State.CLOSED].labels


def test_the_usual_paths_go_from_closed_to_closed() -> None:
    for path, length in (("client", 6), ("server", 6)):
        pairs = [(each.before, each.after) for each in transitions() if each.path == path]
        assert len(pairs) == length
        state = State.CLOSED
        for _ in pairs:
            ((_, state),) = [pair for pair in pairs if pair[0] is state]
        assert state is State.CLOSED
