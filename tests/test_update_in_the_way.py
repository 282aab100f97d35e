"""What the daemon's user has put where root writes on the way back from an update: it is in no way."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from evsed.update import keeping
from evsed.update.keeping import restore
from tests.test_update import SETTINGS, Played, played

__all__ = ["played"]


@pytest.mark.parametrize("name", ["settings.json.part", "settings.json"])
def test_a_folder_in_the_daemons_folder_is_in_no_way_back(played: Played, name: str) -> None:
    keeping.back_up(played.machine)
    played.settings.unlink()
    (played.settings.with_name(name) / "full").mkdir(parents=True)
    restore(played.machine)
    assert played.settings.read_text() == SETTINGS


_MAKES: dict[str, Callable[[Path], object]] = {
    "folder": lambda path: (path / "full").mkdir(parents=True),
    "link": lambda path: path.symlink_to("nowhere"),
    "pipe": os.mkfifo,
}


@pytest.mark.parametrize("make", _MAKES)
@pytest.mark.parametrize("name", ["sessions.db", "sessions.db-wal", "sessions.db-shm", "sessions.db.version0-wal"])
def test_what_stands_where_the_log_of_sessions_goes_is_in_no_way_back(played: Played, name: str, make: str) -> None:
    log = played.settings.with_name("sessions.db")
    log.write_bytes(b"before")
    keeping.back_up(played.machine)
    log.unlink()
    log.with_name("sessions.db-wal").touch()
    log.with_name(name).unlink(missing_ok=True)
    _MAKES[make](log.with_name(name))
    restore(played.machine)
    assert log.read_bytes() == b"before"
    assert not log.is_symlink()
    assert not os.path.lexists(log.with_name("sessions.db-wal"))


def test_what_a_power_cut_has_left_of_a_copy_goes(played: Played) -> None:
    keeping.back_up(played.machine)
    left = played.settings.with_name("sessions.db.0123456789abcdef.part")
    left.touch()
    restore(played.machine)
    assert not left.exists()
