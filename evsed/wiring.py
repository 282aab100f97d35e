"""The board as it is wired: every pin, its polarity, the dividers and sensors, and which part drives the pilot.

Owns what the owner of another board than the reference one has to say, and what of it the guard has to know. Standard
library only: it is read before the outputs are safe. Whether it makes sense is wiring_rules.py's.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Driver(StrEnum):
    """Who makes the pilot's pulses."""

    PIGPIO = "pigpio"
    """pigpiod's hardware PWM; Pi 0 to 4."""

    KERNEL = "kernel"
    """The kernel's PWM, in the guard's hands; every Pi."""


class Pull(StrEnum):
    """The resistor inside the processor."""

    NONE = "none"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Line:
    """A GPIO by its BCM number (0..27). ``active_low``: 0 V means on. ``pull``: of inputs only."""

    gpio: int
    active_low: bool = False
    pull: Pull = Pull.NONE


@dataclass(frozen=True, slots=True)
class Pins:
    """Every line of the board; None: not fitted. Outputs that switch power are on 9..27, which power up low."""

    pilot: Line = Line(12)
    pilot_off: Line | None = Line(16)  # disconnects the pilot (state E)
    contactor1: Line = Line(22)
    contactor2: Line | None = Line(23)
    mirror1: Line | None = None  # mirror contact of contactor 1: on while the contactor is open
    mirror2: Line | None = None
    heartbeat: Line | None = Line(25)  # toggles while the outputs are fed
    lock: Line | None = Line(17)  # drives the cable lock's actuator towards locked
    unlock: Line | None = Line(27)
    lock_feedback: Line | None = Line(20)  # on while the cable is locked
    rcm: Line | None = Line(24)  # on while the residual current monitor has tripped
    rcm_test: Line | None = Line(26)
    switch: Line | None = Line(21, active_low=True, pull=Pull.UP)
    button_left: Line | None = Line(2, active_low=True, pull=Pull.UP)
    button_middle: Line | None = Line(3, active_low=True, pull=Pull.UP)
    button_right: Line | None = Line(4, active_low=True, pull=Pull.UP)
    led_red: Line | None = Line(13)
    led_green: Line | None = Line(19)
    led_blue: Line | None = Line(1)
    buzzer: Line | None = None
    lcd_data: Line | None = Line(5)  # data/command of the ST7567: on is data; without it there is no LCD
    lcd_reset: Line | None = Line(6, active_low=True)
    lcd_backlight: Line | None = Line(18)


@dataclass(frozen=True, slots=True)
class Adc:
    """The MCP3204 or MCP3208, what hangs on its channels, and how its codes become what they mean."""

    chip: str = "mcp3208"
    device: str = "/dev/spidev0.1"
    hz: int = 1_000_000
    pilot: int = 0
    proximity: int = 1  # -1: not fitted
    temperature: int = 2  # -1: not fitted
    pilot_zero_mv: int = -16_500  # the pilot's voltage where the ADC reads 0
    pilot_full_mv: int = 16_500  # and where it would read 4096
    proximity_pullup_ohms: int = 1_000  # from the ADC's reference to the proximity contact
    ntc_pullup_ohms: int = 10_000
    ntc_ohms: int = 10_000  # at 25 degrees
    ntc_beta: int = 3_950


@dataclass(frozen=True, slots=True)
class Pwm:
    """The kernel's PWM. ``chip`` empty: found by what it is."""

    base: str = "/sys/class/pwm"
    chip: str = ""
    channel: int = -1  # -1: the one of the pilot's pin


@dataclass(frozen=True, slots=True)
class Rfid:
    """The card reader: none, a PN532, or one that types like a keyboard."""

    reader: str = "none"  # none, pn532, keyboard
    device: str = ""  # serial port of a PN532, /dev/input/by-id/... of a keyboard


@dataclass(frozen=True, slots=True)
class Lcd:
    """The ST7567: where it is, and how its maker has put the glass on. ``device`` empty: what the ADC leaves of SPI 0.

    The controller has 132 columns and the glass 128: the offset says how many are left out in front.
    """

    device: str = ""
    column_offset: int = 4
    rotate: int = 0  # 180: the board hangs upside down
    contrast: int = 57
    hz: int = 4_000_000


@dataclass(frozen=True, slots=True)
class Wiring:
    """The reference board, unless the owner says otherwise."""

    driver: Driver = Driver.PIGPIO
    chip: str = "/dev/gpiochip0"
    gpiozero: str = ""  # lgpio or pigpio; empty: pigpio where it drives the pilot, else lgpio
    pigpio_port: int = 8888
    guard: str = "/run/evsed/guard"
    """The guard's Unix socket; beside it, with .json, stands what the guard drives."""

    pins: Pins = field(default_factory=Pins)
    adc: Adc = field(default_factory=Adc)
    pwm: Pwm = field(default_factory=Pwm)
    rfid: Rfid = field(default_factory=Rfid)
    lcd: Lcd = field(default_factory=Lcd)

    @property
    def pin_factory(self) -> str:
        """gpiozero's pin factory for everything that switches no power."""
        return self.gpiozero or ("pigpio" if self.driver is Driver.PIGPIO else "lgpio")

    @property
    def lcd_device(self) -> str:
        """The LCD's SPI device: the one that is named, or the chip select that the ADC leaves. Empty: there is none."""
        if self.pins.lcd_data is None:
            return ""
        left = (device for device in ("/dev/spidev0.0", "/dev/spidev0.1") if device != self.adc.device)
        return self.lcd.device or next(left)


GUARDED = ("contactor1", "contactor2", "pilot_off", "lock", "unlock", "rcm_test", "heartbeat")
"""The lines that the guard holds."""


def guard_document(wiring: Wiring) -> dict[str, Any]:
    """What the guard and ``evsed-safe`` have to know of the board; kernelpwm.py adds the PWM that it found."""
    pins = asdict(wiring.pins)
    lines = {name: [pins[name]["gpio"], pins[name]["active_low"]] for name in GUARDED if pins[name] is not None}
    return {
        "driver": str(wiring.driver),
        "chip": wiring.chip,
        "lines": lines,
        "pilot": [wiring.pins.pilot.gpio, wiring.pins.pilot.active_low],
        "pigpio_port": wiring.pigpio_port,
        "socket": wiring.guard,
    }
