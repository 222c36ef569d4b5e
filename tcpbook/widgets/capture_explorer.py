"""CaptureExplorer: captures in the notebook's folder and the book's own, their connections, and each one's story."""

from __future__ import annotations

import os
import warnings
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import traitlets
from anywidget import AnyWidget
from ipywidgets import VBox

from tcpbook.lab import capture, captures
from tcpbook.lab.capture.explain import Story
from tcpbook.lab.capture.wording import counted, duration
from tcpbook.protocol.errors import TcpBookError
from tcpbook.widgets.base import sources
from tcpbook.widgets.capture_table import COLUMNS, cells, found, listing
from tcpbook.widgets.handshake_player import HandshakePlayer

SUFFIXES = tuple(f"{name}{packed}" for name in (".pcap", ".pcapng", ".cap") for packed in ("", ".gz"))

LISTED = 200
"""Captures of the folder that the page is offered at most."""

ROWS = 100
"""Connections that the page is sent at most."""

PLAYED = 100
"""Segments of a connection that are played at most."""

SENT_OCTETS = 10_000_000
"""The largest capture that the page may send: Jupyter's server takes no message above 10 MiB."""

ALL = {"query": "", "by": "connection", "descending": False, "rows": [], "shown": ""}
NO_STORY: dict[str, Any] = {"chosen": None, "title": "", "story": [], "filters": [], "played": ""}
NOTHING = {"number": 0, "source": "", "notes": [], "errors": {}, **ALL, **NO_STORY}
"""What the page shows before a capture is open."""


class _Page(AnyWidget):
    """The view: `offers` are the captures to choose from by group, `view` is all that a capture has to show."""

    _esm, _css = sources(__file__)

    columns = traitlets.List([list(column) for column in COLUMNS.items()]).tag(sync=True)
    suffixes = traitlets.Unicode(",".join(SUFFIXES)).tag(sync=True)
    most = traitlets.Int(SENT_OCTETS).tag(sync=True)
    offers = traitlets.List(traitlets.List()).tag(sync=True)
    view = traitlets.Dict(NOTHING).tag(sync=True)


class CaptureExplorer:
    """Opens a capture, lists its connections, tells and plays the one that the reader chooses.

    `segments` and `connections` are the tables of the open capture, None before. `story`, `filter` (Wireshark's
    display filter) and `player` belong to the chosen connection; None, "" and None before.
    """

    # No widget itself: a widget has an open() of its own.

    def __init__(self) -> None:
        self.segments: Any = None
        self.connections: Any = None
        self._listed: Any = None
        self.story: Story | None = None
        self.filter = ""
        self.player: HandshakePlayer | None = None
        self._page = _Page()
        self._box = VBox([self._page])
        self._page.on_msg(self._asked)
        self.look()

    def look(self) -> None:
        """List the captures in the notebook's folder, as it is now."""
        sizes, told = _folder()
        self._offered = {f"./{_printable(path.name)}": path for path in sizes}
        here = [[key, f"{key.removeprefix('./')} ({_size(sizes[path])})"] for key, path in self._offered.items()]
        book = [[name, f"{name}: {shows}"] for name, shows in captures.CAPTURES.items()]
        self._page.offers = [[f"In this notebook's folder{told}", here], ["The book's", book]]

    def open(self, name: str) -> None:
        """Read one of the book's captures, by its name, or a file, by its path; none of its connections is chosen.

        Where a file is damaged, the page says so and shows what comes before. TcpBookError if it can't be read.
        """
        path = captures.path(name) if name in captures.CAPTURES else self._offered.get(name, Path(name))
        self._read(path, path.name)

    def find(self, query: str = "", by: str = "connection", descending: bool = False) -> Any:
        """Show and return the connections that hold every word of the query, sorted by a column.

        A number is a port of either end; other words are parts of an address, or of how a connection opened or
        closed. Returns columns as `capture_table.listing`. TcpBookError for another column, and if nothing is open.
        """
        listed = _opened(self._listed)
        rows = found(listed, query, by, descending)
        shown = f"{min(len(rows), ROWS):,} of {len(listed):,} shown"
        if ROWS < len(rows) < len(listed):
            shown += f", {len(rows):,} match"
        self._tell(query=query, by=by, descending=descending, rows=cells(rows.head(ROWS)), shown=shown)
        return rows

    def choose(self, connection: int) -> None:
        """Tell and play a connection of the open capture; TcpBookError if it isn't there, and if nothing is open."""
        segments, table = _opened(self.segments), _opened(self.connections)
        self.story = capture.explain(segments, connection)
        filters = _filters(connection, table.loc[connection])
        self.filter = filters[0]
        rows = segments[segments["connection"] == connection]
        player: HandshakePlayer | None
        try:
            player = HandshakePlayer(capture.replay(rows.head(PLAYED), connection))
            player.go(len(player.frames) - 1)  # where it ended is what most readers came for
            part = f"its first {PLAYED} of {len(rows):,}" if len(rows) > PLAYED else "all its"
            played = f"Below, step by step: {part} segments."
        except TcpBookError as error:
            player, played = None, _sentence(error)
        self._play(player)
        self._tell(
            chosen=int(connection),
            title=f"Connection {connection}",
            story=list(self.story.paragraphs),
            filters=filters,
            played=played,
        )

    def _read(self, source: Path | BinaryIO, name: str) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            segments = capture.read_capture(source)
        self.segments, self.connections = segments, capture.connections(segments)
        self._listed = listing(self.connections)
        self.story, self.filter = None, ""
        self._play(None)
        self._tell(source=_summary(name, segments, self.connections), notes=_notes(segments, caught), **NO_STORY)
        self.find()

    def _play(self, player: HandshakePlayer | None) -> None:
        before, self.player = self.player, player
        self._box.children = [self._page, player] if player else [self._page]
        if before:
            before.close()

    def _tell(self, **changes: Any) -> None:
        self._page.view = self._page.view | changes

    def _asked(self, _: Any, message: dict[str, Any], octets: list[memoryview]) -> None:
        """Do what the page asks for, in one answer; an error becomes a sentence there."""
        with self._page.hold_sync():
            try:
                self._tell(errors={})
                if "look" in message:
                    self.look()
                elif "open" in message:
                    self.open(message["open"])
                elif "sent" in message:
                    self._read(_Sent(octets[0], message["sent"]), message["sent"])
                elif "find" in message:
                    self.find(**message["find"])
                else:
                    self.choose(message["choose"])
            except TcpBookError as error:
                self._tell(errors={"choose" if "choose" in message else "open": _sentence(error)})
            finally:
                # The number makes each answer another one: the page asks nothing before it has heard.
                self._tell(to=message["from"], number=self._page.view["number"] + 1)

    def __repr__(self) -> str:
        return f"CaptureExplorer: the captures in your folder, and {len(captures.CAPTURES)} of the book's."

    def static_html(self) -> str:
        """Return the book's captures, and what each shows: nothing of the reader's."""
        rows = "".join(
            f"<tr><th scope='row'>{escape(name)}</th><td>{escape(shows)}</td></tr>"
            for name, shows in captures.CAPTURES.items()
        )
        return (
            "<div><p><strong>CaptureExplorer.</strong> The book's captures:</p><table><thead><tr>"
            f"<th scope='col'>Capture</th><th scope='col'>What it shows</th></tr></thead><tbody>{rows}</tbody></table>"
            "<p>Run this cell in Jupyter to open one of them, or one of your own: its connections, the story of each, "
            "and both ends' states step by step.</p></div>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**self._box._repr_mimebundle_(**kwargs), "text/plain": repr(self), "text/html": self.static_html()}


class _Sent(BytesIO):
    """A capture that the page sent, under the name of the reader's file."""

    def __init__(self, octets: memoryview, name: str) -> None:
        super().__init__(octets)
        self.name = name


def _opened(table: Any) -> Any:
    if table is None:
        raise TcpBookError("no capture is open, so there are 0 connections; open one first")
    return table


def _folder() -> tuple[dict[Path, int], str]:
    """The captures of the folder and their bytes, by name, and a remark if these aren't all."""
    try:
        files = [each for each in os.scandir(Path.cwd()) if each.name.lower().endswith(SUFFIXES) and each.is_file()]
        files.sort(key=lambda file: file.name)
        sizes = {Path(file.path): file.stat().st_size for file in files[:LISTED]}
    except OSError as error:
        return {}, f", which can't be read: {error.strerror}"
    if not files:
        return {}, ": none"
    return sizes, f": {LISTED} of {len(files):,}" if len(files) > LISTED else ""


def _printable(text: str) -> str:
    """The text as the page can be sent it, also where a file's name isn't UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _sentence(message: object) -> str:
    return _printable(f"{message}.")


def _size(octets: int) -> str:
    return f"{octets:,} bytes" if octets < 10_000 else f"{octets / 1e6:,.2f} MB"


def _summary(name: str, segments: Any, table: Any) -> str:
    if segments.empty:
        return _printable(f"{name}: no TCP segment.")
    lasted = duration(int(segments["time_ns"].max() - segments["time_ns"].min()))
    return _printable(f"{name}: {counted(len(table), 'connection')}, {counted(len(segments), 'segment')}, {lasted}.")


def _notes(segments: Any, caught: list[warnings.WarningMessage]) -> list[str]:
    """What was not read: damage, and packets left out by reason."""
    notes = [_sentence(warning.message) for warning in caught]
    skipped = sorted(segments.attrs["skipped"].items(), key=lambda reason: -reason[1])
    if skipped:
        notes.append(f"Left out: {'; '.join(f'{packets:,} × {reason}' for reason, packets in skipped)}.")
    return notes


def _filters(connection: int, row: Any) -> list[str]:
    """Wireshark's display filters for a connection: by its number, and by addresses and ports."""
    ip = "ipv6" if ":" in row["client"] else "ip"
    return [
        f"tcp.stream eq {connection}",
        f"{ip}.addr eq {row['client']} and {ip}.addr eq {row['server']}"
        f" and tcp.port eq {row['client_port']} and tcp.port eq {row['server_port']}",
    ]
