"""The parts of documents that are made from the code: between which marks they stand, and who makes them."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.documents.configuration_tables import installation, owner_settings
from tests.documents.metrics_tables import metrics
from tests.documents.mqtt_tables import topics
from tests.documents.pages import ROOT
from tests.documents.rest_tables import requests

MADE: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("docs/configuration.md", "<!-- made by make docs -->", installation),
    ("docs/configuration.md", "<!-- made by make docs: settings -->", owner_settings),
    ("docs/metrics.md", "<!-- made by make docs -->", metrics),
    ("docs/mqtt.md", "<!-- made by make docs -->", topics),
    ("docs/rest.md", "<!-- made by make docs -->", requests),
)
"""The document, the mark before the part, and what makes it."""

_END = "<!-- end -->"


def renewed(page: str) -> str:
    """The text of ``page`` with its parts as the code makes them now."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for name, mark, make in MADE:
        if name == page:
            text = _with(text, mark, make(), page)
    return text


def _with(text: str, mark: str, part: str, page: str) -> str:
    made, count = re.subn(
        f"{re.escape(mark)}\n.*?{re.escape(_END)}", lambda _: f"{mark}\n{part}\n{_END}", text, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"{page} has {mark} ... {_END} {count} times, not once")
    return made


def write() -> None:
    """Writes all of them."""
    for page in dict.fromkeys(name for name, _, _ in MADE):
        Path(ROOT / page).write_text(renewed(page), encoding="utf-8")
