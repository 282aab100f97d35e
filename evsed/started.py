"""Why the daemon was started, as far as it can know that. Standard library only: it is asked at start-up."""

import os
from collections.abc import MutableMapping
from enum import Enum
from typing import Final

_ASKED: Final = "EVSED_STARTED_ANEW"


class Started(Enum):
    """Why the daemon was started."""

    ASKED = "restart"  # somebody asked for it, over one of the interfaces
    UPDATED = "update"  # another version ran before
    POWERED = "power"  # the machine was started itself


def begins_anew(environment: MutableMapping[str, str] = os.environ) -> None:
    """Tells the daemon that takes the place of this one that it was asked for."""
    environment[_ASKED] = "1"


def why(
    writer: str, version: str, *, machine_is_new: bool, environment: MutableMapping[str, str] = os.environ
) -> Started | None:
    """Why this daemon of ``version`` was started; ``writer`` is the version that ran before, or empty.

    None: a stop and start by hand, or by systemd after a fault; the log says more. May be asked once: what the daemon
    before this one said is forgotten, so that programs which this one starts do not hear it.
    """
    if environment.pop(_ASKED, ""):
        return Started.ASKED
    if writer not in {"", version}:
        return Started.UPDATED
    return Started.POWERED if machine_is_new else None
