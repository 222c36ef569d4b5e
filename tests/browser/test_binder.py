"""What Binder does with this tree, without Docker, as a user without privileges: repo2docker's steps, and the launch.

The steps before the tree is copied make the same image for every repository that asks for this Python. A virtual
environment with the image's versions of Jupyter stands in for it.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lab_server import Lab, wait_for
from tree import ROOT, copy_to

pytestmark = pytest.mark.long

READER = 1000
"""The user's number in the image."""

VERSION = (ROOT / "binder/runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
LOCK = f"buildpacks/conda/environment.py-{VERSION}-linux-64.lock"
BADGE = re.compile(r"urlpath=lab/tree/([\w./-]+)")


def as_reader(home: Path, *command: object, **variables: str) -> dict[str, Any]:
    """Return how subprocess runs a command as the reader, whose home is the copy of the tree, `conda` beside it."""
    prefix = home.parent / "conda"
    image = {"HOME": home, "REPO_DIR": home, "KERNEL_PYTHON_PREFIX": prefix, "PATH": f"{prefix}/bin:/usr/bin:/bin"}
    ours = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    env = ours | variables | {name: str(value) for name, value in image.items()}
    run = {"args": list(map(str, command)), "cwd": home, "env": env}
    return run | ({"user": READER, "group": READER, "extra_groups": []} if os.geteuid() == 0 else {})


def give(folder: Path) -> None:
    """Make the reader the owner of a folder and what is in it."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{READER}:{READER}", folder], check=True)


def python(home: Path) -> str:
    """Return a Python that the reader can run, of Binder's version if there is one."""
    for name in (shutil.which(f"python{VERSION}"), "/usr/bin/python3", sys.executable):
        if name and not subprocess.run(**as_reader(home, name, "-c", "import ensurepip"), check=False).returncode:
            return name
    raise RuntimeError("no Python that a user without privileges can run; apt-get install python3-venv")


def dockerfile(home: Path) -> str:
    """Return what repo2docker would build."""
    options = ["--no-build", "--debug", f"--user-id={READER}", "--user-name=reader", "."]
    command = [sys.executable, "-m", "repo2docker", *options]
    run = subprocess.run(command, cwd=home, capture_output=True, text=True, check=True)
    return run.stdout + run.stderr


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The copy of the tree after every step."""
    with TemporaryDirectory() as folder:
        home = copy_to(Path(folder, "home"))
        _, copied, rest = dockerfile(home).partition("src/ ${REPO_DIR}/\n")
        steps = re.findall(r"^RUN (.+)$", rest, re.MULTILINE)
        assert copied
        assert [step.split()[-1].strip('"./') for step in steps] == [
            "binder/requirements.txt", "binder/postBuild", "binder/postBuild",
        ]  # fmt: skip
        give(Path(folder))
        locked = files("repo2docker").joinpath(LOCK).read_text(encoding="utf-8")
        jupyter = re.findall(r"/(jupyterlab|notebook|ipywidgets|ipykernel)-([\d.]+)-py", locked)
        assert len(jupyter) == 4
        subprocess.run(**as_reader(home, python(home), "-m", "venv", home.parent / "conda"), check=True)
        pinned = (f"{name}=={version}" for name, version in jupyter)
        for command in (["pip", "install", "-q", *pinned], *(["bash", "-c", step] for step in steps)):
            subprocess.run(**as_reader(home, *command), check=True, capture_output=True)
        yield home


@pytest.fixture(scope="module")
def launched(home: Path) -> Iterator[Lab]:
    """JupyterLab in the reader's home, without an option of ours."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}", "book", home, home / ".jupyter/lab/user-settings")
    options = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--expose-app-in-browser"]
    log = home.parent / "log"
    with log.open("wb") as written:
        command = as_reader(home, "jupyter", "lab", *options, JUPYTER_TOKEN=lab.token)
        server = subprocess.Popen(**command, stdout=written, stderr=subprocess.STDOUT)
    try:
        wait_for(lab, server, log)
        lab.set("notebook-extension/tracker", windowingMode="none")  # the image's JupyterLab drops what is out of sight
        give(home / ".jupyter")
        yield lab
        lab.stop_kernels()
    finally:
        server.terminate()
        server.wait()


def test_the_badge_leads_to_the_first_chapter_and_it_runs(launched: Lab, page: Page) -> None:
    (start,) = BADGE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    launched.open(page, start)
    expect(page.get_by_role("heading", name="00 Start here")).to_be_visible()
    player = page.locator(".tcpbook-player").first
    player.get_by_role("button", name="Step").click()
    expect(player.locator(".tcpbook-ends strong")).to_have_text(["CLOSED", "LISTEN"])


def test_stored_pictures_show_before_anything_ran(launched: Lab, page: Page) -> None:
    """The reader trusts the chapters."""
    launched.open(page, "chapters/02-flags.ipynb", run=False)
    expect(page.locator(".jp-OutputArea figure svg").first).to_be_visible()
