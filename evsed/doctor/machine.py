"""The Raspberry Pi and its system, as the doctor looks at them: which Pi, what its kernel does, who may what.

Owns what is read of /proc, /sys and /etc. Every path is below a root that tests choose. Changes nothing.
"""

import grp
import os
import pwd
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.installed import page
from evsed.wiring import Driver, Wiring

CONFIG_TXT = "/boot/firmware/config.txt"
_WITHOUT_PIGPIO = ("Raspberry Pi 5", "Compute Module 5")  # the Pi 500 as well
_TRIXIE = "trixie"


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine's files, below ``root``."""

    root: Path = Path("/")

    def text(self, path: str) -> str | None:
        """What the file says, without white space and NULs at its ends; None when it is not there."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip(" \t\n\0")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def there(self, path: str) -> bool:
        """Whether there is such a file."""
        return (self.root / path).exists()


# ---- which Pi ----


def is_pi_5(machine: Machine) -> bool:
    """Whether this is the generation that pigpio cannot drive."""
    model = machine.text("proc/device-tree/model") or ""
    return any(name in model for name in _WITHOUT_PIGPIO)


def pi(machine: Machine, wiring: Wiring) -> Iterator[Finding]:
    """Which Pi it is, and whether the driver runs on it."""
    model = machine.text("proc/device-tree/model") or ""
    if "Raspberry Pi" not in model:
        yield wrong(
            f"this is no Raspberry Pi ({model or 'no device tree'})", "a board needs one; evsed simulate does not"
        )
        return
    if wiring.driver is Driver.KERNEL:
        yield ok(f"{model}, pilot driven by the kernel")
        return
    use_kernel = f'write driver = "kernel" into [board], and dtoverlay=pwm,... into {CONFIG_TXT} ({page("board.md")})'
    if is_pi_5(machine):
        yield wrong(f"{model}: pigpio does not run on it", use_kernel)
        return
    yield ok(f"{model}, pilot driven by pigpio")
    installed = any(machine.there(f"usr/{place}/pigpiod") for place in ("bin", "local/bin", "sbin"))
    if not installed and _TRIXIE in (machine.text("etc/os-release") or ""):
        yield wrong(
            "pigpiod is not installed, and Debian trixie has no package of it", f"build pigpio 79, or {use_kernel}"
        )
    elif not installed:
        yield wrong("pigpiod is not installed", "sudo apt install pigpio")


# ---- what its kernel does ----

# unconfirmed: the Pi 5's pinctrl has the same parameter under its own name
PERSISTENCE = ("pinctrl_bcm2835", "pinctrl_rp1")
"""The kernel's modules that can keep the level of a line whose holder has died."""


def persistence(machine: Machine) -> Iterator[Finding]:
    """Whether the lines of a process that dies become inputs, so that pull-downs open the contactors."""
    told = {name: machine.text(f"sys/module/{name}/parameters/persist_gpio_outputs") for name in PERSISTENCE}
    advice = f"add dtparam=strict_gpiod to {CONFIG_TXT} and restart the Pi"
    known = {name: value for name, value in told.items() if value is not None}
    if not known:
        yield attention("the kernel does not say what becomes of the lines of a process that dies", advice)
    elif any(value in {"Y", "1"} for value in known.values()):
        keeps = "the lines of a guard that dies keep their level: a contactor opens by the second path only"
        yield attention(keeps, advice)
    else:
        yield ok("the lines of a process that dies become inputs")


# unconfirmed: how the kernel names the analogue output's sound card
ANALOGUE = ("bcm2835 headphones", "bcm2835 alsa")


def audio(machine: Machine) -> Iterator[Finding]:
    """Whether analogue audio, which uses the pilot's PWM, is off."""
    if is_pi_5(machine):
        yield ok("a Pi 5 has no analogue audio")
        return
    cards = (machine.text("proc/asound/cards") or "").lower()
    if any(name in cards for name in ANALOGUE):
        clash = "analogue audio is on, and uses the same PWM as the pilot"
        yield wrong(clash, f"write dtparam=audio=off into {CONFIG_TXT} (in place of audio=on) and restart the Pi")
    else:
        yield ok("analogue audio is off")


# ---- who may what ----


@dataclass(frozen=True, slots=True)
class User:
    """Who runs evsed, and the groups this one is in."""

    name: str
    groups: frozenset[str]


def evsed_user() -> User:
    """The user evsed where there is one, as the package makes it; else whoever asks."""
    try:
        entry = pwd.getpwnam("evsed")
    except KeyError:
        entry = pwd.getpwuid(os.geteuid())
    numbers = set(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return User(entry.pw_name, frozenset(group.gr_name for group in grp.getgrall() if group.gr_gid in numbers))


def permissions(who: Callable[[], User], wanted: Sequence[str]) -> Iterator[Finding]:
    """Whether the user is in the groups that the devices belong to."""
    user = who()
    if user.name == "root":
        yield attention("evsed would run as root", "run it as a user of its own, as the package does (user evsed)")
        return
    missing = [group for group in wanted if group not in user.groups]
    if missing:
        yield wrong(
            f"{user.name} is not in {' and '.join(missing)}, to which the devices belong",
            f"sudo usermod -aG {','.join(missing)} {user.name}, and start evsed again",
        )
    else:
        yield ok(f"{user.name} is in {', '.join(wanted)}")


# ---- who runs ----


def processes(machine: Machine) -> Iterator[tuple[int, list[str]]]:
    """Every process of this machine: its id, and the words of its command line."""
    for directory in sorted((machine.root / "proc").glob("[0-9]*")):
        try:
            words = (directory / "cmdline").read_bytes().removesuffix(b"\0").split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        yield int(directory.name), [os.fsdecode(word) for word in words]


def running_daemon(machine: Machine) -> int | None:
    """The process id of an `evsed run` on this machine; None when there is none."""
    for pid, words in processes(machine):
        if ("evsed", "run") in pairwise(Path(word).name for word in words):
            return pid
    return None
