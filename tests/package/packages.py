"""The packages under test: what this clone builds, and an older one to upgrade from."""

import functools
from pathlib import Path
from typing import Final

from evsed import __version__
from tools.deb import build
from tools.deb.targets import target

OLDER: Final = "0.8.9"
_OUT: Final = Path("build/package")


@functools.cache
def current(name: str) -> Path:
    """The package of a target such as deb12_amd64, built from this clone."""
    return build.build(target(name), Path(), _OUT, tests=False).resolve()


@functools.cache
def older(name: str) -> Path:
    """The same with a lower version."""
    source = _OUT / "source"
    build.copy(Path(), source)
    for path in ("debian/changelog", "evsed/__init__.py"):
        text = (source / path).read_text(encoding="utf-8")
        assert __version__ in text
        (source / path).write_text(text.replace(__version__, OLDER, 1), encoding="utf-8")
    return build.build(target(name), source, _OUT, tests=False, listed=False).resolve()
