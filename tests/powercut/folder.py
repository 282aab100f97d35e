"""Records what evsed/files.py, and whoever else uses ``os``, does to one folder; makes its disk full or read-only.

Bytes are seen when something else is asked: a file is looked at before each call, and what is new in it was written.
"""

import errno
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.powercut.history import History, State

_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Trouble:
    """A disk that is full or read-only for some of the calls that ask it to change."""

    def __init__(self, dice: random.Random, calls: int) -> None:
        """``calls``: about so many will come."""
        self.dice = dice
        self.left_to_begin = dice.randrange(calls)
        self.lasts = dice.randint(1, 12)
        self.number = dice.choice((errno.ENOSPC, errno.EROFS, errno.EIO))
        self.full = self.number == errno.ENOSPC

    @classmethod
    def sometimes(cls, dice: random.Random, calls: int) -> "Trouble | None":
        """With some disks, and with most not."""
        return cls(dice, calls) if dice.random() < 0.3 else None

    def strikes(self) -> bool:
        """Whether this call fails."""
        self.left_to_begin -= 1
        return -self.lasts <= self.left_to_begin < 0

    def error(self) -> OSError:
        """What it fails with."""
        return OSError(self.number, os.strerror(self.number))


class Watch:
    """The calls of one folder, passed on and noted."""

    def __init__(self, folder: Path, history: "History[Any]", trouble: Trouble | None, *, contents: bool) -> None:
        self.trouble = trouble
        self._folder = folder
        self._history = history
        self._contents = contents
        self._left: tuple[str, ...] = ()
        self._seen: dict[int, bytes] = {}
        for name, content in history.start.items():
            self._seen[history.file(name) or 0] = content
        self._open, self._fsync, self._replace, self._unlink = os.open, os.fsync, os.replace, os.unlink

    def _name(self, path: object) -> str | None:
        """The name of what is in this folder, else None."""
        if not isinstance(path, str | os.PathLike):
            return None
        found = Path(path)
        return found.name if found.parent == self._folder else None

    def leave_contents(self, name: str) -> None:
        """Somebody else notes what is in files whose names begin with this one."""
        self._left += (name,)

    def _asked(self) -> None:
        self._look()
        if self.trouble is not None and self.trouble.strikes():
            raise self.trouble.error()

    def _look(self) -> None:
        for path in self._folder.iterdir() if self._contents else ():
            file = self._history.file(path.name)
            if file is None or not path.is_file() or path.name.startswith(self._left):
                continue
            with path.open("rb") as opened:
                content = opened.read()
            before = self._seen.get(file, b"")
            if content == before:
                continue
            self._seen[file] = content
            if not content.startswith(before):
                self._history.truncate(file, 0)
                before = b""
            self._history.write(file, len(before), content[len(before) :])

    def open(self, path: Any, flags: int, *rest: Any, **named: Any) -> int:
        name = self._name(path)
        if name is None or not flags & _CHANGES:
            return self._open(path, flags, *rest, **named)
        self._asked()
        fresh = not os.path.lexists(path)
        opened = self._open(path, flags, *rest, **named)
        if fresh:
            self._history.create(name)
        return opened

    def fsync(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        name = self._name(path)
        if path == self._folder:
            self._asked()
            self._history.sync_folder()
        elif name is None:
            self._fsync(descriptor)
        else:
            try:
                self._asked()
            except OSError:
                assert self.trouble is not None
                os.ftruncate(descriptor, self.trouble.dice.randint(0, path.stat().st_size))
                self._look()
                raise
            file = self._history.file(name)
            assert file is not None
            self._history.sync(file)

    def replace(self, source: Any, target: Any, **named: Any) -> None:
        one, other = self._name(source), self._name(target)
        if one is None or other is None or self._history.file(one) is None:
            self._replace(source, target, **named)
            return
        self._asked()
        self._replace(source, target, **named)
        self._history.rename(one, other)

    def unlink(self, path: Any, **named: Any) -> None:
        name = self._name(path)
        if name is None or self._history.file(name) is None or not os.path.lexists(path):
            self._unlink(path, **named)
            return
        self._asked()
        self._unlink(path, **named)
        self._history.unlink(name)


@contextmanager
def watched(
    folder: Path, history: "History[State]", trouble: Trouble | None = None, *, contents: bool = True
) -> Iterator[Watch]:
    """Within it ``history`` has what is done to the files that lie in ``folder``; without ``contents``: the names."""
    watch = Watch(folder, history, trouble, contents=contents)
    names: dict[str, Any] = {
        "open": watch.open,
        "fsync": watch.fsync,
        "replace": watch.replace,
        "rename": watch.replace,
        "unlink": watch.unlink,
        "remove": watch.unlink,
    }
    with patch.multiple(os, **names):
        yield watch
    watch._look()


def fill(folder: Path, files: dict[str, bytes]) -> None:
    """Makes ``files`` all there is in ``folder``."""
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        with (folder / name).open("wb") as file:
            file.write(content)
