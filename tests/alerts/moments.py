"""Snapshots of a charger with a car, for the judge: what is wrong with it, and when."""

from dataclasses import replace
from functools import lru_cache

from evsed.core import reasons
from evsed.core.faults import Fault
from evsed.core.model import Access
from evsed.core.reasons import Reason
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import State
from tests.core.story import Story, settings

UNIX_S = 1_790_000_000


@lru_cache
def charging(webhook: str = "", mqtt: str = "Disabled") -> Snapshot:
    story = Story(Saved(settings=settings(alert_webhook=webhook, alert_mqtt=mqtt)))
    story.charge()
    return replace(story.snapshot, now=0, unix_s=UNIX_S, into_second_ms=0)


def at(seconds: float, snapshot: Snapshot | None = None) -> Snapshot:
    """``snapshot`` (a car that charges) so many seconds after the beginning."""
    found = charging() if snapshot is None else snapshot
    return replace(found, now=round(seconds * 1000), unix_s=UNIX_S + int(seconds))


def stopped(*faults: Fault, access: Access = Access.ALLOW, connected: bool = True, reason: Reason | None = None,
            of: Snapshot | None = None) -> Snapshot:  # fmt: skip
    """``faults``, most severe last, keep the car from charging; or another ``reason``."""
    why = reason or (reasons.of_fault(faults[-1]) if faults else reasons.NOT_ASKED)
    state = State.B1 if connected else State.A
    return replace(of or charging(), state=state, faults=faults, reason=why, access=access, connected=connected)
