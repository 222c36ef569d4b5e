"""Fixtures: JupyterLab, a headless Chromium, and a notebook open in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect

from lab_server import NO_CHROMIUM, WINDOW, Lab, find_chromium, launch_options, serve
from pages import run_all

expect.set_options(timeout=30_000)  # as long as Playwright waits for a click: a slow machine is no failure

KERNEL_GONE = ("Could not send widget sync message", "Could not restore the debugger state: Canceled future")
"""How ipywidgets and JupyterLab begin what they write to the console once the kernel is gone."""


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
        lab.set("notebook-extension/tracker", windowingMode="none")  # JupyterLab leaves out what is out of sight
        yield lab


@pytest.fixture(scope="session")
def tab(browser: Browser, browser_context_args: dict[str, Any]) -> Page:
    """The page of all tests: JupyterLab takes longer to load than most tests to run."""
    return browser.new_page(**browser_context_args)


@pytest.fixture
def lab_page(lab_server: Lab, tab: Page, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """A function `lab_page(notebook, run=True, kernel_goes=False)` that opens and runs a notebook.

    `notebook` is a file in chapters/, or a notebook as a dict. When the test ends, its kernel is stopped, and an
    error in the browser's console fails it; where the kernel goes before, ipywidgets may say that it can't be told.
    """
    errors: list[str] = []
    failed = request.session.testsfailed

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} ({message.location.get('url', '')})")

    def blame(error: Error) -> None:
        errors.append(str(error))

    expected: list[str] = []

    def open_notebook(notebook: str | dict[str, Any], run: bool = True, kernel_goes: bool = False) -> Page:
        tab.set_viewport_size(WINDOW)
        lab_server.open(tab, notebook, run=False)
        tab.on("console", complain)  # not before: JupyterLab itself stumbles over a notebook that was closed early
        tab.on("pageerror", blame)
        if run:
            run_all(tab)
        expected.extend(KERNEL_GONE * kernel_goes)
        return tab

    yield open_notebook
    tab.remove_listener("console", complain)
    tab.remove_listener("pageerror", blame)
    lab_server.close(tab)
    unexpected = [error for error in errors if not error.startswith(tuple(expected))]
    if unexpected or request.session.testsfailed > failed:
        tab.goto("about:blank")  # the next test loads JupyterLab anew
    assert unexpected == []
