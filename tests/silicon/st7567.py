"""An ST7567 with its glass: bytes in, a picture out, and what interference does to it. Pure.

Sitronix ST7567: 132 x 64 bits of memory in 8 pages (and a ninth of icons, which the glass has not), written column by
column, each byte 8 rows with the topmost lowest. What the glass shows depends on where it is bonded: ``bonded`` is the
segment of its first column, counted as the panels do that luma.lcd is made for, which turn the segments round.
"""

import random

COLUMNS, ROWS = 132, 64
WIDTH = 128
_LAST_COLUMN = COLUMNS - 1
_TWO_BYTES = frozenset({0x81, 0xF8})
Dots = tuple[tuple[bool, ...], ...]
"""Row by row from the top; true is dark."""


class St7567:
    """``column_offset``: how many columns of the memory the panel's maker left out in front, 0 to 4."""

    segments_turned: bool
    commons_turned: bool

    def __init__(self, column_offset: int = 4) -> None:
        self.ram = [bytearray(COLUMNS) for _ in range(9)]
        self.complaints: list[str] = []
        self.dark_pulses = 0  # how often the reset line was pulled
        self.written = 0  # bytes of memory
        self._bonded = 4 - column_offset
        self._pending: int | None = None
        self._dice = random.Random(7567)
        self._held = False
        self._power_up()
        self.garble()

    # ---- the wires ----

    def reset(self, low: bool) -> None:
        """The reset line."""
        if low and not self._held:
            self.dark_pulses += 1
        self._held = low
        self._power_up()

    def take(self, data: bytes, is_data: bool) -> None:
        """Bytes that came in while data/command stood so."""
        if self._held:
            self._complain("bytes while it is held in reset")
            return
        for byte in data:
            if is_data:
                self._store(byte)
            else:
                self._obey(byte)

    # ---- what people see ----

    @property
    def visible(self) -> Dots | None:
        """What is on the glass; None: nothing at all, it is off or has no power."""
        if not self.on or self.power != 7:
            return None
        return tuple(tuple(self._dot(x, y) for x in range(WIDTH)) for y in range(ROWS))

    def _dot(self, x: int, y: int) -> bool:
        segment = self._bonded + WIDTH - 1 - x
        column = _LAST_COLUMN - segment if self.segments_turned else segment
        common = ROWS - 1 - y if self.commons_turned else y
        row = (common + self.start) % ROWS
        stored = self.ram[row // 8][column] >> row % 8 & 1
        return self.all_on or bool(stored) is not self.inverse

    # ---- interference ----

    def garble(self) -> None:
        """The memory holds anything."""
        for page in self.ram:
            page[:] = self._dice.randbytes(COLUMNS)

    def upset(self) -> None:
        """A contactor's spark: memory, registers, and a command that waits for its second byte."""
        self.garble()
        self.page, self.column, self.start = 5, 77, 19
        self.contrast, self.ratio, self.bias7 = 63, 7, False
        self.segments_turned = not self.segments_turned
        self.commons_turned = not self.commons_turned
        self.inverse = self.all_on = True
        self.on, self.power = False, 3
        self._pending = 0x81

    # ---- inside ----

    def _power_up(self) -> None:
        self.on = self.inverse = self.all_on = self.bias7 = False
        self.segments_turned = False
        self.power = 0
        self._pending = None
        self._soft_reset()

    def _soft_reset(self) -> None:
        self.page = self.column = self.start = 0
        self.commons_turned = False
        self.ratio, self.contrast = 4, 32

    def _store(self, byte: int) -> None:
        self.written += 1
        if self._pending is not None:
            self._complain("data in the middle of a command")
            self._pending = None
        if self.column > _LAST_COLUMN:
            self._complain(f"data beyond the memory's last column, at {self.column}")
            return
        self.ram[self.page][self.column] = byte
        self.column = min(self.column + 1, _LAST_COLUMN)

    def _obey(self, byte: int) -> None:  # noqa: C901, PLR0912  # the data sheet's table of commands, a line each
        pending, self._pending = self._pending, None
        if pending is not None:
            if pending == 0x81:
                self.contrast = byte & 0x3F
            return
        if byte in _TWO_BYTES:
            self._pending = byte
            return
        match byte >> 4, byte & 0xF:
            case 0x0, low:
                self.column = self.column & 0xF0 | low
            case 0x1, high:
                self.column = self.column & 0x0F | high << 4
            case 0x2, low if low < 8:
                self.ratio = low
            case 0x2, low:
                self.power = low & 7
            case ((4 | 5 | 6 | 7), _):
                self.start = byte & 0x3F
            case 0xA, low if low < 8:
                self._switch(low)
            case 0xA, low if low >= 14:
                self.on = bool(low & 1)
            case 0xB, low if low <= 8:
                self.page = low
            case 0xC, low:
                self.commons_turned = bool(low & 8)
            case 0xE, 0x2:
                self._soft_reset()
            case 0xE, 0x3:
                pass
            case _:
                self._complain(f"unknown command {byte:#04x}")

    def _switch(self, low: int) -> None:
        is_on = bool(low & 1)
        match low >> 1:
            case 0:
                self.segments_turned = is_on
            case 1:
                self.bias7 = is_on
            case 2:
                self.all_on = is_on
            case 3:
                self.inverse = is_on

    def _complain(self, text: str) -> None:
        if text not in self.complaints:
            self.complaints.append(text)
