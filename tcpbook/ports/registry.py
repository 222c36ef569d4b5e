"""IANA's registry of port numbers as a table: look up a port or a name, search for words.

`registry.csv.gz` was built by tools/make_ports.py; its first line names the source and its date.
"""

from __future__ import annotations

import gzip
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, SupportsIndex

from tcpbook.ports.ranges import checked, range_of
from tcpbook.protocol.errors import TcpBookError

if TYPE_CHECKING:
    from pandas import DataFrame

DATA = Path(__file__).with_name("registry.csv.gz")
ABSENT = {
    "system": "Unassigned: IANA may assign it",
    "user": "Unassigned: IANA may assign it",
    "dynamic": "Dynamic: never assigned",
}
"""What a port without a row is, by the name of its range (RFC 6335 §6)."""

COLUMNS = ("port", "protocol", "service", "description", "class")


def registry() -> DataFrame:
    """The whole registry, one row for each port, protocol and name; in order of port.

    Columns: port (int64, 0 to 49151), protocol (str: tcp, udp, sctp, dccp), service (str, empty where a port is
    reserved or has no name), description (str, IANA's words), class (str: system or user, RFC 6335 §6; nothing is
    registered from 49152 up). Where a port has several names, the usual one is first.
    """
    return _registry().copy()


def source() -> str:
    """Return where the registry comes from, and its date."""
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        return lines.readline().removeprefix("# ").rstrip()


def lookup(what: SupportsIndex | str) -> DataFrame:
    """Return the rows of a port number from 0 to 65535, or of a service name; columns as in `registry`.

    A port that the registry doesn't have gets one row with an empty protocol and service, which says what it is:
    unassigned (IANA may yet assign it) or dynamic (never assigned). A reserved port has rows that say so: it is
    neither assigned nor to be had, such as 0 and the edges of the ranges (RFC 6335 §6). Case doesn't matter
    (RFC 6335 §5.1). Raises TcpBookError for a number that is no port and for a name that is not registered.
    """
    if isinstance(what, str) and not what.strip().isdecimal():
        return _named(what.strip())
    port = checked(int(what) if isinstance(what, str) else what)
    table = _registry()
    rows = _rows(table[table["port"] == port])
    return rows if len(rows) else _without_entry(port)


def search(words: str) -> DataFrame:
    """Return the rows that hold all the words in service or description, or as port; columns as in `registry`.

    Parts of words count as well, case doesn't matter; no row is an answer too. TcpBookError without a word.
    """
    sought = words.lower().split()
    if not sought:
        raise TcpBookError(f"{words!r} holds no word to search for; give one or more, such as 'mail transfer'")
    table = _registry()
    texts = table["port"].astype(str) + " " + table["service"] + " " + table["description"]
    found = texts.str.lower().map(lambda text: all(word in text for word in sought))
    return _rows(table[found])


@cache
def _registry() -> DataFrame:
    import pandas

    table = pandas.read_csv(DATA, skiprows=1, keep_default_na=False, dtype={"port": "int64"})
    return table.assign(**{"class": table["port"].map(lambda port: range_of(port).name)})


def _rows(rows: DataFrame) -> DataFrame:
    return rows.reset_index(drop=True)


def _named(name: str) -> DataFrame:
    table = _registry()
    lower = table["service"].str.lower()
    rows = table[(lower == name.lower()) & (lower != "")]
    if not len(rows):
        names = sorted(set(lower) - {""})
        near = get_close_matches(name.lower(), names, n=3)
        remedy = f"near it are {', '.join(near)}" if near else "search() looks for words in names and descriptions"
        raise TcpBookError(f"no service is registered as {name!r}, among {len(names)} names; {remedy}")
    return _rows(rows)


def _without_entry(port: int) -> DataFrame:
    from pandas import DataFrame

    kind = range_of(port).name
    return DataFrame([dict(zip(COLUMNS, (port, "", "", ABSENT[kind], kind), strict=True))])
