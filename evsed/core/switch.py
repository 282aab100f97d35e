"""The external switch on input SW: debounced, and what a movement of it asks for.

Owns debouncing and the eight functions' meaning; carrying out is the controller's. Functions 6 and 7 (custom) move
nothing here: they are only told to others.
"""

from collections.abc import Callable
from enum import Enum, IntEnum

from evsed.core.events import ChangeSetting, ChooseMode, Command
from evsed.core.model import Access, Mode, ModeChoice, choice_of
from evsed.core.units import Millis

DEBOUNCE_MS = 100
LONG_MS = 1_500
LAST_WORD_MS = 60_000
"""For so long an input that nobody can read counts as it was read last."""


class Function(IntEnum):
    """SWITCH: what the input is for; the numbers are those of the setting."""

    DISABLED = 0  # a push stops charging
    ACCESS_BUTTON = 1
    ACCESS_SWITCH = 2
    SMART_SOLAR_BUTTON = 3
    SMART_SOLAR_SWITCH = 4
    GRID_RELAY = 5
    CUSTOM_BUTTON = 6
    CUSTOM_SWITCH = 7


_RESETTING = frozenset(Function) - {Function.GRID_RELAY, Function.CUSTOM_BUTTON, Function.CUSTOM_SWITCH}


class Wish(Enum):
    """What a movement of the switch asks for."""

    STOP = "stop charging"
    ALLOW = "access on"
    ALLOW_UNLESS_DELAYED = "access on, unless delayed charging waits: the switch was found closed, not moved"
    DENY = "access off"
    DENY_UNLESS_DELAYED = "access off, unless a timer is in force: the switch was found open, not moved"
    TOGGLE_ACCESS = "access on or off"
    SMART = "Smart, if in Solar"
    SOLAR = "Solar, if in Smart"
    TOGGLE_MODE = "the other of Smart and Solar"
    RESET = "reset a residual current fault"
    CUSTOM_TURNED = "the custom button on or off"
    CUSTOM_ON = "the custom button on"
    CUSTOM_OFF = "the custom button off"


CUSTOM: dict[Wish, Callable[[bool], bool]] = {
    Wish.CUSTOM_TURNED: lambda on: not on,
    Wish.CUSTOM_ON: lambda _on: True,
    Wish.CUSTOM_OFF: lambda _on: False,
}
"""What the custom button becomes of what it was."""


_PUSHED = {
    Function.DISABLED: [Wish.STOP],
    Function.ACCESS_BUTTON: [Wish.TOGGLE_ACCESS],
    Function.CUSTOM_BUTTON: [Wish.CUSTOM_TURNED],
}
_FOUND = {Wish.ALLOW: Wish.ALLOW_UNLESS_DELAYED, Wish.DENY: Wish.DENY_UNLESS_DELAYED}
_OTHER = {Mode.SMART: Mode.SOLAR, Mode.SOLAR: Mode.SMART}


def command_for(wish: Wish, mode: Mode, access: Access, *, delayed: bool) -> Command | None:
    """The command that ``wish`` stands for; None when it is as wished already, or the wish is no command."""
    on = choice_of(mode, Access.ALLOW)
    match wish:
        case Wish.ALLOW_UNLESS_DELAYED if access is not Access.ALLOW and not delayed:
            return ChooseMode(on)
        case Wish.ALLOW if access is not Access.ALLOW:
            return ChooseMode(on)
        case Wish.DENY if access is not Access.DENY:
            return ChooseMode(ModeChoice.OFF)
        case Wish.DENY_UNLESS_DELAYED if access is not Access.DENY and not delayed:
            return ChooseMode(ModeChoice.OFF)
        case Wish.TOGGLE_ACCESS:
            return ChooseMode(ModeChoice.OFF if access is Access.ALLOW else on)
        case Wish.SMART if mode is Mode.SOLAR:
            return ChangeSetting("mode", int(Mode.SMART))
        case Wish.SOLAR if mode is Mode.SMART:
            return ChangeSetting("mode", int(Mode.SOLAR))
        case Wish.TOGGLE_MODE if mode in _OTHER:
            return ChangeSetting("mode", int(_OTHER[mode]))
        case _:
            return None


class ExternalSwitch:
    """``feed`` with every look at the input; each movement is told once."""

    def __init__(self) -> None:
        self.closed: bool | None = None  # None: not yet known
        self._candidate = False
        self._since: Millis = 0
        self._read_at: Millis = 0
        self._seen = False
        self._moved_unseen = True  # where it stands next is found, not moved
        self._pressed_at: Millis | None = None
        self._function: Function | None = None

    def feed(self, closed: bool | None, function: Function, now: Millis) -> list[Wish]:
        """One look. A toggle type says its position at start-up and when the function is chosen, a button does not.

        None, while nobody can read the input, is no movement: where the switch stands afterwards is as at start-up.
        """
        if closed is None:
            if now - self._read_at >= LAST_WORD_MS:
                self.closed = None
            self._seen, self._moved_unseen, self._pressed_at, self._function = False, True, None, function
            return []
        self._read_at = now
        if closed is not self._candidate or not self._seen:
            self._candidate, self._since, self._seen = closed, now, True
        chosen = function is not self._function
        self._function = function
        if now - self._since < DEBOUNCE_MS:
            return []
        found, self._moved_unseen = self._moved_unseen, False
        if found:
            self.closed = closed
            return _found(function, closed)
        if self.closed is closed:
            return _found(function, closed) if chosen else self._hold(function, now)
        self.closed = closed
        wishes = [Wish.RESET] if closed and function in _RESETTING else []
        return wishes + _position(function, closed) + self._press(function, now)

    def _press(self, function: Function, now: Millis) -> list[Wish]:
        if self.closed:
            self._pressed_at = now
            return _PUSHED.get(function, [])
        short, self._pressed_at = self._pressed_at is not None, None
        return [Wish.TOGGLE_MODE] if short and function is Function.SMART_SOLAR_BUTTON else []

    def _hold(self, function: Function, now: Millis) -> list[Wish]:
        """A press that lasts is told when it has lasted, and its release means nothing any more."""
        long = self._pressed_at is not None and now - self._pressed_at >= LONG_MS
        if not long or function is not Function.SMART_SOLAR_BUTTON:
            return []
        self._pressed_at = None
        return [Wish.STOP]

    @property
    def grid_limited(self) -> bool:
        """Whether the grid operator's relay is open: the charger has to keep to its limit.

        Not yet known counts as open, as a broken wire does; so does what nobody could read for a minute.
        """
        return self._function is Function.GRID_RELAY and self.closed is not True


def _found(function: Function, closed: bool) -> list[Wish]:
    return [_FOUND.get(wish, wish) for wish in _position(function, closed)]


def _position(function: Function, closed: bool) -> list[Wish]:
    match function:
        case Function.ACCESS_SWITCH:
            return [Wish.ALLOW if closed else Wish.DENY]
        case Function.SMART_SOLAR_SWITCH:
            return [Wish.SMART if closed else Wish.SOLAR]
        case Function.CUSTOM_SWITCH:
            return [Wish.CUSTOM_ON if closed else Wish.CUSTOM_OFF]
        case _:
            return []
