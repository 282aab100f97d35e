"""What the guard is to drive, written down for it where `evsed-safe` finds it too.

Finds the kernel's PWM of the pilot's pin, which differs between models and kernels. Driving anything is the guard's.
"""

import json
from pathlib import Path
from typing import Any, Final

from evsed.config import ConfigError, load
from evsed.files import replace_text
from evsed.wiring import Driver, Wiring, guard_document

# unconfirmed: how the PWM's device is named on a Pi 5 and before, and the channel that a pin has there
_PI5, _OLDER = "1f00098000.pwm", "20c000.pwm"
# unconfirmed: that the overlay takes the same functions on a Pi 5
_FUNCTIONS = {12: 4, 13: 4, 18: 2, 19: 2}
_CHANNELS = {_PI5: {12: 0, 13: 1, 18: 2, 19: 3}, _OLDER: {12: 0, 18: 0, 13: 1, 19: 1}}

IDLE: Final[dict[str, Any]] = {"lines": {}}
"""The plan of a guard that holds nothing."""


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
        f"board.pwm: no PWM for GPIO {gpio} in {pwm.base}: is there a line {overlay(gpio)} in config.txt? "
        "If so, name board.pwm.chip and board.pwm.channel"
    )


def overlay(gpio: int) -> str:
    """The line of config.txt that gives the pin to the kernel's PWM.

    Not pwm-2chan, which takes a second pin as well: on the reference board that is the display's light or an LED.
    """
    return f"dtoverlay=pwm,pin={gpio},func={_FUNCTIONS[gpio]}"


def guard_plan(wiring: Wiring) -> dict[str, Any]:
    """What the guard drives, with the PWM found. Raises ConfigError."""
    document = guard_document(wiring)
    document["pwm"] = None
    if wiring.driver is Driver.KERNEL:
        chip, channel = find_pwm(wiring)
        document["pwm"] = {"chip": str(chip), "channel": channel}
    return document


def write_plan(configuration: Path) -> Path:
    """Reads the configuration and writes the plan, which the guard puts in its place when it holds the lines.

    Where no board is described it has no lines, and the guard idles. Raises ConfigError.
    """
    board = load(configuration).board
    if board.kind == "simulation":
        raise ConfigError(f'{configuration}: board.kind is not "pi": there are no lines to guard')
    plan = guard_plan(board.wiring) if board.kind else IDLE
    path = Path(f"{plan_path(board.wiring)}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, json.dumps(plan))
    except OSError as error:
        raise ConfigError(f"board.guard: {path} cannot be written: {error.strerror}") from error
    return path


def plan_path(wiring: Wiring) -> Path:
    """Where the plan is."""
    return Path(f"{wiring.guard}.json")
