"""/api/v1/backup and /api/v1/restore over HTTP: who gets what, the preview, and all of it or nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from evsed.api.app import create_app
from evsed.api.rights import Right
from evsed.api.v1.backup import BackupDocument, RestoreDocument
from evsed.config import Mqtt
from evsed.core.snapshot import Saved
from tests.api.served import Charger, Served
from tests.api.v1.v1 import Client, fits
from tests.core.story import settings

BROKER = Mqtt("10.0.0.1", 1883, "evse", "its-password")


@dataclass
class Broker:
    """Where a broker is stored; ``full`` is the disk."""

    now: Mqtt = BROKER
    full: bool = False
    stored: list[Mqtt] = field(default_factory=list)

    def store(self, broker: Mqtt) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.now = broker
        self.stored.append(broker)


class Asking:
    """The application, as somebody with a certain right sees it."""

    def __init__(self, charger: Charger) -> None:
        self.right = Right.INSTALL
        self._app = charger.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["evsed.right"] = self.right
        await self._app(scope, receive, send)


@dataclass
class Bench:
    """A charger, its broker, and who asks."""

    client: Client
    broker: Broker
    asking: Asking

    def restore(self, query: str = "", **parts: object) -> Any:
        document = {"format": "evsed backup", "schema": 3, "settings": {}} | parts
        return self.client.send("POST", f"/restore{query}", document)

    def value(self, key: str) -> object:
        return self.client.get("/settings")[key]["value"]


@pytest.fixture
def bench() -> Iterator[Bench]:
    broker = Broker()
    with Charger(Saved(settings=settings(lcd_pin=1234))) as charger:
        site = replace(charger.site, broker=lambda: broker.now, set_broker=broker.store)
        charger.site, charger.app = site, create_app(site)
        asking = Asking(charger)
        with Served(asking, charger.refusals) as served:
            yield Bench(Client(charger, served), broker, asking)


def test_a_backup_is_a_file_without_secrets(bench: Bench) -> None:
    bench.asking.right = Right.READ
    answer = bench.client.send("GET", "/backup")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="evsed-')
    assert answer.headers["Cache-Control"] == "no-store"
    fits(answer.json, BackupDocument)
    assert "secrets" not in answer.json
    assert b"its-password" not in answer.body


def test_who_may_only_look_sees_no_card(bench: Bench) -> None:
    bench.client.send("PUT", "/cards/04A1B2C3D4E5F6", {"name": "Ann"})
    bench.asking.right = Right.OPERATE
    assert bench.client.get("/backup")["cards"] == [{"uid": "04A1B2C3D4E5F6", "name": "Ann", "enabled": True}]
    bench.asking.right = Right.READ
    assert "cards" not in bench.client.get("/backup")


def test_secrets_are_for_who_may_install(bench: Bench) -> None:
    assert bench.client.get("/backup?secrets=true")["secrets"] == {
        "lcd_pin": 1234, "alert_webhook": "", "mqtt_password": "its-password",
    }  # fmt: skip
    bench.asking.right = Right.OPERATE
    refused = bench.client.send("GET", "/backup?secrets=true")
    assert (refused.status, refused.headers["Content-Type"]) == (403, "application/problem+json")
    assert b"its-password" not in refused.body


def test_what_was_backed_up_comes_back(bench: Bench) -> None:
    bench.client.send("PATCH", "/settings", {"current_min": 8, "current_max": 20})
    bench.client.send("PUT", "/cards/04A1B2C3D4E5F6", {"name": "Ann"})
    before = bench.client.get("/backup?secrets=true")
    bench.client.send("PATCH", "/settings", {"current_min": 7, "current_max": 16})
    bench.client.send("PUT", "/cards/04A1B2C3D4E5F6", {"enabled": False})
    bench.broker.now = Mqtt("10.0.0.9")
    answer = bench.restore(**before)
    assert answer.status == 200
    fits(answer.json, RestoreDocument)
    assert (bench.value("current_min"), bench.value("current_max"), bench.broker.now) == (8, 20, BROKER)
    again = bench.client.get("/backup?secrets=true")
    assert again | {"created": ""} == before | {"created": ""}


def test_a_preview_changes_nothing_and_says_all(bench: Bench) -> None:
    bench.asking.right = Right.OPERATE
    parts: dict[str, Any] = {"settings": {"current_min": 7, "current_max": 81, "nonsense": 1}, "broker": {"port": 1884}}
    told = bench.restore("?dry_run=true", **parts).json
    fits(told, RestoreDocument)
    assert told == {
        "changes": [{"key": "current_min", "before": 6, "after": 7, "installer": False}],
        "warnings": ["'nonsense' is no setting of this charger: left out"],
        "wrong": ["current_max takes 6..80 A; not 81"],
    }
    assert (bench.value("current_min"), bench.broker.stored) == (6, [])


def test_a_wrong_value_changes_nothing_and_is_named(bench: Bench) -> None:
    body = {"format": "evsed backup", "schema": 3, "settings": {"current_min": 7, "current_max": 81}}
    detail, errors = bench.client.refused("POST", "/restore", body)
    assert detail == "current_max takes 6..80 A; not 81"
    assert errors == [{"detail": detail, "pointer": "#/settings/current_max"}]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{\n "format" 1}', "line 2, column 11: it is not JSON"),
        (b"{}", "it is neither an export of settings"),
        (b'{"schema": 3}', 'there are no "settings" in it'),
        (b'{"schema": 99, "settings": {}}', "a newer evsed wrote it"),
        (b'{"format": "evsed backup", "schema": 3, "settings": {}, "cards": {}}', 'its "cards" are no list'),
    ],
)
def test_what_is_no_backup_is_refused_and_says_where(bench: Bench, body: bytes, says: str) -> None:
    detail, _ = bench.client.refused("POST", "/restore", body)
    assert says in detail


def test_what_is_an_installers_needs_one_and_the_rest_does_not(bench: Bench) -> None:
    bench.asking.right = Right.OPERATE
    assert bench.restore(settings={"current_min": 7}).status == 200
    refused = bench.restore(settings={"current_min": 8, "current_max": 16}, broker={"tls": True})
    assert refused.status == 403
    assert refused.json["detail"] == "only the installer may change current_max, broker.tls; nothing was changed"
    assert (bench.value("current_min"), bench.value("current_max")) == (7, 13)


def test_what_the_charger_refuses_leaves_the_broker_too(bench: Bench) -> None:
    before = bench.client.get("/backup")
    answer = bench.restore(settings={"loadbl": "Node 1", "enable_C2": "Auto"}, broker={"host": "10.0.0.2"})
    assert answer.status == 422
    assert bench.broker.stored == []
    assert bench.client.get("/backup")["settings"] == before["settings"]


def test_a_broker_that_cannot_be_stored_takes_settings_and_cards_back(bench: Bench) -> None:
    bench.client.send("PUT", "/cards/04A1B2C3D4E5F6", {"name": "Ann"})
    before = bench.client.get("/cards")
    bench.broker.full = True
    cards = [{"uid": "04A1B2C3D4E5F6", "name": "Ben"}, {"uid": "04A1B2C3D4E5"}]
    answer = bench.restore(settings={"current_min": 7}, broker={"host": "10.0.0.2"}, cards=cards)
    assert (answer.status, bench.value("current_min")) == (503, 6)
    assert bench.client.get("/cards") == before


def test_a_restore_neither_starts_a_charge_nor_signs_the_installation(bench: Bench) -> None:
    bench.client.send("PUT", "/mode", {"mode": "OFF"})
    before = bench.client.get("/state")["mode"]
    answer = bench.restore(settings={"mode": "Solar", "set_up": "Done", "login": "On"})
    assert (answer.status, answer.json["changes"]) == (200, [])
    assert bench.client.get("/state")["mode"] == before
    assert json.dumps(answer.json["warnings"]).count("left as it is") == len(answer.json["warnings"])
