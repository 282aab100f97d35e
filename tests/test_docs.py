"""The documentation says what the code does."""

import importlib
import re
from pathlib import Path

import pytest

from evsed.core.settings import METER_NAMES
from evsed.core.states import diagram

ROOT = Path(__file__).parent.parent


def test_the_diagram_is_that_of_the_table() -> None:
    assert f"```mermaid\n{diagram()}```" in (ROOT / "docs/safety.md").read_text()


def test_every_test_that_the_safety_page_names_exists() -> None:
    named = re.findall(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`", (ROOT / "docs/safety.md").read_text())
    assert len(named) > 15
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(), f"{file}::{test}"


def test_the_page_on_meters_names_every_meter() -> None:
    section = (ROOT / "docs/meters.md").read_text().split("## Several lines")[0]
    assert set(re.findall(r"`([A-Z][^`]*)`", section)) == set(METER_NAMES.values())


def test_every_file_that_the_tour_names_exists() -> None:
    text = (ROOT / "docs/architecture.md").read_text() + (ROOT / "docs/safety.md").read_text()
    for name in re.findall(r"`((?:core|hw|tests)/[a-z0-9_/]+\.py)`", text):
        assert (ROOT / name).exists() or (ROOT / "evsed" / name).exists(), name


def _constants() -> list[tuple[str, str, str]]:
    text = (ROOT / "docs/regulation.md").read_text()
    return re.findall(r"^\| `([a-z_]+)\.([A-Z_]+)` \| ([^|]+) \|", text, re.MULTILINE)


_UNITS = {"": 1, "%": 1, "A": 10, "s": 1_000, "min": 60_000, "h": 3_600_000}


@pytest.mark.parametrize(("module", "name", "told"), _constants())
def test_every_constant_of_regulation_is_as_its_page_says(module: str, name: str, told: str) -> None:
    number, _, unit = told.partition(" ")
    assert unit in ({"s", "min", "h"} if name.endswith("_MS") else {"", "%", "A"})
    assert getattr(importlib.import_module(f"evsed.core.{module}"), name) == round(float(number) * _UNITS[unit])


@pytest.mark.parametrize("module", ["car", "protect", "regulator", "smart", "solar", "phases", "waits", "regulation"])
def test_the_page_on_regulation_has_every_constant(module: str) -> None:
    code = (ROOT / f"evsed/core/{module}.py").read_text()
    named = set(re.findall(r"^([A-Z_]{3,})(?:: \w+)? = [0-9]", code, re.MULTILINE))
    assert named == {name for where, name, _ in _constants() if where == module}
