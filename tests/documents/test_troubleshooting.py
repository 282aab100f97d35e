"""docs/troubleshooting.md has a row for every text that the LCD shows while it does not charge, and every reason."""

import itertools
import re

import pytest

from evsed.core import reasons
from evsed.core.faults import Fault
from evsed.core.model import Equipment
from evsed.core.reasons import Reason
from evsed.core.screens import errors, held
from evsed.core.screens.wordings import BY_MASTER, CARD_WORDS, HELD_UP, WORDINGS, Wording
from evsed.core.setting_up import left_to_do
from evsed.core.settings import Settings
from tests.documents.pages import ROOT

PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("| `")]
TEXTS = {text for row in ROWS for text in re.findall(r"`([^`]+)`", " ".join(row))}


def _row(text: str, code: str) -> list[str]:
    """The row whose first cell has the LCD's ``text``, and whose second the reason's ``code``."""
    found = [row for row in ROWS if f"`{text}`" in row[0] and f"`{code}`" in row[1]]
    assert found, f"no row with {text} and {code}"
    return found[0]


_CHANGES: list[dict[str, str]] = [
    {},
    {"mains_meter": "Eastron3P"},
    {"loadbl": "Node 1"},
    {"loadbl": "Master"},
    {"config": "Fixed"},
    {"rcmon": "Enabled"},
]


@pytest.mark.parametrize("fault", errors.ERRORS, ids=lambda fault: fault.value.code)
def test_every_error_is_explained_and_has_its_number_and_text(fault: Fault) -> None:
    row = _row(" ".join(errors.ERRORS[fault]), fault.value.code)
    assert row[2] == f"{fault.value.error_id} `{fault.value.text}`"
    assert len(row) == 6
    assert all(row)


@pytest.mark.parametrize("page", [errors.PRESS_BUTTON, errors.STILL_THERE, errors.MASTER_LOST, errors.NO_METER])
def test_every_page_of_an_error_is_explained(page: tuple[str, ...]) -> None:
    assert " ".join(page) in TEXTS


def test_meters_that_no_wire_leads_to_are_explained() -> None:
    assert "NO DATA FROM MAINS METER CHECK NETWORK" in TEXTS
    assert "NO DATA FROM MAINS METER CHECK ITS PROGRAM" in TEXTS
    assert set(errors._NOT_SERIAL.values()) == {"NETWORK", "ITS PROGRAM"}
    assert " ".join(errors.HELD_UP) in TEXTS


@pytest.mark.parametrize(("code", "wording"), WORDINGS.items())
def test_every_wait_is_explained(code: str, wording: Wording) -> None:
    row = _row(" ".join(wording.words), code)
    assert len(row) == 4
    assert all(row)


@pytest.mark.parametrize("wording", [*CARD_WORDS.values(), BY_MASTER, HELD_UP])
def test_every_special_wording_is_explained(wording: Wording) -> None:
    assert " ".join(wording.words) in TEXTS


def test_what_a_held_button_says_in_trouble_is_explained() -> None:
    assert " ".join(held.LOCKED.lines) in TEXTS
    assert " ".join(held.ACCESS_ON.lines) in TEXTS
    assert "SMART NEEDS A MAINS METER: SEE MAINS MET IN THE MENU" in TEXTS


def test_every_step_of_the_first_run_is_explained() -> None:
    explained = {(re.sub(r"\d+", "N", row[0].split("`")[1]), row[1]) for row in ROWS if len(row) == 3}
    equipments = [
        Equipment(described=described, rcm=rcm, needs_set_up=True)
        for described in (False, True)
        for rcm in (False, True)
    ]
    for equipment, changes in itertools.product(equipments, _CHANGES):
        settings = Settings()
        for key, value in changes.items():
            settings = settings.replace(key, value)
        for step in left_to_do(settings, equipment, mains_answers=False):
            assert (re.sub(r"\d+", "N", " ".join(step.lcd)), f"`{step.code}`") in explained


def test_every_reason_has_its_row() -> None:
    codes = {value.code for value in vars(reasons).values() if isinstance(value, Reason)}
    codes |= {fault.value.code for fault in Fault} | {"delayed"} | set(WORDINGS)
    assert len(codes) > 30
    assert codes <= TEXTS
