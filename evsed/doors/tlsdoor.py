"""A client at the door of TLS, from its connection to the end of its handshake; who comes in is the web server's.

Owns what a handshake may cost. asyncio's own servers count nobody before the handshake is over, and make the protocol
of somebody who never ends it.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

_WHY = {
    "HTTP_REQUEST": "plain HTTP at the port of TLS: the address begins with https://",
    "TLSV1_ALERT_UNKNOWN_CA": "the client does not believe the certificate (evsed access certificate has it)",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the client does not believe the certificate (evsed access certificate has it)",
    "UNSUPPORTED_PROTOCOL": "the client knows nothing newer than TLS 1.1",
}


@dataclass(eq=False)
class Porch:
    """Who stands before the door, and what is done with them."""

    handshake_s: float
    admit: Callable[[str], str]  # why the client at this address may not come in; empty: it may
    enter: Callable[[], asyncio.Protocol]  # a protocol for who has come in
    refuse: Callable[[str, str, str], None]
    waiting: set["Knocking"] = field(default_factory=set)

    def of_client(self, address: str) -> int:
        """How many of this client's connections stand here."""
        return sum(1 for each in self.waiting if each.address == address)

    def clear(self) -> None:
        """Sends everybody away."""
        for each in list(self.waiting):
            each.abort()


class Knocking(asyncio.Protocol):
    """One connection during its handshake."""

    def __init__(self, porch: Porch, context: Callable[[], ssl.SSLContext]) -> None:
        self._porch = porch
        self._context = context
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._early: list[bytes] = []  # what came behind the handshake
        self._lost: list[Exception | None] = []
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a stream socket
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._transport = transport
        if full := self._porch.admit(self.address):
            self._porch.refuse("HTTPS", self.address, full)
            transport.abort()
            return
        self._porch.waiting.add(self)
        self._task = asyncio.get_running_loop().create_task(self._greet(transport))

    def data_received(self, data: bytes) -> None:
        """The first of a request, before who it is for was told."""
        self._early.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left between handshake and request, or was refused."""
        self._lost.append(exc)

    def abort(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def _greet(self, transport: asyncio.Transport) -> None:
        porch = self._porch
        try:
            inside = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                self._context(),
                server_side=True,
                ssl_handshake_timeout=porch.handshake_s,
                ssl_shutdown_timeout=porch.handshake_s,
            )
        except OSError as error:  # also of a handshake that took too long
            transport.abort()
            if why := _words(error, porch.handshake_s):
                porch.refuse("HTTPS", self.address, why)
            return
        finally:
            porch.waiting.discard(self)
        if inside is None or self._lost:
            return
        protocol = porch.enter()
        inside.set_protocol(protocol)
        protocol.connection_made(inside)
        for data in self._early:
            protocol.data_received(data)


def _words(error: OSError, within_s: float) -> str:
    """Why the handshake failed; empty for who only hung up."""
    if isinstance(error, ssl.SSLError):
        reason = error.reason or str(error)
        return _WHY.get(reason, f"the TLS handshake failed ({reason.replace('_', ' ').lower()})")
    if isinstance(error, ConnectionAbortedError):
        return f"no TLS handshake within {within_s:g} s"
    return ""
