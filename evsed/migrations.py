"""What older versions of the settings file mean now: a step from each schema to the next.

Owns the number of the schema and the steps. Reading and keeping the file is store.py's. A new setting of an installer
is a new schema, whose step gives it its value: where an installer's value is missing, SET UP is not done any more.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

Document: TypeAlias = dict[str, Any]

SCHEMA: Final = 3
"""Of the files that this evsed writes."""


UNSIGNED: Final = 1
"""The last schema without SET UP: that its settings were looked at is concluded, not said."""

_INSTALLERS_1: Final[Mapping[str, object]] = MappingProxyType(
    {"config": "Socket", "lock": "Disabled", "loadbl": "Disabled", "grid": "4Wire", "rcmon": "Disabled"}
    | {"current_main": 25, "current_max": 13, "current_max_circuit": 16, "temp_max": 65}
    | {"byte_order": "LBF & LWF", "data_type": "INT32", "function": "3:Hold. Regs"}
    | {f"{role}_meter": "Disabled" for role in ("mains", "ev", "circuit")}
    | {f"{role}_meter_host": "" for role in ("mains", "ev", "circuit")}
    | {"mains_meter_address": 10, "ev_meter_address": 12, "circuit_meter_address": 13}
    | {f"{what}_{part}": 0 for what in ("voltage", "current", "power", "energy") for part in ("register", "divisor")}
)
"""What an installer sets, as an evsed of schema 1 wrote it where nobody had set anything."""


def _in_use(document: Document) -> Document:
    """Schema 1 had no SET UP: whoever set what an installer sets has charged with it."""
    stored = document["settings"]
    bare = all(stored.get(key, default) == default for key, default in _INSTALLERS_1.items())
    return {**document, "settings": {**stored, "set_up": "Not done" if bare else "Done"}}


def _unguarded(document: Document) -> Document:
    """Schema 2 knew of no login and told nobody of faults."""
    return {
        **document,
        "settings": {"login": "Off", "alert_mqtt": "Disabled", "alert_webhook": "", **document["settings"]},
    }


_STEPS: Final[Mapping[int, Callable[[Document], Document]]] = MappingProxyType({1: _in_use, 2: _unguarded})
"""From this schema to the next."""

OLDEST: Final = min(_STEPS)


def migrated(document: Document, schema: int) -> Document:
    """A document of ``schema`` (OLDEST to SCHEMA), whose settings are a table, as one of SCHEMA."""
    for step in range(schema, SCHEMA):
        document = _STEPS[step](document)
    return {**document, "schema": SCHEMA}
