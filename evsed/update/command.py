"""``evsed-update``: finishes what was not finished, installs one package, and says OK or FAIL.

Owns the command line and being alone. Root may bring any package of evsed; what the daemon hands over has to be signed.
"""

import argparse
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evsed.update.handed import FOLDER, READY, is_there
from evsed.update.health import ask
from evsed.update.keeping import read_record
from evsed.update.machine import Machine, UpdateError, say
from evsed.update.progress import DONE, FAILED, INSTALLING, tell
from evsed.update.steps import finish, install, install_handed

_OTHERS_DONE_S = 300.0
_LOOK_S = 1.0


@contextlib.contextmanager
def alone(machine: Machine) -> Iterator[None]:
    """Nobody else installs anything meanwhile, as apt does it. Raises UpdateError."""
    with contextlib.ExitStack() as held:
        own = held.enter_context((machine.store / "lock").open("w"))
        dpkg = held.enter_context((machine.root / "var/lib/dpkg/lock-frontend").open("w"))
        try:
            fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UpdateError("another evsed-update is at work") from None
        until = machine.now() + _OTHERS_DONE_S
        while True:
            try:
                fcntl.lockf(dpkg, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if machine.now() > until:
                    raise UpdateError("another program has been installing packages for minutes: try again") from None
                machine.sleep(_LOOK_S)
        os.environ["DPKG_FRONTEND_LOCKED"] = "1"
        yield


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
    """Finishes what was not finished, then installs what is wanted; what was done. Raises UpdateError."""
    record = read_record(machine)
    done = [finish(machine, record)] if record is not None else []
    if wanted.path is not None:
        done.append(install(machine, Path(os.path.realpath(wanted.path)), downgrade=wanted.downgrade))
        return "; ".join(done)
    handed = wanted.handed and is_there(machine)
    if wanted.incoming and (_brought(machine) or not (done or handed)):
        done.append(_install_brought(machine, downgrade=wanted.downgrade))
    if handed:
        done.append(install_handed(machine))
    if not done:
        raise NothingError(f"nothing was handed over: there is no {machine.settings / FOLDER / READY}")
    return "; ".join(done)


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
    """The same as update(), and whoever looks on is told how far it is. Raises UpdateError, OSError."""
    at_work = machine.store / "at-work"  # there after a power cut only, and then this runs at the next boot
    interrupted = at_work.exists()
    with contextlib.suppress(OSError):  # a full disk keeps nobody from finishing what was begun
        at_work.touch()
    tell(machine, INSTALLING, versions=("", "") if read_record(machine) is None else None)
    try:
        done = update(machine, wanted)
    except (UpdateError, OSError) as error:
        why = _CUT_SHORT if interrupted and isinstance(error, NothingError) else str(error)
        tell(machine, FAILED, why)
        at_work.unlink(missing_ok=True)
        raise
    tell(machine, DONE, done)
    at_work.unlink(missing_ok=True)
    return done


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
    try:
        (here.store / "incoming").mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(here):
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, lambda *_: None)  # from here on the end is the quickest way out
            wanted = Wanted(options.package, options.incoming, options.handed, options.downgrade)
            say(f"OK: {_told(here, wanted)}")
    except (UpdateError, OSError) as error:
        say(f"FAIL: {error}")
        return 1
    return 0


def run() -> int:
    """The command ``evsed-update``."""
    return main(sys.argv[1:])
