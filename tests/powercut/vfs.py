"""SQLite on a file system of ours: it writes to the real one, and what it asks of the disk is recorded.

Memory that connections share (the ``-shm`` file) is not on the disk as far as SQLite is concerned, and passes.
"""

from pathlib import Path
from typing import Any

import apsw

from tests.powercut.folder import Trouble
from tests.powercut.history import History

_NEW_NAMES = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
"""Files whose folder SQLite syncs with them, for the first time: below us, so that it is not seen here."""


class Vfs(apsw.VFS):
    """Records what is done to the files of ``history``; ``close`` it."""

    def __init__(self, name: str, history: "History[Any]", trouble: Trouble | None = None) -> None:
        super().__init__(name, "")
        self.history = history
        self.trouble = trouble

    def close(self) -> None:
        """No connection may use it any more."""
        self.unregister()

    def asked(self) -> None:
        """Raises what SQLite is told when the disk is full or read-only."""
        if self.trouble is not None and self.trouble.strikes():
            raise apsw.FullError if self.trouble.full else apsw.IOError

    def xOpen(self, name: "str | apsw.URIFilename | None", flags: list[int]) -> "_File":  # noqa: N802 - SQLite's names
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.asked()
        super().xDelete(filename, syncdir)
        name = Path(filename).name
        if self.history.file(name) is not None:
            self.history.unlink(name)
        if syncdir:
            self.history.sync_folder()


class _File(apsw.VFSFile):
    def __init__(self, vfs: Vfs, filename: "str | apsw.URIFilename | None", flags: list[int]) -> None:
        path = filename.filename() if isinstance(filename, apsw.URIFilename) else filename
        fresh = path is not None and not Path(path).exists()
        if fresh:
            vfs.asked()
        super().__init__("", filename, flags)
        assert path is not None, "there are no temporary files"
        self._vfs = vfs
        self._history = vfs.history
        number = self._history.file(Path(path).name)
        self._file = self._history.create(Path(path).name) if number is None else number
        self._folder_too = fresh and bool(flags[0] & _NEW_NAMES)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._vfs.asked()
        super().xWrite(data, offset)
        self._history.write(self._file, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._vfs.asked()
        super().xTruncate(newsize)
        self._history.truncate(self._file, newsize)

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802
        self._vfs.asked()
        self._history.sync(self._file)
        if self._folder_too:
            self._history.sync_folder()
            self._folder_too = False
