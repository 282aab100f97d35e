"""The settings file: what is written comes back, whatever happened to the file in between."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from evsed import __version__
from evsed.core.faults import Fault
from evsed.core.model import Access
from evsed.core.schedule import NO_TIMER, Timer
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.saved_text import decode, encode
from evsed.store import Store

SAVED = Saved(
    Settings().replace("mode", "Solar").replace("mains_meter", "Eastron3P"),
    Access.PAUSE,
    session_open=True,
    session_start_wh=1_000,
    charged_wh=250,
    timer=Timer(1_800_000_000, 1_800_003_600),
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


def test_settings_without_a_good_copy_start_nothing_by_a_timer(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(encode(SAVED).replace('"current_main": 25', '"current_main": 9999'))
    saved = Store(tmp_path).load(Saved())
    assert (saved.access, saved.timer) == (Access.DENY, NO_TIMER)


def test_the_files_are_for_us_only(tmp_path: Path) -> None:
    write(tmp_path, SAVED)
    (tmp_path / "settings.json").chmod(0o644)  # of an older version
    write(tmp_path, replace(SAVED, charged_wh=1))
    assert [path.stat().st_mode & 0o777 for path in sorted(tmp_path.glob("settings.json*"))] == [0o600, 0o600]


def test_a_daily_timer_comes_back(tmp_path: Path) -> None:
    daily = replace(
        SAVED, timer=Timer(1_800_000_000, 1_800_003_600, repeat=True, first_day=9, start_minute=480, stop_minute=540)
    )
    write(tmp_path, daily)
    assert Store(tmp_path).load(Saved()) == daily


def test_nothing_yet_gives_the_fallback(tmp_path: Path) -> None:
    fallback = Saved(access=Access.PAUSE)
    assert Store(tmp_path / "new" / "folder").load(fallback) == fallback


def test_names_not_numbers(tmp_path: Path) -> None:
    write(tmp_path, SAVED)
    document = json.loads((tmp_path / "settings.json").read_text())
    assert (document["schema"], document["access"], document["settings"]["mode"]) == (3, "Pause", "Solar")
    assert document["evsed"] == __version__


def test_what_need_not_be_at_once_is_written_at_a_clean_end(tmp_path: Path) -> None:
    write(tmp_path, SAVED)
    write(tmp_path, replace(SAVED, charged_wh=300), at_once=False)
    assert Store(tmp_path).load(Saved()).charged_wh == 300


def test_the_first_coalesced_change_does_not_wait_and_the_next_does(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.load(Saved())
    store.start()
    store.submit(SAVED, at_once=True)
    store.barrier().result(30)
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
    assert Store(tmp_path).load(Saved()) == replace(SAVED, access=Access.DENY, timer=NO_TIMER)
    assert "cannot be used" in caplog.text
    assert "last good copy of the settings; charging stays off" in caplog.text
    assert (tmp_path / "settings.json.damaged").read_text() == GOOD[:cut]


@pytest.mark.parametrize("damage", ["{", None])
def test_a_permission_that_has_ended_does_not_come_back_with_the_last_good_copy(
    tmp_path: Path, damage: str | None
) -> None:
    write(tmp_path, replace(SAVED, access=Access.ALLOW, granted=True, holder="04A1B2C3D4E5F6"))
    write(tmp_path, replace(SAVED, access=Access.DENY))
    (tmp_path / "settings.json").unlink()
    if damage is not None:
        (tmp_path / "settings.json").write_text(damage)
    for _ in "and the start after that":
        found = Store(tmp_path).load(Saved())
        assert (found.access, found.granted, found.holder, found.timer) == (Access.DENY, False, "", NO_TIMER)
        assert found.settings == SAVED.settings


def test_a_power_cut_before_a_new_file_has_its_name_leaves_the_newest_that_was_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newest = replace(SAVED, access=Access.ALLOW, granted=True, holder="04A1B2C3D4E5F6")
    write(tmp_path, newest)
    (tmp_path / "settings.json").rename(tmp_path / "settings.json.previous")
    (tmp_path / "settings.json.new").write_text(encode(SAVED))
    assert Store(tmp_path).load(Saved()) == newest
    assert "the newest settings that were kept before a power cut" in caplog.text


DAMAGED = [
    b"",
    b"\xff\xfe",
    b"[]",
    b'{"schema":1}',
    b'{"schema":99,"settings":{"mode":1}}',
    b'{"schema":1,"settings":{}}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("content", [*DAMAGED, encode(Saved()).replace('"login": "Off"', '"login": "Of"').encode()])
def test_what_is_damaged_opens_nothing_that_a_login_may_have_closed(tmp_path: Path, content: bytes) -> None:
    """Not even the second start, when the damaged files have been put aside and no others written yet."""
    write(tmp_path, Saved(settings=Settings(login=1)))
    for name in ("settings.json", "settings.json.previous"):
        (tmp_path / name).write_bytes(content)
    for _ in range(2):
        assert Store(tmp_path).load(Saved(), guarded=True).settings.login
    assert not Store(tmp_path).load(Saved()).settings.login, "nobody could log in"


def test_login_that_was_turned_on_is_on_in_both_copies(tmp_path: Path) -> None:
    write(tmp_path, Saved())
    write(tmp_path, Saved(settings=Settings(login=1)))
    (tmp_path / "settings.json").write_text("{")
    assert Store(tmp_path).load(Saved(), guarded=True).settings.login


def test_login_stays_as_it_was_set_while_there_is_a_good_copy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert not Store(tmp_path).load(Saved(), guarded=True).settings.login
    for _ in range(2):
        write(tmp_path, Saved())
    (tmp_path / "settings.json").write_bytes(b"{")
    assert not Store(tmp_path).load(Saved(), guarded=True).settings.login
    assert "whether login was On" not in caplog.text


@pytest.mark.parametrize("content", DAMAGED)
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


def test_unknown_and_missing_keys_are_remarked_and_latched_faults_come_back() -> None:
    document = json.loads(encode(replace(SAVED, latched=(Fault.RCM,))))
    document["settings"]["from_the_future"] = 1
    del document["settings"]["current_max"]
    document["session"] = {"open": 1, "start_wh": -5, "charged_wh": True}
    decoded = decode(json.dumps(document))
    assert decoded.saved.settings == SAVED.settings
    assert decoded.saved.latched == (Fault.RCM,)
    assert (decoded.saved.session_open, decoded.saved.session_start_wh, decoded.saved.charged_wh) == (False, None, None)
    assert len(decoded.remarks) == 2
    assert decoded.bad == ()
    document["session"] = document["latched"] = document["timer"] = 5
    spoilt = decode(json.dumps(document)).saved
    assert (spoilt.latched, spoilt.timer) == ((), NO_TIMER)
    document["timer"] = {"start": 5, "stop": 6, "daily": True, "first_day": 1, "start_minute": 3, "stop_minute": 1440}
    assert decode(json.dumps(document)).saved.timer == NO_TIMER
    document["timer"] = {"start": "soon", "stop": -1}
    assert decode(json.dumps(document)).saved.timer == NO_TIMER


def test_a_bad_value_makes_the_previous_copy_count(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fuse limit must not rise because somebody mistyped it."""
    careful = replace(SAVED, settings=SAVED.settings.replace("current_main", 16))
    write(tmp_path, careful)
    write(tmp_path, careful)
    file = tmp_path / "settings.json"
    file.write_text(file.read_text().replace('"current_main": 16', '"current_main": "abc"'))
    assert Store(tmp_path).load(Saved()) == replace(careful, access=Access.DENY, timer=NO_TIMER)
    assert "current_main takes a whole number from 10 to 200 A" in caplog.text
    (tmp_path / "settings.json.previous").unlink()
    alone = Store(tmp_path).load(Saved())
    assert (alone.access, alone.settings.current_main) == (Access.DENY, 25)


def test_an_unknown_access_is_bad(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(GOOD.replace('"Pause"', '"Maybe"'))
    assert Store(tmp_path).load(Saved()).access is Access.DENY


def test_whoever_stops_waiting_does_not_stop_the_writer(tmp_path: Path) -> None:
    """A disk that was slow once ended the daemon: its answer had been cancelled."""
    store = Store(tmp_path)
    store.load(Saved())
    waiting = store.barrier()
    assert not waiting.cancel()
    store.submit(SAVED, at_once=True)
    store.start()
    waiting.result(30)
    store.close()
    assert Store(tmp_path).load(Saved()) == SAVED


def test_absurd_energies_are_left_out() -> None:
    document = json.loads(GOOD)
    document["session"]["charged_wh"] = 10**30
    assert decode(json.dumps(document)).saved.charged_wh is None


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
    assert store.barrier().result(30) is False
    assert caplog.text.count("cannot be written") == 1
    (tmp_path / "settings.json.new").rmdir()
    store.submit(SAVED, at_once=True)
    assert store.barrier().result(30) is True
    store.close()
    assert "written again" in caplog.text
    assert Store(tmp_path).load(Saved()) == SAVED
