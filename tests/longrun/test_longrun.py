"""The long runs, short: 20 minutes of frames, 9 hours of bus events, a port. ``make soak`` runs all."""

from dataclasses import dataclass, field

import pytest

from tests.longrun.__main__ import flat
from tests.longrun.day import Day
from tests.longrun.memory import grown
from tests.longrun.month import Month
from tests.longrun.parts import held
from tests.longrun.wire import FAULTS

EXCHANGES = 1_000


def test_20_minutes_of_frames_on_a_bad_line() -> None:
    day = Day(seed=1)
    day.run(20)
    assert day.exchanges > 10_000
    assert set(day.wire.injected) == set(FAULTS)
    assert 0 < day.errors < day.exchanges / 5
    assert day.measurements > day.exchanges / 2
    assert day.highest > 0
    assert max(day.sizes) < 2 * min(day.sizes)  # of some 900 objects, after 10,000 exchanges each


def test_a_frame_that_lies_is_noticed() -> None:
    day = Day(seed=1, rate=0.0)
    true, day._truth = day._truth, lambda address: true(address).plus(true(address))  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="was never said"):
        day.run(1)


def test_9_hours_of_bus_events() -> None:
    month = Month(seed=1)
    month.run(9)
    assert month.orders > 10
    assert 0 < month.highest <= 320
    assert any("have to charge" in what for what in month.happened)
    assert max(month.sizes) < 2 * min(month.sizes)  # of some 500 objects, after 30,000 events each


def test_a_bus_on_a_port_keeps_nothing() -> None:
    left, failed = grown(EXCHANGES)
    assert failed > 0
    assert left < 8 * EXCHANGES


@dataclass
class Keeper:
    """Keeps what it should not."""

    kept: list[object] = field(default_factory=list)


def test_what_grows_is_seen() -> None:
    keeper = Keeper()
    before = held(keeper)
    keeper.kept += [object() for _ in range(100)]
    assert held(keeper) == before + 100
    assert flat([100, 90, 120, 110, 115, 118, 120, 119])
    assert not flat([100, 110, 120, 130, 140, 150, 160, 170])
