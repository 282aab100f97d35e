"""Every code that a row of the last day or a stop of a session can have is said in words, and has its kind."""

import json
import re

import pytest

from evsed.core import reasons
from evsed.core.faults import Fault
from evsed.core.reasons import Reason
from evsed.core.screens.wordings import WORDINGS
from tests.browser.sources import LANGUAGES, LOCALE, WEB

FAULTS = {fault.value.code for fault in Fault if not fault.value.waiting} | {"not_set_up", "no_cable", "no_rcm"}
REASONS = {value.code for value in vars(reasons).values() if isinstance(value, Reason)}
REASONS |= {fault.value.code for fault in Fault} | {"delayed"} | set(WORDINGS)
STOPS = {"car_stopped", "unplugged", "restarted"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_is_said_in_words(language: str) -> None:
    texts = json.loads((LOCALE / language / "history.json").read_text())
    said = {key.removeprefix("reason.") for key in texts if key.startswith("reason.")}
    assert said == REASONS | STOPS


def test_what_is_no_fault_is_a_kind_of_its_own() -> None:
    table = re.search(r"KINDS_OF_REASONS = \{(.*?)\};", (WEB / "charts/doing.js").read_text(), re.DOTALL)
    assert table is not None
    listed = set(re.findall(r"[a-z_]+", " ".join(re.findall(r'"([^"]*)"', table[1]))))
    assert listed == REASONS - FAULTS
