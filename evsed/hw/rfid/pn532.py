"""A PN532 on a serial port or on SPI: polls for a card with a 4- or 7-byte UID (ISO 14443 A).

Owns waking the chip, the rhythm of polling, and what an odd answer means. Frames and commands are nfcpy's ``Chipset``,
imported on the first opening; its own start-up runs ``stty`` in a shell and knows only /dev/tty*, so the port is ours.
"""

import errno
import importlib
import logging
import os
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from evsed.hw.port import LineError, Port
from evsed.hw.rfid.reader import ReaderError
from evsed.hw.rfid.spi import SpiTransport
from evsed.hw.rfid.uid import from_bytes

_SPI: Final = "/dev/spidev"
_BAUD: Final = 115_200
_POLL_S = 0.2
_ACK_LENGTH = 6
_WAKE: Final = b"\x55\x55" + bytes(14)  # the zeros give it time
_ISO_14443_A = 0
_FIELD, _RETRIES = 0x01, 0x05
_OFF = b"\x00"
_ONE_TRY = b"\x00\x00\x01"
_PN532: Final = 0x32
_NOT_READ = 8  # failures in a row: a card half out of the field garbles one answer, a lost chip all

_QUIET = logging.getLogger(f"{__name__}.nfcpy")
_QUIET.setLevel(logging.CRITICAL + 1)  # what goes wrong is told once, by the reader's thread


class Transport(Protocol):
    """The way to the chip, as nfcpy's ``Chipset`` wants it, with waking and closing."""

    def wake(self) -> None:
        """Ends the chip's sleep."""

    def write(self, frame: bytes) -> None:
        """Sends a frame. Raises OSError, LineError."""

    def read(self, timeout_ms: int) -> bytearray:
        """The next frame. Raises OSError, LineError."""

    def close(self) -> None:
        """Lets go of the device."""


class SerialTransport:
    """The port as nfcpy's ``Chipset`` wants it: whole frames, OSError for what fails."""

    def __init__(self, device: str) -> None:
        """Raises LineError."""
        self._port = Port(device, _BAUD)
        self._left = b""

    def wake(self) -> None:
        """Ends the sleep in which the chip is after power-up."""
        self._port.write(_WAKE)

    def close(self) -> None:
        """Lets go of the port."""
        self._port.close()

    def write(self, frame: bytes) -> None:
        """Sends a frame; what was still to be read belongs to none any more."""
        while self._port.read(0):
            pass
        self._left = b""
        self._port.write(frame)

    def read(self, timeout_ms: int) -> bytearray:
        """The next frame. Raises OSError with ETIMEDOUT when none has come, with EIO when it is cut off."""
        until = time.monotonic() + max(timeout_ms, 50) / 1_000
        frame = self._take(_ACK_LENGTH, until, errno.ETIMEDOUT)
        if frame == b"\x00\x00\xff\x00\xff\x00":
            return bytearray(frame)
        if not frame.startswith(b"\x00\x00\xff"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        # The six bytes hold start, length, its check and the first byte of ``length``; check and postamble follow it.
        return bytearray(frame + self._take(frame[3] + 1, until, errno.EIO))

    def _take(self, count: int, until: float, otherwise: int) -> bytes:
        while len(self._left) < count:
            more = self._port.read(until - time.monotonic())
            if not more:
                raise OSError(otherwise, os.strerror(otherwise))
            self._left += more
        taken, self._left = self._left[:count], self._left[count:]
        return taken


class Pn532:
    """The opened and configured chip."""

    def __init__(self, device: str, transport: Callable[[str], Transport] | None = None) -> None:
        """Opens ``device``, wakes the chip and asks who it is. Raises ReaderError. ``transport``: None: by its name."""
        self._device = device
        self._failures = 0
        on_spi = device.startswith(_SPI)
        try:
            nfc = importlib.import_module("nfc.clf.pn532")
        except ImportError as error:
            raise ReaderError(f"the Python package {error.name} is missing: install nfcpy") from error
        try:
            self._wire = (transport or (SpiTransport if on_spi else SerialTransport))(device)
        except LineError as error:
            raise ReaderError(str(error)) from error
        self._chip: Any = nfc.Chipset(self._wire, _QUIET)
        try:
            self._configure()
        except Exception as error:
            self._wire.close()
            how = "SPI" if on_spi else "HSU (UART), with RX on TX,"
            raise ReaderError(f"{device}: no PN532 answers there: it has to be set to {how} and have 5 V") from error

    def _configure(self) -> None:
        self._wire.wake()
        self._chip.sam_configuration("normal")
        chip, *_ = self._chip.get_firmware_version()
        if chip != _PN532:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        self._chip.rf_configuration(_RETRIES, _ONE_TRY)

    def read(self) -> str | None:
        """The card in the field, or None; the field is off between two looks, so that a card answers each of them."""
        time.sleep(_POLL_S)
        try:
            found = self._chip.in_list_passive_target(1, _ISO_14443_A, b"")
            self._chip.rf_configuration(_FIELD, _OFF)
        except Exception as error:  # what nfcpy makes of arbitrary bytes is not written down, and charging goes on
            self._failures += 1
            if isinstance(error, LineError) or self._failures >= _NOT_READ:
                raise ReaderError(f"{self._device}: the PN532 no longer answers: look at its plug and power") from error
            return None
        self._failures = 0
        return None if found is None else _uid(bytes(found))

    def close(self) -> None:
        """Lets go of it."""
        self._wire.close()


def _uid(target: bytes) -> str | None:
    """The UID in a target's data: SENS_RES (2 bytes), SEL_RES, the UID's length, the UID; None when it is cut off."""
    if len(target) < 4 or len(target) < 4 + target[3]:
        return None
    return from_bytes(target[4 : 4 + target[3]])
