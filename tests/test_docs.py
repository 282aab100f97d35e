"""The documentation says what the code does."""

import re
import shlex
from pathlib import Path

import pytest

from evsed.core.faults import Fault
from evsed.core.states import diagram

ROOT = Path(__file__).parent.parent


def test_the_diagram_is_that_of_the_table() -> None:
    assert f"```mermaid\n{diagram()}```" in (ROOT / "docs/safety.md").read_text()


def test_every_test_that_the_safety_page_names_exists() -> None:
    named = re.findall(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`", (ROOT / "docs/safety.md").read_text())
    assert len(named) > 15
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(), f"{file}::{test}"


DOCUMENTS = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert ((ROOT / document).parent / target).exists(), target


def test_every_file_that_the_tour_names_exists() -> None:
    text = (ROOT / "docs/architecture.md").read_text() + (ROOT / "docs/safety.md").read_text()
    for name in re.findall(r"`((?:core|hw|tests)/[a-z0-9_/]+\.py)`", text):
        assert (ROOT / name).exists() or (ROOT / "evsed" / name).exists(), name


def test_every_error_has_its_line_in_the_readme() -> None:
    told = re.findall(r"^\| ([0-9]+) \| `([^`]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    errors = sorted((fault.value.error_id, fault.value.text) for fault in Fault)
    assert [(int(number), text) for number, text in told] == errors


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for line in re.findall(r"^make .*$", (ROOT / "README.md").read_text(), re.MULTILINE):
        target = shlex.split(line, comments=True)[1]
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
