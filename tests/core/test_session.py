"""A session is one plug-in to its unplug, whatever lies between, and adds up to the meter."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.look import Look
from evsed.core.model import PhaseCurrents
from evsed.core.record import Counters, Ending, Kept, SessionRecord, newer
from evsed.core.register import EXCHANGED_MS
from evsed.core.session import LATE_MS
from tests.core.session_desk import ANNA, BEN, NOON, Desk


def test_a_session_has_its_times_register_energy_and_stops(desk: Desk) -> None:
    desk.begin()
    desk.draws(130, 130, 131)
    desk.counts(500)
    desk.stop("no_power")
    desk.begin(1)
    desk.counts(250, mode="SOLAR")
    desk.stop("no_power")
    desk.stop("not told twice")
    desk.unplug()
    record = desk.last
    assert (record.number, record.start_s, record.end_s, record.ending) == (1, NOON + 2, NOON + 22, Ending.UNPLUGGED)
    assert (record.start_wh, record.end_wh, record.energy_wh) == (1_000, 1_750, 750)
    assert (record.by_phases, record.phases, record.peak) == ((250, 0, 500), (3, 1), 131)
    assert (record.stops, record.last_stop, record.closings) == ((("no_power", 2),), "no_power", (2, 1))
    assert record.modes == ("NORMAL", "SOLAR")
    assert record.charging_ms == 16_000
    assert desk.kept.open is None
    assert desk.kept.counters == Counters(1, (2, 1), 16_000, 750, 0)


def test_unplugged_and_plugged_within_a_moment_is_two_sessions(desk: Desk) -> None:
    """evcc-io/evcc#14627: a fast replug mixed the sessions."""
    desk.begin()
    desk.counts(500)
    desk.unplug()
    desk.look = desk.look._replace(connected=True, gone=False)
    desk.see(10)
    assert (desk.last.number, desk.open.number) == (1, 2)
    desk.counts(7)  # that the first took last, told late
    assert (desk.last.energy_wh, desk.open.energy_wh) == (507, 0)
    desk.begin()
    desk.counts(100)
    assert (desk.last.energy_wh, desk.open.energy_wh) == (507, 100)
    assert (desk.last.end_wh, desk.open.start_wh, desk.open.end_wh) == (1_507, 1_507, 1_607)


def test_what_the_meter_tells_after_the_unplug_is_not_lost(desk: Desk) -> None:
    """dingo35/SmartEVSE-3.5#45: a session's kWh were lost at its end."""
    desk.begin()
    desk.counts(500)
    desk.unplug()
    assert not desk.last.complete
    desk.counts(9)
    assert (desk.last.energy_wh, desk.last.complete) == (509, True)
    assert desk.told[-1].kept.last == desk.last
    desk.see(LATE_MS)
    desk.counts(40)  # whatever else hangs on that meter
    assert desk.last.energy_wh == 509
    assert desk.kept.counters.energy_wh == 509


def test_a_meter_that_was_silent_at_the_end_is_heard_later(desk: Desk) -> None:
    desk.begin()
    desk.unplug()
    assert (desk.last.energy_wh, desk.last.complete) == (None, False)
    desk.see(10 * LATE_MS)
    desk.counts(800)
    assert (desk.last.energy_wh, desk.last.complete) == (800, True)


def test_energy_is_unknown_without_a_meter_and_never_0() -> None:
    desk = Desk(look=Look(gone=True))
    desk.plug()
    desk.begin()
    desk.draws(0, 0, 0)
    desk.unplug()
    record = desk.last
    assert (record.energy_wh, record.solar_wh, record.grid_wh, record.solar_percent) == (None, None, None, None)
    assert (record.peak, record.start_wh, record.phases) == (None, None, (3,))
    assert desk.kept.counters.energy_wh is None


def test_a_meter_that_wakes_with_the_contactor_counts_from_its_first_word() -> None:
    desk = Desk(look=Look(gone=True, unix_s=NOON))
    desk.plug()
    desk.begin()
    desk.see(import_wh=70_000)
    desk.counts(300)
    assert (desk.open.start_wh, desk.open.energy_wh) == (70_000, 300)


@pytest.mark.parametrize("register", [5, 400_000])
def test_another_meter_counts_on(desk: Desk, register: int) -> None:
    desk.begin()
    desk.counts(500)
    desk.see(import_wh=register)
    assert (desk.open.energy_wh, desk.open.exchanges, desk.open.end_wh) == (500, 0, 1_500)  # it may be an odd reading
    desk.counts(100, ms=EXCHANGED_MS)
    assert (desk.open.energy_wh, desk.open.exchanges, desk.open.end_wh) == (600, 1, register + 100)
    desk.session.meter_exchanged()
    desk.see(import_wh=90_000)
    desk.counts(50)
    assert (desk.open.energy_wh, desk.open.exchanges) == (650, 2)


def test_each_card_has_its_share(desk: Desk) -> None:
    desk.begin()
    desk.counts(10)
    for wh, card, name in ((300, ANNA, "Anna"), (200, BEN, ""), (100, ANNA, "another name by now"), (5, "", "")):
        desk.see(card=card, card_name=name)
        desk.counts(wh)
    parts = desk.open.parts
    assert [(part.card, part.name, part.energy_wh) for part in parts] == [
        ("", "", 15),
        (ANNA, "Anna", 400),
        (BEN, "", 200),
    ]
    assert sum(part.energy_wh for part in parts) == desk.open.energy_wh == 615


def test_what_is_charged_without_a_card_is_not_billed_to_the_one_that_had_stopped(desk: Desk) -> None:
    desk.see(card=ANNA, card_name="Anna")
    desk.begin()
    desk.counts(2_000, ms=120_000)
    desk.stop("card")
    desk.see(card="", card_name="")
    desk.counts(7)  # what its meter told late
    desk.begin()  # somebody chose a mode
    desk.counts(3_000, ms=120_000)
    assert [(part.card, part.energy_wh) for part in desk.open.parts] == [(ANNA, 2_007), ("", 3_000)]


def test_more_cards_than_anybody_has_share_the_last_part(desk: Desk) -> None:
    desk.begin()
    for number in range(60):
        desk.see(card=f"{number:012X}")
        desk.counts(1)
    assert len(desk.open.parts) == 50
    assert sum(part.energy_wh for part in desk.open.parts) == 60


# ---- where it came from ----


@pytest.mark.parametrize(("imported", "percent"), [(300, 0), (120, 0), (90, 25), (0, 100), (-200, 100), (None, None)])
def test_what_the_mains_did_not_import_is_the_houses_own(desk: Desk, imported: int | None, percent: int | None) -> None:
    desk.begin()
    desk.draws(40, 40, 40, imported)
    desk.counts(400)
    assert desk.open.solar_percent == percent
    assert desk.open.solar_wh is None or (desk.open.grid_wh or 0) + desk.open.solar_wh == 400


def test_what_several_cars_buy_is_shared_out(desk: Desk) -> None:
    desk.begin()
    desk.look = desk.look._replace(all_drawn=240)
    desk.draws(40, 40, 40, 120)
    desk.counts(400)
    assert desk.open.solar_percent == 50


def test_after_a_silence_of_the_mains_meter_its_origin_is_unknown_and_counts_as_bought(desk: Desk) -> None:
    desk.begin()
    desk.draws(100, 0, 0, 0)
    desk.counts(100)
    assert desk.open.solar_wh == 100
    desk.see(15_000, imported=None)
    desk.counts(100)
    assert desk.open.solar_wh == 187  # two seconds of sixteen nobody has seen
    desk.see(60_000)
    desk.see(0, imported=PhaseCurrents(0, 0, 0), imported_at=desk.now)
    desk.counts(100)
    solar = desk.open.solar_wh
    assert solar is not None
    assert 187 < solar < 230
    desk.stop()
    desk.counts(100)
    assert desk.open.solar_wh >= solar


def test_solar_is_none_before_any_look_and_known_after_it(desk: Desk) -> None:
    desk.begin()
    desk.counts(100)
    assert desk.open.solar_wh is None
    desk.draws(100, 0, 0, 0)
    desk.counts(100)
    assert (desk.open.solar_wh, desk.open.grid_wh) == (100, 100)


# ---- what cannot be, and counters ----


def test_nothing_happens_to_a_session_that_is_not_there() -> None:
    desk = Desk()
    desk.session.began_charging(3, 0)
    desk.see(closed=(True, False), drawn=PhaseCurrents(90, 0, 0), drawn_at=5)
    desk.counts(500, closed=(False, False))
    desk.session.stopped_charging("unplugged", desk.now)
    desk.session.meter_exchanged()
    assert (desk.kept.open, desk.kept.last) == (None, None)
    assert (desk.kept.counters.sessions, desk.kept.counters.closings) == (0, (1, 0))
    assert desk.kept.counters.energy_wh is None
    desk.session.began_charging(3, desk.now)
    desk.plug()
    desk.session.stopped_charging("paused", desk.now)
    assert desk.open.stops == (("paused", 1),)


def test_hours_with_power_are_counted(desk: Desk) -> None:
    desk.see(2 * 3_600_000)
    desk.see()
    assert desk.session.kept.counters.powered_s == 7_200


def test_the_newer_copy_counts_and_no_counter_falls() -> None:
    one = Kept(None, SessionRecord(3, 9), Counters(3, (5, 0), 10, None, 3600))
    other = Kept(SessionRecord(4, 10), SessionRecord(3, 8), Counters(4, (4, 1), 20, 7, 0))
    both = Counters(4, (5, 1), 20, 7, 3600)
    assert newer(one, other) == Kept(other.open, other.last, both) == newer(other, one)
    assert newer(one, Kept()) == one
    assert newer(Kept(counters=Counters(energy_wh=3)), one).counters.energy_wh == 3
    assert newer(Kept(), Kept(SessionRecord(12))).counters.sessions == 12


@given(
    st.lists(
        st.sampled_from(
            ["plug", "unplug", "begin", "stop", "restart", "card", "sun", "night", "silent", "exchange", "tick"]
        )
        | st.integers(0, 5_000),
        max_size=60,
    )
)
def test_all_that_the_meter_counts_while_a_car_is_there_is_in_exactly_one_place(steps: list[str | int]) -> None:
    """Sessions add up to the meter; cards, phases and origins add up to their session."""
    desk = Desk()
    desk.see()
    sessions: dict[int, SessionRecord] = {}
    counted, charging = 0, False
    for step in steps:
        if isinstance(step, int):
            if not charging:
                continue
            desk.counts(step, ms=120_000, drawn=PhaseCurrents(60, 60, 0), drawn_at=desk.now + 1)
            counted += step
        else:
            charging = _happens(desk, step, charging)
        for record in (desk.kept.last, desk.kept.open):
            if record is not None:
                sessions[record.number] = record
    assert sum(record.energy_wh or 0 for record in sessions.values()) == counted
    assert (desk.kept.counters.energy_wh or 0) == counted
    for record in sessions.values():
        energy = record.energy_wh or 0
        assert sum(record.by_phases) == sum(part.energy_wh for part in record.parts) == energy
        assert 0 <= sum(part.solar_mwh for part in record.parts) == (record.solar_mwh or 0) <= energy * 1000
        assert record.grid_wh is None or record.grid_wh + (record.solar_wh or 0) == energy


def _happens(desk: Desk, step: str, charging: bool) -> bool:
    there = desk.look.connected
    deeds: dict[str, tuple[bool, Callable[[], None]]] = {
        "plug": (not there, desk.plug),
        "unplug": (there, desk.unplug),
        "begin": (there and not charging, desk.begin),
        "stop": (charging, desk.stop),
        "restart": (True, lambda: _restart(desk)),
        "card": (there, lambda: desk.see(card=f"{desk.now % 3:012X}")),
        "sun": (True, lambda: desk.see(imported=PhaseCurrents(-99, 0, 0), imported_at=desk.now)),
        "night": (True, lambda: desk.see(imported=PhaseCurrents(60, 99, 0), imported_at=desk.now)),
        "silent": (True, lambda: desk.see(30_000)),
        "exchange": (True, lambda: _exchange(desk)),
        "tick": (True, lambda: desk.see(1)),
    }
    possible, deed = deeds[step]
    if not possible:
        return charging
    deed()
    return (charging or step == "begin") and step not in {"unplug", "stop", "restart"}


def _exchange(desk: Desk) -> None:
    desk.session.meter_exchanged()
    desk.see(import_wh=(desk.look.import_wh or 0) // 2, import_at=desk.now + 1)


def _restart(desk: Desk) -> None:
    desk.restart()
    desk.see(import_at=desk.now + 1)  # the meter is read again
