"""Which readings of an energy register count for a session, and which are odd."""

import pytest

from evsed.core.register import AGREEING, EXCHANGED_MS, Register
from evsed.core.session import LATE_MS
from tests.core.session_desk import Desk


def test_a_meter_that_is_exchanged_when_nobody_charges_is_no_exchange_of_a_session(desk: Desk) -> None:
    desk.unplug()
    desk.session.meter_exchanged()
    assert desk.last.exchanges == 0
    desk.see(LATE_MS)
    desk.session.meter_exchanged()
    desk.see(import_wh=9)
    assert (desk.last.energy_wh, desk.last.end_wh) == (0, 1_000)


def test_a_register_that_is_rounded_to_and_fro_counts_once(desk: Desk) -> None:
    desk.begin()
    for wh in (1, -1, 1, -1, 2):
        desk.counts(wh)
    assert (desk.open.energy_wh, desk.open.exchanges) == (2, 0)


@pytest.mark.parametrize("odd", [0, 500, 989, 1_700, 150_000, 4_294_967_295])
def test_one_odd_reading_counts_nothing(desk: Desk, odd: int) -> None:
    desk.begin()
    desk.counts(500)
    for register in (1_550, 1_600):
        desk.look = desk.look._replace(import_wh=odd, import_at=-1)
        desk._look()
        desk.see(import_wh=register)
    assert (desk.open.energy_wh, desk.open.exchanges, desk.open.end_wh) == (600, 0, 1_600)
    assert (desk.kept.counters.energy_wh, desk.open.parts[0].energy_wh) == (600, 600)


def test_a_register_that_fell_and_comes_back_is_counted_from_where_it_was(desk: Desk) -> None:
    desk.begin()
    desk.counts(500)
    desk.see(import_wh=0)
    desk.see(EXCHANGED_MS // 2, import_wh=1)
    desk.see(import_wh=1_700)
    assert (desk.open.energy_wh, desk.open.exchanges) == (700, 0)


def test_a_register_that_swings_counts_at_most_one_swing(desk: Desk) -> None:
    desk.begin()
    for _ in range(20):
        desk.counts(11)
        desk.counts(-11)
    assert (desk.open.energy_wh, desk.open.exchanges) == (11, 0)


def test_after_a_restart_with_the_register_far_on_readings_have_to_agree() -> None:
    register = Register(1_000)
    assert register.read(50_000, 10) is None
    assert register.read(2_000, 20) == (1_000, False)
    register = Register(1_000)
    assert [register.read(wh, 10_000 * number) for number, wh in enumerate((50_000, 50_001, 50_002))] == [
        None,
        None,
        (49_002, False),
    ]


@pytest.mark.parametrize("every_s", [60, 300, 600, 900])
def test_a_register_that_is_refreshed_now_and_then_tells_all(every_s: int) -> None:
    """22 kW, read every 5 s."""
    register = Register()
    read = [register.read(s // every_s * every_s * 22_080 // 3_600, s * 1_000) for s in range(0, 3_616, 5)]
    assert sum(advance.energy_wh for advance in read if advance) == 22_080
    assert not any(advance.exchanged for advance in read if advance)


@pytest.mark.parametrize(("every_s", "watts"), [(300, 22_080), (900, 11_040), (1_800, 22_080)])
def test_a_register_that_is_told_seldom_counts_when_three_readings_agree(every_s: int, watts: int) -> None:
    register = Register()
    read = [register.read(n * every_s * watts // 3_600, n * every_s * 1_000) for n in range(10)]
    assert sum(advance.energy_wh for advance in read if advance) == 9 * every_s * watts // 3_600
    assert not any(advance.exchanged for advance in read if advance)


def test_a_silent_meter_tells_later_what_a_car_can_have_drawn() -> None:
    register = Register()
    assert register.read(1_000, 0) == (0, False)
    hour = 3_600_000
    assert [register.read(45_000, hour + number) for number in range(AGREEING)] == [None, None, (44_000, False)]
    assert [register.read(300_000, hour + number * 1_000) for number in range(1, 60)] == [None] * 59
