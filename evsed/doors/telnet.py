"""The live log by telnet, for those used to it: plain lines, read only, nothing is taken but the wish to leave.

Owns the connections and what is ignored of what they send. Telnet hides nothing from who listens in the network and has
no login of ours: with login On nobody is let in. Which lines there are is logring.py's.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from evsed import __version__
from evsed.api.bounds import Places
from evsed.api.site import Site
from evsed.logring import Heard, Line, Wanted

log = logging.getLogger(__name__)

CONNECTIONS: Final = 4
OF_ONE: Final = 2
LOOK_S: Final = 0.25
TAKING_S: Final = 20.0
"""A client that takes nothing for this long is hung up on."""

_FIRST: Final = 50  # lines of before
_AT_ONCE: Final = 100  # lines
_LOGIN_ON: Final = "this charger asks for a login, and telnet has none: see the log on its page, or with evsed log"
_FULL: Final = f"there are {CONNECTIONS} connections, {OF_ONE} of them for one address, and no more; close one"
_LOST: Final = "... some lines were lost ..."
_MOST_TYPED: Final = 65_536  # bytes, until it is clear that somebody is no reader
_IAC, _SB, _SE, _WILL, _DONT = 255, 250, 240, 251, 254
_ENDS: Final = (b"\xf4", b"\xec")  # interrupt process, end of file
_LEAVING: Final = frozenset(b"qQ\x03\x04")  # q, Ctrl-C, Ctrl-D


@dataclass
class Negotiation:
    """Takes telnet's own commands (RFC 854) out of what a client sends, however it is cut."""

    left: bytearray = field(default_factory=bytearray)

    def wants_to_leave(self, data: bytes) -> bool:
        """Whether somebody has pressed q, Ctrl-C or Ctrl-D."""
        self.left += data
        typed, leaves = self._typed()
        return leaves or not _LEAVING.isdisjoint(typed)

    def _typed(self) -> tuple[bytearray, bool]:
        typed, left = bytearray(), self.left
        while left:
            before, sign, rest = left.partition(b"\xff")
            typed += before
            if not sign:
                left.clear()
                break
            length = _length(rest)
            if length is None:  # the rest of it is under way
                self.left = left[len(before) :] if len(rest) < 512 else bytearray()
                break
            if bytes(rest[:1]) in _ENDS:
                return typed, True
            left = self.left = rest[length:]
        return typed, False


def _length(command: bytes | bytearray) -> int | None:
    """How many bytes of ``command`` follow its IAC; None: not all are here."""
    if not command:
        return None
    if _WILL <= command[0] <= _DONT:
        return 2 if len(command) > 1 else None
    if command[0] == _SB:
        end = command.find(bytes([_IAC, _SE]))
        return None if end < 0 else end + 2
    return 1


class Telnet:
    """The door of one charger."""

    def __init__(self, site: Site, clock: Callable[[float], datetime] | None = None) -> None:
        """``clock`` makes local time of Unix seconds."""
        self._site = site
        self._local = clock or (lambda unix_s: datetime.fromtimestamp(unix_s).astimezone())
        self._places = Places(CONNECTIONS, OF_ONE)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._places.taken

    async def start(self, door: socket.socket) -> None:
        """Serves on ``door``, a socket that listens already."""
        self._server = await asyncio.start_server(self._connected, sock=door, limit=4_096)

    def close(self) -> None:
        """Stops listening and hangs up."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("somebody",))[0])
        self._open.add(writer)
        try:
            if refused := self._refused(peer):
                self._site.refusals.note("telnet", peer, refused)
                await self._send(writer, [refused])
            else:
                with self._places.one(peer):
                    await self._serve(reader, writer)
        except (OSError, TimeoutError):
            log.debug("telnet: %s has gone, or takes nothing any more", peer)
        finally:
            self._open.discard(writer)
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()  # it does not take its lines: nobody waits for that
            writer.close()

    def _refused(self, peer: str) -> str:
        """Why nobody is let in; empty: somebody is."""
        if self._site.login_on:
            return _LOGIN_ON
        return _FULL if self._places.full_for(peer) else ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end: socket.socket = writer.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # one that is idle may stay, one that is gone not
        unit = f"smartevse-{self._site.installation.serial}"
        await self._send(writer, [f"evsed {__version__}, the log of {unit}; q ends it, nothing else is taken"])
        leaving = asyncio.create_task(_left(reader))
        try:
            await self._tell(writer, leaving)
        finally:
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await leaving

    async def _tell(self, writer: asyncio.StreamWriter, leaving: "asyncio.Task[None]") -> None:
        """Sends lines until somebody leaves, the daemon ends, or login is turned On."""
        ring, wanted = self._site.log_lines, Wanted()
        heard = ring.last(_FIRST, wanted)
        while not leaving.done() and not self._site.closing.is_set():
            if self._site.login_on:
                await self._send(writer, [_LOGIN_ON])
                return
            await self._send(writer, self._texts(heard))
            if len(heard.lines) < _AT_ONCE:
                await asyncio.wait([leaving], timeout=LOOK_S)
            heard = ring.after(heard.upto, wanted, _AT_ONCE)

    def _texts(self, heard: Heard) -> list[str]:
        return [*([_LOST] if heard.lost else []), *map(self._text, heard.lines)]

    def _text(self, line: Line) -> str:
        when = f"{self._local(line.at_ms / 1000):%Y-%m-%d %H:%M:%S}"
        return f"{when} {line.level.name:7} {line.text}".replace("\n", "\r\n    ")

    async def _send(self, writer: asyncio.StreamWriter, lines: list[str]) -> None:
        """Raises TimeoutError when they are not taken."""
        if not lines:
            return
        writer.write("".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace"))
        async with asyncio.timeout(TAKING_S):
            await writer.drain()


async def _left(reader: asyncio.StreamReader) -> None:
    """Returns when the client leaves."""
    negotiation, typed = Negotiation(), 0
    while typed < _MOST_TYPED and (data := await reader.read(1_024)):
        typed += len(data)
        if negotiation.wants_to_leave(data):
            return
