"""What all tests share, notebooks and doctests included: the Hypothesis profiles, an empty progress, how to skip."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

settings.register_profile("short", max_examples=100, deadline=None)
settings.register_profile("long", max_examples=5_000, deadline=None)
settings.load_profile("short")

MAY_BE_MISSING = (
    "apt-get install chromium", "apt-get install tshark", "pip install atheris", "needs Linux", "set TCPBOOK_CAPTURES",
)  # fmt: skip
"""What the reason of a skip may say: a package to install, or what else others don't have; nothing else."""


PROGRESS = TemporaryDirectory(prefix="tcpbook-", ignore_cleanup_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Nothing that a test does, or a kernel that it starts, touches the reader's own progress."""
    config.add_cleanup(PROGRESS.cleanup)
    os.environ["TCPBOOK_PROGRESS"] = str(Path(PROGRESS.name) / "progress.jsonl")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Each file of tests, and so each chapter, begins with an empty progress."""
    os.environ["TCPBOOK_PROGRESS"] = str(Path(PROGRESS.name) / f"{item.path.stem}.jsonl")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip for any other reason is a failure."""
    report = yield
    if report.skipped and not any(reason in report.longreprtext for reason in MAY_BE_MISSING):
        report.outcome = "failed"
        report.longrepr = f"skipped without naming what is missing: {report.longreprtext}"
    return report
