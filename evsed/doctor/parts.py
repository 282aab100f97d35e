"""The guard, the kernel's PWM, the serial ports and the card reader, as the doctor looks at them.

Owns the judgement; the guard's socket is hw/guardlink.py's, finding the PWM hw/guardplan.py's. Nothing is driven: the
guard is asked a question that claims nothing, the PWM's files are only read.
"""

import errno
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from evsed.config import Bus, ConfigError
from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.doctor.machine import CONFIG_TXT
from evsed.hw.guardlink import Status, status
from evsed.hw.guardplan import find_pwm, guard_plan, overlay, plan_path
from evsed.hw.port import LineError
from evsed.hw.rs485 import Line
from evsed.installed import page
from evsed.wiring import Rfid, Wiring

PERIOD_NS = 1_000_000
_FED_MS = 500


# ---- the guard ----


def guard(wiring: Wiring, *, serving: bool, ask: Callable[[str], Status | None] = status) -> Iterator[Finding]:
    """Whether the guard answers, and is fed while evsed runs; ``serving``: it does."""
    path, restart = wiring.guard, "sudo systemctl restart evsed-guard; see journalctl -u evsed-guard"
    try:
        told = ask(path)
    except PermissionError:
        yield attention(f"{path} may not be asked by this user", "try it with sudo")
        return
    except OSError as error:
        yield wrong(f"nobody answers at {path} ({error.strerror}): no contactor can close", restart)
        return
    if told is None:
        yield wrong(f"the guard at {path} does not answer: it hangs", restart)
        return
    closed = [name for name, is_on in (("contactor 1", told.contactor1), ("contactor 2", told.contactor2)) if is_on]
    state = f"holds the lines, process {told.pid}; {' and '.join(closed) + ' closed' if closed else 'contactors open'}"
    fed = "never fed" if told.fed_ms is None else f"fed {told.fed_ms} ms ago"
    if serving and (told.fed_ms is None or told.fed_ms >= _FED_MS):
        yield wrong(f"{state}, but {fed} although evsed runs", "sudo systemctl restart evsed; see journalctl -u evsed")
    else:
        yield ok(f"{state}, {fed}")
    if told.expiries:
        late = f"the outputs' lease has run out {told.expiries} times since the guard began"
        yield attention(late, "see journalctl -u evsed for what held it up; does another program keep the Pi busy?")


def plan(wiring: Wiring) -> Iterator[Finding]:
    """Whether the guard holds the lines that the configuration names now."""
    path = plan_path(wiring)
    try:
        held, wanted = json.loads(path.read_text(encoding="utf-8")), json.loads(json.dumps(guard_plan(wiring)))
    except FileNotFoundError:
        yield attention(f"{path} is not there: the guard has not started yet", "sudo systemctl start evsed-guard")
    except ConfigError as error:
        yield wrong(f"the guard cannot start: {error}", "then: sudo systemctl restart evsed-guard")
    else:
        if held == wanted:
            yield ok("holds the lines that the configuration names")
        else:
            old = "holds the lines of the board as it was wired before"
            yield wrong(old, "sudo systemctl restart evsed-guard evsed")


# ---- the kernel's PWM ----


@dataclass(frozen=True, slots=True)
class Pulses:
    """A PWM channel's files, in ns."""

    period: int
    duty: int
    enabled: bool
    inversed: bool


def read_pulses(wiring: Wiring) -> tuple[Path, Pulses | None]:
    """The channel's directory and what stands in it; None: nobody has exported it. Raises ConfigError, OSError."""
    chip, channel = find_pwm(wiring)
    home = chip / f"pwm{channel}"
    if not home.is_dir():
        return home, None
    period, duty, enable, polarity = (
        (home / name).read_text(encoding="ascii").strip() for name in ("period", "duty_cycle", "enable", "polarity")
    )
    return home, Pulses(int(period), int(duty), enable == "1", polarity == "inversed")


def pulses(wiring: Wiring, *, serving: bool) -> Iterator[Finding]:
    """The pilot's pulses as the kernel has them, read back."""
    gpio = wiring.pins.pilot.gpio
    try:
        home, seen = read_pulses(wiring)
    except ConfigError:
        missing = f"there is no PWM for GPIO {gpio} in {wiring.pwm.base}"
        yield wrong(missing, f"add {overlay(gpio)} to {CONFIG_TXT} and restart the Pi ({page('board.md')})")
        return
    if seen is None:
        unused = f"{home.parent} is there; nobody uses its {home.name} yet"
        yield wrong(f"{unused}, although evsed runs", "see journalctl -u evsed-guard") if serving else ok(unused)
    elif not seen.enabled or seen.period != PERIOD_NS:
        told = f"{home}: {'on' if seen.enabled else 'off'}, period {seen.period} ns instead of {PERIOD_NS}"
        yield wrong(told, "sudo systemctl restart evsed-guard") if serving else ok(told)
    else:
        yield ok(f"{home}: 1 kHz, high for {_duty(wiring, seen) / 100:g} % of the time")


def read_duty(wiring: Wiring) -> int | None:
    """For how much of the time the pilot is at +12 V, in 1/10000; None when the channel is off."""
    try:
        _, seen = read_pulses(wiring)
    except (ConfigError, OSError, ValueError):
        return None
    return None if seen is None or not seen.enabled or not seen.period else _duty(wiring, seen)


def _duty(wiring: Wiring, seen: Pulses) -> int:
    high = round(10_000 * seen.duty / seen.period)
    return 10_000 - high if wiring.pins.pilot.active_low is not seen.inversed else high


# ---- serial ports ----


def port(bus: Bus, *, serving: bool) -> Iterator[Finding]:
    """Whether the line's port is there and can be used."""
    name = f"{bus.name} ({bus.device})"
    if serving and bus.device.startswith("tcp:"):
        yield ok(f"{name}: not tried, for a gateway may take one client only, and that is evsed while it runs")
        return
    try:
        Line(bus.device, bus.baud).close()
    except LineError as error:
        number = getattr(error.__cause__, "errno", None)
        if number in {errno.EWOULDBLOCK, errno.EBUSY} and serving:
            yield ok(f"{name} is in use, as it should be while evsed runs")
        else:
            yield wrong(f"{name}: {port_advice(bus.device, error)}", "then: evsed doctor bus (with evsed stopped)")
        return
    if serving:
        yield attention(
            f"{name} is there, but evsed does not use it", "sudo systemctl restart evsed; see journalctl -u evsed"
        )
    else:
        yield ok(f"{name} is there, and can be used by this user ({os.geteuid()})")


def port_advice(device: str, error: LineError) -> str:
    """``error`` with what to do about it."""
    number = getattr(error.__cause__, "errno", None)
    if number in {errno.EWOULDBLOCK, errno.EBUSY}:
        return (
            f"{device} is in use by another program, probably the running daemon: "
            "stop it (sudo systemctl stop evsed) and start it again afterwards"
        )
    if number == errno.ENOENT:
        others = ", ".join(found.device for found in list_ports.comports()) or "none"
        return f"{device} does not exist: is the adapter plugged in? Serial ports that are there: {others}"
    if number == errno.EACCES:
        return f"{device} may not be opened by this user: try it with sudo, or add the user to group dialout"
    return str(error)


# ---- card reader ----


def reader(rfid: Rfid) -> Iterator[Finding]:
    """Whether the card reader's device is there and may be used by whoever asks."""
    name = f"{rfid.reader} at {rfid.device}"
    if not Path(rfid.device).exists():
        yield wrong(f"{name} is not there", "is it plugged in? ls -l /dev/input/by-id /dev/serial/by-id shows what is")
    elif not os.access(rfid.device, os.R_OK | os.W_OK):
        yield attention(
            f"{name} may not be used by this user", "try it with sudo; the user evsed needs the device's group"
        )
    else:
        yield ok(f"{name} is there")
