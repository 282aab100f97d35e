"""What the daemon has handed over, taken by root on a machine whose dpkg and systemctl are played."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evsed.update import command, handed, progress
from evsed.update.keeping import read_record
from evsed.update.machine import UpdateError
from tests.signing import trust
from tests.test_update import NEW, OLD, SETTINGS, Played, PowerCutError, package, played

__all__ = ["played"]

KEY = Ed25519PrivateKey.generate()
HANDED = command.Wanted(handed=True)
BOTH = command.Wanted(incoming=True, handed=True)
NAME = f"evsed_{NEW}_arm64.deb"


@pytest.fixture(autouse=True)
def _key(played: Played) -> None:
    trust(played.root, KEY)
    (played.root / "var/lib/evsed/update").mkdir()


def folder(played: Played) -> Path:
    return played.root / "var/lib/evsed/update"


def hand(
    played: Played, name: str = NAME, version: str = NEW, key: Ed25519PrivateKey = KEY, architecture: str = "arm64"
) -> Path:
    """As the daemon does it."""
    path = package(folder(played) / name, version, architecture=architecture)
    (folder(played) / f"{name}.sig").write_bytes(key.sign(path.read_bytes()))
    (folder(played) / handed.READY).write_text(json.dumps({"package": name}))
    return path


def refused(played: Played) -> str:
    """Why it is not installed; nothing was stopped, dpkg has not seen it, and it is not tried again."""
    with pytest.raises((UpdateError, OSError)) as error:
        command._told(played.machine, HANDED)
    assert not any(word in ran for ran in played.ran for word in ("stop", "--install"))
    assert read_record(played.machine) is None
    assert not handed.is_there(played.machine)
    assert [path.name for path in (played.root / "var/lib/evsed-update").glob("*.deb")] == [f"evsed_{OLD}_arm64.deb"]
    assert played.settings.read_text() == SETTINGS
    told = progress.read(played.root)
    assert told is not None
    assert (told.state, told.text) == ("failed", str(error.value))
    return str(error.value)


def test_a_signed_package_is_installed_and_nothing_stays_of_it(played: Played) -> None:
    hand(played)
    assert command._told(played.machine, HANDED) == f"evsed {OLD} is now {NEW}"
    assert list(folder(played).iterdir()) == []
    told = progress.read(played.root)
    assert told is not None
    assert (told.state, told.from_version, told.to_version) == ("done", OLD, NEW)
    assert (played.root / progress.FILE).stat().st_mode & 0o777 == 0o644
    assert any("is signed by" in line for line in played.said)


def test_a_strangers_signature_is_refused_before_dpkg_looks_at_the_package(played: Played) -> None:
    hand(played, key=Ed25519PrivateKey.generate())
    assert "not one of this package by a key that counts here" in refused(played)
    assert not any(ran.startswith("dpkg-deb") for ran in played.ran)


@pytest.mark.parametrize("where", ["_copy", "room", "named"])
def test_what_crashes_root_s_program_is_tried_once(played: Played, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    hand(played)
    found: list[bool] = []

    def crash(*_: object) -> None:
        found.append(handed.is_there(played.machine))
        raise PowerCutError

    monkeypatch.setattr(handed, where, crash)
    with pytest.raises(PowerCutError):
        handed.take(played.machine, played.root / "to.deb")
    assert not handed.is_there(played.machine)
    assert found == [where == "named"], "nothing runs at a power cut: the note goes before"


def test_root_verifies_its_own_copy(played: Played) -> None:
    """What the daemon has verified may be another file by now."""
    path = hand(played)
    path.write_text(path.read_text() + " ")
    assert "not one of this package" in refused(played)


def test_a_name_that_lies_is_refused(played: Played) -> None:
    hand(played, name="evsed_0.9.9+deb12_arm64.deb")
    assert refused(played) == f"evsed_0.9.9+deb12_arm64.deb is not what its name says: in it is {NAME}"


@pytest.mark.parametrize(
    ("version", "architecture", "says"),
    [
        ("0.8.9+deb12", "arm64", "is no update"),
        (OLD, "arm64", "is no update"),
        ("0.9.1+deb13", "arm64", "needs one with +deb12"),
        (NEW, "amd64", "is for amd64"),
    ],
)
def test_the_control_fields_are_judged_by_root_too(played: Played, version: str, architecture: str, says: str) -> None:
    hand(played, f"evsed_{version}_{architecture}.deb", version, architecture=architecture)
    assert says in refused(played)


def test_a_downgrade_is_not_for_what_is_handed_over(played: Played) -> None:
    hand(played, "evsed_0.8.9+deb12_arm64.deb", "0.8.9+deb12")
    with pytest.raises(UpdateError, match="is no update"):
        command.update(played.machine, command.Wanted(handed=True, downgrade=True))


def test_links_pipes_and_devices_are_not_followed(played: Played) -> None:
    secret = package(played.root / "secret.deb")
    makes: list[Callable[[Path], object]] = [
        lambda path: path.symlink_to(secret),
        lambda path: path.hardlink_to(secret),
        os.mkfifo,
        os.mkdir,
    ]
    for make in makes:
        path = hand(played)
        path.unlink()
        make(path)
        assert refused(played)
        assert json.loads(secret.read_text())["Version"] == NEW


def test_a_folder_that_is_a_link_is_not_followed(played: Played) -> None:
    hand(played)
    folder(played).rename(played.root / "elsewhere")
    folder(played).symlink_to(played.root / "elsewhere")
    with pytest.raises(OSError, match="Not a directory"):
        handed.take(played.machine, played.root / "to.deb")
    assert (played.root / "elsewhere" / NAME).exists()


@pytest.mark.parametrize("note", ['{"package": "../../etc/shadow"}', "[]", "{", '{"package": 1}', '{"package": ""}'])
def test_a_note_that_names_no_package_is_refused(played: Played, note: str) -> None:
    hand(played)
    (folder(played) / handed.READY).write_text(note)
    assert refused(played)


def test_a_note_that_cannot_be_read_is_not_tried_for_ever(played: Played) -> None:
    (folder(played) / handed.READY).mkdir()
    assert refused(played)


def test_a_note_that_is_a_full_folder_is_out_of_the_way_however_often_it_comes(played: Played) -> None:
    for _ in range(2):
        (folder(played) / handed.READY).mkdir()
        (folder(played) / handed.READY / "full").touch()
        assert refused(played)


@pytest.mark.parametrize("kind", ["link", "file", "link to nothing"])
def test_a_folder_that_is_none_is_out_of_the_way(played: Played, kind: str) -> None:
    elsewhere = played.root / "elsewhere"
    hand(played)
    folder(played).rename(elsewhere)
    if kind == "file":
        folder(played).touch()
    else:
        folder(played).symlink_to(elsewhere if kind == "link" else "nowhere")
    with pytest.raises((UpdateError, OSError)):
        command._told(played.machine, HANDED)
    if kind == "link":
        assert not os.path.lexists(folder(played))
    handed.drop(played.machine)
    assert not os.path.lexists(folder(played))
    assert {path.name for path in elsewhere.iterdir()} == {NAME, f"{NAME}.sig", handed.READY}, (
        "nothing there was touched"
    )


def test_what_lies_in_incoming_or_was_begun_once_blocks_nothing_that_was_handed_over(played: Played) -> None:
    store = played.root / "var/lib/evsed-update"
    for name in ("one.deb", "two.deb"):
        package(store / "incoming" / name)
    (store / "unfinished.json").write_text("{")
    hand(played)
    assert command._told(played.machine, BOTH) == f"evsed {OLD} is now {NEW}"
    assert any(line.startswith("2 packages are in") for line in played.said)
    assert any("unfinished.json cannot be read" in line for line in played.said)
    assert (store / "unfinished.broken").read_text() == "{"
    assert not handed.is_there(played.machine)


def test_what_cannot_be_finished_leaves_no_note_that_starts_it_again(played: Played) -> None:
    played.broken |= {OLD, NEW}
    hand(played)
    with pytest.raises(UpdateError, match="could not be brought back"):
        command._told(played.machine, HANDED)
    hand(played, "evsed_0.9.2+deb12_arm64.deb", "0.9.2+deb12")
    with pytest.raises(UpdateError, match="could not be brought back"):
        command._told(played.machine, BOTH)
    assert read_record(played.machine) is not None
    assert not handed.is_there(played.machine)


def test_who_finds_others_at_work_leaves_no_note_that_starts_it_again(
    played: Played, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    hand(played)
    with command.alone(played.machine):
        assert command.main(["--handed"], played.machine) == 1
    assert capsys.readouterr().out == "FAIL: another evsed-update is at work\n"
    assert played.at >= 300
    assert not handed.is_there(played.machine)
    assert progress.read(played.root) is None, "the other one tells how far it is"


def test_nothing_handed_over_tells_nobody_of_a_failure(played: Played) -> None:
    hand(played)
    command._told(played.machine, HANDED)
    before = progress.read(played.root)
    for wanted in (HANDED, BOTH, command.Wanted(incoming=True)):
        with pytest.raises(command.NothingError):
            command._told(played.machine, wanted)
    assert progress.read(played.root) == before
    assert not (played.root / "var/lib/evsed-update/at-work").exists()


def test_a_package_that_is_too_long_is_refused(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    hand(played)
    monkeypatch.setattr(handed, "MOST_BYTES", 50)
    assert "50 bytes at most" in refused(played)


def test_nothing_handed_over_is_said(played: Played) -> None:
    with pytest.raises(UpdateError, match="nothing was handed over"):
        command.update(played.machine, HANDED)


def test_a_power_cut_before_anything_was_changed_is_told_at_the_next_boot(played: Played) -> None:
    hand(played)
    played.cut_at = "dpkg-deb"
    with pytest.raises(PowerCutError):
        command._told(played.machine, HANDED)
    played.cut_at = ""
    with pytest.raises(UpdateError):
        command._told(played.machine, command.Wanted(incoming=True, handed=True))
    told = progress.read(played.root)
    assert told is not None
    assert (told.state, told.text) == (
        "failed",
        "the update was interrupted before anything was changed: begin it anew",
    )
    assert not (played.root / "var/lib/evsed-update/at-work").exists()


def test_each_step_is_told_also_when_it_goes_back(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    hand(played)
    played.sick.add(NEW)
    states: list[str] = []
    real = played.run

    def run(words: list[str], timeout_s: float) -> object:
        told = progress.read(played.root)
        if told is not None and told.state not in states:
            states.append(told.state)
        return real(words, timeout_s)

    monkeypatch.setattr(played, "run", run)
    with pytest.raises(UpdateError, match=r"is back$"):
        command._told(played.machine, HANDED)
    assert states == ["installing", "checking", "going_back"]
    told = progress.read(played.root)
    assert told is not None
    assert (told.state, told.from_version, told.to_version) == ("failed", OLD, NEW)
    assert played.installed == OLD


def test_a_full_disk_ends_no_update_for_want_of_telling(played: Played) -> None:
    (played.root / progress.FILE).mkdir()
    progress.tell(played.machine, progress.INSTALLING)
    assert progress.read(played.root) is None


def test_who_was_killed_at_work_is_told_to_be_lost_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    told = progress.Progress("installing", "", "", "", 0, 1_000)
    monkeypatch.setattr(progress, "since_boot", lambda: 1_000 + 60)
    assert not told.is_lost
    monkeypatch.setattr(progress, "since_boot", lambda: 1_000 + 86 * 60)
    assert told.is_lost
    monkeypatch.setattr(progress, "since_boot", lambda: 30)  # the next boot goes on with it
    assert not told.is_lost
