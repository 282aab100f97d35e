"""The LCD's thread: opens the display, keeps showing, and tries again when it is gone.

Owns the thread, and what is told of the LCD. What one look does is show.py's; the controller, its lines and everything
that is slow to load display.py's, which is imported on the thread. The control thread never waits for any of it.
"""

import importlib
import logging
import threading
from collections.abc import Callable
from typing import Final, TypeAlias

from evsed.core.units import Millis
from evsed.devices import DeviceHealth
from evsed.hw.guard import monotonic_ms
from evsed.hw.lcd.show import Display, Face, LcdError, Look, Show
from evsed.wiring import Wiring

REOPEN_S: Final = 30.0
_LEAVE_S: Final = 0.3
_PACKAGES: Final = ("luma", "luma.core", "luma.lcd", "PIL")

Opener: TypeAlias = Callable[[Wiring], Display]
"""Makes the display, which is then opened, closed and opened again. Raises LcdError."""

_LOG = logging.getLogger(__name__)


def _display(wiring: Wiring) -> Display:
    try:
        module = importlib.import_module("evsed.hw.lcd.display")
    except ModuleNotFoundError as error:
        if error.name not in _PACKAGES:
            raise
        raise LcdError(f"the Python package {error.name} is missing: `evsed doctor` says what to install") from error
    display: Display = module.Glass(wiring)
    return display


class Lcd:
    """The LCD of the board, or of a board without one. Cheap to make; nothing is opened before ``start``."""

    def __init__(
        self,
        wiring: Wiring,
        look: Look,
        face: Face,
        *,
        opener: Opener = _display,
        clock: Callable[[], Millis] = monotonic_ms,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """``face`` draws what is shown, ``look`` says what the light does.

        ``clock`` (ms) and ``wait`` (s, ends early when the LCD is closed) are others in tests."""
        self._wiring = wiring
        self._look = look
        self._face = face
        self._opener = opener
        self._clock = clock
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait
        self._thread: threading.Thread | None = None
        self._display: Display | None = None
        self._told: set[str] = set()  # since it last worked
        self._missed: set[str] = set()
        self._works: bool | None = None
        self._errors = 0

    @property
    def fitted(self) -> bool:
        """Whether there is one to show on."""
        return self._wiring.pins.lcd_data is not None

    @property
    def health(self) -> DeviceHealth:
        """How it does; may be read by any thread."""
        return DeviceHealth("lcd", self._works, self._errors)

    def start(self) -> None:
        """Shows, from its own thread. Returns at once."""
        if not self.fitted:
            return
        self._thread = threading.Thread(target=self._run, name="lcd", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Light off and picture cleared, within 0.3 s; a pigpiod or an SPI that hangs is left behind."""
        self._stop.set()
        if self._thread is None:
            return
        self._thread.join(_LEAVE_S * 2 / 3)
        display = self._display
        if self._thread.is_alive() and display is not None:
            display.cut()
            self._thread.join(_LEAVE_S / 3)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._guarded(self._serve)
            if self._display is not None:
                self._guarded(self._display.close)
            if not self._stop.is_set():
                self._wait(REOPEN_S)

    def _guarded(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except LcdError as error:
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001  # whatever it is, it must end neither the daemon nor this thread
            self._tell(f"{type(error).__name__}: {error}", error)

    def _serve(self) -> None:
        """Opens the display and shows until the end. Raises LcdError."""
        if self._display is None:
            self._display = self._opener(self._wiring)
        display = self._display
        display.open(self._stop.is_set)
        for name, why in display.left_out.items():
            if name not in self._missed:
                self._missed.add(name)
                _LOG.error("%s. It is left out; the rest of the LCD works", why)
        show = Show(display, self._look, self._face)
        while not self._stop.is_set():
            pause_ms = show.turn(self._clock())
            self._works = True
            if self._told:
                _LOG.info("the LCD works again")
                self._told.clear()
            self._wait(pause_ms / 1_000)

    def _tell(self, why: str, bug: Exception | None = None) -> None:
        self._works, self._errors = False, self._errors + 1
        if why in self._told or self._stop.is_set():
            return
        self._told.add(why)
        _LOG.error(
            "the LCD (%s) does not work: %s. Charging goes on without it; it is tried again every %.0f s",
            self._wiring.lcd_device,
            why,
            REOPEN_S,
            exc_info=bug,
        )
