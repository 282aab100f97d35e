"""The copy of what another version of evsed has kept."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evsed.backup.kept import FOLDER, MOST, keep
from evsed.core.snapshot import Saved
from evsed.saved_text import encode

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
OLD = '{"schema": 2, "evsed": "0.8.9", "settings": {"mode": "Smart"}}'


def copies(directory: Path) -> list[str]:
    folder = directory / FOLDER
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_what_another_version_kept_is_copied_once(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(OLD)
    (tmp_path / "cards.json").write_text("[]")
    (tmp_path / "sessions.db").write_text("of a log that is open")
    assert keep(tmp_path, "0.9.0", NOW) == "0.8.9"
    keep(tmp_path, "0.9.0")
    assert copies(tmp_path) == ["0.8.9-20261122T080000Z"]
    copy = tmp_path / FOLDER / "0.8.9-20261122T080000Z"
    assert {path.name: path.read_text() for path in copy.iterdir()} == {"settings.json": OLD, "cards.json": "[]"}
    assert {path.stat().st_mode & 0o777 for path in copy.iterdir()} == {0o600}


def test_what_this_version_kept_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(encode(Saved()))
    from evsed import __version__  # noqa: PLC0415 - the one that encode writes

    keep(tmp_path, __version__)
    assert copies(tmp_path) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"evsed": 3}', '{"evsed": "../../etc"}', "[" * 100_000, None])
def test_what_is_no_settings_file_is_left_to_the_store(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "settings.json").write_text(text)
    assert keep(tmp_path, "0.9.0") == ""
    assert copies(tmp_path) == []


def test_the_newest_ten_stay(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(OLD)
    for number in range(12):
        old = tmp_path / FOLDER / f"0.1-{number:02}"
        old.mkdir(parents=True)
        os.utime(old, (number, number))
    keep(tmp_path, "0.9.0", NOW)
    names = copies(tmp_path)
    assert names[:-1] == [f"0.1-{number:02}" for number in range(3, 12)]
    assert len(names) == MOST


def test_a_disk_that_takes_no_copy_is_said_and_no_hindrance(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "settings.json").write_text(OLD)
    (tmp_path / FOLDER).write_text("no folder")
    keep(tmp_path, "0.9.0")
    assert "no copy of the settings of evsed 0.8.9 could be kept" in caplog.text
