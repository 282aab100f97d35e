"""The rows of alerts: the topic that they are said at, and the button that tests them. outbox.py says them."""

from typing import Final

from evsed.alerts.alert import Kind
from evsed.alerts.service import ways_on
from evsed.api.mqtt.entities import Action, Component, Topic

ALERT: Final = Topic(
    "Alert",
    lambda _: None,  # no value: said when it happens
    "JSON of an alert when there is one, see [alerts.md](alerts.md); while `alert_mqtt` is Enabled",
    (Component("Alert", "event", "Alert", icon="mdi:alert", more={"event_types": [kind.value for kind in Kind]}),),
    present=lambda v: bool(v.charger.settings.alert_mqtt),
)

TEST_ALERT: Final = Action(
    Component(
        "AlertTest",
        "button",
        "Test alert",
        category="diagnostic",
        icon="mdi:bell-ring",
        command="AlertTest",
        more={"payload_press": "Test"},
    ),
    lambda v: bool(ways_on(v.charger.settings)),
)
