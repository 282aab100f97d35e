"""How evsed was installed, and what follows from it for whoever looks for its documentation."""

import sys
from pathlib import Path

import pytest

import evsed.installed as this
from evsed.installed import Installed, installed, page


def test_where_evsed_lies_says_how_it_was_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/somewhere/.venv")
    assert installed() is Installed.IN_VENV
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert installed() is Installed.IN_SYSTEM
    monkeypatch.setattr(this, "__file__", "/usr/lib/evsed/evsed/installed.py")
    assert installed() is Installed.BY_PACKAGE
    assert page("board.md") == "/usr/share/doc/evsed/board.md"


@pytest.mark.parametrize("name", ["board.md", "evsed.toml", "safety.md"])
def test_the_pages_that_are_named_exist(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/somewhere/.venv")
    assert (Path(__file__).parents[1] / page(name)).is_file()
