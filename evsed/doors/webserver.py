"""uvicorn inside a process that has other duties: it takes sockets we bound, and leaves the signals to us.

What uvicorn lacks is here: a bound on the connections of all and of each client, and on the time that a request may
take to arrive and an answer to be taken. What a request may hold and ask is up to the application. A socket may be one
of TLS, or the control socket of this machine's root.
"""

import asyncio
import contextlib
import json
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from evsed.doors.control import lets_in
from evsed.doors.tlsdoor import Knocking, Porch

log = logging.getLogger(__name__)

_LEAVING_S = 3.0
_LONGEST_HEAD = 16_384
_ROOT = "control socket"
PATIENCE = "evsed.patience"
"""In the state of a request: called with two times in s, it lets the request take so long, and pause for so long."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What clients may take of the server. Who is refused is told why, ``spare`` clients at a time."""

    connections: int = 320
    of_one_client: int = 128
    spare: int = 128
    request_s: float = 15.0  # from the first byte of a request, or the begin of a connection, to its last
    idle_s: float = 20.0  # between two requests
    taking_s: float = 20.0  # until a client that takes no more of an answer takes some
    closing_s: float = 2.0  # until a client that was told to go has gone
    handshake_s: float = 10.0  # of TLS


class _Config(uvicorn.Config):
    """uvicorn's configuration with what our protocol needs."""

    def __init__(self, app: ASGIApp, bounds: Bounds, refuse: Callable[[str, str, str], None]) -> None:
        super().__init__(
            app,
            http=BoundedProtocol,
            ws="none",
            log_config=None,  # the process has a log already
            log_level="error",  # what clients do wrong is counted and logged once, by ``refuse``
            access_log=False,
            proxy_headers=False,  # a client is who it is, whatever it says of another one
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=cast("int", bounds.idle_s),  # fractions work
            h11_max_incomplete_event_size=_LONGEST_HEAD,
            lifespan="off",
        )
        self.bounds = bounds
        self.refuse = refuse
        self.porch: Porch  # of TLS; the server has it
        self.root: Any = app  # for who comes by the control socket


class BoundedProtocol(H11Protocol):
    """One connection, which ends when it asks too slowly, idles, or does not take its answer."""

    def __init__(self, config: uvicorn.Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        assert isinstance(config, _Config)  # noqa: S101 - only QuietServer uses this class
        self.app_state = {**self.app_state, PATIENCE: self._be_patient}
        self._bounds = config.bounds
        self._refuse = config.refuse
        self._porch = config.porch
        self._root = config.root
        self._arriving: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._pausing: asyncio.TimerHandle | None = None
        self._pause_s = 0.0

    @property
    def address(self) -> str:
        """The client's."""
        return self.client[0] if self.client else ""

    @property
    def is_root(self) -> bool:
        """Whether it came by the control socket, where the network's clients take nobody's place."""
        return self.address == _ROOT

    @property
    def is_leaving(self) -> bool:
        """Whether the connection is about to end and takes no more requests."""
        return self._closing is not None

    # ---- connections ----

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """A client came. Refused when there are too many, or too many of this client."""
        super().connection_made(transport)
        end = transport.get_extra_info("socket")
        if end.family == socket.AF_UNIX:
            self.client = (_ROOT, 0)
            self.app = self._root
            if not lets_in(end):
                self._refuse("HTTP", _ROOT, "it is for root and this daemon's own user")
                self._abort_after(0)
                return
        else:
            # asyncio does that only for sockets that say they are TCP, which those of a socket we bound do not; without
            # it every second answer on a kept connection waits 40 ms for the client to acknowledge the first half
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        others = [each for each in self.connections if isinstance(each, BoundedProtocol) and each is not self]
        others = [each for each in others if each.is_root == self.is_root]
        staying = [other for other in others if not other.is_leaving]
        full = _full(self._bounds, self.address, [other.address for other in staying], self._porch)
        if not full:
            self._watch()
            return
        if len(others) - len(staying) < self._bounds.spare:
            self._end(503, full)
        else:
            self._refuse("HTTP", self.address, full)
            self._abort_after(0)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, or was sent away."""
        for timer in (self._arriving, self._taking, self._closing, self._pausing):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    # ---- requests ----

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, of which a client that is being sent away gets no more read."""
        if not self.is_leaving:
            super().data_received(data)
            self._watch()
            self._begin_pause()

    def on_response_complete(self) -> None:
        """An answer was written; the next request may come, or be here already."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_after(self._bounds.taking_s)
        self._watch()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text says less
        """Answers bytes that are no HTTP."""
        self._end(400, f"this is not a valid HTTP request, or its head is longer than {_LONGEST_HEAD} bytes")

    def timeout_keep_alive_handler(self) -> None:
        """The client asked nothing for a while."""
        super().timeout_keep_alive_handler()
        self._abort_after(self._bounds.closing_s)

    def _should_upgrade(self) -> bool:
        return False  # there are no WebSockets here; the rest of the request is answered as usual

    def _watch(self) -> None:
        """Starts the clock of a request that is not whole yet, and stops it when it is."""
        waits = self.conn.their_state in {h11.IDLE, h11.SEND_BODY} and self.timeout_keep_alive_task is None
        if self._arriving is not None and not waits:
            self._arriving.cancel()
            self._arriving = None
            self._pause_s = 0.0
            self._begin_pause()
        elif self._arriving is None and waits and not self.is_leaving:
            self._arriving = self.loop.call_later(self._bounds.request_s, self._too_slow, self._bounds.request_s)

    def _too_slow(self, within_s: float) -> None:
        self._end(408, f"the request did not arrive whole within {within_s:g} s")

    def _be_patient(self, whole_s: float, pause_s: float) -> None:
        """The request that is arriving may take so long, from now on, and so long without a byte."""
        if self._arriving is None:
            return  # it is here already
        self._arriving.cancel()
        self._arriving = self.loop.call_later(whole_s, self._too_slow, whole_s)
        self._pause_s = pause_s
        self._begin_pause()

    def _begin_pause(self) -> None:
        """Waits for the next bytes of a request that may take long; starts anew while we take none."""
        if self._pausing is not None:
            self._pausing.cancel()
            self._pausing = None
        if self._pause_s:
            self._pausing = self.loop.call_later(self._pause_s, self._paused)

    def _paused(self) -> None:
        if self.flow.read_paused:
            self._begin_pause()
        else:
            self._end(408, f"nothing more of the request came for {self._pause_s:g} s")

    # ---- answers ----

    def pause_writing(self) -> None:
        """The client takes less than it is sent."""
        super().pause_writing()
        self._taking = self.loop.call_later(self._bounds.taking_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client took some."""
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    # ---- the end ----

    def _end(self, status: int, detail: str) -> None:
        """Says why, unless an answer is under way, and ends the connection."""
        self._refuse("HTTP", self.address, detail)
        self._unset_keepalive_if_required()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True  # what is at work for it is told so, and can no longer write
            cycle.message_event.set()
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(_answer(status, detail))
        self._abort_after(self._bounds.closing_s)
        if not self.transport.can_write_eof():
            self.transport.close()  # of TLS, which says goodbye both ways
            return
        with contextlib.suppress(OSError):  # the client has gone already
            self.transport.write_eof()  # reading goes on: a reset would take the answer away from the client

    def _abort_after(self, seconds: float) -> None:
        if self._closing is None:
            self._closing = self.loop.call_later(seconds, self.transport.abort)


def _full(bounds: Bounds, client: str, staying: list[str], porch: Porch) -> str:
    """Why no further connection of ``client`` is taken beside ``staying`` and who is at the door; empty when one is."""
    of_client = staying.count(client) + porch.of_client(client)
    everybody = len(staying) + len(porch.waiting)
    if of_client >= bounds.of_one_client:
        return f"{of_client} connections from your address are open already; close some"
    if everybody >= bounds.connections:
        return f"{everybody} connections are open already, more than a charger has use for; try again later"
    return ""


def _answer(status: int, detail: str) -> bytes:
    """A whole answer, for a connection on which no application is at work."""
    body = json.dumps({"detail": detail}).encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(["Retry-After: 5"] if status == 503 else []),
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def _log_it(where: str, given: str, why: str) -> None:
    log.info("%s: %s: %s", where, given, why)


class QuietServer(uvicorn.Server):
    """A server that leaves the process's signals alone. ``refuse`` is told where, of whom and why it refuses.

    ``root`` is the application for who comes by the control socket.
    """

    def __init__(
        self,
        app: ASGIApp,
        refuse: Callable[[str, str, str], None] | None = None,
        bounds: Bounds | None = None,
        root: ASGIApp | None = None,
    ) -> None:
        refuse, bounds = refuse or _log_it, bounds or Bounds()
        config = _Config(app, bounds, refuse)
        config.root = root or app
        super().__init__(config)
        self._porch = config.porch = Porch(bounds.handshake_s, self._full_for, self._protocol, refuse)
        self._bounds = bounds
        self._up = asyncio.Event()

    async def open(self, door: socket.socket, tls: Callable[[], ssl.SSLContext] | None = None) -> None:
        """Serves ``door`` too, once the server is up; ``tls`` is asked for the context of each connection."""
        await self._up.wait()
        if self.should_exit:
            door.close()
            return

        def come() -> asyncio.Protocol:
            return self._protocol() if tls is None else Knocking(self._porch, tls)

        server = await asyncio.get_running_loop().create_server(come, sock=door, backlog=self.config.backlog)
        self.servers.append(server)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins; from then on further doors can be opened."""
        await super().startup(sockets)
        self._up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends, and waits for nobody's handshake."""
        self._porch.clear()
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return BoundedProtocol(self.config, self.server_state, self.lifespan.state)

    def _full_for(self, client: str) -> str:
        here = [each for each in self.server_state.connections if isinstance(each, BoundedProtocol)]
        staying = [each.address for each in here if not (each.is_leaving or each.is_root)]
        return _full(self._bounds, client, staying, self._porch)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def listen(host: str, port: int, leaving_s: float | None = None) -> socket.socket:
    """A socket bound to ``host`` and ``port``; waits up to ``leaving_s`` (3 s) for a predecessor that is just leaving.

    On ``::``, every address of this machine, it takes IPv4 as well. Raises OSError when the port stays taken or may not
    be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + (_LEAVING_S if leaving_s is None else leaving_s)
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=128, dualstack_ipv6=host == "::")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
