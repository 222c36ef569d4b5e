"""`import tcpbook`: light, and every name it offers is documented and used."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

import tcpbook
from tree import CHAPTERS, code

HEAVY = ("IPython", "anywidget", "graphviz", "ipywidgets", "numpy", "pandas", "traitlets")


def test_import_loads_nothing_heavy() -> None:
    program = f"import sys, tcpbook; print([name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", tcpbook.__all__)
def test_every_name_is_documented(name: str) -> None:
    """A table such as RULES has its type's docstring only: there the module's own comment must do."""
    thing = getattr(tcpbook, name)
    assert thing.__doc__
    assert name in dir(tcpbook)


def test_every_name_is_used_by_a_chapter() -> None:
    used = {
        node.id if isinstance(node, ast.Name) else node.attr
        for chapter in CHAPTERS
        for node in ast.walk(code(chapter))
        if isinstance(node, ast.Name | ast.Attribute)
    }
    assert set(tcpbook.__all__) - used == set()


def test_the_vocabulary_is_sorted_and_small() -> None:
    assert list(tcpbook.__all__) == sorted(set(tcpbook.__all__))
    assert 0 < len(tcpbook.__all__) <= 42


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        tcpbook.no_such_name  # noqa: B018
