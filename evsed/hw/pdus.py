"""Modbus requests as a server sees them: function code and data to what is asked, and answers back to bytes. Pure.

Owns the four functions that a charger understands and the limits of the Modbus specification (V1.1b3, clauses 6.3, 6.4,
6.6 and 6.12); what the registers mean is registers.py's. Not pymodbus's decoder: it reads on past wrong counts, and an
answer must name what was wrong.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evsed.hw.registers import ILLEGAL_VALUE, RefusedError

ILLEGAL_FUNCTION: Final = 1
DEVICE_FAILURE: Final = 4

_READS: Final = frozenset({3, 4})
_WRITE_ONE: Final = 6
_WRITE_MANY: Final = 16
_MOST_READ: Final = 125
_MOST_WRITTEN: Final = 123
_EXCEPTION_BIT: Final = 0x80


@dataclass(frozen=True, slots=True)
class ReadRegisters:
    """Asks for ``count`` registers (1 to 125) from ``first`` with function 3 or 4."""

    function: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class WriteRegisters:
    """Brings ``values`` (1 to 123 words) for the registers from ``first`` with function 6 or 16."""

    function: int
    first: int
    values: tuple[int, ...]


def parse(pdu: bytes) -> ReadRegisters | WriteRegisters:
    """The request in ``pdu``: one byte of function code at least, then its data.

    Raises RefusedError with code 1 for another function and 3 for a length or count that does not fit.
    """
    function, data = pdu[0], pdu[1:]
    if function in _READS:
        return _read(function, data)
    if function == _WRITE_ONE:
        if len(data) != 4:
            raise RefusedError(ILLEGAL_VALUE, f"function 6 has 4 bytes of data, not {len(data)}")
        register, value = struct.unpack(">HH", data)
        return WriteRegisters(function, register, (value,))
    if function == _WRITE_MANY:
        return _write(function, data)
    raise RefusedError(ILLEGAL_FUNCTION, f"function {function} is not known; known are 3, 4, 6 and 16")


def _read(function: int, data: bytes) -> ReadRegisters:
    if len(data) != 4:
        raise RefusedError(ILLEGAL_VALUE, f"function {function} has 4 bytes of data, not {len(data)}")
    first, count = struct.unpack(">HH", data)
    if not 1 <= count <= _MOST_READ:
        raise RefusedError(ILLEGAL_VALUE, f"a read takes 1 to {_MOST_READ} registers, not {count}")
    return ReadRegisters(function, first, count)


def _write(function: int, data: bytes) -> WriteRegisters:
    if len(data) < 5:
        raise RefusedError(ILLEGAL_VALUE, f"function {function} has 7 bytes of data at least, not {len(data)}")
    first, count, size = struct.unpack(">HHB", data[:5])
    if not 1 <= count <= _MOST_WRITTEN:
        raise RefusedError(ILLEGAL_VALUE, f"a write brings 1 to {_MOST_WRITTEN} registers, not {count}")
    if size != 2 * count or len(data) != 5 + size:
        raise RefusedError(ILLEGAL_VALUE, f"{count} registers are {2 * count} bytes; {len(data) - 5} came, {size} said")
    return WriteRegisters(function, first, struct.unpack(f">{count}H", data[5:]))


def words_read(request: ReadRegisters, words: Sequence[int]) -> bytes:
    """The answer to a read."""
    return struct.pack(f">BB{len(words)}H", request.function, 2 * len(words), *words)


def confirmed(request: WriteRegisters) -> bytes:
    """The answer to a write that was carried out."""
    last = request.values[0] if request.function == _WRITE_ONE else len(request.values)
    return struct.pack(">BHH", request.function, request.first, last)


def refused(function: int, code: int) -> bytes:
    """The exception ``code`` as the answer to a request with ``function``."""
    return bytes((function | _EXCEPTION_BIT, code))
