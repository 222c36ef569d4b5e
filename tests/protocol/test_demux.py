"""Which socket takes a segment: all four numbers count, and the socket that names most of them is meant."""

from __future__ import annotations

import pytest

from tcpbook.protocol.demux import match

SERVER, CLIENT = "192.0.2.2:80", "192.0.2.1:40001"
LISTENER, CONNECTION = (SERVER, "0.0.0.0:*"), (SERVER, CLIENT)


@pytest.mark.parametrize("sockets", [[LISTENER, CONNECTION], [CONNECTION, LISTENER]])
def test_a_connection_comes_before_its_listener(sockets: list[tuple[str, str]]) -> None:
    """RFC 9293 §3.4.1: a connection is defined by a pair of sockets."""
    assert match(sockets, CLIENT, SERVER) == sockets.index(CONNECTION)


@pytest.mark.parametrize("stranger", ["192.0.2.1:40002", "198.51.100.7:40001"])
def test_another_port_or_another_address_is_another_connection(stranger: str) -> None:
    assert match([CONNECTION, LISTENER], stranger, SERVER) == 1
    assert match([CONNECTION], stranger, SERVER) is None


@pytest.mark.parametrize("destination", ["192.0.2.2:8080", "192.0.2.3:80"])
def test_the_local_side_counts_as_well(destination: str) -> None:
    assert match([LISTENER, CONNECTION], CLIENT, destination) is None
    assert match([], CLIENT, destination) is None


def test_a_listener_that_names_its_address_comes_before_one_for_any() -> None:
    sockets = [("*:80", "*:*"), LISTENER]
    assert match(sockets, CLIENT, SERVER) == 1
    assert match(sockets, CLIENT, "192.0.2.3:80") == 0


@pytest.mark.parametrize(
    ("local", "remote", "four", "six"),
    [
        ("*:80", "*:*", True, True),
        ("0.0.0.0:80", "0.0.0.0:*", True, False),
        ("[::]:80", "[::]:*", False, True),
        (":::80", ":::*", False, True),
    ],
)
def test_any_address_as_the_tools_write_it(local: str, remote: str, four: bool, six: bool) -> None:
    assert match([(local, remote)], CLIENT, SERVER) == (0 if four else None)
    assert match([(local, remote)], "[2001:db8::1]:40001", "[2001:db8::2]:80") == (0 if six else None)


def test_an_interface_is_not_part_of_the_address() -> None:
    assert match([("127.0.0.53%lo:53", "0.0.0.0:*")], "127.0.0.1:40001", "127.0.0.53:53") == 0
