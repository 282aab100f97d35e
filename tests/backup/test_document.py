"""Settings in a file: what is read, refused, compared, and carried to a charger."""

import json
from typing import Any

import pytest

from evsed import saved_text
from evsed.api.v1.settings import settings_rows
from evsed.backup import document
from evsed.backup.document import Difference, DocumentError, differences, plan
from evsed.backup.rows import OWN, PLACE, Row, told, without_values
from evsed.core.model import Access
from evsed.core.settings import TABLE, Settings
from evsed.core.snapshot import Saved
from evsed.migrations import SCHEMA

ROW = {"value": 1, "default": 1, "type": "integer", "maximum": 0, "choices": None, "unit": "", "description": ""}
ODD = {"mode": ROW | {"minimum": 1e999, "pattern": None, "secret": False}}
FORM = {"mode": ROW | {"minimum": 0, "pattern": "[", "secret": False}}
SECRETS = {key for key, row in TABLE.items() if row.secret}
SECRET = max(SECRETS)  # a number that is kept


def rows(**changed: object) -> dict[str, Row]:
    """Those of a charger with the defaults but for ``changed``."""
    settings = Settings()
    for key, value in changed.items():
        settings = settings.replace(key, value)
    return told(json.loads(json.dumps(settings_rows(settings))))


def raw(**parts: object) -> bytes:
    return json.dumps({"format": document.FORMAT, "schema": SCHEMA, "settings": {}} | parts).encode()


def test_what_is_exported_is_read_again_and_changes_nothing() -> None:
    charger = rows(current_max=16, enable_C2="Auto", mains_meter_host="10")
    settings = document.read(document.write(charger, "0.9.0", "2026-11-22T08:00:00+00:00").encode()).settings
    assert settings["enable_C2"] == "Auto"
    assert plan(settings, charger) == document.Plan((), (), ())
    assert differences(settings, document.values(charger)) == []


def test_an_export_has_every_setting_but_secrets_and_what_is_the_charger_s_own() -> None:
    settings = document.read(document.write(rows(**{SECRET: 1234}), "0.9.0", "now").encode()).settings
    assert set(settings) == set(TABLE) - SECRETS - OWN
    assert "1234" not in document.write(rows(**{SECRET: 1234}), "0.9.0", "now")


def test_the_daemon_s_own_file_is_read() -> None:
    saved = Saved(Settings().replace("current_max", 16).replace(SECRET, 1234), access=Access.ALLOW)
    settings = document.read(saved_text.encode(saved).encode()).settings
    found = plan(settings, rows())
    assert found.changes == (Difference("current_max", 13, 16),)
    assert f"{SECRET} is a secret: left as it is" in found.remarks
    assert found.wrong == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{\n "format": nonsense}', "line 2, column 12: it is not JSON"),
        (b"[1]", "there is no JSON object in it"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"[" * 100_000, "not JSON that can be used"),
        (b'{"a": 1, "a": 2}', "'a' stands in it twice"),
        (b'{"current_max": 16}', "neither an export of settings"),
        (raw(format="something", schema=1), "neither an export of settings"),
        (raw(schema=0), "its schema is '0', and this evsed reads 1 to"),
        (raw(schema=True), "its schema is 'True', and this evsed reads 1 to"),
        (raw(schema=SCHEMA + 1), f"this evsed reads 1 to {SCHEMA}: a newer evsed wrote it"),
        (b'{"schema": 99, "settings": {"mode": "Smart"}}', "its schema is 99"),
        (raw(settings=[1]), 'there are no "settings" in it'),
        (b" " * (document.LONGEST + 1), "longer than"),
    ],
)
def test_what_is_no_settings_is_refused_and_says_where(text: bytes, says: str) -> None:
    with pytest.raises(DocumentError) as refused:
        document.read(text)
    assert says in str(refused.value)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert document.read(b"\xef\xbb\xbf" + raw(settings={"mode": "Smart"})).settings == {"mode": "Smart"}


def test_settings_that_are_not_in_the_file_stay() -> None:
    found = plan({"current_max": 16}, rows(current_main=20))
    assert found.changes == (Difference("current_max", 13, 16),)


def test_what_the_charger_does_not_know_is_left_out_and_said() -> None:
    found = plan({"nonsense": 1, "mode": "smart"}, rows())
    assert found.changes == (Difference("mode", "Normal", "Smart"),)
    assert found.remarks == ("'nonsense' is no setting of this charger: left out",)


def test_what_is_the_charger_s_own_is_left_as_it_is() -> None:
    assert set(TABLE) > OWN
    found = plan({"set_up": "Done"}, rows(set_up="Not done"))
    assert (found.changes, found.remarks) == ((), ("set_up is of this charger alone: left as it is",))
    assert plan({"set_up": "Done"}, rows(set_up="Done")) == document.Plan((), (), ())


def test_which_of_several_chargers_it_is_is_not_brought_to_another() -> None:
    charger = rows(loadbl="Node 1", ev_meter_address=13)
    exported = document.read(document.write(rows(loadbl="Master", current_max=16), "0.9.0", "now", 1234).encode())
    assert exported.serial == 1234
    other = plan(exported.settings, charger, exported.serial, 5678)
    assert other.changes == (Difference("current_max", 13, 16),)
    assert other.remarks == (
        "loadbl is left as it is: the file is of another charger, 1234; this one is 5678",
        "ev_meter_address is left as it is: the file is of another charger, 1234; this one is 5678",
    )
    same = plan(exported.settings, charger, exported.serial, 1234)
    assert ({change.key for change in same.changes}, same.remarks) == ({"current_max", *PLACE}, ())


@pytest.mark.parametrize(("source", "target"), [(0, 1234), (1234, 0), (0, 0)])
def test_where_a_file_does_not_say_whose_it_is_that_is_said(source: int, target: int) -> None:
    found = plan({"loadbl": "Master"}, rows(), source, target)
    assert found.changes == (Difference("loadbl", "Disabled", "Master"),)
    assert found.remarks == ("loadbl is right only if the file is of this very charger, which it does not say",)


@pytest.mark.parametrize("serial", ["1234", None, True, 1.5])
def test_what_is_no_serial_number_is_none(serial: object) -> None:
    assert document.read(raw(serial=serial)).serial == 0


def test_what_a_migration_would_add_is_not_in_the_file() -> None:
    old = json.dumps({"schema": 2, "settings": {"current_max": 16, "login": "On"}}).encode()
    assert document.read(old).settings == {"current_max": 16, "login": "On"}


def test_a_file_of_an_older_schema_is_read_as_the_daemon_would() -> None:
    old = json.dumps({"schema": 1, "settings": {"current_max": 16}}).encode()
    assert document.read(old).settings == {"current_max": 16, "set_up": "Done"}


@pytest.mark.parametrize(
    ("key", "given", "says"),
    [
        ("current_max", 81, "current_max takes 6..80 A; not 81"),
        ("current_max", "16", "current_max takes 6..80 A; not '16'"),
        ("current_max", True, "not True"),
        ("current_max", None, "not None"),
        ("current_max", 16.0, "not 16.0"),
        ("mode", 1, "mode takes Normal, Smart, Solar; not 1"),
        ("mode", "Fast", "mode takes Normal, Smart, Solar; not 'Fast'"),
        ("mains_meter_host", "a b", "mains_meter_host takes a host name"),
        ("mains_meter_host", 7, "not 7"),
        ("mode", ["x" * 200], "..."),
    ],
)
def test_a_value_that_the_charger_does_not_take_is_wrong(key: str, given: Any, says: str) -> None:
    found = plan({key: given, "current_main": 20}, rows())
    assert len(found.wrong) == 1
    assert says in found.wrong[0]


def test_files_are_compared_as_they_stand() -> None:
    left: dict[str, object] = {"mode": "Smart", "current_max": 16, "old": 1, SECRET: 1}
    right: dict[str, object] = {"current_max": 13, "mode": "Smart", "new": "x"}
    assert differences(left, right) == [
        Difference("current_max", 16, 13),
        Difference("old", 1, None),
        Difference("new", None, "x"),
    ]
    assert differences({"set_up": "Done"}, {"set_up": "Not done"}) == []
    assert differences({"current_max": True}, {"current_max": 1}) == [Difference("current_max", "True", 1)]


def test_what_somebody_typed_becomes_what_json_has_for_it() -> None:
    charger = rows()
    assert charger["current_max"].encode(" 16 ") == 16
    assert charger["current_max"].encode("9" * 50) == "9" * 50
    assert charger["enable_C2"].encode("auto ") == "auto"
    assert charger["enable_C2"].encode("4") == 4
    assert charger["mains_meter_host"].encode("10") == "10"


def test_a_line_of_the_list_says_value_range_and_default() -> None:
    charger, nobody = rows(current_max=16, **{SECRET: 1234}), without_values()
    assert charger["current_max"].line().split()[:3] == ["current_max", "16", "A"]
    assert charger["current_max"].line().endswith(": 6..80 A (default 13)")
    assert nobody["current_max"].line().split()[:2] == ["current_max", "unknown"]
    assert charger[SECRET].line()[25:].startswith("set (secret)   ")
    assert rows()[SECRET].line()[25:].startswith("not set ")
    assert nobody[SECRET].line()[25:].startswith("unknown ")
    assert charger["mains_meter_host"].line()[25:].startswith("none ")


def test_without_a_charger_each_row_is_as_a_charger_would_tell_it() -> None:
    answer = json.loads(json.dumps(settings_rows(Settings())))
    for key, row in without_values().items():
        untold = json.loads(json.dumps(row.untold()))
        assert "value" not in untold
        assert untold == {name: answer[key][name] for name in untold}


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"mode": 3}, {"mode": {"value": 1}}, {"detail": "Not Found"}, ODD, FORM]
)
def test_what_is_not_told_by_a_charger_is_no_charger(answer: object) -> None:
    with pytest.raises(ValueError, match="setting"):
        told(answer)
