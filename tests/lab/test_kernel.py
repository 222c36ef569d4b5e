"""The kernel's eleven states: reached, told by three witnesses, and gone again."""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from descriptors import descriptors
from tcpbook.lab import kernel
from tcpbook.lab.kernel import NOBODY, Live, Row, reach, read_table, recorded, table, tour
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: /proc/net/tcp")
every_state = pytest.mark.parametrize("state", list(State), ids=str)
NO_ROW = {State.CLOSED}
NO_SOCKET = {State.SYN_RECEIVED}

TEXT = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:9D79 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 1690850 1 0 100 0 0 10 0
   1: 0100007F:D448 0100007F:9D79 02 00000001:00000000 01:00000064 00000000     0        0 1690862 2 0 100 0 0 10 -1
   2: 0100007F:B92E 0100007F:B203 06 00000000:00000000 03:0000176E 00000000     0        0 0 3 0
"""


def left(live: Live) -> set[State]:
    """The states of all that is in the table with a port of the connection's."""
    ports = {live.local[1], live.remote[1]} - {0}
    return {row.state for key, row in table().items() if ports & {address[1] for address in key}}


@pytest.mark.skipif(sys.byteorder != "little", reason="needs Linux on a little-endian machine, which wrote the text")
def test_the_table_is_read() -> None:
    rows = read_table(TEXT, ticks_per_s=100)
    here = "127.0.0.1"
    assert rows == {
        ((here, 0x9D79), NOBODY): Row(State.LISTEN, 1, "", None),
        ((here, 0xD448), (here, 0x9D79)): Row(State.SYN_SENT, 0, "retransmission", 1.0),
        ((here, 0xB92E), (here, 0xB203)): Row(State.TIME_WAIT, 0, "TIME-WAIT", 59.98),
    }


@on_linux
@every_state
def test_a_state_is_reached_told_and_left(state: State) -> None:
    before = descriptors()
    for _ in range(3):
        with reach(state) as live:
            assert live.state is state
            said = live.witnesses()
            assert said.proc is (None if state in NO_ROW else state)
            assert said.psutil is said.proc
            if state is State.TIME_WAIT:
                assert (said.tcp_info, said.timer) == (State.CLOSED, "TIME-WAIT")
            else:
                assert said.tcp_info is (None if state in NO_SOCKET else state)
        assert descriptors() == before
        kernel.wait_until(lambda: left(live) <= {State.TIME_WAIT}, "nothing but TIME-WAIT")
        assert ((live.local, live.remote) in table()) is (state is State.TIME_WAIT)


@on_linux
def test_the_tour_takes_less_than_ten_seconds_three_times_out_of_three() -> None:
    before = descriptors()
    for _ in range(3):
        start = time.monotonic()
        found = tour()
        assert time.monotonic() - start < 10
        assert found["state"].tolist() == list(State)
        assert found["proc"].tolist() == found["psutil"].tolist() == ["", *list(State)[1:]]
        assert found["tcp_info"].tolist() == ["" if s in NO_SOCKET else s for s in list(State)[:-1]] + ["CLOSED"]
        assert found.query("timer == 'TIME-WAIT'")["left_s"].between(59, 60.1).tolist() == [True]
    assert descriptors() == before


@on_linux
def test_time_wait_counts_down_in_seconds() -> None:
    with reach(State.TIME_WAIT) as live:
        start, first = time.monotonic(), table()[live.local, live.remote].left_s
        assert first
        kernel.wait_until(lambda: (table()[live.local, live.remote].left_s or 0) <= first - 0.3, "TIME-WAIT, later")
        assert 0.2 < time.monotonic() - start < 2


@on_linux
@every_state
def test_an_interrupt_on_the_way_leaves_nothing(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    before = descriptors()
    reached = []

    def interrupted(stack: ExitStack) -> Live:
        reached.append(recipe(stack))
        raise KeyboardInterrupt

    recipe = kernel.RECIPES[state]
    monkeypatch.setitem(kernel.RECIPES, state, interrupted)
    with pytest.raises(KeyboardInterrupt), reach(state):
        pass
    assert descriptors() == before
    kernel.wait_until(lambda: left(reached[0]) <= {State.TIME_WAIT}, "nothing but TIME-WAIT")


def tour_without_end(interrupted_after_s: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, interrupted_after_s)
    while True:
        with reach(State.TIME_WAIT), reach(State.CLOSING), reach(State.SYN_SENT):
            pass


@on_linux
def test_ctrl_c_at_any_moment_leaves_nothing() -> None:
    """A signal in the midst of tours, again and again: every descriptor is closed."""
    gc.collect()  # of what other tests have left
    before = descriptors()
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for milliseconds in range(1, 60, 3):
            with pytest.raises(KeyboardInterrupt):
                tour_without_end(milliseconds / 1_000)
            gc.collect()  # a socket that was being made goes with the frame that was making it
            assert descriptors() == before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


@on_linux
def test_the_user_s_own_error_passes_through() -> None:
    before = descriptors()
    with pytest.raises(FileNotFoundError), reach(State.ESTABLISHED):
        raise FileNotFoundError
    assert descriptors() == before


@on_linux
@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="needs Linux and root, to be nobody for a while")
def test_nobody_can_do_it() -> None:
    """What root reads it reads before: in many a container the interpreter is root's alone."""
    script = """
import os, pandas, psutil
from tcpbook.lab.kernel import tour
from tcpbook.lab.loopback import TOUR, Loopback
os.setgroups([]); os.setgid(65534); os.setuid(65534)
assert os.getuid() == os.geteuid() == 65534
assert list(tour()["psutil"])[1:] == list(tour()["state"])[1:]
assert all(step.explained for step in Loopback(*TOUR).steps)
print("done")
"""
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("done\n", "")


def test_what_is_no_state_is_said() -> None:
    with pytest.raises(TcpBookError, match="no state 'FIN_WAIT'; choose one of CLOSED, LISTEN"), reach("FIN_WAIT"):
        pass


def test_a_platform_without_the_table_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "TABLE", Path("/proc/nowhere"))
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(TcpBookError, match="can't be read here"), reach(State.LISTEN):
        pass
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(TcpBookError, match=r"darwin tells no state .* run this on Linux"):
        tour()


@on_linux
def test_a_place_without_loopback_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "LOOPBACK", "192.0.2.1")
    before = descriptors()
    with pytest.raises(TcpBookError, match=r"LISTEN needs sockets on 192\.0\.2\.1"), reach(State.LISTEN):
        pass
    assert descriptors() == before


@on_linux
def test_a_kernel_that_goes_elsewhere_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kernel.RECIPES, State.CLOSING, kernel.RECIPES[State.ESTABLISHED])
    monkeypatch.setattr(kernel.wait_until, "__defaults__", (0.05,))
    with pytest.raises(TcpBookError, match=r"the kernel was not in CLOSING after 0\.05 s"), reach(State.CLOSING):
        pass


@on_linux
def test_a_stranger_s_call_is_turned_away() -> None:
    with kernel.new_socket() as listener, kernel.new_socket() as stranger, kernel.new_socket() as caller:
        listener.listen(2)
        stranger.connect(listener.getsockname())
        caller.connect(listener.getsockname())
        with kernel.accept(listener, caller.getsockname()) as accepted:
            assert accepted.getpeername() == caller.getsockname()
            linger = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
            assert struct.unpack("ii", linger) == (1, 0)


def test_the_recording_shows_what_the_tour_shows() -> None:
    found = recorded()
    assert found["state"].tolist() == list(State)
    assert found["proc"].tolist() == found["psutil"].tolist() == ["", *list(State)[1:]]
    assert found["tcp_info"].iloc[-1] == "CLOSED"
    assert kernel.recording()["system"].startswith("Linux ")
    moments = kernel.recording()["time_wait"]
    assert [round(after + left_s) for after, left_s in moments] == [60] * len(moments)
