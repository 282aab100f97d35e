"""The order of an update, forth and back; a second run goes on where a power cut has ended the first."""

import contextlib
from pathlib import Path

from evsed.update import handed
from evsed.update.health import answers, half_unpacked, trouble, wanted
from evsed.update.keeping import (
    Record,
    back_up,
    copy,
    forget,
    kept,
    note_stopped,
    record_path,
    restore,
    room,
    to_keep,
    write_record,
)
from evsed.update.machine import NAME, UNITS, Machine, UpdateError
from evsed.update.package import Package, inspect, installed_version
from evsed.update.progress import CHECKING, GOING_BACK, INSTALLING, tell
from evsed.update.repack import repack

_DPKG_S = 900.0


def install(machine: Machine, path: Path, *, downgrade: bool) -> str:
    """Installs the package in ``path``, which root has brought; what was done. Raises UpdateError."""
    candidate = _candidate(machine)
    try:
        room(machine, 2 * path.stat().st_size)
        copy(path, candidate)
        package = inspect(machine, candidate, path.name, downgrade=downgrade)
        record = _stop(machine, candidate, package, careful=False)
        if path.parent == machine.store / "incoming":
            path.unlink()
    except OSError as error:
        raise UpdateError(f"{error.filename or path}: {error.strerror}") from error
    finally:
        candidate.unlink(missing_ok=True)
    return finish(machine, record)


def install_handed(machine: Machine) -> str:
    """Installs what the daemon has handed over, once root's own copy of it was verified; what was done.

    Raises UpdateError.
    """
    candidate = _candidate(machine)
    try:
        name = handed.take(machine, candidate)
        package = inspect(machine, candidate, name, downgrade=False)
        if handed.named(name) != handed.Named(package.version, package.architecture):
            inside = f"evsed_{package.version}_{package.architecture}.deb"
            raise UpdateError(f"{name} is not what its name says: in it is {inside}")
        record = _stop(machine, candidate, package, careful=True)
    except OSError as error:
        raise UpdateError(f"{error.filename or 'what was handed over'}: {error.strerror}") from error
    finally:
        candidate.unlink(missing_ok=True)
    return finish(machine, record)


def _candidate(machine: Machine) -> Path:
    """Where a package is looked at: nobody but root changes this one between the look and the deed."""
    try:
        machine.store.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UpdateError(f"{error.filename}: {error.strerror}") from error
    return machine.store / "candidate.deb"


def _stop(machine: Machine, candidate: Path, package: Package, *, careful: bool) -> Record:
    """Keeps the package, stops what runs, copies its settings: from here on it is finished.

    ``careful``: not without a way back.

    Raises UpdateError, OSError.
    """
    version = installed_version(machine)
    tell(machine, INSTALLING, versions=(version, package.version))
    room(machine, package.unpacked + candidate.stat().st_size + sum(to_keep(machine)[0].values()))
    old = kept(machine, version, package.architecture)
    no_way_back = _keep(machine, old)
    if no_way_back and careful:
        raise UpdateError(f"there would be no way back: {no_way_back}")
    new = candidate.replace(kept(machine, package.version, package.architecture))
    ran = wanted(machine)
    record = Record(new.name, old.name if old.is_file() else "", version, package.version, ran, False)
    record.answered = bool(ran) and answers(machine)
    if no_way_back:
        machine.say(f"There will be no way back: {no_way_back}")
    note_stopped(machine, ran)
    what = "the charger cannot be stopped"
    try:
        machine.said("systemctl", "stop", *reversed(UNITS))  # the car is told, the contactors open
        what = "the settings cannot be copied"
        back_up(machine)
        write_record(machine, record)
    except (OSError, UpdateError) as error:
        still = _start(machine, record)
        why = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise UpdateError(f"{what}: {why}" + (f"; and now {still}" if still else "")) from error
    return record


def _keep(machine: Machine, old: Path) -> str:
    """The package that is installed is in ``old`` from now on; why not, or nothing."""
    if not old.is_file():
        try:
            repack(machine, old)
        except UpdateError as error:
            return f"{old} is not there, which is the package that is installed now, and cannot be made ({error})"
    return ""


def finish(machine: Machine, record: Record) -> str:
    """Goes on from where it is, also for the second time; what was done. Raises UpdateError."""
    versions = (record.from_version, record.to_version)
    if not record.failure:
        tell(machine, INSTALLING, versions=versions)
        record.failure = _unpack(machine, record.new)
        if not record.failure:
            tell(machine, CHECKING, versions=versions)
            record.failure = _start(machine, record)
        if not record.failure:
            forget(record_path(machine))
            for path in machine.store.glob(f"{NAME}_*.deb"):
                if path.name not in {record.new, record.old}:
                    path.unlink()
            return f"evsed {record.from_version} is now {record.to_version}{_not_looked_at(record)}"
        with contextlib.suppress(OSError):  # on a full disk the way back is gone anew, from the beginning
            write_record(machine, record)
    tell(machine, GOING_BACK, record.failure, versions=versions)
    return _go_back(machine, record)


def _not_looked_at(record: Record) -> str:
    """What the health of the new one was not judged by, or nothing."""
    stopped = [unit for unit in UNITS if unit not in record.ran]
    if stopped:
        return f"; {' and '.join(stopped)} had been stopped before: not started, and not looked at"
    return "" if record.answered else "; it runs, and whether REST answers was not looked at: it did not before"


def _go_back(machine: Machine, record: Record) -> str:
    if not record.old:
        _start(machine, record)
        _leave_to_dpkg(machine, record)
        forget(record_path(machine))
        raise UpdateError(
            f"{record.failure}. There is no way back, because no package of evsed {record.from_version} is kept; the "
            f"settings from before are in {machine.store / 'settings'}"
        )
    machine.does("systemctl", "stop", *reversed(UNITS))
    wrong = _unpack(machine, record.old) or _restore(machine)
    if wrong:
        _start(machine, record)
        _leave_to_dpkg(machine, record)
        raise UpdateError(
            f"{record.failure}. evsed {record.from_version} could not be brought back ({wrong}); evsed-update tries "
            "again when it is started again, and at the next boot"
        )
    with contextlib.suppress(OSError):  # from here on its owner may change them: they are not put back twice
        note_stopped(machine, record.ran)
        forget(record_path(machine))
    still = _start(machine, record)
    forget(record_path(machine))
    raise UpdateError(f"{record.failure}. evsed {record.from_version} is back" + (f", but {still}" if still else ""))


def _restore(machine: Machine) -> str:
    """The settings are as they were, below an evsed that does not run; what went wrong, or nothing."""
    try:
        machine.said("systemctl", "stop", *reversed(UNITS))  # or it writes what it has made of the new one's settings
        restore(machine)
    except UpdateError as error:
        return f"its settings: it does not stop, and would write its own over them: {error}"
    except OSError as error:
        return f"its settings: {error.filename}: {error.strerror}"
    return ""


def _leave_to_dpkg(machine: Machine, record: Record) -> None:
    """Who finishes what dpkg could not, starts what ran before: the package's own scripts have seen it stopped."""
    if half_unpacked(machine).exists():
        with contextlib.suppress(OSError):
            (machine.root / "run/evsed-ran").write_text("".join(f"{unit}\n" for unit in record.ran), encoding="utf-8")


def _unpack(machine: Machine, name: str) -> str:
    """dpkg installs what is kept; what went wrong, or nothing. The owner's own configuration file stays."""
    words = ("dpkg", "--force-confdef", "--force-confold", "--install", str(machine.store / name))
    try:
        machine.said(*words, timeout_s=_DPKG_S)
    except UpdateError as error:
        return f"{name} could not be installed ({error})"
    return ""


def _start(machine: Machine, record: Record) -> str:
    """Starts what ran before; what is wrong with it then, or nothing."""
    if not record.ran:
        return ""
    machine.does("systemctl", "start", *record.ran)
    return trouble(machine, record.ran, answered=record.answered)
