"""The control socket's file: whose it is, what it replaces, and when it goes."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evsed.doors import control
from evsed.doors.control import ControlError, ControlSocket, connect, lets_in
from tests.silicon.environment import AS_COLLECTED


def long_path(below: Path) -> Path:
    folder = below / ("x" * 60) / ("y" * 60)
    folder.mkdir(parents=True)
    return folder / "control.sock"


@pytest.mark.parametrize("long", [False, True])
def test_only_its_owner_may_open_it_however_long_its_path(tmp_path: Path, long: bool) -> None:
    path = long_path(tmp_path) if long else tmp_path / "control.sock"
    opened = ControlSocket(path)
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    with connect(path, 5) as end:
        opened.door.setblocking(True)
        with opened.door.accept()[0] as peer:
            assert lets_in(peer)
            end.sendall(b"x")
            assert peer.recv(1) == b"x"
    opened.close()
    assert not path.exists()


def test_what_a_dead_daemon_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    opened = ControlSocket(path)
    with connect(path, 5):
        opened.close()


def test_a_daemon_that_answers_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    first = ControlSocket(path)
    with pytest.raises(ControlError, match="another daemon answers there"):
        ControlSocket(path)
    with connect(path, 5):
        first.close()


def test_the_successor_s_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    first = ControlSocket(path)
    path.unlink()
    second = ControlSocket(path)
    first.close()
    assert path.is_socket()
    second.close()
    assert not path.exists()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    path.write_text("mine")
    with pytest.raises(ControlError, match="is there, and is no socket"):
        ControlSocket(path)
    assert path.read_text() == "mine"


def test_where_there_is_no_directory_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="No such file or directory"):
        ControlSocket(tmp_path / "none" / "control.sock")
    with pytest.raises(ControlError, match="No such file or directory"):
        ControlSocket(tmp_path / ("z" * 200) / "control.sock")


def test_other_users_are_not_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says who came; here everybody is somebody else than we believe to be."""
    one, other = socket.socketpair()
    with one, other:
        assert lets_in(one)
        monkeypatch.setattr(os, "geteuid", lambda: 54_321)
        assert lets_in(one) == (os.getuid() == 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_else_is_known_even_where_the_file_lets_everybody_in(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    tmp_path.chmod(0o755)
    opened = ControlSocket(path)
    path.chmod(0o666)
    come = (
        "import os, socket, sys\n"
        "end = socket.socket(socket.AF_UNIX)\n"
        "os.chdir(sys.argv[1])\n"
        "os.setuid(12345)\n"
        "end.connect('control.sock')\n"
        "end.recv(1)\n"
    )
    with subprocess.Popen([sys.executable, "-c", come, str(tmp_path)], env=AS_COLLECTED) as visitor:
        opened.door.setblocking(True)
        opened.door.settimeout(60)
        with opened.door.accept()[0] as peer:
            assert not lets_in(peer)
        assert visitor.wait(60) == 0
    opened.close()


def test_who_cannot_be_asked_after_is_not_let_in() -> None:
    one, other = socket.socketpair()
    other.close()
    one.close()
    assert not control.lets_in(one)
