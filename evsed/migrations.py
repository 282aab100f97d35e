"""What older versions of the settings file mean now: a step from each schema to the next.

Owns the number of the schema and the steps. Reading and keeping the file is store.py's.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

Document: TypeAlias = dict[str, Any]

SCHEMA: Final = 2
"""Of the files that this evsed writes."""


def _in_use(document: Document) -> Document:
    """Schema 1 had no SET UP: whoever has such a file has charged with it."""
    return {**document, "settings": {**document["settings"], "set_up": "Done"}}


_STEPS: Final[Mapping[int, Callable[[Document], Document]]] = MappingProxyType({1: _in_use})
"""From this schema to the next."""

OLDEST: Final = min(_STEPS)


def migrated(document: Document, schema: int) -> Document:
    """A document of ``schema`` (OLDEST to SCHEMA), whose settings are a table, as one of SCHEMA."""
    for step in range(schema, SCHEMA):
        document = _STEPS[step](document)
    return {**document, "schema": SCHEMA}
