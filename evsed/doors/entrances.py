"""The doors: the web server's control socket, HTTP and TLS, and telnet beside it, each opened as soon as it can be.

Owns their order, and that none waits for another: where one cannot be opened, the others serve. Imported once the
control loop runs.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from evsed.api.interfaces import every_address, interfaces, reachable
from evsed.api.mdns import Announcer
from evsed.api.rights import Right
from evsed.api.site import Site
from evsed.config import ConfigError, Http, Installation
from evsed.doors import tls
from evsed.doors.control import ControlError, ControlSocket
from evsed.doors.opening import Doors
from evsed.doors.telnet import Telnet
from evsed.doors.webserver import QuietServer

log = logging.getLogger(__name__)


class Entrances:
    """One daemon's."""

    def __init__(
        self,
        installation: Installation,
        app: FastAPI,
        refuse: Callable[[str, str, str], None],
        doors: Doors,
        over: asyncio.Event,
        site: Site | None = None,
    ) -> None:
        """``refuse`` is told whom the server sends away. ``over``: the daemon ends. ``site``: for telnet."""
        self._installation = installation
        self._server = QuietServer(app, refuse, root=_with_every_right(app))
        self._doors = doors
        self._over = over
        self._telnet = None if site is None else Telnet(site)
        self._announcer: Announcer | None = None
        self._closing: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def announced(self) -> str:
        """The host name that the LAN knows by mDNS; empty while it knows none."""
        return "" if self._announcer is None else self._announcer.host

    def open(self, door: socket.socket | None) -> "asyncio.Task[None]":
        """Begins to serve; ``door`` is that of HTTP, where there is one already. The server, until it ends."""
        serving = asyncio.create_task(self._server.serve(sockets=[]))
        self._tasks = [asyncio.create_task(self._open_control()), asyncio.create_task(self._open_http(door))]
        if self._installation.tls.enabled:
            self._tasks.append(asyncio.create_task(self._open_tls()))
        if self._installation.telnet.port and self._telnet is not None:
            self._tasks.append(asyncio.create_task(self._open_telnet(self._telnet)))
        for task in self._tasks:
            task.add_done_callback(_tell)
        return serving

    def leave(self) -> None:
        """The server takes no more, and ends."""
        self._server.should_exit = True
        if self._telnet is not None:
            self._telnet.close()

    def close(self) -> None:
        """Takes back what was announced, and the control socket; takes a moment."""
        for close in self._closing:
            close()

    async def _open_control(self) -> None:
        path = self._installation.control.socket
        if not path:
            return
        try:
            control = await asyncio.to_thread(ControlSocket, Path(path))
        except ControlError as error:
            log.warning("no control socket: %s. evsed settings and evsed access ask by HTTP", error)
            return
        self._closing.append(control.remove)
        await self._server.open(control.door)

    async def _open_http(self, door: socket.socket | None) -> None:
        served = self._installation.http
        if not served.port:
            return
        if door is None and (door := await self._doors.later("http", served)) is None:
            return
        self._announce(door)
        await self._server.open(door)

    async def _open_tls(self) -> None:
        """TLS as soon as there is a certificate; then follows its changes on the disk."""
        served, keeper = self._installation.http, tls.Tls(self._installation)
        await asyncio.to_thread(keeper.look)
        while not keeper.usable and await self._wait():
            await asyncio.to_thread(keeper.look)
        door = await self._doors.later("tls", Http(served.host, self._installation.tls.port))
        if door is None:
            return
        if not served.port:
            self._announce(door)
        await self._server.open(door, keeper.context)
        while await self._wait():
            await asyncio.to_thread(keeper.look)

    async def _open_telnet(self, telnet: Telnet) -> None:
        """The live log by telnet, as soon as its port is free."""
        door = await self._doors.later("telnet", self._installation.telnet)
        if door is not None:
            await telnet.start(door)

    async def _wait(self) -> bool:
        """Whether the daemon goes on, a minute later."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), tls.LOOK_EVERY_S)
        return not self._over.is_set()

    def _announce(self, door: socket.socket) -> None:
        """Tells the LAN where ``door`` is, and the one of TLS."""
        if not self._installation.mdns.enabled:
            return
        host, port = door.getsockname()[:2]
        settings = self._installation.tls
        secure = settings.port if settings.enabled else 0
        self._announcer = announcer = Announcer(
            self._installation.serial,
            port,
            lambda: reachable(host, interfaces()),
            lambda: every_address(interfaces()),
            tls_port=secure,
        )
        announcer.start()
        self._closing.append(announcer.close)


def _with_every_right(app: ASGIApp) -> ASGIApp:
    """``app`` for who may install."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        scope["evsed.right"] = Right.INSTALL
        await app(scope, receive, send)

    return asked


def _tell(task: "asyncio.Task[None]") -> None:
    """A door that fails by a bug of ours says so, and the others serve on."""
    error = None if task.cancelled() else task.exception()
    if isinstance(error, ConfigError):
        log.error("%s", error)
    elif error is not None:
        log.error("a door of the web server failed: %s", error, exc_info=error)
