"""What a master has to tell its nodes, and what it takes over from them: modes, errors, agreements.

Owns the numbered orders and whose choice of mode counts. Who may draw and how much is sharing.py's, the wire is
``evsed.hw``'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evsed.core.member import Member
from evsed.core.model import Mode, PhaseCurrents
from evsed.core.settings import Settings
from evsed.core.units import Millis
from evsed.core.wire import COMM_B_OK, COMM_C_OK, LONGEST_SOLAR_S, NO_METER_BIT, NO_POWER_BIT, NO_SUN_BIT, Orders, Tell

TIMER_DIFFERS_S = 3

SPARE_S = 5
"""A node stops by itself when its solar stop timer is over. We may let it go on: it hears of that in time."""

REPEATED_MS: Millis = 2_000
"""An order that had no effect comes again, but not more often than this: others have to be asked too."""

_OUR_BITS = NO_POWER_BIT | NO_METER_BIT | NO_SUN_BIT
_FOLLOWS_NODES = 4  # SWITCH 4: the master's own Smart/Solar switch decides the mode


@dataclass(frozen=True, slots=True)
class _Told:
    """An order, what it was for, and when and after how many words of its node it was given."""

    what: tuple[int, ...]
    heard: int
    at: Millis
    tell: Tell

    def holds(self, member: Member, now: Millis) -> bool:
        """Whether it is too early to say the same again."""
        return member.heard == self.heard or now - self.at < REPEATED_MS


class Telling:
    """``follow_modes`` in every cycle; ``orders`` whenever they are asked for."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self.begun = False  # every node has been looked for: one that charges would else be told to stop
        self._wish: Mode | None = None  # a node's owner has chosen another mode
        self._mode: int | None = None
        self._heard: dict[int, int] = {}  # how often each node was heard when the mode changed last
        self._numbers = 0
        self._tells: dict[int, _Told] = {}

    def follow_modes(self, settings: Settings) -> None:
        """Who has the group's mode, and whose owner has chosen another one since."""
        if settings.mode != self._mode:
            self._mode = settings.mode
            for member in self._members:
                member.in_step = False
                self._heard[member.index] = member.heard
        for member in self._members[1:]:
            if not member.present or member.mode is None:
                continue
            if member.mode == settings.mode:
                # What was read before the change is no answer to it: the node may have followed another mode since.
                member.in_step = member.in_step or member.heard > self._heard[member.index]
            elif member.in_step and settings.switch != _FOLLOWS_NODES:
                self._wish = member.mode
                member.in_step = False

    def take_wish(self) -> Mode | None:
        """The mode that a node's owner has chosen since the last call."""
        wish, self._wish = self._wish, None
        return wish

    def orders(
        self, settings: Settings, mains: PhaseCurrents | None, solar_s: int, now: Millis, *, lost: bool
    ) -> Orders:
        """What the nodes have to know now. ``lost``: a meter that all need is, and nobody may charge."""
        tells = []
        for member in self._members[1:] if self.begun else ():
            tell = self._tell(member, settings, solar_s, now, lost=lost) if member.present and member.heard else None
            if tell is not None:
                tells.append(tell)
        offers = tuple(member.told for member in self._members) if self.begun else ()
        return Orders(offers, mains, tuple(tells))

    def _tell(self, member: Member, settings: Settings, solar_s: int, now: Millis, *, lost: bool) -> Tell | None:
        wanted = NO_POWER_BIT * (member.refused is not None) | NO_METER_BIT * lost
        state = member.state
        if not wanted and member.asks_pulses and member.pulses_agreed:
            state = COMM_B_OK
        elif not wanted and member.asks_contactor and member.granted:
            state = COMM_C_OK
        counts = solar_s and (member.drawing or member.may_be_closed)  # only who charges has to stop in time
        solar_s = min(solar_s + SPARE_S, LONGEST_SOLAR_S) if counts else 0
        near = max(TIMER_DIFFERS_S, min(member.solar_s, solar_s) // 10)  # far from its end it need not be exact
        differs = member.mode != settings.mode or abs(member.solar_s - solar_s) > near
        if state == member.state and (member.error & _OUR_BITS) == wanted and not differs:
            self._tells.pop(member.index, None)
            return None
        error = wanted | (member.error & ~_OUR_BITS)
        what = (state, error, settings.mode if differs else -1)
        known = self._tells.get(member.index)
        if known is not None and known.what == what and known.holds(member, now):
            return known.tell
        self._numbers += 1
        mode = Mode(settings.mode) if differs else None
        tell = Tell(member.index, self._numbers, state, error, mode, solar_s if differs else 0)
        self._tells[member.index] = _Told(what, member.heard, now, tell)
        return tell
