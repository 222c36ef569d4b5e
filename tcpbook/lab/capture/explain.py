"""`explain`: what happened to one connection, in sentences, each of them drawn from the segments."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tcpbook.lab.capture.seen import Seen
from tcpbook.lab.capture.sentences import STORY
from tcpbook.protocol.errors import TcpBookError

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, repr=False)
class Story:
    """What `explain` tells, a paragraph for each thing that is worth telling."""

    paragraphs: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(self.paragraphs)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in self.paragraphs)


def explain(segments: DataFrame, connection: int) -> Story:
    """Tell what happened in one connection of a table of `read_capture`: what was seen, and what it usually means.

    `segments` may hold other connections as well: the capture lasts until its last segment. Returns a Story, which
    prints as text and shows itself in a notebook. Raises TcpBookError for a connection that isn't there.
    """
    rows = segments[segments["connection"] == connection]
    if rows.empty:
        ids = segments["connection"].unique()
        known = f"it has {ids.min()} to {ids.max()}" if len(ids) else "it has none"
        raise TcpBookError(f"connection {connection!r} is not in this capture; {known}: choose one of connections(...)")
    seen = Seen(rows, int(segments["time_ns"].max()))
    return Story(tuple(paragraph for tell in STORY for paragraph in tell(seen)))
