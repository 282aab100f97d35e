"""The broker set over REST, with a real mosquitto that asks for a password."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.broker import Broker, password_file
from tests.scenarios.simulation import Simulation, wait_for

pytestmark = pytest.mark.daemon

OWNER, SESAME = "owner", "open-sesame"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    options = ("allow_anonymous false", f"password_file {password_file(tmp_path, OWNER, SESAME)}")
    with Broker(tmp_path, options=options) as broker:
        yield broker


def test_a_broker_is_stored_used_kept_over_a_crash_and_never_told_to_another(
    simulation: Simulation, broker: Broker
) -> None:
    assert simulation.settings["mqtt"]["status"] == "Disconnected"
    sent = f"mqtt_host=127.0.0.1&mqtt_port={broker.port}&mqtt_topic_prefix=garage"
    body = f"mqtt_update=1&{sent}&mqtt_username={OWNER}&mqtt_password={SESAME}".encode()
    assert simulation.post("/settings", body).json == {
        "mqtt_host": "127.0.0.1",
        "mqtt_port": broker.port,
        "mqtt_topic_prefix": "garage",
        "mqtt_username": OWNER,
        "mqtt_password_set": True,
    }
    wait_for(lambda: simulation.settings["mqtt"]["status"] == "Connected", "the broker has us")
    simulation.restart()
    wait_for(lambda: simulation.settings["mqtt"]["status"] == "Connected", "the broker has us again")
    shown = simulation.settings["mqtt"]
    assert (shown["topic_prefix"], shown["username"], shown["password_set"]) == ("garage", OWNER, True)

    echo = simulation.post("/settings?mqtt_update=1&mqtt_host=localhost").json
    assert echo == {"mqtt_host": "localhost", "mqtt_password_set": False}
    wait_for(lambda: "refuses us" in simulation.said(), "without the password it is not let in")
    assert simulation.settings["mqtt"]["status"] == "Disconnected"
    assert SESAME not in simulation.said()
    assert simulation.post("/settings?mqtt_update=1&mqtt_host=").json["mqtt_host"] == ""
