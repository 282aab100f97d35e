"""The lease's script and the duties, for every polarity."""

import pytest

from evsed.hw import guard
from evsed.hw.pigpio.script import LEASE_MS, RENEW_MS, TICK_MS, TICKS, contactors, duty_ppm, lease_script, level
from evsed.wiring import Line, Pins
from tests.silicon.pigpio_script import parse


def test_the_reference_board() -> None:
    assert lease_script(Pins()) == (
        "tag 1 mils 10 dcr p0 jz 2 jm 2 jmp 1 tag 2 w 22 0 w 23 0 hp 12 1000 1000000 ld p0 0 jmp 1"
    )


@pytest.mark.parametrize("pilot_low", [False, True])
@pytest.mark.parametrize("first_low", [False, True])
@pytest.mark.parametrize("second_low", [False, True])
@pytest.mark.parametrize("pilot", [12, 13, 18, 19])
def test_off_is_off_for_every_polarity(pilot: int, first_low: bool, second_low: bool, pilot_low: bool) -> None:
    pins = Pins(pilot=Line(pilot, pilot_low), contactor1=Line(10, first_low), contactor2=Line(11, second_low))
    text = lease_script(pins)
    assert f" w 10 {int(first_low)} w 11 {int(second_low)} hp {pilot} 1000 {0 if pilot_low else 1_000_000} " in text
    assert parse(text)


def test_one_contactor_leaves_the_other_pin_alone() -> None:
    pins = Pins(contactor2=None)
    assert contactors(pins) == (Line(22),)
    assert lease_script(pins) == ("tag 1 mils 10 dcr p0 jz 2 jm 2 jmp 1 tag 2 w 22 0 hp 12 1000 1000000 ld p0 0 jmp 1")


def test_it_writes_nothing_but_the_contactors_and_the_pilot() -> None:
    deeds = [step for step in parse(lease_script(Pins())) if step.name in ("WRITE", "HP", "MODES")]
    assert [(step.name, *(operand.value for operand in step.operands)) for step in deeds] == [
        ("WRITE", 22, 0),
        ("WRITE", 23, 0),
        ("HP", 12, 1_000, 1_000_000),
    ]


def test_a_late_loop_finds_its_contactors_opened_by_the_guard_before_the_script_opens_them() -> None:
    """The script cannot tell the guard: what it opened alone the guard would close again with the next feed."""
    shortest_ms = LEASE_MS * 494 / 500  # as measured
    assert TICKS * TICK_MS == LEASE_MS
    assert shortest_ms > guard.LEASE_MS + RENEW_MS + 20


@pytest.mark.parametrize(("high_bp", "ppm"), [(0, 0), (1_000, 100_000), (5_333, 533_300), (10_000, 1_000_000)])
def test_duties(high_bp: int, ppm: int) -> None:
    assert duty_ppm(Line(12), high_bp) == ppm
    assert duty_ppm(Line(12, active_low=True), high_bp) == 1_000_000 - ppm


def test_levels() -> None:
    assert (level(Line(22), on=True), level(Line(22), on=False)) == (1, 0)
    assert (level(Line(22, active_low=True), on=True), level(Line(22, active_low=True), on=False)) == (0, 1)
