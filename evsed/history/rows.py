"""The rows of the last day as they are kept: a ring of small integers, a column an array.

One thread puts rows, any other may read at the same time: a reader sees whole rows only. Owns where a row is kept, and
when it was by the clock that is right now; not what is in it (seen.py), nor its file (file.py).
"""

from array import array
from dataclasses import dataclass
from typing import Final, TypeAlias

from evsed.core.states import State

STEP_S: Final = 30
ROWS: Final = 24 * 3600 // STEP_S
_BEING_WRITTEN: Final = 2  # places beyond ROWS: what is put now is in none that a reader looks at

CURRENTS: Final = (
    *("mains_l1", "mains_l2", "mains_l3", "mains_highest_l1", "mains_highest_l2", "mains_highest_l3"),
    *("ev_l1", "ev_l2", "ev_l3", "offer", "limit", "battery"),
)
"""Deciampere."""

NUMBERS: Final = (*CURRENTS, "ev_wh")
_COLUMNS: Final = (*NUMBERS, "state", "reason")

_UNKNOWN: Final = -32_768
_MOST: Final = 32_767

Column: TypeAlias = "list[int | None]"


@dataclass(frozen=True, slots=True)
class Row:
    """Half a minute: NUMBERS in their order, None where nobody knows; ``reason`` is empty while the car charges."""

    numbers: tuple[int | None, ...]
    state: State
    reason: str


class History:
    """The last ROWS rows. They are numbered by the half minutes since the machine started, so that no clock moves one
    before another, and what was not recorded is a gap.
    """

    def __init__(self, series: str = "") -> None:
        """``series``: whose numbers these are; those of another start of the machine are others."""
        self.series = series
        self.last: int | None = None
        """The newest row; None: none yet, or the rows of the daemon before this one are being read."""

        self.begun_s: float | None = None
        """The Unix time at which row 0 began, by the clock as it is now; None while that is not known to be right."""

        self.reasons: list[str] = []
        """What the numbers in the column ``reason`` stand for."""

        size = ROWS + _BEING_WRITTEN
        self._numbers = array("q", [-1]) * size
        self._columns = {name: array("h", [_UNKNOWN]) * size for name in _COLUMNS}

    def put(self, number: int, row: Row) -> None:
        """Keeps ``row``. Rows come in order; one that is there is replaced."""
        place = number % len(self._numbers)
        self._numbers[place] = -1
        for name, value in zip(NUMBERS, row.numbers, strict=True):
            self._columns[name][place] = _small(value)
        self._columns["state"][place] = int(row.state)
        self._columns["reason"][place] = self._code(row.reason)
        self._numbers[place] = number
        self.last = number

    def _code(self, reason: str) -> int:
        if not reason:
            return _UNKNOWN
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason)

    def has(self, number: int) -> bool:
        """Whether there is such a row."""
        return self._numbers[number % len(self._numbers)] == number

    def span(self, most: int = ROWS, after: int = -1) -> range:
        """The numbers of the last ``most`` rows with a number above ``after``, from the first that there is."""
        last = self.last
        if last is None:
            return range(0)
        begin = max(last - min(most, ROWS) + 1, after + 1, 0)
        return range(next((number for number in range(begin, last + 1) if self.has(number)), last + 1), last + 1)

    def column(self, name: str, span: range) -> Column:
        """The values of a column, None where they are unknown and where there is no row."""
        numbers, values, size = self._numbers, self._columns[name], len(self._numbers)
        return [None if numbers[n % size] != n or values[n % size] == _UNKNOWN else values[n % size] for n in span]

    def row(self, number: int) -> Row | None:
        """One row; None: there is no such row."""
        if not self.has(number):
            return None
        place = number % len(self._numbers)
        *numbers, state, reason = (self._columns[name][place] for name in _COLUMNS)
        known = tuple(None if value == _UNKNOWN else value for value in numbers)
        return Row(known, State(state), "" if reason == _UNKNOWN else self.reasons[reason])

    def begin_of(self, number: int) -> int | None:
        """The Unix time at which the row of this number began; None while the time of day is not known."""
        return None if self.begun_s is None else round(self.begun_s) + number * STEP_S


def _small(value: int | None) -> int:
    return _UNKNOWN if value is None else max(-_MOST, min(_MOST, value))
