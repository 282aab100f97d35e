"""What a page is looked at for: whether it fits, is translated, and can be used by all: each gives the faults."""

import json
import re
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_LOOKS: Final = Path(__file__).with_suffix(".js").read_text()
_FINGER_PX: Final = 44
_BARE: Final = re.compile(
    r"(button|link|textbox|searchbox|combobox|listbox|checkbox|radio|slider|spinbutton|switch|tab|img|progressbar)"
    r"(:| \[|$)"
)


def _ask(page: Page, name: str, *values: object) -> Any:
    return page.evaluate(f"{_LOOKS}.{name}({', '.join(map(json.dumps, values))})")


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    found: list[str] = _ask(page, "tooWide")
    return found


def words(page: Page) -> list[str]:
    """All texts and labels that a person sees or hears, but quotations (in ``lang``, ``pre`` and ``code``)."""
    found: list[str] = _ask(page, "words")
    return found


def not_said(page: Page, keys: set[str]) -> list[str]:
    """Keys that stand there in place of their texts, values that were not put in, and what JavaScript calls nothing."""
    key = re.compile("|".join(re.escape(key) for key in sorted(keys, reverse=True)))
    odd = re.compile(r"\{\w+\}|\bundefined\b|\bnull\b|\bNaN\b|\[object |Invalid Date")
    return [each for each in words(page) if key.fullmatch(each) or odd.search(each)]


def too_small(page: Page) -> list[str]:
    """Controls that a finger misses."""
    found: list[str] = _ask(page, "tooSmall", _FINGER_PX)
    return found


def not_accessible(page: Page) -> list[str]:
    """What axe finds, of any weight."""
    results: dict[str, Any] = Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response
    return [
        f"{fault['impact']} {fault['id']}, {fault['help']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for fault in results["violations"]
        for node in fault["nodes"][:3]
    ]


def without_a_name(page: Page) -> list[str]:
    """Controls of which a screen reader says only what kind they are."""
    spoken = (line.strip().removeprefix("- ") for line in page.locator("body").aria_snapshot().splitlines())
    return [line for line in spoken if _BARE.match(line)]


def not_reached_with_tab(page: Page) -> list[str]:
    """Controls that Tab does not come to, and those at which one does not see that it has."""
    faults: list[str] = []
    for _ in range(3 * _ask(page, "beginTabbing") + 30):
        page.keyboard.press("Tab")
        at = _ask(page, "tabbed")
        if at["end"]:
            break
        faults += at["faults"]
    else:
        faults.append("Tab never comes back to where it began")
    missed: list[str] = _ask(page, "notTabbed")
    return faults + missed
