"""Builds packages: ``python -m tools.deb.build [--source DIR] [--out DIR] [--no-tests] RELEASE_ARCH...``.

Each is built by dpkg-buildpackage in a copy of what git knows of the source and of what is new in it, so that nothing
that lies about is packaged. Prints each package with its size and hash.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.deb.targets import Target, target

MOST_BYTES: Final = 40_000_000


class BuildError(Exception):
    """A package could not be built; the text says why."""


def copy(source: Path, to: Path, *, listed: bool = True) -> None:
    """The source as it is now, without what git is told to ignore; all of it unless ``listed``. Raises BuildError."""
    shutil.rmtree(to, ignore_errors=True)
    if not listed:
        shutil.copytree(source, to, symlinks=True)
        return
    command = ["git", "-C", str(source), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, capture_output=True, check=False)
    if answer.returncode != 0:
        raise BuildError(f"{source} is not a git clone: {answer.stderr.decode().strip()}")
    for name in filter(None, answer.stdout.decode().split("\0")):
        path = source / name
        if path.is_file() or path.is_symlink():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, to / name, follow_symlinks=False)


def version(source: Path) -> str:
    """What the change log says, which has to be what the package evsed says. Raises BuildError."""
    top = re.match(r"evsed \((\S+)\)", (source / "debian/changelog").read_text(encoding="utf-8"))
    said = re.search(r'^__version__ = "(.+)"', (source / "evsed/__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    if top is None or said is None or top[1] != said[1]:
        raise BuildError("debian/changelog and evsed/__init__.py say different versions")
    return top[1]


def build(
    wanted: Target, source: Path, out: Path, *, tests: bool = True, listed: bool = True, work: Path | None = None
) -> Path:
    """The package, in ``out``; ``listed``: of what git lists in the source; built below ``work``. Raises BuildError."""
    name = f"evsed_{version(source)}+{wanted.release.name}_{wanted.arch}.deb"
    work = (work or Path("build/deb")) / wanted.name
    tree = work / "evsed"
    copy(source, tree, listed=listed)
    options = "parallel=2" if tests else "parallel=2 nocheck"
    fixed = {
        "EVSED_RELEASE": wanted.release.name,
        "EVSED_WHEELS": str(Path("build/wheels").resolve()),
        "EVSED_PYTHON": sys.executable,
        "DEB_BUILD_OPTIONS": options,
        "LC_ALL": "C.UTF-8",
    }
    environment = {key: value for key, value in os.environ.items() if key in _KEPT} | fixed
    command = ["dpkg-buildpackage", "--build=binary", "--no-sign", "--no-check-builddeps", f"--host-arch={wanted.arch}"]
    log = work / "build.log"
    with log.open("wb") as file:
        done = subprocess.run(
            command, cwd=tree, env=environment, stdout=file, stderr=subprocess.STDOUT, check=False, umask=0o022
        )
    if done.returncode != 0:
        raise BuildError(f"{wanted.name}: dpkg-buildpackage failed: see {log}\n{_end(log)}")
    out.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(work / name, out / name))


_KEPT: Final = (
    "PATH",
    "TZ",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_INDEX_URL",
)


def _end(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])


def tell(package: Path) -> str:
    """A line about a package. Raises BuildError when it is too big."""
    size = package.stat().st_size
    if size > MOST_BYTES:
        raise BuildError(f"{package} has {size / 1e6:.1f} MB, and {MOST_BYTES / 1e6:.0f} MB are the most")
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    return f"{package}: {size / 1e6:.1f} MB, sha256 {digest}"


def main(arguments: list[str]) -> int:
    """The command; its status."""
    parser = argparse.ArgumentParser(prog="python -m tools.deb.build", description="build Debian packages")
    parser.add_argument("--source", type=Path, default=Path(), metavar="DIR", help="a clone (default: this one)")
    parser.add_argument("--out", type=Path, default=Path("dist"), metavar="DIR", help="where they go (default dist)")
    parser.add_argument("--no-tests", action="store_true", help="leave the tests out")
    parser.add_argument("targets", nargs="+", metavar="RELEASE_ARCH", help="such as deb12_arm64")
    options = parser.parse_args(arguments)
    try:
        for wanted in [target(name) for name in options.targets]:
            print(tell(build(wanted, options.source, options.out, tests=not options.no_tests)), flush=True)
    except (BuildError, ValueError) as error:
        print(f"tools.deb.build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
