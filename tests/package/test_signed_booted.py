"""From POST /update to the end, with a real systemd: root's program is started by its path unit, in its sandbox."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evsed import __version__
from tests.package import packages
from tests.package.booted import Booted
from tests.package.packages import OLDER
from tests.package.roots import copied
from tests.package.signed import KINDS, SICK, Signed, hand, refused, set_up, sick, signed
from tests.package.test_units import ASK, EVSED

_POST = Path(__file__).with_name("post.py")
_UPDATES_S = 900.0


class Charger(Booted):
    """The older evsed, which runs, with a token of an installer's."""

    token = ""

    def post(self, wanted: Signed, how: str = "") -> str:
        """Status and body of the answer."""
        folder = self.root / "root/upload"
        folder.mkdir(exist_ok=True)
        (folder / "package").write_bytes(wanted.package)
        (folder / "signature").write_bytes(wanted.signature)
        return self.said("python3", "/root/post.py", self.token, wanted.name, how, timeout_s=120)

    def state(self) -> dict[str, Any]:
        """What GET /api/v1/update answers; nothing while nobody does."""
        done = self.run("python3", "-c", ASK, "/api/v1/update")
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    def ends(self) -> dict[str, Any]:
        """The state when the update is over."""
        self.wait(lambda: self.state().get("state") in {"done", "failed"}, "the update is over", _UPDATES_S)
        return self.state()

    def still_runs(self, before: str) -> None:
        """The old version was not even stopped, has its settings, and nothing of an upload lies about."""
        assert self.shows(EVSED, "MainPID") == before
        assert self.state()["version"] == OLDER
        assert self.said("evsed", "settings", "get", "current_max") == "current_max=16"
        self.wait(lambda: self.said("sh", "-c", "ls /var/lib/evsed/update || true") == "", "nothing lies about")
        assert self.shows("evsed-update.path", "ActiveState") == "active"


@pytest.fixture(scope="module")
def charger(release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Charger]:
    """Each test but the last leaves the older one running."""
    with copied(release, tmp_path_factory.mktemp(release)) as root:
        set_up(root, release, kept=False)
        (root.path / "root/post.py").write_text(_POST.read_text())
        with Charger(root.path) as booted:
            booted.wait(lambda: booted.state().get("version") == OLDER, "REST answers")
            booted.token = booted.said("evsed", "access", "token", "add", "updates", "--right", "install").split()[-1]
            booted.said("evsed", "settings", "set", "current_max=16")
            yield booted


@pytest.fixture(scope="module")
def wrong(release: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Signed, str]]:
    return refused(release, tmp_path_factory.mktemp("wrong"))


def good(release: str) -> Signed:
    """An update."""
    return signed(packages.current(f"{release}_amd64").read_bytes(), f"evsed_{__version__}+{release}_amd64.deb")


def test_the_installer_waits_from_the_installation_on(charger: Charger) -> None:
    told = charger.state()
    assert (told["state"], told["unavailable"], [key["name"] for key in told["keys"]]) == ("idle", None, ["mine.pem"])
    assert charger.shows("evsed-update.path", "ActiveState") == "active"
    assert charger.said("systemctl", "is-enabled", "evsed-update.path") == "enabled"


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"lie", "cut"}))
def test_what_is_wrong_is_refused_by_the_daemon_already(
    charger: Charger, wrong: dict[str, tuple[Signed, str]], kind: str
) -> None:
    before = charger.shows(EVSED, "MainPID")
    package, says = wrong[kind]
    said = charger.post(package)
    assert said.startswith("400 FAIL: ")
    assert says in said
    assert charger.state()["state"] == "idle"
    charger.still_runs(before)


@pytest.mark.parametrize("kind", ["lie", "cut"])
def test_what_only_root_can_see_is_refused_by_root(
    charger: Charger, wrong: dict[str, tuple[Signed, str]], kind: str
) -> None:
    before = charger.shows(EVSED, "MainPID")
    package, says = wrong[kind]
    assert charger.post(package) == "200 OK"
    told = charger.ends()
    assert told["state"] == "failed"
    assert says in told["text"]
    charger.still_runs(before)
    charger.said("rm", "/var/lib/evsed-update.json")


def test_root_believes_nothing_that_lies_there(charger: Charger, wrong: dict[str, tuple[Signed, str]]) -> None:
    before = charger.shows(EVSED, "MainPID")
    package, says = wrong["stranger"]
    hand(charger, package)
    told = charger.ends()
    assert (told["state"], says in told["text"]) == ("failed", True)
    charger.still_runs(before)
    charger.said("rm", "/var/lib/evsed-update.json")


def test_an_interrupted_upload_leaves_nothing(charger: Charger, release: str) -> None:
    before = charger.shows(EVSED, "MainPID")
    charger.post(good(release), "half")
    charger.still_runs(before)
    assert charger.state()["state"] == "idle"


def test_a_full_disk_is_seen_before_and_while_the_package_comes(charger: Charger, release: str) -> None:
    before = charger.shows(EVSED, "MainPID")
    charger.said("runuser", "-u", "evsed", "--", "mkdir", "-p", "/var/lib/evsed/update")
    enter = ("nsenter", "--target", before, "--mount")
    charger.said(*enter, "mount", "-t", "tmpfs", "-o", "size=18m,mode=700,uid=evsed", "none", "/var/lib/evsed/update")
    try:
        assert charger.post(good(release)).startswith("507 FAIL: 18 MB are free, and ")
        charger.said(*enter, "fallocate", "--length", "1M", "/var/lib/evsed/update/other")
        big = Signed(good(release).name, bytes(20_000_000), bytes(64))
        assert charger.post(big, "chunked").startswith("507 FAIL: the disk is full")
        assert charger.said(*enter, "ls", "/var/lib/evsed/update") == ""
    finally:
        charger.said(*enter, "umount", "/var/lib/evsed/update")
    charger.still_runs(before)


def test_a_sick_one_is_taken_back_with_the_settings(charger: Charger, release: str, tmp_path: Path) -> None:
    """Nobody has kept the older package, as after apt install: it was made again of what is installed."""
    package = signed(sick(release, tmp_path).read_bytes(), f"evsed_{SICK}+{release}_amd64.deb")
    assert charger.post(package) == "200 OK"
    told = charger.ends()
    assert (told["version"], told["state"]) == (OLDER, "failed")
    assert told["text"].startswith("evsed.service did not come up within 60 s")
    assert told["text"].endswith(f"evsed {OLDER}+{release} is back")
    charger.still_runs(charger.shows(EVSED, "MainPID"))
    assert "schema99" not in charger.said("ls", "/var/lib/evsed")
    assert charger.said("dpkg", "--verify", "evsed") == ""
    assert charger.said("dpkg", "--audit") == ""


def test_a_good_one_is_done(charger: Charger, release: str) -> None:
    """The last one here: the older evsed is gone then."""
    assert charger.post(good(release)) == "200 OK"
    told = charger.ends()
    new = f"{__version__}+{release}"
    assert (told["version"], told["state"]) == (__version__, "done")
    assert told["text"] == f"evsed {OLDER}+{release} is now {new}"
    assert charger.said("evsed", "settings", "get", "current_max") == "current_max=16"
    said = charger.journal("--unit=evsed", "--unit=evsed-update", "--output=cat", "--lines=60")
    assert said.index("is signed by") < said.index("Stopping evsed.service") < said.index(f"OK: evsed {OLDER}")
    assert charger.shows("evsed-update.path", "ActiveState") == "active"
    assert charger.said("dpkg", "--audit") == ""
    assert charger.post(good(release)).startswith("400 FAIL: ")
    assert charger.state()["state"] == "done"
