"""Make the README's pictures of the widgets: docs/widgets/NN.png, one a chapter, from JupyterLab in Chromium.

Run, after a widget has changed its looks: make pictures. Look at what it made before you commit it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from lab_server import NO_CHROMIUM, find_chromium, launch_options, serve  # noqa: E402
from pages import notebook  # noqa: E402

TARGET = ROOT / "docs/widgets"

WINDOW: Any = {"width": 1100, "height": 2400}  # the widest column is 700 pixels; nothing has to be scrolled

SCALE = 2 / 3  # of a pixel: the README shows the pictures smaller still

MARGIN, HEIGHT = 4, 640  # of what is cut out, in pixels

WIDGETS = {
    "00": ('ConnectionLab("B OPEN passive", "A OPEN active", "drop 1", "wait", "deliver 2")', ""),
    "01": ('HeaderExplorer("89d2c9931b82f4e700000000a0c2faf097280000020405b40402080abf490e06000000000103030a")', ""),
    "02": ('FlagLab(state=State.SYN_SENT, flags="SYN,ACK")', ""),
    "03": ('player = HandshakePlayer("three-way handshake")\nplayer.go(4)\nplayer', ""),
    "04": ('player = HandshakePlayer("simultaneous close")\nplayer.go(9)\nplayer', ""),
    "05": ('StateExplorer("FIN-WAIT-1")', "svg"),
    "06": ('view = PortExplorer()\nview.query = "http"\nview.zoom(7_900, 8_200)\nview.port = 8080\nview', ""),
    "11": ('lab = CaptureExplorer()\nlab.open("morning.pcapng")\nlab.choose(6)\nlab', "table"),
    "12": ('KernelLab("server listen", "client connect", "client half-close")', ""),
}
"""What stands in each chapter's picture, and the part of it that is at the top; empty where that is the beginning."""


def main() -> None:
    """Take the pictures."""
    chromium = find_chromium()
    if not chromium:
        sys.exit(NO_CHROMIUM)
    TARGET.mkdir(exist_ok=True)
    with TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        page = playwright.chromium.launch(**launch_options(chromium)).new_page(
            viewport=WINDOW, device_scale_factor=SCALE
        )
        for number, (source, top) in WIDGETS.items():
            lab.open(page, notebook("from tcpbook import *\n" + source))
            widget = page.locator(".jp-OutputArea-output").last
            place = widget.bounding_box()
            start = widget.locator(top).first.bounding_box() if top else place
            assert place
            assert start
            page.screenshot(
                path=TARGET / f"{number}.png",
                clip={
                    "x": place["x"] - MARGIN,
                    "y": start["y"] - MARGIN,
                    "width": place["width"] + 2 * MARGIN,
                    "height": min(HEIGHT, place["y"] + place["height"] - start["y"]) + 2 * MARGIN,
                },
                animations="disabled",
            )
            lab.stop_kernels()


if __name__ == "__main__":
    main()
