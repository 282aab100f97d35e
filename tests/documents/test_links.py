"""Links lead somewhere: to files, to headings, and to addresses that can be ones."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.documents.pages import PAGES, ROOT, prose

AWAITED = {"docs/install.md", "docs/systemd.md"}
"""Pages that come with the package and its units."""


def headings(page: Path) -> set[str]:
    """The anchors that a page has."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
    assert len(set(anchors)) == len(anchors), f"{page.name} has a heading twice, and no link can tell which is meant"
    return set(anchors)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = prose(page)
    headings(page)
    for target in [*re.findall(r"\]\(([^)]+)\)", text), *re.findall(r"<(https?:[^>]*)>", text)]:
        if target.startswith("http"):
            address = urlsplit(target)
            assert address.hostname, target
            assert re.fullmatch(r"[\x21-\x7e]+", target), target
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if str(file.relative_to(ROOT)) in AWAITED and not file.exists():
            continue
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in headings(file), f"{page.name}: {target}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert f"]({page.name})" in index or page.name == "README.md", page.name


def test_every_decision_is_in_its_index() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    for page in sorted((ROOT / "docs/decisions").glob("0*.md")):
        assert f"[{int(page.name[:4])}]({page.name})" in index, page.name
