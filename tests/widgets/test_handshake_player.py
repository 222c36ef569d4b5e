"""HandshakePlayer without a browser: its frames are the trace, step by step."""

from __future__ import annotations

import re

import pytest

from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.lab.trace import Trace
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State
from tcpbook.protocol.transitions import transitions
from tcpbook.widgets.account import VARIABLES
from tcpbook.widgets.handshake_player import HandshakePlayer

ARCS = {f"{each.before}-{each.after}" for each in transitions()} | {"LISTEN-ESTABLISHED"}  # by cookies


@pytest.mark.parametrize("name", [name for name, each in SCENARIOS.items() if len(each.run().names) == 2])
def test_every_frame_is_what_the_trace_says(name: str) -> None:
    player = HandshakePlayer(name)
    trace = player.trace
    told = [step for step in trace.steps if step.effects or step.name != "RECEIVE"]
    assert [frame["step"] for frame in player.frames] == [0, *(trace.steps.index(step) + 1 for step in told)]
    states = [State.CLOSED, State.CLOSED]
    for step, frame in zip(told, player.frames[1:], strict=True):
        states[step.end] = step.tcb.state
        assert [end["state"] for end in frame["ends"]] == states
        assert [rule[1] for rule in frame["rules"]] == [rule.why for rule in step.rules]
        for number in step.sent:
            assert repr(trace.flights[number - 1].segment) in frame["told"]
        taken = [end["arc"] for end in frame["ends"]]
        assert taken[1 - step.end] == ""
        moved = step.tcb.state is not step.before
        assert bool(taken[step.end]) == moved
        assert set(taken) - {""} <= ARCS or step.cause == "crash"


def test_the_handshake_in_words() -> None:
    player = HandshakePlayer("three-way handshake")
    assert repr(player) == "The three-way handshake, step 0 of 5. Nothing has happened yet."
    player.go(3)
    assert player.states == (State.SYN_SENT, State.SYN_RECEIVED)
    assert repr(player) == (
        "The three-way handshake, step 3 of 5. B: <SEQ=100><CTL=SYN><OPT=MSS 1460> arrives; "
        "LISTEN → SYN-RECEIVED, sends <SEQ=300><ACK=101><CTL=SYN,ACK><OPT=MSS 1460>."
    )


def test_variables_appear_with_the_state_that_has_them_and_changes_are_marked() -> None:
    frames = HandshakePlayer("three-way handshake").frames
    values = [dict(zip(VARIABLES, frame["ends"][0]["values"], strict=True)) for frame in frames]
    assert set(values[0].values()) == {"—"}
    assert values[2] == {"SND.UNA": "100", "SND.NXT": "101", "SND.WND": "—", "RCV.NXT": "—", "RCV.WND": "—"}
    assert values[4] == {"SND.UNA": "101", "SND.NXT": "101", "SND.WND": "65535", "RCV.NXT": "301", "RCV.WND": "65535"}
    assert [frame["ends"][0]["changed"] for frame in frames] == [[], [], [0, 1], [], [0, 2, 3, 4], []]


def test_lost_segments_deliveries_and_news_for_the_user_are_told() -> None:
    told = " ".join(frame["told"] for frame in HandshakePlayer("half-close with data").frames)
    assert "hands 10 bytes to its user" in told
    assert 'tells its user "connection closing"' in told
    assert "(lost)" in " ".join(frame["told"] for frame in HandshakePlayer("SYN lost").frames)


def test_a_trace_and_a_scenario_are_played_as_well() -> None:
    scenario = SCENARIOS["abort"]
    assert HandshakePlayer(scenario).frames == HandshakePlayer(scenario.run()).frames


def test_stepping_stops_at_both_ends() -> None:
    player = HandshakePlayer("refused")
    player.back()
    assert player.at == 0
    for _ in range(20):
        player.step()
    assert player.at == len(player.frames) - 1
    player.back()
    assert player.at == len(player.frames) - 2


@pytest.mark.parametrize("at", [-1, 6])
def test_a_frame_that_is_not_there_is_an_error(at: int) -> None:
    player = HandshakePlayer("three-way handshake")
    with pytest.raises(TcpBookError, match=f"no frame {at}; choose one from 0 to 5"):
        player.go(at)


def test_what_can_not_be_played_is_an_error() -> None:
    with pytest.raises(TcpBookError, match="no scenario 'handshake'; choose one of three-way handshake, "):
        HandshakePlayer("handshake")
    with pytest.raises(TcpBookError, match="0 events"):
        HandshakePlayer(Trace(("A", "B"), ("10.0.0.1", "10.0.0.2")))
    with pytest.raises(TcpBookError, match="two sides, this trace has 1"):
        HandshakePlayer("self-connect")


def test_the_static_twin_tells_the_whole_story() -> None:
    player = HandshakePlayer("four-segment close")
    html = player.static_html()
    assert html.count("<tr>") == len(player.frames) + 1
    assert "TIME-WAIT" in re.sub("<[^>]+>", "", html)
    assert "<SEQ=" not in html  # escaped
