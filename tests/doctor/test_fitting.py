"""The doctor on what is described in two places: settings and board, pin factory and packages."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.doctor.findings import Verdict
from evsed.doctor.fitting import panel, set_up, settings
from evsed.libraries import install
from evsed.saved_text import encode
from evsed.wiring import Driver, Pins, Wiring
from tests.doctor.test_machine import only

NOTHING = Pins(rcm=None, rcm_test=None, lock=None, unlock=None, lock_feedback=None, contactor2=None)


def stored(directory: Path, chosen: Settings, name: str = "settings.json") -> Path:
    directory.joinpath(name).write_text(encode(replace(Saved(), settings=chosen)))
    return directory


@pytest.mark.parametrize(
    ("name", "value", "says", "do"),
    [
        ("rcmon", 1, 'RCMON is Enabled, but board.pins.rcm is "none"', "set RCMON to Disabled"),
        ("lock", 2, 'LOCK has an actuator, but board.pins.lock is "none"', "set LOCK to Disabled"),
        ("enable_C2", 3, 'CONTACT 2 .*, but board.pins.contactor2 is "none"', "set CONTACT 2 to Not present"),
    ],
)
def test_a_setting_that_counts_on_a_line_that_is_not_there_is_wrong(
    tmp_path: Path, name: str, value: int, says: str, do: str
) -> None:
    chosen = Settings().replace(name, value)
    assert only(settings(stored(tmp_path, chosen), Pins())).verdict is Verdict.OK
    found = only(settings(tmp_path, NOTHING))
    assert found.verdict is Verdict.WRONG
    assert re.fullmatch(says, found.what)
    assert do in found.advice


def test_every_line_that_is_missing_is_told_also_from_the_previous_copy(tmp_path: Path) -> None:
    chosen = Settings().replace("rcmon", 1).replace("lock", 1).replace("enable_C2", 4)
    stored(tmp_path, chosen, "settings.json.previous").joinpath("settings.json").write_text("{")
    assert [found.verdict for found in settings(tmp_path, NOTHING)] == [Verdict.WRONG] * 3


def test_a_new_charger_counts_on_no_line_that_is_not_there(tmp_path: Path) -> None:
    assert only(settings(tmp_path, NOTHING)).verdict is Verdict.OK
    assert only(settings(stored(tmp_path, Settings()), NOTHING)).verdict is Verdict.OK


def test_settings_that_may_not_be_read_deserve_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", refuse)
    found = only(settings(tmp_path, Pins()))
    assert (found.verdict, found.advice) == (Verdict.ATTENTION, "try it with sudo")


def test_a_charger_that_nobody_has_set_up_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(set_up(tmp_path)).verdict is Verdict.ATTENTION
    for choice, verdict in (("Not done", Verdict.ATTENTION), ("Done", Verdict.OK)):
        saved = Saved(Settings().replace("set_up", choice))
        (tmp_path / "settings.json").write_text(encode(saved))
        assert only(set_up(tmp_path)).verdict is verdict
    monkeypatch.setattr(Path, "read_text", _refused)
    assert only(set_up(tmp_path)).advice == "try it with sudo"


def _refused(*_: object, **__: object) -> str:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(("driver", "package"), [(Driver.PIGPIO, "pigpio"), (Driver.KERNEL, "lgpio")])
def test_the_pin_factorys_package_has_to_be_there(driver: Driver, package: str) -> None:
    wiring = Wiring(driver=driver)
    found = only(panel(wiring, lambda name: name != package))
    assert found.verdict is Verdict.WRONG
    assert f"the Python package {package} is missing" in found.what
    assert found.advice == f"{install([package])}, and then sudo systemctl restart evsed"
    assert package in only(panel(wiring, lambda _: True)).what
    assert only(panel(Wiring())).verdict is Verdict.OK


def test_a_board_without_a_panel_needs_no_package() -> None:
    touched = ("button_left", "button_middle", "button_right", "switch", "led_red", "led_green", "led_blue")
    none: dict[str, Any] = dict.fromkeys(touched)
    bare = Wiring(pins=Pins(**none))
    assert only(panel(bare, lambda _: False)).verdict is Verdict.OK
