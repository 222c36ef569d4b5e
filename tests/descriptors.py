"""What this process holds open: how a test sees that nothing of ours stays."""

from __future__ import annotations

import os


def descriptors() -> set[str]:
    """The open descriptors, but for that of the directory that is being read. Linux only."""
    return {name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}
