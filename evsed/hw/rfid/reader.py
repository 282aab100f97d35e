"""A card reader's thread: opens it, listens, and tries again with a growing wait when it is gone.

Owns the thread, what is told of a reader, and when it is tried again. What goes over its wire is pn532.py's and
keyboard.py's.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

from evsed.core.events import SwipeCard
from evsed.devices import DeviceHealth
from evsed.hw.rfid.uid import Presence

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
_STEADY_S = 60.0  # a reader that worked for this long had come back
_LEAVE_S = 0.3

_LOG = logging.getLogger(__name__)

Post: TypeAlias = Callable[[SwipeCard], None]
"""Hands a swipe to the daemon; called on the reader's thread."""


class ReaderError(Exception):
    """The reader cannot be used; the text says which, why, and what to do."""


class Wire(Protocol):
    """An open reader."""

    def read(self) -> str | None:
        """The card that is there now; None when there is none, after half a second at most. Raises ReaderError."""

    def close(self) -> None:
        """Lets go of it."""


class Reader:
    """One reader. ``post`` gets every swipe."""

    def __init__(self, open_wire: Callable[[], Wire], post: Post) -> None:
        self._open = open_wire
        self._post = post
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="card reader", daemon=True)
        self._works: bool | None = None
        self._errors = 0

    @property
    def health(self) -> DeviceHealth:
        """How it does; may be read by any thread."""
        return DeviceHealth("card_reader", self._works, self._errors)

    def start(self) -> None:
        """Listens from now on. Returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stops listening, within 0.3 s; a reader that hangs is left behind."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_LEAVE_S)

    def _run(self) -> None:
        told, wait_s = "", FIRST_WAIT_S
        while not self._stop.is_set():
            begun = time.monotonic()
            why = self._listen(again=bool(told))
            if time.monotonic() - begun > _STEADY_S:
                told, wait_s = "", FIRST_WAIT_S
            if why and why != told:
                _LOG.error("card reader: %s. Cards are not read meanwhile; it is tried again", why)
            told = why
            self._stop.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _listen(self, *, again: bool) -> str:
        """Opens the reader and posts swipes until it is gone; why it is, or empty when this is the end."""
        presence, works = Presence(), False
        wire: Wire | None = None
        try:
            wire = self._open()
            while not self._stop.is_set():
                uid = wire.read()
                if not works:
                    works = self._works = True
                    _LOG.info("card reader: it works%s", " again" if again else "")
                if uid is not None and presence.feed(uid, time.monotonic_ns() // 1_000_000):
                    self._post(SwipeCard(uid))
        except ReaderError as error:
            self._works, self._errors = False, self._errors + 1
            return str(error)
        finally:
            if wire is not None:
                wire.close()
        return ""


def refused(device: str, error: OSError) -> ReaderError:
    """The error for a device that the system does not give."""
    match error:
        case FileNotFoundError():
            what = "it is not there: plug the reader in, or look at rfid.device in evsed.toml"
        case PermissionError():
            what = "no permission: the user evsed has to be in the group of the device (`ls -lL` shows it)"
        case _:
            what = os.strerror(error.errno) if error.errno else str(error)
    return ReaderError(f"{device}: {what}")
