"""The board's ADC, an MCP3204 or MCP3208: one burst over pilot, proximity and temperature, and what its codes mean.

Owns the frames, the chip's way of not answering, and the conversions. The device is spidev.py's, what a pilot level is
core/pilot.py's, what a cable carries core/cable.py's.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from evsed.core.units import Celsius, Millivolts, Ohms
from evsed.hw.spidev import Ioctl, Message, OpenDevice
from evsed.wiring import Adc

PILOT_SAMPLES = 100
"""So many make a burst of about three periods of the pilot at 30 us a frame [?].

Unconfirmed: 24 bits at 1 MHz take 24 us; what the driver adds between frames (Linux waits up to 10 us where chip select
changes) has to be seen on a bench Pi. core/pilot.py is tried with 28 to 50 us (tests/pilot_soak.py).
"""

SLOW_SAMPLES = 3
"""Of proximity and of temperature, at the end of the same message: the middle one counts."""

CODES = 4_096
_ANSWER_BITS = 0x1FFF  # the null bit and 12 bits of code; before it the chip drives nothing
_EDGE_CODES = 48  # closer than this to 0 or to full scale a divider says "short" or "open", not a resistance
_KELVIN = 273.15
_NTC_AT = 25 + _KELVIN
_COLDEST, _HOTTEST = -55, 150  # what an NTC is made for


@dataclass(frozen=True, slots=True)
class Look:
    """One burst. ``pilot_mv`` is empty when the chip could not be believed; then nothing else is known either."""

    pilot_mv: tuple[Millivolts, ...]
    proximity_ohms: Ohms | None = None  # None: open circuit, or not fitted
    temperature_c: Celsius | None = None  # None: sensor open or shorted, or not fitted


_NOTHING = Look(())


class Sampler:
    """Looks at the ADC. One ioctl a look, with a message that is prepared once."""

    def __init__(self, adc: Adc, open_device: OpenDevice | None = None, ioctl: Ioctl | None = None) -> None:
        """Opens the device; raises BoardLostError, with what to do about it, when it cannot be used.

        None: the kernel's calls.
        """
        channels = [adc.pilot] * PILOT_SAMPLES
        self._proximity, self._temperature = len(channels), len(channels)
        if adc.proximity >= 0:
            channels += [adc.proximity] * SLOW_SAMPLES
            self._temperature = len(channels)
        if adc.temperature >= 0:
            channels += [adc.temperature] * SLOW_SAMPLES
        self._millivolts = pilot_table(adc)
        self._adc = adc
        self._degrees = temperature_table(adc)
        self._answers = struct.Struct(">" + "xH" * len(channels))
        self._message = Message(adc.device, adc.hz, [frame(channel) for channel in channels], open_device, ioctl)
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """Why the last look was empty, for the owner; empty when it was not."""
        return self._message.trouble or self._trouble

    def look(self) -> Look:
        """One burst: blocks for some 3 ms. Empty after an odd answer; raises BoardLostError when the device is gone."""
        if not self._message.send():
            return _NOTHING
        codes = [answer & _ANSWER_BITS for answer in self._answers.unpack_from(self._message.answer)]
        pilot = codes[:PILOT_SAMPLES]
        if max(codes) >= CODES:
            self._trouble = f"{self._adc.device}: the {self._adc.chip} does not answer (its data line stays high)"
            return _NOTHING
        if not any(pilot):
            self._trouble = f"{self._adc.device}: the {self._adc.chip} does not answer (its data line stays low)"
            return _NOTHING
        self._trouble = ""
        millivolts = self._millivolts
        return Look(
            tuple([millivolts[code] for code in pilot]),
            proximity_ohms(codes[self._proximity : self._temperature], self._adc.proximity_pullup_ohms),
            self._degrees[_middle(codes[self._temperature :])] if len(codes) > self._temperature else None,
        )

    def close(self) -> None:
        """Lets go of the device."""
        self._message.close()


def frame(channel: int) -> bytes:
    """The three bytes that ask for ``channel`` (0..7), single-ended. MCP3204/3208 data sheet, figure 6-1.

    The answer's last 13 bits are a null bit and the code.
    """
    return bytes([0x06 | channel >> 2, (channel & 3) << 6, 0])


def pilot_table(adc: Adc) -> tuple[Millivolts, ...]:
    """The pilot's voltage for every code."""
    span = adc.pilot_full_mv - adc.pilot_zero_mv
    return tuple(adc.pilot_zero_mv + round(span * code / CODES) for code in range(CODES))


def proximity_ohms(codes: Sequence[int], pullup: Ohms) -> Ohms | None:
    """The resistor from proximity to earth, of the middle one of ``codes``; None when nothing is connected."""
    if not codes:
        return None
    code = _middle(codes)
    return None if code >= CODES - _EDGE_CODES else round(pullup * code / (CODES - code))


def temperature_table(adc: Adc) -> tuple[Celsius | None, ...]:
    """Degrees for every code of an NTC to ground under its pull-up; None where no NTC can be."""
    return tuple(_degrees(adc, code) for code in range(CODES))


def _degrees(adc: Adc, code: int) -> Celsius | None:
    if not _EDGE_CODES <= code < CODES - _EDGE_CODES:
        return None
    ohms = adc.ntc_pullup_ohms * code / (CODES - code)
    degrees = 1 / (1 / _NTC_AT + math.log(ohms / adc.ntc_ohms) / adc.ntc_beta) - _KELVIN
    return round(degrees) if _COLDEST <= degrees <= _HOTTEST else None


def _middle(codes: Sequence[int]) -> int:
    return sorted(codes)[len(codes) // 2]
