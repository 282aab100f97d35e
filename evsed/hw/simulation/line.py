"""The simulated RS485 line: a pseudo-terminal with Modbus RTU meters on it, at the speed of a real wire.

Each byte takes 10 bit times, in both directions; a meter needs its time to think. Frames are pymodbus's.
"""

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import ReadInputRegistersRequest, ReadInputRegistersResponse

from evsed.hw.simulation.eastron import Eastron

BIT_TIMES_A_BYTE = 10
SILENCE_BYTES = 3.5
THINKING_S = 0.012
_CHUNK = 4
_ILLEGAL_FUNCTION = 1
_ILLEGAL_ADDRESS = 2


class Line:
    """One line with its meters. ``device`` is the path that a daemon opens as its serial port."""

    def __init__(self, meters: list[Eastron], baud: int, offline: Callable[[], bool]) -> None:
        self._meters = {meter.address: meter for meter in meters}
        self._offline = offline
        self._byte_s = BIT_TIMES_A_BYTE / baud
        self._master, self._slave = os.openpty()  # the slave stays open, so that a daemon's end is no hang-up
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        self._framer = FramerRTU(DecodePDU(is_server=True))
        self._buffer = b""
        self._frame_ends: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._master, self._readable)

    def close(self) -> None:
        """Hangs up."""
        self._loop.remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _readable(self) -> None:
        data = os.read(self._master, 4096)
        if self._offline():
            return
        self._buffer = (self._buffer + data)[-512:]
        if self._frame_ends is not None:
            self._frame_ends.cancel()
        wire_s = (len(data) + SILENCE_BYTES) * self._byte_s
        self._frame_ends = self._loop.call_later(wire_s + THINKING_S, self._frame_ended)

    def _frame_ended(self) -> None:
        data, self._buffer = self._buffer, b""
        try:
            _used, address, _tid, body = self._framer.decode(data)
        except (IndexError, ValueError):
            return  # noise on the line
        meter = self._meters.get(address)
        if not body or meter is None or meter.silent():
            return
        answer = self._answer(meter, body)
        answer.dev_id = address
        self._send(self._framer.buildFrame(answer))

    def _answer(self, meter: Eastron, body: bytes) -> ModbusPDU:
        if body[0] != ReadInputRegistersRequest.function_code:
            return ExceptionResponse(body[0], _ILLEGAL_FUNCTION)
        first, count = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
        words = meter.read(first, count)
        if words is None or not words:
            return ExceptionResponse(body[0], _ILLEGAL_ADDRESS)
        return ReadInputRegistersResponse(registers=words)

    def _send(self, frame: bytes) -> None:
        start = self._loop.time()
        for sent in range(0, len(frame), _CHUNK):
            chunk = frame[sent : sent + _CHUNK]
            self._loop.call_at(start + (sent + len(chunk)) * self._byte_s, self._write, chunk)

    def _write(self, chunk: bytes) -> None:
        if self._offline():
            return
        with contextlib.suppress(BlockingIOError):  # nobody reads: on a real line these bits are gone as well
            os.write(self._master, chunk)
