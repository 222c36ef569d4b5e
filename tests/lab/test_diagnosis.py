"""`diagnose`: the recorded tables by their trouble, no false alarm, several troubles at once, and what is no table."""

from __future__ import annotations

import pandas
import pytest

from tcpbook.lab import sockets
from tcpbook.lab.sockets.troubles import PILES
from tcpbook.protocol.errors import TcpBookError

TROUBLES = {
    "leak": ("CLOSE-WAIT leak", 64, "port 443 (python), 64 of 89 connections"),
    "flood": ("SYN flood", 257, "port 80, 257 of 277 connections"),
    "exhaustion": (
        "TIME-WAIT exhaustion",
        250,
        "192.0.2.1 to 198.51.100.7:5432, 256 of 256 ephemeral ports (40000–40255) taken",
    ),
    "half-closed": ("half-closed pile-up", 90, "port 8080 (python), 90 of 105 connections"),
}

LISTENING = "LISTEN 0 128 10.0.0.1:80 0.0.0.0:*"


def rows(state: str, count: int, local: str = "10.0.0.1:80", peer: str = "10.0.0.2:{}", first: int = 50_000) -> str:
    """Lines as `ss -tan` prints them; {} stands for a port that is another one in each."""
    ports = range(first, first + count)
    return "\n".join(f"{state} 0 0 {local.format(port)} {peer.format(port)}" for port in ports)


def mirror(text: str, states: dict[str, str]) -> str:
    """The other ends of those connections."""
    parts = [line.split() for line in text.splitlines()]
    return "\n".join(f"{states[state]} 0 0 {peer} {local}" for state, _, _, local, peer in parts)


def found(*texts: str) -> list[str]:
    return [finding.name for finding in sockets.diagnose(sockets.read("\n".join(texts)))]


@pytest.mark.parametrize("name", TROUBLES)
def test_a_recorded_trouble_is_named_and_nothing_else(name: str) -> None:
    (finding,) = sockets.diagnose(sockets.recorded(name))
    assert (finding.name, finding.count, finding.where) == TROUBLES[name]


def test_a_healthy_server_has_no_trouble() -> None:
    table = sockets.recorded("healthy")
    assert len(table) == 395
    assert sockets.diagnose(table) == []
    assert repr(sockets.diagnose(table)) == "395 sockets; what stands out: nothing."


def test_the_range_of_ephemeral_ports_decides() -> None:
    """256 of Linux's 28232 ports are no trouble."""
    table = sockets.recorded("exhaustion")
    assert sockets.diagnose(table, (32_768, 60_999)) == []
    table.attrs.clear()
    assert sockets.diagnose(table) == []
    assert [finding.name for finding in sockets.diagnose(table, (40_000, 40_255))] == ["TIME-WAIT exhaustion"]


def test_the_diary_of_chapter_5() -> None:
    """Both ends are in the table: FIN-WAIT-2 is the other end of the leak, and said so."""
    table = sockets.recorded()
    (finding,) = sockets.diagnose(table[table.after_s == 2])
    assert finding.name == "CLOSE-WAIT leak"
    assert finding.where == (
        "port 80, 6 of 14 connections; 6 of their other ends, in FIN-WAIT-2, are in this table too"
    )


@pytest.mark.parametrize(
    "texts",
    [
        [LISTENING],
        [rows("CLOSE-WAIT", 1)],
        [rows("CLOSE-WAIT", 4), rows("ESTAB", 3, first=100)],
        [rows("CLOSE-WAIT", 20), rows("ESTAB", 400, first=100)],
        [rows("TIME-WAIT", 300, "10.0.0.1:{}", "10.0.0.9:443")],
        [rows("TIME-WAIT", 28_000)],  # a server's, which take no port of its own
        [rows("ESTAB", 28_000, "10.0.0.1:{}", "10.0.0.9:443", 32_768)],  # no TIME-WAIT
        [rows("SYN-RECV", 20), rows("ESTAB", 2_000, first=100)],
        [rows("FIN-WAIT-2", 100), rows("ESTAB", 2_000, first=100)],
        [rows("FIN-WAIT-2", 19)],
        [rows("SYN-SENT", 60, "10.0.0.1:{}", "10.0.0.9:443")],
        ["tcp 40 0 10.0.0.1:80 0.0.0.0:* LISTEN"],  # netstat doesn't know how many may wait
        ["LISTEN 128 128 10.0.0.1:80 0.0.0.0:*"],
        ["LISTEN 20 128 10.0.0.1:80 0.0.0.0:*", rows("CLOSE-WAIT", 20)],  # clients that gave up before accept()
        [rows("UNCONN", 200)],
    ],
)
def test_no_false_alarm(texts: list[str]) -> None:
    assert found(*texts) == []


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        ([rows("CLOSE-WAIT", 5)], ["CLOSE-WAIT leak"]),
        ([rows("CLOSE-WAIT", 100), rows("ESTAB", 5_000, first=100)], ["CLOSE-WAIT leak"]),
        ([rows("CLOSE-WAIT", 9, "10.0.0.1:{}", "10.0.0.9:443")], ["CLOSE-WAIT leak"]),
        ([rows("SYN-RECV", 10)], ["SYN flood"]),
        ([LISTENING, rows("SYN-RECV", 128), rows("ESTAB", 9_000, first=100)], ["SYN flood"]),  # its queue is full
        ([rows("FIN-WAIT-2", 20)], ["half-closed pile-up"]),
        ([rows("TIME-WAIT", 23_000, "10.0.0.1:{}", "10.0.0.9:443", 32_768)], ["TIME-WAIT exhaustion"]),
        (["LISTEN 129 128 10.0.0.1:80 0.0.0.0:*", rows("ESTAB", 129)], ["accept queue overflow"]),
        (["LISTEN 129 128 10.0.0.1:80 0.0.0.0:*", rows("SYN-RECV", 60)], ["accept queue overflow"]),
        (
            ["LISTEN 6 5 10.0.0.1:80 0.0.0.0:*", rows("CLOSE-WAIT", 40), rows("SYN-RECV", 300, "10.0.0.1:443")],
            ["CLOSE-WAIT leak", "SYN flood", "accept queue overflow"],
        ),
        (
            [rows("CLOSE-WAIT", 30), rows("TIME-WAIT", 23_000, "10.0.0.1:{}", "10.0.0.9:443", 32_768)],
            ["CLOSE-WAIT leak", "TIME-WAIT exhaustion"],
        ),
        ([rows("CLOSE-WAIT", 30), rows("FIN-WAIT-2", 40, "10.0.0.1:8080")], ["CLOSE-WAIT leak", "half-closed pile-up"]),
    ],
)
def test_what_stands_out(texts: list[str], names: list[str]) -> None:
    assert found(*texts) == names


@pytest.mark.parametrize(
    ("state", "other", "name"),
    [
        ("CLOSE-WAIT", "FIN-WAIT-2", "CLOSE-WAIT leak"),
        ("FIN-WAIT-2", "CLOSE-WAIT", "CLOSE-WAIT leak"),
        ("SYN-RECV", "SYN-SENT", "SYN flood"),
    ],
)
@pytest.mark.parametrize("listener", [LISTENING, ""])
def test_both_ends_in_one_table_make_one_finding(state: str, other: str, name: str, listener: str) -> None:
    text = rows(state, 40)
    assert found(listener, text, mirror(text, {state: other})) == [name]


def test_a_server_on_an_ephemeral_port_without_its_listener() -> None:
    (finding,) = sockets.diagnose(sockets.read(rows("CLOSE-WAIT", 12, "10.0.0.1:40000")))
    assert finding.where == "port 40000, 12 of 12 connections"


def test_the_culprits_are_named_most_sockets_first() -> None:
    text = "\n".join(
        f'CLOSE-WAIT 1 0 10.0.0.1:{port} 10.0.0.2:{50_000 + n} users:(("{name}",pid=7,fd={n}))'
        for port, name, count in ((80, "web", 6), (25, "mail", 9), (8080, "java", 7), (22, "sshd", 1), (9, "x", 5))
        for n in range(count)
    )
    (finding,) = sockets.diagnose(sockets.read(text))
    assert finding.count == 27
    assert finding.where == (
        "port 25 (mail), 9 of 9 connections; port 8080 (java), 7 of 7 connections; "
        "port 80 (web), 6 of 6 connections; 1 more"
    )


def test_a_table_without_rows_or_queues() -> None:
    table = sockets.recorded("leak")
    assert repr(sockets.diagnose(table[:0])) == "0 sockets; what stands out: nothing."
    assert repr(sockets.diagnose(table[:1])) == "1 socket; what stands out: nothing."
    windows = "\n".join(f"TCP 10.0.0.1:80 10.0.0.2:{port} CLOSE_WAIT 4242" for port in range(50_000, 50_030))
    (finding,) = sockets.diagnose(sockets.read(f"TCP 0.0.0.0:80 0.0.0.0:0 LISTENING 4242\n{windows}"))
    assert finding.where == "port 80 (PID 4242), 30 of 30 connections"


def test_what_was_not_read_is_repeated() -> None:
    findings = sockets.diagnose(sockets.read(f"{rows('CLOSE-WAIT', 5)}\nhello\n"))
    assert findings.unread == ["hello"]
    assert repr(findings).startswith(
        "5 sockets; what stands out: CLOSE-WAIT leak. 1 line was not read: 'hello'.\nCLOSE-WAIT leak: port 80, 5 of 5"
    )
    many = sockets.diagnose(sockets.read("\n".join([LISTENING, "<b>", "two", "three", "four"])))
    assert many.summary.endswith("4 lines were not read: '<b>'; 'two'; 'three' ….")
    assert "&lt;b&gt;" in many._repr_html_()
    assert "<table>" not in many._repr_html_()


def test_it_shows_as_a_table() -> None:
    html = sockets.diagnose(sockets.recorded("leak"))._repr_html_()
    assert "<th scope='row'>CLOSE-WAIT leak</th><td>port 443 (python), 64 of 89 connections</td>" in html


@pytest.mark.parametrize("table", ["CLOSE-WAIT 1 0 a:1 b:2", pandas.DataFrame({"state": []})])
def test_what_is_no_table_is_refused(table: pandas.DataFrame) -> None:
    with pytest.raises(TcpBookError, match="no socket table: it lacks local, peer"):
        sockets.diagnose(table)


def test_every_threshold_has_a_reason() -> None:
    assert all(pile.reason.endswith(".") and pile.few < pile.many for pile in PILES)
