"""The plant's physics against the contract, in virtual time."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.actions import PILOT_LOW, PILOT_OFF, SAFE, LockDrive, Outputs, pilot_offering
from evsed.core.events import Button, Inputs
from evsed.core.model import MeterType, PhaseCurrents
from evsed.core.settings import Settings
from evsed.hw.lease import Feed
from evsed.hw.meters import Values, meter_for
from evsed.hw.simulation.eastron import Eastron
from evsed.hw.simulation.launcher import Simulation, fresh_settings, prepare_state
from evsed.hw.simulation.link import pack_inputs, unpack_inputs
from evsed.hw.simulation.plant import Plant
from evsed.hw.simulation.process import meters_of

CLOSED = Outputs(contactor1=True, contactor2=False, pilot=pilot_offering(160))


class Bench:
    """A plant that is fed every 10 ms."""

    def __init__(self) -> None:
        self.plant = Plant(1, 0, 0)
        self.unit = self.plant.units[0]
        self.outputs = SAFE
        self.single = True
        self.feeding = True
        self.unit.feed(Feed(0, SAFE, self.single), 0)  # who has not asked for open may not ask for closed

    def run(self, seconds: float) -> None:
        until = self.plant.now + round(seconds * 1000)
        while self.plant.now < until:
            if self.feeding:
                self.unit.feed(Feed(0, self.outputs, self.single), self.plant.now)
            self.plant.advance(self.plant.now + 10)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.unit.car.plugged = bench.unit.car.ready = True
    return bench


def test_s2_closes_1_s_after_pulses_and_opens_1_s_after_them(bench: Bench) -> None:
    bench.outputs = Outputs(pilot=pilot_offering(160))
    bench.run(0.99)
    assert not bench.unit.car.s2_closed
    bench.run(0.03)
    assert bench.unit.car.s2_closed
    bench.outputs = SAFE
    bench.run(0.98)
    assert bench.unit.car.s2_closed
    bench.run(0.04)
    assert not bench.unit.car.s2_closed


def test_the_car_draws_2_s_after_the_contactor_and_follows_after_its_lag(bench: Bench) -> None:
    bench.outputs = CLOSED
    bench.run(1.95)
    assert bench.unit.current == (0.0, 0.0, 0.0)
    bench.run(0.1)
    assert bench.unit.current == (16.0, 16.0, 16.0)
    bench.outputs = Outputs(contactor1=True, pilot=pilot_offering(60))
    bench.run(1.95)
    assert bench.unit.current[0] == 16.0
    bench.run(0.1)
    assert bench.unit.current[0] == 6.0
    bench.outputs = Outputs(contactor1=True)
    bench.run(0.9)
    assert bench.unit.current[0] == 6.0
    bench.run(0.15)
    assert bench.unit.current[0] == 0.0


def test_without_feed_for_500_ms_the_contactors_open_and_the_pilot_is_constant(bench: Bench) -> None:
    bench.outputs = CLOSED
    bench.run(3)
    bench.feeding = False
    bench.run(0.48)
    assert bench.unit.contactor1.closed
    bench.run(0.05)
    assert not bench.unit.contactor1.closed
    assert bench.unit.duty_percent == 100.0


def test_a_second_contactor_brings_l2_and_l3(bench: Bench) -> None:
    bench.single = False
    bench.outputs = CLOSED
    bench.run(3)
    assert bench.unit.current == (16.0, 0.0, 0.0)
    bench.outputs = Outputs(contactor1=True, contactor2=True, pilot=pilot_offering(160))
    bench.run(0.1)
    assert bench.unit.current == (16.0, 16.0, 16.0)
    bench.unit.car.phases = 2
    bench.run(0.1)
    assert bench.unit.current == (16.0, 16.0, 0.0)


def test_welded_and_stuck_contactors(bench: Bench) -> None:
    bench.unit.contactor1.fault = "welded"
    bench.run(0.1)
    assert bench.unit.contactor1.closed
    bench.unit.contactor1.fault = "stuck_open"
    bench.outputs = CLOSED
    bench.run(0.1)
    assert not bench.unit.contactor1.closed
    assert bench.unit.contactor1.cycles == 1


def test_mirror_contacts_tell_what_the_contacts_do(bench: Bench) -> None:
    unit = bench.unit
    assert (unit.closed1, unit.closed2) == (False, None)
    bench.single = False
    bench.outputs = Outputs(contactor1=True, contactor2=True, pilot=pilot_offering(160))
    bench.run(0.02)
    assert (unit.closed1, unit.closed2) == (False, False)
    bench.run(0.02)
    assert (unit.closed1, unit.closed2) == (True, True)
    unit.contactor1.fault, unit.contactor2.fault = "stuck_open", "welded"
    bench.outputs = SAFE
    bench.run(0.1)
    assert (unit.closed1, unit.closed2) == (False, True)
    bench.outputs = CLOSED
    bench.run(0.1)
    assert (unit.closed1, unit.closed2) == (False, True)
    unit.contactor2.fault = None
    bench.run(0.1)
    assert (unit.closed1, unit.closed2) == (False, False)


def test_the_lock_moves_when_it_is_driven_for_300_ms_without_a_break(bench: Bench) -> None:
    unit = bench.unit
    bench.outputs = Outputs(lock=LockDrive.LOCK)
    bench.run(0.3)
    assert not unit.locked
    bench.run(0.01)
    assert unit.locked
    bench.outputs = SAFE
    bench.run(10)
    assert unit.locked
    for drive in (LockDrive.UNLOCK, LockDrive.REST, LockDrive.UNLOCK, LockDrive.LOCK):
        bench.outputs = Outputs(lock=drive)
        bench.run(0.29)
        assert unit.locked
    bench.outputs = Outputs(lock=LockDrive.UNLOCK)
    bench.run(0.6)
    assert not unit.locked


def test_a_stuck_lock_stays_where_it_is(bench: Bench) -> None:
    bench.unit.lock.fault = "stuck"
    bench.outputs = Outputs(lock=LockDrive.LOCK)
    bench.run(0.6)
    assert not bench.unit.locked
    bench.unit.lock.fault = None
    bench.run(0.02)
    assert bench.unit.locked


def test_the_monitors_signal_follows_its_test_after_50_ms(bench: Bench) -> None:
    unit = bench.unit
    bench.outputs = Outputs(rcm_test=True)
    bench.run(0.05)
    assert not unit.rcm_signal
    bench.run(0.01)
    assert unit.rcm_signal
    bench.outputs = SAFE
    bench.run(0.05)
    assert unit.rcm_signal
    bench.run(0.01)
    assert not unit.rcm_signal
    unit.rcm = True
    assert unit.rcm_signal


def test_an_expired_lease_ends_the_lock_drive_and_the_rcm_test(bench: Bench) -> None:
    bench.outputs = Outputs(lock=LockDrive.LOCK, rcm_test=True)
    bench.run(0.1)
    assert bench.unit.rcm_signal
    bench.unit.lock.fault = "stuck"
    bench.feeding = False
    bench.run(0.6)
    assert not bench.unit.rcm_signal
    bench.unit.lock.fault = None
    bench.run(1)
    assert not bench.unit.locked


def test_one_look_has_every_input(bench: Bench) -> None:
    bench.outputs = CLOSED
    bench.run(0.1)
    unit = bench.unit
    unit.rcm = True
    unit.press(Button.LEFT, 100, bench.plant.now)
    inputs = unit.inputs(bench.plant.now)
    assert len(inputs.pilot_mv) == 100
    assert (inputs.proximity_ohms, inputs.temperature_c, inputs.rcm_tripped) == (220, 25, True)
    assert (inputs.buttons, inputs.closed1, inputs.closed2, inputs.locked) == ({Button.LEFT}, True, None, False)


def test_a_car_that_ignores_the_stop_draws_on(bench: Bench) -> None:
    bench.outputs = CLOSED
    bench.run(3)
    bench.unit.car.ignores_stop = True
    bench.run(0.1)
    bench.outputs = Outputs(contactor1=True)
    bench.run(5)
    assert bench.unit.current[0] == 16.0


def test_plateaus_are_those_of_the_circuit(bench: Bench) -> None:
    plateaus = []
    for outputs in (Outputs(pilot=pilot_offering(160)), SAFE, Outputs(pilot=PILOT_LOW), Outputs(pilot=PILOT_OFF)):
        bench.outputs = outputs
        bench.run(0.02)
        plateaus.append(bench.unit.plateaus())
    assert plateaus == [(8_978, -12_000), (8_978, 8_978), (-12_000, -12_000), (0, 0)]


def test_mains_is_house_minus_sun_plus_car_and_energy_counts_both_ways() -> None:
    plant = Plant(1, 0, 0)
    plant.house, plant.sun = (2.0, 2.0, 2.0), (0.0, 0.0, 0.0)
    for _ in range(360):
        plant.advance(plant.now + 1_000)
    assert plant.imported_wh == pytest.approx(6 * 230 / 10)
    plant.sun = (5.0, 5.0, 5.0)
    for _ in range(360):
        plant.advance(plant.now + 1_000)
    assert plant.mains == (-3.0, -3.0, -3.0)
    assert plant.exported_wh == pytest.approx(9 * 230 / 10)


def test_each_charger_has_a_meter_on_its_own_car_and_the_mains_meter_sees_them_all() -> None:
    plant = Plant(3, 0, 0)
    plant.house = (1.0, 2.0, 3.0)
    for charger, unit in enumerate(plant.units):
        unit.current, unit.energy_wh = (6.0 + charger, 0.0, 0.0), 100.0 * charger
    plant.ev_silent[1] = True
    mains, *cars = meters_of(plant)
    assert (mains.address, mains.current(), mains.silent()) == (11, (22.0, 2.0, 3.0), False)
    assert [(car.address, car.current()[0], car.imported(), car.silent()) for car in cars] == [
        (12, 6.0, 0.0, False),
        (13, 7.0, 100.0, True),
        (14, 8.0, 200.0, False),
    ]


def test_the_first_of_several_chargers_is_fresh_as_the_master_and_the_others_as_its_nodes() -> None:
    assert (fresh_settings().loadbl, fresh_settings().ev_meter_address) == (0, 12)
    several = [fresh_settings(charger, 8) for charger in range(8)]
    assert [settings.loadbl for settings in several] == list(range(1, 9))
    assert [settings.ev_meter_address for settings in several] == list(range(12, 20))
    assert {settings.mains_meter_address for settings in several} == {11}


def test_an_eastron_reads_back_with_signs() -> None:
    meter = Eastron(11, lambda: (10.0, -6.5, 0.0), lambda: 1_234.0, lambda: 5_678.0, lambda: False)
    told = [meter.read(first, count) for first, count in ((0x0006, 12), (0x0034, 2), (0x0048, 4))]
    dialog = meter_for(MeterType.EASTRON3P, Settings())
    assert dialog is not None
    assert [dialog.take(read, words or []) for read, words in zip((dialog.fast, *dialog.slow), told, strict=True)] == [
        Values(PhaseCurrents(100, -65, 0)),
        Values(power_w=round(3.5 * 230)),
        Values(import_wh=1_234, export_wh=5_678),
    ]
    assert meter.read(0x0180, 2) is None


THREE_VALUED = st.sampled_from([None, False, True])
INPUTS = st.builds(
    Inputs,
    st.lists(st.integers(-13_000, 13_000), max_size=511).map(tuple),
    st.none() | st.integers(0, 0xFFFE),
    st.none() | st.integers(-100, 200),
    st.booleans(),
    st.frozensets(st.sampled_from(Button)),
    st.booleans(),
    THREE_VALUED,
    THREE_VALUED,
    THREE_VALUED,
)


@given(INPUTS)
def test_a_look_comes_back(inputs: Inputs) -> None:
    assert unpack_inputs(pack_inputs(inputs)) == inputs


@given(st.binary(max_size=64) | st.binary(max_size=40).map(lambda rest: b"EVI2" + rest))
def test_anything_else_is_no_look(data: bytes) -> None:
    inputs = unpack_inputs(data)
    assert inputs is None or pack_inputs(inputs) == data


@pytest.mark.parametrize(("index", "value"), [(3, 0x31), (4, 0x20), (4, 0x80), (5, 27), (5, 255), (10, 1)])
def test_a_look_with_a_value_that_means_nothing_is_none(index: int, value: int) -> None:
    packed = bytearray(pack_inputs(Inputs((12_000, -12_000), 220, 25)))
    packed[index] = value
    assert unpack_inputs(bytes(packed)) is None


def test_a_first_run_where_something_is_kept_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulation = Simulation(8080, 8180, tmp_path / "state", "", (), 0, first_run=True)
    prepare_state(simulation)
    assert capsys.readouterr().err == ""
    prepare_state(simulation)
    assert "was used before, and what is set there stays: --first-run starts anew only" in capsys.readouterr().err
    prepare_state(replace(simulation, first_run=False))
    assert capsys.readouterr().err == ""
