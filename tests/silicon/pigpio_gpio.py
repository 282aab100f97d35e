"""pigpiod's GPIO functions over the fake block, with what the daemon believes of every pin beside what the pin does.

As in pigpio 79: hardware PWM switches the pin over only when the daemon believes that it is not yet; somebody else who
took the pin meanwhile keeps it. The duty is cut down to 250,000 steps at 1 kHz (375,000 on a Pi 4).
"""

import time
from enum import Enum

from tests.silicon.pigpio_errors import Error, RefusedError
from tests.silicon.registers import Registers

PINS = 28
LAST_GPIO = 53
LAST_USER_GPIO = 31
FULL = 1_000_000
PLL_HZ = 500_000_000
PLL_HZ_PI4 = 750_000_000
FASTEST_HZ = 125_000_000
ALTERNATE = {12: 4, 13: 4, 18: 2, 19: 2}  # MODEG's number of the pin's hardware PWM
CHANNEL = {12: 0, 18: 0, 13: 1, 19: 1}
PERMITTED = 0x0FFFFFFC  # GPIO 2 to 27, unless -x says otherwise


class Belief(Enum):
    """What pigpiod thinks that a pin does (gpioInfo[].is)."""

    UNDEFINED = "undefined"
    WRITE = "output"
    PWM = "software PWM"
    HARDWARE_PWM = "hardware PWM"


class Gpio:
    """The functions; each raises RefusedError."""

    def __init__(self, registers: Registers, permitted: int = PERMITTED, *, pi4: bool = False) -> None:
        self._registers, self._permitted = registers, permitted
        self._pll_hz = PLL_HZ_PI4 if pi4 else PLL_HZ
        self._belief = [Belief.UNDEFINED] * (LAST_GPIO + 1)
        self._width = [0] * (LAST_GPIO + 1)
        self._range = [255] * (LAST_GPIO + 1)
        self._frequency = [800] * (LAST_GPIO + 1)
        self._channel_duty = [0, 0]
        self._clock_set = False

    def permit(self, gpio: int) -> None:
        """Whether the pin may be changed."""
        if gpio <= LAST_GPIO and not self._permitted >> gpio & 1:
            raise RefusedError(Error.NOT_PERMITTED)

    def mode(self, gpio: int) -> int:
        """What the pin really is."""
        function = self._registers.function(_real(gpio))
        return {"in": 0, "out": 1}.get(function, ALTERNATE.get(gpio, 4))

    def set_mode(self, gpio: int, mode: int) -> None:
        """Input or output; an alternate function is none of ours."""
        self.permit(gpio)
        if mode > 7:
            raise RefusedError(Error.BAD_MODE)
        self._belief[_real(gpio)] = Belief.UNDEFINED
        if mode == 0:
            self._registers.make_input(gpio)
        elif mode == 1 and self._registers.function(gpio) != "out":
            self._registers.write(gpio, self._registers.read(gpio))

    def pull(self, gpio: int, pull: int) -> None:
        """0 none, 1 down, 2 up."""
        self.permit(gpio)
        if pull > 2:
            raise RefusedError(Error.BAD_PUD)
        self._registers.pull(_real(gpio), ("none", "down", "up")[pull])

    def read(self, gpio: int) -> int:
        """The level."""
        return self._registers.read(_real(gpio))

    def write(self, gpio: int, level: int) -> None:
        """Takes the pin out of its PWM."""
        self.permit(gpio)
        _real(gpio)
        if level > 1:
            raise RefusedError(Error.BAD_LEVEL)
        self._belief[gpio] = Belief.WRITE
        self._registers.write(gpio, level)

    def bank(self, mask: int = 0xFFFF_FFFF) -> int:
        """The levels of GPIO 0 to 31, as far as they are in the mask."""
        return sum(self._registers.read(gpio) << gpio for gpio in range(PINS) if mask >> gpio & 1)

    def hardware_pwm(self, gpio: int, hz: int, duty: int) -> None:
        """See above."""
        self.permit(gpio)
        if gpio > LAST_GPIO:
            raise RefusedError(Error.BAD_GPIO)
        if gpio not in CHANNEL:
            raise RefusedError(Error.NOT_HPWM_GPIO)
        if not 0 <= duty <= FULL:
            raise RefusedError(Error.BAD_HPWM_DUTY)
        if hz > FASTEST_HZ:
            raise RefusedError(Error.BAD_HPWM_FREQ)
        if hz == 0:
            self._belief[gpio] = Belief.UNDEFINED
            return
        self._channel_duty[CHANNEL[gpio]] = duty
        if not self._clock_set:
            self._blank(hz)
        steps = int(self._pll_hz / 2 / hz + 0.5)
        real_duty = (duty * steps // FULL) * FULL // steps
        for pin, channel in CHANNEL.items():  # a channel has one duty, on every pin that shows it
            if channel == CHANNEL[gpio] and self._registers.function(pin) == "pwm":
                self._registers.hardware_pwm(pin, hz, real_duty)
        if self._belief[gpio] is not Belief.HARDWARE_PWM:
            self._belief[gpio] = Belief.HARDWARE_PWM
            self._registers.hardware_pwm(gpio, hz, real_duty)

    def _blank(self, hz: int) -> None:
        """The daemon's first call sets the PWM's clock, and stops both channels meanwhile."""
        running = {pin: self._registers.duty(pin) for pin in CHANNEL if self._registers.function(pin) == "pwm"}
        for pin in running:
            self._registers.hardware_pwm(pin, hz, 0)
        time.sleep(50e-6)
        for pin, duty in running.items():
            self._registers.hardware_pwm(pin, hz, duty)
        self._clock_set = True

    def duty(self, gpio: int) -> int:
        """What was asked for, not what the pin shows."""
        match self._belief[_user(gpio)]:
            case Belief.HARDWARE_PWM:
                return self._channel_duty[CHANNEL[gpio]]
            case Belief.PWM:
                return self._width[gpio]
            case _:
                raise RefusedError(Error.NOT_PWM_GPIO)

    def pwm(self, gpio: int, width: int) -> None:
        """Software PWM; here the pin shows the nearer of the two levels."""
        self.permit(gpio)
        if width > self._range[_user(gpio)]:
            raise RefusedError(Error.BAD_DUTYCYCLE)
        self._belief[gpio], self._width[gpio] = Belief.PWM, width
        self._registers.write(_real(gpio), int(2 * width > self._range[gpio]))

    def set_range(self, gpio: int, full: int) -> int:
        """Of software PWM."""
        self.permit(gpio)
        if not 25 <= full <= 40_000:
            raise RefusedError(Error.BAD_DUTYRANGE)
        self._range[_user(gpio)] = full
        return full

    def get_range(self, gpio: int) -> int:
        """Of software PWM."""
        return FULL if self._belief[_user(gpio)] is Belief.HARDWARE_PWM else self._range[gpio]

    def set_frequency(self, gpio: int, hz: int) -> int:
        """Of software PWM; not rounded to the real one's steps."""
        self.permit(gpio)
        self._frequency[_user(gpio)] = hz
        return hz

    def get_frequency(self, gpio: int) -> int:
        """Of software PWM."""
        return self._frequency[_user(gpio)]


def _user(gpio: int) -> int:
    if gpio > LAST_USER_GPIO:
        raise RefusedError(Error.BAD_USER_GPIO)
    return gpio


def _real(gpio: int) -> int:
    """The fake block ends with the header's pins."""
    if gpio >= PINS:
        raise RefusedError(Error.BAD_GPIO)
    return gpio
