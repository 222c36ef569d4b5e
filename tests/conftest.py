"""What all tests share: the Hypothesis profiles, and the rule about skipping."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("short", max_examples=100, deadline=None)
settings.register_profile("long", max_examples=5_000, deadline=None)
settings.load_profile("short")

MAY_BE_MISSING = ("apt-get install chromium", "apt-get install tshark", "needs Linux")
"""What the reason of a skip may say: a Debian package to install, or a kernel that others don't have; nothing else."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip for any other reason is a failure."""
    report = yield
    if report.skipped and not any(reason in report.longreprtext for reason in MAY_BE_MISSING):
        report.outcome = "failed"
        report.longrepr = f"skipped without naming a package to install or Linux: {report.longreprtext}"
    return report
