"""Recordings that somebody tampered with, for testing the judge: changes are moved and edited, the rows made to fit."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from tests.conformance.runs import OUTPUTS, SUFFIX

Event: TypeAlias = tuple[int, str, int, int]
_MORE = {"access": "access", "mode": "mode"}


class Recording:
    """A recording as raw lines; ``events`` may be changed freely before ``save``."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            self.header, *self.rows = [json.loads(line) for line in file]
        self.events: list[Event] = [
            (at, what, old, new) for row in self.rows for at, what, old, new in row.get("evt", ())
        ]
        self.first: dict[str, Any] = {key: self.rows[0][key] for key in OUTPUTS.values()}
        for _at, what, old, _new in reversed([event for event in self.events if event[0] < 1_000]):
            if what in OUTPUTS:
                self.first[OUTPUTS[what]] = old

    def shift(self, at_ms: int, by_ms: int) -> bool:
        """Moves everything that changed within 20 ms of ``at_ms``; False when that would change the order of states."""
        moved = [event for event in self.events if abs(event[0] - at_ms) <= 20 and event[1] != "pwm"]
        others = [event for event in self.events if event not in moved]
        low, high = sorted((at_ms, at_ms + by_ms))
        if any(low <= event[0] <= high and event[1] in OUTPUTS for event in others):
            return False
        if not 0 < at_ms + by_ms < len(self.rows) * 1_000 - 1_000:
            return False
        self.events = others + [(at + by_ms, what, old, new) for at, what, old, new in moved]
        return True

    def edit(self, change: Callable[[Event], Event | None]) -> None:
        """Replaces each event by what ``change`` makes of it; None leaves it out."""
        self.events = [edited for event in self.events if (edited := change(event)) is not None]

    def save(self, directory: Path, name: str) -> Path:
        """Writes the recording; rows and events tell the same story."""
        shown = dict(self.first)
        events = sorted(self.events, key=lambda event: event[0])
        for second, row in enumerate(self.rows):
            mine = [event for event in events if event[0] // 1_000 == second]
            row.pop("evt", None)
            if mine:
                row["evt"] = [list(event) for event in mine]
            for _at, what, _old, new in mine:
                if what in OUTPUTS:
                    shown[OUTPUTS[what]] = new
            row.update(shown)
        path = directory / f"{name}{SUFFIX}"
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in (self.header, *self.rows))
        return path
