"""JupyterLab as a reader has it, for a headless Chromium: what the browser tests and benchmarks/ start."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page

from pages import RUN_MS, change_theme, run_all
from tree import NOTEBOOKS

START_SECONDS = 60

WINDOW: Any = {"width": 1280, "height": 1000}

DISPOSE = """async () => {
    for (const panel of [...window.jupyterapp.shell.widgets("main")]) panel.dispose(); // asks nothing, unlike close()
}"""

OPEN = """async (path) => {
    const panel = await window.jupyterapp.commands.execute("docmanager:open", { path });
    await panel.revealed;
    await panel.sessionContext.ready;
}"""

NO_CHROMIUM = "Chromium is missing: apt-get install chromium"


class Lab(NamedTuple):
    """A running server: its address and token, the folder it serves, the folder of its settings."""

    url: str
    token: str
    folder: Path
    settings: Path

    def request(self, method: str, path: str) -> Any:
        """Ask the server's REST interface; return the decoded answer."""
        request = urllib.request.Request(
            f"{self.url}/{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def set(self, plugin: str, **values: object) -> None:
        """Write the user settings of a JupyterLab plugin; the next page that opens reads them."""
        path = self.settings / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")

    def open(self, page: Page, notebook: str | dict[str, Any], run: bool = True) -> None:
        """Open a file in chapters/, or a notebook as a dict, and run all its cells.

        A page that shows JupyterLab already keeps it, and loses what was open there.
        """
        name = notebook if isinstance(notebook, str) else "sample.ipynb"
        if not isinstance(notebook, str):
            (self.folder / name).write_text(json.dumps(notebook), encoding="utf-8")
        if page.url.startswith(self.url):
            self.close(page)
        else:
            page.goto(f"{self.url}/lab?reset&token={self.token}")
            page.wait_for_function("window.jupyterapp?.started.then(() => true)", timeout=RUN_MS)
        change_theme(page, "light")
        page.evaluate(OPEN, name)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=RUN_MS)
        if run:
            run_all(page)

    def close(self, page: Page) -> None:
        """Close every file that the page has open, and stop its kernels."""
        page.evaluate(DISPOSE)
        self.stop_kernels()

    def stop_kernels(self) -> None:
        """Shut down every kernel, so that the next page starts fresh ones."""
        for session in self.request("GET", "api/sessions"):
            self.request("DELETE", f"api/sessions/{session['id']}")


def find_chromium() -> str | None:
    """Return the path of the Chromium that is installed; None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def launch_options(chromium: str) -> dict[str, Any]:
    """Return what Playwright needs to start that browser instead of one to download."""
    switches = ("quic", "gpu", "background-networking", "component-update", "sync")
    return {
        "executable_path": chromium,
        "args": ["--no-sandbox", "--no-first-run", *(f"--disable-{switch}" for switch in switches)],
    }


@contextmanager
def serve(home: Path, application: str = "jupyterlab") -> Iterator[Lab]:
    """Run JupyterLab, or another application's module, on loopback.

    It knows nothing of the user's own, and has a trusted copy of the chapters.
    """
    folder = home / "chapters"
    folder.mkdir()
    for notebook in NOTEBOOKS:
        shutil.copy(notebook, folder)
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_TOKEN": "book",
        "TCPBOOK_PROGRESS": str(home / "progress.jsonl"),
    }
    trust = [sys.executable, "-m", "jupyter", "trust", *map(str, folder.iterdir())]
    subprocess.run(trust, env=environment, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}", "book", folder, home / "config" / "lab" / "user-settings")
    lab.set("apputils-extension/notification", fetchNews="false", checkForUpdates=False, doNotDisturbMode=True)
    options = ["--no-browser", "--allow-root", "--expose-app-in-browser", "--ServerApp.ip=127.0.0.1"]
    options.append("--ServerApp.kernel_websocket_connection_class=tcpbook.widgets.server.Connection")
    command = [sys.executable, "-m", application, *options, f"--ServerApp.port={port}", str(folder)]
    log = (home / "log").open("wb")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for(lab, server, home / "log")
        yield lab
        lab.stop_kernels()
    finally:
        server.terminate()
        server.wait(timeout=RUN_MS / 1000)
        log.close()


def wait_for(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; raise RuntimeError with its log when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            lab.request("GET", "api/status")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")
