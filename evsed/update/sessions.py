"""The log of sessions on the way back from an update: which one stays, the one from before or the one of now.

Looks at bytes and opens no database: what the daemon has written is nothing that SQLite should read as root.
"""

import os
from pathlib import Path
from typing import IO, Final

NAME: Final = "sessions.db"
WAL: Final = f"{NAME}-wal"
SHARED: Final = f"{NAME}-shm"
"""Memory of those who have it open: never kept, never put back."""

_VERSION_AT: Final = 60  # user_version, in the first page
_WAL_HEAD: Final = 32
_FRAME_HEAD: Final = 24
_MOST_FRAMES: Final = 1_000_000


def version(folder: Path) -> int | None:
    """The ``user_version`` of the database in ``folder``, also one that is in its log only; None: there is none.

    What may not have been committed counts as well: better a file is put aside for nothing. Raises OSError.
    """
    try:
        with _opened(folder / NAME) as file:
            found = _at(file, _VERSION_AT)
    except FileNotFoundError:
        return None
    try:
        with _opened(folder / WAL) as file:
            return max(found, _in_log(file))
    except FileNotFoundError:
        return found


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _at(file: IO[bytes], offset: int) -> int:
    file.seek(offset)
    return int.from_bytes(file.read(4), "big")


def _in_log(file: IO[bytes]) -> int:
    """The highest that a first page in the log has."""
    head = file.read(_WAL_HEAD)
    page = int.from_bytes(head[8:12], "big")
    page = 65_536 if page == 1 else page
    found = 0
    for frame in range(_MOST_FRAMES if page else 0):
        start = _WAL_HEAD + frame * (_FRAME_HEAD + page)
        file.seek(start)
        about = file.read(_FRAME_HEAD)
        if len(about) < _FRAME_HEAD or about[8:16] != head[16:24]:  # the end, or what an earlier log has left
            break
        if about[:4] == (1).to_bytes(4, "big"):
            found = max(found, _at(file, start + _FRAME_HEAD + _VERSION_AT))
    return found


def put_aside(folder: Path) -> str:
    """Renames the database in ``folder`` with its log, and forgets what was shared; its new name. Raises OSError.

    The log goes first: whoever finds it without its database deletes it.
    """
    plain = f"{NAME}.version{_readable(folder)}"
    names = [plain, *(f"{plain}.{number}" for number in range(1, 1_000)), f"{plain}.{os.urandom(8).hex()}"]
    name = next(name for name in names if not any(os.path.lexists(folder / f"{name}{end}") for end in ("", "-wal")))
    for end in ("-wal", ""):
        if os.path.lexists(folder / f"{NAME}{end}"):
            (folder / f"{NAME}{end}").rename(folder / f"{name}{end}")
    out_of_the_way(folder / SHARED)
    (folder / SHARED).unlink(missing_ok=True)
    return name


def _readable(folder: Path) -> int:
    """The version, or 0 where there is none, or something else than a file."""
    try:
        return version(folder) or 0
    except OSError:
        return 0


def out_of_the_way(path: Path) -> None:
    """A folder that stands where a file has to go gets another name. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(f"{path.name}.folder-{os.urandom(8).hex()}"))
