"""evsed-update on a machine whose dpkg and systemctl are played: what is refused, what is kept, and the way back."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from evsed.update import command
from evsed.update.health import STEADY_S
from evsed.update.keeping import read_record
from evsed.update.machine import Machine, UpdateError
from evsed.update.steps import install

OLD, NEW = "0.9.0+deb12", "0.9.1+deb12"
SETTINGS = '{"schema": 1}'
INCOMING = command.Wanted(incoming=True)


def package(path: Path, version: str = NEW, name: str = "evsed", architecture: str = "arm64", size: int = 100) -> Path:
    """A package, as far as the played dpkg looks: its fields."""
    fields = {"Package": name, "Version": version, "Architecture": architecture, "Installed-Size": str(size)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(fields))
    return path


class PowerCutError(BaseException):
    """The power goes while this runs."""


@dataclass
class Played:
    """dpkg, systemctl and time. Versions that are ``sick`` do not come up, ``silent`` ones do not answer."""

    root: Path
    installed: str = OLD
    sick: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    cut_at: str = ""
    deaf_to: str = ""
    """A command in which this is does not work."""
    starts_at_once: bool = False
    """The packages start their daemon when they are installed, and it writes what it has read."""
    read: str | None = None
    running: bool = True
    state: str = ""
    """Of the units, when it is neither of those that ``running`` says."""
    said: list[str] = field(default_factory=list)
    at: float = 0.0
    ran: list[str] = field(default_factory=list)

    @property
    def machine(self) -> Machine:
        return Machine(self.root, self.run, lambda: self.at, self.sleep, self.said.append)

    @property
    def settings(self) -> Path:
        return self.root / "var/lib/evsed/settings.json"

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        if self.running and self.read is not None:
            self.settings.write_text(self.read)

    def run(self, words: Sequence[str], _timeout_s: float) -> "subprocess.CompletedProcess[str]":
        text = " ".join(words)
        self.ran.append(text)
        if self.cut_at and self.cut_at in text:
            raise PowerCutError
        done, said = (False, "") if self.deaf_to and self.deaf_to in text else self._does(list(words))
        return subprocess.CompletedProcess(list(words), 0 if done else 1, said, "" if done else "it does not work")

    def _does(self, words: list[str]) -> tuple[bool, str]:
        match words:
            case ["dpkg-deb", "--field", path]:
                try:
                    return True, "\n".join(
                        f"{key}: {value}" for key, value in json.loads(Path(path).read_text()).items()
                    )
                except ValueError:
                    return False, ""
            case ["dpkg", "--print-architecture"]:
                return True, "arm64\n"
            case ["dpkg-query", *_]:
                return bool(self.installed), self.installed
            case ["dpkg", "--compare-versions", one, "gt", other]:
                return one > other, ""
            case ["dpkg", *_, "--install", path]:
                return self._unpack(json.loads(Path(path).read_text())["Version"])
            case ["systemctl", "stop" | "start" as verb, *_]:
                self.running, self.state = verb == "start", ""
                self.read = self.read if self.running else None  # what runs is not started anew
            case ["systemctl", "show", "--property=ActiveState", *_]:
                return True, self.state or ("active" if self.running else "inactive")
            case ["systemctl", "show", *_]:
                up = self.running and not self.state and self.installed not in self.sick
                return True, f"ActiveState={'active' if up else 'activating'}\nMainPID={4711 if up else 0}\n"
            case ["systemd-run", *_]:
                return self.running and self.installed not in self.silent | self.sick, ""
        return True, ""

    def _unpack(self, version: str) -> tuple[bool, str]:
        self.installed = version
        self.settings.write_text(f'{{"schema": 2, "by": "{version}"}}')
        if self.starts_at_once:
            self.running, self.read = True, self.settings.read_text()
        return version not in self.broken, ""


@pytest.fixture
def played(tmp_path: Path) -> Played:
    for place in ("var/lib/evsed", "var/lib/evsed-update/incoming", "usr", "etc", "var/lib/dpkg"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    (tmp_path / "var/lib/evsed/settings.json").write_text(SETTINGS)
    package(tmp_path / f"var/lib/evsed-update/evsed_{OLD}_arm64.deb", OLD)
    return Played(tmp_path)


def wrong(played: Played, path: Path) -> str:
    """Why the package is refused, before anything was stopped."""
    with pytest.raises(UpdateError) as refused:
        install(played.machine, path, downgrade=False)
    assert not any(word in ran for ran in played.ran for word in ("stop", "--install"))
    assert read_record(played.machine) is None
    return str(refused.value)


def test_an_update_is_installed_after_charging_was_stopped_and_is_watched(played: Played, tmp_path: Path) -> None:
    new = package(tmp_path / "new.deb")
    assert install(played.machine, new, downgrade=False) == f"evsed {OLD} is now {NEW}"
    (stopped,) = [number for number, ran in enumerate(played.ran) if ran.startswith("systemctl stop evsed.service")]
    (unpacked,) = [number for number, ran in enumerate(played.ran) if "--install" in ran]
    assert stopped < unpacked
    assert played.at >= STEADY_S
    assert played.running
    store = tmp_path / "var/lib/evsed-update"
    assert {path.name for path in store.glob("*.deb")} == {f"evsed_{OLD}_arm64.deb", f"evsed_{NEW}_arm64.deb"}
    assert (store / "settings/settings.json").read_text() == SETTINGS
    assert read_record(played.machine) is None


def test_what_is_no_package_for_this_machine_is_refused(played: Played, tmp_path: Path) -> None:
    text = tmp_path / "text.deb"
    text.write_text("<html>")
    assert "is no Debian package" in wrong(played, text)
    assert "is the package 'bash', not evsed" in wrong(played, package(tmp_path / "a.deb", name="bash"))
    assert "is for amd64, and this machine is arm64" in wrong(played, package(tmp_path / "b.deb", architecture="amd64"))
    assert "needs one with +deb12" in wrong(played, package(tmp_path / "c.deb", version="0.9.1+deb13"))
    assert "needs one with +deb12" in wrong(played, package(tmp_path / "d.deb", version="0.9.1"))
    assert "no version that can be used" in wrong(played, package(tmp_path / "e.deb", version="../../etc+deb12"))
    assert "No such file" in wrong(played, tmp_path / "missing.deb")


def test_an_older_one_is_refused_unless_it_is_asked_for(played: Played, tmp_path: Path) -> None:
    older = package(tmp_path / "older.deb", "0.8.9+deb12")
    assert "which is newer (sudo evsed-update --downgrade takes it)" in wrong(played, older)
    assert f"{OLD} is no update: {OLD} is installed (" in wrong(played, package(tmp_path / "same.deb", OLD))
    assert install(played.machine, older, downgrade=True) == f"evsed {OLD} is now 0.8.9+deb12"


def test_a_full_disk_is_seen_before_anything_is_stopped(played: Played, tmp_path: Path) -> None:
    assert "make room first" in wrong(played, package(tmp_path / "new.deb", size=1_000_000_000))


def test_settings_that_have_no_room_twice_are_seen_before_anything_is_stopped(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 100_000_000))
    sessions = tmp_path / "var/lib/evsed/sessions.db"
    sessions.touch()
    os.truncate(sessions, 90_000_000)  # a hole: on the disk it is nothing
    assert "100 MB are free" in wrong(played, package(tmp_path / "new.deb"))
    assert played.running
    assert not (tmp_path / "var/lib/evsed-update/settings.new").exists()


def test_settings_that_grow_after_the_look_are_seen_as_well_and_charging_goes_on(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [100_000_000]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, free[0]))
    real = played.machine.run

    def run(words: Sequence[str], timeout_s: float) -> "subprocess.CompletedProcess[str]":
        free[0] = 0 if "stop" in words else free[0]
        return real(words, timeout_s)

    monkeypatch.setattr(played, "run", run)
    with pytest.raises(UpdateError, match="the settings cannot be copied: 0 MB are free"):
        install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    assert played.running
    assert (played.installed, read_record(played.machine)) == (OLD, None)


@pytest.mark.parametrize("large", ["sessions.db", "sessions.db-wal"])
def test_sessions_without_a_bound_are_not_kept_and_stay_where_they_are(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 10**12))
    for name in ("sessions.db", "sessions.db-wal"):
        (tmp_path / "var/lib/evsed" / name).write_bytes(b"x" * 100)
    os.truncate(tmp_path / "var/lib/evsed" / large, 10**10)
    played.sick.add(NEW)
    with pytest.raises(UpdateError, match="is back"):
        install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    assert [path.name for path in (tmp_path / "var/lib/evsed-update/settings").iterdir()] == ["settings.json"]
    assert (tmp_path / "var/lib/evsed" / large).stat().st_size == 10**10
    assert f"{tmp_path}/var/lib/evsed/{large} is not kept for the way back: it has {10**10} bytes" in played.said


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("kind", ["sick", "silent", "broken"])
def test_the_old_one_comes_back_with_its_settings(played: Played, tmp_path: Path, kind: str, at_once: bool) -> None:
    played.starts_at_once = at_once
    getattr(played, kind).add(NEW)
    with pytest.raises(UpdateError, match=f"evsed {OLD.replace('+', '.')} is back$"):
        install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    assert played.installed == OLD
    assert played.running
    assert played.settings.read_text() == SETTINGS
    assert read_record(played.machine) is None


def test_without_a_package_of_the_old_one_the_new_one_stays_and_it_is_said(played: Played, tmp_path: Path) -> None:
    old = tmp_path / f"var/lib/evsed-update/evsed_{OLD}_arm64.deb"
    old.unlink()
    played.sick.add(NEW)
    with pytest.raises(UpdateError, match="There is no way back"):
        install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    assert played.installed == NEW
    assert played.said[0].startswith(f"There will be no way back: {old} is not there")


def test_what_did_not_run_before_does_not_have_to_afterwards(played: Played, tmp_path: Path) -> None:
    played.running = False
    said = install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    stopped = "evsed-guard.service and evsed.service had been stopped before"
    assert said.endswith(f"; {stopped}: not started, and not looked at")
    assert not played.running


def test_one_that_is_half_unpacked_was_not_stopped_by_its_owner(played: Played, tmp_path: Path) -> None:
    played.running = False
    (played.root / "var/lib/evsed-unpacked").touch()
    said = install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    assert "not looked at" not in said.split("whether REST")[0]
    assert played.running


def test_who_finishes_what_dpkg_could_not_starts_what_ran(played: Played, tmp_path: Path) -> None:
    (played.root / "run").mkdir(exist_ok=True)
    (played.root / "var/lib/evsed-unpacked").touch()
    played.broken.add(NEW)
    for kept in (played.root / "var/lib/evsed-update").glob("evsed_*.deb"):
        kept.unlink()
    with pytest.raises(UpdateError, match="no way back"):
        install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    assert (played.root / "run/evsed-ran").read_text().split() == ["evsed-guard.service", "evsed.service"]


@pytest.mark.parametrize("state", ["activating", "deactivating"])
def test_one_that_nobody_had_stopped_has_to_run_afterwards(played: Played, tmp_path: Path, state: str) -> None:
    played.state = state
    played.silent.add(OLD)
    said = install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    assert said.endswith("; it runs, and whether REST answers was not looked at: it did not before")
    assert played.running

    played.state = state
    played.sick |= {NEW, "0.9.2+deb12"}
    with pytest.raises(UpdateError, match="did not come up"):
        install(played.machine, package(tmp_path / "newer.deb", "0.9.2+deb12"), downgrade=False)


def test_a_link_that_the_owner_names_is_followed_and_one_in_incoming_is_not(played: Played, tmp_path: Path) -> None:
    new = package(tmp_path / "new.deb")
    link = tmp_path / "link.deb"
    link.symlink_to(new)
    (tmp_path / "var/lib/evsed-update/incoming/link.deb").symlink_to(new)
    with pytest.raises(UpdateError, match="symbolic links"):
        command.update(played.machine, INCOMING)
    assert command.update(played.machine, command.Wanted(link)) == f"evsed {OLD} is now {NEW}"


@pytest.mark.parametrize("moment", ["--install", "systemctl start"])
def test_a_second_run_finishes_what_a_power_cut_has_ended(played: Played, tmp_path: Path, moment: str) -> None:
    new = package(tmp_path / "var/lib/evsed-update/incoming/new.deb")
    played.cut_at = moment
    with pytest.raises(PowerCutError):
        install(played.machine, new, downgrade=False)
    played.cut_at, played.running = "", True
    assert not new.exists()
    assert command.update(played.machine, INCOMING) == f"evsed {OLD} is now {NEW}"
    assert (tmp_path / "var/lib/evsed-update/settings/settings.json").read_text() == SETTINGS


def test_a_power_cut_on_the_way_back_is_finished_as_well(played: Played, tmp_path: Path) -> None:
    played.sick.add(NEW)
    played.cut_at = f"evsed_{OLD}_arm64.deb"
    with pytest.raises(PowerCutError):
        install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    played.cut_at = ""
    with pytest.raises(UpdateError, match="is back"):
        command.update(played.machine, INCOMING)
    assert played.installed == OLD
    assert played.settings.read_text() == SETTINGS


def test_what_lies_in_incoming_is_taken_once(played: Played, tmp_path: Path) -> None:
    incoming = tmp_path / "var/lib/evsed-update/incoming"
    bad = package(incoming / "bad.deb", name="bash")
    with pytest.raises(UpdateError, match="not evsed"):
        command.update(played.machine, INCOMING)
    assert [path.name for path in incoming.iterdir()] == ["bad.refused"]
    assert not bad.exists()
    with pytest.raises(UpdateError, match="0 packages are in"):
        command.update(played.machine, INCOMING)
    for name in ("one.deb", "two.deb"):
        package(incoming / name)
    with pytest.raises(UpdateError, match="2 packages are in"):
        command.update(played.machine, INCOMING)


def test_settings_that_are_links_lead_nowhere(played: Played, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root's")
    (tmp_path / "var/lib/evsed/settings.json.previous").symlink_to(secret)
    (tmp_path / "var/lib/evsed/settings.json.part").symlink_to(secret)
    played.sick.add(NEW)
    with pytest.raises(UpdateError, match="is back"):
        install(played.machine, package(tmp_path / "new.deb"), downgrade=False)
    assert secret.read_text() == "root's"
    assert [path.name for path in (tmp_path / "var/lib/evsed-update/settings").iterdir()] == ["settings.json"]


def test_only_root_installs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert command.main(["some.deb"]) == 1
    assert capsys.readouterr().out.startswith("FAIL: only root")
