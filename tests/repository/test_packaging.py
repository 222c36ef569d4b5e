"""What is installed is what was written: the wheel, the source archive, Binder's image, the Makefile."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tree import PACKAGE, ROOT, copy_to, files

BUILD = """
import sys
from setuptools import build_meta
target = sys.argv[1]  # setuptools changes sys.argv
build_meta.build_wheel(target)
build_meta.build_sdist(target)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, without what the tools made."""
    return copy_to(tmp_path_factory.mktemp("tree"))


def test_wheel_and_archive_hold_every_file(copy: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", BUILD, tmp_path], cwd=copy, check=True, capture_output=True)
    written = {str(path.relative_to(ROOT)) for path in files() if path.is_relative_to(PACKAGE)}
    assert {".py", ".js", ".css"} <= {Path(name).suffix for name in written}
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert written - packed == set()
    assert {name for name in packed if ".dist-info/" not in name} - written == set()
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as members:
        names = {name.partition("/")[2] for name in members.getnames()}
    assert written | {"requirements.txt", "LICENSE", "LICENSE-prose.md", "README.md"} <= names


def test_binder_renders(copy: Path) -> None:
    """repo2docker accepts the folder as it is and runs what binder/ says; no image is built."""
    run = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."],
        cwd=copy, capture_output=True, text=True, check=True,
    )  # fmt: skip
    dockerfile = run.stdout + run.stderr
    assert "binder/requirements.txt" in dockerfile
    assert "binder/postBuild" in dockerfile
    assert "python=3.12" in dockerfile
    assert (ROOT / "binder/postBuild").stat().st_mode & stat.S_IXUSR
    assert (ROOT / "binder/requirements.txt").read_text(encoding="utf-8") == "-r ../requirements.txt\n"


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("import ensurepip, venv", "apt-get install python3-venv"),
        ("sys.version_info", "Python 3.11 or newer"),
    ],
)
def test_a_missing_tool_gets_one_sentence(copy: Path, tmp_path: Path, missing: str, sentence: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\ncase \"$2\" in *'{missing}'*) exit 1;; esac\n")
    python.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    run = subprocess.run(
        ["make", "--silent", f"PYTHON={python}", "book"],
        cwd=copy, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    said = [line for line in run.stderr.splitlines() if not line.startswith("make")]
    assert run.returncode == 2
    assert len(said) == 1
    assert sentence in said[0]
