"""Whether a board as described can be one: from ``[board]`` of the configuration to a Wiring that makes sense.

Owns the rules, a row each, and what is said when one is broken. What a Wiring is, and the reference board, is
wiring.py's. Standard library only, and pure: it is used before the outputs are safe.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from evsed.tables import ConfigError, build, choice, names, one_of, refuse_unknown, shown, table_of, truth, whole
from evsed.wiring import Driver, Line, Pins, Pull, Wiring

WIRING_RANGES: Final = {
    "board.pigpio_port": (1, 65_535),
    "board.adc.hz": (800_000, 1_350_000),  # frames 28 to 50 us apart, as the judgement is tried; an MCP320x at 3.3 V
    "board.adc.pilot": (0, 7),
    "board.adc.proximity": (-1, 7),
    "board.adc.temperature": (-1, 7),
    "board.adc.pilot_zero_mv": (-60_000, 60_000),
    "board.adc.pilot_full_mv": (-60_000, 60_000),
    "board.adc.proximity_pullup_ohms": (100, 100_000),
    "board.adc.ntc_pullup_ohms": (100, 1_000_000),
    "board.adc.ntc_ohms": (100, 1_000_000),
    "board.adc.ntc_beta": (1_000, 10_000),
    "board.pwm.channel": (-1, 7),
    "board.lcd.column_offset": (0, 4),
    "board.lcd.rotate": (0, 180),
    "board.lcd.contrast": (0, 63),
    "board.lcd.hz": (1_000_000, 10_000_000),  # the ADC waits for a page of 128 bytes: 0.1 to 1 ms
}
_GPIO: Final = (0, 27)

HARDWARE_PWM: Final = {12: 0, 18: 0, 13: 1, 19: 1}
"""The pins that a Pi's PWM reaches, and the channel up to the Pi 4; the Pi 5 has one for each."""

FIRST_LOW: Final = 9
"""From this GPIO on a Pi's pins are pulled down when it powers up; the ones below are pulled up."""

SWITCHING: Final = ("contactor1", "contactor2", "lock", "unlock", "rcm_test")
"""What must not be on before anybody has decided anything. ``pilot_off`` is not among them: on is its safe side."""

INPUTS: Final = ("mirror1", "mirror2", "lock_feedback", "rcm", "switch", "button_left", "button_middle", "button_right")
CHANNELS: Final = {"mcp3204": 4, "mcp3208": 8}
READERS: Final = ("none", "pn532", "keyboard")
FACTORIES: Final = ("lgpio", "pigpio")

# unconfirmed: the pins of the buses that the reference board does not use, from the overlays of the Pi's kernel
_SPI: Final = {
    0: frozenset(range(7, 12)),
    1: frozenset(range(16, 22)),
    2: frozenset({*range(4), 24}),  # Pi 5; before, a Compute Module's alone, beyond the header
    3: frozenset({*range(8), 24, 25}),  # up to the Pi 4 0 to 3 and 24, on a Pi 5 4 to 7 and 25
    4: frozenset({*range(4, 8), 25}),
    5: frozenset({*range(12, 16), 26}),
    6: frozenset({*range(18, 22), 27}),
}
"""The pins of each SPI bus: data, clock, and the chip selects, which idle high. Of every Pi that has such a bus."""

_UART_PORTS: Final = frozenset({"/dev/serial0", "/dev/serial1", "/dev/ttyAMA0", "/dev/ttyS0"})
_UART: Final = frozenset({14, 15})
# unconfirmed: which further UART has which number; it differs between kernels, and with the Pi 5. ttyAMA10 is a Pi 5's
# debug connector, and on no pin of the header.
_FURTHER_UART_PORTS: Final = re.compile(r"/dev/(ttyAMA[1-9]|ttyS[1-9][0-9]?)")
_FURTHER_UARTS: Final = frozenset({0, 1, 4, 5, 8, 9, 12, 13, 14, 15})
_NEVER_ON_UART: Final = (*SWITCHING, "heartbeat")
_PILOT_SHOWS_MV: Final = 13_000  # 12 V, and the window of a level around it
_LONGEST_SOCKET: Final = 100  # of 107 bytes that the kernel takes
_SPI_DEVICE: Final = re.compile(r"/dev/spidev(?P<bus>[0-9])\.[0-9]")
_DEVICE: Final = re.compile(r"/dev/[A-Za-z0-9_./:+@,-]{1,200}")
_ABSOLUTE: Final = re.compile(r"/[A-Za-z0-9_./:+@,-]*")


def read_wiring(given: Mapping[str, Any], serial_ports: Sequence[str]) -> Wiring:
    """The wiring in ``[board]``; ``serial_ports`` are those of the RS485 lines. Raises ConfigError."""
    rest = {key: value for key, value in given.items() if key != "pins"}
    pins = read_pins(table_of(given.get("pins", {}), "board.pins"))
    wiring = replace(build(Wiring, rest, "board.", WIRING_RANGES), pins=pins)
    wrong = next(broken(wiring, serial_ports), "")
    if wrong:
        raise ConfigError(f"board.{wrong}")
    return wiring


def broken(wiring: Wiring, serial_ports: Sequence[str]) -> Iterator[str]:
    """What makes no sense, each beginning with the key below ``[board]``."""
    for rule in _RULES:
        yield from rule(wiring)
    yield from _uart(wiring, serial_ports)


def fitted(pins: Pins) -> dict[str, Line]:
    """The lines that are there, by their key, in the order of the table."""
    lines = ((item.name, getattr(pins, item.name)) for item in fields(pins))
    return {name: line for name, line in lines if line is not None}


def pigpio_mask(wiring: Wiring) -> int:
    """The pins that pigpiod has to be allowed to touch (its option -x): a bit for each GPIO of the board."""
    return sum(1 << line.gpio for line in fitted(wiring.pins).values())


# ---- a pin ----


def read_pins(given: Mapping[str, Any]) -> Pins:
    """``[board.pins]``: a number, a table or "none" each. Raises ConfigError.

    What a line leaves out is as on the reference board: a button that is moved to another pin stays a button.
    """
    refuse_unknown(given, names(Pins), "board.pins.")
    reference = Pins()
    lines: dict[str, Any] = {
        key: _line(getattr(reference, key), value, f"board.pins.{key}") for key, value in given.items()
    }
    for key in ("pilot", "contactor1"):
        if key in lines and lines[key] is None:
            raise ConfigError(f'board.pins.{key} cannot be "none": no charger is without; name its GPIO')
    return replace(reference, **lines)


def _line(reference: Line | None, value: object, name: str) -> Line | None:
    if value == "none":
        return None
    if isinstance(value, dict):
        refuse_unknown(value, names(Line), f"{name}.")
        if reference is None and "gpio" not in value:
            raise ConfigError(f"{name} needs a gpio: the reference board has none there")
        line = reference or Line(0)
        return Line(
            whole(value.get("gpio", line.gpio), f"{name}.gpio", _GPIO),
            truth(value.get("active_low", line.active_low), f"{name}.active_low"),
            choice(Pull, value.get("pull", line.pull), f"{name}.pull"),
        )
    if isinstance(value, bool) or not isinstance(value, int):
        wanted = 'a GPIO such as 22, { gpio = 22, active_low = true, pull = "up" }, or "none"'
        raise ConfigError(f"{name} takes {wanted}, not {shown(value)}")
    return replace(reference or Line(0), gpio=whole(value, name, _GPIO))


# ---- rules ----


def same_device(path: str) -> str:
    """The shortest way to write ``path``, so that two can be compared: /dev//serial0 is /dev/serial0."""
    return re.sub("^//", "/", os.path.normpath(path)) if path.startswith("/") else path


def _free_pins(wiring: Wiring) -> Iterator[str]:
    buses = [(bus, pins) for bus, pins in _SPI.items() if bus in _spi_buses(wiring)]
    taken = {gpio: f"SPI {bus} ({_listed(pins)})" for bus, pins in buses for gpio in sorted(pins)}
    for name, line in fitted(wiring.pins).items():
        if line.gpio in taken:
            yield f"pins.{name}: GPIO {line.gpio} is taken by {taken[line.gpio]}; one of the two needs another pin"
        taken.setdefault(line.gpio, f"pins.{name}")


def _listed(pins: Iterable[int]) -> str:
    """GPIO numbers, as people write them."""
    runs: list[list[int]] = []
    for gpio in sorted(pins):
        if runs and gpio == runs[-1][-1] + 1:
            runs[-1].append(gpio)
        else:
            runs.append([gpio])
    return "GPIO " + ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def _spi_bus(device: str) -> int | None:
    found = _SPI_DEVICE.fullmatch(same_device(device))
    return None if found is None else int(found["bus"])


def _spi_buses(wiring: Wiring) -> set[int]:
    """The first one is taken, whatever else: with ``dtparam=spi=on`` its pins are the kernel's."""
    used = (_spi_bus(device) for device in (wiring.adc.device, wiring.rfid.device, wiring.lcd_device))
    return {0} | {bus for bus in used if bus is not None}


def _known_buses(wiring: Wiring) -> Iterator[str]:
    for name, device in (("adc", wiring.adc.device), ("rfid", wiring.rfid.device), ("lcd", wiring.lcd_device)):
        bus = _spi_bus(device)
        if bus is not None and bus not in _SPI:
            yield f"{name}.device: nobody knows which pins SPI {bus} takes; name a bus from {min(_SPI)} to {max(_SPI)}"


def _console(wiring: Wiring) -> Iterator[str]:
    """Whoever uses the serial port, the console may: its lines idle high, and what it prints looks like a heartbeat."""
    lines = fitted(wiring.pins)
    for name in _NEVER_ON_UART:
        if name in lines and lines[name].gpio in _UART:
            yield (
                f"pins.{name}: GPIO {lines[name].gpio} is the serial port's, which idles high, and the Pi's console "
                "may be on it; choose another pin"
            )


def _uart(wiring: Wiring, serial_ports: Sequence[str]) -> Iterator[str]:
    reader = [same_device(wiring.rfid.device)] if wiring.rfid.reader != "none" else []
    lines_ports = [same_device(port) for port in serial_ports]
    for port in dict.fromkeys((*lines_ports, *reader)):
        further = _FURTHER_UART_PORTS.fullmatch(port) is not None
        taken = _FURTHER_UARTS if further else _UART if port in _UART_PORTS else frozenset()
        for name, line in fitted(wiring.pins).items():
            if line.gpio not in taken:
                continue
            if further:
                yield (
                    f"pins.{name}: GPIO {line.gpio} may belong to {port}, which is in use: the further serial ports "
                    f"are on {_listed(_FURTHER_UARTS)}, and which is where differs; choose another pin or a USB adapter"
                )
            else:
                yield f"pins.{name}: GPIO {line.gpio} belongs to {port}, which is in use; choose another pin"
    if reader and reader[0] in lines_ports:
        yield f"rfid.device: {reader[0]} is an RS485 line's device; the card reader needs a port of its own"


def _pilot_has_pwm(wiring: Wiring) -> Iterator[str]:
    gpio = wiring.pins.pilot.gpio
    if gpio not in HARDWARE_PWM:
        able = ", ".join(str(pin) for pin in sorted(HARDWARE_PWM))
        yield f"pins.pilot: GPIO {gpio} has no hardware PWM; only {able} have"


def _off_at_power_up(wiring: Wiring) -> Iterator[str]:
    lines = fitted(wiring.pins)
    for name in SWITCHING:
        line = lines.get(name)
        if line is None:
            continue
        if line.gpio < FIRST_LOW:
            yield (
                f"pins.{name}: GPIO {line.gpio} powers up high, and would switch on before evsed runs; "
                f"choose one from {FIRST_LOW} to 27"
            )
        elif line.active_low:
            yield (
                f"pins.{name}: active_low on GPIO {line.gpio}, which powers up low, would switch on before evsed runs; "
                "the board has to switch on at 3.3 V"
            )


def _pull_of_inputs(wiring: Wiring) -> Iterator[str]:
    for name, line in fitted(wiring.pins).items():
        if line.pull is not Pull.NONE and name not in INPUTS:
            yield f"pins.{name}: pull is for inputs, and this is an output; leave it out"


def _pairs(wiring: Wiring) -> Iterator[str]:
    pins = wiring.pins
    if (pins.lock is None) != (pins.unlock is None):
        there, missing = ("lock", "unlock") if pins.unlock is None else ("unlock", "lock")
        yield f'pins.{missing}: a lock is driven both ways; name its GPIO, or make {there} "none" as well'
    if pins.lock_feedback is not None and pins.lock is None:
        yield 'pins.lock_feedback: there is no lock to feel; make it "none"'
    if pins.mirror2 is not None and pins.contactor2 is None:
        yield 'pins.mirror2: there is no contactor2 whose mirror contact it could be; make it "none"'
    if pins.rcm_test is not None and pins.rcm is None:
        yield 'pins.rcm_test: there is no rcm that could answer the test; make it "none"'


def _driver(wiring: Wiring) -> Iterator[str]:
    if wiring.gpiozero and wiring.gpiozero not in FACTORIES:
        yield f"gpiozero takes {one_of(FACTORIES)}, or nothing, not {shown(wiring.gpiozero)}"
    if wiring.driver is Driver.KERNEL and wiring.gpiozero == "pigpio":
        yield 'gpiozero: "pigpio" needs pigpiod, which driver = "kernel" does without; write "lgpio"'


def _paths(wiring: Wiring) -> Iterator[str]:
    if not re.fullmatch(r"/dev/gpiochip[0-9]{1,3}", wiring.chip):
        yield f"chip takes a device such as /dev/gpiochip0, not {shown(wiring.chip)}"
    if not re.fullmatch(r"/[A-Za-z0-9_./:+@,-]*[A-Za-z0-9_+@-]", wiring.guard) or len(wiring.guard) > _LONGEST_SOCKET:
        wanted = f"a whole path such as /run/evsed/guard, of at most {_LONGEST_SOCKET} characters"
        yield f"guard takes {wanted}, not {shown(wiring.guard)}"
    if not _ABSOLUTE.fullmatch(wiring.pwm.base):
        yield f"pwm.base takes a whole path such as /sys/class/pwm, not {shown(wiring.pwm.base)}"
    if not re.fullmatch(r"(pwmchip[0-9]{1,3})?", wiring.pwm.chip):
        yield f"pwm.chip takes a name such as pwmchip0, or nothing, not {shown(wiring.pwm.chip)}"


def _adc(wiring: Wiring) -> Iterator[str]:
    adc = wiring.adc
    if not _SPI_DEVICE.fullmatch(adc.device):
        yield f"adc.device takes an SPI device such as /dev/spidev0.1, not {shown(adc.device)}"
    if adc.chip not in CHANNELS:
        yield f"adc.chip takes {one_of(CHANNELS)}, not {shown(adc.chip)}"
        return
    last = CHANNELS[adc.chip] - 1
    taken: dict[int, str] = {}
    for name in ("pilot", "proximity", "temperature"):
        channel = getattr(adc, name)
        if channel > last:
            yield f"adc.{name}: an {adc.chip.upper()} has the channels 0 to {last}, not {channel}"
        elif channel in taken:
            yield f"adc.{name}: channel {channel} is the one of adc.{taken[channel]}; each needs its own"
        elif channel >= 0:
            taken[channel] = name


def _divider(wiring: Wiring) -> Iterator[str]:
    zero, full = wiring.adc.pilot_zero_mv, wiring.adc.pilot_full_mv
    if zero >= full:
        yield f"adc.pilot_zero_mv ({zero}) has to be below adc.pilot_full_mv ({full}): the codes rise with the pilot"
    elif zero > -_PILOT_SHOWS_MV or full < _PILOT_SHOWS_MV:
        yield (
            f"adc.pilot_zero_mv: a divider from {zero} to {full} mV does not show the pilot's whole swing; "
            f"it has to reach from {-_PILOT_SHOWS_MV} or less to {_PILOT_SHOWS_MV} or more"
        )


def _reader(wiring: Wiring) -> Iterator[str]:
    reader, device = wiring.rfid.reader, wiring.rfid.device
    if reader not in READERS:
        yield f"rfid.reader takes {one_of(READERS)}, not {shown(reader)}"
    elif reader != "none" and not _DEVICE.fullmatch(device):
        yield f"rfid.device takes the card reader's device, such as {_READER_DEVICES[reader]}, not {shown(device)}"
    elif reader == "none" and device:
        yield f'rfid.device: {shown(device)} is there, but rfid.reader is "none"; write which kind it is'
    elif reader == "keyboard" and not same_device(device).startswith("/dev/input/"):
        yield f"rfid.device takes a keyboard's device, such as {_READER_DEVICES[reader]}, not {shown(device)}"
    elif device and same_device(device) == wiring.adc.device:
        yield f"rfid.device: {device} is the ADC's; the card reader needs a chip select of its own"
    elif device and same_device(device) == same_device(wiring.lcd_device):
        yield f"rfid.device: {device} is the display's; the card reader needs a chip select of its own"


def _lcd(wiring: Wiring) -> Iterator[str]:
    lcd = wiring.lcd
    if lcd.rotate not in {0, 180}:
        yield f"lcd.rotate takes 0 or 180, not {lcd.rotate}"
    if not lcd.device:
        return
    if not _SPI_DEVICE.fullmatch(same_device(lcd.device)):
        yield f"lcd.device takes an SPI device such as /dev/spidev0.0, or nothing, not {shown(lcd.device)}"
    elif wiring.pins.lcd_data is None:
        yield f'lcd.device: {lcd.device} is there, but pins.lcd_data is "none"; name its GPIO'
    elif same_device(lcd.device) == wiring.adc.device:
        yield f"lcd.device: {lcd.device} is the ADC's; the display needs a chip select of its own"


_READER_DEVICES: Final = {"pn532": "/dev/ttyUSB1", "keyboard": "/dev/input/by-id/usb-...-event-kbd"}

_RULES: Final[tuple[Callable[[Wiring], Iterable[str]], ...]] = (
    _off_at_power_up,
    _console,
    _pilot_has_pwm,
    _known_buses,
    _free_pins,
    _pull_of_inputs,
    _pairs,
    _driver,
    _paths,
    _adc,
    _divider,
    _reader,
    _lcd,
)
