from __future__ import annotations

from pathlib import Path

import pytest

from tcpbook.figures.theme import ACCENTS
from tcpbook.widgets import base
from tcpbook.widgets.base import View, sources


class Lamp(View):
    _esm = "export default { render() {} }"

    def __repr__(self) -> str:
        return f"Lamp: {'on ' * 60}"

    def static_html(self) -> str:
        return "<p>Lamp</p>"


def test_saved_output_carries_the_view_and_its_twin_in_words() -> None:
    data, _ = Lamp()._repr_mimebundle_()
    assert data["text/html"] == "<p>Lamp</p>"
    assert "model_id" in data["application/vnd.jupyter.widget-view+json"]


def test_text_is_not_cut() -> None:
    data, _ = Lamp()._repr_mimebundle_()
    assert data["text/plain"] == "Lamp: " + "on " * 60


def test_a_view_must_say_what_it_shows() -> None:
    class Mute(View):
        _esm = "export default { render() {} }"

    with pytest.raises(NotImplementedError):
        repr(Mute())
    with pytest.raises(NotImplementedError):
        Mute().static_html()


def test_sources_lie_beside_the_module_and_the_shared_helpers_come_first(tmp_path: Path) -> None:
    (tmp_path / "lamp.js").write_text("// lamp", "utf-8")
    (tmp_path / "lamp.css").write_text(".tcpbook-lamp {}", "utf-8")
    shared = Path(base.__file__).with_suffix(".js").read_text("utf-8")
    module, style = sources(str(tmp_path / "lamp.py"))
    assert module == shared + "// lamp"
    assert style.endswith("\n.tcpbook-lamp {}")


def test_style_sheets_know_the_accents_of_the_pictures(tmp_path: Path) -> None:
    for name in ("lamp.js", "lamp.css"):
        (tmp_path / name).touch()
    _, style = sources(str(tmp_path / "lamp.py"))
    for name, color in ACCENTS.items():
        assert f"--tcpbook-{name}: {color};" in style
