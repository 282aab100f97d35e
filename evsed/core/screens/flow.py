"""The picture of what flows in Smart and Solar: grid, house, car and sun, with the numbers beside them."""

from typing import Final

from evsed.core.model import MeterRole, Mode, PhaseCurrents
from evsed.core.screens.figures import (
    amps,
    kilowatt_hours,
    kilowatts,
    minutes_seconds,
    phase_amps,
    sum_amps,
    whole_amps,
)
from evsed.core.screens.screen import DOT_STEPS, Direction, Flow
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from evsed.core.units import Deciamps, Millis, Watts

STEP_MS: Final[Millis] = 150
LINE_MS: Final[Millis] = 2_000
MAINS_MS: Final[Millis] = 3_000
"""How long the dots, a text of the bottom line, and the currents or their sum stay as they are."""

UNKNOWN: Final = ("?",)

SPARE: Final[Deciamps] = 10
"""So much more than IMPORT is bought while the sun suffices: regulation comes no nearer."""


def flow(snapshot: Snapshot, lines: tuple[str, ...], now: Millis) -> Flow:
    """The picture at ``now``, with one of ``lines`` at its bottom."""
    sun = snapshot.mode is Mode.SOLAR
    grid = _grid(snapshot.mains)
    shining = sun and _shines(snapshot)
    draws = snapshot.state is State.C and any(snapshot.drawing)
    moves = shining or draws or grid is not Direction.NONE
    return Flow(
        sun=sun,
        shining=shining,
        grid=grid,
        car=snapshot.connected,
        charging=Direction.OUT if draws else Direction.NONE,
        step=now // STEP_MS % DOT_STEPS if moves else 0,
        mains=_mains(snapshot, now),
        charge=_charge(snapshot),
        energy=_energy(snapshot),
        countdown=_countdown(snapshot),
        line=lines[now // LINE_MS % len(lines)],
    )


def _countdown(snapshot: Snapshot) -> str:
    """Until the first of the stop timers that run; empty while none does."""
    running = [left for left in (snapshot.solar_stop_s, snapshot.capacity_stop_s) if left]
    return minutes_seconds(min(running)) if running and snapshot.state is State.C else ""


def charging_lines(snapshot: Snapshot) -> tuple[str, ...]:
    """What the bottom line says one after the other while the car charges; what is not known is left out."""
    power, energy = _power(snapshot), _energy(snapshot)
    lines = [f"{snapshot.mode.name} {snapshot.phases}P", "CHARGING"]
    lines += [kilowatts(power)] if power is not None else []
    lines += [energy] if energy else []
    return (*lines, amps(snapshot.offer))


def _grid(mains: PhaseCurrents | None) -> Direction:
    if mains is None or whole_amps(mains.total) == 0:
        return Direction.NONE
    return Direction.OUT if mains.total > 0 else Direction.BACK


def _mains(snapshot: Snapshot, now: Millis) -> tuple[str, ...]:
    mains = snapshot.mains
    if mains is None:
        return UNKNOWN
    if snapshot.mode is Mode.SOLAR and now // MAINS_MS % 2:
        return ("SUM", sum_amps(mains.total))
    return tuple(phase_amps(phase, current) for phase, current in enumerate(mains.each(), 1))


def _shines(snapshot: Snapshot) -> bool:
    """Whether there is surplus, were it not for the car. Without its meter: whether its charging is not missed."""
    mains = snapshot.mains
    if mains is None:
        return False
    ev = snapshot.meters[MeterRole.EV]
    if snapshot.state is not State.C:
        return whole_amps(-mains.total) > 0
    if ev.fresh and ev.values.currents is not None:
        return whole_amps(ev.values.currents.total - mains.total) > 0
    bought = mains.total - snapshot.settings.solar_max_import * 10
    return whole_amps(-mains.total) > 0 or (not snapshot.solar_stop_s and bought <= SPARE)


def _power(snapshot: Snapshot) -> Watts | None:
    """What the car takes, by its meter; None while it does not charge or nobody knows."""
    ev = snapshot.meters[MeterRole.EV]
    known = snapshot.state is State.C and ev.fresh and ev.heard
    return ev.values.power_w if known else None


def _charge(snapshot: Snapshot) -> str:
    if snapshot.state is not State.C:
        return ""
    power = _power(snapshot)
    return amps(snapshot.offer) if power is None else kilowatts(power)


def _energy(snapshot: Snapshot) -> str:
    """What this car was charged with; what one before it took is not shown at it."""
    if snapshot.charged_wh is None or not snapshot.saved.session_open:
        return ""
    return kilowatt_hours(snapshot.charged_wh)
