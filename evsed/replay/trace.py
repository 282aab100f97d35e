"""Reads a recorded day: what the house drew and the sun gave on each phase, one row a second.

Owns the file format, what is forgiven in it, and the texts for what is not. What is done with the figures is not here.
"""

import csv
import gzip
import io
import math
import zlib
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Final, NoReturn

COLUMNS: Final = ("t", "house1_dA", "house2_dA", "house3_dA", "pv1_dA", "pv2_dA", "pv3_dA")
LONGEST_SECONDS: Final = 7 * 86_400
LONGEST_HOLD_SECONDS: Final = 60
"""So many seconds may be missing in a row: the row before them holds."""
LARGEST_BYTES: Final = 256 * 1024 * 1024
"""Unpacked. Seven days need 20 MB; a packed file of a few kilobytes may hold any size."""
_LARGEST_NUMBER: Final = 1e15
_HOUSE_DA: Final = (-2_000, 2_000)
_SUN_DA: Final = (0, 2_000)


class TraceError(ValueError):
    """The file cannot be used; the text names file and line and says what to do."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A recorded day; index = second since the first row, one figure a phase, in dA."""

    name: str
    """The file's name without its endings."""
    house: list[tuple[int, int, int]]
    """-2000 to 2000 dA."""
    sun: list[tuple[int, int, int]]
    """0 to 2000 dA."""

    @property
    def seconds(self) -> int:
        """How long the trace is, 1 to 604 800 s."""
        return len(self.house)


@dataclass(frozen=True, slots=True)
class _Table:
    """The columns of COLUMNS as texts, and the line of the file that each row ends on."""

    path: Path
    columns: list[tuple[str, ...]]
    lines: list[int]

    def refuse(self, row: int, text: str) -> NoReturn:
        """Raises TraceError for the row at index ``row``."""
        raise TraceError(f"{self.path}, line {self.lines[row]}: {text}")


def read(path: Path) -> Trace:
    """The trace in ``path`` (.csv, or .csv.gz). Raises TraceError and nothing else for whatever is wrong with it.

    Columns may stand in any order, others are ignored, ``t`` may begin anywhere, decimals are rounded. Up to 60 missing
    seconds are filled with the row before them.
    """
    table = _table(path, _text(path))
    times = _times(table)
    figures = [_currents(table, index, _HOUSE_DA if index < 4 else _SUN_DA) for index in range(1, len(COLUMNS))]
    house = list(zip(*figures[:3], strict=True))
    sun = list(zip(*figures[3:], strict=True))
    if times[-1] >= len(times):
        lengths = [after - before for before, after in zip(times, [*times[1:], times[-1] + 1], strict=True)]
        house, sun = _held(house, lengths), _held(sun, lengths)
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    return Trace(name, house, sun)


def _text(path: Path) -> str:
    packed = path.suffix == ".gz"
    try:
        if not path.is_file():
            what = "not a file" if path.exists() else "not there"
            raise TraceError(f"{path}: is {what}; name a .csv or .csv.gz file")
        with gzip.open(path) if packed else path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except gzip.BadGzipFile:
        raise TraceError(f"{path}: is not packed with gzip; pack it (gzip FILE.csv) or drop the .gz") from None
    except (EOFError, zlib.error):
        raise TraceError(f"{path}: the packed file is cut off or damaged; copy or pack it again") from None
    except OSError as error:
        raise TraceError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > LARGEST_BYTES:
        raise TraceError(f"{path}: is larger than {LARGEST_BYTES // 1024**2} MB; cut it into days")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = "save it as CSV, or end its name in .gz if it is packed"
        raise TraceError(f"{path}, line {line}: is not UTF-8 text; {what}") from None


def _table(path: Path, text: str) -> _Table:
    reader = csv.reader(io.StringIO(text, newline=None))
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    try:
        header = next(filter(None, reader), [])
        pick = itemgetter(*_places(path, [name.strip() for name in header], reader.line_num))
        for row in islice(filter(None, reader), LONGEST_SECONDS + 1):
            rows.append(pick(row))
            lines.append(reader.line_num)
    except csv.Error as error:
        raise TraceError(f"{path}, line {reader.line_num}: is not CSV ({error}); save it as CSV again") from None
    except IndexError:
        raise TraceError(
            f"{path}, line {reader.line_num}: has fewer columns than the header; complete or remove the line"
        ) from None
    if not rows:
        raise TraceError(f"{path}: has no row below its header; one row a second is wanted")
    return _Table(path, list(zip(*rows, strict=True)), lines)


def _places(path: Path, header: list[str], line: int) -> list[int]:
    """Where each of COLUMNS stands."""
    wanted = f"the first line must be {','.join(COLUMNS)}"
    if not header:
        raise TraceError(f"{path}: is empty; {wanted}")
    for name in COLUMNS:
        if header.count(name) != 1:
            what = "there more than once" if name in header else "missing"
            raise TraceError(f"{path}, line {line}: column {name} is {what}; {wanted}, with commas between")
    return list(map(header.index, COLUMNS))


def _numbers(table: _Table, column: int) -> list[float]:
    """The figures of a column, all finite. A column holds the same few texts again and again: each is read once."""
    texts = table.columns[column]
    known = {text: _number(text) for text in set(texts)}
    if not all(map(math.isfinite, known.values())):
        row, text = next((row, text) for row, text in enumerate(texts) if not math.isfinite(known[text]))
        table.refuse(row, f"{COLUMNS[column]} is {text[:40]!r}; write a number there")
    return list(map(known.__getitem__, texts))


def _number(text: str) -> float:
    """nan when it is none, or beyond all sense. Python reads 1_000, nobody else does."""
    try:
        number = math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
    return number if abs(number) <= _LARGEST_NUMBER else math.nan


def _nearest(number: float) -> int:
    return math.floor(number + 0.5)


def _currents(table: _Table, column: int, bounds: tuple[int, int]) -> list[int]:
    low, high = bounds
    numbers = _numbers(table, column)
    whole = {number: _nearest(number) for number in set(numbers)}
    if min(whole.values()) < low or max(whole.values()) > high:
        row = next(row for row, number in enumerate(numbers) if not low <= whole[number] <= high)
        text = table.columns[column][row][:40]
        table.refuse(row, f"{COLUMNS[column]} is {text}; it takes {low} to {high} dA (tenths of an ampere)")
    return list(map(whole.__getitem__, numbers))


def _times(table: _Table) -> list[int]:
    """Whole seconds since the first row, always growing."""
    given = _numbers(table, 0)
    times = [_nearest(time - given[0]) for time in given]
    texts = table.columns[0]
    for row, (before, time) in enumerate(pairwise(times), 1):
        if time == before + 1 and time < LONGEST_SECONDS:
            continue
        if time <= before:
            what = "repeats" if time == before else "goes back"
            told = f"{texts[row - 1][:20]}, then {texts[row][:20]}"
            table.refuse(row, f"t {what} ({told}); one row a second is wanted, in order")
        if time - before - 1 > LONGEST_HOLD_SECONDS:
            told = f"t is {texts[row - 1][:20]}, then {texts[row][:20]}"
            table.refuse(row, f"more than {LONGEST_HOLD_SECONDS} s are missing ({told}); cut the trace there")
        if time >= LONGEST_SECONDS:
            table.refuse(row, f"more than {LONGEST_SECONDS // 86_400} days; cut the trace before this line")
    return times


def _held(rows: list[tuple[int, int, int]], lengths: list[int]) -> list[tuple[int, int, int]]:
    """Each row for as many seconds as it holds."""
    return [row for row, length in zip(rows, lengths, strict=True) for _ in range(length)]
