"""What all tests share: the Hypothesis profiles, and the rule about skipping."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("short", max_examples=100, deadline=None)
settings.register_profile("long", max_examples=5_000, deadline=None)
settings.load_profile("short")

MAY_BE_MISSING = ("chromium", "tshark")
"""Debian packages without which a test may be skipped; nothing else is a reason to skip."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip that does not say which of those packages to install is a failure."""
    report = yield
    if report.skipped and not any(
        f"apt-get install {name}" in report.longreprtext for name in MAY_BE_MISSING
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped without naming a package to install: {report.longreprtext}"
    return report
