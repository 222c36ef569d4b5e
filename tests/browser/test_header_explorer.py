"""Bytes and fields light each other; fields are edited, other bytes pasted; by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from pages import look, notebook, start_all

SETUP = """
from tcpbook.protocol.flags import Flags
from tcpbook.protocol.options import MSS, SACK_PERMITTED
from tcpbook.protocol.segment import Segment
from tcpbook.widgets.header_explorer import HeaderExplorer
explorer = HeaderExplorer(Segment(49152, 80, 100, flags=Flags.SYN, options=(MSS(1460), SACK_PERMITTED()), data=b"hi"))
"""
BUSY = "import time\nprint('running', flush=True)\ntime.sleep(30)"
SYN_ACK = """
0x0000:  4500 0028 0000 4000 4006 26ce 0a00 0001  E..(..@.@.&.....
0x0010:  0a00 0002 0050 c000 0000 012c 0000 0065  .....P.....,...e
0x0020:  5012 ffff 0000 0000                      P.......
"""


def shown(page: Page) -> Locator:
    explorer = page.locator(".tcpbook-explorer")
    expect(explorer).to_have_count(1)
    return explorer


def lit_bytes(page: Page, name: str = "tcpbook-lit") -> list[int]:
    found: list[int] = page.evaluate(
        "name => [...document.querySelectorAll(`[data-byte].${name}`)].map((part) => Number(part.dataset.byte))", name
    )
    return found


def pointed_boxes(explorer: Locator) -> list[str | None]:
    return [part.get_attribute("data-field") for part in explorer.locator("svg .tcpbook-pointed").all()]


def explanation(explorer: Locator) -> Locator:
    return explorer.locator(".tcpbook-explorer-words")


def box(explorer: Locator, key: str) -> Locator:
    return explorer.locator(f"svg [data-field~='{key}']")


def test_a_field_is_edited_and_the_checksum_follows(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer"))
    explorer = shown(page)
    explorer.get_by_label("Field").select_option("Sequence Number")
    assert lit_bytes(page) == [4, 5, 6, 7]
    expect(explanation(explorer)).to_contain_text("Sequence Number: 100 (0x00000064) (bytes 4–7)")
    checksum = explorer.locator("[data-byte='17']").inner_text()

    explorer.get_by_label("New value").fill("1,000")
    page.keyboard.press("Enter")
    expect(explanation(explorer)).to_contain_text("1000 (0x000003e8)")
    expect(explorer.locator("[data-byte='7']")).to_have_text("e8")
    expect(explorer.locator("[data-byte='17']")).not_to_have_text(checksum)
    expect(box(explorer, "seq")).to_contain_text("1000")
    expect(explorer.get_by_label("Problems")).to_have_text("No problems.")
    look(page, "header-explorer")


BESIDE = """() => {
    const box = (part) => document.querySelector(part).getBoundingClientRect();
    const middle = (part) => (box(part).top + box(part).bottom) / 2;
    return Math.abs(middle("[data-byte='16']") - middle("svg [data-field~='checksum']")) < 4;
}"""


def test_bytes_stand_beside_their_boxes_in_a_narrow_column_too(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer"))
    shown(page)
    for width in (1280, 640):
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_function(BESIDE)


def test_pointing_lights_and_leaves_the_chosen_field(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer"))
    explorer = shown(page)
    explorer.locator("[data-byte='14']").hover()
    assert lit_bytes(page, "tcpbook-pointed") == [14, 15]
    assert pointed_boxes(explorer) == ["wnd"]
    box(explorer, "option_1").hover()
    assert lit_bytes(page, "tcpbook-pointed") == [20, 21, 22, 23]
    explorer.locator("[data-byte='13']").hover()
    assert pointed_boxes(explorer) == ["CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"]
    assert lit_bytes(page) == [0, 1]
    explorer.get_by_label("Field").hover()
    assert lit_bytes(page, "tcpbook-pointed") == []


def test_keyboard_walks_the_bytes(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer"))
    explorer = shown(page)
    explorer.locator("[data-byte='0']").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(explorer.get_by_label("byte 9, 00: Acknowledgment Number")).to_be_focused()
    assert lit_bytes(page) == [8, 9, 10, 11]
    expect(explorer.get_by_label("byte 9,")).to_have_attribute("aria-pressed", "true")
    expect(explanation(explorer)).to_contain_text("Acknowledgment Number: 0")


def test_keyboard_walks_the_boxes_of_the_picture(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer"))
    explorer = shown(page)
    box(explorer, "source_port").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    sequence = explorer.get_by_role("button", name="Sequence Number: 100 (0x00000064)")
    expect(sequence).to_be_focused()
    expect(sequence).to_have_attribute("aria-pressed", "true")
    expect(box(explorer, "ack")).to_have_attribute("aria-pressed", "false")
    assert lit_bytes(page) == [4, 5, 6, 7]


def test_bits_and_options_are_edited(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer"))
    explorer = shown(page)
    explorer.get_by_label("Field").select_option("ACK")
    explorer.get_by_label("ACK is set").check()
    expect(explorer.locator("[data-byte='13']")).to_have_text("12")
    expect(box(explorer, "ACK")).to_contain_class("tcpbook-set")
    expect(explanation(explorer)).to_contain_text("ACK: 1, set")
    explorer.get_by_label("Field").select_option("Options")
    explorer.get_by_label("New value").fill("02 04 00 64")
    explorer.get_by_role("button", name="Set", exact=True).click()
    expect(explanation(explorer)).to_contain_text("Options: MSS 100")
    expect(box(explorer, "option_1")).to_contain_text("MSS 100")
    expect(box(explorer, "option_2")).to_have_count(0)
    expect(explorer.locator("[data-byte='12']")).to_have_text("60")
    expect(explorer.locator("[data-byte='24']")).to_have_attribute("aria-label", "byte 24, 68: Data")


def test_bad_input_gets_a_sentence_and_changes_nothing(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer"))
    explorer = shown(page)
    explorer.get_by_label("New value").fill("<b>70000</b>")
    page.keyboard.press("Enter")
    expect(explorer.get_by_role("status")).to_contain_text("'<b>70000</b>' is not a whole number from 0 up")
    expect(explorer.get_by_label("New value")).to_have_value("<b>70000</b>")
    expect(explorer.locator("[data-byte='0']")).to_have_text("c0")
    explorer.get_by_label("Bytes to explain").fill("hello")
    explorer.get_by_role("button", name="Explain").click()
    expect(explorer.get_by_role("status")).to_contain_text("hello")


def test_pasted_packet_is_explained_and_its_problems_named(lab_page: Callable[..., Page]) -> None:
    page = lab_page(notebook(SETUP, "explorer", "print(explorer.segment)"))
    explorer = shown(page)
    explorer.get_by_label("Bytes to explain").fill(SYN_ACK)
    explorer.get_by_role("button", name="Explain").click()
    expect(explorer.get_by_role("status")).to_have_text("The TCP segment is 20 of 40 bytes given, inside IPv4.")
    expect(explorer.get_by_label("Problems")).to_contain_text("Error: Checksum 0x0000 is wrong")
    expect(explorer.get_by_label("IP addresses", exact=True)).to_have_value("10.0.0.1 → 10.0.0.2")
    page.locator(".jp-Cell .cm-content").last.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-OutputArea-output").last).to_have_text("<SEQ=300><ACK=101><CTL=SYN,ACK>\n")


def test_lighting_needs_no_kernel(lab_page: Callable[..., Page], lab_server: Any) -> None:
    page = lab_page(notebook(SETUP, "explorer", BUSY), run=False, kernel_goes=True)
    start_all(page)
    explorer = shown(page)
    expect(page.locator(".jp-OutputArea-output").last).to_have_text("running\n")
    explorer.locator("[data-byte='16']").click()
    expect(explanation(explorer)).to_contain_text("Checksum:", timeout=1000)
    expect(page.locator(".jp-InputPrompt").last).to_have_text("[*]:")
    lab_server.stop_kernels()
    explorer.locator("[data-byte='18']").click()
    expect(explanation(explorer)).to_contain_text("Urgent Pointer:", timeout=1000)
    assert lit_bytes(page) == [18, 19]
