"""What a published value is: its topic, its payload, and what Home Assistant makes of it.

Owns the row types and what is generated from any row (payloads); the rows themselves stand in entity_table*.py, the
discovery messages made of them in homeassistant.py. A value of None is not published: an unknown energy sent as 0 would
spoil a statistic for ever.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from evsed.api.network import Wifi
from evsed.core.settings import Settings
from evsed.core.snapshot import Snapshot

_SAME_MOMENT_S = 2  # two clocks that are read one after the other may differ by this much about one moment


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of day, shown as ISO 8601 in UTC."""

    unix_s: int

    def __str__(self) -> str:
        return datetime.fromtimestamp(self.unix_s, UTC).isoformat()


@dataclass(frozen=True, slots=True)
class View:
    """Everything that a payload may be made of."""

    charger: Snapshot
    wifi: Wifi | None = None  # None: the charger is in no radio network
    modem: bool = False  # pilot experiments are unlocked in the configuration
    reboots: bool = False  # the daemon can be started anew


Payload: TypeAlias = int | str | Moment | None
Value: TypeAlias = Callable[[View], Payload]
Present: TypeAlias = Callable[[View], bool]
Keys: TypeAlias = Mapping[str, object]
NO_KEYS: Final[Keys] = MappingProxyType({})
NONE: Final = "none"
"""The payload for "there is no such thing now", where that is known."""


def always(_view: View) -> bool:
    """It exists on every charger."""
    return True


def no_limits(_settings: Settings) -> Keys:
    """It has no range, or one that never changes."""
    return NO_KEYS


@dataclass(frozen=True, slots=True)
class Component:
    """What Home Assistant makes of a topic. ``key`` is unique on a charger and stays for ever."""

    key: str
    domain: str
    name: str
    device_class: str = ""
    unit: str = ""
    state_class: str = ""
    category: str = ""  # "diagnostic" or "config"; empty: neither
    icon: str = ""
    template: str = ""  # how the state is made of the payload
    options: tuple[str, ...] = ()
    attributes: bool = False  # the payload is a JSON object, and all of it is told beside the state
    command: str = ""  # the topic below Set/ that changes it
    more: Keys = field(default_factory=dict)  # keys that only its domain knows
    limits: Callable[[Settings], Keys] = no_limits  # keys that follow the owner's settings


@dataclass(frozen=True, slots=True)
class Topic:
    """One published value. ``value`` gives the payload, or None while it is not known."""

    name: str
    value: Value
    about: str  # payload and meaning, for docs/mqtt.md; topics that follow each other with the same text share a line
    components: tuple[Component, ...] = field(default=(), compare=False)
    retained: bool = False
    on_change: bool = True  # false: only with everything else, every 10 s
    present: Present = always  # false: there is no such thing on this charger, and Home Assistant is told so


@dataclass(frozen=True, slots=True)
class Action:
    """Something Home Assistant can ask for that has no state."""

    component: Component
    present: Present = always


def values(topics: Iterable[Topic], view: View) -> dict[Topic, Payload]:
    """What every topic says now; None is "not known"."""
    return {topic: topic.value(view) if topic.present(view) else None for topic in topics}


def same(before: Payload, now: Payload) -> bool:
    """Whether two payloads of a topic say the same."""
    if isinstance(before, Moment) and isinstance(now, Moment):
        return abs(before.unix_s - now.unix_s) <= _SAME_MOMENT_S
    return before == now
