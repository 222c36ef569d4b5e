"""tcpbook: TCP, run and drawn.

The names below are the vocabulary of the chapters. Each is loaded when it is first used, so that `import tcpbook`
stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Flags": "tcpbook.protocol.flags",
    "FIELDS": "tcpbook.protocol.segment",
    "Segment": "tcpbook.protocol.segment",
    "Packet": "tcpbook.protocol.packet",
    "State": "tcpbook.protocol.state",
    "in_state": "tcpbook.protocol.situations",
    "step": "tcpbook.protocol.machine",
    "verdict": "tcpbook.protocol.verdict",
    "headermap": "tcpbook.figures.headermap",
    "stategraph": "tcpbook.figures.stategraph",
    "FlagLab": "tcpbook.widgets.flag_lab",
    "HeaderExplorer": "tcpbook.widgets.header_explorer",
}
_MODULES = {
    "hexdump": "tcpbook.protocol.hexdump",
    "options": "tcpbook.protocol.options",
    "predict": "tcpbook.exercises.predict",
    "seqnum": "tcpbook.protocol.seqnum",
}

__all__ = sorted([*_HOME, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"tcpbook has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
