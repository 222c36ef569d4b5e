"""Fixtures: JupyterLab, a headless Chromium, and a notebook open in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from lab_server import NO_CHROMIUM, WINDOW, Lab, find_chromium, launch_options, serve

expect.set_options(timeout=30_000)  # as long as Playwright waits for a click: a slow machine is no failure

KERNEL_GONE = "Could not send widget sync message"
"""How ipywidgets begins what it writes to the console on each change once the kernel is gone."""


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; skips where there is none."""
    return find_chromium() or pytest.skip(NO_CHROMIUM)


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium: str) -> dict[str, Any]:
    """pytest-playwright's own fixture: the browser that is installed instead of one to download."""
    return launch_options(chromium)


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """pytest-playwright's own fixture: the size of the window."""
    return {"viewport": WINDOW}


@pytest.fixture(scope="session")
def lab_server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running JupyterLab; asks for `chromium` so as not to start where the tests are skipped."""
    with serve(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lab_page(lab_server: Lab, page: Page) -> Iterator[Callable[..., Page]]:
    """A function `lab_page(notebook, theme="light", run=True, kernel_goes=False)` that opens and runs a notebook.

    `notebook` is a file in chapters/, or a notebook as a dict. When the test ends, its kernel is stopped, and an
    error in the browser's console fails it; where the kernel goes before, ipywidgets may say that it can't be told.
    """
    errors: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", complain)
    page.on("pageerror", lambda error: errors.append(str(error)))

    expected: list[str] = []

    def open_notebook(
        notebook: str | dict[str, Any], theme: str = "light", run: bool = True, kernel_goes: bool = False
    ) -> Page:
        lab_server.open(page, notebook, theme, run)
        expected.extend([KERNEL_GONE] * kernel_goes)
        return page

    yield open_notebook
    lab_server.stop_kernels()
    assert [error for error in errors if not error.startswith(tuple(expected))] == []
