"""The systems that a package is built for: what each has, as the wheels and the dependencies need it."""

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian, and with it the Raspberry Pi OS that is made of it."""

    name: str
    python: tuple[int, int]
    glibc: int  # the minor version: 36 is glibc 2.36
    recommends: tuple[str, ...]

    @property
    def abi(self) -> str:
        """The tag of CPython's compiled modules, such as cp311."""
        return f"cp{self.python[0]}{self.python[1]}"

    @property
    def python_depends(self) -> list[str]:
        """The interpreter that the compiled modules are for, and no other."""
        major, minor = self.python
        return [f"python3 (>= {major}.{minor}~)", f"python3 (<< {major}.{minor + 1}~)"]


# pigpiod is in Raspberry Pi OS 12 only; lgpio is in both, and in Debian 13
RELEASES: Final = {
    "deb12": Release("deb12", (3, 11), 36, ("python3-lgpio", "pigpiod | pigpio")),
    "deb13": Release("deb13", (3, 13), 41, ("python3-lgpio",)),
}
MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Target:
    """What one package is for."""

    release: Release
    arch: str

    @property
    def name(self) -> str:
        """Such as deb12_arm64: the end of the package's file name."""
        return f"{self.release.name}_{self.arch}"

    @property
    def platforms(self) -> list[str]:
        """The wheels' platforms that run there, the newest first."""
        machine = MACHINES[self.arch]
        oldest = 17 if self.arch == "arm64" else 5
        return [f"manylinux_2_{minor}_{machine}" for minor in range(self.release.glibc, oldest - 1, -1)]

    def runs_here(self) -> bool:
        """Whether this interpreter loads the compiled modules of the package."""
        return platform.machine() == MACHINES[self.arch] and sys.version_info[:2] == self.release.python


def target(name: str) -> Target:
    """The target of a name such as deb12_arm64. Raises ValueError, which names what there is."""
    release, _, arch = name.partition("_")
    if release not in RELEASES or arch not in MACHINES:
        known = ", ".join(f"{one}_{other}" for one in RELEASES for other in MACHINES)
        raise ValueError(f"there is no target {name!r}: {known}")
    return Target(RELEASES[release], arch)


def this_release() -> str:
    """The name of the release that this machine runs, such as deb12."""
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    return "deb" + fields.get("VERSION_ID", "").strip('"')
