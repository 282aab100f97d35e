"""What an update keeps for the way back: packages, settings with cards, sessions and access, and how far it is.

Owns /var/lib/evsed-update. Files are there whole or not at all, also after a power cut.
"""

import contextlib
import json
import os
import re
import shutil
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from evsed.update import sessions
from evsed.update.machine import NAME, UNITS, Machine, UpdateError

_SPARE_BYTES = 16_000_000
_LARGEST_SETTINGS = 16_000_000
_LARGEST_SESSIONS = 200_000_000  # with their log: decades of them
_DOCUMENTS = ("settings.json", "cards.json", "access.json")
"""What the daemon keeps in copies, such as .previous: they belong together."""

_LEFT = re.compile(r"\.[0-9a-f]{16}\.part$")
"""What a power cut has left of a copy into the daemon's folder."""


@dataclass(slots=True)
class Record:
    """An update that is under way, as it is kept on the disk. ``old``: empty when there is no way back."""

    new: str
    old: str
    from_version: str
    to_version: str
    ran: list[str]
    """The units that nobody had stopped."""
    answered: bool
    failure: str = ""
    """Not empty: it is on its way back, and why."""


def kept(machine: Machine, version: str, architecture: str) -> Path:
    """Where the package of this version is kept."""
    return machine.store / f"{NAME}_{version}_{architecture}.deb"


def room(machine: Machine, needed: int) -> None:
    """Raises UpdateError when so many bytes, and some to spare, are not free."""
    needed += _SPARE_BYTES
    free = min(shutil.disk_usage(where).free for where in (machine.store, machine.root / "usr"))
    if free < needed:
        raise UpdateError(f"{free // 1_000_000} MB are free, and {needed // 1_000_000} MB are needed: make room first")


def copy(path: Path, to: Path, owner: tuple[int, int] | None = None) -> None:
    """``to`` is there whole or not at all; no link leads this elsewhere. Raises OSError.

    ``owner``: whose folder ``to`` is in, and the file then. Whatever that user has put there is in no way.
    """
    temporary = to.with_name(to.name + (".part" if owner is None else f".{os.urandom(8).hex()}.part"))
    temporary.unlink(missing_ok=True)
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(source, "rb") as data:
        target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(target, "wb") as written:
            if owner is not None:
                os.fchown(target, *owner)
            shutil.copyfileobj(data, written)
            written.flush()
            os.fsync(target)
    if owner is not None:
        sessions.out_of_the_way(to)
    temporary.replace(to)
    sync(to.parent)


def sync(directory: Path) -> None:
    """Makes what was created and renamed in it outlive a power cut. Raises OSError."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _plain_files(directory: Path) -> dict[str, os.stat_result]:
    found = {path.name: path.lstat() for path in directory.iterdir()} if directory.is_dir() else {}
    return {name: status for name, status in found.items() if stat.S_ISREG(status.st_mode) and name != sessions.SHARED}


def to_keep(machine: Machine) -> tuple[dict[str, int], list[str]]:
    """The files that are kept for the way back, with their sizes in bytes, holes included, and what is said of others.

    Sessions and their log are kept both or not at all. Raises OSError.
    """
    found = {name: status.st_size for name, status in _plain_files(machine.settings).items()}
    log = {name: found[name] for name in (sessions.NAME, sessions.WAL) if name in found}
    kept = {name: size for name, size in found.items() if name not in log and size < _LARGEST_SETTINGS}
    if sum(log.values()) < _LARGEST_SESSIONS:
        kept |= log
    why = "is not kept for the way back: it has {} bytes"
    said = [f"{machine.settings / name} {why.format(size)}" for name, size in found.items() if name not in kept]
    return kept, said


def back_up(machine: Machine) -> None:
    """What the daemon keeps, as it is before the new evsed migrates it; the daemon does not run.

    Raises OSError, and UpdateError when there is no room.
    """
    to, fresh = machine.store / "settings", machine.store / "settings.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    try:
        files, said = to_keep(machine)
        room(machine, sum(files.values()))
        for name in files:
            copy(machine.settings / name, fresh / name)
        for line in said:
            machine.say(line)
    except (OSError, UpdateError):
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    shutil.rmtree(to, ignore_errors=True)
    fresh.rename(to)
    sync(machine.store)


def restore(machine: Machine) -> None:
    """The settings as they were, and sessions that the old evsed can read. Raises OSError."""
    before, owner = _plain_files(machine.store / "settings"), machine.settings.stat()
    names = [name for name in before if name not in {sessions.NAME, sessions.WAL}]
    begun = machine.store / "sessions-begun"  # also for who finishes this after a power cut, and finds an old log
    if sessions.NAME in before and (begun.exists() or _is_too_new(machine)):
        begun.touch()
        sync(machine.store)
        aside = sessions.put_aside(machine.settings)
        sync(machine.settings)
        if os.path.lexists(machine.settings / aside):
            machine.say(f"sessions of the newer evsed are kept in {machine.settings / aside}")
        names += [name for name in (sessions.WAL, sessions.NAME) if name in before]  # never a log beside a stranger
    for name in names:
        copy(machine.store / "settings" / name, machine.settings / name, (owner.st_uid, owner.st_gid))
    kept = [document for document in _DOCUMENTS if document == "settings.json" or document in before]
    for name in _plain_files(machine.settings):
        if name not in before and (name.startswith(tuple(kept)) or _LEFT.search(name)):
            (machine.settings / name).unlink()
    sync(machine.settings)
    begun.unlink(missing_ok=True)


def _is_too_new(machine: Machine) -> bool:
    """Whether the old evsed cannot go on with the log of sessions that is there now, which has the latest in it."""
    try:
        now, before = sessions.version(machine.settings), sessions.version(machine.store / "settings")
    except OSError:
        return True  # a link, a folder: no log
    return now is None or (before is not None and now > before)


def record_path(machine: Machine) -> Path:
    return machine.store / "unfinished.json"


def read_record(machine: Machine) -> Record | None:
    """The update that was not finished, if there is one."""
    try:
        return Record(**json.loads(record_path(machine).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise UpdateError(
            f"{record_path(machine)} cannot be read ({error}): what was begun is not known, begin it anew"
        ) from None


def write_record(machine: Machine, record: Record) -> None:
    """From now on a second run finishes this. Raises OSError."""
    _write(record_path(machine), json.dumps(asdict(record)))


def at_work_path(machine: Machine) -> Path:
    """Is there while an update is at work, and after one that was killed or that a power cut has ended."""
    return machine.store / "at-work"


def note_stopped(machine: Machine, units: list[str]) -> None:
    """From now on a run that finds this one killed, and nothing to finish, starts these. Raises OSError."""
    path, text = at_work_path(machine), "".join(f"{unit}\n" for unit in units)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        _write(path, text)


def stopped(machine: Machine) -> list[str]:
    """What a run that was killed has stopped, perhaps."""
    found = ""
    with contextlib.suppress(OSError, ValueError):
        found = at_work_path(machine).read_text(encoding="utf-8")
    return [unit for unit in UNITS if unit in found.split()]


def forget(path: Path) -> None:
    """The file is gone, also after a power cut. Raises OSError."""
    path.unlink(missing_ok=True)
    sync(path.parent)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".part")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync(path.parent)
