"""The settings file: what is written comes back, whatever happened to the file in between."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from evsed.core.model import Access
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.store import DamagedError, Store, decode, encode

SAVED = Saved(
    Settings().replace("mode", "Solar").replace("mains_meter", "Eastron3P"),
    Access.PAUSE,
    session_open=True,
    session_start_wh=1_000,
    charged_wh=250,
)


def write(directory: Path, saved: Saved, *, at_once: bool = True) -> None:
    store = Store(directory)
    store.load(Saved())
    store.start()
    store.submit(saved, at_once=at_once)
    store.barrier().result(30)
    store.close()


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    write(tmp_path, SAVED)
    assert Store(tmp_path).load(Saved()) == SAVED


def test_nothing_yet_gives_the_fallback(tmp_path: Path) -> None:
    fallback = Saved(access=Access.PAUSE)
    assert Store(tmp_path / "new" / "folder").load(fallback) == fallback


def test_names_not_numbers(tmp_path: Path) -> None:
    write(tmp_path, SAVED)
    document = json.loads((tmp_path / "settings.json").read_text())
    assert (document["schema"], document["access"], document["settings"]["mode"]) == (1, "Pause", "Solar")


def test_what_need_not_be_at_once_is_written_at_a_clean_end(tmp_path: Path) -> None:
    write(tmp_path, SAVED)
    write(tmp_path, replace(SAVED, charged_wh=300), at_once=False)
    assert Store(tmp_path).load(Saved()).charged_wh == 300


def test_the_first_coalesced_change_does_not_wait_and_the_next_does(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.load(Saved())
    store.start()
    store.submit(SAVED, at_once=True)
    store.submit(replace(SAVED, charged_wh=300), at_once=False)
    store.barrier().result(30)
    assert Store(tmp_path).load(Saved()).charged_wh == 250
    store.close()
    assert Store(tmp_path).load(Saved()).charged_wh == 300


GOOD = encode(SAVED)


@pytest.mark.parametrize("cut", range(0, len(GOOD) - 2, 37))
def test_a_file_cut_anywhere_falls_back_to_the_last_good_copy(
    tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, SAVED)
    write(tmp_path, replace(SAVED, access=Access.DENY))
    (tmp_path / "settings.json").write_text(GOOD[:cut])
    assert Store(tmp_path).load(Saved()) == SAVED
    assert "cannot be used" in caplog.text
    assert "last good copy" in caplog.text
    assert (tmp_path / "settings.json.damaged").read_text() == GOOD[:cut]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b'{"schema":1}', b'{"schema":99,"settings":{}}', b"[" * 100_000]
)
def test_without_a_good_copy_charging_stays_off(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.json").write_bytes(content)
    assert Store(tmp_path).load(Saved()) == Saved(access=Access.DENY)
    assert "charging stays off" in caplog.text


def test_a_directory_in_the_files_place_is_survived(tmp_path: Path) -> None:
    (tmp_path / "settings.json").mkdir()
    assert Store(tmp_path).load(Saved()).access is Access.DENY
    write(tmp_path, SAVED)
    assert Store(tmp_path).load(Saved()) == SAVED


def test_unknown_keys_and_bad_values_are_left_out_with_a_warning() -> None:
    document = json.loads(GOOD)
    document["settings"] |= {"from_the_future": 1, "current_max": 999}
    document["access"] = "Maybe"
    document["session"] = {"open": 1, "start_wh": -5, "charged_wh": True}
    saved, warnings = decode(json.dumps(document))
    assert saved.settings == SAVED.settings
    assert (saved.access, saved.session_open, saved.session_start_wh, saved.charged_wh) == (
        Access.DENY,
        False,
        None,
        None,
    )
    assert len(warnings) == 3
    assert any("from_the_future" in warning for warning in warnings)
    document["session"] = []
    assert decode(json.dumps(document))[0].session_open is False


def test_a_schema_of_the_future_is_not_guessed_at() -> None:
    with pytest.raises(DamagedError, match="schema is 2"):
        decode('{"schema": 2, "settings": {}}')


def test_a_disk_that_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store = Store(tmp_path)
    store.load(Saved())
    (tmp_path / "settings.json.new").mkdir()  # also root cannot write into this place
    store.start()
    store.submit(SAVED, at_once=True)
    store.submit(replace(SAVED, charged_wh=1), at_once=True)
    store.barrier().result(30)
    assert caplog.text.count("cannot be written") == 1
    (tmp_path / "settings.json.new").rmdir()
    store.submit(SAVED, at_once=True)
    store.barrier().result(30)
    store.close()
    assert "written again" in caplog.text
    assert Store(tmp_path).load(Saved()) == SAVED
