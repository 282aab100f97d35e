"""Power sharing in the modes: what the house and the sun leave, and whose choice of mode counts."""

import pytest

from evsed.core.events import ChangeSetting, ChooseMode
from evsed.core.faults import Fault
from evsed.core.member import LOOKS
from evsed.core.model import ModeChoice
from evsed.core.states import State
from evsed.core.watches import CIRCUIT_LOST_MS
from evsed.core.wire import NodeSilent
from tests.core.club import Club, full

# ---- modes ----


def test_the_masters_mode_reaches_the_nodes() -> None:
    club = Club(3)
    club.run(2)
    assert club.cores[0].command(ChooseMode(ModeChoice.SMART), club.now).accepted
    club.run(2)
    assert club.modes == [1, 1, 1]


def test_a_nodes_mode_reaches_the_master_and_the_others() -> None:
    club = Club(3)
    club.run(2)
    assert club.cores[2].command(ChooseMode(ModeChoice.SOLAR), club.now).accepted
    club.run(2)
    assert club.modes == [2, 2, 2]


def test_a_masters_own_switch_decides_for_the_nodes() -> None:
    club = Club(2, {"switch": 4})
    club.run(2)
    mode = club.modes[0]
    other = ModeChoice.SOLAR if mode != 2 else ModeChoice.SMART
    assert club.cores[1].command(ChooseMode(other), club.now).accepted
    club.run(2)
    assert club.modes == [mode, mode]


def test_a_node_that_comes_back_with_another_mode_follows() -> None:
    """One that was away says what was stored, which is nobody's wish: a reset node made the whole group charge."""
    club = Club(2, {"mode": 2})
    club.run(2)
    club.dead.add(1)
    club.run(30)
    club.cores[1].command(ChangeSetting("mode", "Normal"), club.now)
    club.restart(1)
    club.run(4)
    assert club.modes == [2, 2]


def test_smart_leaves_the_house_what_it_takes() -> None:
    club = Club(2, {"mode": 1, "current_main": 25}, circuit=400)
    club.plug(0, 1)
    club.run(60)
    assert sum(club.drawn) == pytest.approx(24, abs=1.5)
    club.plant.house = (9.0, 1.0, 1.0)
    club.run(6)
    assert sum(club.drawn) <= 16
    club.run(60)
    assert sum(club.drawn) == pytest.approx(16, abs=1.5)
    club.plant.house = (1.0, 1.0, 1.0)
    club.run(90)
    assert sum(club.drawn) == pytest.approx(24, abs=1.5)


def test_sum_mains_holds_for_the_group() -> None:
    club = Club(2, {"mode": 1, "current_main": 50, "current_max_sum_mains": 60}, circuit=400)
    club.plug(0, 1)
    club.run(90)
    assert 3 * sum(club.drawn) + 3 == pytest.approx(60, abs=4)


def test_a_circuit_meter_holds_for_the_group() -> None:
    club = Club(2, {"mode": 1, "current_main": 60, "circuit_meter": 4, "current_max_circuit": 25}, circuit=250)
    club.circuit_house = (7.0, 0.0, 0.0)
    club.plug(0, 1)
    club.run(90)
    assert sum(club.drawn) == pytest.approx(18, abs=1.5)


def test_the_grid_relay_limits_the_group() -> None:
    club = full(2, switch=5)
    assert club.offers == [80, 80]
    club.relay_closed = False
    club.run_until(lambda: len(club.charging) == 1, 20)
    assert sum(club.offers) <= 60


def test_a_relay_that_leaves_less_than_min_still_lets_one_car_charge_like_a_charger_that_is_alone() -> None:
    club = Club(2, {"switch": 5, "current_min": 8}, relay_closed=False)
    club.plug(0, 1)
    club.run_until(lambda: len(club.charging) == 1, 60)
    assert sum(club.offers) == 60


def test_a_node_that_waits_for_its_master_and_is_made_the_master_charges() -> None:
    club = Club(2)
    club.run(5)
    club.plug(1)
    club.run_until(lambda: club.states[1] is State.COMM_C, 30)
    club.dead.add(0)
    club.cores[1].command(ChangeSetting("loadbl", "Master"), club.now)
    club.run(0.1)
    for node in range(1, 8):
        for _ in range(LOOKS):
            club.handle(1, NodeSilent(node))
    club.run_until(lambda: 1 in club.charging, 30)


def test_a_lost_mains_meter_means_min_and_then_stop_for_all() -> None:
    club = Club(2, {"mode": 1, "current_main": 25}, circuit=400)
    club.plug(0, 1)
    club.run(60)
    club.mains_answers = False
    club.run(7)
    assert club.offers == [60, 60]
    club.run(5)
    assert club.charging == []
    for index in (0, 1):
        assert club.reason(index) == Fault.METER_LOST.value.code
        assert club.snapshot(index).error is Fault.METER_LOST
    club.mains_answers = True
    club.run_until(lambda: len(club.charging) == 2, 90)


def test_a_lost_circuit_meter_means_stop_for_all() -> None:
    """The master stopped for it, and its nodes went on with nobody watching the circuit."""
    club = Club(2, {"mode": 1, "circuit_meter": "API", "current_main": 40}, circuit=320)
    club.circuit_house = (7.0, 0.0, 0.0)
    club.run(2)
    club.plug(0, 1)
    club.run_until(lambda: len(club.charging) == 2, 60)
    club.circuit_house = None
    club.run(CIRCUIT_LOST_MS / 1000 + 5)
    assert club.charging == []
    assert club.reason(1) == Fault.METER_LOST.value.code


def test_with_a_silent_mains_meter_nobody_joins_in_normal() -> None:
    """Those who waited for room were let in as soon as nobody knew any more whether there is any."""
    club = Club(6, {"mode": 0, "current_main": 25}, circuit=400)
    club.run(2)
    club.plug(*range(6))
    club.run(100)
    assert len(club.charging) == 4
    club.mains_answers = False
    for _ in range(12):
        club.run(10)
        assert len(club.charging) <= 4
        assert sum(club.offers) <= 250


def test_a_silent_circuit_meter_lifts_no_mains_limit() -> None:
    club = Club(6, {"mode": 0, "current_main": 25, "circuit_meter": "API"}, circuit=400, cycle_ms=100)
    club.circuit_house = (0.0, 0.0, 0.0)
    club.run(2)
    club.plug(*range(6))
    club.run(100)
    assert len(club.charging) == 4
    club.circuit_house = None
    club.unplug(club.charging[0])
    for _ in range(600):
        club.run(0.1)
        assert max(club.plant.mains) <= 25.5


def test_with_a_silent_meter_one_begins_in_normal() -> None:
    club = Club(3, {"mode": 0, "current_main": 25}, circuit=400)
    club.mains_answers = False
    club.run(20)
    club.plug(0, 1, 2)
    club.run(60)
    assert len(club.charging) == 1


def test_without_a_mains_meter_its_limit_is_nobodys() -> None:
    """As on a charger that is alone: Normal goes by CIRCUIT, which the installer has set for that."""
    club = Club(2, {"mode": 0, "current_main": 10, "mains_meter": "Disabled"}, circuit=320)
    club.run(2)
    club.plug(0, 1)
    club.run(60)
    assert club.offers == [160, 160]


def test_a_mains_limit_holds_for_the_sum_before_it_is_measured() -> None:
    club = Club(2, {"mode": 0, "current_main": 10, "normal_without_meter": "Keep"}, circuit=320)
    club.mains_answers = False
    club.plug(0, 1)
    for _ in range(60):
        club.run(1)
        assert sum(club.offers) <= 100


def test_a_mode_change_ends_the_wait_of_who_was_shed() -> None:
    club = full(3, circuit=400, current_main=25, mode="Smart")
    for pause_s in (75, 0):
        club.plant.house = (12.0, 1.0, 1.0)
        club.run(20)
        club.plant.house = (1.0, 1.0, 1.0)
        club.run(pause_s)
    assert len(club.charging) < 3
    assert max(club.member(index).not_before for index in range(3)) > club.now + 60_000
    assert club.cores[0].command(ChooseMode(ModeChoice.NORMAL), club.now).accepted
    club.run_until(lambda: len(club.charging) == 3, 50)


# ---- sun ----


def test_a_node_begins_with_sun_for_three_phases_whatever_the_masters_own_car_uses() -> None:
    club = Club(2, {"mode": 2, "current_main": 60, "solar_stop_time": 10}, circuit=400, cycle_ms=100)
    club.plant.units[0].car.phases = 1
    club.plant.house, club.plant.sun = (0.0, 0.0, 0.0), (6.0, 6.0, 6.0)  # 18 A: 4 + 3 x 6 would be needed
    club.run(2)
    club.plug(0)
    club.run(150)
    assert club.charging == [0]
    club.plug(1)
    for _ in range(6):
        club.run(20)
        assert club.charging == [0]
    assert club.reason(1) == "no_sun"


def test_three_cars_in_the_sun() -> None:
    club = Club(
        3, {"mode": 2, "current_main": 40, "solar_start_current": 4, "solar_stop_time": 1}, circuit=400, cycle_ms=100
    )
    club.plant.house = (0.0, 0.0, 0.0)
    club.run(2)
    club.plug(0, 1, 2)
    club.run(30)
    assert club.charging == []
    assert {club.reason(index) for index in range(3)} == {Fault.NO_SUN.value.code}
    club.plant.sun = (8.0, 8.0, 8.0)
    club.run(60)
    assert len(club.charging) == 1
    club.plant.sun = (24.0, 24.0, 24.0)
    club.run(90)
    assert len(club.charging) == 3
    club.run(120)
    assert sum(club.drawn) == pytest.approx(24, abs=2)
    club.plant.sun = (13.0, 13.0, 13.0)
    club.run(30)
    assert len(club.charging) == 3, "a cloud"
    club.run(70)
    assert len(club.charging) == 2
    club.plant.sun = (0.0, 0.0, 0.0)
    club.run(150)
    assert club.charging == []


def test_one_who_waits_for_sun_is_not_taken_in_by_cars_that_stop() -> None:
    """Without EV meters their stop shows in the mains before it is heard of: for a moment the sun looks larger."""
    given = {"mode": 2, "current_main": 40, "ev_meter": "Disabled", "solar_stop_time": 2}
    club = Club(4, given, circuit=400, metered=False, cycle_ms=100)
    club.plant.house, club.plant.sun = (0.0, 0.0, 0.0), (19.5, 19.5, 19.5)
    club.run(2)
    club.plug(0, 1, 2)
    club.run_until(lambda: len(club.charging) == 3, 120)
    club.plug(3)
    club.run(60)
    assert club.charging == [0, 1, 2]
    club.plant.sun = (7.5, 7.5, 7.5)
    club.run_until(lambda: len(club.charging) == 1, 160)
    stays = club.charging
    club.run(180)
    assert club.charging == stays
    assert club.closings(3) == 0


def test_in_the_sun_a_car_gets_min_for_its_first_40_s() -> None:
    club = Club(2, {"mode": 2, "current_main": 40}, circuit=400)
    club.plant.house, club.plant.sun = (0.0, 0.0, 0.0), (30.0, 30.0, 30.0)
    club.run(2)
    club.plug(0)
    club.run(120)
    assert club.offers[0] > 100
    club.plug(1)
    club.run_until(lambda: 1 in club.charging, 40)
    begun = club.now
    while club.now < begun + 34_000:
        club.step()
        assert club.offers[1] <= 60
    club.run_until(lambda: club.offers[1] > 60, 30)


# ---- meters ----


@pytest.mark.parametrize("mode", [0, 1])
def test_without_ev_meters_they_share_too(mode: int) -> None:
    club = Club(2, {"mode": mode, "ev_meter": "Disabled"}, metered=False)
    club.plug(0, 1)
    club.run(60)
    assert sum(club.offers) == 160
    assert sum(club.drawn) == pytest.approx(16, abs=1)


def test_one_phase_cars_share() -> None:
    club = Club(2, {"mode": 1, "current_main": 20}, circuit=400)
    for unit in club.plant.units:
        unit.car.phases = 1
    club.plug(0, 1)
    club.run(90)
    assert sum(club.drawn) == pytest.approx(19, abs=1.5)
    assert [club.member(index).legs for index in (0, 1)] == [1, 1]
