"""Modbus TCP for programs outside (energy managers, building control): our registers, from the newest Snapshot.

Owns connections and frames (MBAP); what the registers show and take is registers.py's. pymodbus's server has no limit
on connections and none on time, so this one is asyncio's; it runs on the loop that also serves HTTP.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from typing import Final

from evsed.hw import pdus
from evsed.hw.pdus import DEVICE_FAILURE, ILLEGAL_FUNCTION, ReadRegisters, WriteRegisters
from evsed.hw.registers import ILLEGAL_VALUE, RefusedError, from_outside, read
from evsed.runtime import Runtime

log = logging.getLogger(__name__)

CONNECTIONS: Final = 16
IDLE_S: Final = 60.0
"""A connection that has sent no whole request for this long is closed."""

_CONTROL_ANSWERS_S: Final = 3.0
_HEADER: Final = struct.Struct(">HHHB")  # transaction, protocol 0, length of what follows, unit
_LONGEST: Final = 254  # unit and PDU

Note = Callable[[str, str, str], None]
"""Counts and logs bad input: where, what was given, why it is refused."""


class ModbusTcp:
    """The server. It answers for every unit id."""

    def __init__(
        self, runtime: Runtime, serial: int, note: Note, *, writable: bool = False, idle_s: float = IDLE_S
    ) -> None:
        """``serial`` is the unit's number; without ``writable`` every write is answered with exception 1."""
        self._runtime = runtime
        self._serial = serial
        self._note = note
        self._writable = writable
        self._idle_s = idle_s
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self, door: socket.socket) -> None:
        """Serves on ``door``, a socket that listens already."""
        self._server = await asyncio.start_server(self._connected, sock=door)

    def close(self) -> None:
        """Stops listening and hangs up."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("somebody",))[0])
        if len(self._open) >= CONNECTIONS:
            self._note("Modbus TCP", peer, f"{CONNECTIONS} connections are open already")
            writer.close()
            return
        self._open.add(writer)
        try:
            while await self._one_request(reader, writer, peer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            log.debug("Modbus TCP: %s has gone, or says nothing any more", peer)
        finally:
            self._open.discard(writer)
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()  # it does not take its answers: nobody waits for that
            writer.close()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> bool:
        """Answers one request; False when the connection is of no use any more."""
        async with asyncio.timeout(self._idle_s):
            header = await reader.readexactly(_HEADER.size)
            transaction, protocol, length, unit = _HEADER.unpack(header)
            if protocol or not 2 <= length <= _LONGEST:
                self._note("Modbus TCP", header.hex(" "), f"{peer} does not speak Modbus TCP: hung up")
                return False
            pdu = await reader.readexactly(length - 1)
        answer = await self._answer(pdu)
        async with asyncio.timeout(self._idle_s):
            writer.write(_HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer)
            await writer.drain()
        return True

    async def _answer(self, pdu: bytes) -> bytes:
        where = f"Modbus TCP function {pdu[0]}"
        try:
            request = pdus.parse(pdu)
            where = f"Modbus TCP register {request.first:#06x}"
            return await self._carry_out(request)
        except RefusedError as refusal:
            self._note(where, pdu[1:].hex(" "), str(refusal))
            return pdus.refused(pdu[0], refusal.code)

    async def _carry_out(self, request: ReadRegisters | WriteRegisters) -> bytes:
        if self._runtime.hangs:
            raise RefusedError(DEVICE_FAILURE, "the control loop does not answer")
        snapshot = self._runtime.snapshot
        if isinstance(request, ReadRegisters):
            return pdus.words_read(request, read(snapshot, self._serial, False, request.first, request.count))
        if not self._writable:
            raise RefusedError(ILLEGAL_FUNCTION, "writing is off: modbus.writable = true (configuration) allows it")
        command = from_outside(snapshot, request.first, request.values)
        try:
            async with asyncio.timeout(_CONTROL_ANSWERS_S):
                verdict = await asyncio.wrap_future(self._runtime.submit(command))
        except TimeoutError:
            raise RefusedError(DEVICE_FAILURE, "the control loop does not answer") from None
        if not verdict.accepted:
            raise RefusedError(ILLEGAL_VALUE, verdict.refused)
        return pdus.confirmed(request)
