"""A fake pigpiod: a process that speaks the real one's socket protocol over the fake GPIO block.

`python -m tests.silicon.pigpiod --port 0` takes a free port and says which. Like the real one it resets nothing when
a client or it itself ends. CF1, where the real one has room for own code, plants faults: a JSON object as extension
with fields of ``Faults``. Source: pigpio.c (pthSocketThreadHandler, myDoCommand).
"""

import argparse
import contextlib
import dataclasses
import json
import os
import random
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.silicon.pigpio_errors import Error, RefusedError
from tests.silicon.pigpio_gpio import PERMITTED, Gpio
from tests.silicon.pigpio_notify import Notifications, tick
from tests.silicon.pigpio_script import PARAMETERS, Scripts
from tests.silicon.registers import PinsInMemory, Registers

FRAME = struct.Struct("<IIII")
VERSION = 79
PI_3B = 0xA02082
EXTENSION = 65_536

MODES, MODEG, PUD, READ, WRITE, PWM, PRS, PFS = range(8)
WDOG, BR1, TICK, HWVER = 9, 10, 16, 17
NB, NP, NC, PRG, PFG, PIGPV = 19, 20, 21, 22, 23, 26
PROC, PROCD, PROCR, PROCS, PROCP = 38, 39, 40, 41, 45
GDC, HP, CF1, FG, FN, NOIB, PROCU = 83, 86, 87, 97, 98, 99, 117
_OF_SCRIPTS = {"WRITE": WRITE, "HP": HP, "READ": READ, "MODEG": MODEG, "MODES": MODES, "GDC": GDC, "TICK": TICK}


@dataclasses.dataclass
class Faults:
    """What goes wrong. ``only``: with answers to this command; None: to all."""

    late_ms: int = 0  # every answer comes so late
    cut: int | None = None  # so many bytes of an answer are sent, and nothing after that
    drip_ms: int = 0  # answers come a byte at a time
    lie: int | None = None  # the result is this
    echo: int | None = None  # the answer is to this command
    status_parameters: int = PARAMETERS  # so many of them come with a script's status
    refuse_runs: int = 0  # so many runs are refused as not ready
    only: int | None = None


class Daemon:
    """The command table."""

    def __init__(self, registers: Registers, permitted: int, dice: random.Random, initialising_ms: int | None) -> None:
        self.gpio = Gpio(registers, permitted)
        self.scripts = Scripts(self._from_script, dice, initialising_ms)
        self.notifications = Notifications(self.gpio.bank)
        self.faults = Faults()
        gpio = self.gpio
        self._commands: dict[int, Callable[[int, int, bytes], int | None]] = {
            MODES: lambda p1, p2, _: gpio.set_mode(p1, p2),
            MODEG: lambda p1, _p2, _: gpio.mode(p1),
            PUD: lambda p1, p2, _: gpio.pull(p1, p2),
            READ: lambda p1, _p2, _: gpio.read(p1),
            WRITE: lambda p1, p2, _: gpio.write(p1, p2),
            PWM: lambda p1, p2, _: gpio.pwm(p1, p2),
            PRS: lambda p1, p2, _: gpio.set_range(p1, p2),
            PFS: lambda p1, p2, _: gpio.set_frequency(p1, p2),
            PRG: lambda p1, _p2, _: gpio.get_range(p1),
            PFG: lambda p1, _p2, _: gpio.get_frequency(p1),
            GDC: lambda p1, _p2, _: gpio.duty(p1),
            HP: lambda p1, p2, extension: gpio.hardware_pwm(p1, p2, _words(extension)[0]),
            BR1: lambda _p1, _p2, _: gpio.bank(),
            TICK: lambda _p1, _p2, _: tick(),
            HWVER: lambda _p1, _p2, _: PI_3B,
            PIGPV: lambda _p1, _p2, _: VERSION,
            WDOG: lambda _p1, p2, _: _at_most(p2, 60_000, Error.BAD_WDOG_TIMEOUT),
            FG: lambda _p1, p2, _: _at_most(p2, 300_000, Error.BAD_FILTER),
            FN: lambda _p1, p2, _: _at_most(p2, 300_000, Error.BAD_FILTER),
            NB: lambda p1, p2, _: self.notifications.begin(p1, p2),
            NP: lambda p1, _p2, _: self.notifications.begin(p1, 0),
            NC: lambda p1, _p2, _: self.notifications.close(p1),
            PROC: lambda _p1, _p2, extension: self.scripts.store(extension.decode("latin-1")),
            PROCD: lambda p1, _p2, _: self.scripts.delete(p1),
            PROCR: lambda p1, _p2, extension: self._run(p1, extension),
            PROCS: lambda p1, _p2, _: self.scripts.get(p1).stop(),
            PROCP: lambda p1, _p2, _: self.scripts.get(p1).state,
            PROCU: lambda p1, _p2, extension: self.scripts.get(p1).update(_parameters(extension)),
            CF1: lambda _p1, _p2, extension: self._plant(extension),
        }

    def do(self, command: int, p1: int, p2: int, extension: bytes) -> int:
        """The result, or the error's number."""
        action = self._commands.get(command)
        if action is None:
            return Error.UNKNOWN_COMMAND
        try:
            return action(p1, p2, extension) or 0
        except RefusedError as refused:
            return refused.error
        except OSError:
            os._exit(1)  # the chips are gone

    def _from_script(self, name: str, values: list[int]) -> int:
        command = {"WRITE": WRITE, "HP": HP, "READ": READ, "MODEG": MODEG, "MODES": MODES, "GDC": GDC, "TICK": TICK}[
            name
        ]
        p1, p2, p3, *_ = [*values, 0, 0, 0]
        return self.do(command, p1, p2, struct.pack("<i", p3))

    def _run(self, number: int, extension: bytes) -> None:
        script = self.scripts.get(number)
        if self.faults.refuse_runs > 0:
            self.faults.refuse_runs -= 1
            raise RefusedError(Error.SCRIPT_NOT_READY)
        script.run(_parameters(extension))

    def _plant(self, extension: bytes) -> None:
        self.faults = dataclasses.replace(Faults(), **json.loads(extension))


def _words(extension: bytes) -> list[int]:
    return [word for (word,) in struct.iter_unpack("<i", extension)]


def _pack(words: list[int]) -> bytes:
    return struct.pack(f"<{len(words)}i", *words)


def _parameters(extension: bytes) -> list[int]:
    words = _words(extension)
    if len(words) > PARAMETERS:
        raise RefusedError(Error.TOO_MANY_PARAM)
    return words


def _at_most(value: int, most: int, error: Error) -> None:
    if value > most:
        raise RefusedError(error)


class Connection:
    """One client, on a thread of its own."""

    def __init__(self, daemon: Daemon, client: socket.socket) -> None:
        self._daemon, self._client = daemon, client
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self) -> None:
        try:
            while len(frame := self._client.recv(FRAME.size, socket.MSG_WAITALL)) == FRAME.size:
                command, p1, p2, length = FRAME.unpack(frame)
                if length >= EXTENSION:
                    break
                extension = self._client.recv(length, socket.MSG_WAITALL) if length else b""
                if len(extension) != length:
                    break
                self._answer(command, p1, p2, extension)
        except OSError:
            pass  # the client is gone
        self._daemon.notifications.forget(self._client)
        self._client.close()

    def _answer(self, command: int, p1: int, p2: int, extension: bytes) -> None:
        if command == NOIB:
            result = self._daemon.notifications.open(self._client)
        else:
            result = self._daemon.do(command, p1, p2, extension)
        faults = self._daemon.faults
        if command == CF1 or faults.only not in (None, command):
            faults = Faults()
        if faults.lie is not None:
            result = faults.lie
        more = b""
        if command == PROCP and result >= 0:
            more = _pack([result, *self._daemon.scripts.get(p1).parameters[: faults.status_parameters]])
            result = len(more)
        echo = command if faults.echo is None else faults.echo
        self._send(FRAME.pack(echo, p1, p2, result & 0xFFFF_FFFF) + more, faults)

    def _send(self, answer: bytes, faults: Faults) -> None:
        time.sleep(faults.late_ms / 1000)
        answer = answer[: faults.cut]
        if not faults.drip_ms:
            self._client.sendall(answer)
            return
        for byte in answer:
            self._client.sendall(bytes([byte]))
            time.sleep(faults.drip_ms / 1000)


def serve(daemon: Daemon, host: str, port: int) -> None:
    """Until the process ends."""
    with socket.create_server((host, port), backlog=100) as listener:
        sys.stdout.write(f"listening on {host}:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            Connection(daemon, listener.accept()[0])


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> int:
    """Never returns by itself; SIGTERM ends it, and leaves the pins as they are."""
    parser = argparse.ArgumentParser(prog="pigpiod", description="a fake pigpiod")
    parser.add_argument("--port", type=int, default=8888, help="0: a free one")
    parser.add_argument("--any", action="store_true", help="listen on every address, as the real one does without -n")
    parser.add_argument("--registers", type=Path, help="socket of the chip process; without it the pins are in memory")
    parser.add_argument("-x", "--mask", type=lambda text: int(text, 0), default=PERMITTED, help="GPIOs that may change")
    parser.add_argument("--late-ms", type=int, default=0, help="how late every answer comes")
    parser.add_argument("--initialising-ms", type=int, help="how long every script takes to be set up")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until-eof", action="store_true", help="end with whoever holds its standard input")
    options = parser.parse_args()
    registers: Registers = PinsInMemory()
    if options.registers is not None:
        from tests.silicon.registers_link import RemoteRegisters  # noqa: PLC0415 - only where there is a chip process

        registers = RemoteRegisters(options.registers)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if options.until_eof:
        threading.Thread(target=_end_with_input, daemon=True).start()
    sys.setswitchinterval(0.001)  # a script's thread must not wait for a client's
    with contextlib.suppress(OSError):  # where it may, it is as punctual as the real one, which is no Python
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    daemon = Daemon(registers, options.mask, random.Random(options.seed), options.initialising_ms)
    daemon.faults.late_ms = options.late_ms
    serve(daemon, "0.0.0.0" if options.any else "127.0.0.1", options.port)  # noqa: S104 - the doctor has to find this
    return 0


if __name__ == "__main__":
    sys.exit(main())
