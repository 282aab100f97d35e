"""What a backup would change: what is carried, what stays, what is left out and said, and what is wrong."""

import json
from dataclasses import replace
from typing import Any

import pytest

from evsed.api.v1.settings import settings_rows
from evsed.backup.document import read
from evsed.backup.restoring import Change, Now, Restoring, restoring
from evsed.backup.rows import told
from evsed.backup.saving import PASSWORD, backup
from evsed.config import Mqtt
from evsed.core.cards import MOST_CARDS, Card
from evsed.core.settings import TABLE, Settings
from evsed.migrations import SCHEMA

BROKER = Mqtt("10.0.0.1", 1883, "evse", "its-password")
SECRETS: dict[str, Any] = {"lcd_pin": 1234, "alert_webhook": "https://example.org/key"}


ANN, BEN = Card("04A1B2C3D4E5F6", "Ann", added=1), Card("04A1B2C3D4E5", enabled=False)


def settings(**changed: object) -> Settings:
    found = Settings()
    for key, value in changed.items():
        found = found.replace(key, value)
    return found


def now(broker: Mqtt | None = BROKER, cards: tuple[Card, ...] = (), **changed: Any) -> Now:
    """A charger with the defaults but for ``changed``."""
    found = settings(**changed)
    return Now(found, told(json.loads(json.dumps(settings_rows(found)))), 1234, broker, cards, open=True)


def saved(charger: Now, *, secrets: bool = False) -> dict[str, Any]:
    """A backup of it."""
    broker = charger.broker or Mqtt()
    return backup(
        charger.settings, broker, charger.cards, version="1", serial=charger.serial, created="now", secrets=secrets
    )


def restored(document: dict[str, Any], charger: Now) -> Restoring:
    return restoring(read(json.dumps(document).encode()), charger)


def of(**parts: object) -> dict[str, Any]:
    return {"format": "evsed backup", "schema": SCHEMA, "serial": 1234, "settings": {}} | parts


def test_a_backup_changes_nothing_in_the_charger_that_it_is_of() -> None:
    charger = now(cards=(ANN,), current_max=16, enable_C2="Auto", set_up="Done", **SECRETS)
    assert restored(saved(charger, secrets=True), charger) == Restoring((), (), (), (), None)


@pytest.mark.parametrize("secrets", [False, True])
def test_everything_that_was_set_comes_back_but_the_mode_the_login_and_set_up(*, secrets: bool) -> None:
    other: dict[str, Any] = {"mains_meter": "Eastron3P", "current_max": 20, "current_min": 7, "color_off": "1,2,3"}
    was = now(**other, **SECRETS, mode="Solar", set_up="Done", login="On", broker=replace(BROKER, username="me"))
    found = restored(saved(was, secrets=secrets), now())
    keys = {change.key for change in found.changes}
    assert keys == {*other, "broker.username"} | ({"secrets.lcd_pin", "secrets.alert_webhook"} if secrets else set())
    assert found.wrong == ()
    assert found.warnings == (
        "mode is chosen at the charger: left as it is",
        "login is chosen at the charger: left as it is",
    )
    assert dict(found.settings) == {key: TABLE[key].parse(value) for key, value in (other | SECRETS).items()
                                    if key in other or secrets}  # fmt: skip


def test_no_secret_is_in_a_backup_unless_asked_for_and_in_no_preview() -> None:
    charger = now(**SECRETS)
    text = json.dumps(saved(charger))
    assert not [secret for secret in ("1234,", "example.org", "its-password") if secret in text.replace('"', "")[60:]]
    assert saved(charger, secrets=True)["secrets"] == SECRETS | {PASSWORD: "its-password"}
    found = restored(saved(charger, secrets=True), now(broker=Mqtt()))
    shown = [change for change in found.changes if change.key.startswith("secrets.")]
    assert {(change.before, change.after) for change in shown} == {(None, None)}
    assert "its-password" not in repr(found.changes)


def test_what_needs_an_installer_is_named() -> None:
    found = restored(of(settings={"current_max": 16, "current_min": 7}, broker={"tls": True}), now())
    assert found.installers == ["current_max", "broker.tls"]
    assert Change("current_min", 6, 7, installer=False) in found.changes


def test_what_is_not_known_is_warned_about_and_the_rest_is_brought() -> None:
    parts = {"settings": {"nonsense": 1, "current_min": 7}, "broker": {"colour": "red"}, "secrets": {"x": 1}, "moon": 1}
    found = restored(of(**parts), now())
    assert [change.key for change in found.changes] == ["current_min"]
    assert found.warnings == (
        "'moon' is no part of a backup that this evsed knows: left out",
        "'nonsense' is no setting of this charger: left out",
        "'x' is no secret of this charger: left out",
        "'colour' is nothing of a broker: left out",
    )


def test_a_file_of_another_charger_or_of_an_older_evsed_is_said_to_be() -> None:
    found = restored(of(serial=99, schema=2, settings={"loadbl": "Master", "current_min": 7}), now())
    assert [change.key for change in found.changes] == ["current_min"]
    assert found.warnings[:2] == (
        "the file is of another charger, 99; this one is 1234",
        f"an older evsed wrote it (schema 2, and today's is {SCHEMA})",
    )


def test_a_reader_that_was_being_taught_does_not_learn_or_forget_after_a_restore() -> None:
    found = restored(of(settings={"rfidreader": "DeleteAll"}), now())
    assert (found.changes, found.settings) == ((), ())
    assert found.warnings == ("rfidreader is left as it is: DeleteAll is something to do, not to restore",)


def test_the_installers_pin_is_never_restored() -> None:
    found = restored(of(secrets={"installer_pin": 1234}), now())
    assert (found.changes, found.warnings) == ((), ("installer_pin is never restored: set it at the charger",))


def test_a_password_goes_to_no_other_broker() -> None:
    found = restored(of(broker={"host": "10.0.0.2"}), now())
    assert found.broker == replace(BROKER, host="10.0.0.2", password="")
    assert found.warnings == ("the password for the broker 10.0.0.2:1883 is not in the file: set it anew",)
    assert restored(of(broker={"username": "me"}), now()).broker == replace(BROKER, username="me")
    other = restored(of(broker={"host": "10.0.0.2"}, secrets={PASSWORD: "new"}), now())
    assert other.broker == replace(BROKER, host="10.0.0.2", password="new")  # noqa: S106 - of this test
    assert [change.key for change in other.changes] == ["broker.host", "secrets.mqtt_password"]


def test_a_broker_that_evsed_toml_says_is_left_alone() -> None:
    found = restored(of(broker={"host": "10.0.0.2"}), now(broker=None))
    assert (found.changes, found.broker) == ((), None)
    assert found.warnings == ("the broker is left as it is: that of this charger is configured in evsed.toml",)


@pytest.mark.parametrize(
    ("parts", "says", "pointer"),
    [
        ({"settings": {"current_max": 81}}, "current_max takes 6..80 A; not 81", "/settings/current_max"),
        ({"broker": {"port": "1883"}}, "broker.port is of the wrong kind", "/broker/port"),
        ({"broker": {"port": True}}, "broker.port is of the wrong kind", "/broker/port"),
        ({"broker": {"host": "a b"}}, "broker.host takes a host name or an address, or nothing", "/broker/host"),
        ({"broker": {"ca": "/a"}}, "broker.ca, certificate and key need tls = true", "/broker/ca"),
        ({"cards": [{"uid": "04"}]}, "card 1 is none: it has uid, name and enabled", "/cards/0"),
        ({"cards": [7]}, "card 1 is none: it has uid, name and enabled", "/cards/0"),
        ({"cards": [{"uid": BEN.uid}] * 2}, "a card is named twice", "/cards"),
        (
            {"cards": [{"uid": f"{number:012X}"} for number in range(MOST_CARDS + 1)]},
            f"there is room for {MOST_CARDS} cards, and these would be {MOST_CARDS + 1}",
            "/cards",
        ),
        ({"secrets": {"lcd_pin": 99_999}}, "lcd_pin takes 0..9999", "/secrets/lcd_pin"),
        ({"secrets": {PASSWORD: 7}}, "mqtt_password is a text", "/secrets/mqtt_password"),
    ],
)
def test_what_is_wrong_says_where_and_then_nothing_is_stored(parts: dict[str, Any], says: str, pointer: str) -> None:
    found = restored(of(**parts), now())
    assert [(wrong.text, wrong.pointer) for wrong in found.wrong] == [(says, pointer)]
    assert found.broker is None


def test_cards_are_added_or_become_as_they_were_and_no_other_is_forgotten() -> None:
    found = restored(saved(now(cards=(ANN, BEN))), now(cards=(Card(ANN.uid, "Ann, who moved"), Card("0" * 12))))
    assert found.cards == (Card(ANN.uid, "Ann"), BEN)
    assert found.changes == (
        Change(f"cards.{ANN.uid}", "Ann, who moved, enabled", "Ann, enabled", installer=False),
        Change(f"cards.{BEN.uid}", None, "without a name, disabled", installer=False),
    )


def test_who_may_not_know_a_secret_cannot_guess_it_either() -> None:
    charger = replace(now(**SECRETS), open=False)
    right = restored(of(secrets={"lcd_pin": 1234, PASSWORD: "its-password"}), charger)
    guessed = restored(of(secrets={"lcd_pin": 1235, PASSWORD: "another"}), charger)
    assert right.changes == guessed.changes
    assert [change.key for change in right.changes] == ["secrets.lcd_pin", "secrets.mqtt_password"]
    assert right.installers == []
