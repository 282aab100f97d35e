"""Days for the tests of the replay: pieces of generated traces, quiet ones, and the settings of the reference plant."""

from pathlib import Path

from evsed.core.settings import Settings
from evsed.replay.command import Request, settings_of
from evsed.replay.trace import Trace
from tests.traces.make import make

Phases = tuple[int, int, int]


def plant_settings(*given: str, mode: str = "smart") -> Settings:
    """Those of a replay, with KEY=VALUE on top."""
    return settings_of(Request(Path("day.csv"), mode, given))


def piece(kind: str, seed: int, start: int, seconds: int) -> Trace:
    """A part of a generated trace."""
    whole = make(kind, seed)
    end = start + seconds
    return Trace(f"{whole.name} from {start} s", whole.house[start:end], whole.sun[start:end])


def steady(seconds: int, house: Phases = (10, 10, 10), sun: Phases = (0, 0, 0)) -> Trace:
    """The same all the time, in dA."""
    return Trace("steady", [house] * seconds, [sun] * seconds)
