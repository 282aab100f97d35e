"""The listening sockets. Where another program has one, or its address is not there yet, charging does not wait."""

import asyncio
import contextlib
import errno
import logging
import socket
from typing import Protocol

from evsed.config import ConfigError

log = logging.getLogger(__name__)

AGAIN_S = 5.0


class Place(Protocol):
    """Where a door is."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


def open_door(table: str, door: Place, leaving_s: float | None = None) -> socket.socket:
    """The listening socket of ``table`` in the configuration. Raises ConfigError."""
    from evsed.doors.webserver import listen  # noqa: PLC0415 - heavy

    try:
        return listen(door.host, door.port, leaving_s)
    except (OSError, ValueError) as error:
        taken = f"another program uses it; end that one, or choose another {table}.port"
        number = getattr(error, "errno", None)
        why = taken if number == errno.EADDRINUSE else getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{table}: {door.host} port {door.port}: {why}") from None


class Doors:
    """Opens them at once or, where that is not possible and nobody is there to see it, as soon as it is."""

    def __init__(self, over: asyncio.Event, *, patient: bool) -> None:
        """``over``: the daemon ends. ``patient``: what cannot be opened now is tried again, and only told."""
        self._over = over
        self._patient = patient
        self._told: dict[str, str] = {}

    async def now(self, table: str, door: Place) -> socket.socket | None:
        """The socket; None when it has to wait. Raises ConfigError unless it may."""
        try:
            return await asyncio.to_thread(open_door, table, door, 0.0 if self._patient else None)
        except ConfigError as error:
            if not self._patient:
                raise
            why = str(error)
        if self._told.get(table) != why:
            log.error("%s. Charging goes on without it; it is tried again every %.0f s", why, AGAIN_S)
        self._told[table] = why
        return None

    async def later(self, table: str, door: Place) -> socket.socket | None:
        """The socket as soon as it can be opened; None when the daemon ends first."""
        while not self._over.is_set():
            found = await self.now(table, door)
            if found is not None:
                return found
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), AGAIN_S)
        return None
