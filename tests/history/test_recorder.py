"""What becomes of a day, in virtual time: means, peaks, gaps, clocks that step, and a daemon that is started again."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from evsed.config import Board, Control, Installation, State
from evsed.core.model import MeterRole
from evsed.core.reasons import NOT_ASKED
from evsed.core.snapshot import Snapshot
from evsed.core.states import State as Charging
from evsed.history.file import NAME, folder_of
from evsed.history.recorder import Recorder, series_of
from evsed.history.rows import ROWS
from tests.history.day import NOON, SERIES, Day, charging, with_meter, with_register
from tests.scenarios.simulation import wait_for


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tmp_path)


def test_a_row_has_the_mean_of_what_was_seen_and_the_highest_of_the_mains(day: Day) -> None:
    def seen(found: Snapshot, second: int) -> Snapshot:
        return with_meter(found, MeterRole.MAINS, (100 + second, -50, 500 if second == 7 else 0))

    day.look(30, seen)
    assert [day.column(f"mains_l{phase}") for phase in (1, 2, 3)] == [[114], [-50], [17]]
    assert [day.column(f"mains_highest_l{phase}") for phase in (1, 2, 3)] == [[129], [-50], [500]]


def test_a_meter_that_does_not_answer_is_unknown_and_never_0(day: Day) -> None:
    day.look(30, lambda found, _: with_meter(found, MeterRole.MAINS, None))
    day.look(30, lambda found, second: with_meter(found, MeterRole.MAINS, (200, 200, 200) if second < 3 else None))
    day.look(30, lambda found, _: with_meter(found, MeterRole.EV, None))
    assert day.column("mains_l1")[:2] == [None, 200]
    assert day.column("mains_highest_l1")[:2] == [None, 200]
    assert day.column("ev_l1")[2] is None
    assert day.column("offer")[2] == charging().offer > 0


def test_the_limit_is_that_of_mains_and_none_where_no_mains_meter_holds_the_house_to_it(day: Day) -> None:
    settings = day.snapshot.settings
    day.look()
    day.snapshot = replace(day.snapshot, settings=settings.replace("mains_meter", 0))
    day.look()
    day.snapshot = replace(day.snapshot, settings=settings.replace("loadbl", 2))
    day.look()
    assert day.column("limit") == [settings.current_main * 10, None, None]


def test_a_home_battery_counts_while_its_last_word_does(day: Day) -> None:
    now = day.snapshot.now
    day.look(30, lambda found, _: replace(found, battery=-75, battery_at=now - 60_000))
    day.look(30, lambda found, _: replace(found, battery=-75, battery_at=now - 60_001))
    day.look(30, lambda found, _: replace(found, battery_at=None))
    assert day.column("battery") == [-75, None, None]


def test_a_row_says_what_the_charger_did_for_most_of_it(day: Day) -> None:
    waits = replace(charging(), state=Charging.B, reason=NOT_ASKED)
    day.look(30, lambda found, second: waits if second < 10 else found)
    day.look(30, lambda found, second: waits if second < 20 else found)
    assert day.column("state") == [Charging.C, Charging.B]
    assert day.column("reason") == [None, 0]
    assert day.history.reasons == [NOT_ASKED.code]


def test_the_energy_of_a_row_is_what_the_register_advanced(day: Day) -> None:
    for register in (5_000, 5_090, 5_180, 900, 990, 990_000):
        day.look(30, lambda found, _, wh=register: with_register(found, wh))  # type: ignore[misc]
    assert day.column("ev_wh") == [0, 90, 90, None, 90, None]


def test_a_meter_that_was_silent_tells_its_energy_later(day: Day) -> None:
    day.look(30, lambda found, _: with_register(found, 5_000))
    day.look(30, lambda found, _: with_meter(found, MeterRole.EV, None))
    day.look(30, lambda found, _: with_register(found, 5_180))
    assert day.column("ev_wh") == [0, None, 180]


def test_a_control_loop_that_hangs_is_a_gap(day: Day) -> None:
    day.look()
    day.hangs = True
    day.look()
    day.hangs = False
    day.look()
    assert day.column("offer") == [charging().offer, None, charging().offer]
    assert day.column("state") == [Charging.C, None, Charging.C]


@pytest.mark.parametrize("step_s", [3_600, -3_600, -5 * 365 * 86_400])
def test_a_clock_that_steps_moves_all_rows_and_none_before_another(day: Day, step_s: int) -> None:
    day.look(60)
    first = day.history.span().start
    assert day.history.begin_of(first) == NOON
    day.day_s += step_s
    day.look(60)
    assert day.column("offer") == [charging().offer] * 4
    assert day.history.begin_of(first) == NOON + step_s
    assert day.history.begin_of(first + 3) == NOON + step_s + 90


def test_rows_from_before_the_clock_was_right_get_their_time_when_it_is(day: Day) -> None:
    day.knows_time, day.day_s = False, 0
    day.look(60)
    first = day.history.span().start
    assert day.history.begin_of(first) is None
    day.knows_time, day.day_s = True, NOON - 300
    day.look(1)
    assert day.history.begin_of(first) == NOON


def test_a_day_and_no_more_is_kept(day: Day) -> None:
    for number in range(ROWS + 100):
        day.snapshot = replace(charging(), offer=number)
        day.look(1)
        day.up_s += 29
    assert day.column("offer") == list(range(100, ROWS + 100))
    assert day.folder is not None
    assert len((day.folder / NAME).read_text().splitlines()) <= 2 * ROWS


def test_a_restart_leaves_a_gap_as_long_as_it_takes(day: Day) -> None:
    day.look(60)
    day.recorder.finish()
    names = ("mains_l1", "ev_l3", "offer", "limit", "battery", "state", "reason")
    before = [day.column(name) for name in names]
    day.up_s += 60
    day.begin()
    assert [day.column(name) for name in names] == before
    day.look(30)
    assert day.column("offer") == [charging().offer, charging().offer, None, None, charging().offer]


def test_a_restart_within_a_row_hides_no_peak_and_adds_its_energy(day: Day) -> None:
    def peak(found: Snapshot, second: int) -> Snapshot:
        return with_register(with_meter(found, MeterRole.MAINS, (400 if second == 0 else 90, 0, 0)), 7_000 + second)

    day.look(30, lambda found, _: with_register(found, 7_000))
    day.look(20, peak)
    day.recorder.finish()
    day.begin()
    day.look(10, lambda found, second: with_register(with_meter(found, MeterRole.MAINS, (100, 0, 0)), 7_020 + second))
    assert day.column("mains_highest_l1")[1] == 400
    assert day.column("mains_l1")[1] == 100
    assert day.column("ev_wh")[1] == 19 + 9


def test_after_a_start_of_the_machine_it_begins_anew(day: Day) -> None:
    day.look(60)
    day.recorder.finish()
    day.up_s = 30
    day.begin("another0")
    assert day.history.last is None
    day.look(30)
    assert len(day.column("offer")) == 1
    day.begin("another0")
    assert len(day.column("offer")) == 1


def test_a_line_that_was_being_written_is_passed_over(day: Day) -> None:
    day.look(90)
    day.recorder.finish()
    assert day.folder is not None
    file = day.folder / NAME
    file.write_text(file.read_text()[:-9])
    day.begin()
    assert len(day.column("offer")) == 2
    day.look(30)
    day.recorder.finish()
    day.begin()
    assert day.column("offer") == [charging().offer, charging().offer, None, charging().offer]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(",2,", ",C,", 1),
        lambda text: text.replace("evsed history", "something else"),
        lambda text: text + "10" + text.splitlines()[1][2:] + "\n",
        lambda text: text + "99" + text.splitlines()[-1] + "\n",
        lambda text: text.replace(",2,\n", ",2,,\n", 1),
        lambda text: text.replace("1", "é", 1),
        lambda text: text + "0" * 3_000_000,
    ],
    ids=["no state", "another file", "out of order", "of the future", "a cell too many", "not ASCII", "too long"],
)
def test_a_damaged_file_is_told_of_and_begun_anew(day: Day, damage: object, caplog: pytest.LogCaptureFixture) -> None:
    day.look(90)
    day.recorder.finish()
    assert day.folder is not None
    file = day.folder / NAME
    assert callable(damage)
    file.write_text(damage(file.read_text()))
    day.begin()
    assert day.history.last is None
    assert "the charts of the last day begin anew" in caplog.text
    day.look(30)
    day.recorder.finish()
    day.begin()
    assert len(day.column("offer")) == 1


def test_a_folder_that_cannot_be_written_is_told_of_once(day: Day, caplog: pytest.LogCaptureFixture) -> None:
    day.folder = Path("/proc/nowhere")
    day.begin()
    caplog.clear()
    day.look(120)
    assert len(day.column("offer")) == 4
    assert [line for line in caplog.text.splitlines() if "cannot be written" in line] == caplog.text.splitlines()
    assert len(caplog.text.splitlines()) == 1


def test_a_file_that_somebody_deletes_comes_back_whole(day: Day) -> None:
    day.look(60)
    assert day.folder is not None
    (day.folder / NAME).unlink()
    day.look(60)
    day.recorder.finish()
    day.begin()
    assert len(day.column("offer")) == 4


def test_the_file_is_for_nobody_else(day: Day) -> None:
    day.look(60)
    assert day.folder is not None
    assert (day.folder / NAME).stat().st_mode & 0o777 == 0o600


def test_the_file_is_where_no_card_wears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/evsed:/run/other")
    kept = Path("/var/lib/evsed")
    assert folder_of(kept, "/tmp/control.sock", simulated=True) == kept  # noqa: S108 - only a name
    assert folder_of(kept, "", simulated=False) == Path("/run/evsed")
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    installation = Installation(board=Board("pi"), state=State(str(kept)), control=Control())
    assert folder_of(kept, installation.control.socket, simulated=False) == Path("/run/evsed")
    assert folder_of(kept, "", simulated=False) is None
    assert folder_of(kept, "/var/lib/evsed/control.sock", simulated=False) is None
    assert folder_of(kept, "/run/../home/evsed/control.sock", simulated=False) is None
    assert folder_of(kept, "/run-evsed/control.sock", simulated=False) is None
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/srv/evsed")
    assert folder_of(kept, "/run/evsed/control.sock", simulated=False) is None


def test_a_start_of_the_machine_has_a_name_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "boot_id").write_text("ab\n")
    (tmp_path / "other").write_text("cd\n")
    names = [series_of(tmp_path / name) for name in ("boot_id", "boot_id", "other", "none", "none")]
    assert names[0] == names[1]
    assert len(set(names)) == 4
    assert {len(name) for name in names} == {8}


def test_it_runs_on_a_thread_of_its_own_and_keeps_what_it_has_seen(tmp_path: Path) -> None:
    recorder = Recorder(SimpleNamespace(snapshot=replace(charging(), unix_s=NOON), hangs=False), tmp_path, SERIES)
    recorder.start()
    wait_for(lambda: recorder.history.begun_s, "it has looked")
    recorder.close()
    wait_for(lambda: recorder.history.last, "it has kept what it saw")
    assert recorder.history.column("offer", recorder.history.span()) == [charging().offer]
