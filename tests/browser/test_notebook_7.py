"""Notebook 7, the other front end of Jupyter's own: two chapters in both themes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from lab_server import Lab, serve
from pages import RUN_MS, look, run_all

pytestmark = pytest.mark.long

KERNEL_READY = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


@pytest.fixture(scope="module")
def server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with serve(tmp_path_factory.mktemp("notebook"), "notebook") as lab:
        lab.set("notebook-extension/tracker", windowingMode="none")
        yield lab


def run_chapter(server: Lab, page: Page, name: str) -> None:
    page.goto(f"{server.url}/notebooks/{name}.ipynb?token={server.token}")
    page.wait_for_function(KERNEL_READY, timeout=RUN_MS)
    run_all(page)


def test_flags_are_toggled(server: Lab, page: Page) -> None:
    run_chapter(server, page, "02-flags")
    lab = page.locator(".tcpbook-lab").first
    for flag in ("SYN", "ACK"):
        lab.get_by_role("group", name="Control bits").get_by_role("button", name=flag, exact=True).click()
    expect(lab.locator(".tcpbook-told")).to_contain_text("SYN-SENT → ESTABLISHED")
    look(page, "notebook-7-flags")


def test_a_handshake_is_played(server: Lab, page: Page) -> None:
    run_chapter(server, page, "03-opening")
    player = page.locator(".tcpbook-player").first
    step = player.get_by_role("button", name="Step", exact=True)
    step.focus()
    page.keyboard.press("Enter")
    expect(player.locator(".tcpbook-ends strong")).to_have_text(["CLOSED", "LISTEN"])
    player.scroll_into_view_if_needed()
    look(page, "notebook-7-opening")
