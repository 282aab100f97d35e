"""The real application on the real control loop and server, in this process, with a board that sees no car."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import cycle
from types import TracebackType
from typing import Any, Self

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from evsed.access import Access, Right
from evsed.api.app import create_app
from evsed.api.firmware.report import settings_document
from evsed.api.gate import Keys
from evsed.api.refusals import Refusals
from evsed.api.rights import RIGHT_KEY
from evsed.api.site import NO_LOG, Log, Site
from evsed.config import Installation
from evsed.core.actions import Outputs
from evsed.core.events import Inputs
from evsed.core.model import Equipment
from evsed.core.snapshot import Saved
from evsed.doors.webserver import Bounds, QuietServer
from evsed.history.rows import History
from evsed.runtime import Runtime
from tests.scenarios.simulation import PATIENCE_S


class EmptySocket:
    """A board whose cable socket is empty."""

    equipment = Equipment()
    _seen = Inputs(pilot_mv=(12_000,) * 100)

    def sample(self) -> Inputs:
        return self._seen

    def apply(self, outputs: Outputs) -> None:
        """Nothing to drive."""

    def close(self) -> None:
        """Nothing to let go of."""


class Memory:
    """Keeps what is to be kept, in memory."""

    saved: Saved | None = None

    def submit(self, saved: Saved, *, at_once: bool) -> None:  # noqa: ARG002 - there is no later
        self.saved = saved

    def barrier(self) -> "Future[bool]":
        written: Future[bool] = Future()
        written.set_result(True)
        return written


@dataclass
class Charger:
    """A control loop and the application on it; the loop runs within ``with``."""

    saved: Saved = field(default_factory=Saved)
    installation: Installation = field(default_factory=Installation)
    extra: tuple[APIRouter, ...] = ()
    board: EmptySocket = field(default_factory=EmptySocket)
    access: Access = field(default_factory=Access)
    logbook: Log = NO_LOG
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        self.refusals = Refusals()
        self.memory = Memory()
        self.runtime = Runtime(self.board, self.memory, self.saved, lambda: None)
        self.site = Site(
            self.runtime,
            self.memory.barrier,
            self.installation,
            lambda: False,
            self.refusals,
            keys=Keys(self.access),
            logbook=self.logbook,
            history=self.history,
        )
        self.app: FastAPI = create_app(self.site, *self.extra)

    def token(self, right: str = "install") -> str:
        """The header of a program that may do so much."""
        return f"Bearer {self.access.add_token(f'{right} {len(self.access.tokens)}', right)}"

    def settings(self) -> dict[str, Any]:
        """What GET /settings says."""
        return settings_document(self.site.snapshot, self.site.unit)

    def __enter__(self) -> Self:
        self.runtime.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.runtime.leave()
        assert self.runtime.join(PATIENCE_S)


def as_root(app: ASGIApp) -> ASGIApp:
    """``app`` as it is served over the control socket: to who may do everything."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, RIGHT_KEY: Right.INSTALL}, receive, send)

    return served


def now_and_then_as_root(app: ASGIApp) -> ASGIApp:
    """``app`` for whom every second request is one of somebody who may do everything."""
    root, turns = as_root(app), cycle((True, False))

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await (root if next(turns) else app)(scope, receive, send)

    return served


class Served:
    """``app`` on a port of its own, in a thread of its own."""

    def __init__(
        self,
        app: ASGIApp,
        refusals: Refusals,
        bounds: Bounds | None = None,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self._tls = tls
        self.server = QuietServer(app, refusals.note, bounds)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="server")

    def _serve(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        serving = asyncio.create_task(self.server.serve(sockets=[]))
        await self.server.open(self._door, self._tls)
        self._open.set()
        await serving

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._open.wait(PATIENCE_S), "the server serves"
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.server.should_exit = True
        self._thread.join(PATIENCE_S)
        self._door.close()
        assert not self._thread.is_alive()

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        """A connection from ``source``, an address of this machine."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE_S, (source, 0))
