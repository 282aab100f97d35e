"""The replay's engine: that skipping changes nothing, and that the plant is that of the reference runs."""

from dataclasses import dataclass, field

import pytest

from evsed.core.actions import Outputs, PilotDrive, pilot_offering
from evsed.core.events import Command, PostMains
from evsed.core.model import PhaseCurrents
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis
from evsed.replay.engine import Options, Replay
from evsed.replay.plant import Car, Plant
from evsed.replay.trace import Trace
from tests.replay.days import piece, plant_settings, steady

AUTO = ("mode=Solar", "enable_C2=Auto")

# ---- skipping ----

PIECES = [
    pytest.param(piece("fuse1", 1, 0, 360), (), Car(), 1_000, id="smart"),
    pytest.param(piece("fuse3", 1, 0, 150), ("ev_meter=API",), Car(7_500, 1), 2_500, id="slow car and meter"),
    pytest.param(piece("fuse1", 3, 100, 150), (), Car(130, 2), 700, id="meter beside the seconds"),
    pytest.param(piece("broken", 1, 18_000, 600), AUTO, Car(), 1_000, id="solar"),
    pytest.param(piece("broken", 2, 27_000, 420), (*AUTO, "solar_stop_time=1"), Car(), 1_000, id="solar, short stop"),
]


@pytest.mark.parametrize(("trace", "given", "car", "period_ms"), PIECES)
def test_skipping_changes_nothing(trace: Trace, given: tuple[str, ...], car: Car, period_ms: Millis) -> None:
    quick, exact = (
        Replay(trace, Options(plant_settings(*given), car, period_ms, every_cycle=every)) for every in (False, True)
    )
    quick.run()
    exact.run()
    assert exact.measures.closings > 0  # else there was little to compare
    differing = [(ours, right) for ours, right in zip(quick.rows, exact.rows, strict=True) if ours != right]
    assert differing == []
    assert quick.measures.result() == exact.measures.result()


# ---- the plant of reference/README.md ----

CLOSED = Outputs(contactor1=True, contactor2=True, pilot=pilot_offering(160))
ONE_PHASE = Outputs(contactor1=True, pilot=pilot_offering(160))


def offered(current: Deciamps, closed: Outputs = CLOSED) -> Outputs:
    return Outputs(closed.contactor1, closed.contactor2, pilot_offering(current))


@dataclass
class Charger:
    """Drives a plant by hand and lets time pass as the engine does."""

    car: Car = field(default_factory=Car)
    single: bool = False

    def __post_init__(self) -> None:
        self.plant = Plant(self.car, single=self.single)

    def at(self, now: Millis, outputs: Outputs | None = None) -> Plant:
        """The plant at ``now``; there ``outputs`` are driven."""
        while (event := self.plant.next_event()) is not None and event <= now:
            self.plant.advance(event)
        self.plant.advance(now)
        if outputs is not None:
            self.plant.drive(outputs)
        return self.plant


def test_it_plugs_at_5_s() -> None:
    charger = Charger()
    assert charger.at(4_990).volts == 12
    assert charger.at(5_000).volts == 9


def test_it_wants_charge_from_6_s() -> None:
    charger = Charger()
    charger.at(0, offered(160, Outputs()))
    assert charger.at(5_990).volts == 9
    assert charger.at(6_000).volts == 6


def test_s2_closes_1_s_after_the_pulses_began() -> None:
    charger = Charger()
    charger.at(10_000, offered(60, Outputs()))
    charger.at(10_500, offered(100, Outputs()))
    assert charger.at(10_990).volts == 9
    assert charger.at(11_000).volts == 6


@pytest.mark.parametrize(("pulses", "closes"), [(799, False), (800, True), (9_700, True), (9_701, False)])
def test_pulses_are_8_to_97_percent(pulses: int, closes: bool) -> None:
    charger = Charger()
    drive = PilotDrive(pilot_offering(60).kind, pulses)
    charger.at(10_000, Outputs(pilot=drive))
    assert charger.at(12_000).s2_closed is closes


def test_s2_opens_and_the_draw_ends_1_s_after_the_pulses_did() -> None:
    charger = Charger()
    charger.at(10_000, CLOSED)
    charger.at(20_000, Outputs(contactor1=True, contactor2=True))
    assert charger.at(20_990).s2_closed
    assert charger.at(21_000).s2_closed is False
    assert charger.plant.drawn == (0, 0, 0)


def test_it_draws_from_2_s_after_contactor_1_closed() -> None:
    charger = Charger()
    charger.at(10_000, offered(160, Outputs()))
    charger.at(12_340, CLOSED)
    assert charger.at(14_330).drawn == (0, 0, 0)
    assert charger.at(14_340).drawn == (160, 160, 160)


def test_it_draws_at_once_no_more_when_the_contactor_opens() -> None:
    charger = Charger()
    charger.at(10_000, CLOSED)
    assert charger.at(20_000).drawn == (160, 160, 160)
    assert charger.at(20_000, offered(160, Outputs())).drawn == (0, 0, 0)


@pytest.mark.parametrize("lag_ms", [130, 2_000, 7_500, 30_000])
def test_it_follows_after_its_dead_time_and_then_at_once(lag_ms: Millis) -> None:
    charger = Charger(Car(lag_ms))
    charger.at(10_000, CLOSED)
    charger.at(50_000, offered(100))
    charger.at(50_100, offered(60))
    expected = {lag_ms - 10: 160, lag_ms: 100, lag_ms + 90: 100, lag_ms + 100: 60}
    assert {after: charger.at(50_000 + after).drawn[0] for after in expected} == expected


def test_without_a_dead_time_it_follows_at_once() -> None:
    charger = Charger(Car(0))
    charger.at(10_000, CLOSED)
    assert charger.at(50_000, offered(100)).drawn == (100, 100, 100)


def test_it_draws_16_a_at_most() -> None:
    charger = Charger()
    charger.at(10_000, offered(320))
    assert charger.at(20_000).drawn == (160, 160, 160)


@pytest.mark.parametrize(
    ("phases", "outputs", "single", "drawn"),
    [
        (3, CLOSED, False, (160, 160, 160)),
        (3, ONE_PHASE, False, (160, 0, 0)),
        (3, ONE_PHASE, True, (160, 160, 160)),
        (2, CLOSED, False, (160, 160, 0)),
        (1, CLOSED, False, (160, 0, 0)),
        (1, ONE_PHASE, True, (160, 0, 0)),
    ],
)
def test_the_phases_that_reach_it_and_that_it_uses(
    phases: int, outputs: Outputs, single: bool, drawn: tuple[int, ...]
) -> None:
    charger = Charger(Car(phases=phases), single)
    charger.at(10_000, outputs)
    assert charger.at(20_000).drawn == drawn


def test_the_mains_carries_house_and_car_less_sun() -> None:
    charger = Charger()
    charger.at(10_000, ONE_PHASE)
    plant = charger.at(20_000)
    plant.house, plant.sun = (10, 20, 30), (0, 50, 30)
    assert plant.mains == (170, -30, 0)
    assert plant.measured() == (PhaseCurrents(170, -30, 0), PhaseCurrents(160, 0, 0))


# ---- the daemon's side ----


def measured(trace: Trace, period_ms: Millis) -> list[tuple[Millis, PhaseCurrents]]:
    """When the mains was measured during a replay, and what the meter said."""
    replay = Replay(trace, Options(plant_settings(), meter_period_ms=period_ms))
    told: list[tuple[Millis, PhaseCurrents]] = []
    carry_out = replay.core.command

    def command(given: Command, now: Millis) -> object:
        if isinstance(given, PostMains):
            told.append((now, given.currents))
        return carry_out(given, now)

    replay.core.command = command  # type: ignore[method-assign,assignment]
    replay.run()
    return told


def test_the_meter_tells_at_half_of_every_second() -> None:
    trace = Trace("rising", [(second, 2 * second, 3) for second in range(4)], [(0, 0, 1)] * 4)
    assert measured(trace, 1_000) == [(at * 1_000 + 500, PhaseCurrents(at, 2 * at, 2)) for at in range(4)]


@pytest.mark.parametrize(
    ("period_ms", "times"), [(250, [500, 750, 1_000]), (700, [500, 1_200, 1_900]), (60_000, [500])]
)
def test_another_period_of_the_meter(period_ms: Millis, times: list[Millis]) -> None:
    told = [time for time, _ in measured(steady(8), period_ms)]
    assert told[: len(times)] == times
    assert len(told) == (8_000 - 500) // period_ms + 1


def test_a_row_is_the_end_of_its_second() -> None:
    replay = Replay(steady(20), Options(plant_settings()))
    replay.run()
    rows = replay.rows
    assert [row.t for row in rows] == list(range(20))
    assert rows[3].state == State.A
    assert (rows[0].offer, rows[0].duty_1024) == (0, 1_024)  # nothing is offered: constant +12 V
    last = rows[-1]
    assert (last.state, last.offer, last.duty_1024, last.c1, last.c2) == (State.C, 160, 273, 1, 1)
    assert (last.car, last.mains) == ((160, 160, 160), (170, 170, 170))
    began = next(row.t for row in rows if row.c1)
    draws = next(row.t for row in rows if row.car[0])
    assert draws - began == 2
