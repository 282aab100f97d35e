"""``evsed replay`` as an owner types it: what comes out, and what is refused with which words and status."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evsed import cli
from evsed.core.settings import Settings
from evsed.replay import command
from evsed.replay.command import Request, settings_of
from evsed.replay.engine import Options, Replay
from evsed.replay.trace import Trace, read
from tests.replay.days import piece, steady
from tests.traces.make import write

KEYS = {
    "car_kwh", "surplus_kwh", "surplus_used_pct", "grid_kwh", "over_as", "longest_over_s", "rms10_a", "closings",
    "closings_c2", "offer_changes", "stops",
}  # fmt: skip
HEADER = "t,state,offer_dA,duty_1024,c1,c2,car1_dA,car2_dA,car3_dA,mains1_dA,mains2_dA,mains3_dA"


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """30 s in which the house draws 1 A, and the sun gives 12 A, on every phase."""
    path = tmp_path / "day.csv"
    write(steady(30, sun=(120, 120, 120)), path)
    return path


def replayed(*arguments: object) -> int:
    return cli.main(["replay", *map(str, arguments)])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Status, and what stderr says in its last line; nothing comes on stdout."""
    try:
        status = replayed(*arguments)
    except SystemExit as ended:
        status = int(str(ended.code))
    out, err = capsys.readouterr()
    assert out == ""
    return status, err.splitlines()[-1]


def figures(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


# ---- what comes out ----


def test_a_table_for_people(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(day, "--mode", "solar") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{day}, 0.008333 h, mode Solar"
    assert lines[1].split() == ["charged", "0.025", "kWh"]
    assert any(line.split() == ["closings", "of", "contactor", "1", "1"] for line in lines)


def test_the_figures_as_json(day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "figures.json"
    assert replayed(day, "--json", out) == 0
    assert "mode Smart" in capsys.readouterr().out
    assert set(figures(out)) == KEYS
    assert replayed(day, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out) == figures(out)


def test_the_series(day: Path, tmp_path: Path) -> None:
    out = tmp_path / "series.csv"
    assert replayed(day, "--series", out) == 0
    lines = out.read_text().splitlines()
    assert lines[0] == HEADER
    assert lines[1] == "0,0,0,1024,0,0,0,0,0,-110,-110,-110"
    assert lines[30] == "29,2,160,273,1,1,160,160,160,50,50,50"
    assert len(lines) == 31


def test_the_picture(day: Path, tmp_path: Path) -> None:
    out = tmp_path / "day.png"
    assert replayed(day, "--plot", out) == 0
    with Image.open(out) as image:
        assert image.format == "PNG"


def test_the_curves_of_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "day.csv.gz"
    write(steady(30, house=(10, 40, 20), sun=(0, 10, 5)), path)
    trace = read(path)
    replay = Replay(trace, Options(settings_of(Request(path))))
    replay.run()
    curves = command.curves(trace, replay.rows, settings_of(Request(path)))
    ends = (curves.house[-1], curves.sun[-1], curves.offer[-1], curves.car[-1], curves.mains[-1], curves.limit)
    assert ends == (4.0, 1.0, 16.0, 16.0, 19.0, 25.0)
    assert curves.offer[0] == 0.0
    assert {len(curve) for curve in (curves.house, curves.sun, curves.offer, curves.car, curves.mains)} == {30}


def test_everything_at_once_from_a_packed_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "fuse.csv.gz"
    write(piece("fuse3", 1, 0, 120), trace)
    files = [tmp_path / name for name in ("a.json", "a.csv", "a.png")]
    options = ("--json", files[0], "--series", files[1], "--plot", files[2])
    assert replayed(trace, *options) == 0
    assert all(path.stat().st_size for path in files)
    before = [path.read_bytes() for path in files[:2]]
    assert replayed(trace, *options) == 0
    assert [path.read_bytes() for path in files[:2]] == before
    assert capsys.readouterr().err == ""


# ---- what is replayed ----


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Request:
    """What reaches the replay."""
    requests: list[Request] = []

    def run(request: Request) -> int:
        requests.append(request)
        return 0

    monkeypatch.setattr(command, "run", run)
    assert replayed("day.csv", *arguments) == 0
    return requests[0]


def test_the_plant_of_the_reference_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    request = asked(monkeypatch)
    assert (request.car_lag_ms, request.car_phases, request.meter_period_ms) == (2_000, 3, 1_000)
    assert (request.json, request.series, request.plot) == (None, None, None)
    settings, default = settings_of(request).names(), Settings().names()
    plant = {"mode": "Smart", "mains_meter": "API", "current_max": 16, "enable_C2": "Always On"}
    assert {key: value for key, value in settings.items() if value != default[key]} == plant
    same = ("current_main", "solar_start_current", "solar_stop_time", "solar_max_import", "ev_meter")
    assert [settings[key] for key in same] == [25, 4, 10, 0, "Disabled"]


@pytest.mark.parametrize(("text", "ms"), [("0", 0), ("0.01", 10), ("2.5", 2_500), ("0.29", 290), ("30", 30_000)])
def test_the_lag_arrives_exactly(monkeypatch: pytest.MonkeyPatch, text: str, ms: int) -> None:
    assert asked(monkeypatch, "--car-lag", text).car_lag_ms == ms


@pytest.mark.parametrize(("text", "ms"), [("0.1", 100), ("1.15", 1_150), ("60.000", 60_000)])
def test_the_period_arrives_exactly(monkeypatch: pytest.MonkeyPatch, text: str, ms: int) -> None:
    assert asked(monkeypatch, "--meter-period", text).meter_period_ms == ms


def test_what_was_asked_for_reaches_the_engine(day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Options] = []

    def replay(trace: Trace, options: Options) -> Replay:
        made.append(options)
        return Replay(trace, options)

    monkeypatch.setattr(command, "Replay", replay)
    given = ("--car-lag", "0.29", "--car-phases", "2", "--meter-period", "1.15", "--set", "current_main=30")
    assert replayed(day, "--mode", "normal", *given) == 0
    assert (made[0].car.lag_ms, made[0].car.phases, made[0].meter_period_ms) == (290, 2, 1_150)
    assert (made[0].settings.current_main, made[0].settings.mode, made[0].every_cycle) == (30, 0, False)


def test_settings_stand_above_the_mode(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(day, "--mode", "solar", "--set", "mode=Normal", "--set", "ev_meter=API") == 0
    assert "mode Normal" in capsys.readouterr().out


# ---- what is refused ----

USAGE, DATA, CANNOT = os.EX_USAGE, os.EX_DATAERR, os.EX_CANTCREAT


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--set", "current_max"), "evsed replay: --set takes KEY=VALUE, not 'current_max'"),
        (("--set", "current_max=81"), "evsed replay: --set current_max=81: current_max takes a whole number from 6"),
        (("--set", "nonsense=1"), "evsed replay: --set nonsense=1: there is no setting 'nonsense'"),
        (("--set", "mains_meter=Disabled"), "the mains meter of a replay is API"),
        (("--set", "mains_meter=Eastron3P"), "the mains meter of a replay is API"),
        (("--set", "ev_meter=Eastron3P"), "the meter of the car is API in a replay, or Disabled"),
        (("--set", "circuit_meter=API"), "a trace has no circuit meter"),
        (("--set", "loadbl=Master"), "a replay has one charger"),
        (("--mode", "off"), "evsed replay: argument --mode: invalid choice: 'off'"),
        (("--car-lag", "30.01"), "evsed replay: argument --car-lag: takes 0 to 30 s, in steps of 0.01 s; not '30.01'"),
        (("--car-lag", "-1"), "argument --car-lag"),
        (("--car-lag", "0.005"), "in steps of 0.01 s; not '0.005'"),
        (("--car-lag", "nan"), "takes 0 to 30 s, in steps of 0.01 s; not 'nan'"),
        (("--car-phases", "0"), "argument --car-phases: invalid choice: 0"),
        (("--meter-period", "0.09"), "argument --meter-period: takes 0.1 to 60 s"),
        (("--meter-period", "1e1"), "argument --meter-period: takes 0.1 to 60 s"),
    ],
)
def test_a_wrong_command_line(
    day: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    status, said = refused(capsys, day, *arguments)
    assert status == USAGE
    assert says in said


def test_no_trace_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys) == (USAGE, "evsed replay: the following arguments are required: TRACE")


def test_a_trace_that_cannot_be_read(day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "no.csv"
    assert refused(capsys, missing) == (
        DATA,
        f"evsed replay: {missing}: is not there; name a .csv or .csv.gz file",
    )
    day.write_text(day.read_text().replace("29,10", "29,none"))
    status, said = refused(capsys, day)
    assert status == DATA
    assert said.startswith(f"evsed replay: {day}, line 31: house1_dA is 'none'")
    assert refused(capsys, tmp_path / ("x" * 300))[0] == DATA


@pytest.mark.parametrize("option", ["--json", "--series", "--plot"])
def test_an_output_that_cannot_be_written(
    day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setattr(command, "Replay", None)  # it is refused before the replay takes its seconds
    out = tmp_path / "missing" / "out"
    assert refused(capsys, day, option, out) == (
        CANNOT,
        f"evsed replay: {out}: cannot be written: No such file or directory; name another file",
    )
    status, said = refused(capsys, day, option, tmp_path)
    assert (status, "Is a directory" in said) == (CANNOT, True)


def test_looking_whether_a_file_can_be_written_leaves_none(
    day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("old")
    assert refused(capsys, day, "--json", kept, "--series", tmp_path / "new.csv", "--plot", tmp_path)[0] == CANNOT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["day.csv", "kept.json"]
    assert kept.read_text() == "old"


def test_a_disk_that_is_full(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--json", "--series", "--plot"):
        status, said = refused(capsys, day, option, "/dev/full")
        assert (status, "/dev/full: cannot be written: No space left on device" in said) == (CANNOT, True)


def test_no_output_overwrites_the_trace_or_another(
    day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(day)
    for path in (day, link):
        status, said = refused(capsys, day, "--series", path)
        assert (status, said) == (USAGE, f"evsed replay: --series {path}: is the trace already; name another file")
    out = tmp_path / "out"
    assert "is --json already" in refused(capsys, day, "--json", out, "--plot", out)[1]
    assert replayed(day, "--json", "/dev/null", "--series", "/dev/null") == 0


def test_without_matplotlib(
    day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr(command, "Replay", None)
    status, said = refused(capsys, day, "--plot", tmp_path / "day.png")
    assert status == CANNOT
    assert said.startswith("evsed replay: a plot needs matplotlib")


# ---- as a process ----


def test_a_reader_that_has_seen_enough_and_a_full_stdout(day: Path) -> None:
    line = [sys.executable, "-m", "evsed", "replay", str(day)]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.stderr == "evsed replay: the figures cannot be printed: No space left on device\n"
    assert ended.returncode == CANNOT
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(line, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_interrupt_ends_it_quietly(day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "Replay", interrupted)
    assert replayed(day) == command.INTERRUPTED


def test_nothing_heavy_is_loaded_without_a_picture(day: Path) -> None:
    code = (
        "import sys; from evsed import cli; cli.main(['replay', sys.argv[1]]); "
        "sys.exit(bool({'matplotlib', 'fastapi', 'paho', 'pymodbus'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(day)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
