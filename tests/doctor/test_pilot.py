"""What the ADC sees, in words: with and without a car, with pulses and without, and a chip that is not there."""

import errno
from collections.abc import Callable
from dataclasses import replace

import pytest

from evsed.core.ports import BoardLostError
from evsed.doctor.findings import Finding, Verdict
from evsed.doctor.pilot import LOOKS, pilot
from evsed.hw.adc import Sampler
from evsed.wiring import Adc, Wiring
from tests.hw.spi_chip import SpiChip
from tests.hw.test_adc import ADC, code_for

CABLE_32_A, ROOM = 738, 2_048
PERIOD = 33


def chip(pilot_mv: list[int], proximity: int = CABLE_32_A, temperature: int = ROOM) -> SpiChip:
    return SpiChip({0: [code_for(each) for each in pilot_mv], 1: [proximity], 2: [temperature]})


def pulses(high_mv: int, low_mv: int = -12_000, duty: int = 2_500) -> list[int]:
    """A period of 1 kHz, 30 us a sample."""
    high = PERIOD * duty // 10_000
    return [high_mv] * high + [low_mv] * (PERIOD - high)


def look(spi: SpiChip, duty: Callable[[], int | None] = lambda: 10_000, adc: Adc = ADC) -> list[Finding]:
    return list(pilot(Wiring(adc=adc), duty, lambda fitted: Sampler(fitted, spi.open, spi.ioctl)))


@pytest.mark.parametrize(
    ("millivolts", "says"),
    [
        (11_990, "pilot 12.0 V: 12 V: no car"),
        (8_900, "pilot 8.9 V: 9 V: a car"),
        (6_100, "pilot 6.1 V: 6 V: a car that wants power"),
        (2_900, "pilot 2.9 V: 3 V: a car that wants power and ventilation"),
    ],
)
def test_a_constant_pilot_in_words(millivolts: int, says: str) -> None:
    assert look(chip([millivolts]))[0] == Finding(Verdict.OK, says)


@pytest.mark.parametrize("duty", [2_500, None])
def test_pulses_in_words_also_when_nobody_says_which(duty: int | None) -> None:
    found = look(chip(pulses(9_000)), lambda: duty)[0]
    assert found == Finding(Verdict.OK, "pilot -12.0 V to 9.0 V, pulses: 9 V: a car")


def test_pulses_that_are_not_the_driven_ones_are_wrong() -> None:
    assert look(chip(pulses(9_000)), lambda: 7_500)[0].verdict is Verdict.WRONG


def test_a_car_without_its_diode_is_wrong() -> None:
    found = look(chip(pulses(9_000, -9_000)), lambda: 2_500)[0]
    assert (found.verdict, "without a diode" in found.what) == (Verdict.WRONG, True)


@pytest.mark.parametrize(
    ("millivolts", "verdict", "says"),
    [
        (100, Verdict.WRONG, "near 0 V"),
        (-12_000, Verdict.ATTENTION, "constant -12 V"),
        (7_500, Verdict.WRONG, "pilot 7.5 V: no level that a pilot has"),
        (16_490, Verdict.WRONG, "reads full scale whatever is asked"),
    ],
)
def test_a_pilot_that_is_none(millivolts: int, verdict: Verdict, says: str) -> None:
    found = look(chip([millivolts]))[0]
    assert (found.verdict, says in found.what) == (verdict, True)
    assert found.advice


@pytest.mark.parametrize("line", [0, 255])
def test_a_chip_that_does_not_answer_is_wrong_with_what_to_check(line: int) -> None:
    found = look(SpiChip(line=line))
    assert [each.verdict for each in found] == [Verdict.WRONG]
    assert "does not answer" in found[0].what
    assert "dtparam=spi=on" in found[0].advice


def test_a_chip_that_says_1_for_nothing_is_stuck() -> None:
    assert "reads 0 whatever is asked" in look(SpiChip({0: [1], 1: [0], 2: [ROOM]}))[0].what


def test_looks_that_do_not_agree_deserve_attention() -> None:
    spi = chip([12_000] * 300 + [9_000] * 300)
    found = look(spi)[0]
    assert (found.verdict, "looks do not agree" in found.what) == (Verdict.ATTENTION, True)


def test_a_look_that_brought_nothing_is_told() -> None:
    spi = chip([12_000])
    given = spi.ioctl
    calls = iter(range(1 + LOOKS))

    def now_and_then(fd: int, number: int, argument: object) -> object:
        if next(calls) == 2:
            raise OSError(errno.EIO, "odd")
        return given(fd, number, argument)

    found = list(pilot(Wiring(), lambda: 10_000, lambda fitted: Sampler(fitted, spi.open, now_and_then)))
    assert (found[0].verdict, found[0].what) == (Verdict.ATTENTION, f"1 of {LOOKS} looks brought nothing")
    assert found[1].verdict is Verdict.OK


def test_a_device_that_is_not_there_ends_the_step() -> None:
    with pytest.raises(BoardLostError, match="switch SPI on"):
        look(SpiChip(open_error=errno.ENOENT))


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (CABLE_32_A, "proximity: 220 ohms, a cable for 32 A"),
        (4_095, "proximity: open, no cable in the socket (or the cable is fixed)"),
        (100, "proximity: 25 ohms, no cable that the norm knows"),
    ],
)
def test_proximity_in_words(code: int, says: str) -> None:
    assert look(chip([12_000], proximity=code))[1] == Finding(Verdict.OK, says)


def test_temperature_in_words() -> None:
    assert look(chip([12_000]))[2] == Finding(Verdict.OK, "temperature: 25 °C")
    found = look(chip([12_000], temperature=4_095))[2]
    assert (found.verdict, "unknown" in found.what) == (Verdict.ATTENTION, True)


def test_what_is_not_fitted_is_not_told() -> None:
    assert len(look(chip([12_000]), adc=replace(ADC, proximity=-1, temperature=-1))) == 1
