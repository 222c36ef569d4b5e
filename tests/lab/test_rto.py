"""RFC 6298's estimator."""

from __future__ import annotations

from tcpbook.protocol.rto import Rto

MS = 1_000


def test_before_any_measurement_it_is_one_second() -> None:
    assert Rto().rto_us == 1_000 * MS


def test_the_first_measurement() -> None:
    """RFC 6298 §2, rule 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR."""
    assert Rto().measured(2_000 * MS) == Rto(6_000 * MS, 2_000 * MS, 1_000 * MS)


def test_a_later_measurement() -> None:
    """RFC 6298 §2, rule 2.3: beta 1/4 with the old SRTT, then alpha 1/8."""
    assert Rto(6_000 * MS, 2_000 * MS, 1_000 * MS).measured(2_800 * MS) == Rto(5_900 * MS, 2_100 * MS, 950 * MS)


def test_it_is_never_below_a_second_nor_above_a_minute() -> None:
    """RFC 6298 §2, rules 2.4 and 2.5."""
    assert Rto().measured(10 * MS).rto_us == 1_000 * MS
    assert Rto().measured(59_000 * MS).rto_us == 60_000 * MS
    rto = Rto()
    waits = [(rto := rto.backed_off()).rto_us // 1_000_000 for _ in range(7)]
    assert waits == [2, 4, 8, 16, 32, 60, 60]


def test_a_new_measurement_ends_the_back_off() -> None:
    assert Rto().measured(100 * MS).backed_off().backed_off().measured(100 * MS).rto_us == 1_000 * MS
