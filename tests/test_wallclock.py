"""The system's clock: when it is believed, and what it shows in the owner's zone."""

import logging
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from evsed.wallclock import (
    BELIEVED_AFTER_MS,
    PLAUSIBLE_FROM_S,
    PLAUSIBLE_TO_S,
    ClockJudge,
    LocalCalendar,
    set_from_hardware_clock,
    synchronised,
)

NOW_S = PLAUSIBLE_FROM_S + 86_400


def judge(*, server: bool = False, battery: bool = False) -> ClockJudge:
    return ClockJudge(lambda: server, lambda _unix_s: battery)


@pytest.mark.parametrize("clock", [judge(server=True), judge(battery=True)])
def test_a_kept_clock_is_right_at_once(clock: ClockJudge) -> None:
    assert clock.right(NOW_S, 0)


def test_an_impossible_time_is_never_right() -> None:
    clock = judge(server=True)
    assert not clock.right(0, 0)
    assert not clock.right(PLAUSIBLE_FROM_S - 1, BELIEVED_AFTER_MS)
    assert not clock.right(PLAUSIBLE_TO_S, 2 * BELIEVED_AFTER_MS)


def test_a_plausible_clock_is_believed_after_5_minutes_and_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    clock = judge()
    with caplog.at_level(logging.WARNING):
        assert not clock.right(NOW_S, 1_000)
        assert not clock.right(NOW_S + 299, BELIEVED_AFTER_MS + 999)
        assert clock.right(NOW_S + 300, BELIEVED_AFTER_MS + 1_000)
        assert clock.right(NOW_S + 301, BELIEVED_AFTER_MS + 2_000)
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "the system clock is not known to be right yet (no time server, no battery)",
        "the system clock is not synchronised, but has been plausible for 5 minutes",
    ]


def test_a_clock_that_jumps_back_begins_anew() -> None:
    clock = judge()
    assert not clock.right(NOW_S, 0)
    assert not clock.right(5, 100)
    assert not clock.right(NOW_S, BELIEVED_AFTER_MS + 50)
    assert clock.right(NOW_S, 2 * BELIEVED_AFTER_MS + 50)


def test_a_clock_that_was_right_stays_so() -> None:
    kept = [True]
    clock = ClockJudge(lambda: kept[0], lambda _unix_s: False)
    assert clock.right(NOW_S, 0)
    kept[0] = False
    assert clock.right(NOW_S, 1)


def test_the_machine_answers_both_questions() -> None:
    assert synchronised() in {True, False}
    assert set_from_hardware_clock(NOW_S) in {True, False}


@pytest.mark.parametrize(
    ("used", "shows", "right"),
    [
        ("1", str(NOW_S + 60), True),
        ("1", str(NOW_S - 61), False),  # it lost its time, and the system went on from its last shutdown
        ("1", "5", False),
        ("0", str(NOW_S), False),
        ("1", "?", False),
    ],
)
def test_a_hardware_clock_has_to_agree(used: str, shows: str, right: bool, tmp_path: Path) -> None:
    (tmp_path / "hctosys").write_text(f"{used}\n")
    (tmp_path / "since_epoch").write_text(f"{shows}\n")
    assert set_from_hardware_clock(NOW_S, tmp_path) is right


def test_a_zone_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp())
    plus2 = LocalCalendar(timezone(timedelta(hours=2)))
    day, minute = plus2.local(noon)
    assert (minute, plus2.unix(day, minute)) == (14 * 60, noon)
    monkeypatch.setenv("TZ", "XYZ-5:30")
    assert LocalCalendar().local(noon)[1] == 17 * 60 + 30  # without a restart
    monkeypatch.undo()
    time.tzset()
