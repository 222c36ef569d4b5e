"""When ports run out: the formula, a count of whole connections, and the lab's own TIME-WAIT."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from math import inf

import pytest

from tcpbook import ports
from tcpbook.lab.network import Network, pair
from tcpbook.lab.scenarios.scenario import OPENED
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.events import CLOSE
from tcpbook.protocol.state import State


@pytest.mark.parametrize(
    ("size", "time_wait_s", "open_s", "per_second"),
    [
        (28_232, 60, 0, 28_232 / 60),
        (16_384, 240, 0, 16_384 / 240),
        (28_232, 60, 40, 282.32),
        (1, 60, 0, 1 / 60),
        (28_232, 0, 0, inf),
    ],
)
def test_the_limit_is_the_ports_by_the_time_each_is_taken(
    size: int, time_wait_s: float, open_s: float, per_second: float
) -> None:
    assert ports.exhaustion(size, time_wait_s, open_s).per_second == per_second


def taken(size: int, held_s: int, rate: Fraction, until_s: int) -> tuple[list[int], bool]:
    """Count whole connections, one opened each 1/rate seconds: the ports taken at each second, whether one failed."""
    back: deque[Fraction] = deque()  # when each taken port is free again
    counts, failed, number = [], False, 0
    for second in range(until_s + 1):
        while number / rate <= second:
            at = number / rate
            while back and back[0] <= at:
                back.popleft()
            if len(back) < size:
                back.append(at + held_s)
            else:
                failed = True
            number += 1
        while back and back[0] <= second:
            back.popleft()
        counts.append(len(back))
    return counts, failed


@pytest.mark.parametrize("rate", [Fraction(1, 3), 1, 2, Fraction(5, 2), 3, 7])
def test_a_count_of_whole_connections_agrees(rate: Fraction | int) -> None:
    limit = ports.exhaustion(20, time_wait_s=6, open_s=2)
    counts, failed = taken(20, 8, Fraction(rate), 60)
    assert all(abs(count - limit.in_use(float(rate), at)) <= 1 for at, count in enumerate(counts))
    assert failed == (rate > limit.per_second)
    if failed:
        assert counts.index(20) == pytest.approx(limit.runs_out_after_s(float(rate)), abs=1)
    else:
        assert limit.runs_out_after_s(float(rate)) == inf


def test_at_the_limit_it_goes_on_for_ever_and_no_faster() -> None:
    limit = ports.exhaustion(28_232)
    assert limit.runs_out_after_s(limit.per_second) == inf
    assert limit.runs_out_after_s(1_000) == 28.232
    assert limit.in_use(1_000, 10) == 10_000
    assert limit.in_use(1_000, 3_600) == 28_232
    assert limit.in_use(100, 3_600) == 6_000


def test_the_lab_agrees_the_end_that_closes_first_holds_its_port() -> None:
    """Open, close from the client, and let the clock run: RFC 9293 §3.6.1."""
    hosts = pair()
    for host in hosts:
        host.msl_us = 30_000_000
    network = Network(hosts)
    for at_us, end, call in OPENED:
        network.call(end, call, at_us)
    network.call(0, CLOSE, 2_000_000)
    network.call(1, CLOSE, 3_000_000)
    steps = network.run().steps
    waits = [(step.end, step.at_us) for step in steps if step.tcb.state is State.TIME_WAIT]
    assert {end for end, _ in waits} == {0}
    gone_us = max(step.at_us for step in steps if step.end == 0)
    assert hosts[0].tcb.state is State.CLOSED
    assert gone_us - waits[0][1] == 1_000_000 * ports.exhaustion(1).held_s


def test_by_default_it_is_this_machine() -> None:
    assert ports.exhaustion().ports == len(ports.ephemeral())
    assert ports.exhaustion().held_s == 60


def test_it_says_its_limit() -> None:
    assert repr(ports.exhaustion(10, 0, 0)) == "10 ports, each taken for 0 s: no limit"
    assert "at most 2.5 connections a second" in repr(ports.exhaustion(10, 3.5, 0.5))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ports": 0},
        {"ports": 65_536},
        {"ports": 1.5},
        {"time_wait_s": -1},
        {"open_s": inf},
        {"open_s": float("nan")},
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    (name,) = wrong
    with pytest.raises(TcpBookError, match=f"{name}=.* is out of range; .*give"):
        ports.exhaustion(**{"ports": 10, **wrong})


@pytest.mark.parametrize(("rate", "at"), [(-1, 0), (1, -1), (inf, 1)])
def test_a_negative_rate_or_time_is_refused(rate: float, at: float) -> None:
    with pytest.raises(TcpBookError, match="is out of range; give a number from 0 up"):
        ports.exhaustion(10).in_use(rate, at)
