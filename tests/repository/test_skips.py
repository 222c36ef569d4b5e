"""A test may be skipped for a package that is missing, a system that is not Linux, or captures that nobody gave."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tree import ROOT

REASONS = {
    "chromium is missing: apt-get install chromium": True,
    "tshark is missing: apt-get install tshark": True,
    "atheris is missing: pip install atheris": True,
    "needs Linux: /proc/net/tcp": True,
    "no captures: set TCPBOOK_CAPTURES to a folder": True,
    "dot is missing: apt-get install graphviz": False,
    "not today": False,
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pytest says of a test that is skipped for each of the reasons."""
    folder = tmp_path_factory.mktemp("skips")
    tests = [f"def test_{number}(): pytest.skip({reason!r})\n" for number, reason in enumerate(REASONS)]
    (folder / "test_sample.py").write_text("import pytest\n" + "".join(tests), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--color=no", "-v", "-p", "conftest", folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    return dict(zip(REASONS, re.findall(r"::test_\d+ (\w+)", run.stdout), strict=True))


@pytest.mark.parametrize(("reason", "may_be"), REASONS.items())
def test_a_skip_names_what_it_needs(outcomes: dict[str, str], reason: str, may_be: bool) -> None:
    assert outcomes[reason] == ("SKIPPED" if may_be else "FAILED")
