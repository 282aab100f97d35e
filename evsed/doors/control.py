"""The control socket: a Unix socket at which root of this machine asks, and needs no PIN.

Owns the file, who is let in, and the way there for programs on this machine. What is asked is the application's, which
is told that whoever comes this way may install. Standard library only.
"""

import contextlib
import errno
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LONGEST: Final = 107  # bytes of a path in sockaddr_un, without the NUL
_PEER: Final = struct.Struct("iII")  # ucred: process, user, group
_BACKLOG: Final = 16


class ControlError(Exception):
    """There is no control socket; the text says where and why."""


class ControlSocket:
    """A listening socket at ``path``, for the owner of this process alone."""

    def __init__(self, path: Path) -> None:
        """Takes the place of one that a dead daemon left. Raises ControlError."""
        self.path = path
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._bind()
        except OSError as error:
            self.door.close()
            raise ControlError(f"{path}: {error.strerror or error}") from error
        except ControlError:
            self.door.close()
            raise

    def _bind(self) -> None:
        with _within_reach(self.path) as near:
            _make_room(self.path, near)
            self.door.bind(near)
            Path(near).chmod(0o600)  # before anybody can come: it does not listen yet
            self._file = _identity(Path(near))
        self.door.listen(_BACKLOG)
        self.door.setblocking(False)

    def close(self) -> None:
        """Ends it."""
        self.door.close()
        self.remove()

    def remove(self) -> None:
        """Takes the file away where it still is ours; who serves ``door`` closes that."""
        with contextlib.suppress(OSError):
            if _identity(self.path) == self._file:
                self.path.unlink()


def connect(path: Path, timeout_s: float) -> socket.socket:
    """A connection to the control socket at ``path``. Raises OSError."""
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        end.settimeout(timeout_s)
        with _within_reach(path) as near:
            end.connect(near)
    except BaseException:
        end.close()
        raise
    return end


def lets_in(peer: socket.socket) -> bool:
    """Whether the other end of ``peer`` is root, or who we are. The file's mode says the same; this asks the kernel."""
    try:
        _, user, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    except OSError:
        return False
    return user in {0, os.geteuid()}


def _make_room(path: Path, near: str) -> None:
    """Removes a socket that nobody answers at. Raises ControlError for anything else that is there, or OSError."""
    try:
        found = os.lstat(near)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ControlError(f"{path} is there, and is no socket; remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        if probe.connect_ex(near) != errno.ECONNREFUSED:
            raise ControlError(f"{path}: another daemon answers there")
    Path(near).unlink()


@contextlib.contextmanager
def _within_reach(path: Path) -> Iterator[str]:
    """A name of ``path`` that is short enough for a socket, as long as this lasts. Raises OSError."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino
