"""Builds each package twice, in two folders and two time zones, and says whether the bytes are the same.

``python -m tools.deb.reproducible RELEASE_ARCH...``
"""

import os
import sys
import time
from pathlib import Path
from typing import Final

from tools.deb import build
from tools.deb.targets import target

_PLACES: Final = (Path("build/first"), Path("build/second/with/a/longer/name"))


def main(arguments: list[str]) -> int:
    """The command; its status."""
    same = True
    for name in arguments:
        told = []
        for place in _PLACES:
            package = build.build(target(name), Path(), place, work=place / "work", tests=False)
            told.append((package.name, package.read_bytes()))
            os.umask(0o077)
            os.environ["TZ"] = "Pacific/Chatham"
            time.tzset()
        same &= told[0] == told[1]
        verdict = "the same twice" if told[0] == told[1] else "DIFFERENT: compare those in build/first and build/second"
        print(f"{told[0][0]}: {verdict}", flush=True)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
