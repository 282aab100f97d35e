"""/api/v1/devices: what is beside the board."""

from dataclasses import replace

from evsed.api.v1.devices import Devices, battery_document, devices_document
from evsed.core.events import PostBattery
from evsed.devices import DeviceHealth
from tests.api.v1.v1 import Client, fits
from tests.core.story import Story


def test_devices_say_how_they_do(client: Client) -> None:
    fits(client.get("/devices"), Devices)
    assert client.get("/devices") == {"devices": [], "home_battery": None}
    found = (DeviceHealth("bus_1", True, 3), DeviceHealth("lcd", None, 0))
    document = devices_document(replace(client.charger.site, devices=lambda: found))
    fits(document, Devices)
    assert document["devices"] == [
        {"name": "bus_1", "works": True, "errors": 3}, {"name": "lcd", "works": None, "errors": 0},
    ]  # fmt: skip


def test_the_home_battery_s_last_word_is_told_with_its_age() -> None:
    story = Story()
    story.run(1)
    story.command(PostBattery(-80))
    assert battery_document(story.snapshot) == {"current": -8.0, "age_s": 0.0, "counts": True}
    story.run(61)
    old = battery_document(story.snapshot)
    assert old is not None
    assert (old["counts"], 60 < old["age_s"] < 63) == (False, True)
