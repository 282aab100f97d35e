"""The generator: the same every time, readable, and like the recorded traces."""

from pathlib import Path

import pytest

from evsed.replay.trace import Trace, read
from tests.traces.__main__ import main
from tests.traces.figures import Figures, figures
from tests.traces.house import LARGEST_DA
from tests.traces.make import KINDS, make


@pytest.fixture(scope="module", params=KINDS)
def trace(request: pytest.FixtureRequest) -> Trace:
    return make(request.param, 7)


def test_a_kind_and_a_seed_give_one_trace(trace: Trace) -> None:
    kind = trace.name.removesuffix("_7")
    assert make(kind, 7) == trace
    assert make(kind, 8).house != trace.house


def test_the_household_alone_never_passes_the_fuse(trace: Trace) -> None:
    assert all(0 < current <= LARGEST_DA for row in trace.house for current in row)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_the_file_reads_back(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"fuse3_4{ending}"
    assert main(["fuse3", "4", str(path)]) == 0
    assert read(path) == make("fuse3", 4)
    again = tmp_path / f"again{ending}"
    main(["fuse3", "4", str(again)])
    assert again.read_bytes() == path.read_bytes()


def test_a_file_is_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fuse1_2.csv.gz"
    main(["fuse1", "2", str(path)])
    assert main(["--figures", str(path)]) == 0
    assert "pulses_an_hour=" in capsys.readouterr().out
    assert main(["--figures", str(tmp_path)]) == 1
    assert "not a file" in capsys.readouterr().err


_ALIKE: dict[str, dict[str, tuple[float, float]]] = {
    "clear": {"surplus_kwh": (34, 38), "sun_mean_a": (5.6, 5.8), "crossings_18_a": (2, 90),
              "sun_edges_an_hour": (0, 0)},
    "broken": {"surplus_kwh": (15, 23), "sun_mean_a": (3.2, 4.2), "crossings_18_a": (80, 220),
               "sun_edges_an_hour": (24, 38)},
    "overcast": {"surplus_kwh": (0.1, 5), "sun_mean_a": (1.1, 1.9), "crossings_18_a": (0, 6),
                 "sun_edges_an_hour": (0, 0)},
    "fuse1": {"at_24_a_pct": (12, 20), "surplus_kwh": (0, 0)},
    "fuse3": {"at_24_a_pct": (0, 1.2), "surplus_kwh": (0, 0)},
}  # fmt: skip
"""Lowest and highest allowed, around what the recorded trace of the kind has."""
_DAY_PULSES, _FUSE1_PULSES, _FUSE3_PULSES = (2.4, 4.5), (125, 165), (22, 40)
_PULSES_AN_HOUR = {"fuse1": _FUSE1_PULSES, "fuse3": _FUSE3_PULSES}


def test_a_trace_is_like_the_recorded_one_of_its_kind(trace: Trace) -> None:
    kind = trace.name.removesuffix("_7")
    found: Figures = figures(trace)
    for name, (low, high) in _ALIKE[kind].items():
        assert low <= getattr(found, name) <= high, name
    least, most = _PULSES_AN_HOUR.get(kind, _DAY_PULSES)
    assert least <= sum(found.pulses_an_hour) <= most
