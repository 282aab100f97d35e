"""The proofs of proofs.py in the three modes; the proofs of the modes' own rules."""

import pytest

from evsed.core.faults import Fault
from evsed.core.model import Contactor2, Mode, ModeChoice, PhaseCurrents
from evsed.core.states import State
from tests.core.bench import V6, V9
from tests.core.proofs import EVERY, SOME, ChargingProof, Config, announced, some

NO_CURRENT = PhaseCurrents(0, 0, 0)


class TestNormal(ChargingProof):
    mode = Mode.NORMAL
    choice = ModeChoice.NORMAL


class MeteredProof(ChargingProof):
    """What holds in the modes that go by the mains meter."""

    @some
    def test_never_without_a_word_of_the_mains_meter(self, config: Config) -> None:
        bench = self.idle(config)
        bench.restart()
        bench.meters.clear()
        bench.high = V6
        self.stays_open(bench, 40_000)
        assert bench.has(Fault.METER_LOST)

    @some
    def test_a_silent_mains_meter_stops_in_order(self, config: Config) -> None:
        bench = self.charging(config)
        bench.meters.clear()
        assert bench.run_to(State.C1, 11_000) <= 9_000
        assert bench.closed


class TestSmart(MeteredProof):
    mode = Mode.SMART
    choice = ModeChoice.SMART

    @pytest.mark.parametrize(("house", "offers"), [(119, True), (120, True), (121, False)])
    def test_a_start_needs_min_of_the_mains(self, house: int, offers: bool) -> None:
        config = Config(Contactor2.NOT_PRESENT, True, 0, False, True)
        bench = self.idle(config, current_main=18)
        bench.meter_sunny(PhaseCurrents(house, 0, 0))
        bench.run(2_500, 50)
        bench.high = V9
        bench.run(20_000, 50)
        assert (announced(bench) > 0) == offers


class TestSolar(MeteredProof):
    mode = Mode.SOLAR
    choice = ModeChoice.SOLAR

    @some
    def test_never_without_sun(self, config: Config) -> None:
        bench = self.idle(config)
        bench.meter_sunny(NO_CURRENT)
        bench.run(2_500, 50)
        bench.high = V9
        bench.run(1_000, 50)
        bench.high = V6
        self.stays_open(bench, 40_000)
        assert bench.has(Fault.NO_SUN)


def test_some_configurations_hold_every_pair() -> None:
    assert len(EVERY) == 120
    assert 15 <= len(SOME) <= 24
