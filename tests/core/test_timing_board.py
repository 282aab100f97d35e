"""The times of lock, meters, phases, temperature and contactors, each at its limit and 1 ms before."""

import pytest

from evsed.core.actions import LockDrive
from evsed.core.contactors import ContactorWatch
from evsed.core.faults import Fault
from evsed.core.model import Contactor2, MeterRole, Mode, PhaseCurrents
from evsed.core.phases import Phases, Sun
from evsed.core.snapshot import Saved
from evsed.core.states import State
from tests.core.bench import V9, Bench, configured
from tests.core.timing import at_limit, charging

# ---- lock ----


def test_the_lock_gets_600_ms_and_is_tried_again_after_5_s() -> None:
    bench = Bench(Saved(settings=configured(lock=1)))
    bench.feedback = False
    bench.run(1_500)
    bench.high = V9
    while bench.outputs.lock is not LockDrive.LOCK:
        bench.cycle()
    begun = bench.now
    for tries in range(4):
        start = begun + tries * 5_000
        at_limit(bench, start, 600, lambda: bench.outputs.lock is LockDrive.REST)
        bench.cycle()
        assert bench.has(Fault.LOCK_FAILED) == (tries >= 2)
        at_limit(bench, start, 5_000, lambda: bench.outputs.lock is LockDrive.LOCK)
    bench.feedback = True
    bench.run(700)
    assert not bench.has(Fault.LOCK_FAILED)


# ---- meters ----


@pytest.mark.parametrize(
    ("role", "given", "limit_ms", "fault"),
    [
        (MeterRole.MAINS, {"mains_meter": "API"}, 11_000, Fault.METER_LOST),
        (MeterRole.MAINS, {}, 9_000, Fault.METER_LOST),  # and the contactor is open after 11 s
        (MeterRole.EV, {"ev_meter": "Eastron3P"}, 64_000, Fault.EV_METER_LOST),
        (MeterRole.CIRCUIT, {"circuit_meter": "Eastron3P"}, 20_000, Fault.CIRCUIT_METER_LOST),
    ],
)
def test_a_silent_meter_is_lost_after(role: MeterRole, given: dict[str, object], limit_ms: int, fault: Fault) -> None:
    bench = charging(**{"mode": "Smart", "mains_meter": "Eastron3P"} | given)
    while bench.now % 1_000 or bench.core.regulation.metering.values(role).heard_at != bench.now:
        bench.cycle()
    heard = bench.now
    del bench.meters[role]
    at_limit(bench, heard, limit_ms, lambda: bench.has(fault))
    assert bench.state is State.C1
    bench.high = V9
    bench.run(110)
    assert not bench.closed


# ---- phases, temperature, contactors ----

DARK = Sun(three_start=False, one_starts=True, large_shortage=True, spare=False)
BRIGHT = Sun(three_start=True, one_starts=True, large_shortage=False, spare=True)
AUTO = configured(mains_meter="Eastron3P", mode=int(Mode.SOLAR), enable_C2=int(Contactor2.AUTO))


def test_a_large_shortage_lasts_after_30_s() -> None:
    phases = Phases()
    phases.observe(DARK, 1_000, at_top=False)
    assert not phases.large_shortage_lasts(AUTO, 30_999)
    assert phases.large_shortage_lasts(AUTO, 31_000)


def test_back_to_three_phases_after_60_s_at_the_top() -> None:
    phases = Phases()
    phases.to_one(0)
    phases.at_rest(AUTO, 0)
    phases.observe(BRIGHT, 1_000, at_top=True)
    phases.look_up(AUTO, 60_999, three_fit=lambda: True)
    assert not phases.switch_due
    phases.look_up(AUTO, 61_000, three_fit=lambda: True)
    assert (phases.wanted, phases.in_use) == (3, 1)


@pytest.mark.parametrize(("limit", "degrees"), [(65, 65), (40, 40), (75, 75)])
def test_temperature_stops_above_the_limit_and_resumes_below_10_degrees_less(limit: int, degrees: int) -> None:
    bench = charging(temp_max=limit)
    bench.temperature = degrees
    bench.run(1_000)
    assert bench.state is State.C
    bench.temperature = degrees + 1
    bench.cycle()
    assert (bench.state, bench.has(Fault.TEMPERATURE)) == (State.C1, True)
    bench.high = V9
    bench.temperature = degrees - 10
    bench.run(20_000, 50)
    assert (bench.state, bench.has(Fault.TEMPERATURE)) == (State.B1, True)
    bench.temperature = degrees - 11
    bench.cycle()
    assert not bench.has(Fault.TEMPERATURE)
    bench.run_to(State.B, 100)


def test_current_without_a_closed_contactor_is_a_weld_after_2_and_3_s() -> None:
    watch = ContactorWatch(0)
    flows = PhaseCurrents(10, 0, 0)
    for now in (1_999, 2_000, 4_999):
        watch.metered(flows, now, posted=False, second_fitted=False)
        assert not watch.welded(now)
    watch.metered(flows, 5_000, posted=False, second_fitted=False)
    assert watch.welded(5_000)
    watch.metered(PhaseCurrents(9, 9, 9), 5_001, posted=False, second_fitted=False)
    assert not watch.welded(5_001)
