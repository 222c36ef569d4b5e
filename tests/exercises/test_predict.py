from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

import pytest

from tcpbook.exercises import predict
from tcpbook.exercises.predict import Predict
from tcpbook.exercises.progress import CONFIDENCES
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags

WHY = "LISTEN answers a SYN so."


def reply() -> Predict:
    return predict.choice(
        "A SYN arrives in LISTEN. What is sent?", ["SYN,ACK", "RST", "nothing"], "SYN,ACK", WHY,
        {"RST": "Nothing was acknowledged."},
    )  # fmt: skip


def length() -> Predict:
    return predict.number("How long is the header?", 24, "6 words of 4.", {20: "You left out the options."})


def second() -> Predict:
    return predict.flags("Which bits has the second segment?", Flags.SYN | Flags.ACK, "It does both.")


def handshake() -> Predict:
    return predict.order(
        "In which order?", ["SYN,ACK", "SYN", "ACK"], ["SYN", "SYN,ACK", "ACK"], "A calls, B answers.",
        {"B C A": "The third one answers the second."},
    )  # fmt: skip


def opened() -> Predict:
    return predict.arc(
        "Which arc does the SYN,ACK take?", "SYN-SENT → ESTABLISHED", "A had called.",
        {"LISTEN -> SYN-RECEIVED": "That is the other end's."},
    )  # fmt: skip


EVERY_KIND = pytest.mark.parametrize("ask", [reply, length, second, handshake, opened])


def test_an_order_is_answered_in_letters_or_items() -> None:
    right = "Right. You answered B A C (a guess).\nA calls, B answers."
    assert handshake().says("bac") == handshake().says(["SYN", "SYN,ACK", "ACK"]) == right
    assert "The third one answers the second." in handshake().says("B C A")
    with pytest.raises(TcpBookError, match="write each letter of A B C once"):
        handshake().says("B A")


def test_an_arc_is_one_of_the_state_graph() -> None:
    assert opened().says("syn-sent -> established").startswith("Right.")
    assert "That is the other end's." in opened().says("LISTEN → SYN-RECEIVED")
    with pytest.raises(TcpBookError, match="is not offered"):
        opened().says("LISTEN → ESTABLISHED")


def test_right_choice_is_told_why() -> None:
    assert reply().says("SYN,ACK", "certain") == f"Right. You answered SYN,ACK (certain).\n{WHY}"


def test_wrong_choice_gets_its_own_sentence_then_why() -> None:
    assert reply().says("RST", "a guess") == (
        f"Not yet: the answer is SYN,ACK. You answered RST (a guess).\nNothing was acknowledged.\n{WHY}"
    )


def test_wrong_choice_without_feedback_is_told_why() -> None:
    told = reply().says("nothing")
    assert told == f"Not yet: the answer is SYN,ACK. You answered nothing (a guess).\n{WHY}"


@pytest.mark.parametrize("text", [24, "24", " 24 ", "0x18", "0X18", "024"])
def test_number_is_read_in_every_common_form(text: object) -> None:
    assert length().says(text).startswith("Right. You answered 24 ")


@pytest.mark.parametrize("text", ["4,294,967,295", "4 294 967 295", "4_294_967_295", "0xFFFFFFFF"])
def test_number_takes_thousands_separators(text: str) -> None:
    assert predict.number("The largest?", 2**32 - 1, "All ones.").says(text).startswith("Right.")


@pytest.mark.parametrize("text", ["", "2 4", "1,24", "-24", "24 bytes", "0x", "24.0", "٢٤", "24\n25"])
def test_what_is_no_number_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(TcpBookError, match=r"write it like 18, 1,024 or 0x12"):
        length().says(text)


def test_a_particular_wrong_number_gets_its_own_sentence() -> None:
    assert "You left out the options." in length().says(20)
    assert "You left out the options." not in length().says(28)


@pytest.mark.parametrize("text", [Flags.SYN | Flags.ACK, "SYN,ACK", "ack syn", "S.", "0x12"])
def test_flags_are_read_in_every_dialect(text: object) -> None:
    assert second().says(text) == "Right. You answered SYN,ACK (a guess).\nIt does both."


def test_no_flag_at_all_is_an_answer() -> None:
    assert second().says("none").startswith("Not yet: the answer is SYN,ACK. You answered none ")


def test_flags_offer_the_eight_control_bits_high_bit_first() -> None:
    assert second().choices == ["CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"]
    with pytest.raises(TcpBookError, match="ninth bit"):
        second().says(Flags.AE)


def test_answer_may_be_computed() -> None:
    computed: Callable[[], int] = lambda: 4 * 6  # noqa: E731
    assert predict.number("?", computed, "").says(24).startswith("Right.")


def test_an_answer_that_is_not_offered_is_the_authors_error() -> None:
    with pytest.raises(TcpBookError, match="'ACK' is not offered; choose one of RST, nothing"):
        predict.choice("?", ["RST", "nothing"], "ACK", "")
    with pytest.raises(TcpBookError, match="'ACK' is not offered"):
        predict.choice("?", ["RST", "nothing"], "RST", "", {"ACK": "No."})


@EVERY_KIND
def test_nothing_is_shown_before_the_reader_commits(ask: Callable[[], Predict]) -> None:
    question = ask()
    assert (question.committed, question.right, question.outcome) == (False, None, "Not answered yet.")


def test_commit_keeps_answer_and_confidence() -> None:
    question = reply()
    question.commit("RST", "certain")
    assert (question.answer, question.confidence, question.committed) == ("RST", "certain", True)
    assert question.right is False
    assert question.outcome == reply().says("RST", "certain")


def test_commit_keeps_the_number_not_its_form() -> None:
    question = length()
    question.commit("0x18", "fairly sure")
    assert (question.answer, question.right) == ("24", True)


def test_a_commitment_cannot_be_changed() -> None:
    question = reply()
    question.commit("RST", "certain")
    question.commit("SYN,ACK", "certain")
    assert question.answer == "RST"
    assert question.message.startswith("Your answer is kept.")


@pytest.mark.parametrize(("answer", "confidence"), [("FIN", "certain"), ("RST", "very"), ("RST", "")])
def test_what_cannot_be_committed_leaves_a_sentence(answer: str, confidence: str) -> None:
    question = reply()
    question.commit(answer, confidence)
    assert not question.committed
    assert re.search(r"; choose one of .*\.$", question.message)


def test_a_good_commit_clears_the_sentence() -> None:
    question = reply()
    question.commit("FIN", "certain")
    question.commit("RST", "certain")
    assert question.message == ""


def test_unknown_confidence_is_refused() -> None:
    with pytest.raises(TcpBookError, match=f"choose one of {', '.join(CONFIDENCES)}"):
        reply().says("RST", "very")


@EVERY_KIND
def test_the_page_holds_every_outcome_that_python_gives(ask: Callable[[], Predict]) -> None:
    question = ask()
    sealed = json.loads(base64.b64decode(question.sealed))
    for key in [*sealed["said"], sealed["key"]]:
        verdict, *reasons = sealed["said"][key]
        told = [f"{verdict} You answered {key} (certain).", *reasons]
        assert question.says(key, "certain").split("\n") == told


def test_saved_output_asks_but_does_not_tell() -> None:
    question = predict.choice("Which port?", [22, 80], 80, "HTTP is registered there.")
    data, _ = question._repr_mimebundle_()
    assert data["text/plain"] == "Predict: Which port? [22 | 80]"
    assert "<li>22</li><li>80</li>" in data["text/html"]
    state = json.dumps({name: value for name, value in question.get_state().items() if name[0] != "_"})
    for text in (data["text/html"], state):
        assert "Right." not in text
        assert "registered there" not in text


@EVERY_KIND
def test_saved_output_does_not_depend_on_the_readers_progress(ask: Callable[[], Predict]) -> None:
    question = ask()
    before, _ = question._repr_mimebundle_()
    question.commit(json.loads(base64.b64decode(question.sealed))["key"], "certain")
    assert question.right
    assert question._repr_mimebundle_()[0] == before


def test_markup_in_a_question_stays_text() -> None:
    html = predict.choice("<b>1</b> & 2?", ["<i>x</i>", "y"], "y", "").static_html()
    assert "&lt;b&gt;1&lt;/b&gt; &amp; 2?" in html
    assert "&lt;i&gt;x&lt;/i&gt;" in html
