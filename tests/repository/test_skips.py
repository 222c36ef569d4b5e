"""A test may be skipped for a package that is missing, a system that is not Linux, or captures that nobody gave."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tree import ROOT


@pytest.mark.parametrize(
    ("reason", "result"),
    [
        ("chromium is missing: apt-get install chromium", "1 skipped"),
        ("tshark is missing: apt-get install tshark", "1 skipped"),
        ("atheris is missing: pip install atheris", "1 skipped"),
        ("needs Linux: /proc/net/tcp", "1 skipped"),
        ("no captures: set TCPBOOK_CAPTURES to a folder", "1 skipped"),
        ("dot is missing: apt-get install graphviz", "1 failed"),
        ("not today", "1 failed"),
    ],
)
def test_a_skip_names_what_it_needs(tmp_path: Path, reason: str, result: str) -> None:
    test = tmp_path / "test_sample.py"
    test.write_text(f"import pytest\ndef test_it(): pytest.skip({reason!r})\n", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "conftest", test],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert run.stdout.splitlines()[-1].startswith(result)
