"""The sequence spaces: stretches to scale, variables at their numbers, words for what is not there yet."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import pytest

from tcpbook.figures.seqspace import LEFT, MARGIN, seqspace
from tcpbook.protocol.events import Send
from tcpbook.protocol.machine import step
from tcpbook.protocol.situations import in_state
from tcpbook.protocol.state import State
from tcpbook.protocol.tcb import TCB

SVG = "{http://www.w3.org/2000/svg}"


def sending(octets: int, **changes: Any) -> TCB:
    return replace(step(replace(in_state(State.ESTABLISHED), snd_wnd=100), Send(bytes(octets))).tcb, **changes)


def widths(tcb: TCB, kind: str) -> list[float]:
    root = ElementTree.fromstring(seqspace(tcb).svg)
    parts = [group for group in root.iter(f"{SVG}g") if f"tcpbook-{kind}" in group.get("class", "").split()]
    return [float(rect.attrib["width"]) for part in parts for rect in part.iter(f"{SVG}rect")]


def labels(tcb: TCB) -> list[str]:
    root = ElementTree.fromstring(seqspace(tcb).svg)
    texts = [text for text in root.iter(f"{SVG}text") if text.get("class") == "tcpbook-variable"]
    return ["".join(text.itertext()) for text in texts]


def test_stretches_are_to_scale() -> None:
    tcb = sending(30)
    (waiting,), (may_send, may_receive) = widths(tcb, "waiting"), widths(tcb, "allowed")
    assert may_send / waiting == pytest.approx(70 / 30, rel=0.01)
    assert waiting + may_send == pytest.approx(may_receive, abs=0.2)


def test_variables_stand_at_their_numbers() -> None:
    """RFC 9293's Figures 3 and 4."""
    assert labels(sending(30)) == [
        "SND.UNA+SND.WND = 201", "SND.NXT = 131", "SND.UNA = 101", "RCV.NXT+RCV.WND = 65836", "RCV.NXT = 301",
    ]  # fmt: skip
    root = ElementTree.fromstring(seqspace(sending(30)).svg)
    lines = [group.find(f"{SVG}path") for group in root.iter(f"{SVG}g") if group.get("class") == "tcpbook-edge"]
    xs = [float(line.attrib["d"][1:].split(",")[0]) for line in lines if line is not None]
    assert (xs[1] - xs[2]) / (xs[0] - xs[2]) == pytest.approx(0.3, abs=0.01)
    assert xs[2] == LEFT + MARGIN


def test_variables_at_one_number_share_a_name() -> None:
    assert labels(sending(0, snd_wnd=0))[0] == "SND.UNA = SND.NXT = SND.UNA+SND.WND = 101"


def test_a_window_that_was_taken_back_lies_left_of_what_was_sent() -> None:
    tcb = sending(30, snd_wnd=10)
    assert labels(tcb)[:3] == ["SND.NXT = 131", "SND.UNA+SND.WND = 111", "SND.UNA = 101"]
    assert widths(tcb, "allowed")[0] == 0


def test_the_wrap_is_marked() -> None:
    assert labels(sending(30, snd_una=2**32 - 20, snd_nxt=10))[:4] == [
        "SND.UNA+SND.WND = 80", "SND.NXT = 10", "2**32 = 0", "SND.UNA = 4294967276",
    ]  # fmt: skip


def test_words_say_the_same() -> None:
    assert repr(seqspace(sending(30))) == (
        "Sequence spaces in ESTABLISHED. Send: 30 sent, not acknowledged; 70 may be sent. "
        "Receive: 65,535 may be received."
    )
    assert "SND.NXT is 131." in seqspace(sending(30)).svg


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.LISTEN, "Send: no ISS has been selected yet. Receive: no SYN of the peer has come yet."),
        (State.SYN_SENT, "acknowledged; 0 may be sent. Receive: no SYN of the peer has come yet."),
    ],
)
def test_what_is_not_there_yet_is_said(state: State, words: str) -> None:
    assert repr(seqspace(in_state(state, passive=state is State.LISTEN))).endswith(words)
