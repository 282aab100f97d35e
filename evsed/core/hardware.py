"""What the board reports back: temperature, residual current, lock, contactors, switch, and the car's overdraw.

Keeps the watchers of the hardware together, with one look a control cycle. What follows from what they find is
watches.py's (faults) and the controller's.
"""

from evsed.core.actions import Outputs
from evsed.core.contactors import ContactorWatch, Rest
from evsed.core.derating import Derating
from evsed.core.events import Inputs
from evsed.core.lock import CableLock
from evsed.core.model import Contactor2, Equipment, MeterType, PhaseCurrents
from evsed.core.overdraw import Overdraw
from evsed.core.rcm import ResidualCurrentMonitor
from evsed.core.settings import Settings
from evsed.core.switch import ExternalSwitch, Function, Wish
from evsed.core.units import Celsius, Millis

_SOCKET = 0


class Hardware:
    """The watchers of one board."""

    def __init__(self, equipment: Equipment, now: Millis) -> None:
        self.equipment = equipment
        self.temperature: Celsius | None = None
        self.rcm = ResidualCurrentMonitor()
        self.lock = CableLock()
        self.contactors = ContactorWatch(now)
        self.rest = Rest()
        self.overdraw = Overdraw()
        self.derating = Derating()
        self.switch = ExternalSwitch()
        self._second_fitted = False  # as it was when contactor 1 was last open: nobody rewires under load

    def look(self, inputs: Inputs, told: Outputs, settings: Settings, now: Millis) -> list[Wish]:
        """One look at the board, while the outputs were as ``told``; what the external switch asks for."""
        if not told.contactor1:
            self._second_fitted = settings.enable_C2 != Contactor2.NOT_PRESENT
        self.temperature = inputs.temperature_c
        self.rcm.feed(inputs.rcm_tripped, now)
        self.lock.feed(inputs.locked)
        self.contactors.feed(told, inputs.closed1, inputs.closed2 if self._second_fitted else None, now)
        self.derating.feed(inputs.temperature_c, settings)
        return self.switch.feed(inputs.switch_closed, Function(settings.switch), now)

    def metered(self, currents: PhaseCurrents, settings: Settings, now: Millis) -> None:
        """The EV meter's word, for the contactors."""
        posted = settings.ev_meter == MeterType.API
        self.contactors.metered(currents, now, posted=posted, second_fitted=self._second_fitted)

    def step(self, settings: Settings, now: Millis, *, lock_wanted: bool | None, about_to_close: bool) -> None:
        """Drives lock and self-test. ``about_to_close``: nothing but these stands between B and C."""
        has_lock = settings.lock != 0 and settings.config == _SOCKET
        self.lock.step(lock_wanted if has_lock else self.lock.let_go(lock_wanted, now), now)
        self.rcm.step(wanted=self._tests(settings) and about_to_close, now=now)

    def unwatched(self, settings: Settings) -> bool:
        """Whether residual currents are to be watched, and no monitor is there to do it."""
        return bool(settings.rcmon) and not self.equipment.rcm

    def residual_signal(self, settings: Settings) -> bool:
        """Whether the monitor signals now; one that is switched off says nothing."""
        return bool(settings.rcmon) and self.rcm.signal

    def _tests(self, settings: Settings) -> bool:
        return bool(settings.rcmon) and self.equipment.rcm_test

    def ready(self, settings: Settings) -> bool:
        """Whether contactor 1 may close as far as lock and self-test go."""
        return self.lock.holds and (self.rcm.passed or not self._tests(settings))
