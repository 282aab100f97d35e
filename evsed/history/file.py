"""The rows in a file, so that a restart of the daemon leaves no hole; in memory of the machine, so that no card wears.

Owns its form: a line that says whose rows these are, then a line a row. A line that is not whole at the end was being
written when the daemon died, and is passed over; anything else that cannot be read is damage, and it is begun anew.
"""

import logging
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Final

from evsed.core.states import State
from evsed.files import replace_text
from evsed.history.rows import NUMBERS, ROWS, History, Row

log = logging.getLogger(__name__)

NAME: Final = "history"
_MODE: Final = 0o600
_MEMORY: Final = Path("/run")
_MOST_LINES: Final = 2 * ROWS
_LONGEST: Final = 2_000_000  # bytes; far more than as many lines as there may be
_REASON: Final = re.compile("[a-z0-9_]{0,40}")
_MOST_REASONS: Final = 200


class HistoryFile:
    """The file in ``folder``; None: there is none, and a restart of the daemon loses the rows."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / NAME
        self._lines = _MOST_LINES  # so that the first row writes it whole
        self._failed = False

    def load(self, history: History, newest: int) -> None:
        """Puts into ``history`` what the file has of its series, up to the row ``newest``."""
        if self._path is None:
            return
        try:
            with self._path.open("rb") as file:
                text = file.read(_LONGEST + 1).decode("ascii")
            rows = _rows(text, history.series, newest)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            log.warning("%s cannot be used (%s): the charts of the last day begin anew", self._path, error)
            return
        for number, row in rows:
            if number > newest - ROWS:
                history.put(number, row)

    def add(self, history: History, number: int) -> None:
        """Writes the row ``number`` of ``history``. A disk that fails is told once."""
        if self._path is None:
            return
        try:
            if self._lines >= _MOST_LINES or not self._path.exists():
                replace_text(self._path, _text(history), mode=_MODE)
                self._lines = 1 + len(history.span())
            else:
                with self._path.open("a", encoding="ascii") as file:
                    file.write(_line(history, number))
                self._lines += 1
        except OSError as error:
            self._lines = _MOST_LINES  # what is missing is written too, as soon as it can be
            if not self._failed:
                log.warning("%s cannot be written (%s): a restart loses the charts of the last day", self._path, error)
            self._failed = True
        else:
            self._failed = False


def folder_of(state: Path, control: str, *, simulated: bool) -> Path | None:
    """Where the file is: systemd's runtime directory, else that of the socket ``control``; None: in neither.

    Never on an SD card, which thousands of writes a day would wear: only below /run, which is memory. A simulated
    charger has it with what else it keeps.
    """
    if simulated:
        return state
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if not (given or control):
        return None
    folder = Path(given) if given else Path(control).parent
    return folder if folder.resolve().is_relative_to(_MEMORY) else None


def _head(series: str) -> str:
    return f"evsed history 1 {series}\n"


def _text(history: History) -> str:
    return _head(history.series) + "".join(_line(history, number) for number in history.span())


def _line(history: History, number: int) -> str:
    row = history.row(number)
    if row is None:
        return ""
    values = ",".join("" if value is None else str(value) for value in row.numbers)
    return f"{number},{values},{int(row.state)},{row.reason}\n"


def _rows(text: str, series: str, newest: int) -> list[tuple[int, Row]]:
    """The rows in ``text``; none where they are of another series. Raises ValueError."""
    if len(text) > _LONGEST:
        raise ValueError("too long")
    head, *lines = text.splitlines(keepends=True) or [""]
    if not head.startswith("evsed history "):
        raise ValueError("no history")
    if head != _head(series):
        return []  # the machine was started anew since
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    found = [_row(line) for line in lines]
    numbers = [number for number, _ in found]
    if any(later < earlier for earlier, later in pairwise(numbers)):
        raise ValueError("rows out of order")
    if (numbers and numbers[-1] > newest) or len({row.reason for _, row in found}) > _MOST_REASONS:
        raise ValueError("rows that cannot be")
    return found


def _row(line: str) -> tuple[int, Row]:
    number, *values, state, reason = line.rstrip("\n").split(",")
    if len(values) != len(NUMBERS) or not _REASON.fullmatch(reason) or int(number) < 0:
        raise ValueError(f"not a row: {line[:80]!r}")
    return int(number), Row(tuple(int(value) if value else None for value in values), State(int(state)), reason)
