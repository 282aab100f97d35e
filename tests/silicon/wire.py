"""What goes over the chip process's socket beside JSON: the bytes of ioctls, with where they go in the first byte."""

import errno
import struct

from tests.silicon.adc import Transfer

GPIO = b"G"
"""An ioctl of a gpiochip or of its lines: request and struct."""

SPI = b"S"
"""A message of an SPI device: mode, and its transfers."""

_GPIO = struct.Struct("<cI")
_SPI = struct.Struct("<cBH")
_TRANSFER = struct.Struct("<HBI")
_ERRNO = struct.Struct("<i")


def pack_gpio(request: int, data: bytes) -> bytes:
    """An ioctl of /dev/gpiochip0."""
    return _GPIO.pack(GPIO, request) + data


def unpack_gpio(message: bytes) -> tuple[int, bytes]:
    """Request and struct."""
    return _GPIO.unpack_from(message)[1], message[_GPIO.size :]


def pack_spi(mode: int, transfers: list[Transfer]) -> bytes:
    """A message of /dev/spidev0.1."""
    heads = [_TRANSFER.pack(len(each.tx), each.cs_change, each.hz) for each in transfers]
    return b"".join([_SPI.pack(SPI, mode, len(transfers)), *heads, *(each.tx for each in transfers)])


def unpack_spi(message: bytes) -> tuple[int, list[Transfer]]:
    """Mode and transfers."""
    _, mode, count = _SPI.unpack_from(message)
    at = _SPI.size + count * _TRANSFER.size
    transfers = []
    for length, cs_change, hz in _TRANSFER.iter_unpack(message[_SPI.size : at]):
        transfers.append(Transfer(message[at : at + length], bool(cs_change), hz))
        at += length
    return mode, transfers


def pack_answer(data: bytes = b"", number: int = 0) -> bytes:
    """An errno (0: none), and what came back."""
    return _ERRNO.pack(number) + data


def unpack_answer(answer: bytes) -> bytes:
    """What came back. Raises OSError; an empty answer is a chip that is gone."""
    if not answer:
        raise OSError(errno.ENODEV, "the chip process is gone")
    (number,) = _ERRNO.unpack_from(answer)
    if number:
        raise OSError(number, errno.errorcode[number])
    return answer[_ERRNO.size :]
