"""The ADC as the doctor looks at it: pilot, proximity and temperature in words, so that wiring can be judged by eye.

Owns the words. Looking is hw/adc.py's, what a pilot level is core/pilot.py's. The looks share the bus with a running
evsed, which the kernel keeps apart; nothing is driven.
"""

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from evsed.core.cable import cable_limit
from evsed.core.duty import CONSTANT
from evsed.core.pilot import Level, Reading, judge
from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.hw.adc import CODES, Look, Sampler
from evsed.installed import page
from evsed.wiring import Adc, Wiring

LOOKS = 5
_SWING_MV = 1_500  # more than this between highest and lowest sample: there are pulses
_WIRING = "check the ADC's wiring and supply, and dtparam=spi=on in /boot/firmware/config.txt"
_MEANING = {
    Level.UNPLUGGED: "12 V: no car",
    Level.CONNECTED: "9 V: a car",
    Level.WANTS_POWER: "6 V: a car that wants power",
    Level.WANTS_VENTILATION: "3 V: a car that wants power and ventilation",
}


def pilot(
    wiring: Wiring, duty: Callable[[], int | None], sampler: Callable[[Adc], Sampler] = Sampler
) -> Iterator[Finding]:
    """What the ADC sees. ``duty``: for how much of the time the pilot is driven high, in 1/10000; None: not known."""
    adc = wiring.adc
    device = sampler(adc)
    try:
        looks = [device.look() for _ in range(LOOKS)]
        trouble = device.trouble
    finally:
        device.close()
    seen = [look for look in looks if look.pilot_mv]
    if not seen:
        yield wrong(trouble or f"{adc.device}: nothing was read", _WIRING)
        return
    if len(seen) < LOOKS:
        yield attention(f"{LOOKS - len(seen)} of {LOOKS} looks brought nothing", _WIRING)
    yield _stuck(seen, adc) or _level([_judged(look.pilot_mv, duty()) for look in seen])
    if adc.proximity >= 0:
        yield ok(_cable(seen[-1]))
    if adc.temperature >= 0:
        yield _temperature(seen[-1])


def _stuck(looks: Sequence[Look], adc: Adc) -> Finding | None:
    """A wire that says the same whatever is asked looks like a pilot at an end of the divider."""
    samples = {sample for look in looks for sample in look.pilot_mv}
    code_mv = (adc.pilot_full_mv - adc.pilot_zero_mv) / CODES
    if max(samples) <= adc.pilot_zero_mv + code_mv:
        return wrong(f"{adc.device} reads 0 whatever is asked", _WIRING)
    if min(samples) >= adc.pilot_full_mv - 2 * code_mv:
        return wrong(f"{adc.device} reads full scale whatever is asked", _WIRING)
    return None


def _judged(samples: Sequence[int], duty: int | None) -> Reading:
    """A burst, judged by the duty that is driven; where that is not known, by what it shows itself."""
    if duty is None:
        lowest, highest = min(samples), max(samples)
        above = sum(sample > (lowest + highest) / 2 for sample in samples)
        duty = CONSTANT * above // len(samples) if highest - lowest >= _SWING_MV else CONSTANT
    return judge(samples, duty, Level.INVALID)


def _level(readings: Sequence[Reading]) -> Finding:
    high_mv, low_mv = median(r.high_mv for r in readings), median(r.low_mv for r in readings)
    measured = _volts(high_mv) if high_mv - low_mv < _SWING_MV else f"{_volts(low_mv)} to {_volts(high_mv)}, pulses"
    levels = {reading.level for reading in readings}
    if len(levels) > 1:
        return attention(
            f"pilot {measured}: looks do not agree", "is it moving just now? If it stays so: noise, or a loose wire"
        )
    (level,) = levels
    text = f"pilot {measured}: {_MEANING.get(level, '')}"
    if level in _MEANING:
        without_diode = (
            level is not Level.UNPLUGGED and high_mv - low_mv >= _SWING_MV and not readings[-1].negative_seen
        )
        if without_diode:
            return wrong(
                f"{text}, without a diode",
                "the low half has to reach -12 V: look at the car's plug and the -12 V supply",
            )
        return ok(text)
    if level is Level.NEGATIVE:
        return attention(f"pilot {measured}: constant -12 V", "nobody drives it up; look again while evsed runs")
    if level is Level.SHORT:
        why = "is the ±12 V supply there? Is the pilot shorted to earth, or disconnected by pilot_off?"
        return wrong(f"pilot {measured}: near 0 V", why)
    fit = f"pilot, pilot_zero_mv and pilot_full_mv in [board.adc] have to fit ({page('board.md')})"
    return wrong(
        f"pilot {measured}: no level that a pilot has (12, 9, 6 or 3 V)",
        f"compare with a voltmeter: {fit}",
    )


def _volts(millivolts: float) -> str:
    return f"{millivolts / 1000:.1f} V"


def _cable(look: Look) -> str:
    if look.proximity_ohms is None:
        return "proximity: open, no cable in the socket (or the cable is fixed)"
    limit = cable_limit(look.proximity_ohms)
    carries = f"a cable for {limit / 10:g} A" if limit else "no cable that the norm knows"
    return f"proximity: {look.proximity_ohms} ohms, {carries}"


def _temperature(look: Look) -> Finding:
    if look.temperature_c is None:
        return attention(
            "temperature: unknown, the sensor is open or shorted", "without one, write temperature = -1 in [board.adc]"
        )
    return ok(f"temperature: {look.temperature_c} °C")
