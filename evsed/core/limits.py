"""Protect: every limit on the current, each a cap of its own, of which the lowest counts.

Pure functions. Solar and capacity rate never mix into the fuse's cap: each cap stands by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from evsed.core.metering import Balance
from evsed.core.model import PhaseCurrents, Phases3
from evsed.core.settings import Settings
from evsed.core.units import Deciamps


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit in dA per phase and the name of what sets it."""

    name: str
    current: Deciamps


_CURRENT = attrgetter("current")


def lowest(caps: Iterable[Cap]) -> Cap:
    """The cap that counts. ``caps`` is never empty: MAX is always there."""
    return min(caps, key=_CURRENT)


GRID_RELAY: Deciamps = 180
"""What an open grid relay leaves for all phases together: 4.2 kW at 230 V."""


def grid_cap(phases: int) -> Cap:
    """What an open grid relay leaves for each of the ``phases`` in use."""
    return Cap("grid relay", GRID_RELAY // phases)


def fixed_caps(settings: Settings, cable: Deciamps, override: Deciamps) -> tuple[Cap, ...]:
    """The caps that do not come from a measurement. A fixed cable has no limit of its own."""
    caps = [Cap("MAX", settings.current_max * 10)]
    if settings.config == 0:
        caps.append(Cap("cable", cable))
    if override:
        caps.append(Cap("override", override))
    return tuple(caps)


_DRAWS: Deciamps = 5


def mains_cap(settings: Settings, balance: Balance, uses: Phases3) -> Cap:
    """What the house leaves of the main fuse on the phases that the car uses, and on those that it is seen to use.

    A house that exports leaves no more than the fuse carries.
    """
    return Cap("MAINS", settings.current_main * 10 - max(0, *_used(balance.base, balance.car, uses)))


def overload(settings: Settings, balance: Balance, uses: Phases3) -> Deciamps:
    """By how much the highest of the car's phases is above the main fuse; 0 or less when none is."""
    return max(_used(balance.mains, balance.car, uses)) - settings.current_main * 10


def _used(currents: PhaseCurrents, car: PhaseCurrents, uses: Phases3) -> list[Deciamps]:
    if all(uses):
        return list(currents.each())
    draws = car.each()
    return [value for phase, value in enumerate(currents.each()) if uses[phase] or draws[phase] > _DRAWS]


def circuit_cap(settings: Settings, balance: Balance, uses: Phases3) -> Cap:
    """What the other loads leave of the charger's circuit; ``balance`` is what a circuit meter measured."""
    return Cap("CIRCUIT", settings.current_max_circuit * 10 - max(0, *_used(balance.base, balance.car, uses)))


def sum_cap(settings: Settings, balance: Balance, uses: Phases3) -> Cap:
    """What the capacity rate leaves for each phase of the car."""
    return Cap("SUMMAINS", (settings.current_max_sum_mains * 10 - balance.base.total) // sum(uses))
