"""Colors: text follows JupyterLab's theme, accents stand out from light and dark paper."""

from __future__ import annotations

import re

import pytest

from tcpbook.figures import headermap, stategraph, theme
from tcpbook.figures.theme import ACCENTS, FONT, INK, MONO, PAPER


def luminance(color: str) -> float:
    """Relative luminance, 0 to 1, of a color such as #2a7fd4 (WCAG 2)."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("paper", ["#ffffff", "#111111"])
@pytest.mark.parametrize("name", ACCENTS)
def test_accents_stand_out(name: str, paper: str) -> None:
    assert contrast(ACCENTS[name], paper) >= 3


def test_white_text_on_the_current_state_is_legible() -> None:
    assert ".tcpbook-current text { fill: #fff; }" in stategraph.STYLE
    assert contrast(theme.CURRENT, "#ffffff") >= 4.5


@pytest.mark.parametrize(("ink", "paper"), [("#000000", "#ffffff"), ("#ffffff", "#111111")])
def test_text_on_a_lit_field_is_legible(ink: str, paper: str) -> None:
    (percent,) = re.findall(rf"color-mix\(in srgb, {theme.CURRENT} (\d+)%", headermap.STYLE)
    share = int(percent) / 100
    channels = [
        round(share * int(theme.CURRENT[at : at + 2], 16) + (1 - share) * int(paper[at : at + 2], 16))
        for at in (1, 3, 5)
    ]
    assert contrast(ink, "#{:02x}{:02x}{:02x}".format(*channels)) >= 4.5


def test_ink_paper_and_fonts_are_the_themes_with_fallbacks() -> None:
    for value in (INK, PAPER, FONT, MONO):
        assert re.fullmatch(r"var\(--jp-[a-z0-9-]+, [\w, -]+\)", value)


@pytest.mark.parametrize("style", [stategraph.STYLE, headermap.STYLE], ids=["stategraph", "headermap"])
def test_a_picture_uses_no_color_of_its_own(style: str) -> None:
    """A color is the theme's, or white upon the one accent that fills."""
    known = {*ACCENTS.values(), INK, PAPER, "none", "#fff"}
    used = re.findall(
        r"(?:fill|stroke): (.*?);", style.replace(f"color-mix(in srgb, {theme.CURRENT} 22%, {PAPER})", INK)
    )
    assert used
    assert set(used) <= known
