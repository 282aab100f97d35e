"""systemd's part in it: the services that have to run, the drop-in of pigpiod, and the hardware watchdog.

Owns the judgement. systemd is asked (`systemctl show`), and nothing is started, stopped or written.
"""

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.doctor.machine import Machine, processes
from evsed.wiring import Driver

OURS: Final = ("evsed-guard", "evsed")
_STATES: Final = "Id,LoadState,ActiveState,SubState,UnitFileState,Result,NRestarts"
_FILES: Final = "DropInPaths,NeedDaemonReload,ExecStart"
_DROP_IN: Final = "pigpiod.service.d/evsed.conf"
_ARGUMENTS: Final = re.compile(r"argv\[\]=(.*?) ; ")
_ANSWER_S: Final = 2.0

Ask = Callable[[Sequence[str]], str]
"""What a command says; it raises OSError or SubprocessError when there is no answer."""


def answer(words: Sequence[str]) -> str:
    """What the command ``words`` prints. Raises OSError, SubprocessError."""
    asked = subprocess.run(words, capture_output=True, text=True, timeout=_ANSWER_S, check=True)  # noqa: S603 - our own words
    return asked.stdout


@dataclass(frozen=True, slots=True)
class Unit:
    """A service as systemd tells it."""

    name: str
    said: dict[str, str]

    def __getitem__(self, key: str) -> str:
        return self.said.get(key, "")

    @property
    def restarts(self) -> int:
        """How often systemd has started it again by itself."""
        return int(self["NRestarts"]) if self["NRestarts"].isdecimal() else 0


def read_units(text: str) -> list[Unit]:
    """The units in what `systemctl show` prints: a paragraph each."""
    paragraphs = [dict(line.split("=", 1) for line in each.splitlines() if "=" in line) for each in text.split("\n\n")]
    return [Unit(said["Id"].removesuffix(".service"), said) for said in paragraphs if "Id" in said]


def look(machine: Machine, driver: Driver | None, ask: Ask = answer) -> Iterator[Finding]:
    """Every service that this installation needs; ``driver`` is the board's, None without a board."""
    names = [*OURS, *(["pigpiod"] if driver is not None else [])]
    try:
        units = read_units(
            ask(["systemctl", "show", f"--property={_STATES},{_FILES}", *(f"{name}.service" for name in names)])
        )
    except (OSError, subprocess.SubprocessError):
        told = "systemd does not answer: nothing starts evsed with the Pi, or again after it has died"
        yield attention(told, "install evsed's package on a system that runs systemd; evsed run by hand is for trying")
        return
    if machine.there("var/lib/evsed-unpacked"):
        told = "evsed's package is half installed (an upgrade was interrupted), and so neither service starts"
        yield wrong(told, "sudo dpkg --configure -a, and then install the package again")
    for unit in units:
        if unit.name == "pigpiod" and driver is Driver.KERNEL:
            yield from _needless(unit)
            continue
        yield _judged(unit)
        if unit.restarts:
            often = "once" if unit.restarts == 1 else f"{unit.restarts} times"
            told = f"systemd has started {unit.name} again by itself, {often}"
            yield attention(told, f"see journalctl -u {unit.name} for what ended it")
        if unit.name == "pigpiod" and unit["LoadState"] == "loaded":
            yield from drop_in(machine, unit)


def _needless(unit: Unit) -> Iterator[Finding]:
    """With the kernel's driver nothing needs pigpiod; on a Pi 5 it fails, and systemd starts it again for ever."""
    comes = unit["UnitFileState"] in {"enabled", "enabled-runtime"}
    if unit["LoadState"] == "loaded" and (comes or unit["ActiveState"] not in {"inactive", "failed"}):
        now = f"is {unit['ActiveState']} ({unit['SubState']})" + ", and starts with the Pi" * comes
        yield attention(f'pigpiod {now}, although driver = "kernel"', "sudo systemctl disable --now pigpiod")


def _judged(unit: Unit) -> Finding:
    name, active = unit.name, unit["ActiveState"]
    if unit["LoadState"] != "loaded":
        installs = "sudo apt install pigpio" if name == "pigpiod" else "install evsed's package (.deb)"
        return attention(f"there is no service {name} ({unit['LoadState'] or 'unknown'})", installs)
    if active == "active" and unit["UnitFileState"] == "disabled":
        return attention(f"{name} runs, but does not start with the Pi", f"sudo systemctl enable {name}")
    if active == "active":
        return ok(f"{name} runs ({unit['SubState']})")
    see = f"journalctl -u {name} says why; sudo systemctl restart evsed-guard evsed"
    if unit["SubState"].startswith("auto-restart"):
        return wrong(f"{name} has failed ({unit['Result']}); systemd starts it again", see)
    if active == "failed" or unit["Result"] not in {"", "success"}:
        return wrong(f"{name} has failed ({unit['Result']}), and is {unit['SubState']}", see)
    if active == "inactive":
        return attention(f"{name} is stopped", f"sudo systemctl start {name}")
    return attention(f"{name} is {active} ({unit['SubState']})", "look again in a minute; else " + see)


def drop_in(machine: Machine, unit: Unit) -> Iterator[Finding]:
    """Whether pigpiod is started as evsed's package wants it, and was so when it was started last."""
    again = "sudo systemctl daemon-reload, and then sudo systemctl restart pigpiod evsed"
    if not any(path.endswith(_DROP_IN) for path in unit["DropInPaths"].split()):
        theirs = "pigpiod is started as its own package says, and not as evsed needs it"
        yield attention(theirs, f"evsed's package brings {_DROP_IN}: install it again, then {again}")
        return
    if unit["NeedDaemonReload"] == "yes":
        yield attention("systemd has not read evsed's drop-in for pigpiod anew", again)
        return
    wanted = _ARGUMENTS.search(unit["ExecStart"])
    running = [words for _, words in processes(machine) if Path(words[0]).name == "pigpiod"]
    if wanted and running and wanted[1].split() not in running:
        yield attention("pigpiod was started before evsed's drop-in was there", again)
    elif running:
        yield ok("pigpiod runs as evsed's drop-in says")


# ---- the hardware watchdog ----

_OFF: Final = frozenset({"", "0", "infinity", "off"})


def watchdog(machine: Machine, ask: Ask = answer) -> Iterator[Finding]:
    """Whether something resets the Pi when its kernel stands still."""
    devices = sorted((machine.root / "sys/class/watchdog").glob("watchdog[0-9]*"))
    if not devices:
        none = "there is no hardware watchdog: who resets this machine when its kernel stands still?"
        yield attention(none, "every Raspberry Pi has one; wire the board's heartbeat, which needs no kernel")
        return
    device = devices[0].name
    # unconfirmed: the Pi's kernel is built with CONFIG_WATCHDOG_SYSFS; else systemd is asked
    state = machine.text(f"sys/class/watchdog/{device}/state")
    if state is None:
        try:
            told = ask(["systemctl", "show", "--property=RuntimeWatchdogUSec", "--value"]).strip()
        except (OSError, subprocess.SubprocessError):
            told = ""
        state = "inactive" if told in _OFF else "active"
    if state == "active":
        timeout = machine.text(f"sys/class/watchdog/{device}/timeout")
        yield ok(f"{device} resets a Pi that stands still" + (f" for {timeout} s" if timeout else ""))
    else:
        idle = f"{device} is there, but nobody uses it: a Pi that stands still stays so"
        yield attention(idle, "restart the Pi, once evsed's package has been installed; it arms it from the next start")
