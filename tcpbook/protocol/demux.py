"""Demultiplexing: which socket of a host an arriving segment is for (RFC 9293 §2.2, §3.10)."""

from __future__ import annotations

from collections.abc import Iterable

ANY = {"*": "", "0.0.0.0": ".", "::": ":"}
"""How a socket table writes "any address", and what the addresses it means have in them."""


def match(sockets: Iterable[tuple[str, str]], source: str, destination: str) -> int | None:
    """Return which socket takes a segment that arrives from `source` for `destination`, counted from 0.

    All are `address:port`, as `ss` prints them. A socket is its local and its remote side: a connection names both,
    a listener has `*` for the remote port and may have any local address. Where several fit, the one that names most
    is meant. None if none fits: the host answers as in CLOSED (§3.10.7.1). The flags don't matter here.

    >>> match([("*:80", "*:*"), ("192.0.2.2:80", "192.0.2.1:40001")], "192.0.2.1:40001", "192.0.2.2:80")
    1
    """
    named = [_named(local, destination) * _named(remote, source) for local, remote in sockets]
    return named.index(max(named)) if any(named) else None


def _named(side: str, wanted: str) -> int:
    """How much of the address and port it wants a side of a socket names: 1 to 3, or 0 if it doesn't fit."""
    (address, port), (wanted_address, wanted_port) = _parts(side), _parts(wanted)
    if port not in ("*", wanted_port):
        return 0
    if ANY.get(address, "no") in wanted_address:
        return 1 if port == "*" else 2
    return 3 if address == wanted_address else 0


def _parts(side: str) -> tuple[str, str]:
    """Address and port, without brackets and without the interface that `ss` may add, as in 127.0.0.53%lo:53."""
    address, _, port = side.rpartition(":")
    return address.strip("[]").partition("%")[0], port
