"""KernelTour without a browser: whose rows it shows, and what a wrong witness looks like."""

from __future__ import annotations

import sys

import pytest

from tcpbook.lab import kernel
from tcpbook.protocol.errors import TcpBookError
from tcpbook.protocol.state import State
from tcpbook.widgets.kernel_tour import KernelTour


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: /proc/net/tcp")
def test_the_kernel_is_asked_again_and_again() -> None:
    tour = KernelTour()
    assert tour.view["said"] == "Your kernel's answer, number 1."
    tour._handle_custom_msg({}, [])
    assert tour.view["said"] == "Your kernel's answer, number 2."
    assert [row[0][0] for row in tour.view["rows"]] == [str(state) for state in State]
    wrong = [(row[0][0], words) for row in tour.view["rows"] for words, off in row if off]
    assert wrong == [("TIME-WAIT", "CLOSED")]
    (timer, _) = tour.view["rows"][-1][-1]
    assert timer.startswith("TIME-WAIT, ")


def test_where_the_platform_cannot_a_recording_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise TcpBookError("this system lists no connections; run it on Linux")

    monkeypatch.setattr(kernel, "tour", refuse)
    tour = KernelTour()
    assert tour.view["said"].startswith("this system lists no connections; run it on Linux. Recorded on Linux ")
    assert tour.table.equals(kernel.recorded())


def test_the_static_twin_is_the_recording() -> None:
    html = KernelTour().static_html()
    assert "Recorded on Linux" in html
    assert "not on your machine" in html
    assert all(f"<td>{state}</td>" in html for state in State)
    assert repr(KernelTour()).startswith("KernelTour: a live connection in each of the eleven states")
