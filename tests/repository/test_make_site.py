"""How a chapter is prepared for the web: which widgets stay alive, what they may tell, where links lead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tcpbook.widgets.port_explorer import RECORDED
from tools.make_site import LINK, STATE, enliven, place, prepare
from tools.regenerate import LIVE_VIEW, regenerate

TWIN = '<p>a twin <a href="04-closing.ipynb">04</a></p>'


def notebook(*outputs: Any) -> Any:
    return new_notebook(cells=[new_code_cell(outputs=list(outputs))])


def shown(name: str) -> tuple[dict[str, Any], str]:
    """Return the models that a page gets for a widget of this class, and what it shows of it."""
    stored = notebook(new_output("display_data", {"text/html": TWIN}))
    ran = notebook(new_output("display_data", {LIVE_VIEW: {"model_id": "m"}}))
    widgets = {"m": {"_anywidget_id": f"tcpbook.{name}", "here": "mine"}, "layout": {}}
    return enliven(stored, ran, widgets), stored.cells[0].outputs[0].data["text/html"]


def test_what_answers_in_the_page_stays_alive_beside_its_twin() -> None:
    models, html = shown("widgets.flag_lab.FlagLab")
    assert models.keys() == {"m"}
    assert html == f'<div data-model="m">{TWIN.replace(".ipynb", ".html")}</div>'


@pytest.mark.parametrize("name", ["widgets.socket_table.SocketTable", "exercises.book_map.BookMap"])
def test_what_needs_a_kernel_is_its_twin_and_nothing_of_it_is_published(name: str) -> None:
    assert shown(name) == ({}, TWIN.replace(".ipynb", ".html"))


def test_a_widget_is_as_its_cell_showed_it_whatever_came_after(tmp_path: Path) -> None:
    """The next cell may be the answer to a question that the reader is still to be asked."""
    cells = ["from tcpbook import HandshakePlayer", "player = HandshakePlayer('abort')\nplayer", "player.go(2)"]
    path = tmp_path / "sample.ipynb"
    write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)
    path.write_text(regenerate(path), encoding="utf-8")
    (model,) = prepare(path).metadata["widgets"][STATE]["state"].values()
    assert model["state"]["at"] == 0


def test_a_live_widget_tells_nothing_of_this_machine() -> None:
    models, _ = shown("widgets.port_explorer.PortExplorer")
    here = models["m"]["state"]["here"]
    assert (here["first"], here["last"]) == (RECORDED.first, RECORDED.last)
    assert "Your" not in here["told"]


def test_stale_outputs_are_no_page() -> None:
    with pytest.raises(ValueError, match="zip"):
        enliven(notebook(), notebook(new_output("stream", text="new")), {})


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("](05-port-states.ipynb#cell-id=05-19)", "](#cell-05-19)"),
        ("](#The-map-of-the-book)", "](#the-map-of-the-book)"),
        ("](05-port-states.ipynb)", "](05-port-states.ipynb)"),
        ("](https://example.org/rfc9293.html#section-3)", "](https://example.org/rfc9293.html#section-3)"),
    ],
)
def test_a_link_leads_to_its_place(link: str, leads: str) -> None:
    assert LINK.sub(place, link) == leads
