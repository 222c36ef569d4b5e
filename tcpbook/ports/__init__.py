"""Port numbers: IANA's registry, the three ranges of RFC 6335 §6, the kernel's own, and when ports run out."""

from __future__ import annotations

from tcpbook.ports.exhaustion import Exhaustion, exhaustion
from tcpbook.ports.ranges import RANGES, Ephemeral, Range, ephemeral, range_of
from tcpbook.ports.registry import lookup, registry, search, source

__all__ = [
    "RANGES",
    "Ephemeral",
    "Exhaustion",
    "Range",
    "ephemeral",
    "exhaustion",
    "lookup",
    "range_of",
    "registry",
    "search",
    "source",
]
