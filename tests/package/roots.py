"""Clean Debian systems as directories: made once, kept, copied for each test; running programs in one. Needs root."""

import contextlib
import os
import shutil
import stat
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.silicon.environment import AS_COLLECTED

_ENTER: Final = Path(__file__).with_name("enter.sh")
SUITES: Final = {"deb12": "bookworm", "deb13": "trixie"}
_INCLUDE: Final = "python3,systemd,systemd-sysv,init-system-helpers,adduser,ca-certificates,dbus"
# What differs without anybody having left something: dpkg's own books, and the last copies that adduser keeps.
_NOT_COMPARED: Final = (
    "proc",
    "sys",
    "dev",
    "tmp",
    "media",
    "run/lock",
    "run/adduser",  # its lock
    "var/lib/dpkg",
    "var/log",
    "var/cache",
    "console.log",
)
_COPIES: Final = ("console.log", "passwd-", "group-", "shadow-", "gshadow-", "ld.so.cache", ".pwd.lock")
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - dpkg waits for the disk at every file; the names are ours alone
_ROOM: Final = 4_000_000_000


def kept() -> Path:
    """Where clean systems are kept: EVSED_ROOTS, or the cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("EVSED_ROOTS") or Path(cache) / "evsed" / "roots")


def clean(release: str) -> Path:
    """The clean system of a release such as deb12; made by debootstrap when there is none, which needs the network."""
    root = kept() / release
    if not (root / "usr/bin/dpkg").exists():
        made = root.with_name(f"{release}.new")
        shutil.rmtree(made, ignore_errors=True)
        made.parent.mkdir(parents=True, exist_ok=True)
        command = ["debootstrap", "--variant=minbase", f"--include={_INCLUDE}", SUITES[release], str(made)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        made.rename(root)
    return root


@dataclass(frozen=True)
class Root:
    """A copy of a clean system."""

    path: Path

    def command(self, *words: str) -> list[str]:
        """How ``words`` are run in it: with no network, no systemd, and nothing that outlives them."""
        own = ("--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child")
        return ["unshare", *own, "sh", str(_ENTER), str(self.path), *words]

    def run(self, *words: str, timeout_s: float = 300.0) -> "subprocess.CompletedProcess[str]":
        """Runs a program in it; its status is not judged. stderr is in stdout."""
        return subprocess.run(
            self.command(*words),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout_s,
            check=False,
            env=AS_COLLECTED,
        )

    def said(self, *words: str, timeout_s: float = 300.0) -> str:
        """What a program says there that has to succeed."""
        done = self.run(*words, timeout_s=timeout_s)
        assert done.returncode == 0, f"{words}: {done.stdout}"
        return done.stdout.strip()

    def put(self, package: Path) -> str:
        """Brings a package there; its path in it."""
        shutil.copy(package, self.path / "media")
        return f"/media/{package.name}"

    def install(self, package: Path) -> str:
        """Installs a package; what was said."""
        return self.said("dpkg", "-i", self.put(package))

    def files(self) -> set[str]:
        """Every path with its mode and owner, but for those that dpkg and adduser keep for themselves."""
        found = set()
        for folder, folders, names in os.walk(self.path):
            here = Path(folder).relative_to(self.path)
            folders[:] = [name for name in folders if str(here / name) not in _NOT_COMPARED]
            for name in [*folders, *names]:
                if name not in _COPIES and str(here / name) not in _NOT_COMPARED:
                    known = (Path(folder) / name).lstat()
                    found.add(f"{here / name} {stat.filemode(known.st_mode)} {known.st_uid}:{known.st_gid}")
        return found

    def accounts(self) -> str:
        """The users and groups."""
        return "".join((self.path / "etc" / name).read_text() for name in ("passwd", "group", "shadow", "gshadow"))

    def packages(self) -> str:
        """What dpkg knows."""
        return self.said("dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n")


@contextlib.contextmanager
def copied(release: str, to: Path) -> Iterator[Root]:
    """A copy of the clean system of a release, which goes afterwards: it is big."""
    room = shutil.disk_usage(_MEMORY).free if _MEMORY.is_dir() else 0
    root = (_MEMORY if room > _ROOM else to) / f"evsed-{release}-{uuid.uuid4().hex[:8]}"
    subprocess.run(["cp", "-a", "--reflink=auto", str(clean(release)), str(root)], check=True)
    try:
        yield Root(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)
