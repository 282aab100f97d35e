"""Buttons, switch input, LED and buzzer at the board, on a thread of their own.

Owns bounce, the rhythm of the LED and what beeps. The control thread only reads what this thread left, and never waits;
a panel that cannot be opened or was lost is told, tried again, and charging goes on without it. gpiozero's side is
panel_devices.py's, what the LED means core/led.py's.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from evsed.core.events import Button
from evsed.core.led import DARK, Colour, light
from evsed.core.snapshot import Snapshot
from evsed.core.units import Millis
from evsed.hw.panel_devices import BUTTONS, INPUTS, LEDS, Devices, Wake, open_devices
from evsed.wiring import Wiring

SETTLE_MS = 30
"""How long an input has to stay as it is; contacts of buttons bounce for 5 to 20 ms."""

REOPEN_S = 30.0
_BOUNCING_S = 0.01
_IDLE_S = 0.05  # also how often the LED may change
_LEAVE_S = 0.3

Look: TypeAlias = Callable[[], Snapshot | None]
Opener: TypeAlias = Callable[[Wiring, Wake], Devices]

_NAMES = dict(zip(BUTTONS, Button, strict=True))
_LOG = logging.getLogger(__name__)


class Settled:
    """A level that has bounced to its end."""

    def __init__(self) -> None:
        self.level: bool | None = None  # None: not yet known
        self._seen: bool | None = None
        self._since: Millis = 0

    def feed(self, level: bool, now: Millis) -> None:
        """One look at the input."""
        if level is not self._seen:
            self._seen, self._since = level, now
        if now - self._since >= SETTLE_MS:
            self.level = level

    @property
    def bouncing(self) -> bool:
        """Whether it was last seen otherwise than it has settled."""
        return self.level is not self._seen


class Beeper:
    """When the buzzer sounds: once for a press, three times for an error."""

    def __init__(self) -> None:
        self._beeps: list[tuple[Millis, Millis]] = []

    def pressed(self, now: Millis) -> None:
        """A button went down."""
        self._beeps.append((now, now + 50))

    def failed(self, now: Millis) -> None:
        """An error has come up."""
        self._beeps += [(now + at, now + at + 150) for at in (0, 300, 600)]

    def sounds(self, now: Millis) -> bool:
        """Whether the buzzer is on at ``now``."""
        self._beeps = [beep for beep in self._beeps if now < beep[1]]
        return any(start <= now for start, _ in self._beeps)


class Panel:
    """What people touch and see at the board. Cheap to make; nothing is opened before ``start``."""

    def __init__(self, wiring: Wiring, *, opener: Opener = open_devices) -> None:
        self._wiring = wiring
        self._opener = opener
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._devices: Devices | None = None
        self._fitted = frozenset(name for name in BUTTONS if getattr(wiring.pins, name) is not None)
        self._pressed: frozenset[Button] | None = None
        self._closed: bool | None = None
        self._forget()

    def buttons(self) -> frozenset[Button] | None:
        """The buttons that are down; None while nobody can say of each of them. Instantly."""
        return self._pressed

    def switch_closed(self) -> bool | None:
        """The switch input; open where none is fitted, None while nobody can read it. Instantly."""
        return self._closed

    def start(self, look: Look) -> None:
        """Opens the panel on its own thread, which shows what ``look`` says. Returns at once."""
        if all(getattr(self._wiring.pins, name) is None for name in (*INPUTS, *LEDS, "buzzer")):
            return
        self._thread = threading.Thread(target=self._run, args=(look,), name="panel", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """LED and buzzer off, within 0.3 s; a pigpiod that hangs is left behind."""
        self._stop.set()
        self._wake.set()
        if self._thread is None:
            return
        self._thread.join(_LEAVE_S * 2 / 3)
        devices = self._devices
        if self._thread.is_alive() and devices is not None:
            devices.cut()
            self._thread.join(_LEAVE_S / 3)

    def _run(self, look: Look) -> None:
        told = ""
        missed: set[str] = set()
        while not self._stop.is_set():
            opened = False
            try:
                self._devices = devices = self._opener(self._wiring, self._wake.set)
                opened = True
                for name, why in devices.left_out.items():
                    if name not in missed:
                        missed.add(name)
                        _LOG.error("%s. It is left out; the rest of buttons, switch and light works", why)
                if told:
                    _LOG.info("buttons, switch and light work again")
                    told = ""
                self._serve(devices, look)
            except Exception as error:  # noqa: BLE001  # gpiozero, pigpio and lgpio each have their own; charging goes on
                if not self._stop.is_set() and str(error) != told:
                    told = _tell(error, opened=opened)
            finally:
                self._let_go()
            self._stop.wait(REOPEN_S)

    def _let_go(self) -> None:
        devices, self._devices = self._devices, None
        self._forget()
        if devices is not None:
            devices.close()

    def _forget(self) -> None:
        """Nothing is known of what is fitted."""
        self._pressed = None if self._fitted else frozenset()
        self._closed = False if self._wiring.pins.switch is None else None

    def _serve(self, devices: Devices, look: Look) -> None:
        inputs: dict[str, Settled] = {}
        beeper, shown, sounded, failed = Beeper(), DARK, False, False
        devices.light(DARK)
        while not self._stop.is_set():
            self._wake.clear()
            now = time.monotonic_ns() // 1_000_000
            for name, level in devices.read().items():
                inputs.setdefault(name, Settled()).feed(level, now)
            if self._take(inputs):
                beeper.pressed(now)
            snapshot = look()
            fails = snapshot is not None and snapshot.error is not None
            if fails and not failed:
                beeper.failed(now)
            failed = fails
            shown = self._show(devices, DARK if snapshot is None else light(snapshot, now), shown)
            if beeper.sounds(now) is not sounded:
                sounded = not sounded
                devices.buzz(sounded)
            self._wake.wait(_BOUNCING_S if any(one.bouncing for one in inputs.values()) else _IDLE_S)

    def _take(self, inputs: dict[str, Settled]) -> bool:
        """Leaves what has settled for the control thread; whether a button went down."""
        before = self._pressed
        levels = {name: inputs[name].level for name in self._fitted}
        if None not in levels.values():
            self._pressed = frozenset(_NAMES[name] for name, down in levels.items() if down)
        if "switch" in inputs:
            self._closed = inputs["switch"].level
        return before is not None and self._pressed is not None and bool(self._pressed - before)

    def _show(self, devices: Devices, colour: Colour, shown: Colour) -> Colour:
        if colour != shown:
            devices.light(colour)
        return colour


def _tell(error: Exception, *, opened: bool) -> str:
    what = "were lost" if opened else "cannot be opened"
    _LOG.error(
        "buttons, switch and light %s: %s. Charging goes on without them; they are tried again every %.0f s",
        what,
        str(error) or type(error).__name__,
        REOPEN_S,
    )
    return str(error)
