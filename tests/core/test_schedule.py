"""Delayed charging by the clock on the wall: daily windows, both nights on which the clock is changed, lost days."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given

from evsed.core.events import ChangeSetting, ChooseMode, DelayedCharging
from evsed.core.model import Access, ModeChoice
from evsed.core.reasons import CLOCK_NOT_RIGHT
from evsed.core.schedule import DAY_S, LAST_S, NO_TIMER, Timer, UtcCalendar, clock_text, daily, due
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.wallclock import LocalCalendar
from tests.core.story import Story, settings

AMSTERDAM = "CET-1CEST,M3.5.0,M10.5.0/3"  # the rule of Europe/Amsterdam, which needs no table of zones
LOCAL = LocalCalendar()
NOON = 1_800_014_400  # 2027-01-15 12:00 UTC


@pytest.fixture(autouse=True)
def in_amsterdam(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", AMSTERDAM)
    time.tzset()
    yield
    monkeypatch.undo()
    os.environ.setdefault("TZ", "")
    if not os.environ["TZ"]:
        del os.environ["TZ"]
    time.tzset()


def at(text: str) -> int:
    """Unix seconds of a local time in Amsterdam; an hour that comes twice is the first one."""
    return int(datetime.fromisoformat(text).timestamp())


def utc(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%d %H:%M")


def movements(timer: Timer, begin_s: int, days: int, step_s: int = 60) -> list[tuple[str, str]]:
    """When access goes on and off, looked at once a minute."""
    seen = []
    access = Access.DENY
    for unix_s in range(begin_s, begin_s + days * DAY_S, step_s):
        timer, now_access = due(timer, access, unix_s, LOCAL)
        if now_access is not access:
            seen.append((utc(unix_s), now_access.name))
        access = now_access
    return seen


def test_in_spring_the_window_keeps_the_time_on_the_clock() -> None:
    timer = daily(at("2026-03-27T23:00"), at("2026-03-28T06:00"), LOCAL)
    assert movements(timer, at("2026-03-27T12:00"), 4) == [
        ("27 22:00", "ALLOW"), ("28 05:00", "DENY"),
        ("28 22:00", "ALLOW"), ("29 04:00", "DENY"),  # the night that is an hour short
        ("29 21:00", "ALLOW"), ("30 04:00", "DENY"),
        ("30 21:00", "ALLOW"), ("31 04:00", "DENY"),
    ]  # fmt: skip


def test_in_autumn_the_window_keeps_the_time_on_the_clock() -> None:
    timer = daily(at("2026-10-23T23:00"), at("2026-10-24T06:00"), LOCAL)
    assert movements(timer, at("2026-10-23T12:00"), 4) == [
        ("23 21:00", "ALLOW"), ("24 04:00", "DENY"),
        ("24 21:00", "ALLOW"), ("25 05:00", "DENY"),  # the night that is an hour long
        ("25 22:00", "ALLOW"), ("26 05:00", "DENY"),
        ("26 22:00", "ALLOW"), ("27 05:00", "DENY"),
    ]  # fmt: skip


def test_a_start_that_the_clock_jumps_over_comes_an_hour_later_and_only_that_day() -> None:
    timer = daily(at("2026-03-28T02:30"), at("2026-03-28T05:00"), LOCAL)
    assert movements(timer, at("2026-03-28T00:00"), 3) == [
        ("28 01:30", "ALLOW"), ("28 04:00", "DENY"),
        ("29 01:30", "ALLOW"), ("29 03:00", "DENY"),  # 02:30 does not exist: 03:30 on the clock
        ("30 00:30", "ALLOW"), ("30 03:00", "DENY"),
    ]  # fmt: skip


def test_a_time_that_comes_twice_counts_once_and_at_its_first() -> None:
    timer = daily(at("2026-10-24T02:30"), at("2026-10-24T02:45"), LOCAL)
    assert movements(timer, at("2026-10-24T00:00"), 3) == [
        ("24 00:30", "ALLOW"), ("24 00:45", "DENY"),
        ("25 00:30", "ALLOW"), ("25 00:45", "DENY"),
        ("26 01:30", "ALLOW"), ("26 01:45", "DENY"),
    ]  # fmt: skip


def test_a_window_shorter_than_the_gap_is_over_when_the_clock_has_jumped() -> None:
    timer = daily(at("2026-03-28T02:10"), at("2026-03-28T03:05"), LOCAL)
    night = movements(timer, at("2026-03-29T00:00"), 1)
    assert night == []  # 02:10 would be 03:10, after its stop
    assert movements(timer, at("2026-03-30T00:00"), 1) == [("30 00:10", "ALLOW"), ("30 01:05", "DENY")]


@pytest.mark.parametrize("date", ["2026-03-28", "2026-10-24"])
def test_a_start_for_once_waits_through_the_night_and_charges(date: str) -> None:
    story = Story(calendar=LOCAL)
    start = at(f"{date}T23:00") + 8 * 3_600
    story.clock(start - 9 * 3_600)
    story.plug()
    assert story.command(DelayedCharging(ModeChoice.NORMAL, start, start + 1_800)).accepted
    story.run(5)
    reason = story.snapshot.reason
    assert reason is not None
    assert (reason.code, reason.text) == ("delayed", f"Waiting until {datetime.fromtimestamp(start):%H:%M}")  # noqa: DTZ006
    story.run(0.35)
    assert story.snapshot.unix_at(reason.until) == start
    story.clock(start - 5)
    story.run_until(lambda: story.state is State.C, 30)
    story.clock(start + 1_795)
    story.run_until(lambda: story.state is State.C1, 10)
    assert story.core.saved.timer == NO_TIMER
    told = [note for note in story.notes() if "delayed" in note]
    assert told == ["delayed charging begins: access is on", "delayed charging has ended: access is off"]


@pytest.mark.parametrize(("date", "until"), [("2026-03-28", "07:00"), ("2026-10-24", "07:00")])
def test_a_daily_timer_survives_a_restart_in_the_changed_night(date: str, until: str) -> None:
    story = Story(calendar=LOCAL)
    start = at(f"{date}T07:00")
    story.clock(start - 3_600)
    assert story.command(DelayedCharging(ModeChoice.NORMAL, start, start + 3_600, repeat=True)).accepted
    story.clock(start + 3_601)
    story.run(0.1)
    assert story.core.desk.access is Access.DENY
    story.restart()
    story.run(0.1)
    reason = story.snapshot.reason
    assert reason is not None
    assert (reason.text, reason.until) == (CLOCK_NOT_RIGHT, None)
    story.clock(start + 12 * 3_600)
    reason = story.snapshot.reason
    assert reason is not None
    assert reason.text == f"Waiting until {until}"
    assert LOCAL.local(story.core.desk.timer.start_s or 0)[1] == 7 * 60
    assert story.core.desk.timer.start_s == LOCAL.unix(LOCAL.local(start)[0] + 1, 7 * 60) != start + DAY_S


def test_within_a_daily_window_charging_begins_at_once_and_outside_it_waits() -> None:
    for now, access in (("T01:00", Access.ALLOW), ("T12:00", Access.DENY)):
        story = Story(calendar=LOCAL)
        story.clock(at(f"2026-06-02{now}"))
        window = DelayedCharging(ModeChoice.SMART, at("2026-06-01T23:00"), at("2026-06-02T06:00"), repeat=True)
        assert story.command(window).accepted
        assert story.core.desk.access is access
        assert story.core.desk.timer.waits is (access is Access.DENY)


def test_every_choice_without_a_start_clears_a_daily_timer_and_a_setting_does_not() -> None:
    story = Story(calendar=LOCAL)
    story.clock(NOON)
    window = DelayedCharging(ModeChoice.NORMAL, NOON + 60, NOON + 120, repeat=True)
    assert story.command(window).accepted
    assert story.command(ChangeSetting("current_max", 10)).accepted
    assert story.core.saved.timer.repeat
    assert story.command(ChooseMode(ModeChoice.NORMAL)).accepted
    assert (story.core.saved.timer, story.core.desk.access) == (NO_TIMER, Access.ALLOW)


@pytest.mark.parametrize(
    ("start", "stop", "why"),
    [
        (NOON + 60, None, "needs a stop"),
        (NOON + 60, NOON + 60 + DAY_S, "less than a day"),
        (LAST_S - 60, LAST_S, "1970 and 2038"),
        (-5, 5, "1970 and 2038"),
        (NOON + 60, NOON + 59, "after the start"),
    ],
)
def test_windows_that_make_no_sense_are_refused(start: int, stop: int | None, why: str) -> None:
    story = Story()
    story.clock(NOON)
    assert why in story.command(DelayedCharging(ModeChoice.NORMAL, start, stop, repeat=True)).refused
    assert story.core.saved.timer == NO_TIMER


def test_a_clock_that_was_not_right_starts_nothing_and_says_so() -> None:
    saved = Saved(settings=settings(), access=Access.DENY, timer=Timer(NOON, NOON + 60))
    story = Story(saved, calendar=LOCAL)
    story.plug()
    story.run(20)
    reason = story.snapshot.reason
    assert reason is not None
    assert (story.closings(), reason.code, reason.text) == (0, "delayed", CLOCK_NOT_RIGHT)
    story.clock(NOON + 3_600)  # start and stop have both passed meanwhile
    story.run(20)
    assert (story.closings(), story.reason, story.core.saved.timer) == (0, "access_denied", NO_TIMER)


def test_a_daemon_that_was_off_for_years_finds_the_window_of_today() -> None:
    timer = daily(NOON - 3_000 * DAY_S, NOON - 3_000 * DAY_S + 3_600, UtcCalendar())
    found, access = due(timer, Access.DENY, NOON + 1_800, UtcCalendar())
    assert (found.start_s, found.stop_s, access) == (NOON + DAY_S, NOON + 3_600, Access.ALLOW)
    found, access = due(timer, Access.ALLOW, NOON + 7_200, UtcCalendar())
    assert (found.start_s, found.stop_s, access) == (NOON + DAY_S, NOON + DAY_S + 3_600, Access.DENY)


def test_half_a_daily_timer_is_none() -> None:
    assert due(Timer(5, None, repeat=True), Access.DENY, 6, LOCAL) == (NO_TIMER, Access.DENY)


def test_when_is_told_as_people_say_it() -> None:
    noon = at("2026-06-01T12:00")
    assert clock_text(at("2026-06-01T23:31"), noon, LOCAL) == "23:31"
    assert clock_text(at("2026-06-02T06:05"), noon, LOCAL) == "06:05"
    assert clock_text(at("2026-06-03T06:05"), noon, LOCAL) == "06:05 in 2 days"


@given(st.integers(0, LAST_S))
def test_the_calendar_gives_the_minute_back(unix_s: int) -> None:
    day, minute = LOCAL.local(unix_s)
    assert 0 <= minute < 1_440
    again = LOCAL.unix(day, minute)
    assert again in {unix_s - unix_s % 60, unix_s - unix_s % 60 - 3_600}  # the first of two
    assert LOCAL.local(again) == (day, minute)


def test_a_clock_that_was_wrong_for_a_while_leaves_no_trace() -> None:
    story = Story(calendar=LOCAL)
    story.clock(NOON)
    window = DelayedCharging(ModeChoice.NORMAL, NOON + 600, NOON + 1_200, repeat=True)
    assert story.command(window).accepted
    for wrong in (NOON + 200 * DAY_S, NOON - 5 * DAY_S, NOON + 700):
        story.clock(wrong)
        story.run(0.1)
        story.clock(NOON + 100)
        story.run(0.1)
        timer = story.core.desk.timer
        assert (timer.start_s, timer.stop_s, story.core.desk.access) == (NOON + 600, NOON + 1_200, Access.DENY)


def test_a_daily_timer_waits_for_its_first_day() -> None:
    story = Story(calendar=LOCAL)
    story.clock(NOON)
    first = NOON + 9 * DAY_S
    assert story.command(DelayedCharging(ModeChoice.NORMAL, first, first + 600, repeat=True)).accepted
    story.clock(NOON + 300)
    story.restart()
    story.run(0.1)
    story.clock(NOON + 400)
    timer = story.core.desk.timer
    assert (timer.start_s, timer.stop_s) == (first, first + 600)
    reason = story.snapshot.reason
    assert reason is not None
    assert reason.text == "Waiting until 13:00 in 9 days"


def test_whole_hours_of_the_wall_count_for_less_than_a_day() -> None:
    story = Story(calendar=LOCAL)
    story.clock(at("2026-03-28T12:00"))
    spring = DelayedCharging(ModeChoice.NORMAL, at("2026-03-28T23:00"), at("2026-03-29T23:30"), repeat=True)
    assert "less than a day" in story.command(spring).refused  # 23.5 hours, and 24.5 on the wall
    story.clock(at("2026-10-24T12:00"))
    autumn = DelayedCharging(ModeChoice.NORMAL, at("2026-10-24T20:00"), at("2026-10-25T19:30"), repeat=True)
    assert story.command(autumn).accepted  # 24.5 hours, and 23.5 on the wall


def test_a_window_of_seconds_is_none() -> None:
    story = Story(calendar=LOCAL)
    story.clock(NOON)
    assert (
        "later than its start"
        in story.command(DelayedCharging(ModeChoice.NORMAL, NOON + 70, NOON + 110, repeat=True)).refused
    )


def test_an_access_switch_that_is_found_open_leaves_a_timer_alone() -> None:
    story = Story(Saved(settings=settings(switch=2)), calendar=LOCAL)
    story.clock(NOON)
    story.switch_closed = True
    story.run(0.5)
    assert story.command(DelayedCharging(ModeChoice.NORMAL, NOON - 60, NOON + 600, repeat=True)).accepted
    story.switch_closed = False
    story.restart()
    story.clock(NOON + 5)
    story.run(0.5)
    assert (story.core.desk.timer.repeat, story.core.desk.access) == (True, Access.ALLOW)
    story.switch_closed = True
    story.run(0.5)
    story.switch_closed = False  # moved: somebody wants it off
    story.run(0.5)
    assert (story.core.desk.timer, story.core.desk.access) == (NO_TIMER, Access.DENY)
