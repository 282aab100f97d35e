"""``evsed replay``: reads a trace, replays it, and writes figures, series and picture.

Owns what a replay takes and what it refuses, the order of its steps, its texts and exit status. Whatever can be refused
is refused before the replay takes its seconds.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evsed.core.model import MeterType, Mode
from evsed.core.setting import SettingError
from evsed.core.settings import Settings
from evsed.core.units import Millis
from evsed.overrides import overridden
from evsed.replay import plot
from evsed.replay.engine import Options, Replay, Row
from evsed.replay.plant import Car
from evsed.replay.trace import Trace, TraceError, read

SERIES: Final = (
    "t,state,offer_dA,duty_1024,c1,c2,car1_dA,car2_dA,car3_dA,mains1_dA,mains2_dA,mains3_dA"  # one row a second
)
STDOUT: Final = "-"
INTERRUPTED: Final = 130

_PLANT: Final = (
    "mains_meter=API",
    "current_max=16",
    "current_main=25",
    "solar_start_current=4",
    "solar_stop_time=10",
    "solar_max_import=0",
    "enable_C2=Always On",
)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line."""

    trace: Path
    mode: str = "smart"
    settings: tuple[str, ...] = ()
    """KEY=VALUE, on top of the plant's and of ``mode``."""
    car_lag_ms: Millis = 2_000
    """0 to 30 000, a multiple of 10."""
    car_phases: int = 3
    """1 to 3."""
    meter_period_ms: Millis = 1_000
    """100 to 60 000, a multiple of 10."""
    json: str | None = None
    """A file, or ``-`` for stdout and nothing else there."""
    series: Path | None = None
    plot: Path | None = None

    @property
    def files(self) -> dict[str, Path]:
        """The files that are to be written, by option."""
        written = {
            "--json": None if self.json in {None, STDOUT} else Path(str(self.json)),
            "--series": self.series,
            "--plot": self.plot,
        }
        return {option: path for option, path in written.items() if path is not None}


class RequestError(Exception):
    """The command line asks for what a replay cannot do; the text says what it can."""


class OutputError(Exception):
    """A file cannot be written; the text names it."""


def run(request: Request) -> int:
    """Replays; the exit status."""
    try:
        _run(request)
    except (RequestError, SettingError) as error:
        return _refused(error, os.EX_USAGE)
    except TraceError as error:
        return _refused(error, os.EX_DATAERR)
    except (OutputError, plot.PlotError) as error:
        return _refused(error, os.EX_CANTCREAT)
    except KeyboardInterrupt:
        return INTERRUPTED
    return os.EX_OK


def _refused(error: Exception, status: int) -> int:
    sys.stderr.write(f"evsed replay: {error}\n")
    return status


def _run(request: Request) -> None:
    settings = settings_of(request)
    _check_apart(request)
    trace = read(request.trace)
    if request.plot is not None:
        plot.load()
    for path in request.files.values():
        _check_writable(path)
    car = Car(request.car_lag_ms, request.car_phases)
    replay = Replay(trace, Options(settings, car, request.meter_period_ms))
    replay.run()
    _write(request, trace, settings, replay)


# ---- what is asked for ----


def settings_of(request: Request) -> Settings:
    """The owner settings of this replay. Raises SettingError, or RequestError for what no replay has."""
    settings = overridden(Settings(), (*_PLANT, f"mode={request.mode}", *request.settings))
    if settings.mains_meter != MeterType.API:
        raise RequestError("--set mains_meter: the mains meter of a replay is API, as the trace says what it shows")
    if settings.ev_meter not in {MeterType.DISABLED, MeterType.API}:
        raise RequestError("--set ev_meter: the meter of the car is API in a replay, or Disabled (there is none)")
    if settings.circuit_meter != MeterType.DISABLED:
        raise RequestError("--set circuit_meter: a trace has no circuit meter; it stays Disabled")
    if settings.loadbl:
        raise RequestError("--set loadbl: a replay has one charger; power sharing stays Disabled")
    return settings


def _check_apart(request: Request) -> None:
    """No output overwrites the trace, or another output."""
    taken = [(request.trace, "the trace")]
    for option, path in request.files.items():
        for other, what in taken:
            if _same(path, other):
                raise RequestError(f"{option} {path}: is {what} already; name another file")
        taken.append((path, option))


def _same(path: Path, other: Path) -> bool:
    """Whether both are one file; devices and pipes are none."""
    try:
        return path.samefile(other) and path.is_file()
    except OSError:
        return path.absolute() == other.absolute()


def _check_writable(path: Path) -> None:
    try:
        there = path.exists()
        if there and not path.is_file() and not path.is_dir():
            return  # a pipe or a device: opening it may wait for who reads it
        path.open("ab").close()
        if not there:
            path.unlink()
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written: {error.strerror}; name another file")


# ---- what comes out ----


def _write(request: Request, trace: Trace, settings: Settings, replay: Replay) -> None:
    result = replay.measures.result()
    replayed = (
        f"{_printable(request.trace)}, {trace.seconds / 3_600:.4g} h, mode {Mode(settings.mode).name.capitalize()}"
    )
    document = json.dumps(result, indent=2) + "\n"
    texts = {"--json": document, "--series": _series(replay.rows) if request.series else ""}
    for option, path in request.files.items():
        if option in texts:
            _save(path, texts[option])
    if request.plot is not None:
        plot.draw(request.plot, replayed, curves(trace, replay.rows, settings))
    _say(document if request.json == STDOUT else f"{replayed}\n{_table(result)}")


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _cannot_write(path, error) from None


def _say(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left of it must not fail again
        if not isinstance(error, BrokenPipeError):  # else who reads it has seen enough
            raise OutputError(f"the figures cannot be printed: {error.strerror}") from None


def _printable(path: Path) -> str:
    """A file's name may hold bytes that are no text."""
    encoding = sys.stdout.encoding or "utf-8"
    return str(path).encode(encoding, "backslashreplace").decode(encoding)


def _series(rows: list[Row]) -> str:
    lines = [SERIES]
    for row in rows:
        figures = (row.t, row.state, row.offer, row.duty_1024, row.c1, row.c2, *row.car, *row.mains)
        lines.append(",".join(map(str, figures)))
    return "\n".join(lines) + "\n"


def curves(trace: Trace, rows: list[Row], settings: Settings) -> plot.Curves:
    """What the picture shows of a replay."""
    return plot.Curves(
        house=[max(row) / 10 for row in trace.house],
        sun=[max(row) / 10 for row in trace.sun],
        offer=[row.offer / 10 for row in rows],
        car=[row.car[0] / 10 for row in rows],
        mains=[max(row.mains) / 10 for row in rows],
        limit=float(settings.current_main),
    )


def _table(result: dict[str, Any]) -> str:
    """The figures for people: name, value, unit."""
    over, stops = result["over_as"], result["stops"]
    lines: list[tuple[str, object, str]] = [
        ("charged", result["car_kwh"], "kWh"),
        ("surplus of the sun", result["surplus_kwh"], "kWh"),
        ("of it into the car", result["surplus_used_pct"], "%"),
        ("from the grid into the car", result["grid_kwh"], "kWh"),
        *((f"above MAINS on {phase}", value, "A s") for phase, value in over.items()),
        ("longest time above MAINS", result["longest_over_s"], "s"),
        ("highest mains current over 10 s", result["rms10_a"], "A (rms)"),
        ("closings of contactor 1", result["closings"], ""),
        ("closings of contactor 2", result["closings_c2"], ""),
        ("changes of the offer", result["offer_changes"], ""),
        *((f"stops: {reason}", count, "") for reason, count in stops.items()),
    ]
    return "".join(f"{name:32} {value:>10} {unit}".rstrip() + "\n" for name, value, unit in lines)
