"""Files that are there whole or not at all, also after a power cut."""

import os
import stat
import tempfile
from pathlib import Path


def replace_text(path: Path, text: str, previous: Path | None = None, mode: int = 0o644) -> None:
    """Writes ``text`` to a temporary file, syncs it, and renames it to ``path``; ``previous`` keeps what was there.

    ``mode`` are the file's permissions, less the process's umask. Raises OSError; then the old file is still there.
    """
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)  # one that a crash left might be readable for all
    with open(temporary, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if previous is not None and path.exists():
        path.chmod(mode)
        path.replace(previous)
    temporary.replace(path)
    sync_directory(path.parent)


def put_text(path: Path, text: str) -> None:
    """Writes ``text`` to whatever an owner names, for this user alone where it becomes a file; links are followed.

    A device or a pipe is written as it is; a file is there whole or not at all. Raises OSError.
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        regular = True
    if not regular:
        path.write_text(text, encoding="utf-8")
        return
    target = Path(os.path.realpath(path))
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_directory(target.parent)


def sync_directory(path: Path) -> None:
    """Makes what was created and renamed in it outlive a power cut. Raises OSError."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
