"""ConnectionLab without a browser: what the page is told, what it may ask, and what Python does with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tcpbook.lab.scenarios import SCENARIOS
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State
from tcpbook.widgets.connection_lab import ConnectionLab

OPENING = ("B OPEN passive", "A OPEN active")


def asked(lab: ConnectionLab, message: dict[str, Any]) -> dict[str, Any]:
    """The view after a message from the page."""
    lab._asked(lab, message, [])
    return dict(lab.view)


def test_the_answer_dropped_and_sent_again() -> None:
    lab = ConnectionLab(*OPENING, "deliver 1")
    assert lab.view["air"] == [[2, 1, "<SEQ=300><ACK=101><CTL=SYN,ACK>", "0.01 s"]]
    assert lab.view["ends"][0]["notes"] == "RTO in 0.99 s"
    lab.do("drop 2", "wait")
    assert lab.view["now"] == "1 s"
    assert lab.view["air"] == [[3, 0, "<SEQ=100><CTL=SYN>", "0.01 s"]]
    assert lab.view["story"][2] == ("", "X-- <SEQ=300><ACK=101><CTL=SYN,ACK> <--", "SYN-RECEIVED")
    lab.do("run")
    assert lab.states == (State.ESTABLISHED, State.ESTABLISHED)


def test_the_page_asks_and_is_told() -> None:
    lab = ConnectionLab()
    assert lab.view["told"] == "Nothing has happened yet: let an end OPEN."
    view = asked(lab, {"do": "A OPEN active"})
    assert view["ends"][0] == {
        "state": "SYN-SENT", "arc": "CLOSED-SYN-SENT", "values": ["100", "101", "—", "—", "—"], "changed": [0, 1],
        "notes": "RTO in 1 s",
    }  # fmt: skip
    assert view["told"].startswith("A: active OPEN; CLOSED → SYN-SENT, sends <SEQ=100>")
    assert view["rules"] == [["active OPEN", "An active OPEN creates a TCB, selects an ISS and sends a SYN.", "3.10.1"]]
    view = asked(lab, {"do": "A OPEN active"})
    assert "error: connection already exists" in view["told"]
    assert asked(lab, {"kept": 1})["actions"] == ["A OPEN active"]
    assert asked(lab, {"kept": None})["story"] == []


def test_what_makes_no_sense_is_a_sentence_in_the_page_and_an_error_in_python() -> None:
    lab = ConnectionLab("A OPEN active")
    before = dict(lab.view)
    view = asked(lab, {"do": "deliver 7"})
    assert view == {**before, "error": "segment 7 is not in the air; choose one of 1."}
    assert asked(lab, {"do": "drop 1"})["error"] == ""
    with pytest.raises(TcpBookError, match="segment 7"):
        lab.do("deliver 7")


def test_the_code_recreates_the_experiment() -> None:
    lab = ConnectionLab(*OPENING, "run", "A SEND it's \"quoted\"", "drop 4")
    again = eval(lab.view["code"])
    assert again.trace == lab.trace
    assert again.actions == lab.actions == [*OPENING, "run", "A SEND it's \"quoted\"", "drop 4"]


def test_messages_stay_small() -> None:
    lab = ConnectionLab(*OPENING, "run", "A CLOSE", "run", "B CLOSE", "run")
    assert len(json.dumps(lab.view)) < 5_000


def test_a_capture_is_saved_by_python_and_sent_to_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = ConnectionLab(*OPENING, "run")
    lab.save_pcap(tmp_path / "b.pcap", "B")
    assert (tmp_path / "b.pcap").read_bytes() == SCENARIOS["three-way handshake"].run().capture(1)
    with pytest.raises(TcpBookError, match="no end 'C'; choose one of A, B"):
        lab.save_pcap(tmp_path / "c.pcap", "C")
    sent: list[Any] = []
    monkeypatch.setattr(lab, "send", lambda *message: sent.append(message))
    lab._asked(lab, {"pcap": "B"}, [])
    assert sent == [({"pcap": "B.pcap"}, [lab.trace.capture(1)])]


def test_undo_and_words() -> None:
    lab = ConnectionLab(*OPENING)
    assert repr(lab) == (
        "ConnectionLab after 2 actions: A is in SYN-SENT, B is in LISTEN; in the air: <SEQ=100><CTL=SYN>."
    )
    lab.undo()
    assert repr(lab) == "ConnectionLab after 1 actions: A is in CLOSED, B is in LISTEN; nothing is in the air."
    assert lab.view["actions"] == ["B OPEN passive"]
    assert "(passive OPEN)" in lab.static_html()
