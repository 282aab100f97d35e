"""How far an update is, and what came of the last one: a small file that root writes and everybody may read.

It outlives restarts of the daemon and of the machine. The daemon shows it; nothing is decided by it.
"""

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from evsed.update.keeping import sync
from evsed.update.machine import Machine

FILE: Final = Path("var/lib/evsed-update.json")
"""Below the root directory."""

INSTALLING: Final = "installing"
CHECKING: Final = "checking"
GOING_BACK: Final = "going_back"
DONE: Final = "done"
FAILED: Final = "failed"
AT_WORK: Final = frozenset({INSTALLING, CHECKING, GOING_BACK})

_LONGEST_S: Final = 85 * 60
"""evsed-update.service ends what takes longer, and begins it anew."""


@dataclass(frozen=True, slots=True)
class Progress:
    """``at``: Unix seconds. ``since_boot``: seconds since the machine started, which no clock that is set changes."""

    state: str
    text: str
    from_version: str
    to_version: str
    at: int
    since_boot: int

    @property
    def is_lost(self) -> bool:
        """Whether it is at work for longer than anything takes: who worked was killed."""
        now = since_boot()
        age = now - self.since_boot if now >= self.since_boot else now  # from before this boot
        return self.state in AT_WORK and age > _LONGEST_S


def since_boot() -> int:
    """In seconds."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


def read(root: Path = Path("/")) -> Progress | None:
    """What was told last; None when there is nothing that can be read."""
    try:
        found = Progress(**json.loads((root / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    texts = (found.state, found.text, found.from_version, found.to_version)
    numbers = (found.at, found.since_boot)
    sound = all(isinstance(text, str) for text in texts) and all(type(number) is int for number in numbers)
    return found if sound and found.state in {*AT_WORK, DONE, FAILED} else None


def tell(machine: Machine, state: str, text: str = "", *, versions: tuple[str, str] | None = None) -> None:
    """From now on it is so; ``versions``, from and to, stay as they were where none are given.

    A full disk ends no update: then it is not told.
    """
    before = read(machine.root)
    if versions is None:
        versions = (before.from_version, before.to_version) if before is not None else ("", "")
    now = Progress(state, text, *versions, int(time.time()), since_boot())
    path = machine.root / FILE
    temporary = path.with_name(path.name + ".part")
    with contextlib.suppress(OSError):
        temporary.unlink(missing_ok=True)
        with open(temporary, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o644)) as file:
            os.fchmod(file.fileno(), 0o644)
            json.dump(asdict(now), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)
