"""Packages of every kind that is uploaded, signed by a key that is made for the tests, in a root where that counts."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evsed import __version__
from evsed.update.handed import FOLDER, READY
from tests.package import packages
from tests.package.packages import OLDER
from tests.package.roots import Root
from tests.signing import trust
from tests.silicon.environment import AS_COLLECTED

KEY: Final = Ed25519PrivateKey.generate()
SICK: Final = "9.9.9"
KINDS: Final = (
    "architecture", "release", "older", "same", "name", "lie", "signature", "stranger", "damaged", "cut",
)  # fmt: skip
"""What refused() has."""

_MIGRATES: Final = """#!/usr/bin/python3 -I
import json, pathlib
for name in ("settings.json", "settings.json.previous"):
    path = pathlib.Path("/var/lib/evsed", name)
    if path.exists():
        path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 99, "evsed": "9.9.9"}))
raise SystemExit(1)
"""


class Machine(Protocol):
    """A root in which programs are run."""

    root: Path

    def run(self, *words: str, timeout_s: float = 60.0) -> "subprocess.CompletedProcess[str]": ...

    def said(self, *words: str, timeout_s: float = 60.0) -> str: ...

    def wait(self, true: Callable[[], bool], what: str, within_s: float = 60.0) -> None: ...


@dataclass(frozen=True)
class Signed:
    """A package as it is uploaded: under this name, with this signature."""

    name: str
    package: bytes
    signature: bytes


def sick(release: str, folder: Path) -> Path:
    """A package whose daemon migrates the settings to a schema of its own and ends."""
    built, tree = packages.current(f"{release}_amd64"), folder / "sick"
    subprocess.run(["dpkg-deb", "--raw-extract", str(built), str(tree)], check=True, env=AS_COLLECTED)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {__version__}", f"Version: {SICK}"))
    (tree / "usr/bin/evsed").write_text(_MIGRATES)
    (tree / "usr/lib/evsed/evsed/app.py").write_text("raise SystemExit(1)\n")
    package = tree.with_suffix(".deb")
    subprocess.run(["dpkg-deb", "--build", "-Zgzip", str(tree), str(package)], check=True, env=AS_COLLECTED)
    return package


def small(folder: Path, version: str, architecture: str = "amd64") -> bytes:
    """A package that nobody should install: its fields, and nothing else."""
    tree = folder / f"{version}_{architecture}"
    (tree / "DEBIAN").mkdir(parents=True)
    fields = f"Package: evsed\nVersion: {version}\nArchitecture: {architecture}\n"
    (tree / "DEBIAN/control").write_text(f"{fields}Maintainer: nobody <nobody@evsed.example>\nDescription: none\n")
    package = tree.with_name(f"{tree.name}.deb")
    subprocess.run(["dpkg-deb", "--build", str(tree), str(package)], check=True, env=AS_COLLECTED)
    return package.read_bytes()


def signed(package: bytes, name: str, key: Ed25519PrivateKey = KEY) -> Signed:
    """As who has ``key`` publishes it."""
    return Signed(name, package, key.sign(package))


def refused(release: str, folder: Path) -> dict[str, tuple[Signed, str]]:
    """What no charger of ``release`` with the older package installs, by what is wrong, and what is said of it."""
    here, newer = f"{OLDER}+{release}", f"9.0+{release}"
    good = packages.current(f"{release}_amd64").read_bytes()
    name = f"evsed_{__version__}+{release}_amd64.deb"

    def fields(version: str, architecture: str = "amd64") -> Signed:
        return signed(small(folder, version, architecture), f"evsed_{version}_{architecture}.deb")

    return {
        "architecture": (fields(newer, "arm64"), "is for arm64, and this machine is amd64"),
        "release": (fields("9.0+deb99"), f"which needs one with +{release}"),
        "older": (fields(f"0.0.1+{release}"), f"is no update: {here} is installed, which is newer"),
        "same": (fields(here), f"is no update: {here} is installed ("),
        "name": (signed(good, "firmware.bin"), "the name has to be evsed_<version>_<architecture>.deb"),
        "lie": (signed(good, f"evsed_{newer}_amd64.deb"), f"is not what its name says: in it is {name}"),
        "signature": (Signed(name, good, bytes(64)), "not one of this package by a key that counts here"),
        "stranger": (signed(good, name, Ed25519PrivateKey.generate()), "by a key that counts here"),
        "damaged": (Signed(name, good[:-1] + b"!", KEY.sign(good)), "by a key that counts here"),
        "cut": (signed(good[: len(good) // 2], name), "is no Debian package, or not the whole of one"),
    }


def set_up(root: Root, release: str, *, kept: bool) -> None:
    """The older package, which evsed-update has ``kept`` or not; ``KEY`` counts."""
    old = packages.older(f"{release}_amd64")
    root.install(old)
    if kept:
        shutil.copy(old, root.path / f"var/lib/evsed-update/evsed_{OLDER}+{release}_amd64.deb")
    trust(root.path, KEY)


def hand(machine: Machine, wanted: Signed) -> None:
    """As the daemon does it, and as one would that somebody else has taken over: nothing is judged."""
    folder = machine.root / "var/lib/evsed" / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / wanted.name).write_bytes(wanted.package)
    (folder / f"{wanted.name}.sig").write_bytes(wanted.signature)
    (folder / f"{READY}.part").write_text(f'{{"package": "{wanted.name}"}}')
    machine.said("chown", "-R", "evsed:evsed", f"/var/lib/evsed/{FOLDER}")
    (folder / f"{READY}.part").rename(folder / READY)
