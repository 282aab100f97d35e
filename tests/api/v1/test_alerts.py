"""/api/v1/alerts over HTTP, with a web hook that is real."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evsed.alerts.service import Alerts
from evsed.api.app import create_app
from evsed.api.mqtt.outbox import Outbox
from evsed.api.v1.alerts import AlertsDocument, TriedDocument
from evsed.core.events import ChangeSetting
from evsed.core.snapshot import Saved
from tests.alerts.receiver import Receiver
from tests.api.served import Charger, Served
from tests.api.v1.v1 import Client, fits
from tests.core.story import settings
from tests.scenarios.simulation import PATIENCE_S, http


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    charger = Charger(Saved(settings=settings()))
    outbox = Outbox(lambda: False, lambda: False)
    alerts = Alerts(charger.runtime, 90_000, tmp_path, outbox)
    charger.site = replace(charger.site, alerts=alerts)
    charger.app = create_app(charger.site)
    with charger, Served(charger.app, charger.refusals) as served:
        alerts.start()
        yield Client(charger, served)
        alerts.close()


def switch(client: Client, **given: int | str) -> None:
    for key, value in given.items():
        assert client.charger.runtime.submit(ChangeSetting(key, value)).result(PATIENCE_S).accepted


def test_all_is_off_by_default_and_a_test_is_refused_with_what_to_do(client: Client, receiver: Receiver) -> None:
    shown = client.get("/alerts")
    fits(shown, AlertsDocument)
    assert (shown["webhook"]["on"], shown["mqtt"]["on"], shown["last_alert"]) == (False, False, None)
    answer = client.send("POST", "/alerts/test")
    assert answer.status == 409
    assert "set alert_webhook to an address, or alert_mqtt to Enabled" in answer.json["detail"]
    assert receiver.posted == []


def test_a_test_says_what_came_of_each_way(client: Client, receiver: Receiver) -> None:
    switch(client, alert_webhook=receiver.url, alert_mqtt=1)
    answer = client.send("POST", "/alerts/test")
    fits(answer.json, TriedDocument)
    assert (answer.status, answer.json["webhook"]) == (200, "200")
    assert answer.json["mqtt"].startswith("no broker is named")
    assert receiver.wait()["text"] == "This is a test: nothing is wrong"
    again = client.send("POST", "/alerts/test")
    assert again.status == 429
    assert 1 <= int(again.headers["Retry-After"]) <= 10


def test_a_way_that_is_off_is_null_and_the_address_is_never_shown(client: Client, receiver: Receiver) -> None:
    receiver.status = 500
    switch(client, alert_webhook=receiver.url)
    answer = client.send("POST", "/alerts/test")
    assert answer.json == {"webhook": "500: it does not take the message", "mqtt": None}
    for path in ("/api/v1/alerts", "/api/v1/settings", "/api/v1/state", "/settings", "/metrics"):
        shown = http("GET", f"http://127.0.0.1:{client.served.port}{path}")
        assert shown.status == 200
        assert b"hush" not in shown.body, path
    assert client.get("/alerts")["webhook"]["on"] is True


def test_ways_are_in_the_metrics(client: Client, receiver: Receiver) -> None:
    switch(client, alert_webhook=receiver.url)
    text = http("GET", f"http://127.0.0.1:{client.served.port}/metrics").body.decode()
    assert 'evsed_alerts_on{way="webhook"} 1.0' in text
    assert 'evsed_alerts_sent_total{way="mqtt"} 0.0' in text


def test_what_came_of_it_is_told_in_full_to_the_installer_only(client: Client, receiver: Receiver) -> None:
    """Else whoever may set the address learns from the answers what listens where in the owner's network."""
    receiver.status = 404
    switch(client, alert_webhook=receiver.url)
    answer = http("POST", client.url("/alerts/test"), None, Authorization=client.charger.token("operate"))
    assert answer.json == {"webhook": "not taken (4xx)", "mqtt": None}
