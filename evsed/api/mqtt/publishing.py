"""What to publish and when: on change at once, and everything at least every 10 s. Pure; one for each connection.

Owns what was said and when; the values are the tables', sending them is link.py's.
"""

from dataclasses import dataclass
from typing import Final

from evsed.api.mqtt.entities import Payload, Topic, View, same, values
from evsed.api.mqtt.entity_table import DOES, MEASURED
from evsed.api.mqtt.entity_table_alerts import ALERT
from evsed.api.mqtt.entity_table_owner import SET_BY_OWNERS
from evsed.api.mqtt.entity_table_sessions import SESSIONS
from evsed.api.mqtt.entity_table_unit import UNIT
from evsed.core.units import Millis

CONNECTED: Final = Topic("connected", lambda _: "online", "`online`, and `offline` as last will", retained=True)
TOPICS: Final = (*DOES, *SET_BY_OWNERS, *MEASURED, *UNIT, *SESSIONS, ALERT)
AGAIN_MS: Final = 9_000
"""After this an unchanged value is said again, so that all come within 10 s when somebody looks four times a second."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish; an empty retained payload takes a retained message back."""

    topic: str
    payload: str
    retained: bool


@dataclass(slots=True)
class _Said:
    payload: Payload
    at: Millis


class Publishing:
    """The book of what one broker has been told."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._said: dict[Topic, _Said] = {}

    def again(self) -> None:
        """Somebody new listens: everything is said at the next look."""
        for said in self._said.values():
            said.at = -AGAIN_MS

    def goodbye(self) -> Message:
        """There is nobody behind the values any more."""
        self.again()
        return Message(f"{self._prefix}/{CONNECTED.name}", "offline", CONNECTED.retained)

    def messages(self, now: Millis, view: View) -> list[Message]:
        """What is to be published at ``now`` (monotonic)."""
        messages = []
        for topic, payload in values((CONNECTED, *TOPICS), view).items():
            if self._due(topic, payload, now):
                # Nothing that came once and is not known any more may stay with the broker as true.
                if payload is not None or topic.retained:
                    text = "" if payload is None else str(payload)
                    messages.append(Message(f"{self._prefix}/{topic.name}", text, topic.retained))
                self._said[topic] = _Said(payload, now)
        return messages

    def _due(self, topic: Topic, payload: Payload, now: Millis) -> bool:
        said = self._said.get(topic)
        if said is None:
            return payload is not None
        if not same(said.payload, payload) and (topic.on_change or payload is None or said.payload is None):
            return True
        return payload is not None and now - said.at >= AGAIN_MS


def payloads(view: View) -> dict[Topic, str]:
    """What every topic says now. Unknown values are left out."""
    return {topic: str(payload) for topic, payload in values(TOPICS, view).items() if payload is not None}
