"""Only one evsed keeps a state directory: two would write each other's settings and sessions away.

Owns the lock, which is the directory's own: a full or read-only disk can be locked too, and the kernel frees it however
a process ends, also where it starts itself anew.
"""

import fcntl
import logging
import os
import time
from pathlib import Path
from typing import Final

from evsed.config import ConfigError

log = logging.getLogger(__name__)

LEAVES_WITHIN_S: Final = 3.0
"""A predecessor that is just leaving is waited for so long."""

_LOOKS_EVERY_S: Final = 0.05


def hold(directory: Path, within_s: float = LEAVES_WITHIN_S) -> int:
    """Locks ``directory``, which is made if need be; the descriptor to close at the end. Raises ConfigError."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError(f"state.directory: {error}") from error
    until = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                whose = _holder(os.fstat(held).st_ino)
                os.close(held)
                raise ConfigError(
                    f"state.directory: another evsed{whose} uses {directory}: stop it, or choose another directory"
                ) from None
            time.sleep(_LOOKS_EVERY_S)
        except OSError as error:
            log.warning("%s cannot be locked (%s): see that no other evsed uses it", directory, error)
            return held
        else:
            return held


def _holder(inode: int) -> str:
    """The process that has the lock, as far as the kernel tells."""
    try:
        rows = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    except OSError:
        return ""
    found = (row[4] for row in rows if row[1] == "FLOCK" and row[5].endswith(f":{inode}"))
    pid = next(found, "")
    return f" (process {pid})" if pid else ""
