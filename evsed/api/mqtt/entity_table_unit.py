"""The rows of the unit itself: its board, how long it runs, its radio network, and the version that runs."""

from typing import Final

from evsed import __version__
from evsed.api.mqtt.entities import Component, Topic, View


def _measurement(key: str, name: str, device_class: str, unit: str) -> Component:
    return Component(key, "sensor", name, device_class, unit, "measurement", category="diagnostic")


def _text(key: str, name: str, icon: str) -> Component:
    return Component(key, "sensor", name, category="diagnostic", icon=icon)


def _by_radio(view: View) -> bool:
    return view.wifi is not None


UNIT: Final = (
    Topic(
        "ESPTemp",
        lambda v: v.charger.temperature_c,
        "degrees Celsius of the board",
        (_measurement("ESPTemp", "Board temperature", "temperature", "°C"),),
    ),
    Topic(
        "ESPUptime",
        lambda v: v.charger.uptime_s,
        "s since the start",
        (_measurement("ESPUptime", "Uptime", "duration", "s"),),
        on_change=False,
    ),
    Topic(
        "WiFiSSID",
        lambda v: None if v.wifi is None else v.wifi.ssid,
        "the radio network; not while the charger is on a wire",
        (_text("WiFiSSID", "WiFi SSID", "mdi:wifi"),),
        retained=True,
        present=_by_radio,
    ),
    Topic(
        "WiFiBSSID",
        lambda v: None if v.wifi is None else v.wifi.bssid,
        "the radio network; not while the charger is on a wire",
        (_text("WiFiBSSID", "WiFi BSSID", "mdi:wifi"),),
        retained=True,
        present=_by_radio,
    ),
    Topic(
        "WiFiRSSI",
        lambda v: None if v.wifi is None else v.wifi.rssi,
        "dBm",
        (_measurement("WiFiRSSI", "WiFi signal", "signal_strength", "dBm"),),
        present=_by_radio,
    ),
    Topic(
        "CPPWM",
        lambda v: v.charger.outputs.pilot.duty_1024 if v.charger.described else None,
        "0 to 1024, the pilot's duty; only where `[modem] unlocked` is set",
        (_text("CPPWM", "Pilot duty", "mdi:square-wave"),),
        present=lambda v: v.modem,
    ),
    Topic(
        "Version",
        lambda _: __version__,
        "the version that runs, and the newest that this charger knows of",
        (
            Component(
                "Update",
                "update",  # without a latest version its state would be unknown: we know of none but ours
                "Firmware",
                "firmware",
                category="diagnostic",
                template="{{ {'installed_version': value, 'latest_version': value} | to_json }}",
                more={"title": "evsed"},
            ),
        ),
        retained=True,
    ),
)
