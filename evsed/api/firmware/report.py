"""The answer of GET /settings: which dialect a client is spoken to in, and the document in it. Pure.

Owns the choice; report_older.py owns the document of firmware 3.6, report_newer.py that of 3.11. A document is of one
dialect in every field: whoever asks for the newer one finds no kilowatt hour in it.
"""

from enum import Enum
from typing import Any, Final

from evsed.api.firmware import report_newer, report_older
from evsed.api.firmware.report_older import Unit, error_of
from evsed.core.snapshot import Snapshot

__all__ = ["Dialect", "Unit", "dialect_for", "error_of", "settings_document"]

_EVCC: Final = "evcc/"


class Dialect(Enum):
    """The firmware whose field names, types and units are spoken."""

    OLDER = "3.6"
    NEWER = "3.11"


def dialect_for(chosen: object, user_agent: str) -> Dialect:
    """The dialect for a client: ``chosen`` by the owner (setting ``rest_dialect``), or by who asks: evcc the newer."""
    for dialect in Dialect:
        if chosen == dialect.value:
            return dialect
    return Dialect.NEWER if user_agent.startswith(_EVCC) else Dialect.OLDER


def settings_document(snapshot: Snapshot, unit: Unit, dialect: Dialect = Dialect.OLDER) -> dict[str, Any]:
    """The whole document."""
    if dialect is Dialect.NEWER:
        return report_newer.document(snapshot, unit)
    return report_older.document(snapshot, unit)
