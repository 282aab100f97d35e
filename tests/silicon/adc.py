"""An MCP3208 on its SPI bus: bits in, bits out, and the faults of a chip or of its wires. Pure.

Data sheet DS21298, figure 6-1: after CS falls, nothing counts until a start bit; single-ended, D2, D1, D0; one and a
half clocks of sampling, a null bit, then B11..B0, then the same bits backwards from B1, then zeros until CS rises.
Before the null bit the chip leaves the wire alone; what is read then is nobody's word, and here it is ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

FASTEST_HZ = 1_350_000
"""At 3.3 V, between the data sheet's 1 MHz at 2.7 V and 2 MHz at 5 V. Unconfirmed on a bench."""

SPACING_US = 30
"""Between the conversions of a message: 24 clocks at 1 MHz and what the driver needs. From facts/hardware.md."""

_CLOCKS_TO_NULL = 6  # from the clock after the start bit's: SGL, D2, D1, D0, sample; then the null bit
Volts = Callable[[int, int], int]
"""The code (0..4095) that a channel converts to, ``us`` after the message began."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One of the transfers of a message: what goes out, whether CS rises after it (not the last: then it falls)."""

    tx: bytes
    cs_change: bool
    hz: int


class Mcp3208:
    """The chip. ``fault``: None, ``dead`` (answers nothing: the wire stays low), ``low`` or ``high`` (a stuck wire)."""

    def __init__(self, code: Volts, channels: int = 8) -> None:
        self.fault: str | None = None
        self.complaints: list[str] = []
        self._code = code
        self._channels = channels
        self._said = b""  # since CS fell

    def exchange(self, transfers: list[Transfer], mode: int, spacing_us: int) -> list[bytes]:
        """A whole message: what came back for each transfer. Each transfer takes ``spacing_us``."""
        if mode not in {0, 3}:
            self._complain(f"SPI mode {mode}: the chip knows 0 and 3")
        answers = []
        for index, transfer in enumerate(transfers):
            if transfer.hz > FASTEST_HZ:
                self._complain(f"SPI at {transfer.hz} Hz: the chip is good for {FASTEST_HZ} at 3.3 V")
            before = len(self._said)
            self._said += transfer.tx
            answers.append(self._answer(self._said, index * spacing_us)[before:])
            last = index == len(transfers) - 1
            if transfer.cs_change is not last:  # spidev: between transfers it lifts CS, on the last it keeps it down
                self._said = b""
            elif last:
                self._complain("CS stays down after the message: cs_change on its last transfer")
        return answers

    def _answer(self, said: bytes, us: int) -> bytes:
        if self.fault is not None:
            return (b"\xff" if self.fault == "high" else b"\x00") * len(said)
        clocks = len(said) * 8
        word = int.from_bytes(said, "big")
        start = clocks - word.bit_length()
        null = start + _CLOCKS_TO_NULL
        if not word or null + 12 >= clocks:
            return b"\xff" * len(said)
        single = word >> (clocks - start - 2) & 1
        channel = word >> (clocks - start - 5) & 7
        if not single:
            self._complain("a differential conversion was asked for")
        code = self._code(channel, us) & 0xFFF if channel < self._channels else 0
        backwards = int(f"{code:012b}"[::-1], 2) & 0x7FF
        room = clocks - null - 1 - 12  # clocks after B0
        tail = backwards >> (11 - room) if room <= 11 else backwards << (room - 11)
        nobody = ((1 << null) - 1) << (clocks - null)
        return (nobody | code << room | tail).to_bytes(len(said), "big")

    def _complain(self, text: str) -> None:
        if text not in self.complaints:
            self.complaints.append(text)
