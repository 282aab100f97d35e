"""Finds the kernel's PWM of the pilot's pin, which differs between models and kernels. Driving it is the guard's."""

from pathlib import Path
from typing import Any

from evsed.config import ConfigError
from evsed.wiring import Driver, Wiring, guard_document

# unconfirmed: how the PWM's device is named on a Pi 5 and before, and the channel that a pin has there
_PI5, _OLDER = "1f00098000.pwm", "20c000.pwm"
_CHANNELS = {_PI5: {12: 0, 13: 1, 18: 2, 19: 3}, _OLDER: {12: 0, 18: 0, 13: 1, 19: 1}}


def find_pwm(wiring: Wiring) -> tuple[Path, int]:
    """The directory of the PWM chip and the channel of the pilot's pin. Raises ConfigError."""
    pwm, gpio = wiring.pwm, wiring.pins.pilot.gpio
    for path in sorted(Path(pwm.base).glob(pwm.chip or "pwmchip*")):
        device = str((path / "device").resolve())
        channels: dict[int, int] = next((pins for end, pins in _CHANNELS.items() if device.endswith(end)), {})
        if pwm.channel >= 0 and (pwm.chip or channels):
            return path, pwm.channel
        if gpio in channels:
            return path, channels[gpio]
    raise ConfigError(
        f"board.pwm: no PWM for GPIO {gpio} in {pwm.base}: is there a line "
        "dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4 in config.txt? If so, name board.pwm.chip and "
        "board.pwm.channel"
    )


def guard_plan(wiring: Wiring) -> dict[str, Any]:
    """What the guard drives, with the PWM found. Raises ConfigError."""
    document = guard_document(wiring)
    document["pwm"] = None
    if wiring.driver is Driver.KERNEL:
        chip, channel = find_pwm(wiring)
        document["pwm"] = {"chip": str(chip), "channel": channel}
    return document
