"""Fetches what is bundled, as wheels for the target: pinned, with hashes, kept in a folder from build to build.

A package that is published as source only is built into a wheel here, with the pinned setuptools of this environment.
It has to be pure Python, or the wheel would be for this machine.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.deb.targets import Target

LOCK: Final = Path("requirements-package.lock")
SOURCE_ONLY: Final = ("nfcpy", "pydes")
_PIP: Final = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
_STAMP: Final = "complete"
_NO_PYPY: Final = r"(platform_python_)?implementation(_name)? != 'PyPy'"
_OF_CPYTHON: Final = re.compile(f"{_NO_PYPY}( and {_NO_PYPY})*")


class BundleError(Exception):
    """What is bundled is not as it has to be; the text says what."""


def fetch(target: Target, cache: Path) -> Path:
    """The folder with the wheels of the target, below ``cache``. Raises BundleError or CalledProcessError."""
    lock = LOCK.read_bytes()
    folder = cache / f"{target.name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (folder / _STAMP).exists():
        folder.mkdir(parents=True, exist_ok=True)
        _download(target, folder)
        check(target, folder)
        (folder / _STAMP).touch()
    return folder


def pinned() -> dict[str, str]:
    """Names and versions in the lock."""
    text = LOCK.read_text(encoding="utf-8")
    marked = re.findall(r"^(\S+==\S+) ; (.*?) *\\\\?$", text, re.MULTILINE)
    for line, marker in marked:  # pip reads it for the machine that builds: a CPython, as the target's is
        if not _OF_CPYTHON.fullmatch(marker):
            raise BundleError(f"{LOCK} has a line that is not for every CPython: {line} ; {marker}")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def _download(target: Target, folder: Path) -> None:
    where = [word for platform in target.platforms for word in ("--platform", platform)]
    python = ".".join(map(str, target.release.python))
    lines = re.split(r"\n(?=[a-z])", LOCK.read_text(encoding="utf-8"))
    source = [line for line in lines if line.partition("==")[0] in SOURCE_ONLY]
    for name, part in (("wheels", [line for line in lines if line not in source]), ("source", source)):
        (folder / f"{name}.lock").write_text("\n".join(part), encoding="utf-8")
    fixed = ["--no-deps", "--require-hashes"]
    subprocess.run(
        [
            *[
                *_PIP,
                "download",
                *fixed,
                "--only-binary",
                ":all:",
                "--implementation",
                "cp",
                "--python-version",
                python,
            ],
            *[*where, "--dest", str(folder), "--requirement", str(folder / "wheels.lock")],
        ],
        check=True,
    )
    subprocess.run(
        [
            *[*_PIP, "wheel", *fixed, "--no-build-isolation", "--no-binary", ":all:", "--wheel-dir", str(folder)],
            *["--requirement", str(folder / "source.lock")],
        ],
        check=True,
    )


def check(target: Target, folder: Path) -> None:
    """Every pinned package is there once, for any machine or for the target's. Raises BundleError."""
    wheels = sorted(path.name for path in folder.glob("*.whl"))
    found = [_normal(name.partition("-")[0]) for name in wheels]
    wanted = sorted(map(_normal, pinned()))
    if sorted(found) != wanted:
        raise BundleError(f"{folder} has {', '.join(sorted(found))} and should have {', '.join(wanted)}")
    for name in wheels:
        tags = set(name.removesuffix(".whl").rpartition("-")[2].split("."))
        if not tags & {"any", *target.platforms, *_LEGACY[target.arch]}:
            raise BundleError(f"{name} is not for {target.name}")
        if _normal(name.partition("-")[0]) in SOURCE_ONLY and not name.endswith("-none-any.whl"):
            raise BundleError(f"{name} was built here and is not pure Python")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


_LEGACY: Final = {"amd64": {"manylinux2014_x86_64"}, "arm64": {"manylinux2014_aarch64"}}
