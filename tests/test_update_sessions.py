"""The log of sessions when an update goes back: what was logged meanwhile stays where the old evsed can read it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evsed.update import sessions
from evsed.update.keeping import back_up, restore
from evsed.update.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for place in ("usr", "var/lib/evsed", "var/lib/evsed-update"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "var/lib/evsed/settings.json").write_text("{}")
    return Machine(tmp_path, say=lambda _text: None)


@contextmanager
def opened(machine: Machine) -> Iterator[sqlite3.Connection]:
    """The log, which is left as by a daemon that was killed: what was written is in the -wal file."""
    copy = machine.root / "copy"
    copy.mkdir(exist_ok=True)
    for path in machine.settings.glob("sessions.db*"):
        (copy / path.name).write_bytes(path.read_bytes())
    book = sqlite3.connect(copy / sessions.NAME, isolation_level=None)
    book.execute("PRAGMA journal_mode = WAL")
    book.execute("CREATE TABLE IF NOT EXISTS sessions (number INTEGER)")
    yield book
    for path in copy.glob("sessions.db*"):
        (machine.settings / path.name).write_bytes(path.read_bytes())
    book.close()
    for path in copy.glob("sessions.db*"):
        path.unlink()


def log(machine: Machine, number: int, version: int = 0) -> None:
    """A session, by an evsed whose tables are of this version."""
    with opened(machine) as book:
        book.execute("INSERT INTO sessions VALUES (?)", (number,))
        if version:
            book.execute(f"PRAGMA user_version = {version}")


def logged(path: Path) -> list[int]:
    """What a daemon would find."""
    book = sqlite3.connect(path)
    assert book.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    numbers = [number for (number,) in book.execute("SELECT number FROM sessions ORDER BY number")]
    book.close()
    return numbers


def test_a_version_is_seen_also_where_it_is_in_the_log_only(machine: Machine) -> None:
    assert sessions.version(machine.settings) is None
    log(machine, 1, version=1)
    log(machine, 2, version=7)
    assert (machine.settings / sessions.WAL).stat().st_size > 0
    assert sessions.version(machine.settings) == 7


@pytest.mark.parametrize("content", [b"", b"short", bytes(31), b"\xff" * 100])
def test_a_log_that_is_none_has_no_version(machine: Machine, content: bytes) -> None:
    (machine.settings / sessions.NAME).write_bytes(b"")
    (machine.settings / sessions.WAL).write_bytes(content)
    assert sessions.version(machine.settings) == 0


def test_what_was_logged_meanwhile_stays(machine: Machine) -> None:
    log(machine, 1, version=1)
    back_up(machine)
    log(machine, 2)
    restore(machine)
    assert logged(machine.settings / sessions.NAME) == [1, 2]


def test_a_log_that_the_old_evsed_cannot_read_is_put_aside_whole_and_its_own_comes_back(machine: Machine) -> None:
    log(machine, 1, version=1)
    back_up(machine)
    log(machine, 2, version=2)
    restore(machine)
    assert logged(machine.settings / sessions.NAME) == [1]
    assert logged(machine.settings / "sessions.db.version2") == [1, 2]


def no_room(*_: object) -> None:
    raise OSError("no room")


def test_what_a_power_cut_has_interrupted_is_done_anew(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    log(machine, 1, version=1)
    back_up(machine)
    log(machine, 2, version=2)
    with monkeypatch.context() as full:
        full.setattr("evsed.update.keeping.copy", no_room)
        with pytest.raises(OSError, match="no room"):
            restore(machine)
    log(machine, 3, version=1)  # by the old evsed, which found none
    restore(machine)
    assert logged(machine.settings / sessions.NAME) == [1]
    assert logged(machine.settings / "sessions.db.version1") == [3]
    assert not (machine.store / "sessions-begun").exists()


def test_an_old_evsed_without_a_log_leaves_the_one_that_is_there(machine: Machine) -> None:
    back_up(machine)
    log(machine, 1, version=1)
    restore(machine)
    assert logged(machine.settings / sessions.NAME) == [1]


def test_cards_and_access_come_back_with_their_previous_copies_only(machine: Machine) -> None:
    for name in ("cards.json", "access.json", "mqtt.json"):
        (machine.settings / name).write_text("before")
    back_up(machine)
    for name in ("cards.json", "cards.json.previous", "access.json.previous", "mqtt.json", "later.json"):
        (machine.settings / name).write_text("after")
    restore(machine)
    found = {path.name: path.read_text() for path in machine.settings.iterdir() if path.name != "settings.json"}
    assert found == dict.fromkeys(("cards.json", "access.json", "mqtt.json"), "before") | {"later.json": "after"}


def test_a_large_log_is_kept_and_another_large_file_is_said_to_be_left_out(machine: Machine) -> None:
    said: list[str] = []
    machine = Machine(machine.root, say=said.append)
    for name in (sessions.NAME, "settings.json.damaged"):
        with (machine.settings / name).open("wb") as file:
            file.truncate(17_000_000)
    back_up(machine)
    assert {path.name for path in (machine.store / "settings").iterdir()} == {"settings.json", sessions.NAME}
    assert said == [f"{machine.settings / 'settings.json.damaged'} is not kept for the way back: it has 17000000 bytes"]
