"""A session over restarts, and over a clock that is set: the same one, with times that are true or unknown."""

from itertools import pairwise

import pytest

from evsed.core.look import Look
from evsed.core.record import Ending, newer
from evsed.core.session import CHARGING_TURN_MS, LATE_MS, RESTARTED, WAITING_TURN_MS
from tests.core.session_desk import ANNA, NOON, Desk

# ---- restarts ----


def test_the_same_session_goes_on_after_a_restart_and_the_register_says_what_was_charged(desk: Desk) -> None:
    desk.begin(1)
    desk.see(card=ANNA)
    desk.counts(500)
    desk.see(CHARGING_TURN_MS)
    desk.counts(40)  # not handed on any more
    desk.look = desk.look._replace(connected=False)
    desk.restart()
    desk.counts(60, connected=True, unix_s=None)
    assert (desk.open.number, desk.open.energy_wh, desk.open.by_phases[0]) == (1, 600, 600)
    assert (desk.open.stops, desk.open.charging) == (((RESTARTED, 1),), False)
    assert [(part.card, part.energy_wh) for part in desk.open.parts] == [(ANNA, 600)]
    desk.unplug()
    assert desk.last.ending is Ending.UNPLUGGED


def test_a_car_that_is_found_gone_after_a_restart_keeps_what_its_meter_counted(desk: Desk) -> None:
    desk.begin()
    desk.counts(500)
    desk.see(CHARGING_TURN_MS)
    seen = desk.told[-1].kept.open
    assert seen is not None
    desk.counts(40)
    desk.restart()
    desk.see(3_600_000, connected=False, gone=False)  # nobody has looked yet
    desk.see(gone=True)
    assert (desk.last.ending, desk.last.seen_s) == (Ending.FOUND_UNPLUGGED, seen.seen_s)
    desk.counts(3)
    assert desk.last.energy_wh == 543
    assert desk.last.end_s == desk.look.unix_s - 1 if desk.look.unix_s else None


def test_a_restart_right_after_the_end_still_hears_the_meter(desk: Desk) -> None:
    desk.begin()
    desk.counts(500)
    desk.unplug()
    desk.restart()
    desk.counts(8)
    assert (desk.last.energy_wh, desk.kept.counters.energy_wh) == (508, 508)
    desk.restart()
    desk.plug()
    desk.counts(8)
    assert (desk.last.energy_wh, desk.open.energy_wh) == (508, 8)


def test_a_restart_in_the_next_session_knows_whose_energy_comes_late(desk: Desk) -> None:
    desk.begin()
    desk.unplug()
    desk.plug()
    desk.restart()
    desk.counts(30)
    assert (desk.last.energy_wh, desk.open.energy_wh, desk.open.start_wh) == (30, 0, 1_030)
    desk.begin()
    desk.unplug()
    assert desk.last.number == 2


def test_a_session_that_waits_is_handed_on_now_and_then(desk: Desk) -> None:
    told = len(desk.told)
    desk.see(WAITING_TURN_MS - 1)
    assert len(desk.told) == told
    desk.see(1)
    assert len(desk.told) == told + 1
    assert desk.told[-1].kept.open == desk.open
    assert desk.open.seen_s == desk.look.unix_s


def test_every_record_that_is_handed_on_is_newer_than_those_before(desk: Desk) -> None:
    desk.begin()
    desk.counts(5)
    desk.unplug()
    desk.counts(5)
    desk.plug()
    desk.see(WAITING_TURN_MS)
    for before, after in pairwise(told.kept for told in desk.told):
        assert newer(before, after) == after == newer(after, before)


# ---- the time of day ----


def test_times_are_filled_in_when_the_clock_becomes_known() -> None:
    desk = Desk(look=Look(gone=True, import_wh=0, import_at=0))
    desk.see()
    for _ in range(2):
        desk.plug()
        desk.begin()
        desk.unplug()
        desk.counts(5)
        desk.see(LATE_MS)
    desk.plug()
    assert (desk.open.start_s, desk.last.start_s, desk.last.end_s) == (None, None, None)
    ends = desk.now
    desk.see(unix_s=NOON)
    assert desk.open.start_s == NOON - 1 == NOON - (desk.now - ends) // 1000
    assert desk.last.end_s == desk.last.seen_s
    assert desk.last.start_s is not None
    assert desk.last.end_s is not None
    assert desk.last.end_s - desk.last.start_s == 3
    assert desk.last.energy_wh == 5
    first = desk.told[-1].amended[0]
    assert first.number == 1
    assert first.start_s is not None
    assert first.start_s < desk.last.start_s


@pytest.mark.parametrize("put", [-86_400, -5, 4, 3_600])
def test_a_clock_that_is_put_forward_or_back_leaves_a_session_its_length(desk: Desk, put: int) -> None:
    desk.see(100_000)
    desk.see(unix_s=(desk.look.unix_s or 0) + 1 + put)
    desk.see(100_000)
    length = (desk.now - desk.session._dates.start_at) // 1000 if desk.session._dates.start_at else 0
    desk.see(0, connected=False, gone=True)
    assert desk.last.start_s is not None
    assert desk.last.end_s is not None
    assert desk.last.end_s - desk.last.start_s == length + (put if abs(put) < 5 else 0)


def test_a_clock_that_is_put_back_over_a_restart_ends_no_session_before_its_start(desk: Desk) -> None:
    desk.see(WAITING_TURN_MS)
    start = desk.open.start_s
    desk.restart()
    desk.see(unix_s=NOON - 86_400)
    desk.see(unix_s=None)
    desk.unplug()
    desk.see(unix_s=NOON - 86_390)
    assert (desk.last.start_s, desk.last.end_s) == (start, start)
    desk.plug()
    desk.restart()
    desk.see(unix_s=5)
    desk.unplug()
    assert desk.last.end_s == desk.last.start_s == NOON - 86_389


def test_the_clock_does_not_remember_more_than_it_can_fill_in() -> None:
    desk = Desk(look=Look(gone=True))
    for _ in range(40):
        desk.plug()
        desk.unplug()
    desk.see(unix_s=NOON)
    assert len(desk.told[-1].amended) == 15
    assert desk.last.end_s is not None


def test_a_beginning_before_a_restart_without_a_clock_stays_unknown() -> None:
    desk = Desk(look=Look(gone=True))
    desk.plug()
    desk.restart()
    desk.see(unix_s=NOON)
    desk.unplug()
    assert (desk.last.start_s, desk.last.end_s) == (None, NOON + 1)


def test_one_that_is_found_gone_before_the_clock_is_known_keeps_when_it_was_seen(desk: Desk) -> None:
    seen = desk.open.seen_s
    desk.restart()
    desk.see(connected=False, gone=True, unix_s=None)
    assert desk.last.end_s is None
    desk.see(unix_s=NOON + 500)
    assert (desk.last.seen_s, desk.last.end_s, desk.last.start_s) == (seen, NOON + 499, NOON + 2)
