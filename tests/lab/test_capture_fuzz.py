"""Coverage-guided fuzzing of the capture reader: whatever the bytes, nothing is raised but a TcpBookError."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from fuzzing import capture, inputs
from tcpbook.lab.capture import read_capture
from tree import ROOT

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
ROUND = 300  # seconds: atheris itself keeps some 15 kB a run, so a new process goes on from the same folder
LIMITS = ["-max_len=4096", "-timeout=30", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1"]


def test_the_inputs_to_begin_with_are_captures() -> None:
    assert all(len(read_capture(io.BytesIO(capture(octets)))) for octets in inputs())


@pytest.mark.long
@pytest.mark.skipif(not find_spec("atheris"), reason="atheris is missing: pip install atheris, on Linux on x86-64")
def test_nothing_else_is_raised(tmp_path: Path) -> None:
    corpus, found = tmp_path / "corpus", tmp_path / "found"
    corpus.mkdir()
    found.mkdir()
    command = [sys.executable, str(ROOT / "tests/fuzzing.py"), str(corpus), f"-artifact_prefix={found}/", *LIMITS]
    for begun in range(0, SECONDS, ROUND):
        run = subprocess.run(
            [*command, f"-max_total_time={min(ROUND, SECONDS - begun)}"],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        inputs_found = [path.read_bytes() for path in found.iterdir()]
        assert not inputs_found, f"{run.stdout}{run.stderr}"
        assert run.returncode == 0, run.stderr
