"""KernelTour as a reader has it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from pages import look, notebook


def test_it_asks_the_kernel_again(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook("from tcpbook.widgets.kernel_tour import KernelTour\nKernelTour()"))
    tour = page.locator(".tcpbook-tour")
    expect(tour.locator("tbody tr")).to_have_count(11)
    look(page, "kernel-tour")
    tour.locator("tbody").evaluate("(rows) => rows.replaceChildren()")
    tour.get_by_role("button", name="Ask the kernel again").press("Enter")
    expect(tour.locator("tbody tr")).to_have_count(11)
    tour.evaluate("(tour) => { tour.parentElement.style.width = '700px'; }")
    assert tour.evaluate("(tour) => tour.scrollWidth <= tour.clientWidth")
