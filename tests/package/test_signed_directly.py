"""evsed-update run directly on a clean system where no systemd runs: what is refused, the update, and the way back."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evsed import __version__
from tests.package import packages
from tests.package.packages import OLDER
from tests.package.roots import copied
from tests.package.signed import KINDS, SICK, Signed, hand, refused, set_up, sick, signed
from tests.package.unbooted import Unbooted

_UPDATES_S = 900.0
_GET = "import sys, urllib.request as r; print(r.urlopen('http://127.0.0.1/' + sys.argv[1], timeout=9).read().decode())"


@pytest.fixture(scope="module")
def charger(release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unbooted]:
    """The older evsed with settings of its own, running; each test leaves it so."""
    with copied(release, tmp_path_factory.mktemp(release)) as root:
        set_up(root, release, kept=True)
        with Unbooted(root) as system:
            system.said("systemctl", "start", "evsed-guard.service", "evsed.service")
            system.wait(lambda: state(system).get("version") == OLDER, "the older one answers")
            system.said("evsed", "settings", "set", "current_max=16")
            yield system


@pytest.fixture(scope="module")
def wrong(release: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Signed, str]]:
    return refused(release, tmp_path_factory.mktemp("wrong"))


def state(charger: Unbooted) -> dict[str, object]:
    """What GET /api/v1/update answers; nothing while nobody does."""
    done = charger.run("python3", "-c", _GET, "api/v1/update")
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


def update(charger: Unbooted) -> str:
    """The last line of it."""
    return charger.run("evsed-update", "--handed", timeout_s=_UPDATES_S).stdout.strip().splitlines()[-1]


def still_runs(charger: Unbooted, before: str) -> None:
    """The old version answers, was not even stopped, has its settings, and nothing lies about."""
    assert state(charger)["version"] == OLDER
    assert charger.said("cat", "/run/as-systemctl/evsed.service") == before
    assert charger.said("evsed", "settings", "get", "current_max") == "current_max=16"
    assert charger.said("dpkg", "--audit") == ""
    assert charger.said("ls", "/var/lib/evsed/update") == ""
    assert "candidate.deb" not in charger.said("ls", "/var/lib/evsed-update")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_is_refused_and_the_old_one_runs_on(
    charger: Unbooted, wrong: dict[str, tuple[Signed, str]], kind: str
) -> None:
    package, says = wrong[kind]
    before = charger.said("cat", "/run/as-systemctl/evsed.service")
    hand(charger, package)
    said = update(charger)
    assert said.startswith("FAIL: ")
    assert says in said
    told = state(charger)
    assert (told["state"], told["text"]) == ("failed", said.removeprefix("FAIL: "))
    still_runs(charger, before)


def test_a_full_disk_is_seen_before_anything_is_stopped(charger: Unbooted, release: str) -> None:
    good = packages.current(f"{release}_amd64")
    before = charger.said("cat", "/run/as-systemctl/evsed.service")
    hand(charger, signed(good.read_bytes(), f"evsed_{__version__}+{release}_amd64.deb"))
    charger.said("mount", "-t", "tmpfs", "-o", "size=30m,mode=700", "none", "/var/lib/evsed-update")
    said = update(charger)
    charger.said("umount", "/var/lib/evsed-update")
    assert said.startswith("FAIL: ")
    assert "MB are needed: make room first" in said
    still_runs(charger, before)


def test_a_stranger_s_file_is_not_copied_for_anybody(charger: Unbooted, release: str) -> None:
    before = charger.said("cat", "/run/as-systemctl/evsed.service")
    good = packages.current(f"{release}_amd64")
    name = f"evsed_{__version__}+{release}_amd64.deb"
    hand(charger, signed(good.read_bytes(), name))
    (charger.root / "var/lib/evsed/update" / name).unlink()
    (charger.root / "var/lib/evsed/update" / name).symlink_to("/etc/shadow")
    assert "symbolic links" in update(charger)
    still_runs(charger, before)


def test_there_the_daemon_says_that_nobody_installs(charger: Unbooted) -> None:
    assert str(state(charger)["unavailable"]).startswith("systemd does not run here")


def test_a_sick_package_is_taken_back_within_a_minute(charger: Unbooted, release: str, tmp_path: Path) -> None:
    package = sick(release, tmp_path).read_bytes()
    hand(charger, signed(package, f"evsed_{SICK}+{release}_amd64.deb"))
    begun = time.monotonic()
    said = update(charger)
    print(f"{release}: forth and back took {time.monotonic() - begun:.0f} s")  # noqa: T201 - a measurement
    assert said.startswith("FAIL: evsed.service did not come up within 60 s")
    assert said.endswith(f"evsed {OLDER}+{release} is back")
    charger.wait(lambda: state(charger).get("version") == OLDER, "the old one answers")
    assert state(charger)["state"] == "failed"
    assert charger.said("evsed", "settings", "get", "current_max") == "current_max=16"


def test_a_good_one_is_installed_and_the_settings_are_kept(charger: Unbooted, release: str) -> None:
    """The last one here: the older evsed is gone then."""
    new = f"{__version__}+{release}"
    hand(charger, signed(packages.current(f"{release}_amd64").read_bytes(), f"evsed_{new}_amd64.deb"))
    assert update(charger) == f"OK: evsed {OLDER}+{release} is now {new}"
    told = state(charger)
    assert (told["version"], told["state"]) == (__version__, "done")
    assert (told["from_version"], told["to_version"]) == (f"{OLDER}+{release}", new)
    assert charger.said("evsed", "settings", "get", "current_max") == "current_max=16"
    assert charger.said("ls", "/var/lib/evsed/update") == ""
    log = charger.said("cat", "/run/as-systemctl/log").splitlines()
    assert [line.rpartition(" ")[0] for line in log[-4:]] == [
        "stop evsed.service", "stop evsed-guard.service", "start evsed-guard.service", "start evsed.service",
    ]  # fmt: skip
