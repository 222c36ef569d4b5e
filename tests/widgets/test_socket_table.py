"""SocketTable without a browser: what the page is told, what it may ask, and what nobody else is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pandas import concat

from tcpbook.lab import sockets
from tcpbook.protocol.errors import TcpBookError
from tcpbook.widgets.socket_table import SENT, SocketTable


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is the recorded healthy server."""
    monkeypatch.setattr(sockets, "here", lambda: sockets.recorded("healthy"))


def asked(widget: SocketTable, **message: Any) -> dict[str, Any]:
    """The view after a message from the page."""
    widget._asked(widget, {**message, "from": 0.5}, [])
    return dict(widget.view)


def test_nothing_is_shown_before_the_guess() -> None:
    widget = SocketTable()
    assert widget.table is None
    assert widget.view["counts"] == widget.view["rows"] == []
    view = asked(widget, guess="TIME-WAIT")
    assert view["told"] == "Not today. You said TIME-WAIT; most are in ESTABLISHED: 314 of 395."
    assert dict(view["counts"]) == {
        "LISTEN": 3, "SYN-RECEIVED": 2, "ESTABLISHED": 314, "FIN-WAIT-2": 3, "CLOSE-WAIT": 1, "TIME-WAIT": 72,
    }  # fmt: skip
    assert view["summary"] == "395 sockets; what stands out: nothing."
    assert view["source"].startswith("This machine, ")
    view = asked(widget, guess="ESTABLISHED")
    assert (widget.guess, view["told"][:9]) == ("TIME-WAIT", "Not today")


def test_the_right_guess_and_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(SocketTable(), guess="ESTABLISHED")["told"].startswith("Right. You said ESTABLISHED")
    monkeypatch.setattr(sockets, "here", lambda: sockets.recorded("healthy")[:0])
    view = asked(SocketTable(), guess="LISTEN")
    assert view["told"] == "You said LISTEN. This machine has no TCP socket at all now."
    assert view["rows"] == []


def test_each_answer_is_another_one_and_says_to_whom() -> None:
    widget = SocketTable()
    first, second = asked(widget, look=True), asked(widget, look=True)
    assert (first["number"], second["number"], second["to"]) == (1, 2, 0.5)
    assert asked(widget, paste="?")["number"] == 3


def test_messages_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [sockets.recorded(name) for name in sockets.RECORDINGS]
    monkeypatch.setattr(sockets, "here", lambda: concat(tables * 20, ignore_index=True))
    view = asked(SocketTable(), look=True)
    assert sum(count for _, count in view["counts"]) > 20_000
    assert max(len(rows) for _, rows in view["rows"]) == SENT
    assert len(json.dumps(view)) < 16_000


def test_a_paste_is_read_and_diagnosed() -> None:
    widget = SocketTable()
    lines = "\n".join(f"TCP 10.0.0.1:80 10.0.0.2:{port} CLOSE_WAIT 42" for port in range(50_000, 50_020))
    view = asked(widget, paste=f"{lines}\nwhat is this?")
    assert view["source"].startswith("Your paste, ")
    assert view["rows"][0][1][0] == ["10.0.0.1:80", "10.0.0.2:50000", "—", "—", "PID 42"]
    assert view["findings"][0][:2] == ["CLOSE-WAIT leak", "port 80 (PID 42), 20 of 20 connections"]
    assert "1 line was not read: 'what is this?'." in view["summary"]
    assert view["told"] == ""


def test_what_can_not_be_read_is_a_sentence_beside_the_box() -> None:
    widget = SocketTable()
    before = asked(widget, look=True)
    view = asked(widget, paste="hello")
    assert view["errors"]["paste"].startswith("5 characters show no TCP socket; paste what `ss -tan`")
    assert view["rows"] == before["rows"]
    assert asked(widget, look=True)["errors"] == {}
    with pytest.raises(TcpBookError, match="5 characters"):
        widget.paste("hello")


def test_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise TcpBookError("only root may look; paste")

    monkeypatch.setattr(sockets, "here", refuse)
    view = asked(SocketTable(), guess="LISTEN")
    assert view["errors"] == {"look": "only root may look; paste."}
    assert view["rows"] == []


@pytest.mark.parametrize("name", ["guess", "chosen"])
def test_what_is_no_state_is_refused(name: str) -> None:
    with pytest.raises(TcpBookError, match="'OPEN' is no state; choose one of CLOSED, LISTEN"):
        setattr(SocketTable(), name, "OPEN")
    assert "'OPEN' is no state" in asked(SocketTable(), guess="OPEN")["errors"]["look"]


def test_what_is_stored_is_never_the_readers_own() -> None:
    widget = SocketTable()
    before = repr(widget), widget.static_html()
    widget.commit("LISTEN")
    widget.paste("ESTAB 0 0 10.9.8.7:1 10.9.8.7:2")
    assert (repr(widget), widget.static_html()) == before
    assert "10.9.8.7" not in widget.static_html()
    assert "A recorded table stands here, not yours: a server that forgets to close, on Linux." in before[1]
    assert "<th scope='row'>CLOSE-WAIT</th><td>64</td>" in before[1]
