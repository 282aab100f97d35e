"""The menu with three keys: simulated buttons, pressed for so and so long, on a whole charger in virtual time."""

from dataclasses import replace

import pytest

from evsed.core.access import chosen
from evsed.core.buttons import Gesture
from evsed.core.events import ChangeSetting, Inputs, PressButton
from evsed.core.menu import custom_meter
from evsed.core.menu_walk import PINS, TIMEOUT_MS, stride_of
from evsed.core.model import Access, MeterType, Mode
from evsed.core.panel_view import EXIT
from evsed.core.setting import Value
from evsed.core.settings import TABLE
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.keys import FULL, HOSTS, LEFT, MIDDLE, RIGHT, Keys, keys
from tests.core.story import settings

MODES = ("Normal", "Smart", "Solar")
ON_THE_MENU = [key for key, row in TABLE.items() if row.lcd_name]
_OF_A_CUSTOM_METER = [key for key in ON_THE_MENU if TABLE[key].shown is custom_meter]
NEEDED: dict[str, dict[str, object]] = {
    "grid": {"mode": "Smart", "mains_meter": "Sensorbox"},
    "sb2_wifi": {"mode": "Smart", "mains_meter": "Sensorbox"},
    "mains_meter_host": {"mode": "Smart", "mains_meter": "Homewizrd"},
    "circuit_meter_host": {"mode": "Smart", "circuit_meter": "Homewizrd"},
    "ev_meter_host": {"mode": "Smart", "ev_meter": "Homewizrd"},
    "circuit_meter_address": {"mode": "Smart", "circuit_meter": "Eastron3P"},
    "current_max_circuit": {"mode": "Smart", "circuit_meter": "Eastron3P"},
    "max_sum_mains_time": {"current_max_sum_mains": 599},
    **{key: {"mode": "Solar"} for key in ("solar_start_current", "solar_stop_time", "solar_max_import")},
    **{key: {"mode": "Smart"} for key in ("mains_meter", "mains_meter_address", "circuit_meter", "enable_C2")},
    **{key: {"mode": "Smart"} for key in ("ev_meter", "ev_meter_address")},
    **{key: {"mode": "Smart", "ev_meter": "Custom"} for key in _OF_A_CUSTOM_METER},
}
"""What else has to be chosen in the menu before an item shows, whatever the mode in force."""


def other(key: str, value: Value) -> Value:
    """A value beside ``value``."""
    row = TABLE[key]
    if row.is_text:
        return HOSTS[0]
    if key in PINS:
        return 4711
    if row.choices:
        return next(choice for choice in row.choices if choice != value)
    return int(value) + (1 if int(value) < row.maximum else -1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("key", ON_THE_MENU)
def test_every_setting_can_be_reached_and_changed_in_every_mode(key: str, mode: str) -> None:
    story = keys(mode=mode, mains_meter_address=20, current_max_circuit=20)
    story.open_menu()
    for name, value in NEEDED.get(key, {}).items():
        if story.draft[name] != TABLE[name].parse(value):
            story.choose(name, value)
    wanted = other(key, story.draft[key])
    if key == "mode":
        wanted = TABLE["mode"].parse(MODES[(MODES.index(mode) + 1) % 3])
    story.choose(key, wanted)
    if key not in {"mode", "ev_meter", "mains_meter", "circuit_meter"} and "mode" in NEEDED.get(key, {}):
        story.choose("mode", mode)
    story.leave()
    assert story.menu is None
    stays = wanted if TABLE[key].kept else 0
    assert story.core.desk.settings[key] == stays
    assert story.core.saved.settings[key] == stays


@pytest.mark.parametrize("mode", MODES)
def test_a_walk_through_the_whole_menu_shows_what_the_table_says_and_comes_round(mode: str) -> None:
    story = keys(mode=mode)
    story.open_menu()
    seen: list[str] = []
    while not seen or story.item != seen[0]:
        seen.append(story.item)
        story.short(RIGHT)
    in_force = story.core.desk.settings
    assert seen == [*(key for key in ON_THE_MENU if TABLE[key].shown(in_force, FULL)), EXIT]
    story.short(LEFT, len(seen))
    assert story.item == seen[0]


@pytest.mark.parametrize("held_ms", [1_950, 2_050])
def test_the_middle_button_opens_the_menu_after_two_seconds_and_not_before(held_ms: int) -> None:
    story = keys()
    story.run(0.1)
    story.hold(MIDDLE, held_ms)
    assert (story.menu is not None) is (held_ms > 2_000)


@pytest.mark.parametrize("held_ms", [1_950, 2_050])
def test_left_stops_charging_after_two_seconds_and_not_before(held_ms: int) -> None:
    story = keys()
    story.charge()
    story.hold(LEFT, held_ms)
    story.run(1.5)
    stopped = held_ms > 2_000
    assert (story.core.desk.access is Access.DENY, story.state is State.C) == (stopped, not stopped)


@pytest.mark.parametrize("held_ms", [1_950, 2_050])
@pytest.mark.parametrize("mode", MODES)
def test_right_grants_access_in_the_mode_set_before_after_two_seconds_and_not_before(mode: str, held_ms: int) -> None:
    story = Keys(Saved(settings=settings(mode=mode), access=Access.DENY))
    story.run(0.1)
    story.hold(RIGHT, held_ms)
    assert (story.core.desk.access is Access.ALLOW) is (held_ms > 2_000)
    assert story.snapshot.mode is Mode[mode.upper()]


@pytest.mark.parametrize(("mode", "then"), [("Normal", Mode.NORMAL), ("Smart", Mode.SOLAR), ("Solar", Mode.SMART)])
def test_left_pressed_shorter_changes_between_smart_and_solar_only(mode: str, then: Mode) -> None:
    story = keys(mode=mode)
    story.run(0.1)
    story.hold(LEFT, 1_950)
    assert (story.snapshot.mode, story.core.desk.access) == (then, Access.ALLOW)


def test_while_a_button_is_held_it_is_told_and_no_longer() -> None:
    story = keys()
    story.run(0.1)
    story.unit.press(RIGHT, 2_500, story.now)
    story.run(0.1)
    assert story.snapshot.panel.holding is RIGHT
    story.run(2)
    assert story.snapshot.panel.holding is None


def test_a_remote_button_that_is_held_long_enough_says_that_it_waits_for_its_release() -> None:
    story = keys()
    story.command(PressButton(MIDDLE, pressed=True, client="x"))
    story.run(1)
    assert (story.snapshot.panel.holding, story.snapshot.panel.ripe) == (MIDDLE, False)
    story.run(1.1)
    assert (story.snapshot.panel.holding, story.snapshot.panel.ripe) == (MIDDLE, True)
    story.command(PressButton(MIDDLE, pressed=False, client="x"))
    story.run(0.1)
    assert (story.snapshot.panel.holding, story.item) == (None, "mode")


def test_nothing_is_in_force_before_exit_and_two_minutes_without_a_key_leave_without_storing() -> None:
    story = keys()
    before = story.core.desk.settings
    story.open_menu()
    story.choose("current_max", 15)
    story.run(TIMEOUT_MS / 1000 - 1)
    assert (story.item, story.core.desk.settings) == ("current_max", before)
    story.short(RIGHT)  # a key: the two minutes begin anew
    story.run(TIMEOUT_MS / 1000 - 1)
    assert story.menu is not None
    story.run(2)
    assert (story.menu, story.core.desk.settings) == (None, before)
    story.open_menu()
    assert story.draft == before


def test_exit_says_why_it_stores_nothing_and_stays() -> None:
    story = keys(mains_meter=0)
    story.open_menu()
    story.choose("mode", "Smart")
    story.leave()
    assert story.menu is not None
    assert "mains meter" in story.menu.told
    assert story.core.desk.settings.mode == Mode.NORMAL
    story.choose("mains_meter", "Eastron3P")
    assert story.menu.told == ""
    story.leave()
    assert (story.menu, story.core.desk.settings.mode) == (None, Mode.SMART)


def test_the_press_that_leaves_the_menu_does_not_open_it_again_and_none_of_the_menus_stops_charging() -> None:
    story = keys()
    story.charge()
    story.open_menu()
    story.hold(LEFT, 2_500)
    assert (story.core.desk.access, story.menu is not None) == (Access.ALLOW, True)
    story.go(EXIT)
    story.hold(MIDDLE, 2_500)
    assert (story.menu, story.snapshot.panel.holding, story.state) == (None, None, State.C)


def test_a_held_key_runs_to_the_end_of_the_range_and_a_press_goes_over_it() -> None:
    story = keys()
    story.open_menu()
    story.go("current_max")
    story.short(MIDDLE)
    story.hold(RIGHT, 12_000)
    assert story.draft.current_max == 80
    story.short(RIGHT)
    assert story.draft.current_max == 6
    story.short(LEFT)
    assert story.draft.current_max == 80
    story.short(MIDDLE)
    story.go("led_mode")
    story.short(MIDDLE)
    story.hold(RIGHT, 3_000)
    assert story.draft.led_mode == 1
    story.hold(LEFT, 3_000)
    assert story.draft.led_mode == 0


def test_a_register_of_five_digits_is_reached_within_a_quarter_of_a_minute() -> None:
    assert [stride_of(TABLE["voltage_register"], ms) for ms in (0, 3_000, 6_000, 9_000)] == [1, 10, 100, 1_000]
    assert [stride_of(TABLE["current_max"], ms) for ms in (0, 30_000)] == [1, 1]
    story = keys(mode="Smart", ev_meter="Custom")
    story.open_menu()
    story.go("voltage_register")
    story.short(MIDDLE)
    story.hold(RIGHT, 15_000)
    assert story.draft.voltage_register > 40_000


def test_the_lock_closes_the_menu_and_leaves_light_and_reset() -> None:
    story = keys()
    story.open_menu()
    assert story.command(ChangeSetting("lcdlock", 1)).accepted
    story.short(RIGHT)
    assert story.menu is None
    story.hold(MIDDLE, 2_100)
    assert (story.menu, story.snapshot.backlight_s > 0) == (None, True)


def test_settings_that_change_from_outside_show_in_the_menu_and_stay_when_it_stores() -> None:
    story = keys(mode="Solar")
    story.open_menu()
    story.go("solar_stop_time")
    story.short(MIDDLE)
    story.short(RIGHT)
    assert story.command(ChangeSetting("mode", "Smart")).accepted
    story.run(0.1)
    assert story.menu is not None
    assert (story.item, story.menu.editing, story.draft.mode) == ("enable_C2", False, Mode.SMART)
    story.short(LEFT)
    assert story.item == "current_max"
    story.leave()
    assert (story.core.desk.settings.solar_stop_time, story.snapshot.mode) == (11, Mode.SMART)


def test_what_was_changed_and_changed_back_is_not_stored_again() -> None:
    story = keys()
    story.open_menu()
    story.choose("current_max", 14)
    story.choose("current_max", 13)
    story.leave()
    assert story.menu is None
    assert not [note for note in story.notes() if "menu" in note]


def test_hosts_come_from_the_lan_and_a_configured_one_stays_among_them() -> None:
    story = keys(mode="Smart", mains_meter="Homewizrd", mains_meter_host="meter.local")
    story.open_menu()
    story.go("mains_meter_host")
    story.short(MIDDLE)
    seen = []
    for _ in range(4):
        seen.append(story.draft.mains_meter_host)
        story.short(RIGHT)
    assert seen == ["meter.local", "", *HOSTS]


def test_a_press_that_began_before_the_menu_is_none_of_its_keys() -> None:
    story = keys()
    story.run(0.1)
    story.unit.press(MIDDLE, 2_100, story.now)
    story.run(0.5)
    story.command(PressButton(RIGHT, pressed=True, client="x"))
    story.run(3)
    assert story.item == "mode"
    story.command(PressButton(RIGHT, pressed=False, client="x"))
    story.run(0.1)
    assert story.item == "mode"


def test_a_reset_of_a_residual_current_fault_is_no_key_of_the_menu() -> None:
    story = keys(rcmon=1)
    story.charge()
    story.unit.rcm = True
    story.run(0.5)
    story.open_menu()
    story.unit.rcm = False
    story.run(0.2)
    story.hold(RIGHT, 1_000)
    assert (story.reason != "rcm", story.item) == (True, "mode")


def test_the_middle_button_chooses_no_mode() -> None:
    assert [chosen(MIDDLE, gesture, Mode.SMART, Access.ALLOW) for gesture in Gesture] == [None] * 4


def test_a_car_that_is_plugged_in_or_out_lights_the_display() -> None:
    story = keys()
    story.run(0.1)
    assert story.snapshot.backlight_s == 0
    story.plug()
    story.run(0.1)
    assert story.snapshot.backlight_s == 120
    story.run(130)
    story.unplug()
    story.run(0.1)
    assert story.snapshot.backlight_s == 120


def test_no_buttons_to_be_read_leave_the_menu_open_until_its_time_is_over() -> None:
    story = keys()
    story.open_menu()
    looked = story.looked

    def blind(inputs: Inputs) -> Inputs:
        return replace(looked(inputs), buttons=None)

    story.looked = blind  # type: ignore[method-assign]
    story.run(119)
    assert story.menu is not None
    story.run(2)
    assert story.menu is None


def test_settings_table_fits_the_menu() -> None:
    assert all(len(TABLE[key].lcd_name) <= 9 for key in ON_THE_MENU)
    assert MeterType.CUSTOM in TABLE["mains_meter"].choices
