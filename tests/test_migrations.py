"""Settings files of other versions, and when what they say of SET UP counts."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from evsed import __version__
from evsed.core.faults import Fault
from evsed.core.model import Access
from evsed.core.schedule import NO_TIMER
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Saved
from evsed.migrations import _INSTALLERS_1, SCHEMA
from evsed.saved_text import DamagedError, NewerError, decode, encode
from evsed.store import Store
from tests.test_store import GOOD, SAVED, write

SCHEMA_1 = Path(__file__).parent / "settings_schema1.json"
"""As evsed wrote it before there was SET UP."""

SINCE_2 = {"login": "Off", "alert_mqtt": "Disabled", "alert_webhook": ""}


def test_who_charged_with_an_older_evsed_is_set_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "settings.json"
    file.write_text(SCHEMA_1.read_text())
    saved = Store(tmp_path).load(Saved())
    document = json.loads(SCHEMA_1.read_text())
    assert saved.settings.names() == document["settings"] | {"set_up": "Done"} | SINCE_2
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
    assert json.loads((tmp_path / "settings.json").read_text())["schema"] == SCHEMA


def test_a_copy_that_cannot_be_kept_is_told_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "settings.json").write_text(SCHEMA_1.read_text())
    (tmp_path / "settings.json.schema1").mkdir()
    (tmp_path / "settings.json.schema1-2.new").mkdir()
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


ASIDE = ["settings.json.damaged", "settings.json.previous.damaged", "settings.json.schema2-2", "settings.json.schema12"]


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
@pytest.mark.parametrize("key", [key for key, row in TABLE.items() if row.installer and row.kept and key != "set_up"])
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
    assert {key for key, row in TABLE.items() if row.installer and row.kept} == INSTALLERS_2, (
        "add the key here, raise SCHEMA in evsed/migrations.py and write the step that gives it its value"
    )
    assert SCHEMA == 3
    assert set(_INSTALLERS_1) == INSTALLERS_2 - {"set_up"}


NEWER = SCHEMA + 1


def newer(**given: object) -> str:
    return json.dumps(json.loads(GOOD) | {"schema": NEWER, "evsed": "7.8.9"} | given)


def test_a_file_of_a_newer_evsed_is_put_aside_whole_and_nothing_charges(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.json").write_text(newer())
    (tmp_path / "settings.json.previous").write_text(newer(access="Allow"))
    assert Store(tmp_path).load(Saved()) == Saved(access=Access.DENY)
    assert (tmp_path / "settings.json.schema4").read_text() == newer()
    assert (tmp_path / "settings.json.previous.schema4").read_text() == newer(access="Allow")
    assert f"evsed 7.8.9 wrote it (schema 4), and this is {__version__} (schema 3)" in caplog.text
    assert f"install evsed 7.8.9 again, stop it, and rename {tmp_path}/settings.json.schema4 to settings" in caplog.text
    write(tmp_path, SAVED)
    assert (tmp_path / "settings.json.schema4").read_text() == newer()


def test_the_copy_before_a_newer_file_is_used_with_charging_off(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(newer())
    allowed = replace(SAVED, access=Access.ALLOW)
    (tmp_path / "settings.json.previous").write_text(encode(allowed))
    assert Store(tmp_path).load(Saved()) == replace(allowed, access=Access.DENY, timer=NO_TIMER)


def test_up_back_and_up_again_loses_no_copy_and_names_the_one_to_take(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The older evsed put ours aside and wrote its own, which is migrated now; so it did the time before."""
    ours, kept = encode(SAVED), older(current_main=63)
    (tmp_path / "settings.json.schema3").write_text(ours)
    (tmp_path / "settings.json.previous.schema3").write_text(ours)
    (tmp_path / "settings.json.schema1").write_text(kept)
    (tmp_path / "settings.json").write_text(bare())
    for _ in range(2):
        Store(tmp_path).load(Saved())
    assert (tmp_path / "settings.json.schema1").read_text() == kept
    assert (tmp_path / "settings.json.schema1-2").read_text() == bare()
    assert (tmp_path / "settings.json.schema3").read_text() == ours
    assert not (tmp_path / "settings.json.schema1-3").exists()
    assert f"sudo evsed restore {tmp_path}/settings.json.schema3 takes its settings" in caplog.text
    caplog.clear()
    write(tmp_path, SAVED)
    Store(tmp_path).load(Saved())
    assert f"sudo evsed restore {tmp_path}/settings.json.schema3 takes its settings" in caplog.text


def test_going_back_twice_keeps_both_newer_files_and_names_the_older_copy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.json.schema1").write_text(older())
    for access in ("Allow", "Deny"):
        (tmp_path / "settings.json").write_text(newer(access=access))
        Store(tmp_path).load(Saved())
    assert (tmp_path / "settings.json.schema4").read_text() == newer(access="Allow")
    assert (tmp_path / "settings.json.schema4-2").read_text() == newer(access="Deny")
    assert f"sudo evsed restore {tmp_path}/settings.json.schema1 takes the settings from before" in caplog.text
    assert f"rename {tmp_path}/settings.json.schema4-2 to settings.json" in caplog.text


def test_a_newer_file_need_not_look_like_ours() -> None:
    with pytest.raises(NewerError, match="of a later version wrote it"):
        decode('{"schema": 99}')


@pytest.mark.parametrize("schema", ["null", "0", "-1", "true", '"1"', "1.5"])
def test_what_is_no_schema_is_not_guessed_at(schema: str) -> None:
    with pytest.raises(DamagedError, match="its schema is"):
        decode(f'{{"schema": {schema}, "settings": {{"mode": 1}}}}')
