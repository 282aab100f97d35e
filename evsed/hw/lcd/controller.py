"""luma.lcd's ST7567 made fit for a charger: it can be set up again, sends only what changed, and packs pages quickly.

Owns what is in the controller's registers and memory. luma owns the sequence that sets it up, and turning the picture;
how bytes get there is wire.py's. Importing luma starts four threads (luma.core.virtual's pool, for what is not used
here): they wait for work that never comes, and end with the process.
"""

import inspect
from typing import Any, Final

from luma.lcd.device import backlit_device, st7567
from PIL import Image

from evsed.hw.lcd.assumed import NOP, RAM_SHOWN
from evsed.hw.lcd.show import LcdError
from evsed.wiring import Lcd

PAGES: Final = 8
_ON: Final = 0xAF
_PAGE: Final = 0xB0
_COLUMN_HIGH: Final = 0x10
_NOTHING: Final = [b""] * PAGES


class _Notes:
    """luma's serial interface while it sends its sequence to nobody: keeps the commands."""

    def __init__(self) -> None:
        self.commands: list[int] = []

    def command(self, *cmd: int) -> None:
        self.commands += cmd


class Controller(st7567):  # type: ignore[misc]  # luma has no types
    """An ST7567. One is made for good: luma keeps each until the process ends."""

    def __init__(self, lcd: Lcd, backlight: Any) -> None:
        """Nothing is sent. ``backlight``: see backlight.Backlight. Raises LcdError."""
        if "backlight" not in inspect.signature(backlit_device.__init__).parameters:
            # It would take GPIO 18 for a backlight, whatever hangs there, and switch it.
            raise LcdError("luma.lcd is too old: `evsed doctor` says what to install")
        notes = _Notes()
        self._sent = list(_NOTHING)
        self._attached = False
        super().__init__(notes, rotate=lcd.rotate // 90, backlight=backlight)
        self._sequence = [NOP, RAM_SHOWN, *(command for command in notes.commands if command != _ON)]
        self._offset = lcd.column_offset
        self._contrast = lcd.contrast

    def attach(self, wire: Any, backlight: Any) -> None:
        """From now on ``wire`` leads to the controller, of which nothing is known."""
        self._serial_interface = wire
        self.backlight = backlight
        self._sent = list(_NOTHING)
        self._attached = True

    def set_up(self) -> None:
        """Every register once more; the next picture is sent whole. A display that is off stays so."""
        self.command(*self._sequence)
        self.contrast(self._contrast)
        self._sent = list(_NOTHING)

    def display(self, image: Image.Image) -> None:
        """Brings ``image`` (128 x 64, mode "1", 1 is ink) to the memory: the pages of 8 rows that changed."""
        if not self._attached:
            return  # luma clears its device while it is made
        for number, page in enumerate(pages(self.preprocess(image))):
            if page != self._sent[number]:
                self._sent[number] = b""  # should it be cut off
                self.command(_PAGE | number, self._offset, _COLUMN_HIGH)
                self.data(page)
                self._sent[number] = page

    def cleanup(self) -> None:
        """luma calls this as the process ends, when nobody may wait for a bus any more: the thread has closed it."""


def pages(image: Image.Image) -> list[bytes]:
    """A byte for each column of 8 dots, the topmost lowest, page by page: as the controller's memory has them."""
    columns = image.transpose(Image.Transpose.TRANSPOSE).tobytes("raw", "1;R")
    return [columns[number::PAGES] for number in range(PAGES)]
