from __future__ import annotations

from typing import Any

import pytest
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

from tcpbook.widgets.server import Connection


class Browser(KernelWebsocketHandler):
    """The browser's end of the socket, as far as it is asked."""

    nodelay = False

    def __init__(self) -> None:
        pass

    def set_nodelay(self, value: bool) -> None:
        self.nodelay = value


def test_an_answer_does_not_wait_for_an_acknowledgment(monkeypatch: pytest.MonkeyPatch) -> None:
    """With Nagle's algorithm on, the channels' first answers already wait: it is off before they are connected."""
    seen: list[bool] = []

    def connect(self: Any) -> None:
        seen.append(self.websocket_handler.nodelay)

    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", connect)
    Connection(websocket_handler=Browser()).connect()
    assert seen == [True]
