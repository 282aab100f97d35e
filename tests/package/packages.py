"""The packages under test: what this clone builds, and an older one to upgrade from."""

import functools
import re
from pathlib import Path
from typing import Final

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
        (source / path).write_text(re.sub(r"\b0\.9\.0\b", OLDER, text, count=1), encoding="utf-8")
    return build.build(target(name), source, _OUT, tests=False, listed=False).resolve()
