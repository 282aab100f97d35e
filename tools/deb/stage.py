"""Puts the installed tree together: the package evsed, what it is bundled with, and the launchers.

``python -m tools.deb.stage RELEASE_ARCH ROOT``, run by debian/rules; writes ROOT/usr and ROOT/../evsed.substvars.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.deb import needed, wheels
from tools.deb.targets import Target, target

LIBRARY: Final = "usr/lib/evsed"
LAUNCHERS: Final = {
    "usr/bin/evsed": ("-I", "from evsed.cli import main"),
    "usr/sbin/evsed-guard": ("-I", "from evsed.cli import guard as main"),
    "usr/sbin/evsed-safe": ("-IS", "from evsed.hw.safe import run as main"),
}
_LAUNCHER: Final = """#!/usr/bin/python3 {flags}
import sys

sys.path.insert(0, "/{library}")
{load}

sys.exit(main())
"""
# What nobody asks for on a charger: pip's notes of how it installed, what a compiler or a type checker would read, and
# programs with this machine's interpreter in their first line.
_LEFT_OUT: Final = (
    "bin",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "*.dist-info/sboms",
    "**/*.pyi",
    "**/*.c",
    "**/*.h",
    "**/*.pyx",
    "**/*.pxd",
    "**/tests",
    "**/.agents",
    "PIL/_avif*",  # a fifth of Pillow, for pictures that nobody here draws; it does without
    "pillow.libs/libavif*",
    "**/__pycache__",
)


def stage(wanted: Target, root: Path, cache: Path) -> None:
    """Fills ``root`` for the target. Raises BundleError or CalledProcessError."""
    library = root / LIBRARY
    library.mkdir(parents=True, exist_ok=True)
    folder = wheels.fetch(wanted, cache)
    pins = [f"{name}=={version}" for name, version in wheels.pinned().items()]
    platforms = [word for platform in wanted.platforms for word in ("--platform", platform)]
    python = ".".join(map(str, wanted.release.python))
    _pip(
        *["--no-index", "--find-links", str(folder), "--only-binary", ":all:", "--implementation", "cp"],
        *["--python-version", python, *platforms, "--target", str(library), *pins],
    )
    _own(library)
    for pattern in _LEFT_OUT:
        for path in sorted(library.glob(pattern)):
            _remove(path)
    check(wanted, library)
    for name, (flags, load) in LAUNCHERS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_LAUNCHER.format(flags=flags, library=LIBRARY, load=load), encoding="utf-8")
        path.chmod(0o755)
    depends = [*wanted.release.python_depends, *needed.depends(library)]
    substvars = f"evsed:Depends={', '.join(depends)}\nevsed:Recommends={', '.join(wanted.release.recommends)}\n"
    Path(f"{root}.substvars").write_text(substvars, encoding="utf-8")


def check(wanted: Target, library: Path) -> None:
    """Everything compiled is for the target. Raises BundleError."""
    for path in needed.compiled(library):
        name = path.relative_to(library)
        if needed.machine(path) != wanted.arch:
            raise wheels.BundleError(f"{name} is for {needed.machine(path)}, not for {wanted.arch}")
        abi = f".{wanted.release.abi.replace('cp', 'cpython-')}-" in path.name or ".abi3." in path.name
        if not abi and path.parent.suffix != ".libs":  # there is what a wheel brings for its modules
            raise wheels.BundleError(f"{name} is not for {wanted.release.abi}")
        if needed.glibc(path) > wanted.release.glibc:
            raise wheels.BundleError(f"{name} needs glibc 2.{needed.glibc(path)}")


def _own(library: Path) -> None:
    """The package evsed, as its wheel has it: what is in the wheel and nothing else of the source."""
    built = library.parent / "evsed.wheel"
    _run("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(built), ".")
    _pip("--no-index", "--target", str(library), *map(str, built.glob("*.whl")))
    shutil.rmtree(built)


def _pip(*arguments: str) -> None:
    _run("install", "--no-deps", "--no-compile", "--no-warn-script-location", "--upgrade", *arguments)


def _run(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    subprocess.run(command, check=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    """The command; its status."""
    try:
        name, root = arguments
        stage(target(name), Path(root), Path(os.environ.get("EVSED_WHEELS", "build/wheels")))
    except (ValueError, wheels.BundleError) as error:
        print(f"tools.deb.stage: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"tools.deb.stage: this went wrong: {' '.join(error.cmd[:6])} ...", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
