"""The picture of what flows: directions, numbers and the bottom line, by stories and changed Snapshots."""

from dataclasses import replace

import pytest

from evsed.core.events import ChooseMode
from evsed.core.model import MeterRole, ModeChoice, PhaseCurrents
from evsed.core.screens.flow import LINE_MS, MAINS_MS, STEP_MS
from evsed.core.screens.main import screen
from evsed.core.screens.screen import DOT_STEPS, Direction, Flow
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import State
from tests.core.story import Story, settings
from tests.lcd_scenes import AROUND, NOW, SCENES, empty, metered, plugged, waits


def flow(snapshot: Snapshot, later: int = 0) -> Flow:
    shown = screen(snapshot, AROUND, snapshot.now + later)
    assert isinstance(shown, Flow)
    return shown


def lines(snapshot: Snapshot) -> list[str]:
    """The bottom line in its turns, from the first one on."""
    turns: list[str] = []
    while (line := flow(snapshot, len(turns) * LINE_MS).line) not in turns:
        turns.append(line)
    return turns


def amps(l1: float, l2: float, l3: float) -> PhaseCurrents:
    return PhaseCurrents(round(l1 * 10), round(l2 * 10), round(l3 * 10))


@pytest.mark.parametrize(
    ("mains", "grid", "shining"),
    [
        (amps(1.2, 0.4, 3.1), Direction.OUT, False),
        (amps(-6.8, -7.6, -4.9), Direction.BACK, True),
        (amps(0.2, 0.1, -0.4), Direction.NONE, False),
        (None, Direction.NONE, False),
    ],
)
def test_the_grid_gives_or_takes_by_the_sum(mains: PhaseCurrents | None, grid: Direction, shining: bool) -> None:
    shown = flow(replace(empty("Solar"), mains=mains))
    assert (shown.grid, shown.shining, shown.sun) == (grid, shining, True)


def test_in_smart_there_is_no_sun() -> None:
    shown = flow(replace(empty("Smart"), mains=amps(-6.8, -7.6, -4.9)))
    assert (shown.grid, shown.shining, shown.sun) == (Direction.BACK, False, False)


def test_the_sun_shines_while_the_car_takes_all_of_it() -> None:
    snapshot = replace(plugged("Solar"), mains=amps(1, 0, 1))
    assert (flow(snapshot).shining, flow(snapshot).grid) == (True, Direction.OUT)
    ev = replace(snapshot.meters[MeterRole.EV], fresh=False)
    unmetered = replace(snapshot, meters={**snapshot.meters, MeterRole.EV: ev})
    assert flow(unmetered).shining is (unmetered.mains is not None and unmetered.mains.total <= 10)
    assert flow(replace(unmetered, mains=amps(0, 0, 1))).shining
    assert not flow(replace(unmetered, mains=amps(1, 1, 1))).shining  # bought: a full car would make the sun shine
    assert not flow(replace(unmetered, mains=amps(0, 0, 1), solar_stop_s=598)).shining
    assert flow(replace(unmetered, mains=amps(-1, 0, -1), solar_stop_s=598)).shining
    assert not flow(replace(unmetered, mains=None)).shining


def test_phases_take_turns_with_their_sum_in_solar() -> None:
    snapshot = replace(plugged("Solar"), mains=amps(-1.4, -2.6, 12.2))
    assert flow(snapshot).mains == ("L1 -1A", "L2 -3A", "L3 12A")
    assert flow(snapshot, MAINS_MS).mains == ("SUM", "8A")
    assert flow(replace(plugged("Smart"), mains=amps(-14, 0, 120)), MAINS_MS).mains == ("L1-14A", "L2  0A", "L3 120")


def test_an_unknown_mains_is_a_question_mark_and_nothing_flows() -> None:
    snapshot = replace(waits(plugged("Smart"), "not_measured"), mains=None)
    shown = flow(snapshot)
    assert (shown.mains, shown.grid, shown.charging) == (("?",), Direction.NONE, Direction.NONE)
    assert {flow(snapshot, later).step for later in range(0, 3_000, STEP_MS)} == {0}


def test_dots_move_while_something_flows_and_come_round() -> None:
    steps = [flow(plugged("Smart"), step * STEP_MS).step for step in range(DOT_STEPS + 1)]
    assert steps == [*range(DOT_STEPS), 0]


def test_dots_go_to_the_car_while_it_draws() -> None:
    snapshot = plugged("Smart")
    assert flow(snapshot).charging is Direction.OUT
    full = replace(snapshot, drawing=(False, False, False))
    assert (flow(full).charging, flow(full).charge) == (Direction.NONE, "16.0A")
    assert flow(waits(snapshot, "stopping", state=State.C1)).charging is Direction.NONE


def test_the_bottom_line_tells_what_is_known() -> None:
    known = metered(plugged("Smart"), 11_040, 12_345)
    assert lines(known) == ["SMART 3P", "CHARGING", "11.0kW", "12.3kWh", "16.0A"]
    assert (flow(known).charge, flow(known).energy) == ("11.0kW", "12.3kWh")
    unknown = replace(plugged("Smart"), charged_wh=None)
    assert lines(unknown) == ["SMART 3P", "CHARGING", "16.0A"]
    assert (flow(unknown).charge, flow(unknown).energy) == ("16.0A", "")


def test_power_that_is_too_old_is_not_shown() -> None:
    snapshot = metered(plugged("Smart"), 11_040, 12_345)
    ev = snapshot.meters[MeterRole.EV]
    for old in (replace(ev, fresh=False), replace(ev, heard=False)):
        assert flow(replace(snapshot, meters={**snapshot.meters, MeterRole.EV: old})).charge == "16.0A"


def test_the_stop_timer_is_shown_while_the_car_charges() -> None:
    snapshot = replace(plugged("Solar"), solar_stop_s=598)
    assert flow(snapshot).countdown == "09:58"
    assert flow(waits(snapshot, "no_sun")).countdown == ""
    assert flow(plugged("Solar")).countdown == ""


@pytest.mark.parametrize(
    ("scene", "turns"),
    [
        ("solar_waiting", ["WAITING", "FOR SOLAR"]),
        ("smart_no_power", ["WAITING", "FOR POWER"]),
        ("solar_ready", ["SOLAR READY"]),
    ],
)
def test_a_wait_takes_turns(scene: str, turns: list[str]) -> None:
    assert lines(SCENES[scene]()[0]) == turns


def test_a_countdown_in_the_bottom_line() -> None:
    snapshot = waits(plugged("Smart"), "charge_delay", left_s=15)
    assert (flow(snapshot).line, flow(snapshot, 1_000).line) == ("READY 15", "READY 14")
    longer = replace(waits(plugged("Solar"), "switching_phases", left_s=299), phases=1, charged_with=3)
    assert lines(longer)[:2] == ["3P -> 1P", "4:57"]


def test_a_session_counts_at_its_own_car() -> None:
    story = Story(Saved(settings=settings(mode="Smart")))
    story.charge()
    assert flow(story.snapshot).energy == "0.0kWh"
    story.run(60)
    charged_wh = story.snapshot.charged_wh
    assert charged_wh is not None
    assert flow(story.snapshot).energy == f"{charged_wh / 1000:.1f}kWh" != "0.0kWh"
    story.unplug()
    story.run(1)
    assert story.snapshot.charged_wh
    assert (flow(story.snapshot).car, flow(story.snapshot).energy) == (False, "")


def test_no_current_stays_when_charging_has_ended() -> None:
    """Known bug 8: the charge current stayed on the display."""
    story = Story(Saved(settings=settings(mode="Smart")))
    story.charge()
    assert flow(story.snapshot).charge == "13.0A"
    story.unit.car.ready = False
    story.run(5)
    shown = flow(story.snapshot)
    assert (shown.charge, shown.charging, shown.line) == ("", Direction.NONE, shown.line.rstrip("A"))


def test_a_story_from_three_phases_to_one() -> None:
    story = Story(Saved(settings=settings(mode="Solar", enable_C2="Auto", current_max=16)))
    story.plant.sun = (12.0, 12.0, 12.0)
    story.charge()
    assert story.snapshot.charged_with == 3
    story.plant.sun = (3.0, 3.0, 3.0)
    told: list[str] = []
    while story.snapshot.phases == 3 or story.state is not State.C:
        story.run(0.25)
        told.append(flow(story.snapshot).line)
        assert story.now < 120_000, story.told()
    changes = [line for line in told if "->" in line]
    assert changes[-1] == "3P -> 1P 1"
    assert {line[:8] for line in changes} == {"3P -> 1P"}
    assert "SOLAR 1P" in lines(story.snapshot)


def test_a_node_shows_what_its_master_says_of_the_mains() -> None:
    node = replace(empty("Smart"), settings=settings(mode="Smart", loadbl="Node 1"), mains=amps(5, 6, 7))
    assert flow(node).mains == ("L1  5A", "L2  6A", "L3  7A")


def test_smart_becomes_normal_words_when_the_mode_changes() -> None:
    story = Story(Saved(settings=settings(mode="Smart")))
    story.run(0.5)
    assert isinstance(screen(story.snapshot, AROUND, NOW), Flow)
    story.command(ChooseMode(ModeChoice.NORMAL))
    assert not isinstance(screen(story.snapshot, AROUND, NOW), Flow)
