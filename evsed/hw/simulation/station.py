"""The meters on a simulated line as one station: it hears frames, and one of the meters answers what was meant for it.

Pure, in seconds. Frames are pymodbus's; like a real meter it takes a pause as the end of a frame and needs time to
think.
"""

from dataclasses import dataclass

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import ReadInputRegistersRequest, ReadInputRegistersResponse

from evsed.hw.simulation.eastron import Eastron

THINKING_S = 0.012
_LONGEST_FRAME = 256
_SHORTEST_FRAME = 4
_READ_LENGTH = 8
_ILLEGAL_FUNCTION = 1
_ILLEGAL_ADDRESS = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """A meter's answer, and when it begins to send it."""

    frame: bytes
    at: float


class Station:
    """All meters of a line. Only one answers at a time, because each has its own address."""

    def __init__(self, meters: list[Eastron]) -> None:
        self._meters = {meter.address: meter for meter in meters}
        self._framer = FramerRTU(DecodePDU(is_server=True))
        self._heard = b""

    @property
    def listens(self) -> bool:
        """Whether a frame has begun that has not ended."""
        return bool(self._heard)

    def hear(self, data: bytes) -> None:
        """Bytes from the line."""
        self._heard = (self._heard + data)[-_LONGEST_FRAME:]

    def frame_ended(self, at: float) -> Answer | None:
        """The line fell silent at ``at``: what is answered, if anything was asked of a meter here."""
        heard, self._heard = self._heard, b""
        for start in range(len(heard) - _SHORTEST_FRAME + 1):  # what stands before a sound frame is noise
            meter = self._meters.get(heard[start])
            if meter is not None and _sound(heard[start:]):
                if meter.silent():
                    return None
                answer = _answer(meter, heard[start + 1 : -2])
                answer.dev_id = meter.address
                return Answer(self._framer.buildFrame(answer), at + THINKING_S)
        return None


def _sound(frame: bytes) -> bool:
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def _answer(meter: Eastron, body: bytes) -> ModbusPDU:
    if body[0] != ReadInputRegistersRequest.function_code or len(body) != _READ_LENGTH - 3:
        return ExceptionResponse(body[0], _ILLEGAL_FUNCTION)
    words = meter.read(int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big"))
    if not words:
        return ExceptionResponse(body[0], _ILLEGAL_ADDRESS)
    return ReadInputRegistersResponse(registers=words)
