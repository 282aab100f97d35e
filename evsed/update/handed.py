"""What the daemon has handed over: a package and its signature, in a folder of the daemon's own.

Owns the form of that folder, which the daemon fills, and how root takes from it. Root trusts nothing there: it follows
no link, takes plain files of the daemon's user and no longer ones than it allows, and looks at its own copy only.
"""

import contextlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from evsed.update.keeping import room, sync
from evsed.update.machine import Machine, UpdateError
from evsed.update.signatures import LONGEST, keys, verify

FOLDER: Final = "update"
"""In the daemon's state directory."""

READY: Final = "ready.json"
"""Is there when package and signature are whole: ``{"package": name}``."""

SIGNED: Final = ".sig"
MOST_BYTES: Final = 100_000_000
_NAME: Final = re.compile(r"evsed_([A-Za-z0-9.+~-]{1,64})_([a-z0-9]{1,16})\.deb")
_LONGEST_NOTE: Final = 1_024
_PIECE: Final = 1_048_576
_FOLDER_ITSELF: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Named:
    """What the name of a package says."""

    version: str
    architecture: str


def named(name: str) -> Named:
    """Raises UpdateError when ``name`` is none of a package."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise UpdateError(f"{name[:80]!r} is not taken: the name has to be evsed_<version>_<architecture>.deb")
    return Named(found[1], found[2])


def is_there(machine: Machine) -> bool:
    """Whether something was handed over and not taken yet."""
    return os.path.lexists(machine.settings / FOLDER / READY)


def take(machine: Machine, to: Path) -> str:
    """Copies the package to ``to`` and verifies that; its name. Nothing of it stays in the folder.

    Raises UpdateError, OSError.
    """
    state = os.open(machine.settings, _FOLDER_ITSELF)
    try:
        owner = os.fstat(state).st_uid
        folder = os.open(FOLDER, _FOLDER_ITSELF, dir_fd=state)
    finally:
        os.close(state)
    try:
        try:
            name = _name(folder, owner)
        finally:
            _remove(folder, READY)  # what crashes this is tried once
            os.fsync(folder)
        with _plain(folder, name, owner, MOST_BYTES) as package:
            room(machine, 2 * os.fstat(package.fileno()).st_size)
            _copy(package, to)
        with _plain(folder, name + SIGNED, owner, LONGEST) as file:
            given = file.read(LONGEST)
    finally:
        _empty(folder)
        os.close(folder)
    key = verify(to, given, keys(machine.root))
    machine.say(f"{name} is signed by {key.path}")
    return name


def _name(folder: int, owner: int) -> str:
    """What the note names."""
    with _plain(folder, READY, owner, _LONGEST_NOTE) as file:
        text = file.read(_LONGEST_NOTE)
    try:
        name = json.loads(text)["package"]
    except (ValueError, TypeError, KeyError, RecursionError):
        name = None
    if not isinstance(name, str):
        raise UpdateError(f"{READY} does not say which package was handed over")
    named(name)
    return name


def _plain(folder: int, name: str, owner: int, most: int) -> IO[bytes]:
    """A file of ``owner`` in ``folder`` with ``most`` bytes at most. Raises UpdateError, OSError."""
    file = os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb")
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode) and status.st_uid == owner and status.st_nlink == 1 and status.st_size <= most:
        return file
    file.close()
    raise UpdateError(f"{name} was not handed over as it has to be: a file of its own, {most} bytes at most")


def _copy(source: IO[bytes], to: Path) -> None:
    """No more than is allowed, however the source grows meanwhile. Raises UpdateError, OSError."""
    to.unlink(missing_ok=True)
    left = MOST_BYTES
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as target:
        while piece := source.read(min(_PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                raise UpdateError(f"the package has more than {MOST_BYTES // 1_000_000} MB")
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    sync(to.parent)


def drop(machine: Machine) -> None:
    """Nothing is handed over any more, whatever lies there: nothing is tried for ever. Raises OSError."""
    state = os.open(machine.settings, _FOLDER_ITSELF)
    try:
        folder = os.open(FOLDER, _FOLDER_ITSELF, dir_fd=state)
    except OSError:  # a link, a file, or nothing
        _remove(state, FOLDER)
        return
    finally:
        os.close(state)
    try:
        _empty(folder)
    finally:
        os.close(folder)


def _empty(folder: int) -> None:
    """What was handed over is gone, the note first; other folders stay."""
    _remove(folder, READY)
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            os.unlink(name, dir_fd=folder)


def _remove(folder: int, name: str) -> None:
    """Nothing has this name any more. A folder, which may be full, gets another one: it goes with the next upload."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        pass
    except IsADirectoryError:
        os.rename(name, f"{name}.refused-{os.urandom(4).hex()}", src_dir_fd=folder, dst_dir_fd=folder)
