"""What owners and programs ask for: carried out, or refused with a reason they understand.

Owns access, override, outside limit and the settings in force. Ranges are the settings table's and lent.py's; these are
the rules beyond them.
"""

from typing import assert_never

from evsed.core import posted, reader
from evsed.core.actions import Action, KeepInstallerPin
from evsed.core.by_hand import ByHand
from evsed.core.cards import Cards
from evsed.core.duty import CONSTANT
from evsed.core.events import (
    ACCEPTED,
    AddCards,
    ChangeCard,
    ChangeSetting,
    ChangeSettings,
    ChooseMode,
    ClearFaults,
    Command,
    CredentialsSet,
    DelayedCharging,
    EndLimit,
    EraseSettings,
    Light,
    Limit,
    MeterRead,
    Override,
    OverridePilot,
    PostBattery,
    PostCircuit,
    PostEvMeter,
    PostMains,
    PressButton,
    PressCustomButton,
    RemoveCards,
    SwipeCard,
    Verdict,
)
from evsed.core.fitted import carried_out, missing
from evsed.core.lent import Hold, Lent, hold, lent_at, wrong
from evsed.core.menu_walk import INSTALLER_PIN, Ground
from evsed.core.metering import Metering
from evsed.core.model import (
    BARE,
    Access,
    Contactor2,
    Equipment,
    MeterRole,
    MeterType,
    Mode,
    ModeChoice,
    choice_of,
    mode_of,
)
from evsed.core.panel import Panel
from evsed.core.reader import Reader
from evsed.core.schedule import (
    DAY_MINUTES,
    LAST_S,
    NO_TIMER,
    Calendar,
    Timer,
    UtcCalendar,
    daily,
    due,
    minutes_between,
)
from evsed.core.setting import NOTHING_OFFERED, SettingError, Value
from evsed.core.setting_up import is_set_up
from evsed.core.settings import Settings
from evsed.core.units import Deciamps, DutyBp, Millis

_NOT_ON_NODE = frozenset({"current_min", "current_max_sum_mains"})
_METER_KEYS = {
    MeterRole.MAINS: ("mains_meter", "mains_meter_address", "mains_meter_host"),
    MeterRole.EV: ("ev_meter", "ev_meter_address", "ev_meter_host"),
    MeterRole.CIRCUIT: ("circuit_meter", "circuit_meter_address", "circuit_meter_host"),
}


_CHOOSING = (ChooseMode, DelayedCharging, EraseSettings)


class Desk:
    """What the owner has chosen: settings, access, override, timer; and the limit that a program has lent."""

    def __init__(
        self,
        settings: Settings,
        access: Access,
        timer: Timer = NO_TIMER,
        calendar: Calendar | None = None,
        *,
        equipment: Equipment = BARE,
        cards: Cards | None = None,
        pilot_unlocked: bool = False,
    ) -> None:
        """``pilot_unlocked``: the owner's configuration lets the pilot be driven by hand."""
        self.equipment = equipment
        self.settings, self._warnings = carried_out(settings, equipment)
        self.access = access
        self.override: Deciamps = 0
        self.lent: Lent | None = None  # as it was lent; ``lent_at`` says what is left of it
        self.timer = timer
        self.calendar = calendar or UtcCalendar()
        self.unix_s: int | None = None  # the time of day, once it is known
        self.panel = Panel()
        self.offers = NOTHING_OFFERED
        self.hosts: tuple[str, ...] = ()  # networked meters on the LAN
        self.by_hand = ByHand()
        self.cards = cards or Cards()
        self.pilot_unlocked = pilot_unlocked
        self.credentials = CredentialsSet(installer_pin=False, anybody=False)
        self.new_pin: int | None = None  # of the installer, to be handed on; 0: none any more
        self._seen = self.settings

    def take_pin(self) -> list[Action]:
        """The installer's PIN that somebody chose, for whoever keeps it; once."""
        pin, self.new_pin = self.new_pin, None
        return [] if pin is None else [KeepInstallerPin(pin)]

    def take_warnings(self) -> list[Action]:
        """What the owner has to be told about the stored settings; once."""
        warnings, self._warnings = self._warnings, []
        return [*warnings]

    @property
    def ground(self) -> Ground:
        """What the LCD's menu is walked over."""
        return Ground(self.settings, self.offers, self.hosts)

    @property
    def set_up(self) -> bool:
        """Whether nothing is left to do before this charger may charge."""
        return is_set_up(self.settings, self.equipment)

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
    """Carries ``command`` out on ``desk`` or ``metering``. Whatever chooses a mode ends the pilot by hand."""
    mode, access = desk.settings.mode, desk.access
    verdict = _carry_out(command, desk, metering, now)
    if verdict.accepted and isinstance(command, _CHOOSING):
        desk.cards.grant.chosen(access, desk.access, now, delayed=desk.timer.waits)
    if desk.settings.lcdlock or isinstance(command, EraseSettings):
        desk.panel.menu.close()
    switched = desk.settings.mode != mode or desk.access is not access
    if verdict.accepted and (isinstance(command, _CHOOSING) or switched):
        desk.by_hand.end()
    return verdict


def _carry_out(command: Command, desk: Desk, metering: Metering, now: Millis) -> Verdict:
    match command:
        case ChooseMode(choice):
            return _choose(choice, desk)
        case Override(current):
            return _override(current, desk)
        case Limit() | EndLimit():
            return _lend(command, desk, now)
        case ChangeSetting(key, value):
            return _change(key, value, desk)
        case PostMains() | PostCircuit() | PostBattery() | PostEvMeter():
            return posted.take(command, desk.settings, metering, now)
        case DelayedCharging():
            return _delay(command, desk)
        case ChangeSettings(changes, sure):
            return _change_all(changes, desk, sure=sure)
        case EraseSettings():
            return _erase(desk)
        case OverridePilot(duty):
            return _drive_pilot(duty, desk, now)
        case PressCustomButton() | PressButton() | Light():
            desk.panel.take(command, now)
            return ACCEPTED
        case SwipeCard() | AddCards() | ChangeCard() | RemoveCards():
            return reader.carry_out(command, desk, now)
        case ClearFaults():
            return ACCEPTED  # the faults themselves are the controller's
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


def _delay(wish: DelayedCharging, desk: Desk) -> Verdict:
    start_s, stop_s = wish.start_s, wish.stop_s
    if wish.choice not in {ModeChoice.NORMAL, ModeChoice.SMART}:
        return Verdict("a start time goes with Normal or Smart: Solar decides by itself")
    if desk.unix_s is None:
        return Verdict("the time of day is not known yet: a start time cannot be set")
    if stop_s is not None and stop_s <= start_s:
        return Verdict("the stop has to come after the start")
    if start_s < 0 or (stop_s or start_s) >= LAST_S:
        return Verdict("start and stop have to be between 1970 and 2038")
    minutes = None if stop_s is None else minutes_between(start_s, stop_s, desk.calendar)
    if wish.repeat and (minutes is None or not 0 < minutes < DAY_MINUTES):
        return Verdict("what repeats daily needs a stop, later than its start and less than a day after it")
    verdict = _choose(wish.choice, desk)
    if not verdict.accepted:
        return verdict
    if wish.repeat and stop_s is not None:
        timer = daily(start_s, stop_s, desk.calendar)
        desk.timer, desk.access = due(timer, Access.DENY, desk.unix_s, desk.calendar)
    elif start_s > desk.unix_s:  # else: start now, no timer
        desk.timer, desk.access = Timer(start_s, stop_s), Access.DENY
    return verdict


def _drive_pilot(duty: DutyBp | None, desk: Desk, now: Millis) -> Verdict:
    if duty is not None and not desk.pilot_unlocked:
        return Verdict("driving the pilot by hand is dangerous: [modem] unlocked = true in evsed.toml allows it")
    if duty is not None and not desk.set_up:
        return Verdict("this charger is not set up yet: see the list on its web page")
    if duty is not None and not 0 <= duty <= CONSTANT:
        return Verdict("the pilot's duty is 0 to 100 %")
    desk.by_hand.drive_with(duty, now)
    return ACCEPTED


def _change_all(changes: tuple[tuple[str, Value], ...], desk: Desk, *, sure: bool) -> Verdict:
    """In whatever order they go: one may be allowed only after another (Smart after its meter)."""
    before = (desk.settings, desk.override, desk.new_pin)
    waiting = tuple(sorted(changes, key=lambda change: change[0] == "loadbl"))  # a node is not asked for the rest
    while waiting:
        verdicts = [(change, _change(*change, desk, sure=sure)) for change in waiting]
        refused = tuple(change for change, verdict in verdicts if not verdict.accepted)
        if len(refused) == len(waiting):
            desk.settings, desk.override, desk.new_pin = before
            return verdicts[0][1]
        waiting = refused
    return ACCEPTED


def _erase(desk: Desk) -> Verdict:
    desk.settings = Settings()
    desk.override, desk.lent = 0, None
    return _choose(ModeChoice.OFF, desk)


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


def _lend(limit: Limit | EndLimit, desk: Desk, now: Millis) -> Verdict:
    if isinstance(limit, EndLimit):
        desk.lent = None
        return ACCEPTED
    refused = wrong(limit.current, limit.seconds, limit.fallback)
    if not refused:
        desk.lent = Lent(limit.current, now + limit.seconds * 1000, limit.fallback)
    return Verdict(refused)


def _change(key: str, value: Value, desk: Desk, *, sure: bool = False) -> Verdict:
    if desk.is_node and key in _NOT_ON_NODE:
        return Verdict(f"{key} is set on the master charger")
    try:
        changed = desk.settings.replace(key, value)
    except SettingError as error:
        return Verdict(str(error))
    if key == INSTALLER_PIN:
        if not changed.installer_pin and changed.login and desk.credentials.by_pin_alone:
            return Verdict("login is On, and this PIN is the last way in: turn login Off first, or choose another PIN")
        desk.new_pin = changed.installer_pin
        return ACCEPTED
    if changed.login > desk.settings.login and not desk.credentials.anybody:
        return Verdict("login stays Off until somebody can log in: set a password, a PIN or a token first")
    if changed[key] != desk.settings[key] and (why := missing(changed, desk.equipment).get(key)):
        return Verdict(why)
    if key == "rfidreader" and not sure and _forgets_cards(changed, desk):
        return Verdict(reader.SURE)
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


def _forgets_cards(changed: Settings, desk: Desk) -> bool:
    """Whether a slip would cost the owner all cards: DeleteAll, and not from Delete."""
    slip = desk.settings.rfidreader not in {Reader.DELETE, Reader.DELETE_ALL}
    return changed.rfidreader == Reader.DELETE_ALL and slip and bool(desk.cards.all)
