"""The package on a clean system where no systemd runs and nothing is reachable: from installation to purge."""

import gzip
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from evsed import __version__
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.saved_text import encode
from tests.package.packages import OLDER
from tests.package.roots import Root
from tests.scenarios.simulation import wait_for
from tests.silicon.environment import AS_COLLECTED

ASK = """
import json, subprocess, sys, time, urllib.request
command = ["evsed", "simulate", "--port", "18080", "--plant-port", "18180", "--state-dir", "/tmp/state"]
simulation = subprocess.Popen(command)
until = time.monotonic() + float(sys.argv[1])
while True:
    try:
        print(urllib.request.urlopen("http://127.0.0.1:18080/settings").read().decode())
        break
    except OSError:
        if simulation.poll() is not None or time.monotonic() > until:
            raise
        time.sleep(0.2)
simulation.terminate()
sys.exit(simulation.wait())
"""


def _as_older() -> str:
    """The settings of a charger in use, as the schema before SET UP had them."""
    document = json.loads(encode(Saved(settings=Settings().replace("current_max", 16))))
    del document["settings"]["set_up"], document["evsed"]
    return json.dumps(document | {"schema": 1}, indent=2) + "\n"


SETTINGS = _as_older()


def ask(root: Root) -> dict[str, object]:
    """What the simulated charger answers to GET /settings there."""
    said = root.said("python3", "-c", ASK, "120")
    return dict(json.loads(next(line for line in said.splitlines() if line.startswith("{"))))


def test_it_installs_without_a_network_and_the_simulated_charger_answers(root: Root, package: Path) -> None:
    assert "lacks" not in root.install(package)
    assert root.said("evsed", "version") == f"evsed {__version__}"
    assert ask(root)["version"] == __version__
    assert root.said("evsed-safe").startswith("evsed-safe: no /run/evsed/guard.json")


def test_files_belong_to_whom_they_should(root: Root, package: Path) -> None:
    root.install(package)
    stat = ("stat", "--format", "%U:%G %a")
    assert root.said(*stat, "/etc/evsed/evsed.toml") == "root:evsed 640"
    assert root.said(*stat, "/var/lib/evsed") == "evsed:evsed 700"
    assert root.said(*stat, "/run/evsed") == "evsed:evsed 750"
    assert {"evsed", "gpio", "spi", "dialout"} == set(root.said("id", "-nG", "evsed").split())
    programs = ("/usr/lib/evsed", "/usr/bin/evsed")
    assert root.said("find", *programs, "(", "!", "-user", "root", "-o", "-perm", "/022", ")") == ""
    assert root.said("find", "/usr/lib/evsed", "-path", "*evsed/evsed/core/__pycache__/safety.*.pyc") != ""


def test_the_changelogs_are_debians_and_the_owners(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "-x", package, tmp_path], check=True, timeout=300)
    documents = tmp_path / "usr/share/doc/evsed"
    with gzip.open(documents / "changelog.gz", "rt", encoding="utf-8") as file:
        assert file.readline().startswith(f"evsed ({__version__})")
    assert f"## {__version__}" in (documents / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_compiled_file_finds_its_libraries(root: Root, package: Path) -> None:
    root.install(package)
    found = root.said("sh", "-c", "find /usr/lib/evsed -name '*.so*' -exec ldd {} +")
    assert "libc.so.6" in found
    assert "not found" not in found


def test_purge_leaves_nothing_and_it_can_be_installed_again(root: Root, package: Path) -> None:
    def known() -> tuple[set[str], str, str]:
        return root.files(), root.accounts(), root.packages()

    before = known()
    root.install(package)
    settings(root)
    assert "settings.json" in root.said("ls", "/var/lib/evsed")
    root.said("dpkg", "--remove", "evsed")
    assert root.said("ls", "/var/lib/evsed", "/etc/evsed").count("evsed.toml") == 1, "the owner's files stay"
    assert root.run("ls", "/usr/lib/evsed").returncode != 0
    root.said("dpkg", "--purge", "evsed")
    after = known()
    assert after[0] ^ before[0] == set()
    assert after[1:] == before[1:]
    root.install(package)
    assert root.said("evsed", "version") == f"evsed {__version__}"


def test_groups_that_others_use_survive_a_purge_and_so_does_nobodys_mode(root: Root, package: Path) -> None:
    root.install(package)
    root.said("adduser", "--quiet", "games", "gpio")
    root.said("dpkg-statoverride", "--update", "--add", "root", "root", "0600", "/etc/evsed/evsed.toml")
    root.said("dpkg", "-i", root.put(package))
    assert root.said("stat", "--format", "%U:%G %a", "/etc/evsed/evsed.toml") == "root:root 600"
    root.said("dpkg", "--purge", "evsed")
    groups = (root.path / "etc/group").read_text()
    assert "gpio:" in groups
    assert "spi:" not in groups
    assert "evsed" not in root.said("dpkg-statoverride", "--list")


def settings(root: Root) -> None:
    """Settings that an owner has made."""
    path = root.path / "var/lib/evsed/settings.json"
    path.write_text(SETTINGS)
    root.said("chown", "evsed:evsed", "/var/lib/evsed/settings.json")


def test_an_upgrade_keeps_the_settings_and_a_copy_of_them(root: Root, older: Path, package: Path) -> None:
    root.install(older)
    assert root.said("evsed", "version") == f"evsed {OLDER}"
    settings(root)
    toml = root.path / "etc/evsed/evsed.toml"
    toml.write_text(toml.read_text() + "serial = 4711\n")
    root.install(package)
    assert root.said("evsed", "version") == f"evsed {__version__}"
    assert (root.path / "var/lib/evsed/settings.json").read_text() == SETTINGS
    assert "serial = 4711" in toml.read_text()
    (copy,) = (root.path / "var/lib/evsed/backup").iterdir()
    assert copy.name.startswith(f"{OLDER}-2")
    assert (copy / "settings.json").read_text() == SETTINGS
    assert "serial = 4711" in (copy / "evsed.toml").read_text()


def test_ten_copies_are_kept_the_newest(root: Root, older: Path, package: Path) -> None:
    root.install(older)
    settings(root)
    days = "01 02 03 04 05 06 07 08 09 10 11 12"
    one = "mkdir -p backup/0.1-$n; : >backup/0.1-$n/sessions.db; touch -d 2020-01-$n backup/0.1-$n"
    made = f"for n in {days}; do {one}; done"
    root.said("runuser", "-u", "evsed", "--", "sh", "-c", f"cd /var/lib/evsed && {made}")
    root.install(package)
    names = sorted(path.name for path in (root.path / "var/lib/evsed/backup").iterdir())
    assert names[:-1] == [f"0.1-{n:02}" for n in range(4, 13)]
    assert names[-1].startswith(OLDER)
    with_sessions = (root.path / "var/lib/evsed/backup").glob("*/sessions.db")
    assert sorted(path.parent.name for path in with_sessions) == ["0.1-11", "0.1-12"]


def test_without_room_for_the_copy_the_old_version_stays(root: Root, older: Path, package: Path) -> None:
    root.install(older)
    settings(root)
    root.said("runuser", "-u", "evsed", "--", "touch", "/var/lib/evsed/backup")  # no folder: nothing can be put there
    root.said("sh", "-c", "rm -rf /var/lib/evsed/backup && touch /var/lib/evsed/backup")
    done = root.run("dpkg", "-i", root.put(package))
    assert done.returncode != 0
    assert "the reason is above. Nothing was changed" in done.stdout
    assert root.said("evsed", "version") == f"evsed {OLDER}"
    assert (root.path / "var/lib/evsed/settings.json").read_text() == SETTINGS
    assert root.said("find", "/usr/lib/evsed/evsed/core", "-name", "safety.*.pyc") != "", "compiled again"
    assert not (root.path / "var/lib/evsed-unpacked").exists()


def test_the_copy_is_of_all_plain_files_and_what_else_lies_there_hinders_nothing(
    root: Root, older: Path, package: Path
) -> None:
    root.install(older)
    settings(root)
    folder = root.path / "var/lib/evsed"
    for name in (
        "mqtt.json",
        "cards.json",
        "access.json.previous",
        "sessions.db",
        "sessions.db-wal",
        "sessions.db-shm",
    ):
        (folder / name).write_text("{}")
    (folder / "settings.json.d").mkdir()
    (folder / "settings.json.link").symlink_to("/etc/shadow")
    os.mkfifo(folder / "settings.json.fifo")
    root.said("chown", "-hR", "evsed:evsed", "/var/lib/evsed")
    root.install(package)
    (copy,) = (folder / "backup").iterdir()
    kept = {"settings.json", "mqtt.json", "cards.json", "access.json.previous", "sessions.db", "sessions.db-wal"}
    assert {path.name for path in copy.iterdir()} == {*kept, "evsed.toml"}


def test_the_same_version_again_makes_no_second_copy_of_the_same(root: Root, package: Path) -> None:
    root.install(package)
    settings(root)
    for _ in range(2):
        root.install(package)
    (copy,) = (root.path / "var/lib/evsed/backup").iterdir()
    assert (copy / "settings.json").read_text() == SETTINGS


def test_what_config_txt_lacks_is_said_and_not_written(root: Root, package: Path) -> None:
    config = root.path / "boot/firmware/config.txt"
    config.parent.mkdir(parents=True)
    config.write_text("# a Pi\n#dtparam=spi=on\ndtparam=i2c_arm=on,audio=off\n")
    said = root.install(package)
    assert config.read_text() == "# a Pi\n#dtparam=spi=on\ndtparam=i2c_arm=on,audio=off\n"
    assert [line.strip() for line in said.splitlines() if line.startswith("    dtparam")] == [
        "dtparam=spi=on",
        "dtparam=strict_gpiod",
    ]
    config.write_text("dtparam=spi=on\ndtparam=strict_gpiod  # lines go low\ndtparam=audio=off\n")
    assert "lacks" not in root.install(package)


def kill(root: Root, package: Path, moment: Callable[[], object], what: str) -> None:
    """Kills dpkg while it installs, when the moment has come."""
    command = root.command("dpkg", "-i", root.put(package))
    installing = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, env=AS_COLLECTED)
    try:
        wait_for(moment, what, lambda: _still(installing))
    finally:
        installing.kill()  # and with it all in its process namespace
        installing.wait()


def _still(process: "subprocess.Popen[bytes]") -> None:
    assert process.poll() is None, "it was done before the moment came"


def test_an_upgrade_that_is_killed_while_it_unpacks_can_be_done_again(root: Root, older: Path, package: Path) -> None:
    root.install(older)
    settings(root)
    unpacking = root.path / "usr/lib/evsed"
    kill(root, package, (unpacking / "evsed/app.py.dpkg-new").exists, "unpacking")
    root.run("dpkg", "--configure", "-a")
    root.install(package)
    assert not any(unpacking.rglob("*.dpkg-*"))
    assert "install ok installed" in root.said("dpkg-query", "--status", "evsed")
    assert (root.path / "var/lib/evsed/settings.json").read_text() == SETTINGS
    assert ask(root)["version"] == __version__


def test_an_installation_that_is_killed_while_it_configures_is_finished_by_dpkg(root: Root, package: Path) -> None:
    kill(root, package, (root.path / "usr/lib/evsed/pydantic/__pycache__").exists, "compiling")
    assert "install ok installed" not in root.said("dpkg-query", "--status", "evsed")
    root.said("dpkg", "--configure", "-a")
    assert "install ok installed" in root.said("dpkg-query", "--status", "evsed")
    assert root.said("evsed", "version") == f"evsed {__version__}"
