"""The judge of recorded runs: what it accepts, what it must not, and its command line. Ten runs are kept here."""

import gzip
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from evsed.core import charger, safety, watches
from evsed.hw import registers
from tests.conformance.__main__ import main
from tests.conformance.answers import interview
from tests.conformance.group import GroupTrace, replay_group
from tests.conformance.replay import replay
from tests.conformance.runs import SUFFIX, load
from tests.conformance.tamper import Event, Recording
from tests.conformance.trace import Trace
from tests.conformance.verdicts import judge_file, judge_run, judge_shared

KEPT = Path(__file__).parent / "runs"
VERDICTS: dict[str, tuple[set[int], set[int]]] = {  # deviations that must be claimed, and those that may be too
    "a01_access_off_on": (set(), set()),
    "c09_auto_unplug_replug": (set(), set()),
    "f01_pilot_short_C": ({7}, set()),
    "n11_activation_smart": (set(), set()),
    "p01_solar_start_threshold": ({14}, set()),
    "p11_solar_start0": ({4, 14}, set()),
    "s05_smart_shortage_recover": ({14}, {17}),
    "t01_mains_timeout_smart": (set(), {8}),
}
SHARED: dict[str, tuple[set[int], set[int]]] = {
    "l01_lb1_normal": (set(), set()),
    "l13_lb1_node_offline": ({10}, set()),
}
Tamper = Callable[[Recording], None]


@cache
def ours_shared(name: str) -> GroupTrace:
    """What our cores do in a kept run of several chargers; replayed once for all tests."""
    return replay_group(load(KEPT / f"{name}{SUFFIX}"))


@cache
def ours(name: str) -> Trace:
    """What our core does in a kept run; replayed once for all tests."""
    return replay(load(KEPT / f"{name}{SUFFIX}"))


def shifted(at_s: float, by_s: float) -> Tamper:
    """Moves what changed at ``at_s``."""

    def tamper(recording: Recording) -> None:
        assert recording.shift(round(at_s * 1_000), round(by_s * 1_000))

    return tamper


def edited(change: Callable[[Event], Event | None]) -> Tamper:
    """Edits each change."""
    return lambda recording: recording.edit(change)


def without(what: str) -> Tamper:
    """Leaves every change of ``what`` out."""
    return edited(lambda event: None if event[1] == what else event)


def with_error(new: int) -> Tamper:
    """Replaces every error by ``new``."""

    def change(event: Event) -> Event:
        at, what, before, after = event
        return (at, what, new if before else 0, new if after else 0) if what == "err" else event

    return edited(change)


def three_phases(event: Event) -> Event:
    """The other choice of phases."""
    at, what, before, after = event
    return (at, what, 4 - before, 4 - after) if what == "nph" else event


def extra_error(recording: Recording) -> None:
    """An error that nobody saw."""
    recording.events += [(20_000, "err", 0, 8), (30_000, "err", 8, 0)]


def cooperative(recording: Recording) -> None:
    """The car lets go after 1 s, though it takes its time by its model."""
    recording.header["ev_model"]["stop_delay"] = 30_000


def stubborn(recording: Recording) -> None:
    """The car does not let go: the contactor opens after 6 s."""
    cooperative(recording)
    assert recording.shift(61_010, 5_000)


@pytest.mark.parametrize("name", VERDICTS)
def test_kept_runs_differ_by_listed_deviations_only(name: str) -> None:
    verdict = judge_run(load(KEPT / f"{name}{SUFFIX}"), ours(name))
    must, may = VERDICTS[name]
    assert not verdict.different, verdict.line
    assert must <= set(verdict.deviations) <= must | may


@pytest.mark.parametrize(
    ("name", "tamper"),
    [
        ("a01_access_off_on", shifted(11.51, 5)),
        ("a01_access_off_on", shifted(60.0, -5)),
        ("a01_access_off_on", shifted(61.01, 5)),
        ("a01_access_off_on", shifted(100.0, -5)),
        ("a01_access_off_on", without("c2")),
        ("a01_access_off_on", extra_error),
        ("c09_auto_unplug_replug", edited(three_phases)),
        ("c09_auto_unplug_replug", without("nph")),
        ("f01_pilot_short_C", shifted(63.55, 5)),
        ("n11_activation_smart", shifted(35.01, -5)),
        ("n11_activation_smart", shifted(38.01, 5)),
        ("p01_solar_start_threshold", shifted(150.01, -5)),
        ("p01_solar_start_threshold", without("c2")),
        ("s05_smart_shortage_recover", shifted(66.0, -5)),
        ("s05_smart_shortage_recover", shifted(180.01, -5)),
        ("s05_smart_shortage_recover", shifted(121.0, 5)),
        ("s05_smart_shortage_recover", without("err")),
        ("s05_smart_shortage_recover", without("cpoff")),
        ("t01_mains_timeout_smart", shifted(71.0, -5)),
        ("t01_mains_timeout_smart", with_error(8)),
        ("t01_mains_timeout_smart", without("cpoff")),
    ],
)
def test_tampered_recordings_are_different(name: str, tamper: Tamper, tmp_path: Path) -> None:
    recording = Recording(KEPT / f"{name}{SUFFIX}")
    tamper(recording)
    verdict = judge_run(load(recording.save(tmp_path, name)), ours(name))
    assert verdict.different


@pytest.mark.parametrize("name", SHARED)
def test_kept_groups_differ_by_listed_deviations_only(name: str) -> None:
    verdict = judge_shared(load(KEPT / f"{name}{SUFFIX}"), ours_shared(name))
    must, may = SHARED[name]
    assert not verdict.different, verdict.line
    assert must <= set(verdict.deviations) <= must | may


def node_holds(key: str, value: int, begin: int, end: int) -> Tamper:
    """Node 1 shows ``value`` in the seconds [begin, end)."""

    def tamper(recording: Recording) -> None:
        for row in recording.rows[begin:end]:
            row["nodes"][0][key] = value

    return tamper


def shares_are(values: list[int], begin: int, end: int) -> Tamper:
    """The recorded master gives ``values`` in the seconds [begin, end)."""

    def tamper(recording: Recording) -> None:
        for row in recording.rows[begin:end]:
            row["bal"] = values

    return tamper


def answered(old: str, new: str) -> Tamper:
    """The recorded node answers ``new`` wherever it answered ``old``."""

    def tamper(recording: Recording) -> None:
        for row in recording.rows:
            row["bus"] = [[asked, new if told == old else told] for asked, told in row["bus"]]

    return tamper


@pytest.mark.parametrize(
    ("name", "tamper", "what"),
    [
        ("l01_lb1_normal", node_holds("state", 4, 42, 50), "charger 1"),
        ("l01_lb1_normal", node_holds("state", 2, 100, 131), "charger 1"),
        ("l01_lb1_normal", node_holds("err", 1, 60, 90), "charger 1: error 1"),
        ("l01_lb1_normal", node_holds("c1", 0, 46, 100), "contactor 1"),
        ("l01_lb1_normal", shares_are([160, 80], 46, 100), "charger 0 gets 12.0 A instead of 16.0 A"),
        ("l01_lb1_normal", shares_are([120, 123], 46, 100), "charger 1 gets 12.0 A instead of 12.3 A"),
        ("l01_lb1_normal", answered("0204040000000c", "0204040000000d"), "node 1 answers"),
        (
            "l01_lb1_normal",
            answered("02041000020000007800000000000100000010", "02041000020000007900000000000100000010"),
            "current 120 instead of 121",
        ),
        ("l13_lb1_node_offline", node_holds("state", 2, 90, 98), "charger 1"),
        ("l13_lb1_node_offline", node_holds("err", 8, 90, 131), "charger 1: error 8"),
        ("l13_lb1_node_offline", shares_are([120, 0], 88, 132), "charger 0 gets 16.0 A instead of 12.0 A"),
    ],
)
def test_tampered_groups_are_different(name: str, tamper: Tamper, what: str, tmp_path: Path) -> None:
    recording = Recording(KEPT / f"{name}{SUFFIX}")
    tamper(recording)
    verdict = judge_shared(load(recording.save(tmp_path, name)), ours_shared(name))
    assert verdict.different
    assert what in verdict.line


def test_a_node_that_answers_wrongly_is_different(monkeypatch: pytest.MonkeyPatch) -> None:
    run = load(KEPT / f"l01_lb1_normal{SUFFIX}")
    monkeypatch.setattr(registers, "_STATUS", (*registers._STATUS[:7], lambda _snapshot: 13, *registers._STATUS[8:]))
    assert "most 13 instead of 0" in str(interview(run)[0])


def made(tamper: Tamper, directory: Path, name: str = "a01_access_off_on") -> Path:
    """A tampered copy of a kept run."""
    recording = Recording(KEPT / f"{name}{SUFFIX}")
    tamper(recording)
    return recording.save(directory, name)


def test_car_that_does_not_stop_loses_the_contactor_after_6_s(tmp_path: Path) -> None:
    run = load(made(stubborn, tmp_path))
    trace = replay(run)
    assert judge_run(run, trace).word == "equal"
    assert judge_run(load(made(cooperative, tmp_path)), trace).different


def test_core_with_a_longer_stop_is_different(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charger, "STOP_MS", 8_000)
    monkeypatch.setattr(safety, "STOP_MS", 8_000)
    assert judge_file(made(stubborn, tmp_path)).different


@pytest.mark.parametrize(
    ("module", "constant", "value", "name"),
    [
        (charger, "ASLEEP_MS", 40_000, "n11_activation_smart"),
        (charger, "PILOT_OFF_MS", 0, "t01_mains_timeout_smart"),
        (watches, "MAINS_LOST_MS", 20_000, "t01_mains_timeout_smart"),
    ],
)
def test_broken_core_is_different(
    module: object, constant: str, value: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, constant, value)
    assert judge_file(KEPT / f"{name}{SUFFIX}").different


def test_command_line_tells_every_run_and_writes_the_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("f01_pilot_short_C", "l13_lb1_node_offline"):
        (tmp_path / f"{name}{SUFFIX}").write_bytes((KEPT / f"{name}{SUFFIX}").read_bytes())
    report = tmp_path / "out.json"
    assert main([str(tmp_path), "--json", str(report), "--workers", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "f01_pilot_short_C deviation 7",
        "l13_lb1_node_offline deviation 10",
    ]
    told = json.loads(report.read_text(encoding="utf-8"))
    run = told["f01_pilot_short_C"]
    assert (run["verdict"], run["deviations"], run["differences"]) == ("deviation", [7], [])
    assert [state for _, state in run["recording"]["states"]] == ["A", "B", "C", "B", "C"]
    assert {"states", "timers", "contactor1", "contactor2", "phases", "errors"} <= set(run["ours"])
    group = told["l13_lb1_node_offline"]
    assert [len(each["ours"]["states"]) > 2 for each in group["chargers"]] == [True, True]


def broken_files(directory: Path) -> dict[str, str]:
    """Files that cannot be replayed, each with a word that has to be said about it."""
    whole = (KEPT / f"a01_access_off_on{SUFFIX}").read_bytes()
    lines = gzip.decompress(whole).splitlines(keepends=True)
    files = {
        "cut": (whole[: len(whole) // 2], "damaged"),
        "empty": (b"", "damaged"),
        "header_only": (gzip.compress(lines[0]), "damaged"),
        "list": (gzip.compress(b"[1, 2]\n"), "damaged"),
        "not_gzip": (b"hello", "damaged"),
        "row_missing": (gzip.compress(b"".join(lines[:50] + lines[51:])), "damaged"),
        "unknown": (gzip.compress(whole_text(lines, b'"access","off"', b'"dance","wild"')), "unknown action dance"),
        "wrong_level": (gzip.compress(whole_text(lines, b'"access","off"', b'"force_v",77')), "forced to 77"),
        "wrong_value": (gzip.compress(whole_text(lines, b'"access","off"', b'"access","maybe"')), "action access"),
    }
    for name, (content, _) in files.items():
        (directory / f"{name}{SUFFIX}").write_bytes(content)
    return {name: word for name, (_, word) in files.items()}


def whole_text(lines: list[bytes], old: bytes, new: bytes) -> bytes:
    """The run with another action in its script."""
    assert old in lines[0]
    return b"".join([lines[0].replace(old, new), *lines[1:]])


def test_what_cannot_be_replayed_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = broken_files(tmp_path)
    assert main([str(tmp_path), "--workers", "1"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(words)
    for line, (name, word) in zip(told, sorted(words.items()), strict=True):
        assert line.startswith(f"{name} DIFFERENT cannot replay: ")
        assert word in line


def test_folder_without_runs_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "no runs" in capsys.readouterr().err
