"""What POST /settings makes of parameters, without a server."""

import contextlib
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.api.firmware.parameters import Parameters
from evsed.api.firmware.posted_settings import REFUSED, TABLE_OF_PARAMETERS, Asked, asked
from evsed.api.firmware.report import Dialect
from evsed.api.firmware.values import NotTakenError, local_time, pilot
from evsed.core.events import (
    ChangeSetting,
    ChooseMode,
    Command,
    DelayedCharging,
    Light,
    Override,
    OverridePilot,
    PressCustomButton,
    WallClock,
)
from evsed.core.model import ModeChoice
from tests.core.story import Story

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NAMES = [name for row in TABLE_OF_PARAMETERS for name in row.takes]


def read(values: dict[str, str | None], dialect: Dialect = Dialect.OLDER) -> list[Asked]:
    return asked(Parameters(values), dialect)


def commands(values: dict[str, str | None], dialect: Dialect = Dialect.OLDER) -> list[Command | None]:
    return [item.command for item in read(values, dialect)]


def unix(*when: int, fold: int = 0) -> int:
    year, month, day, hour, minute = when
    return int(datetime(year, month, day, hour, minute, tzinfo=AMSTERDAM, fold=fold).timestamp())


# ---- each row ----


ROWS: list[tuple[str, str, Command]] = [
    ("backlight", "0", Light(on=False)),
    ("backlight", "1", Light(on=True)),
    ("mode", "4", ChooseMode(ModeChoice.PAUSE)),
    ("stop_timer", "60", ChangeSetting("solar_stop_time", 60)),
    ("disable_override_current", "", Override(0)),
    ("override_current", "83", Override(83)),
    ("enable_C2", "4", ChangeSetting("enable_C2", 4)),
    ("solar_start_current", "48", ChangeSetting("solar_start_current", 48)),
    ("solar_max_import", "0", ChangeSetting("solar_max_import", 0)),
    ("current_min", "7", ChangeSetting("current_min", 7)),
    ("current_max_sum_mains", "10", ChangeSetting("current_max_sum_mains", 10)),
    ("max_sum_mains_timer", "5", ChangeSetting("max_sum_mains_time", 5)),
    ("custombutton", "1", PressCustomButton(on=True)),
    ("lcdlock", "1", ChangeSetting("lcdlock", 1)),
    ("cablelock", "0", ChangeSetting("cablelock", 0)),
    ("override_pwm", "50", OverridePilot(500)),
    ("override_pwm", "0", OverridePilot(0)),
    ("override_pwm", "-1", OverridePilot(None)),
    ("required_evccid", "car 1", ChangeSetting("required_evccid", "car 1")),
]


@pytest.mark.parametrize(("name", "value", "command"), ROWS)
def test_each_parameter_is_a_command(name: str, value: str, command: Command) -> None:
    assert commands({name: value}) == [command]


def test_every_parameter_is_tried_above() -> None:
    assert {name for name, _, _ in ROWS} | {"starttime", "stoptime", "repeat"} == set(NAMES)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("mode", "5", "mode takes a whole number from 0 to 4"),
        ("mode", "", "mode takes"),
        ("backlight", "2", "backlight takes 0 or 1"),
        ("custombutton", "on", "custombutton takes 0 or 1"),
        ("override_pwm", "1001", "override_pwm takes 0 to 1000"),
        ("override_pwm", "5.0", "override_pwm takes"),
        ("current_min", "x", "current_min takes a whole number"),
        ("starttime", "2030-01-01T00:00", "go together with a mode"),
        ("repeat", "1", "go together with a mode"),
    ],
)
def test_what_cannot_be_read_says_what_is_taken(name: str, value: str, says: str) -> None:
    [item] = read({name: value})
    assert item.command is None
    assert says in item.why
    [refused] = item.row.told_refused(Parameters({name: value})).values()
    assert refused == REFUSED


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_sent_twice_with_different_values_is_not_taken(name: str) -> None:
    [item] = read({name: None})
    assert (item.command, item.why) == (None, "sent twice, with different values")


# ---- dialects, order ----


def test_zero_is_no_limit_on_the_sum_in_the_newer_dialect_only() -> None:
    posted: dict[str, str | None] = {"current_max_sum_mains": "0"}
    assert commands(posted, Dialect.NEWER) == [ChangeSetting("current_max_sum_mains", 600)]
    assert commands(posted) == [ChangeSetting("current_max_sum_mains", 0)]  # which the setting does not take


def test_what_is_sent_together_is_carried_out_in_one_order() -> None:
    sent: dict[str, str | None] = {
        "override_pwm": "50",
        "override_current": "80",
        "disable_override_current": "1",
        "mode": "3",
        "current_min": "7",
    }
    wanted = [
        ChangeSetting("current_min", 7),
        ChooseMode(ModeChoice.SMART),
        Override(0),
        Override(80),
        OverridePilot(500),
    ]
    assert commands(sent) == wanted
    assert commands(dict(reversed(sent.items()))) == wanted


# ---- the timer ----


@pytest.mark.usefixtures("amsterdam")
def test_a_start_and_a_stop() -> None:
    sent: dict[str, str | None] = {"mode": "3", "starttime": "2030-04-14T23:31", "stoptime": "2030-04-15T06:00"}
    start_s, stop_s = unix(2030, 4, 14, 23, 31), unix(2030, 4, 15, 6, 0)
    assert commands(sent) == [DelayedCharging(ModeChoice.SMART, start_s, stop_s)]
    assert commands({**sent, "repeat": "1"}) == [DelayedCharging(ModeChoice.SMART, start_s, stop_s, repeat=True)]
    assert commands({**sent, "repeat": "0", "stoptime": ""}) == [DelayedCharging(ModeChoice.SMART, start_s)]


def test_a_form_whose_times_nobody_filled_in_is_a_plain_mode() -> None:
    sent: dict[str, str | None] = {"mode": "1", "starttime": "", "stoptime": "", "repeat": "0"}
    [item] = read(sent)
    assert item.command == ChooseMode(ModeChoice.NORMAL)
    echo = item.row.told(Parameters(sent), Story().snapshot, Dialect.OLDER)
    assert echo == {"mode": "1", "starttime": 0, "stoptime": 0, "repeat": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"starttime": "tomorrow"},
        {"starttime": "2030-02-30T00:00"},
        {"starttime": "2030-04-14 23:31"},
        {"starttime": "2030-04-14T24:00"},
        {"starttime": "2030-04-14T23:31:00"},
        {"starttime": "٢٠٣٠-04-14T23:31"},
        {"starttime": "0000-01-01T00:00"},
        {"starttime": "0001-01-01T00:00", "mode": "9"},
        {"starttime": "2030-04-14T23:31", "stoptime": "later"},
        {"starttime": "2030-04-14T23:31", "repeat": "2"},
        {"stoptime": "2030-04-14T23:31"},
        {"repeat": "1"},
        {"starttime": None},
    ],
)
def test_a_wrong_time_takes_the_whole_wish_with_it(wrong: dict[str, str | None]) -> None:
    sent = {"mode": "1", **wrong}
    [item] = read(sent)
    assert item.command is None
    assert item.row.told_refused(Parameters(sent)) == dict.fromkeys(sent, REFUSED)


@pytest.mark.usefixtures("amsterdam")
def test_the_echo_of_a_start_is_what_the_charger_waits_for() -> None:
    story = Story()
    story.core.handle(WallClock(unix(2030, 4, 14, 12, 0)), 0)
    sent: dict[str, str | None] = {"mode": "1", "starttime": "2030-04-14T23:31"}
    [item] = read(sent)
    assert item.command is not None
    assert story.command(item.command).accepted
    echo = item.row.told(Parameters(sent), story.snapshot, Dialect.OLDER)
    assert echo == {"mode": "1", "starttime": unix(2030, 4, 14, 23, 31)}


@pytest.mark.usefixtures("amsterdam")
def test_a_start_in_the_past_is_a_start_now() -> None:
    story = Story()
    story.core.handle(WallClock(unix(2030, 4, 14, 12, 0)), 0)
    sent: dict[str, str | None] = {"mode": "1", "starttime": "2030-04-14T11:59"}
    [item] = read(sent)
    assert item.command is not None
    assert story.command(item.command).accepted
    assert item.row.told(Parameters(sent), story.snapshot, Dialect.OLDER) == {"mode": "1", "starttime": 0}
    assert story.snapshot.choice is ModeChoice.NORMAL


@pytest.mark.usefixtures("amsterdam")
@pytest.mark.parametrize(
    ("local", "is_at"),
    [
        ("2027-03-28T01:59", (2027, 3, 28, 1, 59)),
        ("2027-03-28T02:30", (2027, 3, 28, 3, 30)),  # the clock jumps from 02:00 to 03:00
        ("2027-03-28T03:00", (2027, 3, 28, 3, 0)),
        ("2027-10-31T02:30", (2027, 10, 31, 2, 30)),  # shown twice: the first
        ("2027-10-31T03:00", (2027, 10, 31, 3, 0)),
    ],
)
def test_local_times_in_both_nights_of_the_changing_clock(local: str, is_at: tuple[int, ...]) -> None:
    assert local_time(Parameters({"starttime": local}), "starttime") == unix(*is_at)


# ---- anything else ----


@given(st.sampled_from(NAMES), st.text(max_size=40) | st.none())
def test_any_text_is_a_command_or_says_what_is_taken(name: str, text: str | None) -> None:
    [item] = read({name: text})
    assert (item.command is None) == bool(item.why)


@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.sampled_from("0123456789-T: x"), max_size=16) | st.none()))
def test_every_parameter_is_answered_once(values: dict[str, str | None]) -> None:
    echo: dict[str, Any] = {}
    for item in read(values):
        told = item.row.told_refused(Parameters(values))
        assert not set(told) & set(echo)
        echo |= told
    assert set(echo) == {
        {"backlight": "Backlight", "max_sum_mains_timer": "max_sum_mains_time"}.get(name, name) for name in values
    }


@given(st.integers(-(10**6), 10**6))
def test_a_duty_is_whole_basis_points_or_refused(pwm: int) -> None:
    with contextlib.suppress(NotTakenError):
        duty = pilot(Parameters({"pwm": str(pwm)}), "pwm").duty
        assert duty == (None if pwm < 0 else pwm * 10)
        assert duty is None or duty <= 10_000
