"""What a simulated daemon does not have: an unlocked pilot, a broker on a shelf, an LCD, nobody to reboot it."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from evsed.api.app import create_app
from evsed.api.site import Site
from evsed.config import Installation, Modem, Mqtt
from evsed.core.snapshot import Saved
from evsed.runtime import Runtime
from tests.api.served import Charger, EmptySocket, Served
from tests.scenarios.simulation import Answer, http, wait_for

REFUSED = "Value not allowed!"
BROKER = Mqtt("broker.lan", 1883, "owner", "hush", "garage")


class Shelf:
    """Where the broker is kept."""

    def __init__(self) -> None:
        self.broker = BROKER
        self.full = False

    def put(self, broker: Mqtt) -> None:
        if broker.prefix == "unwanted":
            raise ValueError("prefix is not wanted")
        if self.full:
            raise OSError(28, "No space left on device")
        self.broker = broker


class Unit:
    """An application with everything, and requests to it."""

    def __init__(self, site: Site, served: Served, shelf: Shelf) -> None:
        self.site = site
        self.shelf = shelf
        self._root = f"http://127.0.0.1:{served.port}"

    def post(self, path: str, body: bytes = b"") -> Answer:
        return http("POST", self._root + path, body)

    def get(self, path: str) -> Answer:
        return http("GET", self._root + path)

    @property
    def settings(self) -> Any:
        return self.get("/settings").json


@contextlib.contextmanager
def unit_with(**parts: Any) -> Iterator[Unit]:
    """A unit whose pilot is unlocked, with ``parts`` of its Site."""
    shelf = Shelf()
    charger = Charger(installation=Installation(modem=Modem(unlocked=True)))
    charger.runtime = Runtime(EmptySocket(), charger.memory, Saved(), lambda: None, pilot_unlocked=True)
    site = replace(
        charger.site, runtime=charger.runtime, broker=lambda: shelf.broker, set_broker=shelf.put, **parts
    )  # fmt: skip
    with charger, Served(create_app(site), charger.refusals) as served:
        yield Unit(site, served, shelf)


@pytest.fixture(scope="module")
def unit() -> Iterator[Unit]:
    with unit_with() as unit:
        yield unit


# ---- the pilot ----


@pytest.mark.parametrize(("path", "name"), [("/modem", "pwm"), ("/settings", "override_pwm")])
def test_an_unlocked_pilot_is_driven_and_let_go(unit: Unit, path: str, name: str) -> None:
    assert unit.post(f"{path}?{name}=50").json == {name: 50}
    assert unit.site.snapshot.pilot_override == 500
    assert unit.post(f"{path}?{name}=0").json == {name: 0}
    assert unit.site.snapshot.pilot_override == 0
    assert unit.post(f"{path}?{name}=-7").json == {name: -7}
    assert unit.site.snapshot.pilot_override is None


def test_a_mode_ends_it_and_what_is_sent_with_the_mode_begins_it(unit: Unit) -> None:
    unit.post("/modem?pwm=50")
    unit.post("/settings?mode=1")
    assert unit.site.snapshot.pilot_override is None
    assert unit.post("/settings?override_pwm=50&mode=1").json == {"mode": "1", "override_pwm": 50}
    assert unit.site.snapshot.pilot_override == 500
    unit.post("/modem?pwm=-1")


def test_a_unit_that_is_unlocked_says_so(unit: Unit) -> None:
    assert unit.settings["settings"]["modem"] == "Experiment"


# ---- the broker ----


def test_a_broker_is_stored_and_shown_without_its_password(unit: Unit) -> None:
    sent = "mqtt_host=10.0.0.28&mqtt_port=1884&mqtt_topic_prefix=evse&mqtt_username=ha&mqtt_password=sesame"
    answer = unit.post("/settings", f"mqtt_update=1&{sent}".encode())
    assert answer.json == {
        "mqtt_host": "10.0.0.28",
        "mqtt_port": 1884,
        "mqtt_topic_prefix": "evse",
        "mqtt_username": "ha",
        "mqtt_password_set": True,
    }
    assert unit.shelf.broker == Mqtt("10.0.0.28", 1884, "ha", "sesame", "evse")
    shown = unit.settings["mqtt"]
    assert (shown["host"], shown["port"], shown["topic_prefix"], shown["username"], shown["password_set"]) == (
        "10.0.0.28", 1884, "evse", "ha", True,
    )  # fmt: skip
    assert b"sesame" not in answer.body + unit.get("/settings").body


def test_a_new_host_without_a_password_clears_the_stored_one(unit: Unit) -> None:
    unit.shelf.broker = BROKER
    assert unit.post("/settings?mqtt_update=1&mqtt_port=1885").json == {"mqtt_port": 1885, "mqtt_password_set": False}
    unit.shelf.broker = BROKER
    answer = unit.post("/settings?mqtt_update=1&mqtt_host=elsewhere.lan")
    assert answer.json == {"mqtt_host": "elsewhere.lan", "mqtt_password_set": False}
    assert not unit.shelf.broker.password


def test_a_wrong_broker_is_refused_whole_and_its_password_is_not_logged(
    unit: Unit, caplog: pytest.LogCaptureFixture
) -> None:
    unit.shelf.broker = BROKER
    answer = unit.post("/settings?mqtt_update=1&mqtt_host=a%20b&mqtt_password=sesame&current_min=7")
    assert answer.json == {"current_min": 7, **dict.fromkeys(("mqtt_update", "mqtt_host", "mqtt_password"), REFUSED)}
    assert unit.shelf.broker == BROKER
    assert "mqtt_host takes a host name" in caplog.text
    assert "sesame" not in caplog.text


def test_a_broker_that_cannot_be_stored_is_said_to_be(unit: Unit) -> None:
    unit.shelf.broker, unit.shelf.full = BROKER, True
    answer = unit.post("/settings?mqtt_update=1&mqtt_port=1999")
    unit.shelf.full = False
    assert (answer.status, "No space left" in answer.json["detail"]) == (503, True)
    assert unit.shelf.broker == BROKER


def test_a_broker_that_is_none_is_refused(unit: Unit) -> None:
    unit.shelf.broker = BROKER
    answer = unit.post("/settings?mqtt_update=1&mqtt_topic_prefix=unwanted")
    assert answer.json == {"mqtt_update": REFUSED, "mqtt_topic_prefix": REFUSED}
    assert unit.shelf.broker == BROKER


def test_a_unit_whose_broker_is_configured_says_where() -> None:
    with Charger() as charger, Served(charger.app, charger.refusals) as served:
        answer = http("POST", f"http://127.0.0.1:{served.port}/settings?mqtt_update=1&mqtt_host=a", b"")
        assert answer.json == {"mqtt_update": REFUSED, "mqtt_host": REFUSED}


# ---- the LCD, the reboot ----


def test_there_is_no_picture_of_an_lcd_that_is_not_there(unit: Unit) -> None:
    answer = unit.get("/lcd")
    assert (answer.status, answer.json["detail"][:20]) == (404, "this unit has no LCD")


def test_who_cannot_start_itself_anew_says_so(unit: Unit) -> None:
    assert unit.site.reboot is None
    answer = unit.post("/reboot")
    assert (answer.status, "end it and start it again" in answer.json["detail"]) == (503, True)


def test_a_reboot_is_answered_and_then_begun() -> None:
    begun: list[str] = []
    with unit_with(reboot=lambda: begun.append("now")) as unit:
        assert unit.post("/reboot").json == {"reboot": True}
        wait_for(lambda: begun == ["now"], "the reboot")
