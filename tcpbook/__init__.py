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
    "DIALECTS": "tcpbook.protocol.state",
    "Open": "tcpbook.protocol.events",
    "Send": "tcpbook.protocol.events",
    "in_state": "tcpbook.protocol.situations",
    "step": "tcpbook.protocol.machine",
    "transitions": "tcpbook.protocol.transitions",
    "verdict": "tcpbook.protocol.verdict",
    "Link": "tcpbook.lab.network",
    "SCENARIOS": "tcpbook.lab.scenarios",
    "demux": "tcpbook.figures.demux",
    "exhaustion_plot": "tcpbook.figures.exhaustion",
    "headermap": "tcpbook.figures.headermap",
    "ladder": "tcpbook.figures.ladder",
    "stategraph": "tcpbook.figures.stategraph",
    "BookMap": "tcpbook.exercises.book_map",
    "Exercise": "tcpbook.exercises.exercise",
    "Recall": "tcpbook.exercises.exercise",
    "CaptureExplorer": "tcpbook.widgets.capture_explorer",
    "ConnectionLab": "tcpbook.widgets.connection_lab",
    "FlagLab": "tcpbook.widgets.flag_lab",
    "HandshakePlayer": "tcpbook.widgets.handshake_player",
    "HeaderExplorer": "tcpbook.widgets.header_explorer",
    "KernelLab": "tcpbook.widgets.kernel_lab",
    "KernelTour": "tcpbook.widgets.kernel_tour",
    "PortExplorer": "tcpbook.widgets.port_explorer",
    "SocketTable": "tcpbook.widgets.socket_table",
    "StateExplorer": "tcpbook.widgets.state_explorer",
}
_MODULES = {
    "capture": "tcpbook.lab.capture",
    "hexdump": "tcpbook.protocol.hexdump",
    "kernel": "tcpbook.lab.kernel",
    "loopback": "tcpbook.lab.loopback",
    "options": "tcpbook.protocol.options",
    "ports": "tcpbook.ports",
    "predict": "tcpbook.exercises.predict",
    "seqnum": "tcpbook.protocol.seqnum",
    "sockets": "tcpbook.lab.sockets",
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
