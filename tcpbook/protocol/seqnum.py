"""Sequence numbers: arithmetic and comparison modulo 2**32 (RFC 9293 §3.4).

The numbers form a circle, so "less than" means "fewer than 2**31 steps ahead". Two numbers exactly 2**31 apart
have no order: both `lt` and `gt` are false.
"""

from __future__ import annotations

MODULUS = 2**32
HALF = MODULUS // 2


def add(number: int, n: int) -> int:
    """Return the sequence number `n` steps after `number` (before it, if `n` is negative). RFC 9293 §3.4.

    >>> add(4294967295, 1)
    0
    """
    return (number + n) % MODULUS


def distance(start: int, end: int) -> int:
    """Return the steps forward from `start` to `end`, 0 to 2**32 - 1. RFC 9293 §3.4.

    >>> distance(4294967290, 4)
    10
    """
    return (end - start) % MODULUS


def lt(left: int, right: int) -> bool:
    """Tell whether `left` comes before `right`. RFC 9293 §3.4.

    >>> lt(4294967295, 0)
    True
    """
    return 0 < (right - left) % MODULUS < HALF


def le(left: int, right: int) -> bool:
    """Tell whether `left` comes before `right` or is the same number. RFC 9293 §3.4."""
    return (right - left) % MODULUS < HALF


def gt(left: int, right: int) -> bool:
    """Tell whether `left` comes after `right`. RFC 9293 §3.4."""
    return 0 < (left - right) % MODULUS < HALF


def ge(left: int, right: int) -> bool:
    """Tell whether `left` comes after `right` or is the same number. RFC 9293 §3.4."""
    return (left - right) % MODULUS < HALF


def in_window(number: int, start: int, size: int) -> bool:
    """Tell whether `number` is one of the `size` numbers from `start` on; an empty window holds none.

    RFC 9293 §3.4: RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND.

    >>> in_window(5, start=4294967290, size=20)
    True
    """
    return (number - start) % MODULUS < size
