"""Files that are there whole or not at all, also after a power cut."""

import os
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
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
