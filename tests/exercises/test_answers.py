from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpbook.exercises.answers import BITS, LONGEST, Form, arrows, offered, read
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags

RANGES = ("system", "user", "dynamic")
SEGMENTS = ("<CTL=SYN,ACK>", "<CTL=SYN>", "<CTL=ACK>")


@pytest.mark.parametrize("text", ["user", " User ", "b", "B"])
def test_a_choice_is_read_by_its_words_or_its_letter(text: str) -> None:
    assert read(Form.CHOICE, text, RANGES) == "user"


@pytest.mark.parametrize("text", ["", "d", "users", "a b"])
def test_what_is_not_offered_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(TcpBookError, match="is not offered; choose one of system, user, dynamic"):
        read(Form.CHOICE, text, RANGES)


@pytest.mark.parametrize("text", ["B A C", "bac", "b, a, c", "B → A → C", "B-A-C", ["<CTL=SYN>", *SEGMENTS[::2]]])
def test_an_order_is_read_as_letters_or_as_the_items(text: object) -> None:
    assert read(Form.ORDER, text, SEGMENTS) == "B A C"


@pytest.mark.parametrize("text", ["", "B A", "B A C A", "B A D", "2 1 3", ["<CTL=SYN>"], ["x", "y", "z"]])
def test_an_order_takes_each_letter_once(text: object) -> None:
    with pytest.raises(TcpBookError, match="write each letter of A B C once"):
        read(Form.ORDER, text, SEGMENTS)


@pytest.mark.parametrize("text", ["SYN-SENT → ESTABLISHED", "syn-sent -> established", "SYN-SENT→ESTABLISHED"])
def test_an_arrow_is_read_with_either_arrowhead(text: str) -> None:
    assert read(Form.ARC, text, arrows()) == "SYN-SENT → ESTABLISHED"


def test_bits_and_arrows_are_all_offered_by_default() -> None:
    assert offered(Form.FLAGS) == BITS == ("CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN")
    assert len(offered(Form.ARC)) == len(set(arrows())) > 20
    assert offered(Form.ARC, ["CLOSED → LISTEN"]) == ("CLOSED → LISTEN",)
    assert offered(Form.NUMBER) == ()


def test_bits_are_read_in_every_dialect() -> None:
    texts = ("SYN,ACK", "ack syn", "S.", "0x12", Flags.SYN | Flags.ACK)
    assert {read(Form.FLAGS, text) for text in texts} == {"SYN,ACK"}


@given(form=st.sampled_from(Form), text=st.text())
def test_any_text_is_read_or_refused(form: Form, text: str) -> None:
    try:
        key = read(form, text, offered(form, SEGMENTS if form in (Form.CHOICE, Form.ORDER) else ()))
    except TcpBookError:
        return
    assert read(form, key, offered(form, SEGMENTS if form in (Form.CHOICE, Form.ORDER) else ())) == key


@pytest.mark.parametrize("form", Form)
def test_an_endless_answer_is_refused(form: Form) -> None:
    with pytest.raises(TcpBookError, match=f"too long; write at most {LONGEST}"):
        read(form, "1" * (LONGEST + 1), offered(form, SEGMENTS))
