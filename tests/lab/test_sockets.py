"""Socket tables: the recordings, every tool's way to print, what can't be read, and this machine's own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from tcpbook.lab import sockets
from tcpbook.lab.sockets import live
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
Active UNIX domain sockets (servers and established)
Proto RefCnt Flags       Type       State         I-Node   Path
unix  2      [ ACC ]     STREAM     LISTENING     24601    /run/some.socket
"""
MACOS = """\
Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp4       0      0  127.0.0.1.8080         127.0.0.1.49301        ESTABLISHED
tcp6       5      0  ::1.49300              ::1.8080               CLOSE_WAIT
tcp6       0      0  fe80::aede:48ff:.49155 fe80::aede:48ff:.49172 FIN_WAIT_2
tcp46      0      0  *.8080                 *.*                    LISTEN
tcp4       0      9  192.0.2.7.49302        198.51.100.4.443       SYN_RCVD
udp4       0      0  *.5353                 *.*
Active LOCAL (UNIX) domain sockets
Address          Type   Recv-Q Send-Q            Inode             Conn
2e7d8a5c5f6d3b11 stream      0      0                0 2e7d8a5c5f6d3a49
Registered kernel control modules
id       flags    pcbcount rcvbuf   sndbuf   name
       1        9        0   131072   131072 com.apple.flow-divert
Active kernel event sockets
"""
WINDOWS = """\

Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       1044
  TCP    192.0.2.7:50123        198.51.100.4:443       CLOSE_WAIT      7312
  TCP    192.0.2.7:50124        198.51.100.4:443       TIME_WAIT       0
  TCP    [::1]:50125            [::1]:8080             SYN_RECEIVED    7312
  UDP    0.0.0.0:5353           *:*                                    2200
"""


@pytest.mark.parametrize("text", [SS, NETSTAT])
def test_both_tools_give_the_same_states_and_queues(text: str) -> None:
    table = sockets.read(text)
    assert list(table.state) == [State.LISTEN, State.FIN_WAIT_2, State.SYN_RECEIVED]
    assert list(table.recv_q) == [0, 0, 0]
    assert list(table.send_q) == [16, 7, 0]
    assert table.local[2] == "192.0.2.2:80"
    assert table.peer[2] == "198.51.100.4:40004"
    assert table.attrs == {"unread": []}


def test_macos() -> None:
    table = sockets.read(MACOS)
    assert [tuple(row) for row in table.to_numpy()] == [
        ("ESTABLISHED", 0, 0, "127.0.0.1:8080", "127.0.0.1:49301"),
        ("CLOSE-WAIT", 5, 0, "[::1]:49300", "[::1]:8080"),
        ("FIN-WAIT-2", 0, 0, "[fe80::aede:48ff:]:49155", "[fe80::aede:48ff:]:49172"),
        ("LISTEN", 0, 0, "*:8080", "*:*"),
        ("SYN-RECEIVED", 0, 9, "192.0.2.7:49302", "198.51.100.4:443"),
    ]
    assert table.attrs == {"unread": [], "ephemeral": (49_152, 65_535)}


@pytest.mark.parametrize("pids", [True, False])
def test_windows(pids: bool) -> None:
    """netstat -ano and netstat -an; there are no queues."""
    text = WINDOWS if pids else "\n".join(line[:71] for line in WINDOWS.splitlines())
    table = sockets.read(text)
    assert list(table.state) == ["LISTEN", "CLOSE-WAIT", "TIME-WAIT", "SYN-RECEIVED"]
    assert table.recv_q.isna().all()
    assert table.send_q.isna().all()
    assert list(table.local) == ["0.0.0.0:135", "192.0.2.7:50123", "192.0.2.7:50124", "[::1]:50125"]
    assert ("process" in table) is pids
    if pids:
        assert list(table.process) == ["PID 1044", "PID 7312", "PID 0", "PID 7312"]
    assert table.attrs == {"unread": [], "ephemeral": (49_152, 65_535)}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            'ESTAB 0 0 10.0.0.1:443 10.0.0.2:50000 users:(("nginx",pid=1,fd=3),("nginx",pid=2,fd=3),("sh",pid=9,fd=3))',
            ("ESTABLISHED", "10.0.0.1:443", "10.0.0.2:50000", "nginx, sh"),
        ),
        ("TIME-WAIT 0 0 10.0.0.1:443 10.0.0.2:50000 timer:(timewait,30sec,0)",
         ("TIME-WAIT", "10.0.0.1:443", "10.0.0.2:50000", "")),
        ("LISTEN 0 128 *:http *:*", ("LISTEN", "*:http", "*:*", "")),
        ("tcp ESTAB 0 0 [::ffff:127.0.0.1]:443 [::ffff:127.0.0.1]:5000",
         ("ESTABLISHED", "127.0.0.1:443", "127.0.0.1:5000", "")),
        ("ESTAB 0 0 [fe80::1]%eth0:22 [fe80::2]:5000", ("ESTABLISHED", "[fe80::1]%eth0:22", "[fe80::2]:5000", "")),
        ("tcp6 2 0 :::443 :::* LISTEN 12623/nginx: worker  off (0.00/0/0)",
         ("LISTEN", "[::]:443", "[::]:*", "nginx: worker")),
        ("tcp 0 0 127.0.0.1:80 127.0.0.1:38126 ESTABLISHED -", ("ESTABLISHED", "127.0.0.1:80", "127.0.0.1:38126", "")),
        ("tcp4 0 0 10.0.0.1.http *.* LISTEN", ("LISTEN", "10.0.0.1:http", "*:*", "")),
    ],
)  # fmt: skip
def test_a_line(line: str, expected: tuple[str, ...]) -> None:
    table = sockets.read(line)
    process = table.process[0] if "process" in table else ""
    assert (table.state[0], table.local[0], table.peer[0], process) == expected
    assert table.attrs["unread"] == []


@pytest.mark.parametrize("name", ["ESTAB", "ESTABLISHED", "SYN_RCVD", "FIN-WAIT-1", "FIN_WAIT1", "FIN_WAIT_1"])
def test_a_state_by_any_name(name: str) -> None:
    (state,) = sockets.read(f"{name} 0 0 a:1 b:2").state
    assert state in (State.ESTABLISHED, State.SYN_RECEIVED, State.FIN_WAIT_1)


def test_a_line_that_can_not_be_read_costs_no_other_and_is_not_hidden() -> None:
    text = f"$ ss -tan\n{SS}tcp 0 0 192.0.2.2:80 192.0.2.1:40000 FIN_WAIT\nESTAB 0 0 nowhere 192.0.2.1:1\n{NETSTAT}"
    table = sockets.read(text)
    assert len(table) == 6
    assert table.attrs["unread"] == [
        "$ ss -tan",
        "tcp 0 0 192.0.2.2:80 192.0.2.1:40000 FIN_WAIT",
        "ESTAB 0 0 nowhere 192.0.2.1:1",
    ]


def test_monstrous_lines_take_no_time() -> None:
    lines = [
        f"ESTAB {'9' * 30} 0 a:1 b:2", f"TCP {'a:b' * 50_000} x", f"ESTAB 0 0 {'a:' * 50_000}", "1 " * 50_000,
    ]  # fmt: skip
    table = sockets.read("\n".join([*lines, SS]))
    assert len(table) == 3
    assert len(table.attrs["unread"]) == 4


def test_second_lines_and_other_families_are_no_error() -> None:
    text = """\
Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
nl    UNCONN 0      0                   0:0                 *
u_str ESTAB  0      0             * 24601               * 24602
udp   UNCONN 0      0          0.0.0.0:68        0.0.0.0:*
tcp   ESTAB  0      0     127.0.0.1:80    127.0.0.1:38104
\t bbr wscale:10,10 rto:204 rtt:1.316/0.658 mss:32768 cwnd:10 segs_in:2
"""
    table = sockets.read(text)
    assert list(table.local) == ["127.0.0.1:80"]
    assert table.attrs["unread"] == []


def test_the_range_of_ephemeral_ports_may_be_pasted_along() -> None:
    assert sockets.read(f"net.ipv4.ip_local_port_range = 1024\t65000\n{SS}").attrs == {
        "unread": [],
        "ephemeral": (1_024, 65_000),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 characters show no TCP socket; paste what `ss -tan` .* `netstat -an`"),
        ("LISTEN to what ss prints:\n", "26 characters show no TCP socket; paste what `ss -tan`"),
        ("\x00\ud800 <b>\n" * 1_000, "no TCP socket"),
        ("udp 0 0 0.0.0.0:68 0.0.0.0:*", "no TCP socket"),
    ],
)
def test_what_shows_no_socket_is_refused(text: str, said: str) -> None:
    with pytest.raises(TcpBookError, match=said):
        sockets.read(text)


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


def test_every_recording_is_read_whole() -> None:
    for name in sockets.RECORDINGS:
        assert sockets.recorded(name).attrs["unread"] == []
    assert sockets.recorded("exhaustion").attrs["ephemeral"] == (40_000, 40_255)
    with pytest.raises(TcpBookError, match="no table 'flod' is recorded; choose one of leak, flood"):
        sockets.recorded("flod")


PROC = {
    "tcp": """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0050 00000000:0000 0A 00000000:00000004 00:00000000 00000000     0        0 1730103 5 0 100 0 0 10 0
   1: 0100007F:0050 0100007F:94EE 03 00000000:00000000 01:00000064 00000001     0        0 0 1 0
   2: 0100007F:D204 0100007F:01BB 06 00000000:00000000 03:000017A6 00000000     0        0 0 3 0
""",
    "tcp6": """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000002 00:0 0 0 0 7 3
   1: 0000000000000000FFFF00000100007F:01BB 0000000000000000FFFF00000100007F:D204 01 0000000A:00000014 00:0 0 0 0 0 1
   2: 00000000000000000000000001000000:AA6A 00000000000000000000000001000000:01BB 08 00000000:00000001 00:0 0 0 0 9 2
""",
}
"""What the kernel wrote; states changed by hand."""


def test_here_reads_what_linux_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in PROC.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(live, "PROC", tmp_path)
    monkeypatch.setattr(live, "_limits", lambda: {1_730_103: 3})
    monkeypatch.setattr(live, "_names", lambda: {("[::1]:43626", "[::1]:443"): "curl"})
    assert [tuple(row) for row in sockets.here().fillna(-1).to_numpy()] == [
        ("LISTEN", 4, 3, "127.0.0.1:80", "0.0.0.0:*", ""),
        ("SYN-RECEIVED", 0, 0, "127.0.0.1:80", "127.0.0.1:38126", ""),
        ("TIME-WAIT", 0, 0, "127.0.0.1:53764", "127.0.0.1:443", ""),
        ("LISTEN", 2, -1, "[::]:443", "[::]:*", ""),
        ("ESTABLISHED", 20, 10, "127.0.0.1:443", "127.0.0.1:53764", ""),
        ("CLOSE-WAIT", 1, 0, "[::1]:43626", "[::1]:443", "curl"),
    ]
    (tmp_path / "tcp6").unlink()
    assert len(sockets.here()) == 3


def test_here_shows_our_own_sockets() -> None:
    """A listener whose queue overflows, with our own name; both ends of a connection."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        port = server.getsockname()[1]
        first, _ = (stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(2))
        table = sockets.here().set_index(["local", "peer"])
        listener = table.loc[(f"127.0.0.1:{port}", "0.0.0.0:*")]
        assert listener.to_dict() == {"state": "LISTEN", "recv_q": 2, "send_q": 1, "process": psutil.Process().name()}
        client = f"127.0.0.1:{first.getsockname()[1]}"
        assert table.loc[(client, f"127.0.0.1:{port}"), "state"] == "ESTABLISHED"
        assert table.loc[(f"127.0.0.1:{port}", client), "process"] == ""  # nobody's, until it is accepted
        names = [finding.where for finding in sockets.diagnose(sockets.here())]
        assert any(f"port {port} ({psutil.Process().name()}), 2 wait, 1 may" in where for where in names)


def test_here_leaves_nothing_open() -> None:
    sockets.here()
    before = psutil.Process().num_fds()
    sockets.here()
    assert psutil.Process().num_fds() == before


def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: Callable[[str], Any]) -> None:
    """Pretend that there is no /proc, and that psutil answers so."""
    monkeypatch.setattr(live, "PROC", tmp_path / "none")
    monkeypatch.setattr(psutil, "net_connections", answer)


def test_elsewhere_psutil_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def connection(status: str, laddr: Any, raddr: Any = (), family: int = socket.AF_INET) -> Any:
        return SimpleNamespace(status=status, laddr=laddr, raddr=raddr, family=family, pid=None)

    found = [
        connection("SYN_RECV", ("192.0.2.1", 80), ("192.0.2.2", 50_000)),
        connection("LISTEN", ("::", 443), family=socket.AF_INET6),
        connection("DELETE_TCB", ("192.0.2.1", 80), ("192.0.2.2", 50_001)),
    ]
    elsewhere(monkeypatch, tmp_path, lambda kind: found)
    table = sockets.here()
    assert list(table.state) == ["SYN-RECEIVED", "LISTEN", "CLOSED"]
    assert list(table.peer) == ["192.0.2.2:50000", "[::]:*", "192.0.2.2:50001"]
    assert table.recv_q.isna().all()
    assert sockets.diagnose(table) == []


def test_where_linux_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *encoding: str) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(TcpBookError, match=r"/proc/net/tcp is not ours to read; paste what `ss -tan` prints"):
        sockets.here()


def test_where_it_is_forbidden_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(kind: str) -> None:
        raise psutil.AccessDenied

    elsewhere(monkeypatch, tmp_path, refuse)
    with pytest.raises(TcpBookError, match=r"to its administrator only; run `netstat -an` .* sockets.read"):
        sockets.here()
