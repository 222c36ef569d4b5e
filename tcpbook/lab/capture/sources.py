"""Where the octets of a capture come from: a mapped file, or anything else through one reused buffer."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile, GzipFile
from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedIOBase
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from tcpbook.lab.capture.packets import Octets
from tcpbook.protocol.errors import TcpBookError

BUFFER = 24 << 20  # octets: more than the longest record has
GZIP = b"\x1f\x8b"
MAGIC = 4  # octets


class Damage(Exception):
    """The file can't be read on from here; the packets before it are whole."""


class Mapped:
    """A file in memory as the system maps it: of a long packet, only the page with its headers is touched."""

    def __init__(self, file: BinaryIO) -> None:
        self.octets = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.buffer: Octets = np.frombuffer(self.octets, np.uint8)
        self.filled = 0

    def fill(self, octets: int) -> bool:
        """Go on by so many octets; return whether there were any."""
        before = self.filled
        self.filled = min(before + octets, len(self.buffer))
        return self.filled > before

    def drop(self, octets: int) -> int:
        """Let go of so many octets at the beginning of the buffer; return how many that took away."""
        return 0

    @property
    def share(self) -> float:
        """How much of the file was read, 0 to 1."""
        return self.filled / len(self.buffer)


class Streamed:
    """A file read through a buffer, so that memory does not grow with what gzip unpacks; `raw` is what it unpacks."""

    def __init__(self, file: BinaryIO, raw: BinaryIO) -> None:
        self._file, self._raw = cast(BufferedIOBase, file), raw
        self._damage: Damage | None = None
        here = raw.tell()
        self._octets = raw.seek(0, SEEK_END)
        raw.seek(here, SEEK_SET)
        self.octets = bytearray(BUFFER)
        self.buffer: Octets = np.frombuffer(self.octets, np.uint8)
        self.filled = 0

    def fill(self, octets: int) -> bool:
        """Read on, up to so many octets; return whether there were any."""
        before, goal = self.filled, min(self.filled + octets, BUFFER)
        while self.filled < goal and not self._damage:
            try:
                got = self._file.readinto1(memoryview(self.octets)[self.filled : goal])
            except (EOFError, BadGzipFile, zlib.error) as error:
                self._damage = Damage(f"its compression breaks off: {error}")
            else:
                if not got:
                    break
                self.filled += got
        if self._damage and self.filled == before:
            raise self._damage
        return self.filled > before

    def drop(self, octets: int) -> int:
        """Let go of so many octets at the beginning of the buffer; return how many that took away."""
        left = self.filled - octets
        self.buffer[:left] = self.buffer[octets : self.filled].copy()
        self.filled = left
        return octets

    @property
    def share(self) -> float:
        """How much of the file was read, 0 to 1."""
        return self._raw.tell() / self._octets


Source = Mapped | Streamed


@contextmanager
def opened(what: str | Path | BinaryIO) -> Iterator[tuple[Source, bytes, str]]:
    """Open a capture: give the source, its first octets and its name; TcpBookError if there is nothing to read."""
    if not isinstance(what, str | Path):
        if not what.seekable():
            raise TcpBookError("the file can't be wound back, as a pipe can't; read it into an io.BytesIO first")
        yield *_source(what, mapped=False), Path(str(getattr(what, "name", "the capture"))).name
        return
    path = Path(what)
    try:
        if not path.is_file():
            raise TcpBookError(f"{path} is no file; give the path of a capture, as seen from {Path.cwd()}")
        with path.open("rb") as file:
            yield *_source(file, mapped=True), path.name
    except OSError as error:
        raise TcpBookError(f"{path} can't be read: {error.strerror}; copy it to where you may read it") from None


def _source(file: BinaryIO, mapped: bool) -> tuple[Source, bytes]:
    start = _start(file)
    if start.startswith(GZIP):
        unpacked = cast(BinaryIO, GzipFile(fileobj=file))
        try:
            start = _start(unpacked)
        except (EOFError, BadGzipFile, zlib.error) as error:
            raise TcpBookError(f"the file can't be unpacked: {error}; fetch it again") from None
        return Streamed(unpacked, file), start
    if not start:
        raise TcpBookError("the file is empty; record the capture again")
    return Mapped(file) if mapped else Streamed(file, file), start


def _start(file: BinaryIO) -> bytes:
    octets = file.read(MAGIC)
    file.seek(-len(octets), SEEK_CUR)
    return octets
