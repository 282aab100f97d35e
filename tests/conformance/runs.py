"""The file format of a recorded run: a header, then one row for each second. Reads and checks; judges nothing."""

import gzip
import itertools
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SUFFIX: Final = ".jsonl.gz"
OUTPUTS: Final = {"state": "state", "err": "err", "c1": "c1", "c2": "c2", "nph": "nph", "cpoff": "cpoff"}
"""What a row shows at its end, by the name of the change that leads to it."""

_NEEDED = ("house", "pv", "plug", "want", "ev_v", "state", "err", "c1", "c2", "nph", "cpoff", "access", "mode")
_LONGEST_S = 100_000
COARSE_MS: Final = 500
_NODES_DEED: Final = re.compile(r"n\d:")


class RunError(Exception):
    """A run that cannot be read or replayed; the text says why."""


@dataclass(frozen=True, slots=True)
class CarModel:
    """The recorded car's habits; times in ms, current in dA."""

    evmax: int = 160
    evphases: int = 3
    c_delay: int = 1_000
    stop_delay: int = 1_000
    start_delay: int = 2_000
    dead: int = 2_000
    meter_phase: int = 500
    nodiode: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """One line of the script."""

    at_ms: int
    name: str
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of what the recorded charger showed."""

    at_ms: int
    what: str
    new: int


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded run."""

    name: str
    description: str
    settings: Mapping[str, int]
    car: CarModel
    access_at_boot: int
    actions: tuple[Action, ...]
    rows: tuple[Mapping[str, Any], ...]
    changes: tuple[Change, ...]
    nodes: tuple["Run", ...] = ()
    """The chargers that share power with this one, each as a run of its own with its script, rows and changes."""
    coarse_ms: int = 0
    """By how much a change may be off: of nodes only what holds at the end of each second was recorded."""

    @property
    def shares(self) -> bool:
        """Whether this charger shares power with others, as master or as node."""
        return self.settings.get("LoadBl", 0) != 0

    @property
    def end_ms(self) -> int:
        """The moment at which the recording ends."""
        return len(self.rows) * 1_000

    def row_at(self, at_ms: int) -> Mapping[str, Any]:
        """The row of the second in which ``at_ms`` lies; the first or last one outside the recording."""
        return self.rows[min(max(at_ms // 1_000, 0), len(self.rows) - 1)]

    def circuit_loads(self, second: int) -> list[int]:
        """What others draw on the charger's circuit: by the script, or what the meter showed beyond the car; dA."""
        given = [action for action in self.actions if action.name == "circ"]
        before = [action for action in given if action.at_ms <= second * 1_000]
        if given:
            return [int(value) for value in before[-1].args[0]] if before else [0, 0, 0]
        row = self.row_at(second * 1_000)
        shown, car = row.get("circ") or (0, 0, 0), row.get("ev") or (0, 0, 0)
        return [max(0, int(total) - int(drawn)) for total, drawn in zip(shown, car, strict=True)]


def name_of(path: Path) -> str:
    """The run's name: the file's, without its endings."""
    return path.name.removesuffix(SUFFIX)


def load(path: Path) -> Run:
    """Reads a run. Raises RunError when the file is damaged or is something else."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.strip()]
    except (OSError, EOFError, ValueError, zlib.error, RecursionError) as error:
        raise RunError(f"the file is damaged ({error})") from error
    if not lines or not all(isinstance(line, dict) for line in lines):
        raise RunError("the file is damaged (no header)")
    try:
        return _parse(name_of(path), lines[0], lines[1:])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise RunError(f"the file is damaged ({type(error).__name__}: {error})") from error


def _parse(name: str, header: dict[str, Any], rows: list[dict[str, Any]]) -> Run:
    if "settings" not in header or "actions" not in header:
        raise RunError("the file is damaged (no header)")
    _check_rows(rows, header.get("duration"))
    count = int(header.get("nodes", 0))
    actions = [Action(round(float(at) * 1_000), str(what), tuple(args)) for at, what, *args in header["actions"]]
    actions.sort(key=lambda action: action.at_ms)
    run = Run(
        name=name,
        description=str(header.get("description", "")),
        settings={str(key): int(value) for key, value in header["settings"].items()},
        car=_car(header.get("ev_model", {})),
        access_at_boot=int(header.get("access_at_boot", 1)),
        actions=tuple(action for action in actions if not _NODES_DEED.match(action.name)),
        rows=tuple(rows),
        changes=tuple(
            Change(int(at), str(what), int(new)) for row in rows for at, what, _old, new in row.get("evt", ())
        ),
        nodes=tuple(_node(name, header, rows, actions, index) for index in range(1, count + 1)),
    )
    _check_changes(run)
    return run


def _node(name: str, header: dict[str, Any], rows: list[dict[str, Any]], actions: list[Action], index: int) -> Run:
    """Node ``index`` of a recorded group. When between two rows it changed is not known: the middle is taken."""
    deed = f"n{index}:"
    shown = [{**row, "nph": 3, "cpoff": 0, **row["nodes"][index - 1]} for row in rows]
    changes = [
        Change(int(after["t"]) * 1_000 + COARSE_MS, what, int(after[key]))
        for before, after in itertools.pairwise(shown)
        for what, key in OUTPUTS.items()
        if before[key] != after[key]
    ]
    return Run(
        name=f"{name} node {index}",
        description="",
        settings={str(key): int(value) for key, value in header["node_settings"][str(index)].items()},
        car=_car(header["node_ev"][str(index)]),
        access_at_boot=int(shown[0]["access"]),
        actions=tuple(
            Action(action.at_ms, action.name.removeprefix(deed), action.args)
            for action in actions
            if action.name.startswith(deed)
        ),
        rows=tuple(shown),
        changes=tuple(changes),
        coarse_ms=COARSE_MS,
    )


def _car(given: Mapping[str, Any]) -> CarModel:
    known = {key: int(value) for key, value in given.items() if key in CarModel.__dataclass_fields__}
    if unknown := set(given) - set(known):
        raise RunError(f"cannot replay a car with {', '.join(sorted(unknown))}")
    return CarModel(**known)


def _check_rows(rows: list[dict[str, Any]], duration: object) -> None:
    if not 0 < len(rows) < _LONGEST_S:
        raise RunError(f"the file is damaged ({len(rows)} rows)")
    if isinstance(duration, int) and duration != len(rows):
        raise RunError(f"the file is damaged ({len(rows)} rows for {duration} s)")
    for second, row in enumerate(rows):
        missing = [key for key in _NEEDED if key not in row]
        if row.get("t") != second or missing:
            raise RunError(f"the file is damaged (row {second}: {', '.join(missing) or 'wrong second'})")
        for key in ("house", "pv"):
            if len(row[key]) != 3 or not all(isinstance(value, int) for value in row[key]):
                raise RunError(f"the file is damaged (row {second}: {key})")


def _check_changes(run: Run) -> None:
    """The rows and the changes between them have to tell the same story."""
    shown = {what: run.rows[0][key] for what, key in OUTPUTS.items()}
    for what, key in OUTPUTS.items():
        first = next((change for change in run.changes if change.what == what), None)
        if first is not None and first.at_ms < 1_000:
            shown.pop(what)
        elif first is None:
            shown[what] = run.rows[0][key]
    pending = list(run.changes)
    for before, after in itertools.pairwise(pending):
        if after.at_ms < before.at_ms:
            raise RunError(f"the file is damaged (changes out of order at {after.at_ms / 1000:.2f} s)")
    at = 0
    for second, row in enumerate(run.rows):
        while at < len(pending) and pending[at].at_ms < (second + 1) * 1_000:
            shown[pending[at].what] = pending[at].new
            at += 1
        for what, key in OUTPUTS.items():
            if shown.get(what, row[key]) != row[key]:
                raise RunError(f"the file is damaged (row {second} and its changes disagree about {what})")
