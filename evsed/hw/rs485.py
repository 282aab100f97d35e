"""One RS485 line: a request and its answer as Modbus RTU frames on a serial port.

Owns the port and the timing on the wire; what is asked is poller.py's. Frames and PDUs are pymodbus's, the port is
pyserial's. Standard clock functions are used for timeouts on the wire only.
"""

import termios
import time
from collections.abc import Sequence

import serial
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from evsed.hw.dialog import Read

ANSWER_S = 0.2
_READ_S = 0.005
_BITS_A_BYTE = 10
_SILENCE_BYTES = 3.5
_HEAD = 3  # address, function, count of bytes
_CRC = 2
_EXCEPTION_BIT = 0x80
_LONGEST_ANSWER = 256
_PORT_ERRORS = (OSError, serial.SerialException, termios.error)  # the last is no OSError
_REQUESTS: dict[int, type[ModbusPDU]] = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}


class BusError(Exception):
    """A request that got no usable answer; the text says what came instead."""


class LineError(Exception):
    """The serial port itself cannot be used; the text names it."""


class Line:
    """An open serial line. Not thread-safe: one thread owns it."""

    def __init__(self, device: str, baud: int) -> None:
        """Opens ``device``. Raises LineError."""
        self.device = device
        self._byte_s = _BITS_A_BYTE / baud
        self._framer = FramerRTU(DecodePDU(is_server=False))
        try:
            self._port = serial.Serial(device, baud, timeout=_READ_S)
        except (*_PORT_ERRORS, ValueError) as error:
            raise LineError(f"{device} cannot be opened: {error}") from error

    def close(self) -> None:
        """Lets go of the port."""
        self._port.close()

    def read_registers(self, address: int, read: Read) -> Sequence[int]:
        """The registers of ``read`` from the device at ``address``.

        Raises BusError when the device does not answer or answers something else, LineError when the port is gone.
        """
        request = _REQUESTS[read.function](address=read.first, count=read.count, dev_id=address)
        try:
            self._port.reset_input_buffer()
            self._port.write(self._framer.buildFrame(request))
            return self._await_answer(address, read.function, read.count)
        except _PORT_ERRORS as error:
            raise LineError(f"{self.device} failed: {error}") from error

    def _await_answer(self, address: int, function: int, count: int) -> Sequence[int]:
        """Collects bytes until a whole frame from this device is among them; what stands before it is noise."""
        received = b""
        deadline = time.monotonic() + ANSWER_S + (8 + _HEAD + 2 * count + _CRC) * self._byte_s
        while time.monotonic() < deadline and len(received) < _LONGEST_ANSWER:
            received += self._port.read(max(1, self._port.in_waiting))
            answer = self._find(received, address, function, count)
            if answer is not None:
                time.sleep(_SILENCE_BYTES * self._byte_s)
                return answer
        if not received:
            raise BusError("no answer")
        raise BusError(f"garbled answer {received[:16].hex(' ')}")

    def _find(self, received: bytes, address: int, function: int, count: int) -> Sequence[int] | None:
        length = _HEAD + 2 * count + _CRC
        head = bytes((address, function, 2 * count))
        refusal = bytes((address, function | _EXCEPTION_BIT))
        for start in range(len(received)):
            if received.startswith(head, start) and _sound(received[start : start + length], length):
                body = received[start + _HEAD : start + length - _CRC]
                return [int.from_bytes(body[index : index + 2], "big") for index in range(0, len(body), 2)]
            if received.startswith(refusal, start) and _sound(received[start : start + _HEAD + _CRC], _HEAD + _CRC):
                raise BusError(f"refused with exception {received[start + 2]}")
        return None


def _sound(frame: bytes, length: int) -> bool:
    """Whether ``frame`` is whole and its checksum right."""
    return len(frame) == length and FramerRTU.check_CRC(frame[:-_CRC], int.from_bytes(frame[-_CRC:], "big"))
