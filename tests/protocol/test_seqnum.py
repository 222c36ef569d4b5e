"""Sequence numbers live on a circle of 2**32 (RFC 9293 §3.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpbook.protocol.seqnum import HALF, MODULUS, add, distance, ge, gt, in_window, le, lt

NUMBERS = st.integers(0, MODULUS - 1)
AHEAD = st.integers(1, HALF - 1)


@given(NUMBERS, st.integers(-MODULUS, MODULUS))
def test_distance_undoes_add(start: int, n: int) -> None:
    assert distance(start, add(start, n)) == n % MODULUS
    assert 0 <= add(start, n) < MODULUS


@given(NUMBERS, AHEAD)
def test_a_number_less_than_half_the_circle_ahead_is_greater(start: int, n: int) -> None:
    later = add(start, n)
    assert (lt(start, later), le(start, later), gt(start, later), ge(start, later)) == (True, True, False, False)
    assert (lt(later, start), le(later, start), gt(later, start), ge(later, start)) == (False, False, True, True)


@given(NUMBERS)
def test_a_number_equals_itself(number: int) -> None:
    assert (lt(number, number), le(number, number), gt(number, number), ge(number, number)) == (
        False, True, False, True,
    )  # fmt: skip


@given(NUMBERS)
def test_opposite_numbers_have_no_order(number: int) -> None:
    opposite = add(number, HALF)
    assert not any(compare(number, opposite) for compare in (lt, le, gt, ge))


@given(NUMBERS, st.integers(0, 70000), st.integers(-100, 80000))
def test_a_window_holds_the_numbers_from_its_start(start: int, size: int, steps: int) -> None:
    assert in_window(add(start, steps), start, size) == (0 <= steps < size)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(MODULUS - 3, False), (MODULUS - 2, True), (MODULUS - 1, True), (0, True), (1, True), (2, False)],
)
def test_a_window_across_the_wrap(number: int, expected: bool) -> None:
    assert in_window(number, start=MODULUS - 2, size=4) is expected


def test_an_empty_window_holds_nothing() -> None:
    assert not in_window(7, start=7, size=0)
