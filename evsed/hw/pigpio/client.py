"""Speaks pigpiod's socket protocol: one question at a time, each answered within 100 ms or never again.

Owns the connection and the bytes on it. What is driven with it is pilot.py's. Own code instead of the library pigpio
brings: that one knows no time-outs, and waits for ever for a daemon that hangs. Standard library only.
Source: pigpio 79, pigpio.c (pthSocketThreadHandler, myDoCommand) and pigpio.h.
"""

import math
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

from evsed.core.ports import BoardLostError

HOST = "127.0.0.1"
_LEAST_S = 0.02  # what a further call gets when the time was used up: it may be we who stood still

CALL_S = 0.1
"""No call takes longer, in seconds; a daemon that needs more is lost.

Unconfirmed on a Pi: that a pigpiod without real-time priority always answers in time while other programs keep every
core busy.
"""

_FRAME = struct.Struct("<IIII")
_RESULT = struct.Struct("<i")
_PARAMETERS = 10
_STATUS = struct.Struct(f"<i{_PARAMETERS}i")


class Command(IntEnum):
    """What is asked, by pigpio.h's numbers."""

    MODEG = 1
    READ = 3
    WRITE = 4
    TICK = 16
    HWVER = 17
    PIGPV = 26
    PROC = 38
    PROCD = 39
    PROCR = 40
    PROCS = 41
    PROCP = 45
    GDC = 83
    HP = 86
    PROCU = 117


_ABOUT_GPIO = frozenset({Command.MODEG, Command.READ, Command.WRITE, Command.GDC, Command.HP})
_ABOUT_SCRIPT = frozenset({Command.PROCD, Command.PROCR, Command.PROCS, Command.PROCP, Command.PROCU})
_UNSIGNED = frozenset({Command.TICK, Command.HWVER})

BAD_SCRIPT_ID = -48
SCRIPT_NOT_READY = -62
NOT_PWM_GPIO = -92
_MEANINGS = {
    -2: "it knows no such GPIO",
    -3: "it knows no such GPIO",
    -5: "it knows no such level",
    -41: "its option -x does not let this GPIO be written",
    -47: "it does not understand the script",
    BAD_SCRIPT_ID: "it has no such script",
    -55: "it does not understand the script",
    -57: "it has no room for another script",
    SCRIPT_NOT_READY: "the script is still being set up",
    -88: "it does not know this command; pigpio 79 does",
    NOT_PWM_GPIO: "this GPIO makes no pulses",
    -95: "this GPIO has no hardware PWM",
    -96: "it cannot make this frequency",
    -97: "it cannot make this duty",
    -100: "its option -t 0 takes the PWM for its clock; start it without",
}


class PigpioLostError(BoardLostError):
    """The connection to pigpiod is closed; every later call raises the same again."""


class PigpioRefusedError(BoardLostError):
    """pigpiod answered a call with an error, ``code`` (negative, pigpio.h). The connection stands."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class ScriptState(IntEnum):
    """What a stored script does."""

    INITIALISING = 0
    HALTED = 1
    RUNNING = 2
    WAITING = 3
    FAILED = 4


@dataclass(frozen=True, slots=True)
class ScriptStatus:
    """A stored script's state, and its ten parameters as they are now. ``state``: a ScriptState, or what is new."""

    state: int
    parameters: tuple[int, ...]


class Client:
    """One connection to pigpiod. Every method raises PigpioLostError or PigpioRefusedError."""

    def __init__(self, port: int, host: str = HOST, clock: Callable[[], float] = time.monotonic) -> None:
        """Connects, within 100 ms. Raises PigpioLostError."""
        self._peer = f"pigpiod at {host}:{port}"
        self._clock = clock
        self._left_s = math.inf
        self._lost = ""
        try:
            self._socket = socket.create_connection((host, port), CALL_S)
        except OSError as error:
            raise PigpioLostError(f"{self._peer} cannot be reached ({error}); see systemctl status pigpiod") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)

    def close(self) -> None:
        """Lets go of the connection; pigpiod changes nothing because of it."""
        self._lost = self._lost or f"the connection to {self._peer} is closed"
        self._socket.close()

    def allow(self, total_s: float) -> None:
        """From now on all calls together may take ``total_s`` seconds, until the next ``allow``."""
        self._left_s = total_s

    def check_alive(self) -> None:
        """Notices at once, without a call, when pigpiod has ended. Raises PigpioLostError."""
        if self._lost:
            raise PigpioLostError(self._lost)
        if not self._readable.poll(0):
            return
        try:
            unasked = self._socket.recv(1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError as error:
            raise self._lose(f"has broken the connection ({error})") from error
        raise self._lose("says what nobody asked" if unasked else "has ended")

    def mode(self, gpio: int) -> int:
        """What the pin is switched to: 0 input, 1 output, 4 5 6 7 3 2 the alternate functions 0 to 5."""
        return self._call(Command.MODEG, gpio)

    def read(self, gpio: int) -> int:
        """The level on the pin, 0 or 1."""
        return self._call(Command.READ, gpio)

    def write(self, gpio: int, level: int) -> None:
        """Makes the pin an output with this level; ends its pulses."""
        self._call(Command.WRITE, gpio, level)

    def hardware_pwm(self, gpio: int, hz: int, ppm: int) -> None:
        """Pulses, high for ``ppm`` parts in a million; 0 and 1,000,000 are constant levels."""
        self._call(Command.HP, gpio, hz, struct.pack("<I", ppm))

    def duty(self, gpio: int) -> int:
        """The duty last written to the pin's hardware PWM, in parts in a million."""
        return self._call(Command.GDC, gpio)

    def tick(self) -> int:
        """The daemon's clock in microseconds, modulo 2**32."""
        return self._call(Command.TICK)

    def hardware_revision(self) -> int:
        """The board's revision code; 0: unknown."""
        return self._call(Command.HWVER)

    def version(self) -> int:
        """pigpio's version."""
        return self._call(Command.PIGPV)

    def store_script(self, text: str) -> int:
        """Its number, 0 to 31."""
        return self._call(Command.PROC, extension=text.encode("ascii"))

    def run_script(self, script: int, parameters: Sequence[int]) -> None:
        """Starts it from the top; refused with SCRIPT_NOT_READY while it is being set up."""
        self._call(Command.PROCR, script, extension=_words(parameters))

    def update_script(self, script: int, parameters: Sequence[int]) -> None:
        """Sets its first parameters while it runs."""
        self._call(Command.PROCU, script, extension=_words(parameters))

    def stop_script(self, script: int) -> None:
        """Asks it to halt after the instruction it is at."""
        self._call(Command.PROCS, script)

    def delete_script(self, script: int) -> None:
        """Waits for it to halt, and forgets it."""
        self._call(Command.PROCD, script)

    def script_status(self, script: int) -> ScriptStatus:
        """Its state and parameters."""
        with self._timed(Command.PROCP, script) as ends:
            length = self._ask(Command.PROCP, script, 0, b"", ends)
            if length != _STATUS.size:
                raise self._lose(f"answered {length} bytes to {_named(Command.PROCP, script)} instead of 44")
            state, *parameters = _STATUS.unpack(self._receive(length, ends))
        return ScriptStatus(state, tuple(parameters))

    def _call(self, command: Command, p1: int = 0, p2: int = 0, extension: bytes = b"") -> int:
        with self._timed(command, p1) as ends:
            return self._ask(command, p1, p2, extension, ends)

    @contextmanager
    def _timed(self, command: Command, p1: int) -> Iterator[float]:
        """Until when, by the clock, the call may take; whatever breaks in it ends the connection."""
        if self._lost:
            raise PigpioLostError(self._lost)
        started, allowed_s = self._clock(), min(CALL_S, self._left_s)
        try:
            yield started + allowed_s
        except TimeoutError as error:
            raise self._lose(f"did not answer {_named(command, p1)} within {1000 * allowed_s:.0f} ms") from error
        except OSError as error:
            raise self._lose(f"has broken the connection at {_named(command, p1)} ({error})") from error
        finally:
            self._left_s = max(_LEAST_S, self._left_s - (self._clock() - started))

    def _ask(self, command: Command, p1: int, p2: int, extension: bytes, ends: float) -> int:
        self._socket.settimeout(self._time_left(ends))
        self._socket.sendall(_FRAME.pack(command, p1, p2, len(extension)) + extension)
        answer = self._receive(_FRAME.size, ends)
        echo, (result,) = _FRAME.unpack(answer)[:3], _RESULT.unpack(answer[12:])
        if echo != (command, p1, p2):
            raise self._lose(f"answered {_named(command, p1)} with something else")
        if command in _UNSIGNED:
            return int(result) & 0xFFFF_FFFF
        if result < 0:
            raise self._refused(command, p1, int(result))
        return int(result)

    def _receive(self, length: int, ends: float) -> bytes:
        data = b""
        while len(data) < length:
            more = self._more(length - len(data), ends)
            if not more:
                raise self._lose("has ended")
            data += more
        return data

    def _more(self, length: int, ends: float) -> bytes:
        """What has come. When the time is over it may be ours that has stood still: what is there by then counts."""
        try:
            self._socket.settimeout(self._time_left(ends))
        except TimeoutError:
            self._socket.setblocking(False)
            try:
                return self._socket.recv(length)
            except BlockingIOError:
                raise TimeoutError from None
        return self._socket.recv(length)

    def _time_left(self, ends: float) -> float:
        left = ends - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def _lose(self, what: str) -> PigpioLostError:
        """Ends it for ever: an answer that still comes would be taken for the next call's."""
        self._lost = f"{self._peer} {what}; see systemctl status pigpiod"
        self._socket.close()
        return PigpioLostError(self._lost)

    def _refused(self, command: Command, p1: int, code: int) -> PigpioRefusedError:
        meaning = _MEANINGS.get(code, "see pigpio.h for the number")
        return PigpioRefusedError(f"{self._peer} refuses {_named(command, p1)}: {meaning} ({code})", code)


def _words(parameters: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(parameters)}i", *parameters)


def _named(command: Command, p1: int) -> str:
    """A call as the owner reads of it."""
    if command in _ABOUT_GPIO:
        return f"{command.name} for GPIO {p1}"
    return f"{command.name} for script {p1}" if command in _ABOUT_SCRIPT else command.name
