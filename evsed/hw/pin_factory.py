"""gpiozero's pin factory of the board: choosing it, words for what cannot be opened, and letting go of it.

Owns getting out of a pigpiod that no longer answers. Everything here may block for as long as pigpiod pleases: the
threads of buttons and LCD, with a factory each, call it. gpiozero, pigpio and lgpio are imported on the first opening.
"""

import atexit
import contextlib
import importlib
import os
import re
import socket
import struct
import tempfile
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from evsed.libraries import install
from evsed.wiring import Line, Wiring

_HOST = "127.0.0.1"
_ANSWER_S = 0.5
_PIGPV, _ANSWER = 26, struct.Struct("<IIII")
_Opened = TypeVar("_Opened")


class PinError(Exception):
    """A pin cannot be opened, or all were lost; the text says which, why, and what to do."""


def open_factory(wiring: Wiring) -> Any:
    """gpiozero's pin factory that the board is configured for. Raises PinError."""
    name = wiring.pin_factory
    try:
        if name == "pigpio":
            return _pigpio(wiring.pigpio_port)
        return _lgpio(wiring.chip)
    except ImportError as error:
        if error.name in {"gpiozero", name} and isinstance(error, ModuleNotFoundError):
            raise PinError(f"the Python package {error.name} is missing: {install([error.name])}") from error
        raise PinError(f"gpiozero or {name} is of a version that will not do: {error}") from error
    except PinError:
        raise
    except Exception as error:
        where = wiring.chip if name == "lgpio" else f"pigpiod at {_HOST}:{wiring.pigpio_port}"
        raise PinError(f"{where} cannot be used: {_words(error)}") from error


def _lgpio(chip: str) -> Any:
    """A factory with pins of its own.

    gpiozero has one dict of pins for all local factories of the process, and whichever closes closes them all: buttons
    without their pull-ups look pressed. Who has reserved which pin stays common, so that one used twice is named.
    """
    # lgpio makes a pipe in the working directory as soon as it is imported, where a service may not write.
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    number = re.search(r"(\d+)$", chip)
    factory = importlib.import_module("gpiozero.pins.lgpio").LGPIOFactory(chip=int(number[1]) if number else None)
    factory.pins = {}
    return factory


def _pigpio(port: int) -> Any:
    """The client never gives up on a stopped daemon: that is asked beforehand, and the socket gets a time limit."""
    try:
        with socket.create_connection((_HOST, port), _ANSWER_S) as asked:
            asked.sendall(_ANSWER.pack(_PIGPV, 0, 0, 0))
            answer = asked.recv(_ANSWER.size)
    except OSError as error:
        raise PinError(f"pigpiod at {_HOST}:{port} does not answer: look at `systemctl status pigpiod`") from error
    if len(answer) != _ANSWER.size:
        raise PinError(f"what listens at {_HOST}:{port} is not pigpiod: look at pigpio_port in evsed.toml")
    factory = importlib.import_module("gpiozero.pins.pigpio").PiGPIOFactory(_HOST, port)
    factory.connection.sl.s.settimeout(_ANSWER_S)
    return factory


def let_go(factory: Any, outputs: Sequence[Any], inputs: Sequence[Any] = ()) -> None:
    """``outputs`` off, then all devices and the factory closed; what is gone already is not missed."""
    devices = (*outputs, *inputs)
    for deed in (*(device.off for device in outputs), *(device.close for device in devices)):
        with contextlib.suppress(Exception):
            deed()
    cut(factory)
    _forget_pigpio(factory)
    for device in devices:
        with contextlib.suppress(Exception):
            device.close()
    with contextlib.suppress(Exception):
        factory.close()


def _forget_pigpio(factory: Any) -> None:
    """Without a socket the factory counts as gone: what did not close says nothing to it, now or at exit."""
    with contextlib.suppress(Exception):
        connection = factory._connection  # noqa: SLF001  # gpiozero has no public way
        atexit.unregister(connection.stop)
        gone, connection.sl.s = connection.sl.s, None
        gone.close()


def cut(factory: Any) -> None:
    """Ends pigpio's two connections, if it is pigpio: its thread of callbacks spins for ever on a lost one."""
    with contextlib.suppress(Exception):
        notify = factory._connection._notify  # noqa: SLF001  # pigpio has no public way
        notify.go = False
        notify.sl.s.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(Exception):
        factory._connection.sl.s.shutdown(socket.SHUT_RDWR)  # noqa: SLF001  # same


def named(name: str, line: Line, make: Callable[[], _Opened]) -> _Opened:
    """What ``make`` opens on the line ``name``. Raises PinError."""
    try:
        return make()
    except Exception as error:
        why = _words(error)
        advice = "another program may hold the pin, or evsed.toml names it twice"
        if "permission" in why.lower():
            advice = "pigpiod has to be started with the board's pins in its option -x; `evsed doctor` shows the mask"
        raise PinError(f"{name} on GPIO {line.gpio}: {why}; {advice}") from error


def lost(wiring: Wiring, error: Exception) -> str:
    """The words for pins that were there and are gone."""
    if wiring.pin_factory == "pigpio":
        return f"pigpiod at {_HOST}:{wiring.pigpio_port} no longer answers: look at `systemctl status pigpiod`"
    return f"{wiring.chip} no longer answers: {_words(error)}"


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error).strip("'\"") or type(error).__name__
