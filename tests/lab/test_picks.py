"""The kernel's picks: real connections, all of them gone afterwards, also after an error and an interrupt."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest

from tcpbook.lab import kernel, picks
from tcpbook.lab.picks import pick
from tcpbook.protocol.errors import TcpBookError


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Every socket that is made from now on."""
    made: list[socket.socket] = []
    make = socket.socket.__init__

    def note(self: socket.socket, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        made.append(self)

    monkeypatch.setattr(socket.socket, "__init__", note)
    return made


@pytest.mark.parametrize("count", [1, 8, 64])
def test_each_connection_has_a_port_of_its_own(opened: list[socket.socket], count: int) -> None:
    picked = pick(count)
    assert len(set(picked.ports)) == len(picked.ports) == count
    assert picked.server_port not in picked.ports
    assert len(opened) == 1 + 2 * count
    assert [end.fileno() for end in opened] == [-1] * len(opened)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: /proc/net/tcp")
def test_nothing_stays_in_the_socket_table() -> None:
    picked = pick(4)
    server = picks.LOOPBACK, picked.server_port
    pairs = [{server, (picks.LOOPBACK, port)} for port in picked.ports]
    kernel.wait_until(lambda: not [key for key in kernel.table() if set(key) in pairs], "nothing of ours")


@pytest.mark.parametrize("failure", [OSError(24, "Too many open files"), KeyboardInterrupt()])
def test_what_was_opened_is_closed_when_something_happens(
    opened: list[socket.socket], monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    connect = socket.create_connection

    def fail(*args: Any, **kwargs: Any) -> socket.socket:
        if len(opened) > 4:
            raise failure
        return connect(*args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", fail)
    with pytest.raises((TcpBookError, KeyboardInterrupt)) as raised:
        pick(8)
    assert len(opened) == 5
    assert [end.fileno() for end in opened] == [-1] * 5
    if isinstance(failure, OSError):
        assert str(raised.value) == (
            "opening 8 connections on 127.0.0.1 failed: [Errno 24] Too many open files; try fewer"
        )


@pytest.mark.parametrize("count", [0, -1, 65])
def test_the_number_is_bounded(opened: list[socket.socket], count: int) -> None:
    with pytest.raises(TcpBookError, match=f"{count} connections are out of range; open 1 to 64"):
        pick(count)
    assert opened == []
