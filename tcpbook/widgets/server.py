"""For the Jupyter server that shows the widgets: an answer from the kernel leaves at once.

The server sends a kernel's answer right behind a short message that the kernel is busy. Nagle's algorithm holds the
second until the first is acknowledged (RFC 9293 §3.7.4), and the browser's end delays that acknowledgment
(§3.8.6.3): 40 ms on Linux, at about every second click.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class Connection(ZMQChannelsWebsocketConnection):
    """A browser's connection to a kernel, without Nagle's algorithm."""

    def connect(self) -> Any:
        """Connect the kernel's channels to the browser's socket."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
