"""The brakes on PINs outlive a restart: guesses.json, so that who can restart the daemon does not guess afresh.

Owns the file. The wall clock is all that goes on while the daemon does not: where it has jumped back, no time has
passed. A file that cannot be used, and a directory that takes none, mean that nothing is free: a try every 5 minutes.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from evsed.api.tries import FREE_OF_ALL, LONGEST_WAIT_S, Brake
from evsed.files import replace_text

log = logging.getLogger(__name__)

_ONE: Final = 1.0  # the right PIN opens at once, and each start is worth one guess
_SCHEMA: Final = 1
_ONLY_US: Final = 0o600


class Guesses:
    """The brakes of one charger; without a ``directory`` they are kept in memory only."""

    def __init__(
        self,
        directory: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.installer = Brake()
        self.lcd = Brake()
        self._path = None if directory is None else directory / "guesses.json"
        self._clock = clock
        self._wall = wall
        self._writing = threading.Lock()
        self._told = False

    def load(self) -> None:
        """Goes on where the last daemon was; waits for the disk."""
        if self._path is None:
            return
        left = {"installer": float(FREE_OF_ALL), "lcd": float(FREE_OF_ALL)}
        try:
            left = _left(self._path.read_text(encoding="utf-8"), self._wall())
        except FileNotFoundError:
            pass
        except (OSError, ValueError, ArithmeticError, RecursionError) as error:
            left = dict.fromkeys(left, _ONE)
            self._tell(f"cannot be used ({str(error)[:80]!a}), so PINs are tried every 5 minutes at first")
        self._set(left)
        if not self.keep():
            self._set(dict.fromkeys(left, _ONE))  # a restart would forget what is counted

    def keep(self) -> bool:
        """Writes how many guesses are left; False when that failed. Waits for the disk; on any thread."""
        if self._path is None:
            return True
        with self._writing:
            brakes = {"installer": self.installer, "lcd": self.lcd}
            left = {name: round(brake.left(self._clock()), 3) for name, brake in brakes.items()}
            text = json.dumps({"schema": _SCHEMA, "unix_s": round(self._wall(), 3), "left": left}) + "\n"
            try:
                replace_text(self._path, text, mode=_ONLY_US)
            except OSError as error:
                self._tell(f"cannot be written ({error.strerror or error}): a restart forgets who guessed at PINs")
                return False
        return True

    def _set(self, left: dict[str, float]) -> None:
        self.installer.set(left["installer"], self._clock())
        self.lcd.set(left["lcd"], self._clock())

    def _tell(self, what: str) -> None:
        if not self._told:
            log.error("%s %s", self._path, what)
        self._told = True


def _left(text: str, unix_s: float) -> dict[str, float]:
    """How many are free at ``unix_s``. Raises ValueError for what is damaged."""
    found = json.loads(text)
    if not isinstance(found, dict) or found.get("schema") != _SCHEMA or not isinstance(found.get("left"), dict):
        raise ValueError("it is no list of guesses")
    since_s = max(0.0, unix_s - _number(found.get("unix_s")))
    return {name: _number(found["left"].get(name)) + since_s / LONGEST_WAIT_S for name in ("installer", "lcd")}


def _number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < float("inf"):
        raise ValueError("a number is missing")
    return float(given)
