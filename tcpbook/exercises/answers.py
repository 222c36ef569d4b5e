"""The forms of an answer, and how each is read: two answers are the same when their keys, texts, are the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from string import ascii_uppercase
from typing import Any

from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.transitions import transitions
from tcpbook.widgets.base import read_number

LONGEST = 200  # characters; no answer needs more


class Form(StrEnum):
    """What an answer is made of."""

    CHOICE = "choice"
    NUMBER = "number"
    FLAGS = "flags"
    ORDER = "order"
    ARC = "arc"


INSTRUCTIONS = {
    Form.CHOICE: "Choose one.",
    Form.NUMBER: "Write a whole number, like 18, 1,024 or 0x12.",
    Form.FLAGS: "Press every bit that is set.",
    Form.ORDER: "Put them in order, the first on top.",
    Form.ARC: "Choose an arrow, in the list or in the graph.",
}

BITS = tuple(str(bit) for bit in reversed(Flags) if bit is not Flags.AE)
"""The eight control bits from the highest down (RFC 9293 §3.1): the choices of `Form.FLAGS`."""


def read(form: Form, answer: Any, choices: Sequence[str] = ()) -> str:
    """Return the key of an answer, given as a value or as text in a reader's hand; TcpBookError where it has none.

    >>> read(Form.NUMBER, "0x12"), read(Form.FLAGS, "syn, ack"), read(Form.CHOICE, "b", ["lost", "late"])
    ('18', 'SYN,ACK', 'late')
    >>> read(Form.ORDER, "b a c", ["ACK", "SYN", "FIN"])
    'B A C'
    """
    if isinstance(answer, str) and len(answer) > LONGEST:
        raise TcpBookError(f"an answer of {len(answer)} characters is too long; write at most {LONGEST}")
    return _READERS[form](answer, choices)


def arrows() -> tuple[str, ...]:
    """Return every change of state as the choices of `Form.ARC`: "CLOSED → LISTEN"."""
    return tuple(f"{each.before} → {each.after}" for each in transitions())


def offered(form: Form, choices: Iterable[Any] = ()) -> tuple[str, ...]:
    """Return the choices that go with a form: those given, or for bits and arrows by default all there are."""
    given = tuple(map(str, choices))
    if given or form not in (Form.FLAGS, Form.ARC):
        return given
    return BITS if form is Form.FLAGS else arrows()


def letters(choices: Iterable[str]) -> list[str]:
    """Return the letter that stands before each choice on paper."""
    return [letter for letter, _ in zip(ascii_uppercase, choices, strict=False)]


def _number(answer: Any, _: Sequence[str]) -> str:
    return str(read_number(answer))


def _flags(answer: Any, _: Sequence[str]) -> str:
    flags = answer if isinstance(answer, Flags) else Flags.parse(str(answer).upper())
    if Flags.AE in flags:
        raise TcpBookError(f"{flags} has a ninth bit, AE; choose from {', '.join(BITS)}")
    return str(flags)


def _choice(answer: Any, choices: Sequence[str]) -> str:
    """The choice itself, or the letter that stands before it."""
    text = " ".join(str(answer).split()).casefold()
    named = dict(zip(map(str.casefold, letters(choices)), choices, strict=False))
    found = named | {choice.casefold(): choice for choice in choices}
    if text not in found:
        raise TcpBookError(f"{str(answer)!r} is not offered; choose one of {', '.join(choices)}")
    return found[text]


def _order(answer: Any, choices: Sequence[str]) -> str:
    """The letters of all choices, in order; a list holds the choices themselves."""
    all_letters = letters(choices)
    if isinstance(answer, str):
        found = re.findall("[A-Z]", answer.upper())
        rest = re.sub(r"[A-Za-z\s,;.>→-]", "", answer)
    else:
        named = dict(zip(choices, all_letters, strict=False))
        found, rest = [named.get(str(item), "") for item in answer], ""
    if rest or sorted(found) != all_letters:
        raise TcpBookError(f"{answer!r} is no order; write each letter of {' '.join(all_letters)} once")
    return " ".join(found)


def _arc(answer: Any, choices: Sequence[str]) -> str:
    """Two states and an arrow: "SYN-SENT → ESTABLISHED"; "->" will do."""
    return _choice(re.sub(r"\s*(?:->|→)\s*", " → ", str(answer).strip()), choices)


_READERS = {
    Form.CHOICE: _choice,
    Form.NUMBER: _number,
    Form.FLAGS: _flags,
    Form.ORDER: _order,
    Form.ARC: _arc,
}
