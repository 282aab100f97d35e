"""What a session says that charging ended for."""

import pytest

from evsed.core.faults import Fault
from evsed.core.snapshot import Saved
from tests.core.bench import V3, V6, V9, V12, Bench, configured


@pytest.mark.parametrize(("level", "code"), [(V9, "car_stopped"), (V12, "unplugged"), (V3, "ventilation")])
def test_what_the_car_does_is_a_reason(level: int, code: str) -> None:
    bench = Bench(Saved(settings=configured())).charge()
    bench.high = level
    bench.run(2_000)
    kept = bench.core.snapshot(bench.now).sessions
    record = kept.open or kept.last
    assert record is not None
    assert record.last_stop == code


def test_a_fault_is_a_reason() -> None:
    bench = Bench(Saved(settings=configured(rcmon=1))).charge()
    bench.residual = True
    bench.run(300)
    record = bench.core.snapshot(bench.now).sessions.open
    assert record is not None
    assert record.last_stop == Fault.RCM.value.code
    bench.residual, bench.high = False, V6
