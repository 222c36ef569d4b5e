"""The three ranges, and what each system says of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tcpbook import ports
from tcpbook.ports import ranges
from tcpbook.protocol.errors import TcpBookError

NETSH = """
Protocol tcp Dynamic Port Range
---------------------------------
Start Port      : 49152
Number of Ports : 16384
"""


def test_the_ranges_cover_every_port_once() -> None:
    """RFC 6335 §6."""
    assert [(each.name, each.first, each.last) for each in ports.RANGES] == [
        ("system", 0, 1023),
        ("user", 1024, 49151),
        ("dynamic", 49152, 65535),
    ]
    assert sum(map(len, ports.RANGES)) == 65536


@pytest.mark.parametrize(
    ("port", "name"),
    [(0, "system"), (1023, "system"), (1024, "user"), (49151, "user"), (49152, "dynamic"), (65535, "dynamic")],
)
def test_a_port_is_in_one_range(port: int, name: str) -> None:
    assert ports.range_of(port).name == name
    assert [port in each for each in ports.RANGES].count(True) == 1


@pytest.mark.parametrize("wrong", [-1, 65536, 80.0, "80", None])
def test_what_is_no_port_is_in_no_range(wrong: int) -> None:
    with pytest.raises(TcpBookError, match=f"{wrong!r} is no port; .* 0 to 65535"):
        ports.range_of(wrong)


@pytest.mark.parametrize(
    ("system", "said", "read"),
    [
        ("Linux", "32768\t60999\n", (32768, 60999)),
        ("Linux", "15000\t64000\n", (15000, 64000)),
        ("Darwin", "49152\n65535\n", (49152, 65535)),
        ("Windows", NETSH, (49152, 65535)),
        ("Windows", "\nStartport       : 1025\nAnzahl von Ports: 64511\n", (1025, 65535)),
    ],
)
def test_each_system_s_words_are_read(system: str, said: str, read: tuple[int, int]) -> None:
    assert ranges.bounds(system, said) == read


@pytest.mark.parametrize("said", ["", "32768", "60999 32768", "0 100", "1 2 3", "49152 70000", "denied"])
def test_what_holds_no_range_is_refused(said: str) -> None:
    with pytest.raises(TcpBookError, match="holds no range of ports"):
        ranges.bounds("Linux", said)


def test_linux_is_read_from_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "range"
    file.write_text("40000\t40009\n")
    monkeypatch.setattr(ranges, "LINUX", file)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    here = ports.ephemeral()
    assert (here.first, here.last, here.source, len(here)) == (40000, 40009, f"read from {file}", 10)
    assert [port in here for port in (39999, 40000, 40009, 40010)] == [False, True, True, False]


@pytest.mark.parametrize(("system", "said"), [("Darwin", "10000\n20000\n"), ("Windows", NETSH)])
def test_other_systems_are_asked_by_a_command(monkeypatch: pytest.MonkeyPatch, system: str, said: str) -> None:
    asked = []

    def run(command: list[str], **how: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, said)

    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("subprocess.run", run)
    here = ports.ephemeral()
    assert asked == [ranges.COMMANDS[system]]
    assert (here.first, here.last) == ranges.bounds(system, said)
    assert here.source == f"read from {' '.join(asked[0])}"


@pytest.mark.parametrize(
    "failure",
    [FileNotFoundError(), subprocess.TimeoutExpired("sysctl", 5), subprocess.CalledProcessError(1, "sysctl")],
)
@pytest.mark.parametrize(
    ("system", "first", "last", "source"),
    [
        ("Linux", 32768, 60999, "the default of Linux; this machine's own could not be read"),
        ("Darwin", 49152, 65535, "the default of Darwin; this machine's own could not be read"),
        ("Windows", 49152, 65535, "the default of Windows; this machine's own could not be read"),
        ("Plan9", 49152, 65535, "RFC 6335 §6; how to ask Plan9 is unknown"),
    ],
)
def test_where_it_can_t_be_read_the_default_says_so(
    monkeypatch: pytest.MonkeyPatch, system: str, first: int, last: int, source: str, failure: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("subprocess.run", fail)
    monkeypatch.setattr(ranges, "LINUX", Path("/no/such/file"))
    assert ports.ephemeral() == ports.Ephemeral(first, last, source)


def test_this_machine_s_range_can_be_worked_with() -> None:
    here = ports.ephemeral()
    assert 0 < here.first <= here.last <= 65535
    assert here.first in here
    assert repr(here).startswith(f"ephemeral: {here.first}-{here.last}, {len(here)} ports (")
