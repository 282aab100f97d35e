"""The rows of what is kept: the last session, and what is counted for as long as the charger exists."""

import json
from typing import Final

from evsed.api.mqtt.entities import Component, Moment, Payload, Topic, View
from evsed.core.cards import last_digits
from evsed.core.model import Contactor2

_KNOWN_ENERGY: Final = "{{ value_json.energy_wh if value_json.energy_wh is not none else None }}"


def _last_session(view: View) -> Payload:
    """As JSON. Energy that is not known is null, and Home Assistant's state is unknown then."""
    record = view.charger.sessions.last
    if record is None:
        return None
    session = {
        "id": record.number,
        "start": None if record.start_s is None else str(Moment(record.start_s)),
        "end": None if record.end_s is None else str(Moment(record.end_s)),
        "energy_wh": record.energy_wh,
        "solar_wh": record.solar_wh,
        "cards": [part.name or last_digits(part.card) for part in record.parts if part.card],
        "stop_reason": record.last_stop or None,
        "ended": None if record.ending is None else record.ending.value,
    }
    return json.dumps(session)


def _closings(key: str, name: str) -> tuple[Component, ...]:
    return (Component(key, "sensor", name, category="diagnostic", icon="mdi:electric-switch"),)


SESSIONS: Final = (
    Topic(
        "LastSession",
        _last_session,
        "JSON of the last session: `id`, `start`, `end`, `energy_wh`, `solar_wh`, `cards`, `stop_reason`, `ended`",
        (  # without a state class: one session's energy is neither a meter's nor a sum
            Component("LastSession", "sensor", "Last session", "energy", "Wh", template=_KNOWN_ENERGY, attributes=True),
        ),
        retained=True,
    ),
    Topic(
        "Sessions",
        lambda v: v.charger.sessions.counters.sessions,
        "sessions so far",
        (Component("Sessions", "sensor", "Sessions", category="diagnostic", icon="mdi:counter"),),
        retained=True,
    ),
    Topic(
        "ContactorClosings",
        lambda v: v.charger.sessions.counters.closings[0],
        "closings of contactor 1 so far",
        _closings("ContactorClosings", "Contactor closings"),
        retained=True,
    ),
    Topic(
        "Contactor2Closings",
        lambda v: v.charger.sessions.counters.closings[1],
        "closings of contactor 2 so far",
        _closings("Contactor2Closings", "Contactor 2 closings"),
        retained=True,
        present=lambda v: v.charger.settings.enable_C2 != Contactor2.NOT_PRESENT,
    ),
    Topic(
        "ChargingTime",
        lambda v: v.charger.sessions.counters.charging_ms // 1000,
        "s of charging so far",
        (
            Component(
                "ChargingTime", "sensor", "Charging time", "duration", "s", "total_increasing", category="diagnostic"
            ),
        ),
        retained=True,
    ),
)
