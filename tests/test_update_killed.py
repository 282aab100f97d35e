"""evsed-update that was killed or lost its power, or whose systemctl fails: what runs then, and what is told."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from evsed.update import command, keeping, progress
from evsed.update.keeping import at_work_path, read_record
from evsed.update.machine import UpdateError
from tests.test_update import NEW, OLD, SETTINGS, Played, PowerCutError, package, played

__all__ = ["played"]

AT_BOOT = command.Wanted(incoming=True, handed=True)


def begun(played: Played) -> command.Wanted:
    """A package that root names."""
    return command.Wanted(package(played.root / "new.deb"))


def told(played: Played) -> tuple[str, str]:
    """The state, and its text."""
    found = progress.read(played.root)
    assert found is not None
    return found.state, found.text


def test_a_charger_that_cannot_be_stopped_runs_on(played: Played) -> None:
    played.deaf_to = "systemctl stop"
    played.state = "deactivating"  # the end of systemctl does not end the job
    with pytest.raises(UpdateError, match="the charger cannot be stopped: systemctl: it does not work"):
        command._told(played.machine, begun(played))
    assert played.running
    assert played.ran.count("systemctl start evsed-guard.service evsed.service") == 1
    assert (played.installed, read_record(played.machine)) == (OLD, None)
    assert not at_work_path(played.machine).exists()


def test_one_that_cannot_be_stopped_on_the_way_back_keeps_the_copies_for_the_next_attempt(played: Played) -> None:
    played.sick.add(NEW)
    real = played.run

    def run(words: Sequence[str], timeout_s: float) -> object:
        if "--install" in words and OLD in words[-1]:
            played.deaf_to = "systemctl stop"  # from here on
        return real(words, timeout_s)

    played.run = run  # type: ignore[method-assign,assignment]
    with pytest.raises(UpdateError, match=r"could not be brought back \(its settings: it does not stop"):
        command._told(played.machine, begun(played))
    assert (played.installed, played.running) == (OLD, True)
    assert played.settings.read_text() != SETTINGS
    del played.run
    played.deaf_to = ""
    with pytest.raises(UpdateError, match=r"is back$"):
        command._told(played.machine, AT_BOOT)
    assert played.settings.read_text() == SETTINGS


@pytest.mark.parametrize("where", ["back_up", "write_record"])
def test_who_is_killed_before_anything_was_changed_leaves_no_charger_that_stands_still(
    played: Played, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def kill(*_: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as killed:
        killed.setattr(f"evsed.update.steps.{where}", kill)
        with pytest.raises(PowerCutError):
            command._told(played.machine, begun(played))
    assert not played.running
    with pytest.raises(UpdateError, match="interrupted before anything was changed"):
        command._told(played.machine, AT_BOOT)
    assert played.running
    assert told(played) == ("failed", command._CUT_SHORT)
    assert not at_work_path(played.machine).exists()


@pytest.mark.parametrize("sick", [False, True])
def test_an_end_that_was_told_stays_as_it_was_told(played: Played, monkeypatch: pytest.MonkeyPatch, sick: bool) -> None:
    """The file that says that it is at work may outlive its removal by seconds, when the power goes."""
    if sick:
        played.sick.add(NEW)

    def cut(path: Path) -> None:
        if path.name == "at-work":
            raise PowerCutError
        keeping.forget(path)

    with monkeypatch.context() as off:
        off.setattr(command, "forget", cut)
        with pytest.raises(PowerCutError):
            command._told(played.machine, begun(played))
    before = progress.read(played.root)
    assert before is not None
    assert before.state == ("failed" if sick else "done")
    with pytest.raises(command.NothingError):
        command._told(played.machine, AT_BOOT)
    assert progress.read(played.root) == before
    assert not at_work_path(played.machine).exists()


@pytest.mark.parametrize("sick", [False, True])
def test_an_end_that_was_not_told_yet_is_told_by_the_next_run(
    played: Played, monkeypatch: pytest.MonkeyPatch, sick: bool
) -> None:
    if sick:
        played.sick.add(NEW)
    real = progress.tell

    def cut(machine: object, state: str, *more: object, **most: object) -> None:
        if state in {progress.DONE, progress.FAILED}:
            raise PowerCutError
        real(machine, state, *more, **most)  # type: ignore[arg-type]

    with monkeypatch.context() as off:
        off.setattr(command, "tell", cut)
        with pytest.raises(PowerCutError):
            command._told(played.machine, begun(played))
    if sick:
        with pytest.raises(UpdateError, match="did not come up"):
            command._told(played.machine, AT_BOOT)
        assert told(played)[1].endswith(f". evsed {OLD} is installed")
    else:
        command._told(played.machine, AT_BOOT)
        assert told(played) == ("done", f"evsed {OLD} is now {NEW}")


def test_what_an_owner_changes_after_the_way_back_stays_also_when_the_power_goes(played: Played) -> None:
    played.sick.add(NEW)
    asleep = played.sleep

    def sleep(seconds: float) -> None:
        if played.installed == OLD:
            played.settings.write_text("the owner's")
            raise PowerCutError
        asleep(seconds)

    played.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(PowerCutError):
        command._told(played.machine, begun(played))
    played.sleep, played.running = asleep, False  # type: ignore[method-assign]
    with pytest.raises(UpdateError, match=f"evsed {OLD.replace('+', '.')} is installed"):
        command._told(played.machine, AT_BOOT)
    assert played.settings.read_text() == "the owner's"
    assert played.running
