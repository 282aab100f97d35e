"""``evsed-update``: finishes what was not finished, installs one package, and says OK or FAIL.

Owns the command line and being alone. Where a package comes from is not its business: only root can bring one.
"""

import argparse
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from evsed.update.health import ask
from evsed.update.keeping import read_record
from evsed.update.machine import Machine, UpdateError, say
from evsed.update.steps import finish, install

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


def update(machine: Machine, path: Path | None, *, downgrade: bool) -> str:
    """Finishes what was not finished, then installs ``path``, or what lies in incoming. Raises UpdateError."""
    record = read_record(machine)
    done = finish(machine, record) if record is not None else ""
    if path is not None:
        return "; ".join(filter(None, (done, install(machine, Path(os.path.realpath(path)), downgrade=downgrade))))
    incoming = machine.store / "incoming"
    found = sorted(incoming.glob("*.deb"))
    if done and not found:
        return done
    if len(found) != 1:
        raise UpdateError(f"{len(found)} packages are in {incoming}: one is wanted")
    try:
        return install(machine, found[0], downgrade=downgrade)
    except UpdateError:
        if found[0].exists():
            found[0].replace(found[0].with_suffix(".refused"))  # or it would be tried again at every boot
        raise


def main(arguments: list[str], machine: Machine | None = None) -> int:
    """The command; its status."""
    parser = argparse.ArgumentParser(prog="evsed-update", description="Install a package of evsed, or go back")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("package", type=Path, nargs="?", help="evsed_..._....deb")
    what.add_argument("--incoming", action="store_true", help="the one in /var/lib/evsed-update/incoming")
    what.add_argument("--answers", action="store_true", help="only ask whether the running evsed answers")
    parser.add_argument("--downgrade", action="store_true", help="take one that is not newer, too")
    options = parser.parse_args(arguments)
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
            say(f"OK: {update(here, options.package, downgrade=options.downgrade)}")
    except (UpdateError, OSError) as error:
        say(f"FAIL: {error}")
        return 1
    return 0


def run() -> int:
    """The command ``evsed-update``."""
    return main(sys.argv[1:])
