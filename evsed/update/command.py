"""``evsed-update``: finishes what was not finished, installs one package, and says OK or FAIL.

Owns the command line and being alone. Root may bring any package of evsed; what the daemon hands over has to be signed.
"""

import argparse
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evsed.update.handed import FOLDER, READY, drop, is_there
from evsed.update.health import ask
from evsed.update.keeping import Record, at_work_path, forget, read_record, record_path, stopped
from evsed.update.machine import Machine, UpdateError, say
from evsed.update.package import installed_version
from evsed.update.progress import CHECKING, DONE, FAILED, GOING_BACK, INSTALLING, read, tell
from evsed.update.steps import finish, install, install_handed

_OTHERS_DONE_S = 300.0
_LOOK_S = 1.0
_AT_ONCE = fcntl.LOCK_EX | fcntl.LOCK_NB


@contextlib.contextmanager
def alone(machine: Machine, *, patient: bool = False) -> Iterator[None]:
    """Nobody else installs anything meanwhile, as apt does it. Raises UpdateError.

    ``patient``: waits for another evsed-update as well.
    """
    with contextlib.ExitStack() as held:
        own = held.enter_context((machine.store / "lock").open("w"))
        dpkg = held.enter_context((machine.root / "var/lib/dpkg/lock-frontend").open("w"))
        until = machine.now() + _OTHERS_DONE_S
        if not _within(machine, until if patient else machine.now(), lambda: fcntl.flock(own, _AT_ONCE)):
            raise UpdateError("another evsed-update is at work")
        if not _within(machine, until, lambda: fcntl.lockf(dpkg, _AT_ONCE)):
            why = "another program has been installing packages for minutes: try again"
            tell(machine, FAILED, why)
            raise UpdateError(why)
        os.environ["DPKG_FRONTEND_LOCKED"] = "1"
        yield


def _within(machine: Machine, until: float, lock: Callable[[], object]) -> bool:
    """Whether ``lock`` was had in time."""
    while True:
        try:
            lock()
        except OSError:
            if machine.now() >= until:
                return False
            machine.sleep(_LOOK_S)
        else:
            return True


_CUT_SHORT = "the update was interrupted before anything was changed: begin it anew"


class NothingError(UpdateError):
    """There is nothing to install."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be installed: the package ``path``, what lies in incoming, or what the daemon has handed over."""

    path: Path | None = None
    incoming: bool = False
    handed: bool = False
    downgrade: bool = False


def update(machine: Machine, wanted: Wanted) -> str:
    """Finishes what was not finished, then installs what is wanted; what was done. Raises UpdateError.

    What is wrong with what lies in incoming keeps nobody from what was handed over.
    """
    record = _begun(machine)
    done = [finish(machine, record)] if record is not None else []
    if wanted.path is not None:
        done.append(install(machine, Path(os.path.realpath(wanted.path)), downgrade=wanted.downgrade))
        return "; ".join(done)
    handed = wanted.handed and is_there(machine)
    if wanted.incoming and (_brought(machine) or not (done or handed)):
        try:
            done.append(_install_brought(machine, downgrade=wanted.downgrade))
        except UpdateError as error:
            if not handed or record_path(machine).exists():
                raise
            machine.say(str(error))
    if handed:
        done.append(install_handed(machine))
    if not done:
        raise NothingError(f"nothing was handed over: there is no {machine.settings / FOLDER / READY}")
    return "; ".join(done)


def _begun(machine: Machine) -> Record | None:
    """The update that was not finished, if there is one. One that nobody can read is put aside, and blocks no other."""
    try:
        return read_record(machine)
    except UpdateError as error:
        machine.say(str(error))
        path = record_path(machine)
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(".broken"))
        return None


def _nothing(machine: Machine, wanted: Wanted) -> bool:
    """Whether there is nothing to install."""
    brought = wanted.incoming and bool(_brought(machine))
    return wanted.path is None and not brought and not (wanted.handed and is_there(machine))


def _brought(machine: Machine) -> list[Path]:
    return sorted((machine.store / "incoming").glob("*.deb"))


def _install_brought(machine: Machine, *, downgrade: bool) -> str:
    found = _brought(machine)
    if len(found) != 1:
        kind = UpdateError if found else NothingError
        raise kind(f"{len(found)} packages are in {machine.store / 'incoming'}: one is wanted")
    try:
        return install(machine, found[0], downgrade=downgrade)
    except UpdateError:
        if found[0].exists():
            found[0].replace(found[0].with_suffix(".refused"))  # or it would be tried again at every boot
        raise


def _told(machine: Machine, wanted: Wanted) -> str:
    """The same as update(), and whoever looks on is told how far it is, unless there is nothing to do.

    Raises UpdateError, OSError.
    """
    at_work = at_work_path(machine)
    begun = _begun(machine) is not None
    unheard = _unheard(machine) if at_work.exists() and not begun else None
    if not begun and _nothing(machine, wanted):
        if unheard is not None:
            tell(machine, *unheard)
        forget(at_work)
        return update(machine, wanted) if unheard is None else _heard(*unheard)
    with contextlib.suppress(OSError):  # a full disk keeps nobody from finishing what was begun
        at_work.touch()
    tell(machine, INSTALLING, versions=None if begun else ("", ""))
    try:
        done = update(machine, wanted)
    except (UpdateError, OSError) as error:
        _give_up(machine, wanted)
        tell(machine, FAILED, str(error))
        forget(at_work)
        raise
    tell(machine, DONE, done)
    forget(at_work)
    return done


def _unheard(machine: Machine) -> tuple[str, str] | None:
    """What came of a run that was killed, where nothing is to be finished; None when its end was told.

    What it has stopped runs again.
    """
    if units := stopped(machine):
        machine.does("systemctl", "start", *units)
    told = read(machine.root)
    if told is None or told.state == INSTALLING:
        return FAILED, _CUT_SHORT
    if told.state == CHECKING:  # and was found healthy
        return DONE, f"evsed {told.from_version} is now {told.to_version}"
    if told.state == GOING_BACK:
        return FAILED, f"{told.text}. evsed {installed_version(machine)} is installed"
    return None


def _heard(state: str, text: str) -> str:
    """Raises UpdateError when it has failed."""
    if state == FAILED:
        raise UpdateError(text)
    return text


def _give_up(machine: Machine, wanted: Wanted) -> None:
    """What was handed over is tried once: its note would start this again at once."""
    if wanted.handed:
        with contextlib.suppress(OSError):
            drop(machine)


def main(arguments: list[str], machine: Machine | None = None) -> int:
    """The command; its status."""
    parser = argparse.ArgumentParser(prog="evsed-update", description="Install a package of evsed, or go back")
    parser.add_argument("package", type=Path, nargs="?", help="evsed_..._....deb")
    parser.add_argument("--incoming", action="store_true", help="the one in /var/lib/evsed-update/incoming")
    parser.add_argument("--handed", action="store_true", help="the signed one that the daemon has handed over")
    parser.add_argument("--answers", action="store_true", help="only ask whether the running evsed answers")
    parser.add_argument("--downgrade", action="store_true", help="take one that is not newer, too; not a handed one")
    options = parser.parse_args(arguments)
    found = options.incoming or options.handed
    if (options.package is not None) + found + options.answers != 1:
        parser.error("name a package, or say --incoming, --handed or both, or --answers")
    if options.answers:
        return 0 if ask() else 1
    if os.geteuid():
        say("FAIL: only root installs packages: sudo evsed-update ...")
        return 1
    here = machine or Machine()
    wanted = Wanted(options.package, options.incoming, options.handed, options.downgrade)
    try:
        (here.store / "incoming").mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(here, patient=options.handed):
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, lambda *_: None)  # from here on the end is the quickest way out
            say(f"OK: {_told(here, wanted)}")
    except (UpdateError, OSError) as error:
        _give_up(here, wanted)
        say(f"FAIL: {error}")
        return 1
    return 0


def run() -> int:
    """The command ``evsed-update``."""
    return main(sys.argv[1:])
