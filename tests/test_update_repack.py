"""The way back to what is installed, made again of it, with the real dpkg in a root directory of its own."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from evsed.update.machine import Machine
from evsed.update.repack import repack
from tests.silicon.environment import AS_COLLECTED

CONFIG = "etc/evsed/evsed.toml"
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # dpkg looks for ldconfig

pytestmark = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not here")


class Installed:
    """A root directory with dpkg's own records, in which small packages of evsed are installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        for name in ("var/lib/dpkg/updates", "var/lib/dpkg/info", "var/lib/evsed-update"):
            (self.root / name).mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()
        self.config = self.root / CONFIG
        self.machine = Machine(self.root, self.run)

    def run(self, words: Sequence[str], timeout_s: float) -> "subprocess.CompletedProcess[str]":
        program, *rest = words
        where = {"dpkg": [f"--root={self.root}", "--force-not-root,bad-path"]}
        where["dpkg-query"] = [f"--admindir={self.root}/var/lib/dpkg"]
        command = [program, *where.get(program, []), *rest]
        environment = {**AS_COLLECTED, "PATH": PATH, "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False, env=environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def package(self, version: str, config: str | None) -> Path:
        tree = self.folder / f"tree-{version}"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "usr/lib/evsed").mkdir(parents=True)
        (tree / "usr/lib/evsed/version").write_text(version)
        about = f"Package: evsed\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\n"
        (tree / "DEBIAN/control").write_text(f"{about}Description: a charger\n")
        if config is not None:
            (tree / "etc/evsed").mkdir(parents=True)
            (tree / CONFIG).write_text(config)
            (tree / "DEBIAN/conffiles").write_text(f"/{CONFIG}\n")
        package = self.folder / f"evsed_{version}.deb"
        self.machine.said("dpkg-deb", "--build", str(tree), str(package))
        return package

    def install(self, package: Path) -> None:
        """As evsed-update does it."""
        self.machine.said("dpkg", "--force-confdef", "--force-confold", "--install", str(package))

    def repacked(self, version: str) -> Path:
        path = self.folder / f"repacked_{version}.deb"
        repack(self.machine, path)
        return path

    @property
    def version(self) -> str:
        return (self.root / "usr/lib/evsed/version").read_text()


@pytest.fixture
def charger(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


@pytest.mark.parametrize("later", ["as of 1.0", "as of 2.0", "as of 3.0"])
def test_what_the_owner_has_written_outlives_the_way_back_and_the_next_version(charger: Installed, later: str) -> None:
    charger.install(charger.package("1.0", "as of 1.0"))
    charger.config.write_text("the owner's")
    way_back = charger.repacked("1.0")
    charger.install(charger.package("2.0", "as of 2.0"))
    charger.install(way_back)
    assert (charger.version, charger.config.read_text()) == ("1.0", "the owner's")
    again = charger.repacked("1.0-again")
    charger.install(charger.package("3.0", later))
    assert (charger.version, charger.config.read_text()) == ("3.0", "the owner's")
    charger.install(again)
    assert (charger.version, charger.config.read_text()) == ("1.0", "the owner's")


def test_what_the_owner_has_not_touched_goes_forth_and_back(charger: Installed) -> None:
    charger.install(charger.package("1.0", "as of 1.0"))
    way_back = charger.repacked("1.0")
    charger.install(charger.package("2.0", "as of 2.0"))
    assert charger.config.read_text() == "as of 2.0"
    charger.install(way_back)
    assert charger.config.read_text() == "as of 1.0"
    charger.install(charger.package("3.0", "as of 3.0"))
    assert charger.config.read_text() == "as of 3.0"


def test_what_the_owner_has_deleted_stays_deleted_on_the_way_back(charger: Installed) -> None:
    charger.install(charger.package("1.0", "as of 1.0"))
    charger.config.unlink()
    way_back = charger.repacked("1.0")
    for package in (charger.package("2.0", "as of 2.0"), way_back):
        charger.install(package)
        assert not charger.config.exists()


def test_a_file_that_the_package_has_no_more_is_left_to_the_owner(charger: Installed) -> None:
    charger.install(charger.package("1.0", "as of 1.0"))
    charger.config.write_text("the owner's")
    charger.install(charger.package("2.0", None))
    way_back = charger.repacked("2.0")
    charger.install(charger.package("3.0", "as of 3.0"))
    charger.install(way_back)
    assert (charger.version, charger.config.read_text()) == ("2.0", "the owner's")
