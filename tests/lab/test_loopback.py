"""The live connection beside the machine: agreement at every step, or the difference by its name."""

from __future__ import annotations

import gc
import socket
import sys
from random import Random

import pytest

from descriptors import descriptors
from tcpbook.lab import kernel, loopback
from tcpbook.lab.kernel import Address, Row, table
from tcpbook.lab.loopback import CALLS, DIFFERENCES, ENDS, OPEN, TIME, TOUR, Loopback, Step, recorded
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: /proc/net/tcp")


def last(*actions: str) -> Step:
    """The last step after these calls."""
    lab = Loopback(*actions)
    lab.close()
    return lab.steps[-1]


def test_the_tour_agrees_at_every_step_or_the_reason_is_known() -> None:
    before = descriptors()
    for _ in range(3):
        lab = Loopback(*TOUR)
        assert [step.action for step in lab.steps] == list(TOUR)
        assert [step.action for step in lab.steps if not step.explained] == []
        assert [step.action for step in lab.steps if not step.agrees] == ["client abort"]
        assert [(*step.kernel, step.returned) for step in lab.steps][:9] == [
            ("CLOSED", "CLOSED", "error: Connection refused"),
            ("CLOSED", "LISTEN", "ok"),
            ("ESTABLISHED", "ESTABLISHED", "ok"),
            ("ESTABLISHED", "ESTABLISHED", "ok"),
            ("ESTABLISHED", "ESTABLISHED", "read “hello”"),
            ("FIN-WAIT-2", "CLOSE-WAIT", "ok"),
            ("FIN-WAIT-2", "CLOSE-WAIT", "ok"),
            ("FIN-WAIT-2", "CLOSE-WAIT", "read “bye”"),
            ("TIME-WAIT", "CLOSED", "ok"),
        ]
        kernel_s, machine_s = lab.left_s()
        assert kernel_s[0] is not None
        assert 50 < kernel_s[0] <= 60.1
        assert machine_s == [None, None]
        lab.close()
        assert descriptors() == before


def test_the_machine_s_time_wait_is_longer() -> None:
    lab = Loopback(*OPEN, "client close", "server close")
    (kernel_s, nothing), (machine_s, _) = lab.left_s()
    lab.close()
    assert kernel_s is not None
    assert machine_s is not None
    assert nothing is None
    assert 59 < kernel_s <= 60.1
    assert 239 < machine_s <= 240


@pytest.mark.parametrize(
    ("actions", "kernel", "predicted", "name"),
    [
        ((*OPEN, "client close", "server close", "client abort"), "TIME-WAIT CLOSED", "TIME-WAIT CLOSED", ""),
        (
            (*OPEN, "client half-close", "server close", "client abort"),
            "TIME-WAIT CLOSED", "CLOSED CLOSED", "TIME-WAIT is not the socket's",
        ),
        (("server listen", "server half-close"), "CLOSED LISTEN", "CLOSED CLOSED", "a listener has nothing"),
        (("server listen", "server connect"), "CLOSED LISTEN", "CLOSED CLOSED", "a listening socket can't call"),
        (
            ("client listen", "server listen", "server connect"),
            "LISTEN LISTEN", "ESTABLISHED ESTABLISHED", "a listening socket can't call",
        ),
        (
            (*OPEN, "server send text", "server read", "client half-close", "client close"),
            "CLOSED CLOSED", "FIN-WAIT-2 CLOSE-WAIT", "closed twice, with unread text",
        ),
        (
            ("server listen", "server half-close", "client connect"),
            "ESTABLISHED ESTABLISHED", "CLOSED CLOSED", "Follows from before: a listener has nothing",
        ),
    ],
)  # fmt: skip
def test_a_known_difference_has_its_name_and_reason(
    actions: tuple[str, ...], kernel: str, predicted: str, name: str
) -> None:
    step = last(*actions)
    assert (" ".join(step.kernel), " ".join(step.predicted)) == (kernel, predicted)
    assert step.reason.startswith(name)
    assert bool(step.reason) is bool(name)
    assert step.explained


def test_a_difference_without_a_reason_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "DIFFERENCES", ())
    monkeypatch.setattr(loopback, "SETTLED_S", 0.05)
    step = last(*OPEN, "client half-close", "server close", "client abort")
    assert (step.agrees, step.explained) == (False, False)
    assert step.reason == "Nobody has explained this difference yet."


def test_a_send_waits_for_its_text_to_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy kernel may deliver late: here the first looks see nothing to read."""
    lab = Loopback(*OPEN)
    looks = []

    def late() -> dict[tuple[Address, Address], Row]:
        looks.append(table())
        return {key: row._replace(unread=row.unread if len(looks) > 9 else 0) for key, row in looks[-1].items()}

    monkeypatch.setattr(loopback, "table", late)
    lab.do("client send text")
    lab.close()
    assert len(looks) > 9


def test_no_call_waits_for_text_that_time_wait_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "SETTLED_S", 60)
    step = last(*OPEN, "client half-close", "server send text", "server close", "client read")
    assert (step.kernel[0], step.returned) == (State.TIME_WAIT, "read “text”")


def test_an_orphan_s_fin_wait_2_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """TCP_LINGER2 is tcp_fin_timeout for one socket: one second instead of 60."""
    lab = Loopback(*OPEN)
    client = lab.ends[0].socket
    assert client
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 1)
    lab.do("client close")
    assert lab.steps[-1].kernel == (State.FIN_WAIT_2, State.CLOSE_WAIT)
    kernel.wait_until(lambda: lab.look()[0] is State.CLOSED, "CLOSED", 10)
    step = lab.steps[-1]
    lab.close()
    assert (step.action, step.predicted[0], step.explained) == (TIME, State.FIN_WAIT_2, True)
    assert step.reason.startswith("tcp_fin_timeout")


@pytest.mark.long
def test_time_wait_ends_after_a_minute() -> None:
    lab = Loopback(*OPEN, "client close", "server close")
    kernel.wait_until(lambda: lab.look()[0] is State.CLOSED, "CLOSED", 90)
    lab.close()
    assert (lab.steps[-1].action, lab.steps[-1].predicted[0]) == (TIME, State.TIME_WAIT)
    assert lab.steps[-1].reason.startswith("60 s instead of 240 s")


def random_walk(seed: int) -> Step:
    """Eight calls at random after an opening, until the first difference."""
    chance = Random(seed)
    lab = Loopback(*OPEN)
    calls = [call.replace("TEXT", "text") for call in CALLS]
    for _ in range(8):
        lab.do(f"{chance.choice(ENDS)} {chance.choice(calls)}")
        if not lab.steps[-1].agrees:
            break
    lab.close()
    return lab.steps[-1]


def test_calls_at_random_find_no_difference_without_a_reason() -> None:
    before = descriptors()
    unexplained = [(seed, step) for seed in range(10) if not (step := random_walk(seed)).explained]
    assert unexplained == []
    assert descriptors() == before


@pytest.mark.long
def test_many_calls_at_random_find_no_difference_without_a_reason() -> None:
    assert [(seed, step) for seed in range(100, 400) if not (step := random_walk(seed)).explained] == []


def test_nothing_but_time_wait_stays_behind() -> None:
    before = descriptors()
    for actions in (
        (*OPEN, "client close"),
        (*OPEN, "client send text", "client half-close"),
        OPEN,
        ("client listen",),
    ):
        lab = Loopback(*actions)
        ports = {end.local[1] for end in lab.ends}
        lab.close()
        kernel.wait_until(
            lambda: (
                not any(
                    address[1] in ports and row.state is not State.TIME_WAIT  # noqa: B023
                    for key, row in table().items()
                    for address in key
                )
            ),
            "nothing but TIME-WAIT",
        )
    assert descriptors() == before


def test_the_garbage_collector_closes_too() -> None:
    gc.collect()  # of what other tests have left
    before = descriptors()
    lab = Loopback(*OPEN)
    assert len(descriptors()) == len(before) + 2
    del lab
    gc.collect()
    assert descriptors() == before


def test_starting_again_and_the_end() -> None:
    before = descriptors()
    lab = Loopback(*OPEN, "client close")
    lab.restart()
    assert lab.steps == []
    assert lab.look() == (State.CLOSED, State.CLOSED)
    lab.do(*OPEN)
    assert lab.frame()[["action", "client", "server"]].to_numpy().tolist() == [
        ["server listen", "CLOSED", "LISTEN"],
        ["client connect", "ESTABLISHED", "ESTABLISHED"],
    ]
    lab.close()
    lab.close()
    assert descriptors() == before
    with pytest.raises(TcpBookError, match="closed for good; make another"):
        lab.do("client listen")


@pytest.mark.parametrize("action", ["", "client", "client open", "router close", "client send", "client close now"])
def test_what_is_no_call_is_said(action: str) -> None:
    lab = Loopback()
    with pytest.raises(TcpBookError, match="is no call; write client or server, then one of: listen, connect, send"):
        lab.do(action)
    with pytest.raises(TcpBookError, match="201 bytes, more than 200"):
        lab.do("client send " + "x" * 201)
    lab.close()
    assert lab.steps == []


def test_calls_without_a_socket_or_text() -> None:
    assert last(*OPEN, "client read").returned == "nothing to read yet"
    assert last(*OPEN, "client close", "client send late").returned == "error: the socket is closed"
    assert last(*OPEN, "client close", "server read").returned == "end of file"
    assert last(*OPEN, "server abort", "client read").returned == "error: Connection reset by peer"
    assert last(*OPEN, "client connect").returned == "error: Transport endpoint is already connected"


def test_every_difference_names_a_section_and_happens_once() -> None:
    assert len({each[:3] for each in DIFFERENCES}) == len(DIFFERENCES)
    assert all(each.section.startswith("3.") for each in DIFFERENCES)


def test_the_recording_is_the_tour_and_a_minute() -> None:
    found = recorded()
    assert found["action"].tolist() == [*TOUR, *OPEN, "client half-close", "client close", "server close", TIME]
    assert found["explained"].all()
    assert found["reason"].iloc[-1].startswith("60 s instead of 240 s")
