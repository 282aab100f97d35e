"""Card readers: a PN532 on a serial port, or a reader that types like a keyboard."""

import importlib

from evsed.hw.rfid.keyboard import Keyboard
from evsed.hw.rfid.reader import Post, Reader, Wire
from evsed.wiring import Rfid


def reader_for(rfid: Rfid, post: Post) -> Reader | None:
    """The reader that is configured, not started yet; None when there is none."""
    match rfid.reader:
        case "pn532":
            return Reader(lambda: _pn532(rfid.device), post)
        case "keyboard":
            return Reader(lambda: Keyboard(rfid.device), post)
        case _:
            return None


def _pn532(device: str) -> Wire:
    """Imported on the reader's thread: what it needs is slow to load."""
    wire: Wire = importlib.import_module("evsed.hw.rfid.pn532").Pn532(device)
    return wire
