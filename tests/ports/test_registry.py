"""The registry: facts by name, what always holds, and the reader's questions."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from tcpbook import ports
from tcpbook.ports.registry import DATA
from tcpbook.protocol.errors import TcpBookError
from tools.make_ports import SOURCE, Row, rows, supplement, write

TABLE = ports.registry()


def names(port: int, protocol: str = "tcp") -> list[str]:
    found = ports.lookup(port)
    return list(found[found["protocol"] == protocol]["service"])


@pytest.mark.parametrize(
    ("port", "name"),
    [
        (20, "ftp-data"),
        (21, "ftp"),
        (22, "ssh"),
        (23, "telnet"),
        (25, "smtp"),
        (53, "domain"),
        (80, "http"),
        (443, "https"),
        (631, "ipp"),
        (3306, "mysql"),
        (3478, "stun"),
        (5432, "postgresql"),
        (6000, "x11"),
        (6063, "x11"),
        (6379, "redis"),
        (8080, "http-alt"),
        (8443, "pcsync-https"),
    ],
)
def test_a_port_has_its_name_and_the_name_its_port(port: int, name: str) -> None:
    assert names(port)[0] == name
    found = ports.lookup(name)
    assert port in list(found[found["protocol"] == "tcp"]["port"])


def test_8080_is_http_s_second_port_and_nobody_s_server() -> None:
    tcp = ports.lookup(8080).iloc[0]
    assert tcp["description"] == "HTTP Alternate (see port 80)"
    assert not (TABLE["service"] + TABLE["description"]).str.contains("tomcat", case=False).any()


def test_a_port_may_have_several_names_and_the_usual_one_is_first() -> None:
    assert names(80) == names(80, "udp") == ["http", "www", "www-http"]
    assert names(80, "sctp") == ["http"]
    assert names(465) == ["urd", "submissions"]
    assert names(66) == ["sql-net", "sql*net"]
    assert names(63) == ["whoispp", "whois++"]


@pytest.mark.parametrize("port", [0, 51, 225, 255, 1023, 1024, 49_151])
def test_reserved_ports_have_rows_that_say_so(port: int) -> None:
    """RFC 6335 §6: the edges of the ranges are reserved."""
    found = ports.lookup(port)
    assert list(found["protocol"]) == ["tcp", "udp"]
    assert set(found["service"]) == {""}
    assert set(found["description"]) == {"Reserved"}


@pytest.mark.parametrize(
    ("port", "said", "kind"),
    [
        (4, "Unassigned: IANA may assign it", "system"),
        (81, "Unassigned: IANA may assign it", "system"),
        (49_149, "Unassigned: IANA may assign it", "user"),
        (49_152, "Dynamic: never assigned", "dynamic"),
        (65_535, "Dynamic: never assigned", "dynamic"),
    ],
)
def test_a_port_without_an_entry_says_what_it_is(port: int, said: str, kind: str) -> None:
    found = ports.lookup(port)
    assert found.to_dict("records") == [
        {"port": port, "protocol": "", "service": "", "description": said, "class": kind}
    ]
    assert dict(found.dtypes) == dict(TABLE.dtypes)


def test_what_always_holds() -> None:
    assert list(TABLE.columns) == ["port", "protocol", "service", "description", "class"]
    assert TABLE["port"].dtype == "int64"
    assert TABLE["port"].is_monotonic_increasing
    assert TABLE["port"].between(0, 49_151).all(), "nothing is registered in the dynamic range"
    assert set(TABLE["protocol"]) == {"tcp", "udp", "sctp", "dccp"}
    assert not TABLE.duplicated(["port", "protocol", "service"]).any()
    assert not TABLE.isna().any(axis=None)
    assert not TABLE["description"].str.contains("^unassigned", case=False).any()
    assert ((TABLE["class"] == "system") == (TABLE["port"] < 1024)).all()
    assert (TABLE["class"] != "dynamic").all()
    assert 12_000 < len(TABLE) < 20_000
    assert not TABLE[TABLE["service"] == ""]["description"].eq("").any()


def test_nobody_can_spoil_the_registry() -> None:
    mine = ports.registry()
    mine.loc[:, "service"] = "mine"
    assert names(22) == ["ssh"]


@pytest.mark.parametrize("name", ["http", "HTTP", " Http "])
def test_a_name_is_found_in_any_case(name: str) -> None:
    """RFC 6335 §5.1."""
    assert list(ports.lookup(name)["protocol"]) == ["tcp", "udp", "sctp"]


def test_a_number_may_be_a_word_or_a_cell_of_the_table() -> None:
    assert ports.lookup("22").equals(ports.lookup(22))
    assert ports.lookup(TABLE["port"].iloc[-1]).equals(ports.lookup(49_151))


@pytest.mark.parametrize("wrong", [70_000, -1, "70000", 2.5, None])
def test_what_is_no_port_is_refused_with_the_limit(wrong: int | str) -> None:
    with pytest.raises(TcpBookError, match=r"is no port; .* from 0 to 65535"):
        ports.lookup(wrong)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("nosuch", "near it are"),
        ("htttp", "near it are http, "),
        ("", "search"),
        ("zzzzzzzzzzzzzzzzzzz", "search"),
    ],
)
def test_an_unknown_name_gets_near_ones(name: str, remedy: str) -> None:
    with pytest.raises(TcpBookError, match=f"no service is registered as '{name}', among .* names; {remedy}"):
        ports.lookup(name)


def test_search_finds_all_the_words_in_any_case_and_order() -> None:
    found = ports.search("TRANSFER file")
    assert {"ftp", "ftp-data", "tftp"} <= set(found["service"])
    assert list(found.index) == list(range(len(found)))
    text = found["service"].str.lower() + found["description"].str.lower()
    assert text.str.contains("file").all()
    assert text.str.contains("transfer").all()


def test_search_knows_numbers_and_finding_nothing_is_an_answer() -> None:
    assert "http-alt" in list(ports.search("8080")["service"])
    nothing = ports.search("no such thing at all")
    assert (len(nothing), list(nothing.columns)) == (0, list(TABLE.columns))
    with pytest.raises(TcpBookError, match="holds no word to search for"):
        ports.search("  ")


def test_the_file_names_its_source_and_its_date() -> None:
    assert ports.source() == SOURCE
    assert "IANA" in SOURCE
    assert "2026-09-17" in SOURCE
    assert DATA.stat().st_size < 150_000


def test_the_tool_drops_unassigned_rows_and_puts_back_what_the_package_lacks(tmp_path: Path) -> None:
    package = {
        "15/tcp": ["", "Unassigned [was netstat]"],
        "63/tcp": ["whois++", "whois++"],
        "80/tcp": ["www-http", "World Wide Web HTTP"],
        "80/sctp": ["http", "HTTP"],
        "66/udp": ["sql*net", 'Oracle "SQL*NET", α'],
    }
    made = rows(package)
    added = set(supplement())
    assert [row for row in made if row not in added] == [
        Row(63, "tcp", "whois++", "whois++"),
        Row(66, "udp", "sql-net", 'Oracle "SQL*NET", α'),
        Row(66, "udp", "sql*net", 'Oracle "SQL*NET", α'),
        Row(80, "tcp", "www-http", "World Wide Web HTTP"),
        Row(80, "sctp", "http", "HTTP"),
    ]
    assert [row.service for row in made if row[:2] == (80, "tcp")] == ["http", "www", "www-http"]
    targets = [tmp_path / "once", tmp_path / "again"]
    for target in targets:
        write(made, target)
    assert targets[0].read_bytes() == targets[1].read_bytes()
    with gzip.open(targets[0], "rt", encoding="utf-8", newline="") as lines:
        assert next(lines) == f"# {SOURCE}\n"
        assert [tuple(line) for line in csv.reader(lines)][1:] == [(str(row.port), *row[1:]) for row in made]


def test_importing_the_ports_does_not_load_pandas() -> None:
    program = "import sys, tcpbook.ports; print('pandas' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
