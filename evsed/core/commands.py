"""What owners and programs ask for: carried out, or refused with a reason they understand.

Owns access, override, outside limit and the settings in force. Ranges are the settings table's and lent.py's; these are
the rules beyond them.
"""

from typing import assert_never

from evsed.core.events import (
    ACCEPTED,
    ChangeSetting,
    ChooseMode,
    ClearFaults,
    Command,
    DelayedCharging,
    EndLimit,
    Limit,
    MeterRead,
    Override,
    PostBattery,
    PostCircuit,
    PostEvMeter,
    PostMains,
    Verdict,
)
from evsed.core.lent import Hold, Lent, hold, lent_at, wrong
from evsed.core.metering import Metering
from evsed.core.model import (
    Access,
    Contactor2,
    MeterRole,
    MeterType,
    Mode,
    ModeChoice,
    PhaseCurrents,
    choice_of,
    mode_of,
)
from evsed.core.schedule import NO_TIMER, Timer
from evsed.core.setting import SettingError, Value
from evsed.core.settings import Settings
from evsed.core.units import Deciamps, Millis

HIGHEST_POSTED: Deciamps = 2_000
_NOT_ON_NODE = frozenset({"current_min", "current_max_sum_mains"})
_METER_KEYS = {
    MeterRole.MAINS: ("mains_meter", "mains_meter_address", "mains_meter_host"),
    MeterRole.EV: ("ev_meter", "ev_meter_address", "ev_meter_host"),
    MeterRole.CIRCUIT: ("circuit_meter", "circuit_meter_address", "circuit_meter_host"),
}


class Desk:
    """What the owner has chosen: settings, access, override, timer; and the limit that a program has lent."""

    def __init__(self, settings: Settings, access: Access, timer: Timer = NO_TIMER) -> None:
        self.settings = settings
        self.access = access
        self.override: Deciamps = 0
        self.lent: Lent | None = None  # as it was lent; ``lent_at`` says what is left of it
        self.timer = timer
        self.unix_s: int | None = None  # the time of day, once it is known
        self._seen = settings

    @property
    def is_node(self) -> bool:
        """Whether another charger is the master of this one."""
        return self.settings.loadbl > 1

    def lent_at(self, now: Millis) -> Lent | None:
        """The outside limit in force at ``now``."""
        return lent_at(self.lent, now)

    def hold(self, now: Millis) -> Hold | None:
        """The outside limit while it leaves less than MIN (or MAX, if the owner set that lower still)."""
        return hold(self.lent_at(now), min(self.settings.current_min, self.settings.current_max) * 10)

    def believes(self, read: MeterRead) -> bool:
        """Whether ``read`` comes from the meter that has this role now, and not from the one that had it before."""
        kind, address, _host = _METER_KEYS[read.role]
        return read.source is None or read.source == (self.settings[kind], self.settings[address])

    def exchanged_meters(self) -> list[MeterRole]:
        """The roles whose meter was changed since the last call."""
        before, self._seen = self._seen, self.settings
        return [role for role, keys in _METER_KEYS.items() if any(before[key] != self.settings[key] for key in keys)]


def carry_out(command: Command, desk: Desk, metering: Metering, now: Millis) -> Verdict:
    """Carries ``command`` out on ``desk`` or ``metering``."""
    match command:
        case ChooseMode(choice):
            return _choose(choice, desk)
        case Override(current):
            return _override(current, desk)
        case Limit():
            return _lend(command, desk, now)
        case EndLimit():
            desk.lent = None
            return ACCEPTED
        case ChangeSetting(key, value):
            return _change(key, value, desk)
        case PostMains():
            return _post_mains(command, desk, metering, now)
        case PostCircuit(currents):
            return _post_circuit(currents, desk, metering, now)
        case DelayedCharging(choice, start_s, stop_s):
            return _delay(choice, Timer(start_s, stop_s), desk)
        case ClearFaults():
            return ACCEPTED  # the faults themselves are the controller's
        case PostBattery(current):
            return _post_battery(current, metering, now)
        case PostEvMeter():
            return _post_ev_meter(command, desk, metering, now)
        case _:
            assert_never(command)


def _choose(choice: ModeChoice, desk: Desk) -> Verdict:
    mode = mode_of(choice)
    if mode is None:
        desk.timer = NO_TIMER
        desk.access = Access.DENY if choice is ModeChoice.OFF else Access.PAUSE
        return ACCEPTED
    unmetered = desk.settings.mains_meter == MeterType.DISABLED and not desk.is_node
    if mode is not Mode.NORMAL and unmetered:
        return Verdict(f"{mode.name.title()} needs a mains meter: choose one under MAINS MET first")
    if desk.settings.mode != mode:
        desk.settings = desk.settings.replace("mode", int(mode))
    if mode is Mode.SOLAR:
        desk.override = 0
    desk.access = Access.ALLOW
    desk.timer = NO_TIMER
    return ACCEPTED


def _delay(choice: ModeChoice, timer: Timer, desk: Desk) -> Verdict:
    if choice not in {ModeChoice.NORMAL, ModeChoice.SMART}:
        return Verdict("a start time goes with Normal or Smart: Solar decides by itself")
    if desk.unix_s is None:
        return Verdict("the time of day is not known yet: a start time cannot be set")
    if timer.start_s is None or (timer.stop_s is not None and timer.stop_s <= timer.start_s):
        return Verdict("the stop has to come after the start")
    verdict = _choose(choice, desk)
    if verdict.accepted and timer.start_s > desk.unix_s:  # else: start now, no timer
        desk.timer, desk.access = timer, Access.DENY
    return verdict


def _override(current: Deciamps, desk: Desk) -> Verdict:
    settings = desk.settings
    if current == 0:
        desk.override = 0
        return ACCEPTED
    if desk.is_node:
        return Verdict("the override is set on the master charger")
    if settings.mode == Mode.SOLAR:
        return Verdict("in Solar mode the sun decides: there is no override")
    low, high = settings.current_min * 10, settings.current_max * 10
    if not low <= current <= high:
        return Verdict(f"the override takes 0 or {low} to {high} (0.1 A); not {current}")
    desk.override = current
    return ACCEPTED


def _lend(limit: Limit, desk: Desk, now: Millis) -> Verdict:
    refused = wrong(limit.current, limit.seconds, limit.fallback)
    if not refused:
        desk.lent = Lent(limit.current, now + limit.seconds * 1000, limit.fallback)
    return Verdict(refused)


def _change(key: str, value: Value, desk: Desk) -> Verdict:
    if desk.is_node and key in _NOT_ON_NODE:
        return Verdict(f"{key} is set on the master charger")
    try:
        changed = desk.settings.replace(key, value)
    except SettingError as error:
        return Verdict(str(error))
    if key in {"enable_C2", "loadbl"} and changed.loadbl > 1 and changed.enable_C2 == Contactor2.AUTO:
        return Verdict("CONTACT 2 cannot be Auto on a node")
    if changed.mode != desk.settings.mode:
        access, timer = desk.access, desk.timer
        verdict = _choose(choice_of(Mode(changed.mode), Access.ALLOW), desk)
        desk.access, desk.timer = access, timer
        return verdict
    if changed != desk.settings:
        desk.settings = changed
        if desk.override:
            desk.override = min(max(desk.override, changed.current_min * 10), changed.current_max * 10)
    return ACCEPTED


def _plausible(currents: PhaseCurrents) -> bool:
    return all(abs(current) <= HIGHEST_POSTED for current in currents.each())


def _post_mains(post: PostMains, desk: Desk, metering: Metering, now: Millis) -> Verdict:
    if desk.is_node:
        return Verdict("not allowed on slave")
    if desk.settings.mains_meter != MeterType.API:
        return Verdict("the mains meter is not of type API: posted currents are not used")
    if not _plausible(post.currents):
        return Verdict(f"each current has to be within +-{HIGHEST_POSTED} (0.1 A)")
    metering.take(MeterRead(MeterRole.MAINS, post.currents, post.power_w, post.import_wh), now)
    return ACCEPTED


def _post_circuit(currents: PhaseCurrents, desk: Desk, metering: Metering, now: Millis) -> Verdict:
    if desk.settings.circuit_meter != MeterType.API:
        return Verdict("the circuit meter is not of type API: posted currents are not used")
    if not _plausible(currents):
        return Verdict(f"each current has to be within +-{HIGHEST_POSTED} (0.1 A)")
    metering.take(MeterRead(MeterRole.CIRCUIT, currents), now)
    return ACCEPTED


def _post_battery(current: Deciamps, metering: Metering, now: Millis) -> Verdict:
    if abs(current) > HIGHEST_POSTED:
        return Verdict(f"the battery's current has to be within +-{HIGHEST_POSTED} (0.1 A)")
    metering.set_battery(current, now)
    return ACCEPTED


def _post_ev_meter(post: PostEvMeter, desk: Desk, metering: Metering, now: Millis) -> Verdict:
    if desk.settings.ev_meter != MeterType.API:
        return Verdict("the EV meter is not of type API: posted values are not used")
    if post.currents is not None and not _plausible(post.currents):
        return Verdict(f"each current has to be within +-{HIGHEST_POSTED} (0.1 A)")
    metering.take(MeterRead(MeterRole.EV, post.currents, post.power_w, post.import_wh, post.export_wh), now)
    return ACCEPTED
