"""pigpiod's notifications: 12 bytes to a client's second connection whenever a pin that it watches changes."""

import functools
import operator
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.silicon.pigpio_errors import Error, RefusedError

REPORT = struct.Struct("<HHII")
HANDLES = 32
ALL = 0xFFFF_FFFF
_PERIOD_S = 0.004


def tick() -> int:
    """The daemon's clock: microseconds, modulo 2**32."""
    return time.monotonic_ns() // 1000 & 0xFFFF_FFFF


@dataclass
class Watch:
    """One handle."""

    connection: socket.socket
    bits: int = 0
    levels: int = 0
    sequence: int = 0


class Notifications:
    """The handles, and one thread that looks at the pins while anybody watches."""

    def __init__(self, levels: Callable[[int], int]) -> None:
        """``levels``: of the GPIOs in a mask, the others 0."""
        self._levels = levels
        self._watches: dict[int, Watch] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._live, daemon=True).start()

    def open(self, connection: socket.socket) -> int:
        """The connection carries reports from now on."""
        with self._changed:
            handle = next((handle for handle in range(HANDLES) if handle not in self._watches), None)
            if handle is None:
                raise RefusedError(Error.NO_HANDLE)
            self._watches[handle] = Watch(connection)
            return handle

    def begin(self, handle: int, bits: int) -> None:
        """Watches the GPIOs in ``bits``; none: pauses."""
        with self._changed:
            watch = self._get(handle)
            watch.bits, watch.levels = bits, self._levels(bits)
            self._changed.notify()

    def close(self, handle: int) -> None:
        """Ends it; the connection is its client's."""
        with self._changed:
            self._get(handle)
            del self._watches[handle]

    def forget(self, connection: socket.socket) -> None:
        """The client is gone."""
        with self._changed:
            self._watches = {
                handle: watch for handle, watch in self._watches.items() if watch.connection is not connection
            }

    def _get(self, handle: int) -> Watch:
        if handle not in self._watches:
            raise RefusedError(Error.BAD_HANDLE)
        return self._watches[handle]

    def _live(self) -> None:
        while True:
            with self._changed:
                while not any(watch.bits for watch in self._watches.values()):
                    self._changed.wait()
                wanted = functools.reduce(operator.or_, (watch.bits for watch in self._watches.values()))
                levels = self._levels(wanted)
                for watch in self._watches.values():
                    self._report(watch, levels)
            time.sleep(_PERIOD_S)

    def _report(self, watch: Watch, levels: int) -> None:
        if not (levels ^ watch.levels) & watch.bits:
            return
        watch.levels = levels
        shown = levels & watch.bits | self._levels(ALL & ~watch.bits)
        try:
            watch.connection.send(REPORT.pack(watch.sequence & 0xFFFF, 0, tick(), shown), socket.MSG_DONTWAIT)
        except OSError:
            watch.bits = 0  # nobody reads it
        watch.sequence += 1
