"""The tables of sessions.db, and the steps from each version of them to the next. ``user_version`` says which it is."""

from typing import Final

_SESSIONS: Final = """
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    start_s INTEGER,
    end_s INTEGER,
    seen_s INTEGER,
    ending TEXT,
    charging INTEGER NOT NULL,
    start_wh INTEGER,
    end_wh INTEGER,
    energy_wh INTEGER,
    complete INTEGER NOT NULL,
    solar_mwh INTEGER,
    one_phase_wh INTEGER NOT NULL,
    two_phases_wh INTEGER NOT NULL,
    three_phases_wh INTEGER NOT NULL,
    phases TEXT NOT NULL,
    modes TEXT NOT NULL,
    peak_da INTEGER,
    charging_ms INTEGER NOT NULL,
    closings1 INTEGER NOT NULL,
    closings2 INTEGER NOT NULL,
    last_stop TEXT NOT NULL,
    exchanges INTEGER NOT NULL
) STRICT
"""
_PARTS: Final = """
CREATE TABLE parts (
    session INTEGER NOT NULL REFERENCES sessions (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    card TEXT NOT NULL,
    name TEXT NOT NULL,
    energy_wh INTEGER NOT NULL,
    solar_mwh INTEGER NOT NULL,
    PRIMARY KEY (session, place)
) STRICT, WITHOUT ROWID
"""
_STOPS: Final = """
CREATE TABLE stops (
    session INTEGER NOT NULL REFERENCES sessions (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (session, place)
) STRICT, WITHOUT ROWID
"""
_COUNTERS: Final = """
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER
) STRICT, WITHOUT ROWID
"""

_OPEN: Final = "CREATE INDEX open_sessions ON sessions (number) WHERE ending IS NULL"

STEPS: Final[tuple[tuple[str, ...], ...]] = ((_SESSIONS, _PARTS, _STOPS, _COUNTERS, _OPEN),)
"""What makes version 1 of nothing, version 2 of version 1, and so on."""

VERSION: Final = len(STEPS)
