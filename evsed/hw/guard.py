"""``evsed-guard``: the process that holds the lines which put mains on a car, and lets go of them by itself.

Owns contactors, pilot disconnect, lock power, monitor test, heartbeat, without pigpio the pilot's pulses, and the lease
on them: the control loop feeds it over a Unix socket; 500 ms without a valid feed, or the end of the connection, makes
all safe. Decides nothing, never closes by itself. One file, standard library only: ``python -I -S guard.py PLAN.json``;
`evsed guard` checks the configuration, writes that file and becomes this.
"""

import contextlib
import ctypes
import errno
import fcntl
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

LEASE_MS = 500
FROZEN_MS = 150
"""Longer than this between two looks: the guard itself stood still, and what waits on its socket is of the past.

Less than the 200 ms after which the control loop takes it for lost and opens by other ways.
"""

_LOOK_MS = 50
_MOST_ENDS = 8
_MOST_WAITING = 64
_NOTIFY_MS = 100
_PRIORITY = 30
_LOCK_ALL = 3  # MCL_CURRENT | MCL_FUTURE


def monotonic_ms() -> int:
    """The clock of the lease."""
    return time.monotonic_ns() // 1_000_000


# ---- the wire ----

HIGH, PWM, LOW, OFF = range(4)
"""How the pilot is driven: constant +12 V, pulses, constant -12 V, disconnected."""

REST, LOCK, UNLOCK = range(3)
"""How the cable lock's actuator is driven."""


class Levels(NamedTuple):
    """What is wanted of every output. ``single``: no second contactor is fitted. ``pulses``: 0..10000."""

    contactor1: bool = False
    contactor2: bool = False
    single: bool = False
    rcm_test: bool = False
    pilot: int = HIGH
    lock: int = REST
    pulses: int = 0


class Alive(NamedTuple):
    """The answer: the feed it answers, what is driven now, how often the lease ran out, ms since a feed (-1: none)."""

    sequence: int
    contactor1: bool
    contactor2: bool
    expiries: int
    fed_ms: int


AT_REST = Levels()
FEED = struct.Struct("<4sI????BBH")
FEED_MAGIC = b"EVF3"
ALIVE = struct.Struct("<4sI??Ii")
ALIVE_MAGIC = b"EVA3"
MODULUS = 1 << 32
STATUS = b"EVQ3"
"""Asks for an answer without feeding."""

LET_GO = b"EVX3"
"""Asks to make the outputs safe, whoever feeds; that one may connect anew."""


def unpack_feed(data: bytes) -> tuple[int, Levels] | None:
    """Sequence number and levels; None when this is no valid feed, which renews nothing."""
    if len(data) != FEED.size or data[:4] != FEED_MAGIC or max(data[8:12]) > 1:
        return None
    _, sequence, *values = FEED.unpack(data)
    levels = Levels(*values)
    return (sequence, levels) if levels.pilot <= OFF and levels.lock <= UNLOCK and levels.pulses <= 10_000 else None


def pack_alive(alive: Alive) -> bytes:
    """The bytes of an answer."""
    return ALIVE.pack(ALIVE_MAGIC, *alive)


def follows(sequence: int, last: int) -> bool:
    """Whether a feed is newer than the ``last`` one, modulo 2**32; what is not was overtaken."""
    return 0 < (sequence - last) % MODULUS < MODULUS // 2


# ---- the lease ----


class Lease:
    """What is lent and until when. After it has run out, and at first, it closes only who has asked for open before."""

    def __init__(self) -> None:
        self.levels = AT_REST
        self.expiries = 0
        self.fed_at: int | None = None
        self.lent = False
        self._must_open = True

    def renew(self, levels: Levels, now: int) -> None:
        """A valid feed at ``now`` (ms): the levels follow."""
        self.look(now)
        if not (levels.contactor1 or levels.contactor2):
            self._must_open = False
        elif self._must_open:
            levels = levels._replace(contactor1=False, contactor2=False)
        self.levels, self.fed_at, self.lent = levels, now, True

    def look(self, now: int) -> bool:
        """Whether it is lent at ``now``; when it is not any more the levels are those at rest."""
        if self.lent and self.fed_at is not None and now - self.fed_at >= LEASE_MS:
            self.expiries += 1
            self.end()
        return self.lent

    def open(self) -> None:
        """The contactors open, without a renewal."""
        self.levels = self.levels._replace(contactor1=False, contactor2=False)
        self._must_open = True

    def end(self) -> None:
        """Whoever fed is gone: at rest at once."""
        self.levels, self.lent, self._must_open = AT_REST, False, True


# ---- lines: the kernel's GPIO character device, version 2 (linux/gpio.h) ----

_GET_LINE = 0xC250_B407
_SET_VALUES = 0xC010_B40F
_REQUEST = struct.Struct("=64I32sQI20x240sII20xi")
_ATTRIBUTE = struct.Struct("=I4xQQ")  # id, flags or values, mask of the lines it is for
VALUES = struct.Struct("=QQ")
ACTIVE_LOW, _OUTPUT = 2, 8
_FLAGS_ATTRIBUTE, _LEVELS_ATTRIBUTE = 1, 2


class Lines:
    """Lines of a GPIO chip, held together. Every call may raise OSError; none waits."""

    def __init__(self, chip: str | Path, gpios: Sequence[int], flags: Sequence[int], on: Sequence[bool]) -> None:
        """Takes the lines, those that are outputs with the level ``on`` from the first moment."""
        self.gpios = tuple(gpios)
        self.all = (1 << len(gpios)) - 1
        groups = [(value, _mask(flag == value for flag in flags)) for value in sorted(set(flags))]
        attributes = [_ATTRIBUTE.pack(_FLAGS_ATTRIBUTE, value, mask) for value, mask in groups]
        if any(flag & _OUTPUT for flag in flags):
            attributes.append(_ATTRIBUTE.pack(_LEVELS_ATTRIBUTE, _mask(on), self.all))
        offsets = [*gpios, *[0] * (64 - len(gpios))]
        config = (flags[0], len(attributes), b"".join(attributes))
        request = bytearray(_REQUEST.pack(*offsets, b"evsed", *config, len(gpios), 0, 0))
        opened = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(opened, _GET_LINE, request)
        finally:
            os.close(opened)
        self.fd = _REQUEST.unpack(request)[-1]

    @classmethod
    def outputs(cls, chip: str | Path, lines: Sequence[tuple[int, bool]], on: Sequence[bool] = ()) -> "Lines":
        """Outputs (GPIO, active-low), off unless ``on`` says otherwise."""
        flags = [_OUTPUT | ACTIVE_LOW * low for _, low in lines]
        return cls(chip, [gpio for gpio, _ in lines], flags, on or [False] * len(lines))

    def set(self, on: Sequence[bool]) -> None:
        """Drives every line."""
        fcntl.ioctl(self.fd, _SET_VALUES, bytearray(VALUES.pack(_mask(on), self.all)))

    def close(self) -> None:
        """Lets go of the lines; what their levels are then is the kernel's. Once only."""
        os.close(self.fd)


def _mask(flags: Iterable[bool]) -> int:
    return sum(1 << index for index, flag in enumerate(flags) if flag)


# ---- the kernel's PWM ----

PERIOD_NS = 1_000_000
_EXPORTED_WITHIN_S = 2.0


class Pwm:
    """A channel of the kernel's PWM at 1 kHz; its duty is written when it changes, and read back. Raises OSError."""

    def __init__(self, chip: Path, channel: int, *, inverted: bool) -> None:
        """Takes the channel, constant high from its first period."""
        if type(channel) is not int:
            raise OSError(errno.EINVAL, f"{channel!r} is no channel", str(chip))
        directory = chip / f"pwm{channel}"
        self._path = directory / "duty_cycle"
        self._inverted = inverted
        self._duty: int | None = None
        if not directory.exists():
            _write(chip / "export", f"{channel}\n")
        until = time.monotonic() + _EXPORTED_WITHIN_S
        while not os.access(self._path, os.W_OK) and time.monotonic() < until:
            time.sleep(0.01)  # udev gives the files to the group after the kernel has made them
        self._fd = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        if (directory / "period").read_text().strip() != str(PERIOD_NS):
            os.pwrite(self._fd, b"0\n", 0)  # the kernel takes no period that is shorter than the duty
            _write(directory / "period", f"{PERIOD_NS}\n")
        self.drive(10_000)
        _write(directory / "enable", "1\n")

    def drive(self, duty: int) -> None:
        """High for ``duty`` (0..10000) of each period."""
        if duty == self._duty:
            return
        wanted = b"%d" % (PERIOD_NS // 10_000 * (10_000 - duty if self._inverted else duty))
        self._duty = None  # until it is known to stand
        for _ in range(2):
            os.pwrite(self._fd, wanted + b"\n", 0)
            if os.pread(self._fd, 32, 0).split(b"\n")[0] == wanted:
                self._duty = duty
                return
        raise OSError(errno.EIO, f"does not keep {wanted.decode()}: another program drives it", str(self._path))


def _write(path: Path, text: str) -> None:
    """Into a file that is there, and no link. Raises OSError."""
    opened = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.write(opened, text.encode())
    finally:
        os.close(opened)


# ---- the process ----


def notify(text: str) -> bool:
    """Tells systemd (sd_notify), where there is one; whether it was taken."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.setblocking(False)
            return not address or end.sendto(text.encode(), "\0" + address[1:] if address[0] == "@" else address) > 0
    except OSError:
        return False


class Outputs:
    """The lines and, without pigpio, the pilot's PWM, as in ``plan`` (wiring.guard_document). All safe at first."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._names = list(plan["lines"])
        self._lines = Lines.outputs(plan["chip"], list(plan["lines"].values()))  # before anything else
        self._taken: Lines | None = None  # the pilot's pin, while nobody leads the pilot
        self._untaken = ""
        self._beat = False
        self.rests = True
        """Whether everything is safe; a pilot that could not be made so is tried again."""

        pwm = plan["pwm"]
        self._pwm = Pwm(Path(pwm["chip"]), pwm["channel"], inverted=plan["pilot"][1]) if pwm else None

    def drive(self, levels: Levels) -> None:
        """Follows a feed. Raises OSError."""
        self.rests, self._untaken = False, ""
        if self._taken is not None:
            self._taken.close()
            self._taken = None
        self._beat = not self._beat
        self._set(levels, disconnected=levels.pilot == OFF)
        if self._pwm is not None:
            constant = 0 if levels.pilot == LOW else 10_000
            self._pwm.drive(levels.pulses if levels.pilot == PWM else constant)

    def rest(self) -> None:
        """Everything safe: contactors open, pilot constant; one that fails does not keep the other. Raises OSError."""
        self.rests = False
        try:
            self._set(AT_REST, disconnected=bool(self._untaken))  # a pilot that had to be cut off stays so
        finally:
            if self._pwm is not None:
                self._pwm.drive(10_000)
                self.rests = True
            else:
                self._take_pilot()

    def _take_pilot(self) -> None:
        try:  # unconfirmed: a request as an output takes the pin out of the PWM that pigpio has given it
            self._taken = self._taken or Lines.outputs(self._plan["chip"], [self._plan["pilot"]], [True])
            if self._untaken:
                self._untaken = ""
                self._set(AT_REST, disconnected=False)
            self.rests = True
        except OSError as error:
            self._set(AT_REST, disconnected=True)
            cut = "pilot disconnected" if "pilot_off" in self._names else "its pulses may go on; tried again"
            if self._untaken != cut:
                say(f"GPIO {self._plan['pilot'][0]} cannot be taken from pigpio ({error.strerror}): {cut}")
            self._untaken = cut

    def close(self) -> None:
        """Lets go of the lines."""
        self._lines.close()
        if self._taken is not None:
            self._taken.close()

    def _set(self, levels: Levels, *, disconnected: bool) -> None:
        on = {
            "contactor1": levels.contactor1,
            "contactor2": levels.contactor2,
            "pilot_off": disconnected,
            "lock": levels.lock == LOCK,
            "unlock": levels.lock == UNLOCK,
            "rcm_test": levels.rcm_test,
            "heartbeat": self._beat,
        }
        self._lines.set([on[name] for name in self._names])


class Guard:
    """Serves whoever connects; one of them feeds."""

    def __init__(self, plan: dict[str, Any]) -> None:
        """Takes the lines. Raises OSError."""
        self._outputs = Outputs(plan)
        self.rest = self._outputs.rest
        self._lease = Lease()
        self._ends: dict[int, tuple[socket.socket, int | None]] = {}
        self._feeder: int | None = None
        self._sequence = 0
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._poll = select.poll()
        self._looked = 0

    def listen(self, path: str) -> None:
        """Opens the door; from now on it has to answer. Raises OSError."""
        Path(path).unlink(missing_ok=True)
        self._door.bind(path)
        self._door.listen()
        self._door.setblocking(False)
        self._poll.register(self._door, select.POLLIN)
        self._looked = monotonic_ms()

    def look(self) -> None:
        """Waits for at most 50 ms, takes what came, and opens what is not lent any more."""
        ready = self._poll.poll(_LOOK_MS)
        now = monotonic_ms()
        if now - self._looked > FROZEN_MS:
            self._forget()
            say(f"stood still for {now - self._looked} ms: what was fed meanwhile does not count")
        self._looked = now
        if self._lease.lent and not self._lease.look(now):
            self.rest()
            say(f"no feed for {LEASE_MS} ms: outputs safe")
        elif not self._lease.lent and not self._outputs.rests:
            self.rest()
        heard = [number for number, _ in ready]
        for number in heard:
            if number in self._ends:
                self._hear(number, now)
        if self._door.fileno() in heard:  # last: whoever is parted with for it has been heard
            self._welcome()

    def _welcome(self) -> None:
        end, _ = self._door.accept()
        if len(self._ends) >= _MOST_ENDS:
            self._part(next(number for number in self._ends if number != self._feeder))
        end.setblocking(False)
        self._ends[end.fileno()] = (end, None)
        self._poll.register(end, select.POLLIN)

    def _hear(self, number: int, now: int) -> None:
        """Takes everything that waits; of several feeds the newest counts."""
        end, last = self._ends[number]
        waiting, newest = waiting_at(end), None
        if monotonic_ms() - now > FROZEN_MS:  # just now it stood still: only what opens is of use
            waiting = [data for data in waiting if data in (b"", LET_GO)]
        for data in waiting:
            fed = unpack_feed(data)
            if fed is not None and (last is None or follows(fed[0], last)):
                newest, last = fed, fed[0]
        if b"" in waiting or (newest is not None and self._lease.lent and number != self._feeder):
            self._part(number)  # gone, or a second control loop: there is one
        elif newest is not None:
            self._feeder, self._sequence = number, newest[0]
            self._ends[number] = (end, last)
            self._lease.renew(newest[1], now)
            self._outputs.drive(self._lease.levels)
        if LET_GO in waiting:
            self._lose()
        elif newest is None and STATUS not in waiting:
            return
        if number in self._ends:
            levels, fed_at = self._lease.levels, self._lease.fed_at
            age = -1 if fed_at is None else min(now - fed_at, 0x7FFF_FFFF)
            with contextlib.suppress(OSError):
                expiries = self._lease.expiries % MODULUS
                end.send(pack_alive(Alive(self._sequence, levels.contactor1, levels.contactor2, expiries, age)))

    def _part(self, number: int) -> None:
        self._poll.unregister(number)
        self._ends.pop(number)[0].close()
        if number == self._feeder:
            self._feeder = None
            self._lease.end()
            self.rest()
            say("the control loop has gone: outputs safe")

    def close(self) -> None:
        """Makes everything safe and lets go of it. Raises OSError."""
        try:
            self.rest()
        finally:
            self._door.close()
            for number in list(self._ends):
                self._ends.pop(number)[0].close()
            self._outputs.close()

    def _forget(self) -> None:
        """What was fed and not heard yet is passed over, but for an order to open."""
        if self._feeder is None:
            return
        waiting = waiting_at(self._ends[self._feeder][0])
        last = next((fed[1] for data in reversed(waiting) if (fed := unpack_feed(data)) is not None), None)
        if b"" in waiting or len(waiting) == _MOST_WAITING:
            self._part(self._feeder)
        elif self._lease.lent and last is not None and not last.contactor1:
            self._lease.open()
            self._outputs.drive(self._lease.levels)

    def _lose(self) -> None:
        """Makes everything safe, and parts with who fed."""
        self.rest()
        if self._feeder is not None:
            self._part(self._feeder)


def waiting_at(end: socket.socket) -> list[bytes]:
    """The messages that wait, oldest first; an empty one is the end of the connection."""
    found: list[bytes] = []
    while len(found) < _MOST_WAITING and b"" not in found:
        try:
            found.append(end.recv(64))
        except BlockingIOError:
            break
        except OSError:
            found.append(b"")
    return found


def say(text: str, who: str = "evsed-guard") -> None:
    """A line for the log, unless whoever reads it is slow: nothing waits for that."""
    with contextlib.suppress(OSError, ValueError):
        if select.select([], [2], [], 0)[1]:
            os.write(2, f"{who}: {text}\n".encode())


def prefer() -> None:
    """First in line for a processor, and never paged out, where the system permits it."""
    gc.disable()
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
        if ctypes.CDLL(None).mlockall(_LOCK_ALL):
            say("its memory is not locked: not permitted here")
    except OSError:
        say("no real-time priority: not permitted here")


def idle() -> int:
    """No board is described: holds nothing, and tells systemd so until it is told to end."""
    say("no board is described in evsed.toml: there is nothing to guard")
    ready = False
    while True:
        ready = notify("WATCHDOG=1" if ready else "READY=1\nWATCHDOG=1") or ready
        time.sleep(_NOTIFY_MS / 1000)


def main(arguments: list[str]) -> int:
    """Guards until it is told to end; the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        written = Path(arguments[0])
        plan = json.loads(written.read_text(encoding="utf-8"))
        guard = Guard(plan) if plan["lines"] else None
        if written.suffix == ".new":
            written.replace(written.with_suffix(""))  # only who holds the lines says which they are
        if guard is None:
            return idle()
        prefer()
        guard.listen(plan["socket"])
    except OSError as error:
        say(f"cannot begin: {error}")  # perhaps its predecessor still holds the lines
        return 75  # EX_TEMPFAIL
    except (ValueError, TypeError, LookupError) as error:
        say(f"cannot use {arguments}: {error!r}")
        return 78  # EX_CONFIG
    try:
        told, ready = 0, False
        while True:
            guard.look()
            if monotonic_ms() - told >= _NOTIFY_MS:
                told = monotonic_ms()
                ready = notify("WATCHDOG=1" if ready else "READY=1\nWATCHDOG=1") or ready
    except OSError as error:
        say(f"an output cannot be driven any more: {error}")
        return 74  # EX_IOERR
    finally:
        with contextlib.suppress(OSError):
            guard.close()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
