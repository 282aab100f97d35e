"""pigpiod as the doctor looks at it: who can reach it, its pins, which version, the lease's script, the pilot's pulses.

Owns the judgement. The conversation is hw/pigpio/client.py's; nothing is ever written. Who listens is read from the
kernel's tables of sockets (proc(5): /proc/net/tcp, tcp6).
"""

import getopt
import re
import sys
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.doctor.machine import Machine, processes
from evsed.hw.pigpio.client import Client, PigpioLostError, PigpioRefusedError, ScriptState
from evsed.wiring import GUARDED, Wiring
from evsed.wiring_rules import fitted, pigpio_mask

VERSION = 79
"""The last release, and the one whose behaviour was measured."""

SCRIPTS = 32
_LISTENING = "0A"
_PULSING = {12: 4, 13: 4, 18: 2, 19: 2}  # the pin's function while the hardware's PWM has it: ALT0, ALT5
_FULL_PPM = 1_000_000

_OPTIONS = "a:b:c:d:e:fgkln:p:s:t:x:vV"  # of pigpiod.c
# unconfirmed: pigpio.c has it so for every Pi with 40 pins; a Compute Module's pigpiod may touch every pin
_WITHOUT_X = 0x0FFF_FFFC
"""What pigpiod may touch when nobody says so: GPIO 2 to 27."""

Connect = Callable[[int], Client]


def listeners(machine: Machine, port: int) -> list[str]:
    """The addresses at which somebody waits for connections to ``port``."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in (machine.text(f"proc/net/{table}") or "").splitlines()[1:]:
            words = line.split()
            if len(words) > 3 and words[3] == _LISTENING:
                address, _, number = words[1].partition(":")
                if int(number, 16) == port:
                    found.append(_address(address))
    return sorted(set(found))


def _address(text: str) -> str:
    """The kernel writes the bytes as they lie in memory, in words of 32 bits of this machine's byte order."""
    words = [int(text[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(text), 8)]
    packed = b"".join(words)
    return str(IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed))


def _is_local(address: str) -> bool:
    return address.startswith(("127.", "::ffff:127.")) or address in {"::1", "::ffff:7f00:1"}


def look(machine: Machine, wiring: Wiring, *, serving: bool, connect: Connect = Client) -> Iterator[Finding]:
    """Everything, one after the other; nothing more where nobody listens. ``serving``: evsed runs."""
    yield from reachable(machine, wiring)
    if listeners(machine, wiring.pigpio_port):
        yield from permitted(machine, wiring)
        yield from version(wiring, connect)
        yield from script(wiring, serving=serving, connect=connect)
        yield from pulses(wiring, serving=serving, connect=connect)


def absent(machine: Machine, wiring: Wiring) -> Iterator[Finding]:
    """With the kernel's driver nobody else may have a hand on the pins."""
    if listeners(machine, wiring.pigpio_port):
        both = f'runs (port {wiring.pigpio_port}) although driver = "kernel": two would drive the same pins'
        yield wrong(both, "sudo systemctl disable --now pigpiod")
    else:
        yield ok('does not run, as it should be with driver = "kernel"')


def reachable(machine: Machine, wiring: Wiring) -> Iterator[Finding]:
    """Whether pigpiod listens, and to this machine only: who reaches it can close the contactors."""
    port = wiring.pigpio_port
    there = listeners(machine, port)
    start = _start(wiring)
    if not there:
        begin = f"sudo systemctl enable --now pigpiod; it has to be started so: {start}"
        yield wrong(f"nobody listens on port {port}", begin)
    elif all(_is_local(address) for address in there):
        yield ok(f"listens on port {port} of {', '.join(there)}: this machine only")
        if not any(address.startswith("127.") for address in there):
            yield wrong("does not listen on 127.0.0.1, where evsed looks for it", start)
    else:
        open_to = ", ".join(address for address in there if not _is_local(address))
        told = f"listens on port {port} of {open_to}: whoever is on the network can close the contactors"
        yield wrong(told, start)


def command(wiring: Wiring) -> str:
    """How systemd has to start it: in the foreground; for the reference board it is what evsed's drop-in says."""
    return f"/usr/bin/pigpiod -g -l -n 127.0.0.1 -f -a 2 -x {pigpio_mask(wiring):#x}"


def _start(wiring: Wiring) -> str:
    lines = f"three lines: [Service], ExecStart= and ExecStart={command(wiring)}"
    return f"sudo systemctl edit pigpiod, with {lines}; then sudo systemctl restart pigpiod evsed"


def permitted(machine: Machine, wiring: Wiring) -> Iterator[Finding]:
    """Whether the pins that it may touch, by its option -x, are the board's at least."""
    masks = [_mask(words[1:]) for _, words in processes(machine) if Path(words[0]).name == "pigpiod"]
    mask = masks[0] if len(masks) == 1 else None
    if mask is None:
        unknown = "which pins it may touch cannot be seen from its command line"
        yield attention(unknown, _start(wiring))
        return
    kept = {name: line.gpio for name, line in fitted(wiring.pins).items() if not mask >> line.gpio & 1}
    if not kept:
        yield ok("may touch every pin of the board")
        return
    told = "may not touch " + ", ".join(f"GPIO {gpio} ({name})" for name, gpio in kept.items())
    verdict = wrong if {"pilot", *GUARDED} & kept.keys() else attention
    yield verdict(told, _start(wiring))


def _mask(arguments: list[str]) -> int | None:
    """The mask in pigpiod's command line, read as C reads numbers; None: it cannot be understood."""
    try:
        given, _ = getopt.gnu_getopt(arguments, _OPTIONS)
        texts = [value for option, value in given if option == "-x"]
        if not texts:
            return _WITHOUT_X
        return int(texts[-1], 8 if re.fullmatch("-?0[0-7]+", texts[-1]) else 0)
    except (getopt.GetoptError, ValueError):
        return None


def version(wiring: Wiring, connect: Connect = Client) -> Iterator[Finding]:
    """Whether it answers, and is the version that was measured."""
    client = connect(wiring.pigpio_port)
    try:
        number = client.version()
    finally:
        client.close()
    if number == VERSION:
        yield ok(f"answers, version {number}")
    else:
        yield attention(f"is version {number}", f"evsed was made for version {VERSION}; install that one")


def script(wiring: Wiring, *, serving: bool, connect: Connect = Client) -> Iterator[Finding]:
    """The pilot's lease in pigpiod, which has to be there while evsed runs."""
    client = connect(wiring.pigpio_port)
    try:
        states = {number: status for number in range(SCRIPTS) if (status := _status(client, number)) is not None}
    finally:
        client.close()
    running = {number: held for number, held in states.items() if held[0] == ScriptState.RUNNING}
    leased = [f"script {number}, {10 * ticks} ms left" for number, (_, ticks) in running.items() if ticks > 0]
    if serving and leased:
        yield ok(f"the pilot's lease runs: {', '.join(leased)}")
    elif serving:
        lost = "evsed runs, but the pilot's lease is not in pigpiod, or has run out"
        yield wrong(lost, "sudo systemctl restart evsed; see journalctl -u evsed")
    elif states:
        yield ok(f"evsed does not run; it has left {len(states)} of {SCRIPTS} scripts, and clears them when it starts")
    else:
        yield ok("evsed does not run, and has left no script")


def _status(client: Client, number: int) -> tuple[int, int] | None:
    """State and first parameter (ticks left); None: there is no such script."""
    try:
        status = client.script_status(number)
    except PigpioRefusedError:
        return None
    return status.state, status.parameters[0]


def pulses(wiring: Wiring, *, serving: bool, connect: Connect = Client) -> Iterator[Finding]:
    """The pilot's pulses as pigpiod has them, read back."""
    gpio = wiring.pins.pilot.gpio
    duty = read_duty(wiring, connect)
    if duty is not None:
        yield ok(f"GPIO {gpio} has the hardware's PWM, high for {duty / 100:g} % of the time")
    elif serving:
        yield wrong(f"evsed runs, but GPIO {gpio} is not on the hardware's PWM", "does another program write to it?")
    else:
        yield ok(f"evsed does not run, and GPIO {gpio} is not on the hardware's PWM")


def known_duty(wiring: Wiring, connect: Connect = Client) -> int | None:
    """As ``read_duty``; None also when pigpiod does not answer, which another step tells."""
    try:
        return read_duty(wiring, connect)
    except PigpioLostError:
        return None


def read_duty(wiring: Wiring, connect: Connect = Client) -> int | None:
    """For how much of the time the pilot is at +12 V, in 1/10000; None when the pin makes no pulses."""
    line = wiring.pins.pilot
    client = connect(wiring.pigpio_port)
    try:
        if client.mode(line.gpio) != _PULSING[line.gpio]:
            return None
        ppm = client.duty(line.gpio)
    except PigpioRefusedError:
        return None
    finally:
        client.close()
    return round((_FULL_PPM - ppm if line.active_low else ppm) / 100)
