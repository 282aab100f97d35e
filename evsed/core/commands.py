"""What owners and programs ask for: carried out, or refused with a reason they understand.

Owns access, override and the settings in force. Ranges are the settings table's; these are the rules beyond them.
"""

from typing import assert_never

from evsed.core.events import (
    ACCEPTED,
    ChangeSetting,
    ChooseMode,
    Command,
    MeterRead,
    Override,
    PostBattery,
    PostEvMeter,
    PostMains,
    Verdict,
)
from evsed.core.metering import Metering
from evsed.core.model import Access, MeterRole, MeterType, Mode, ModeChoice, PhaseCurrents, choice_of, mode_of
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
    """What the owner has chosen: settings, access, override."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self.settings = settings
        self.access = access
        self.override: Deciamps = 0
        self._seen = settings

    @property
    def is_node(self) -> bool:
        """Whether another charger is the master of this one."""
        return self.settings.loadbl > 1

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
        case ChangeSetting(key, value):
            return _change(key, value, desk)
        case PostMains(currents):
            return _post_mains(currents, desk, metering, now)
        case PostBattery(current):
            return _post_battery(current, metering, now)
        case PostEvMeter():
            return _post_ev_meter(command, desk, metering, now)
        case _:
            assert_never(command)


def _choose(choice: ModeChoice, desk: Desk) -> Verdict:
    mode = mode_of(choice)
    if mode is None:
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
    return ACCEPTED


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


def _change(key: str, value: Value, desk: Desk) -> Verdict:
    if desk.is_node and key in _NOT_ON_NODE:
        return Verdict(f"{key} is set on the master charger")
    try:
        changed = desk.settings.replace(key, value)
    except SettingError as error:
        return Verdict(str(error))
    if changed.mode != desk.settings.mode:
        access = desk.access
        verdict = _choose(choice_of(Mode(changed.mode), Access.ALLOW), desk)
        desk.access = access
        return verdict
    if changed != desk.settings:
        desk.settings = changed
        if desk.override:
            desk.override = min(max(desk.override, changed.current_min * 10), changed.current_max * 10)
    return ACCEPTED


def _plausible(currents: PhaseCurrents) -> bool:
    return all(abs(current) <= HIGHEST_POSTED for current in currents.each())


def _post_mains(currents: PhaseCurrents, desk: Desk, metering: Metering, now: Millis) -> Verdict:
    if desk.is_node:
        return Verdict("not allowed on slave")
    if desk.settings.mains_meter != MeterType.API:
        return Verdict("the mains meter is not of type API: posted currents are not used")
    if not _plausible(currents):
        return Verdict(f"each current has to be within +-{HIGHEST_POSTED} (0.1 A)")
    metering.take(MeterRead(MeterRole.MAINS, currents), now)
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
