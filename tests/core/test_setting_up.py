"""The first run: nothing charges before the installer has said Done, and what is left to do is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from evsed.core.actions import Pilot
from evsed.core.events import (
    Button,
    ChangeSetting,
    ChangeSettings,
    ChooseMode,
    Command,
    EraseSettings,
    OverridePilot,
    PressButton,
)
from evsed.core.faults import Fault
from evsed.core.led import blink, light
from evsed.core.model import Access, Equipment, MeterRole, ModeChoice
from evsed.core.reasons import NO_BOARD, NOT_SET_UP
from evsed.core.setting_up import Step, left_to_do
from evsed.core.settings import TABLE
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.bench import V6, V9, Bench, configured
from tests.core.club import Club
from tests.core.machine import commands
from tests.core.story import Story, settings

REAL = Equipment(rcm_test=True, needs_set_up=True)
UNKNOWN = Equipment(needs_set_up=True, described=False)


def fresh(equipment: Equipment = REAL, **given: object) -> Story:
    """A charger as it is after its installation."""
    story = Story(Saved(settings=settings(**({"set_up": "Not done"} | given))))
    story.equipment = equipment
    story.restart()
    return story


def steps(
    equipment: Equipment = REAL, given: dict[str, object] | None = None, *, mains_answers: bool = True
) -> dict[str, Step]:
    found = left_to_do(settings(**({"set_up": 0} | (given or {}))), equipment, mains_answers=mains_answers)
    return {step.code: step for step in found}


# ---- nothing charges ----


@pytest.mark.parametrize("mode", ["Normal", "Smart", "Solar"])
def test_nothing_is_offered_before_set_up_is_done_and_then_it_charges(mode: str) -> None:
    story = fresh(mode=mode, enable_C2="Always On")
    story.plant.sun = (20.0, 20.0, 20.0)
    story.run(1)
    story.plug()
    story.command(ChooseMode(ModeChoice[mode.upper()]))
    story.run(60)
    assert (story.state, story.reason, story.closings()) == (State.B1, "not_set_up", 0)
    assert not story.core.outputs.contactor1
    assert story.command(ChangeSetting("set_up", "Done")).accepted
    story.run_until(lambda: story.unit.current[0] > 0, 120)
    assert (story.reason, story.snapshot.left_to_do) == ("", ())


not_done = commands.filter(
    lambda command: (
        not (
            (isinstance(command, ChangeSetting) and command.key == "set_up")
            or (isinstance(command, ChangeSettings) and any(key == "set_up" for key, _ in command.changes))
        )
    )
)


@effort(max_examples=60, deadline=None)
@given(
    asked=st.lists(not_done, max_size=20), high=st.sampled_from((V6, V9)), equipment=st.sampled_from((REAL, UNKNOWN))
)
def test_whatever_is_asked_for_nothing_closes_before_set_up_is_done(
    asked: list[Command], high: int, equipment: Equipment
) -> None:
    bench = Bench(Saved(settings=configured(rcmon=0)), equipment)
    bench.cycle()
    bench.high = V9
    bench.run(300, 20)
    for command in (*asked, ChooseMode(ModeChoice.NORMAL)):
        bench.command(command)
        bench.high = high
        bench.run(1_000, 50)
        assert bench.outputs.pilot.kind is not Pilot.PWM
    assert bench.closings() == 0


def test_a_charger_that_needs_no_set_up_charges_without() -> None:
    story = fresh(Equipment(rcm_test=True))
    assert story.snapshot.left_to_do == ()
    story.charge()
    assert story.state is State.C


def test_erasing_makes_a_real_charger_stop_in_order_and_ask_to_be_set_up_again() -> None:
    story = fresh(set_up="Done")
    story.charge()
    begun = story.now
    assert story.command(EraseSettings()).accepted
    story.run_until(lambda: story.state is State.B1, 10)
    assert story.opened_within(begun, 6_100)
    story.command(ChooseMode(ModeChoice.NORMAL))
    story.run(30)
    assert (story.reason, story.closings()) == ("not_set_up", 1)


def test_a_charger_that_is_told_not_done_while_it_charges_stops_in_order() -> None:
    story = fresh(set_up="Done")
    story.charge()
    assert story.command(ChangeSetting("set_up", "Not done")).accepted
    story.run(0.1)
    assert (story.state, story.core.outputs.contactor1) == (State.C1, True)
    story.run(10)
    assert (story.state, story.core.outputs.contactor1) == (State.B1, False)


def test_the_pilot_is_not_driven_by_hand_before() -> None:
    story = fresh()
    story.pilot_unlocked = True
    story.restart()
    story.run(0.5)
    assert "not set up yet" in story.command(OverridePilot(500)).refused
    assert story.command(OverridePilot(None)).accepted


def test_nodes_do_not_charge_by_the_limits_of_a_master_that_is_not_set_up() -> None:
    club = Club(2)
    club.plug(1)
    club.run(60)
    assert club.cores[1].charger.state is State.C
    club.cores[0].desk.equipment = replace(club.cores[0].desk.equipment, needs_set_up=True)
    assert club.cores[0].command(ChangeSetting("set_up", "Not done"), club.now).accepted
    club.run(20)
    assert (club.cores[1].charger.state, Fault.METER_LOST in club.cores[1].faults) == (State.B1, True)


# ---- who may say so ----


def test_from_afar_only_the_installer_says_done() -> None:
    assert TABLE["set_up"].installer
    story = fresh()
    story.run(0.5)
    story.core.desk.panel.menu.open(story.now, here=False)

    def press(button: Button) -> None:
        for pressed in (True, False):
            story.command(PressButton(button, pressed))
            story.run(0.1)

    press(Button.LEFT)
    press(Button.LEFT)
    menu = story.snapshot.panel.menu
    assert menu is not None
    assert menu.key == "set_up"
    press(Button.MIDDLE)
    menu = story.snapshot.panel.menu
    assert menu is not None
    assert (menu.editing, menu.told) == (False, "Only at the unit, or with the installer's PIN")


# ---- what is told ----


def test_what_is_left_comes_before_no_car_and_access_and_after_real_faults() -> None:
    story = fresh()
    story.run(1)
    assert (story.state, story.reason, story.snapshot.state_text) == (State.A, "not_set_up", "Not set up")
    story.command(ChooseMode(ModeChoice.OFF))
    story.run(0.1)
    assert story.snapshot.reason == NOT_SET_UP
    story.unit.temperature = 90
    story.run(0.1)
    assert story.reason == "temperature"


def test_the_led_does_not_say_ready() -> None:
    story = fresh()
    story.run(1)
    assert light(story.snapshot, 0) == (0, blink(0), 0)
    assert light(story.snapshot, 1_000) == (0, 0, 0)


def test_of_a_board_that_nobody_described_nothing_is_known_and_nothing_made_up() -> None:
    story = fresh(UNKNOWN, lock="Motor", enable_C2="Auto")
    story.samples = False
    story.unit.temperature = 25
    before = story.core.desk.settings
    story.run(60)
    snapshot = story.snapshot
    assert (snapshot.reason, snapshot.faults, snapshot.described) == (NO_BOARD, (), False)
    assert (snapshot.pilot_high_mv, snapshot.temperature_c, snapshot.locked, snapshot.cable) == (None, None, None, 0)
    assert (snapshot.settings, snapshot.access) == (before, Access.ALLOW)
    assert "[board]" in story.command(ChangeSetting("set_up", "Done")).refused
    assert story.command(ChangeSetting("lock", "Solenoid")).accepted
    assert (snapshot.left_to_do[0].code, snapshot.left_to_do[0].done) == ("board", False)


def test_where_there_is_no_board_the_menu_is_walked_from_afar() -> None:
    story = fresh(UNKNOWN)
    story.samples = False
    story.run(0.5)
    story.command(PressButton(Button.MIDDLE, True))
    story.run(2.5)
    story.command(PressButton(Button.MIDDLE, False))
    story.run(0.1)
    assert story.snapshot.panel.menu is not None
    story.run(130)
    assert story.snapshot.panel.menu is None


def test_a_charger_in_use_whose_description_is_gone_keeps_its_settings_and_charges_nothing() -> None:
    story = fresh(UNKNOWN, set_up="Done")
    story.run(1)
    assert (story.reason, story.core.desk.settings.set_up, story.core.desk.set_up) == ("not_set_up", 1, False)
    assert story.command(ChangeSetting("current_max", 16)).accepted
    assert story.command(ChangeSetting("set_up", "Not done")).accepted
    assert not story.command(ChangeSetting("set_up", "Done")).accepted


def test_a_board_that_is_described_again_charges_at_once_where_done_stayed() -> None:
    story = fresh(UNKNOWN, set_up="Done")
    story.run(1)
    story.equipment = REAL
    story.restart()
    story.plug()
    story.run(20)
    assert story.state is State.C


# ---- the list ----


def test_the_list_is_in_the_order_of_work() -> None:
    about_parts = ["board", "config", "max", "mains", "mains_meter", "contactor2", "residual_current"]
    assert [*steps()] == [*about_parts, "bench", "trial", "set_up"]
    assert [step.done for step in steps().values()] == [True, None, None, None, True, None, None, None, None, False]


def test_what_needs_set_up_done_is_tried_without_mains_and_undone_before_the_signature() -> None:
    for rcmon in ("Disabled", "Enabled"):
        found = steps(given={"rcmon": rcmon})
        assert "charg" not in found["residual_current"].text
        assert "before anything charges" in found["bench"].text
        trial = found["trial"].text
        assert trial.index("no mains") < trial.index("SET UP to Done") < trial.index("back to Not done")


def test_the_monitor_can_be_tested_before_anything_charges() -> None:
    story = fresh(rcmon="Enabled")
    story.run(1)
    story.unit.rcm = True
    story.run(1)
    assert (story.reason, story.closings()) == ("rcm", 0)


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        ({"lock": "Motor"}, "config", "CONFIG is Socket, LOCK is Motor"),
        ({"config": "Fixed", "lock": "Motor"}, "config", "CONFIG is Fixed: the cable"),
        ({"current_max": 32}, "max", "MAX is 32 A"),
        ({"loadbl": "Master", "current_max_circuit": 40}, "circuit", "CIRCUIT is 40 A"),
        ({"circuit_meter": "Eastron3P"}, "circuit", "CIRCUIT is 16 A"),
        ({"current_main": 35}, "mains", "MAINS is 35 A"),
        ({"mains_meter": "Disabled"}, "mains", "No mains meter"),
        ({"loadbl": "Node 1"}, "mains", "on the master"),
        ({"enable_C2": "Auto"}, "contactor2", "CONTACT 2 is Auto"),
        ({"rcmon": "Disabled"}, "residual_current", "type B"),
        ({"rcmon": "Enabled"}, "residual_current", "the LCD show a residual current"),
    ],
)
def test_the_list_says_what_is_to_be_looked_at(given: dict[str, object], code: str, says: str) -> None:
    step = steps(given=given)[code]
    assert (says in step.text, step.done) == (True, None)


@pytest.mark.parametrize("given", [{}, {"loadbl": "Node 1"}, {"loadbl": "Node 1", "circuit_meter": "Eastron3P"}])
def test_a_circuit_that_is_not_limited_here_is_not_in_the_list(given: dict[str, object]) -> None:
    assert "circuit" not in steps(given=given)


@pytest.mark.parametrize(("code", "item"), [("mains", "MAINS MET"), ("contactor2", "CONTACT 2")])
def test_the_list_says_when_the_menu_hides_what_it_asks_for(code: str, item: str) -> None:
    told = f"({item} is in the menu while MODE is Smart or Solar)"
    assert told in steps(given={"mode": "Normal", "mains_meter": "Disabled"})[code].text
    assert told not in steps(given={"mode": "Smart", "mains_meter": "Disabled"})[code].text


@pytest.mark.parametrize("given", [{"mains_meter": "Disabled"}, {"loadbl": "Node 1"}])
def test_a_meter_that_is_not_asked_is_not_in_the_list(given: dict[str, object]) -> None:
    assert "mains_meter" not in steps(given=given)


def test_what_the_software_knows_is_done_or_not() -> None:
    assert steps(mains_answers=False)["mains_meter"].done is False
    assert steps(replace(REAL, contactor2=False))["contactor2"].done is True
    assert steps(replace(UNKNOWN, contactor2=False))["contactor2"].done is None
    assert steps(replace(REAL, rcm=False))["residual_current"].done is False
    assert steps(replace(REAL, rcm=False), {"rcmon": 0})["residual_current"].done is None


def test_the_meter_is_looked_at() -> None:
    story = fresh()
    story.mains_answers = False
    story.run(1)
    assert {step.code: step.done for step in story.snapshot.left_to_do}["mains_meter"] is False
    story.mains_answers = True
    story.run(1)
    assert story.snapshot.meters[MeterRole.MAINS].fresh
    assert {step.code: step.done for step in story.snapshot.left_to_do}["mains_meter"] is True
