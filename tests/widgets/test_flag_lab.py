"""FlagLab without a browser: what a cell can ask of it."""

from __future__ import annotations

import re

import pytest

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.state import State
from tcpbook.widgets.flag_lab import FlagLab


def test_toggling_is_answered() -> None:
    lab = FlagLab(state="SYN-SENT")
    lab.toggle("SYN")
    assert str(lab.answer.after) == "SYN-RECEIVED"
    lab.toggle("ACK")
    assert str(lab.answer.after) == "ESTABLISHED"
    assert lab.answer.replies == ["<SEQ=101><ACK=301><CTL=ACK>"]
    lab.toggle("SYN,ACK")
    assert lab.flags == 0
    assert "no control bit" in repr(lab)


def test_the_answer_names_its_rules() -> None:
    lab = FlagLab(state="ESTABLISHED", flags="RST", seq="later")
    assert repr(lab.answer).splitlines()[0] == lab.answer.summary
    assert "challenge ACK" in repr(lab.answer)
    assert lab.answer.rules[-1][2] == "3.10.7.4"


def test_every_state_at_once() -> None:
    answers = FlagLab(flags="FIN,PSH,URG").answers
    assert list(answers) == list(State)
    assert answers["CLOSED"] == "RST,ACK"
    assert set(answers.values()) == {"RST,ACK", "dropped"}


def test_send_moves_and_undo_moves_back() -> None:
    lab = FlagLab(state="LISTEN", flags="SYN", opened="actively")
    lab.send()
    assert (lab.state, lab.opened) == ("SYN-RECEIVED", "passively")
    lab.flags = int(Flags.RST)
    assert lab.answer.after is State.LISTEN
    lab.send()
    assert [step["after"] for step in lab.history] == ["SYN-RECEIVED", "LISTEN"]
    for _ in range(3):
        lab.undo()
    assert (lab.state, lab.flags, lab.opened, lab.history) == ("LISTEN", int(Flags.SYN), "actively", [])


def test_an_active_opener_is_refused_where_a_listener_listens_on() -> None:
    lab = FlagLab(state="SYN-RECEIVED", flags="RST")
    assert str(lab.answer.after) == "LISTEN"
    lab.choose(opened="actively")
    assert str(lab.answer.after) == "CLOSED"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"state": "SYN_SENT"}, "SYN-SENT"),
        ({"seq": "middle"}, "later"),
        ({"window": "open"}, "rfc5961"),
    ],
)
def test_a_wrong_choice_is_refused_in_a_sentence(wrong: dict[str, str], named: str) -> None:
    lab = FlagLab(state="CLOSING")
    with pytest.raises(TcpBookError, match=named):
        lab.choose(**wrong)
    assert lab.state == "CLOSING"


def test_the_verdict_does_not_depend_on_the_state() -> None:
    lab = FlagLab(flags="SYN,FIN")
    before = lab.verdict
    lab.choose(state="TIME-WAIT")
    assert lab.verdict == before


def test_the_static_twin_is_understood_without_markup() -> None:
    words = re.sub("<[^>]+>", " ", FlagLab(state="LISTEN", flags="SYN").static_html())
    assert "The first segment of a connection." in words
    assert re.search(r"LISTEN\s+→ SYN-RECEIVED, SYN,ACK", words)
    assert "<script" not in FlagLab().static_html()
