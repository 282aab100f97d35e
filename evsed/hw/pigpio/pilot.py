"""The pilot's pulses by pigpiod's hardware PWM, under a lease that pigpiod keeps by itself.

Owns the pilot's pin and the stored script. The contactors' lines are the guard's; here they are only ever written off,
as the second path. All of it blocks 100 ms at most a control cycle, except the start, which takes up to a second.
"""

import logging
import time
from collections import deque
from collections.abc import Callable

from evsed.core.actions import PILOT_HIGH, PilotDrive
from evsed.core.ports import BoardLostError
from evsed.hw.pigpio.client import (
    BAD_SCRIPT_ID,
    CALL_S,
    NOT_PWM_GPIO,
    SCRIPT_NOT_READY,
    Client,
    PigpioRefusedError,
    ScriptState,
)
from evsed.hw.pigpio.script import HZ, RENEW_MS, TICKS, contactors, duty_ppm, lease_script, level
from evsed.wiring import Wiring

log = logging.getLogger(__name__)

PWM_MODES = {12: 4, 13: 4, 18: 2, 19: 2}
"""GPIOs with hardware PWM, and what MODEG answers while they have it (alternate function 0 or 5).

12 and 18 are one channel, 13 and 19 the other: one of a pair makes pulses, or both make the same.
"""

RENEW_S = RENEW_MS / 1000
STALE_S = 0.5
"""A lease older than this may have expired before the next renewal takes."""

LOOK_S = 0.1
"""So often the duty and the pin's function are looked at."""

MENDS = 5
MENDS_S = 60.0
"""So often within so many seconds what does not stand is written again, and no oftener."""

SCRIPT_S = 1.0
START_S = 1.0
_SCRIPTS = 32
_WAIT_S = 0.003


class PigpioPilot:
    """Implements PilotDriver. Every method raises BoardLostError when pigpiod or the pin is not ours any more."""

    def __init__(
        self,
        wiring: Wiring,
        connect: Callable[[int], Client] = Client,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Pilot constant at +12 V, contactors' lines off, then the lease; in this order, within a second."""
        self._pins, self._clock, self._wait = wiring.pins, clock, wait
        self._gpio = wiring.pins.pilot.gpio
        if self._gpio not in PWM_MODES:
            raise BoardLostError(f"board.pins.pilot: GPIO {self._gpio} has no hardware PWM; use 12, 13, 18 or 19")
        self._constant = duty_ppm(wiring.pins.pilot, PILOT_HIGH.duty)
        self._ppm: int | None = None  # what stands on the pin, as far as we know
        self._driven = False
        self._mends: deque[float] = deque(maxlen=MENDS)
        self._doubted: set[str] = set()  # what had to be written again, and was not seen right since
        self._due: list[Callable[[], None]] = []
        self._renewed = self._looked = self._script_seen = clock()
        self._client = connect(wiring.pigpio_port)
        try:
            self._script = self._begin()
        except BoardLostError:
            self._client.close()
            raise

    def drive(self, drive: PilotDrive) -> None:
        """Drives the pin as wanted; writes only what changed. Off counts as constant: the guard disconnects."""
        self._client.allow(CALL_S)
        self._driven = True
        self._client.check_alive()
        if self._clock() - self._renewed > STALE_S:
            if self._ppm not in (None, self._constant):
                log.warning("the control loop was late: the pilot's lease may have expired; its drive is written again")
            self._renew()  # first: an expired script would undo what is written now
            self._ppm = None
        ppm = duty_ppm(self._pins.pilot, drive.duty)
        if self._ppm is None:
            self._take_pin()
        if ppm != self._ppm:
            self._write(ppm)

    def keep(self) -> None:
        """Renews the lease when it is time, and looks at one thing of what should stand."""
        if not self._driven:
            self._client.allow(CALL_S)
        self._driven = False
        self._client.check_alive()
        now = self._clock()
        if now - self._renewed >= RENEW_S:
            self._renew()
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._due = self._due or self._looks(now)
        if self._due:
            self._due.pop(0)()

    def forget(self) -> None:
        """What was written may not stand any more: the next ``drive`` writes it again."""
        self._ppm = None

    def open_contactors(self) -> None:
        """The second path: writes the contactors' lines off, past the guard. Within 100 ms."""
        self._client.allow(CALL_S)
        self._write_contactors_off()

    def close(self) -> None:
        """Pilot constant at +12 V, contactors off; the script stays, expired, and holds them so."""
        try:
            self._client.allow(CALL_S)
            self._write(self._constant)
            self._write_contactors_off()
            self._client.update_script(self._script, [0])
        finally:
            self._client.close()

    def _begin(self) -> int:
        """The start. Returns the number of the running script."""
        ends = self._clock() + START_S
        self._client.allow(START_S)
        self._take_pin()
        self._write(self._constant)
        self._write_contactors_off()
        self._delete_leftovers()
        script = self._client.store_script(lease_script(self._pins))
        self._until(ends, "set up the pilot's script", lambda: self._is_set_up(script))
        self._until(ends, "start the pilot's script", lambda: self._is_started(script))
        self._until(ends, "run the pilot's script", lambda: self._state(script) == ScriptState.RUNNING)
        self._renewed = self._looked = self._script_seen = self._clock()
        self.forget()  # a guard that had taken the pin lets go of it with its first feed, and the pin is an input then
        return script

    def _take_pin(self) -> None:
        """Makes sure that the next duty reaches the pin.

        pigpiod switches a pin to its PWM only when it believes that it is not there; that the kernel took the pin (for
        the guard, when its lease expires) or made it an input (when the guard lets go) it does not notice. A write
        makes it believe so. Unconfirmed on a Pi; read in pigpio.c (gpioHardwarePWM) and pinctrl-bcm2835.c (pmx_free).
        """
        if self._client.mode(self._gpio) != PWM_MODES[self._gpio] or self._read_duty() is None:
            self._client.write(self._gpio, level(self._pins.pilot, on=True))

    def _read_duty(self) -> int | None:
        """What pigpiod believes that the pin's PWM makes; None: no pulses at all."""
        try:
            return self._client.duty(self._gpio)
        except PigpioRefusedError as error:
            if error.code != NOT_PWM_GPIO:
                raise
            return None

    def _write(self, ppm: int) -> None:
        self._client.hardware_pwm(self._gpio, HZ, ppm)
        self._ppm = ppm

    def _write_contactors_off(self) -> None:
        for line in contactors(self._pins):
            self._client.write(line.gpio, level(line, on=False))

    def _delete_leftovers(self) -> None:
        """Every script there is: pigpiod keeps those of a predecessor that died, running, and has room for 32.

        All are asked to halt first: a delete waits until its script has.
        """
        found = [script for script in range(_SCRIPTS) if _if_there(self._client.stop_script, script)]
        for script in found:
            _if_there(self._client.delete_script, script)
        if found:
            log.info("pigpiod had %d stored scripts of a predecessor; they are deleted", len(found))

    def _is_set_up(self, script: int) -> bool:
        return self._state(script) != ScriptState.INITIALISING

    def _is_started(self, script: int) -> bool:
        """Once is not enough: a script that is just set up may refuse to run."""
        try:
            self._client.run_script(script, [TICKS])
        except PigpioRefusedError as error:
            if error.code != SCRIPT_NOT_READY:
                raise
            return False
        return True

    def _state(self, script: int) -> int:
        return self._client.script_status(script).state

    def _until(self, ends: float, what: str, done: Callable[[], bool]) -> None:
        while not done():
            if self._clock() > ends:
                raise self._too_slow(what)
            self._wait(_WAIT_S)

    def _too_slow(self, what: str) -> BoardLostError:
        return BoardLostError(f"pigpiod did not {what} within {START_S:.0f} s; restart it: systemctl restart pigpiod")

    def _renew(self) -> None:
        self._client.update_script(self._script, [TICKS])
        self._renewed = self._clock()

    def _looks(self, now: float) -> list[Callable[[], None]]:
        """What is looked at, one a cycle."""
        if now - self._script_seen < SCRIPT_S:
            return [self._look_at_duty, self._look_at_mode]
        return [self._look_at_duty, self._look_at_mode, self._look_at_script]

    def _look_at_duty(self) -> None:
        if self._ppm is not None:  # else it is about to be written
            self._judge("duty in parts in a million", self._read_duty(), self._ppm)

    def _look_at_mode(self) -> None:
        self._judge("function", self._client.mode(self._gpio), PWM_MODES[self._gpio])

    def _look_at_script(self) -> None:
        state = self._state(self._script)
        if state != ScriptState.RUNNING:
            raise BoardLostError(f"pigpiod does not run the pilot's script {self._script} any more (state {state})")
        self._script_seen = self._clock()

    def _judge(self, what: str, seen: int | None, wanted: int) -> None:
        """What does not stand as written is written once more; a pin that another program drives is not ours."""
        if seen == wanted:
            self._doubted.discard(what)
            return
        reads = "nothing" if seen is None else str(seen)
        text = f"the pilot's {what} on GPIO {self._gpio} reads {reads} instead of {wanted}"
        now = self._clock()
        often = len(self._mends) == MENDS and now - self._mends[0] < MENDS_S
        if what in self._doubted or often:
            raise BoardLostError(f"{text}, again: another program drives this pin, find it and stop it")
        log.warning("%s; it is written again", text)
        self._doubted.add(what)
        self._mends.append(now)
        ppm, self._ppm = self._ppm, None
        self._take_pin()
        if ppm is not None:
            self._write(ppm)


def _if_there(call: Callable[[int], None], script: int) -> bool:
    """Whether there was such a script to do it with."""
    try:
        call(script)
    except PigpioRefusedError as error:
        if error.code != BAD_SCRIPT_ID:
            raise
        return False
    return True
