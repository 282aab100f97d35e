"""``evsed-safe``: makes the outputs safe when whoever should have done it has ended; systemd runs it after each.

Needs nobody: asks a guard that lives, kills one that stands still, writes through pigpiod where there is one, and takes
the lines itself where there is no guard. Standard library only, and done within 100 ms. Never closes anything. What
it reads was written by evsed: started as root, it becomes the owner of that before it reads.
"""

import errno
import json
import os
import pwd
import select
import signal
import socket
import struct
import sys
import time
from enum import Enum
from pathlib import Path
from typing import Any

from evsed.hw import guard
from evsed.hw.guard import LET_GO, Lines, Pwm, say

PLAN = Path("/run/evsed/guard.json")
_ANSWER_S = 0.03
_RELEASED_S = 0.03
_PEER = struct.Struct("3i")
_PIGPIO = struct.Struct("<4I")
_WRITE, _HARDWARE_PWM = 4, 86


def make_safe(plan: dict[str, Any]) -> list[str]:
    """Opens the contactors and makes the pilot constant by every way that is there; what could not be done, in words.

    ``plan`` is what the guard drives (wiring.guard_document). Raises nothing.
    """
    if not plan["lines"]:
        return []  # no board is described: nobody has energised anything
    guarded = let_go(plan["socket"]) is Found.LET_GO
    piloted = _by_pigpiod(plan) if plan["pwm"] is None else False
    if guarded:
        return []  # a guard that answers has opened the contactors, and has the pilot
    troubles = []
    trouble = _take(plan, list(plan["lines"].values()), on=False)
    if trouble and not piloted:  # pigpiod has written the contactors' lines too
        troubles.append(f"the contactors' lines cannot be driven: {trouble}")
    if plan["pwm"] is not None:
        trouble = _by_kernel(plan)
    elif not piloted:
        trouble = _take(plan, [plan["pilot"]], on=True)
    else:
        trouble = ""
    return troubles + [f"the pilot cannot be made constant: {trouble}"] * bool(trouble)


class Found(Enum):
    """What became of the guard."""

    NOBODY = "nobody listens"
    LET_GO = "it has made everything safe"
    KILLED = "it did not answer, and was killed"


def let_go(path: str) -> Found:
    """Asks the guard to make everything safe, and kills one that does not answer."""
    found = Found.NOBODY
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
            end.setblocking(False)
            end.connect(path)
            found = Found.KILLED
            end.send(LET_GO)
            if select.select([end], [], [], _ANSWER_S)[0] and end.recv(64)[:4] == guard.ALIVE_MAGIC:
                return Found.LET_GO
            pid = _PEER.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))[0]
            os.kill(pid, signal.SIGKILL)  # it stands still and holds the lines: nobody else can open them
    except OSError:
        pass  # nobody is there, or it has ended by itself
    return found


def _take(plan: dict[str, Any], lines: list[tuple[int, bool]], *, on: bool) -> str:
    """Requests ``lines`` as outputs and leaves them so; what went wrong, or empty. Waits for a dying holder."""
    until = time.monotonic() + _RELEASED_S
    while True:
        try:
            Lines.outputs(plan["chip"], lines, [on] * len(lines)).close()
        except OSError as error:
            if time.monotonic() > until:
                return f"{plan['chip']}: {error.strerror}"
            time.sleep(0.002)
        else:
            return ""


def _by_kernel(plan: dict[str, Any]) -> str:
    """The kernel's PWM constant high; what went wrong, or empty."""
    try:
        Pwm(Path(plan["pwm"]["chip"]), plan["pwm"]["channel"], inverted=plan["pilot"][1])
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def _by_pigpiod(plan: dict[str, Any]) -> bool:
    """Contactors' lines off and the pilot constant high through pigpiod; whether it confirmed all of it."""
    lines = [plan["lines"][name] for name in ("contactor1", "contactor2") if name in plan["lines"]]
    gpio, inverted = plan["pilot"]
    duty = struct.pack("<I", 0 if inverted else 1_000_000)
    try:
        with socket.create_connection(("127.0.0.1", plan["pigpio_port"]), timeout=_ANSWER_S) as end:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            calls = [_PIGPIO.pack(_WRITE, number, int(low), 0) for number, low in lines]
            calls.append(_PIGPIO.pack(_HARDWARE_PWM, gpio, 1_000, len(duty)) + duty)
            end.sendall(b"".join(calls))
            answers = b""
            while len(answers) < _PIGPIO.size * len(calls) and (data := end.recv(256)):
                answers += data
    except OSError:
        return False
    results = [struct.unpack_from("<i", answers, at + 12)[0] for at in range(0, len(answers) - 15, 16)]
    return len(results) == len(calls) and all(result >= 0 for result in results)


def become_owner(folder: Path) -> None:
    """Root becomes the owner of ``folder``, with that user's groups: no plan of another user is root's to obey.

    Where there is no such folder there is nothing to be read. Raises OSError.
    """
    if os.geteuid() != 0 or not folder.exists():
        return
    owner = folder.stat()
    if owner.st_uid == 0:
        return
    try:
        os.initgroups(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    except KeyError:  # the user has been deleted
        os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


def _read(path: Path) -> str:
    """The text of the plan. Raises OSError, also for a link, and for root where somebody else has written it."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), encoding="utf-8") as file:
        if os.geteuid() == 0 and os.fstat(file.fileno()).st_uid != 0:
            raise OSError(errno.EPERM, "root obeys no file of another user")
        return file.read()


def _tell(text: str) -> None:
    say(text, "evsed-safe")


def main(arguments: list[str]) -> int:
    """Makes everything safe; 0 when it is."""
    path = Path(arguments[0]) if arguments else PLAN
    try:
        become_owner(path.parent)
    except OSError as error:
        _tell(f"NOT SAFE: root cannot become the user of {path.parent}: {error.strerror}. Run it as user evsed")
        return 1
    try:
        plan = json.loads(_read(path))
        troubles = make_safe(plan)
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = let_go(str(path.with_suffix("")))
        if found is Found.NOBODY and isinstance(error, FileNotFoundError):
            _tell(f"no {path}: no guard has run since the system started, nothing was energised")
            return 0
        troubles = [] if found is Found.LET_GO else [f"{path} cannot be used: {error}"]
    for trouble in troubles:
        _tell(f"NOT SAFE: {trouble}. Switch the supply off if a contactor is closed")
    return 1 if troubles else 0


def run() -> int:
    """The command ``evsed-safe``."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
