"""Socket tables: the recording, both tools' ways to print, and what is none."""

from __future__ import annotations

import pytest

from tcpbook.lab import sockets
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State

SS = """\
State      Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
LISTEN     0      16         192.0.2.2:80         0.0.0.0:*
FIN-WAIT-2 0      7          192.0.2.1:34693    192.0.2.2:80    users:(("x",pid=1,fd=3))
SYN-RECV   0      0          192.0.2.2:80    198.51.100.4:40004
"""
NETSTAT = """\
Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State
tcp        0     16 192.0.2.2:80            0.0.0.0:*               LISTEN
tcp6       0      7 ::1:34693               ::1:80                  FIN_WAIT2
tcp        0      0 192.0.2.2:80            198.51.100.4:40004      SYN_RECV
udp        0      0 0.0.0.0:68              0.0.0.0:*
"""


@pytest.mark.parametrize("text", [SS, NETSTAT])
def test_both_tools_give_the_same_states_and_queues(text: str) -> None:
    table = sockets.read(text)
    assert list(table.state) == [State.LISTEN, State.FIN_WAIT_2, State.SYN_RECEIVED]
    assert list(table.recv_q) == [0, 0, 0]
    assert list(table.send_q) == [16, 7, 0]
    assert table.local[2] == "192.0.2.2:80"
    assert table.peer[2] == "198.51.100.4:40004"


@pytest.mark.parametrize("name", ["ESTAB", "ESTABLISHED", "SYN_RCVD", "FIN-WAIT-1", "FIN_WAIT1", "FIN_WAIT_1"])
def test_a_state_by_any_name(name: str) -> None:
    (state,) = sockets.read(f"{name} 0 0 a:1 b:2").state
    assert state in (State.ESTABLISHED, State.SYN_RECEIVED, State.FIN_WAIT_1)


def test_what_shows_no_socket_is_refused() -> None:
    with pytest.raises(TcpBookError, match="26 characters show no TCP socket; paste what `ss -tan`"):
        sockets.read("LISTEN to what ss prints:\n")


def test_an_unknown_state_is_not_passed_over() -> None:
    with pytest.raises(TcpBookError, match="'FIN_WAIT' is no state of a TCP socket"):
        sockets.read("tcp 0 0 192.0.2.2:80 192.0.2.1:40000 FIN_WAIT")


def test_the_recording_shows_who_waits_how_long() -> None:
    """tcp_fin_timeout was 20 s: it ended FIN-WAIT-2 and not TIME-WAIT; nothing ended CLOSE-WAIT."""
    table = sockets.recorded()
    counts = table.groupby(["state", "after_s"]).size().unstack(fill_value=0)
    assert list(counts) == [2, 30, 90]
    assert {state: list(counts.loc[state]) for state in counts.index} == {
        "LISTEN": [1, 1, 1],
        "SYN-RECEIVED": [5, 5, 0],
        "ESTABLISHED": [6, 6, 6],
        "FIN-WAIT-2": [6, 0, 0],
        "CLOSE-WAIT": [6, 6, 6],
        "TIME-WAIT": [4, 4, 0],
    }
