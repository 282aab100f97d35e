"""`evsed doctor`: looks at the whole installation, a step at a time, and says in plain words what to do.

Owns the steps, their order, and the exit status. Only looks: nothing is driven, no lease claimed, no setting written; a
small file is written beside the settings to time the disk, and removed. A running evsed is not disturbed.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evsed import wallclock
from evsed.config import ConfigError, Installation, load
from evsed.doctor import fitting, header, lcd, package, parts, pigpiod, pilot, services, storage
from evsed.doctor import machine as machines
from evsed.doctor.findings import PATIENCE_S, Finding, Step, Verdict, attention, lines, ok, take, wrong
from evsed.doctor.machine import Machine
from evsed.installed import Installed, installed, page
from evsed.wiring import Driver

_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day, and who keeps it right."""

    now: Callable[[], float] = time.time
    synchronised: Callable[[], bool] = wallclock.synchronised
    from_hardware: Callable[[int], bool] = wallclock.set_from_hardware_clock


def run(config: Path, machine: Machine | None = None, patience_s: float = PATIENCE_S) -> int:
    """Prints what is found. 0: nothing is wrong; 1: something is; EX_CONFIG: the configuration cannot be read."""
    here = machine or Machine()
    try:
        installation = load(config)
    except ConfigError as error:
        _say("configuration", wrong(str(error), _remedy(error)))
        return os.EX_CONFIG
    verdicts = []
    try:
        for step in steps(config, installation, here):
            for finding in take(step, patience_s):
                verdicts.append(finding.verdict)
                _say(step.subject, finding)
    except KeyboardInterrupt:
        sys.stderr.write("\nevsed doctor: interrupted\n")
        return _INTERRUPTED
    sys.stdout.write(f"\n{_summary(verdicts)}\n")
    return 1 if Verdict.WRONG in verdicts else 0


def steps(config: Path, installation: Installation, machine: Machine) -> list[Step]:
    """Everything that can be asked of this installation, in the order in which one thing rests on the other."""
    pid = machines.running_daemon(machine)
    serving = pid is not None
    board = installation.board
    rfid = board.wiring.rfid
    driver = board.wiring.driver if board.kind == "pi" else None
    managed = driver is not None or installed() is Installed.BY_PACKAGE
    return [
        Step("daemon", lambda: daemon(pid)),
        Step("configuration", lambda: configuration(config, installation)),
        Step("version", lambda: package.version(partial(package.running_version, installation) if serving else None)),
        *([Step("services", lambda: services.look(machine, driver))] if managed else []),
        *(_board(installation, machine, serving=serving) if driver else []),
        *[Step("serial port", partial(parts.port, bus, serving=serving)) for bus in installation.bus],
        *([Step("card reader", lambda: parts.reader(rfid))] if rfid.reader != "none" else []),
        Step("permissions", lambda: machines.permissions(machines.evsed_user, groups(installation))),
        Step("clock", lambda: clock(Clock())),
        Step("disk", lambda: storage.disk(machine, Path(installation.state.directory))),
        Step("card", lambda: storage.card(machine)),
        Step("backup", lambda: package.backup(Path(installation.state.directory))),
        *([Step("watchdog", lambda: services.watchdog(machine))] if managed else []),
    ]


def _board(installation: Installation, machine: Machine, *, serving: bool) -> list[Step]:
    wiring = installation.board.wiring
    before = [
        Step("Raspberry Pi", lambda: machines.pi(machine, wiring)),
        Step("kernel", lambda: machines.persistence(machine)),
        Step("pins", lambda: header.look(wiring)),
        Step("audio", lambda: machines.audio(machine)),
    ]
    directory = Path(installation.state.directory)
    before += [
        Step("settings", lambda: fitting.settings(directory, wiring.pins)),
        Step("settings", lambda: fitting.set_up(directory)),
        Step("panel", lambda: fitting.panel(wiring)),
        Step("LCD", lambda: lcd.look(wiring)),
    ]
    guard = [
        Step("guard", lambda: parts.guard(wiring, serving=serving)),
        Step("guard", lambda: parts.plan(wiring)),
    ]
    if wiring.driver is Driver.KERNEL:
        pwm = Step("PWM", lambda: parts.pulses(wiring, serving=serving))
        none = Step("pigpiod", lambda: pigpiod.absent(machine, wiring))
        return [*before, *guard, none, pwm, Step("ADC", lambda: pilot.pilot(wiring, lambda: parts.read_duty(wiring)))]
    asked = Step("pigpiod", lambda: pigpiod.look(machine, wiring, serving=serving))
    return [*before, *guard, asked, Step("ADC", lambda: pilot.pilot(wiring, lambda: pigpiod.known_duty(wiring)))]


# ---- what needs no module of its own ----


def daemon(pid: int | None) -> Iterator[Finding]:
    """Whether evsed runs, which changes what can be seen."""
    if pid is None:
        stopped = "evsed does not run: what it does to the outputs cannot be seen"
        yield attention(stopped, "sudo systemctl start evsed, and then evsed doctor again")
    else:
        yield ok(f"evsed runs, process {pid}; evsed doctor bus needs it stopped")


def configuration(config: Path, installation: Installation) -> Iterator[Finding]:
    """What the configuration describes; that it makes sense was seen when it was read."""
    board = installation.board
    if board.kind == "pi":
        yield ok(f"{config}: a board on this Pi, pilot on GPIO {board.wiring.pins.pilot.gpio}")
    elif board.kind:
        yield ok(f"{config}: a simulated board; there is no hardware to look at")
    else:
        told = f"{config} names no board yet: evsed runs, and drives nothing"
        yield attention(told, f'write kind = "pi" into [board]; {page("board.md")} describes it')


def groups(installation: Installation) -> list[str]:
    """The groups that the devices of this installation belong to."""
    serial = any(bus.device.startswith("/") for bus in installation.bus)
    rfid = installation.board.wiring.rfid
    serial = serial or (rfid.reader == "pn532" and not rfid.device.startswith("/dev/spidev"))
    wanted = ["gpio", "spi"] if installation.board.kind == "pi" else []
    return [
        *wanted,
        *(["dialout"] if serial else []),
        *(["input"] if rfid.reader == "keyboard" else []),
    ]


def clock(shown: Clock) -> Iterator[Finding]:
    """Whether timers can believe the clock."""
    unix_s = int(shown.now())
    text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_s))
    if not wallclock.PLAUSIBLE_FROM_S <= unix_s < wallclock.PLAUSIBLE_TO_S:
        yield wrong(f"the clock shows {text}, which cannot be", "timedatectl shows why: no network, or no time server?")
    elif shown.synchronised():
        yield ok(f"{text}, kept by a time server")
    elif shown.from_hardware(unix_s):
        yield ok(f"{text}, from the hardware clock")
    else:
        yield attention(
            f"{text}, not kept by a time server: timers wait for 5 minutes after a start until they believe it",
            "sudo timedatectl set-ntp true; without a network, fit a hardware clock with a battery",
        )


def _remedy(error: ConfigError) -> str:
    """What to do about a configuration that cannot be read."""
    if isinstance(error.__cause__, PermissionError):
        return "try it with sudo"
    return f"mend the file; {page('evsed.toml')} has every key"


def _summary(verdicts: list[Verdict]) -> str:
    bad, so_so = verdicts.count(Verdict.WRONG), verdicts.count(Verdict.ATTENTION)
    if not bad and not so_so:
        return "all is well"
    return f"{bad} wrong, {so_so} for attention, {verdicts.count(Verdict.OK)} ok"


def _say(subject: str, finding: Finding) -> None:
    sys.stdout.write("\n".join(lines(subject, finding)) + "\n")
    sys.stdout.flush()
