"""CaptureExplorer without a browser: what it offers, what the page is told, and what nobody else is told."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from captures import pcap, pcapng, simulated
from tcpbook.lab import capture, captures
from tcpbook.lab.capture import connections, explain, read_capture
from tcpbook.lab.captures import CAPTURES
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State
from tcpbook.widgets import capture_explorer
from tcpbook.widgets.capture_explorer import CaptureExplorer
from tcpbook.widgets.capture_table import COLUMNS, cells, listing

HOSTILE = "<img src=x onerror=alert(1)>&\"'\n\x1b.pcap"
RAW_IP = 101


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebook's folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(lab: CaptureExplorer, octets: bytes = b"", **message: Any) -> dict[str, Any]:
    """The view after a message from the page."""
    lab._asked(lab, {**message, "from": 0.5}, [memoryview(octets)])
    return dict(lab._page.view)


def offered(lab: CaptureExplorer) -> dict[str, list[list[str]]]:
    return dict(lab._page.offers)


def book(name: str) -> bytes:
    return captures.path(name).read_bytes()


def opened(name: str = "morning.pcapng") -> CaptureExplorer:
    lab = CaptureExplorer()
    lab.open(name)
    return lab


def test_it_offers_the_folder_s_captures_and_the_book_s(folder: Path) -> None:
    for name in ("b.pcap", "A.PCAPNG", "c.cap", "d.pcap.gz", "e.pcapng.gz", "f.cap.gz", "no.txt", "no.gz", "pcap"):
        (folder / name).write_bytes(bytes(12_345))
    (folder / "folder.pcap").mkdir()
    (folder / "gone.pcap").symlink_to("nowhere")
    groups = offered(CaptureExplorer())
    assert list(groups) == ["In this notebook's folder", "The book's"]
    here, ours = groups.values()
    names = ["A.PCAPNG", "b.pcap", "c.cap", "d.pcap.gz", "e.pcapng.gz", "f.cap.gz"]
    assert [key for key, _ in here] == [f"./{name}" for name in names]
    assert here[0][1] == "A.PCAPNG (0.01 MB)"
    assert ours == [[name, f"{name}: {shows}"] for name, shows in CAPTURES.items()]


def test_the_folder_is_looked_at_again(folder: Path) -> None:
    lab = CaptureExplorer()
    assert next(iter(offered(lab))) == "In this notebook's folder: none"
    (folder / "new.pcap").write_bytes(b"123")
    asked(lab, look=True)
    assert offered(lab)["In this notebook's folder"] == [["./new.pcap", "new.pcap (3 bytes)"]]


def test_a_folder_of_thousands_and_one_that_is_gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (folder / f"{number}.pcap").touch()
    monkeypatch.setattr(capture_explorer, "LISTED", 3)
    groups = offered(CaptureExplorer())
    assert [key for key, _ in groups["In this notebook's folder: 3 of 5"]] == ["./0.pcap", "./1.pcap", "./2.pcap"]
    shutil.rmtree(folder)
    lab = CaptureExplorer()
    assert next(iter(offered(lab))) == "In this notebook's folder, which can't be read: No such file or directory"
    assert asked(lab, open="refused.pcap")["source"].startswith("refused.pcap: one connection")


@pytest.mark.parametrize("name", CAPTURES)
def test_every_capture_of_the_book_is_told_and_played(name: str) -> None:
    lab = opened(name)
    segments = read_capture(captures.path(name))
    for connection in connections(segments).index:
        lab.choose(connection)
        assert lab.story == explain(segments, connection)
        assert lab.filter == f"tcp.stream eq {connection}"
        assert lab._page.view["played"] == "Below, step by step: all its segments."
        assert lab.player is not None
        assert lab._box.children == (lab._page, lab.player)
        assert len(lab.player.trace.flights) == (segments["connection"] == connection).sum()


def test_a_connection_is_shown_as_it_ended() -> None:
    lab = opened("never-closed.pcap")
    lab.choose(0)
    assert lab.player is not None
    assert lab.player.states == (State.FIN_WAIT_2, State.CLOSE_WAIT)
    before: Any = lab.player
    lab.choose(1)
    assert before.comm is None  # the page forgets it, too
    lab.open("refused.pcap")
    kept: list[Any] = [lab.story, lab.filter, lab.player, lab._page.view["chosen"]]
    assert kept == [None, "", None, None]
    assert lab._box.children == (lab._page,)


def test_the_page_is_told_a_capture() -> None:
    view = asked(CaptureExplorer(), open="morning.pcapng")
    assert view["source"] == "morning.pcapng: nine connections, 177 segments, 9.21 s."
    assert view["notes"] == []
    assert view["shown"] == "9 of 9 shown"
    assert view["rows"][1][1:] == [
        "192.0.2.1:58230", "192.0.2.2:8080", "0.13 s", "20.9 ms", "refused", "RST by server", "0", "0",
    ]  # fmt: skip
    assert view["rows"][3][1:3] == ["[2001:db8::1]:34720", "[2001:db8::2]:8080"]
    assert view["rows"][5][-2:] == ["62,896", "2"]


def test_the_rows_say_what_connections_says() -> None:
    table = connections(read_capture(captures.path("morning.pcapng")))
    for row, shown in zip(table.itertuples(), cells(listing(table)), strict=True):
        bracketed = ["[{}]:{}" if ":" in address else "{}:{}" for address in (row.client, row.server)]
        assert shown[:3] == [
            str(row.Index),
            bracketed[0].format(row.client, row.client_port),
            bracketed[1].format(row.server, row.server_port),
        ]
        assert shown[5] == row.opened
        assert shown[6] == (f"{row.closed_how} by {row.closed_by}" if row.closed_by else row.closed_how)
        assert shown[7] == f"{row.client_bytes + row.server_bytes:,}"


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("58230", [1]),
        (":58230", [1]),
        ("5823", []),  # a port is whole
        ("8080 rst", [1, 4]),
        ("REFUSED", [1]),
        ("rst by client", [4]),
        ("2001:db8", [3]),
        ("192.0.2.1:58", [0, 1, 2, 4, 5, 6, 7]),
        ("[", [3]),
        (".*", []),
        ("<b>", []),
    ],
)
def test_find(query: str, numbers: list[int]) -> None:
    lab = opened()
    assert lab.find(query)["connection"].tolist() == numbers
    assert [row[0] for row in asked(lab, find={"query": query})["rows"]] == list(map(str, numbers))
    assert lab._page.view["shown"] == f"{len(numbers)} of 9 shown"


@pytest.mark.parametrize("by", COLUMNS)
def test_sorted_by_each_column_both_ways(by: str) -> None:
    lab = opened()
    up, down = lab.find(by=by), lab.find(by=by, descending=True)
    assert up[by].is_monotonic_increasing
    assert down[by].is_monotonic_decreasing
    view = lab._page.view
    assert (view["by"], view["descending"]) == (by, True)
    assert [row[0] for row in view["rows"]] == [str(number) for number in down["connection"]]


def test_messages_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = opened()
    assert lab.connections is not None
    many = lab.connections.loc[[0, 1, 2] * 10_000].reset_index(drop=True)
    many.index.name = "connection"
    lab.connections, lab._listed = many, listing(many)
    view = asked(lab, find={"query": ""})
    assert view["shown"] == "100 of 30,000 shown"
    assert len(json.dumps(view)) < 16_000
    assert asked(lab, find={"query": "refused"})["shown"] == "100 of 30,000 shown, 10,000 match"
    monkeypatch.setattr(capture_explorer, "PLAYED", 20)
    lab = opened("lossy.pcap")
    lab.choose(0)
    assert lab._page.view["played"] == "Below, step by step: its first 20 of 88 segments."
    assert lab.player is not None
    assert len(lab.player.trace.flights) == 20


def test_a_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mine.pcap").write_bytes(book("never-closed.pcap"))
    read = []

    def once(source: Path) -> Any:
        read.append(source)
        return read_capture(source)

    monkeypatch.setattr(capture, "read_capture", once)
    lab = CaptureExplorer()
    assert read == []
    asked(lab, open="./mine.pcap")
    asked(lab, find={"query": "refused"})
    asked(lab, choose=1)
    asked(lab, look=True)
    assert read == [folder / "mine.pcap"]


def test_a_file_of_the_folder_does_not_hide_the_book_s(folder: Path) -> None:
    (folder / "refused.pcap").write_bytes(book("ipv6.pcap"))
    lab = CaptureExplorer()
    assert asked(lab, open="refused.pcap")["rows"][0][5] == "refused"
    assert asked(lab, open="./refused.pcap")["rows"][0][5] == "complete"
    lab.open(str(folder / "refused.pcap"))
    assert lab._page.view["rows"][0][5] == "complete"


def test_a_capture_that_the_page_sends(folder: Path) -> None:
    lab = CaptureExplorer()
    view = asked(lab, gzip.compress(book("abort.pcap")), sent="mine.pcap.gz")
    assert view["source"].startswith("mine.pcap.gz: one connection, eight segments, ")
    assert view["rows"][0][6] == "RST by client"
    assert asked(lab, choose=0)["played"] == "Below, step by step: all its segments."
    assert list(folder.iterdir()) == []


def test_what_was_not_read_is_said(folder: Path) -> None:
    whole = book("lossy.pcap")
    (folder / "cut.pcap").write_bytes(whole[:-3])
    view = asked(CaptureExplorer(), open="./cut.pcap")
    assert view["source"].startswith("cut.pcap: one connection, 87 segments, ")
    assert len(view["notes"]) == 1
    assert view["notes"][0].startswith("cut.pcap is damaged after packet 87: ")
    packets = simulated()
    odd = [packet._replace(data=bytes([*packet.data[:9], 17, *packet.data[10:]])) for packet in packets[:3]]
    view = asked(CaptureExplorer(), pcap([*packets, *odd, packets[0]._replace(data=b"\x45")], RAW_IP), sent="x")
    assert view["notes"] == ["Left out: 3 × UDP; 1 × cut off before the TCP header ends."]
    view = asked(CaptureExplorer(), pcap(odd, RAW_IP), sent="x")
    assert (view["source"], view["shown"], view["rows"]) == ("x: no TCP segment.", "0 of 0 shown", [])


def test_what_can_not_be_read_is_a_sentence(folder: Path) -> None:
    (folder / "empty.pcap").touch()
    (folder / "text.pcap").write_text("hello")
    (folder / "gone.pcap").touch()
    lab = opened()
    (folder / "gone.pcap").unlink()
    messages: list[tuple[dict[str, Any], str]] = [
        ({"open": "./empty.pcap"}, "the file is empty; record the capture again."),
        ({"open": "./text.pcap"}, "text.pcap is no capture: it begins with 68 65 6c 6c, a pcap with"),
        ({"open": "./gone.pcap"}, "gone.pcap is no file; give the path of a capture"),
        ({"sent": "notes.gz"}, "the file is empty; record the capture again."),
    ]
    for message, said in messages:
        view = asked(lab, **message)
        assert said in view["errors"]["open"]
        assert view["source"].startswith("morning.pcapng: ")  # still there
    view = asked(lab, choose=99)
    assert view["errors"]["choose"].startswith("connection 99 is not in this capture; it has 0 to 8")
    assert asked(lab, choose=8)["errors"] == {}


def test_what_can_not_be_is_refused() -> None:
    lab = CaptureExplorer()
    for ask in (lambda: lab.find("80"), lambda: lab.choose(0)):
        with pytest.raises(TcpBookError, match="no capture is open"):
            ask()
    with pytest.raises(TcpBookError, match=r"nowhere.pcap is no file"):
        lab.open("nowhere.pcap")
    lab.open("refused.pcap")
    with pytest.raises(TcpBookError, match="can't be sorted by 'color'; choose one of connection, client"):
        lab.find(by="color")


def test_a_connection_that_can_not_be_played_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise TcpBookError("too much of it; replay a part")

    monkeypatch.setattr(capture, "replay", refuse)
    view = asked(opened(), choose=0)
    assert view["played"] == "too much of it; replay a part."
    assert view["errors"] == {}
    assert len(view["story"]) > 1


def test_each_answer_is_another_one_and_says_to_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = CaptureExplorer()
    first, second = asked(lab, look=True), asked(lab, open="?")
    assert (first["number"], second["number"], second["to"]) == (1, 2, 0.5)
    monkeypatch.setattr(capture, "read_capture", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        asked(lab, open="refused.pcap")
    assert lab._page.view["number"] == 3  # a defect of ours does not leave the page waiting


@pytest.mark.parametrize("name", [os.fsencode(HOSTILE), b"\xff\xfe.pcap", b"../x.pcap".replace(b"/", b"\xe2\x88\x95")])
def test_hostile_names_and_contents_are_text(folder: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    path.write_bytes(pcapng(simulated()))  # its comments and its interfaces' names are markup
    lab = CaptureExplorer()
    ((key, words),) = offered(lab)["In this notebook's folder"]
    for text in (key, words):
        text.encode("utf-8")
    view = asked(lab, open=key)
    assert view["errors"] == {}
    assert view["source"].startswith(f"{key.removeprefix('./')}: five connections, 32 segments, ")
    asked(lab, choose=0)
    assert lab.player is not None
    told = json.dumps([lab._page.view, lab.player.get_state(["frames", "ladder", "names"])], ensure_ascii=False)
    told.encode("utf-8")
    assert "<script" not in told
    assert "<b>" not in told
    path.write_bytes(b"hello")
    asked(lab, open=key)["errors"]["open"].encode("utf-8")
    assert asked(lab, b"hello", sent=HOSTILE)["errors"]["open"].startswith(HOSTILE)
    for words in (repr(lab), lab.static_html()):
        assert "onerror" not in words


def test_what_is_stored_is_never_the_readers_own(folder: Path) -> None:
    lab = CaptureExplorer()
    before = lab._repr_mimebundle_()
    (folder / "secret.pcap").write_bytes(book("abort.pcap"))
    lab.look()
    lab.open("secret.pcap")
    lab.choose(0)
    assert lab._repr_mimebundle_() == before
    assert before["text/plain"] == "CaptureExplorer: the captures in your folder, and 13 of the book's."
    assert "<th scope='row'>refused.pcap</th><td>nobody listens: the SYN is" in before["text/html"]
    assert "model_id" in before["application/vnd.jupyter.widget-view+json"]


def test_the_filters() -> None:
    assert asked(opened(), choose=1)["filters"] == [
        "tcp.stream eq 1",
        "ip.addr eq 192.0.2.1 and ip.addr eq 192.0.2.2 and tcp.port eq 58230 and tcp.port eq 8080",
    ]


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is missing: apt-get install tshark")
def test_wireshark_s_filters_leave_the_connection_s_frames() -> None:
    lab = opened()
    assert lab.segments is not None
    for connection, rows in lab.segments.groupby("connection"):
        lab.choose(connection)
        for display_filter in lab._page.view["filters"]:
            command = ["tshark", "-r", str(captures.path("morning.pcapng")), "-Y", display_filter]
            run = subprocess.run([*command, "-T", "fields", "-e", "frame.number"], capture_output=True, check=True)
            assert list(map(int, run.stdout.split())) == rows["frame"].tolist(), display_filter
