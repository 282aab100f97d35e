"""What the long runs share: a plant that takes long steps, a charger with its core, and how much an object holds."""

import gc
from dataclasses import replace
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

from evsed.core.actions import Action
from evsed.core.controller import Controller
from evsed.core.events import ChangeSetting, Event, Inputs, Sampled
from evsed.core.model import Equipment
from evsed.core.safety import LEASE_MS, Permit
from evsed.core.setting import Value
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis
from evsed.hw.lease import Feed
from evsed.hw.simulation.plant import Plant
from evsed.hw.simulation.unit import VOLTS, Unit

HOUR_MS: Millis = 3_600_000
_OVERDUE_MS = 10_000


class LongPlant(Plant):
    """The simulated installation, brought forward in steps as long as they come."""

    def advance(self, now: Millis) -> None:
        """Currents are taken to have flowed for the whole step."""
        step_ms, self._now = now - self._now, now
        for unit in self.units:
            unit.advance(now, step_ms)
        energy_wh = sum(self.mains) * VOLTS * step_ms / 3_600_000
        self.imported_wh += max(0.0, energy_wh)
        self.exported_wh += max(0.0, -energy_wh)


class Charger:
    """One charger: its core, and the hardware that it moves. It is looked at when ``look`` is called.

    As long as it is not looked at it is taken to have been looked at all the time, with the same result.
    """

    def __init__(self, index: int, settings: Settings, unit: Unit, now: Millis) -> None:
        self.index = index
        self.unit = unit
        self.runs = True
        self.starts = 0
        self._saved = Saved(settings=settings)
        self.core = self._fresh(now)

    def _fresh(self, now: Millis) -> Controller:
        self.starts += 1
        return Controller(self._saved, now, Equipment(rcm_test=True))

    def die(self) -> None:
        """The daemon ends without a word; what was saved stays."""
        self.runs = False
        self._saved = self.core.saved

    def restart(self, now: Millis) -> None:
        """It begins anew."""
        self.core = self._fresh(now)
        self.runs = True

    def set(self, key: str, value: Value, now: Millis) -> None:
        """The owner changes a setting; also one of a charger that is just being restarted."""
        if self.runs:
            self.core.command(ChangeSetting(key, value), now)
        else:
            self._saved = replace(self._saved, settings=self._saved.settings.replace(key, value))

    def renew(self, now: Millis) -> None:
        """Before a long step ends: meanwhile outputs and permit were renewed."""
        if self.runs:
            self.core.permit = Permit(self.core.permit.outputs, now + LEASE_MS)
            self.unit.lease.fed_at = now  # it was fed all the while
            self.unit.feed(Feed(0, self.core.outputs, single=self.core.desk.settings.enable_C2 == 0), now)

    def look(self, inputs: Inputs, now: Millis) -> list[Action]:
        """One look at the board."""
        return self.handle(Sampled(inputs), now) if self.runs else []

    def handle(self, event: Event, now: Millis) -> list[Action]:
        """One event; the hardware follows."""
        actions = self.core.handle(event, now)
        if actions:
            self.renew(now)
        return actions

    @property
    def state(self) -> State:
        """Where it stands; A while its daemon does not run."""
        return self.core.charger.state if self.runs else State.A

    @property
    def offered(self) -> Deciamps:
        """What is offered through a closed contactor."""
        closed = self.runs and self.core.outputs.contactor1 and self.core.charger.state is State.C
        return self.core.regulation.offer if closed else 0


def check_offers(chargers: list[Charger], circuit: Deciamps, now: Millis) -> Deciamps:
    """What all offer through closed contactors; more than the circuit carries fails."""
    offers = [charger.offered for charger in chargers]
    assert sum(offers) <= circuit, f"{offers} of {circuit} dA are offered at {now} ms"
    return sum(offers)


def check_timers(charger: Charger, now: Millis) -> None:
    """What is said to end at a time that is over has not ended: a timer is stuck."""
    reason = charger.core.snapshot(now).reason
    if reason is None or reason.until is None:
        return
    assert now - reason.until <= _OVERDUE_MS, f"charger {charger.index}: {reason} is over since {now - reason.until} ms"
    assert reason.until - now <= HOUR_MS, f"charger {charger.index}: {reason} lasts {reason.until - now} ms"


_NOT_OURS = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


def held(*roots: object) -> int:
    """How many objects can be reached from ``roots``; classes, modules and functions are nobody's."""
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        thing = waiting.pop()
        if id(thing) not in seen and not isinstance(thing, _NOT_OURS):
            seen.add(id(thing))
            waiting += gc.get_referents(thing)
    return len(seen)
