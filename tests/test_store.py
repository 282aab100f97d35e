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
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Saved
from evsed.migrations import _INSTALLERS_1, SCHEMA
from evsed.store import DamagedError, NewerError, Store, decode, encode

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
    assert (document["schema"], document["access"], document["settings"]["mode"]) == (2, "Pause", "Solar")
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
    assert Store(tmp_path).load(Saved()) == SAVED
    assert "cannot be used" in caplog.text
    assert "last good copy" in caplog.text
    assert (tmp_path / "settings.json.damaged").read_text() == GOOD[:cut]


DAMAGED = [
    b"",
    b"\xff\xfe",
    b"[]",
    b'{"schema":1}',
    b'{"schema":99,"settings":{"mode":1}}',
    b'{"schema":1,"settings":{}}',
    b"[" * 100_000,
]


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
    assert Store(tmp_path).load(Saved()) == careful
    assert "current_main takes a whole number from 10 to 200 A" in caplog.text
    (tmp_path / "settings.json.previous").unlink()
    alone = Store(tmp_path).load(Saved())
    assert (alone.access, alone.settings.current_main) == (Access.DENY, 25)


def test_an_unknown_access_is_bad(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(GOOD.replace('"Pause"', '"Maybe"'))
    assert Store(tmp_path).load(Saved()).access is Access.DENY


# ---- files of other versions ----

SCHEMA_1 = Path(__file__).parent / "settings_schema1.json"
"""As evsed wrote it before there was SET UP."""


def test_who_charged_with_an_older_evsed_is_set_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "settings.json"
    file.write_text(SCHEMA_1.read_text())
    saved = Store(tmp_path).load(Saved())
    document = json.loads(SCHEMA_1.read_text())
    assert saved.settings.names() == document["settings"] | {"set_up": "Done"}
    assert (saved.access, saved.session_open, saved.charged_wh) == (
        Access.ALLOW,
        True,
        document["session"]["charged_wh"],
    )
    assert saved.latched == (Fault.RCM,)
    assert "are migrated; they are kept as settings.json.schema1" in caplog.text
    assert "the default is used" not in caplog.text


def test_a_copy_of_an_older_file_is_kept_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(SCHEMA_1.read_text())
    store = Store(tmp_path)
    saved = store.load(Saved())
    copy = tmp_path / "settings.json.schema1"
    assert copy.read_text() == (tmp_path / "settings.json").read_text() == SCHEMA_1.read_text()
    assert copy.stat().st_mode & 0o777 == 0o600
    for energy in (1, 2):
        write(tmp_path, replace(saved, charged_wh=energy))
    assert copy.read_text() == SCHEMA_1.read_text()
    assert json.loads((tmp_path / "settings.json").read_text())["schema"] == 2


def test_a_copy_that_cannot_be_kept_is_told_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "settings.json").write_text(SCHEMA_1.read_text())
    (tmp_path / "settings.json.schema1").mkdir()
    assert Store(tmp_path).load(Saved()).settings.set_up == 1
    assert "no copy of the settings before their migration could be kept" in caplog.text


def test_a_file_without_set_up_that_is_not_of_an_older_schema_is_not_set_up() -> None:
    document = json.loads(GOOD)
    document["settings"]["set_up"] = "Done"
    assert decode(json.dumps(document)).saved.settings.set_up == 1
    del document["settings"]["set_up"]
    assert decode(json.dumps(document)).saved.settings.set_up == 0


def older(**given: object) -> str:
    """A file of schema 1, with ``given`` settings in place of its own; None: left out."""
    document = json.loads(SCHEMA_1.read_text())
    settings = {**document["settings"], **given}
    return json.dumps(document | {"settings": {key: value for key, value in settings.items() if value is not None}})


def bare(**given: object) -> str:
    defaults = {key: value for key, value in Settings().names().items() if key != "set_up"}
    return older(**(defaults | given))


@pytest.mark.parametrize("given", [{}, {"mode": "Solar", "lcd_pin": 7}])
def test_an_older_file_in_which_no_installer_set_anything_is_not_set_up(given: dict[str, object]) -> None:
    decoded = decode(bare(**given))
    assert (decoded.saved.settings.set_up, decoded.saved.access) == (0, Access.ALLOW)
    assert decoded.remarks == (
        "nobody set in it what an installer sets: SET UP is Not done: look through the settings, then set it to Done",
    )
    assert decode(bare(current_max=16)).saved.settings.set_up == 1


ASIDE = ["settings.json.damaged", "settings.json.previous.damaged", "settings.json.schema2", "settings.json.schema12"]


@pytest.mark.parametrize("name", ASIDE)
def test_down_to_an_older_evsed_and_up_again_signs_nothing(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The older one could not read our files, put them aside and wrote its own, which somebody then used."""
    (tmp_path / name).write_text(encode(SAVED))
    (tmp_path / "settings.json").write_text(older(rcmon="Disabled"))
    saved = Store(tmp_path).load(Saved())
    assert (saved.settings.set_up, saved.settings.rcmon, saved.access) == (0, 0, Access.ALLOW)
    assert f"{name} beside it may be the settings that were in use: SET UP is Not done" in caplog.text
    (tmp_path / "settings.json").write_text(older(led_mode="Loud"))
    assert Store(tmp_path).load(Saved()).settings.set_up == 0


def test_what_is_no_newer_file_casts_no_doubt(tmp_path: Path) -> None:
    for name in ("settings.json.schema1", "settings.json.schema", "settings.json.new", "mqtt.json.damaged"):
        (tmp_path / name).write_text("")
    (tmp_path / "settings.json").write_text(older())
    assert Store(tmp_path).load(Saved()).settings.set_up == 1


def test_a_signature_that_was_given_outlives_what_was_put_aside_before(tmp_path: Path) -> None:
    signed = replace(SAVED, settings=SAVED.settings.replace("set_up", "Done"))
    (tmp_path / "settings.json.damaged").write_text("")
    (tmp_path / "settings.json").write_text(encode(signed))
    assert Store(tmp_path).load(Saved()) == signed


@pytest.mark.parametrize("text", [older(), encode(Saved(Settings().replace("set_up", "Done"), Access.ALLOW))])
@pytest.mark.parametrize("key", [key for key, row in TABLE.items() if row.installer and key != "set_up"])
def test_an_installer_s_value_that_is_lost_takes_the_signature_with_it(text: str, key: str) -> None:
    whole = json.loads(text)
    assert decode(text).saved.settings.set_up == 1
    missing = {name: value for name, value in whole["settings"].items() if name != key}
    for settings in (missing, whole["settings"] | {key: ["bad"]}):
        decoded = decode(json.dumps(whole | {"settings": settings}))
        assert decoded.saved.settings.set_up == 0
        assert f"nobody chose {key} as it is now: SET UP is Not done" in decoded.remarks[-1]


@pytest.mark.parametrize("given", [None, "Loud"])
def test_another_value_that_is_lost_does_not(given: object) -> None:
    assert decode(older(led_mode=given)).saved.settings.set_up == 1


def test_a_bad_installer_s_value_without_a_good_copy_charges_nothing_when_access_is_switched_on(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(older(rcmon="Enabld"))
    saved = Store(tmp_path).load(Saved())
    assert (saved.access, saved.settings.rcmon, saved.settings.set_up) == (Access.DENY, 0, 0)


@pytest.mark.parametrize("damaged", ["", None])
def test_set_up_that_was_taken_back_stays_so_when_the_file_is_damaged(tmp_path: Path, damaged: str | None) -> None:
    for set_up in (1, 0):
        store = Store(tmp_path)
        store.load(Saved())
        store.start()
        store.submit(Saved(settings=Settings(rcmon=1, set_up=set_up)), at_once=True)
        assert store.barrier().result(5)
        assert store.close()
    file = tmp_path / "settings.json"
    file.unlink() if damaged is None else file.write_text(damaged)
    settings = Store(tmp_path).load(Saved()).settings
    assert (settings.rcmon, settings.set_up) == (1, 0)


def test_a_lost_contact_2_has_to_be_looked_at_again(tmp_path: Path) -> None:
    document = json.loads(encode(Saved(settings=Settings(enable_C2=1, set_up=1))))
    del document["settings"]["enable_C2"]
    (tmp_path / "settings.json").write_text(json.dumps(document))
    assert Store(tmp_path).load(Saved()).settings.set_up == 0


INSTALLERS_2 = frozenset(
    [
        "byte_order",
        "circuit_meter",
        "circuit_meter_address",
        "circuit_meter_host",
        "config",
        "current_divisor",
        "current_main",
        "current_max",
        "current_max_circuit",
        "current_register",
        "data_type",
        "energy_divisor",
        "energy_register",
        "ev_meter",
        "ev_meter_address",
        "ev_meter_host",
        "function",
        "grid",
        "loadbl",
        "lock",
        "mains_meter",
        "mains_meter_address",
        "mains_meter_host",
        "power_divisor",
        "power_register",
        "rcmon",
        "set_up",
        "temp_max",
        "voltage_divisor",
        "voltage_register",
    ]
)


def test_who_adds_an_installer_s_setting_writes_its_migration() -> None:
    """Else every charger in use stops at its update: a new schema's step gives it the value in force before."""
    assert {key for key, row in TABLE.items() if row.installer} == INSTALLERS_2, (
        "add the key here, raise SCHEMA in evsed/migrations.py and write the step that gives it its value"
    )
    assert SCHEMA == 2
    assert set(_INSTALLERS_1) == INSTALLERS_2 - {"set_up"}


def newer(**given: object) -> str:
    return json.dumps(json.loads(GOOD) | {"schema": 3, "evsed": "7.8.9"} | given)


def test_a_file_of_a_newer_evsed_is_put_aside_whole_and_nothing_charges(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.json").write_text(newer())
    (tmp_path / "settings.json.previous").write_text(newer(access="Allow"))
    assert Store(tmp_path).load(Saved()) == Saved(access=Access.DENY)
    assert (tmp_path / "settings.json.schema3").read_text() == newer()
    assert (tmp_path / "settings.json.previous.schema3").read_text() == newer(access="Allow")
    assert f"evsed 7.8.9 wrote it (schema 3), and this is {__version__} (schema 2)" in caplog.text
    assert "install evsed 7.8.9 again, stop it, and rename" in caplog.text
    write(tmp_path, SAVED)
    assert (tmp_path / "settings.json.schema3").read_text() == newer()


def test_the_copy_before_a_newer_file_is_used_with_charging_off(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(newer())
    allowed = replace(SAVED, access=Access.ALLOW)
    (tmp_path / "settings.json.previous").write_text(encode(allowed))
    assert Store(tmp_path).load(Saved()) == replace(allowed, access=Access.DENY, timer=NO_TIMER)


def test_a_newer_file_need_not_look_like_ours() -> None:
    with pytest.raises(NewerError, match="of a later version wrote it"):
        decode('{"schema": 99}')


@pytest.mark.parametrize("schema", ["null", "0", "-1", "true", '"1"', "1.5"])
def test_what_is_no_schema_is_not_guessed_at(schema: str) -> None:
    with pytest.raises(DamagedError, match="its schema is"):
        decode(f'{{"schema": {schema}, "settings": {{"mode": 1}}}}')


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
