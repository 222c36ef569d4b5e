"""The three ranges of port numbers (RFC 6335 §6), and the range from which this machine's kernel picks."""

from __future__ import annotations

import platform
import re
import subprocess
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import SupportsIndex

from tcpbook.protocol.errors import TcpBookError

LAST_PORT = 65_535


class _Span:
    """The ports from `first` to `last`, both included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last


@dataclass(frozen=True)
class Range(_Span):
    """One of the three ranges of RFC 6335 §6; `note` has its other names, and whether IANA assigns its ports."""

    name: str
    first: int
    last: int
    note: str

    def __repr__(self) -> str:
        return f"{self.name}: {self.first}-{self.last}, {self.note}"


RANGES = (
    Range("system", 0, 1_023, "also well-known; assigned by IANA"),
    Range("user", 1_024, 49_151, "also registered; assigned by IANA"),
    Range("dynamic", 49_152, LAST_PORT, "also private or ephemeral; never assigned"),
)
"""The whole of the 65536 port numbers, as RFC 6335 §6 divides it."""


@dataclass(frozen=True)
class Ephemeral(_Span):
    """The range from which a kernel picks the local port of a connection; `source` says how that is known."""

    first: int
    last: int
    source: str

    def __repr__(self) -> str:
        return f"ephemeral: {self.first}-{self.last}, {len(self)} ports ({self.source})"


LINUX = Path("/proc/sys/net/ipv4/ip_local_port_range")
COMMANDS = {
    "Darwin": ["sysctl", "-n", "net.inet.ip.portrange.first", "net.inet.ip.portrange.last"],
    "Windows": ["netsh", "int", "ipv4", "show", "dynamicport", "tcp"],
}
DEFAULTS = {"Linux": (32_768, 60_999), "Darwin": (49_152, LAST_PORT), "Windows": (49_152, LAST_PORT)}


def range_of(port: SupportsIndex) -> Range:
    """Return the range that a port from 0 to 65535 is in (RFC 6335 §6); TcpBookError for any other number.

    >>> range_of(8080).name
    'user'
    """
    number = checked(port)
    return next(each for each in RANGES if number in each)


def checked(port: SupportsIndex) -> int:
    """Return the port as an int; raise TcpBookError unless it is a whole number from 0 to 65535."""
    if not isinstance(port, SupportsIndex) or not 0 <= index(port) <= LAST_PORT:
        raise TcpBookError(f"{port!r} is no port; a port is 16 bits, so give a whole number from 0 to {LAST_PORT}")
    return index(port)


def ephemeral() -> Ephemeral:
    """Return this machine's range of ephemeral ports for TCP over IPv4, as its kernel says it now.

    Linux is asked through /proc, macOS through sysctl, Windows through netsh. Where that fails, and on other systems,
    the answer is the documented default, and `source` says so. Ports that the administrator has reserved (Linux:
    ip_local_reserved_ports) count as part of the range. RFC 6056 §3.2 recommends the range 1024-65535.
    """
    system = platform.system()
    try:
        said, source = _ask(system)
        first, last = bounds(system, said)
        return Ephemeral(first, last, f"read from {source}")
    except (OSError, subprocess.SubprocessError, TcpBookError):
        if system in DEFAULTS:
            return Ephemeral(*DEFAULTS[system], f"the default of {system}; this machine's own could not be read")
        return Ephemeral(49_152, LAST_PORT, f"RFC 6335 §6; how to ask {system or 'this system'} is unknown")


def bounds(system: str, said: str) -> tuple[int, int]:
    """Return the first and the last port in a system's words; TcpBookError if they hold no range.

    Linux and macOS give both; Windows, in the language of its user, gives the first and how many there are.
    """
    numbers = [int(digits) for digits in re.findall(r"\d+", said)]
    if len(numbers) == 2:
        first, last = numbers
        if system == "Windows":
            last += first - 1
        if 0 < first <= last <= LAST_PORT:
            return first, last
    raise TcpBookError(f"{said!r} holds no range of ports; it should hold two numbers from 1 to {LAST_PORT}")


def _ask(system: str) -> tuple[str, str]:
    """Return what the kernel says, and who was asked."""
    if system == "Linux":
        return LINUX.read_text("ascii"), str(LINUX)
    if system not in COMMANDS:
        raise TcpBookError(f"{system!r} has no known command; there is one for Linux, {', '.join(COMMANDS)}")
    command = COMMANDS[system]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=True, timeout=5)
    return run.stdout, " ".join(command)
