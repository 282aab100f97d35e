"""What the LCD shows now, for the panel at the unit and for whoever looks from afar.

Owns the last picture, so that equal screens are drawn once. What a screen is, is evsed.core.screens' business, and how
it is drawn draw.py's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL.Image import Image

from evsed.core.schedule import Calendar
from evsed.core.screens.around import Around
from evsed.core.screens.main import screen
from evsed.core.screens.reading import Kind, lines
from evsed.core.screens.screen import Screen, Words
from evsed.core.snapshot import Snapshot
from evsed.core.units import Millis
from evsed.lcd.draw import draw
from evsed.lcd.picture import png
from evsed.runtime import STALE_MS, monotonic_ms


@dataclass(frozen=True, slots=True)
class Shown:
    """One moment of the LCD: its picture, as a PNG, and the words on it."""

    png: bytes
    kind: Kind
    lines: tuple[str, ...]


NO_ANSWER: Final = Words(("OUT OF ORDER", "The control loop", "does not answer"))
"""Instead of what was true a while ago."""


class Face:
    """The LCD's picture. Threads may ask at the same time: what is kept is replaced as a whole."""

    def __init__(
        self,
        look: Callable[[], Snapshot],
        calendar: Calendar,
        address: Callable[[], str],
        clock: Callable[[], Millis] = monotonic_ms,
    ) -> None:
        """``look`` gives the last Snapshot, or raises whatever it likes where there is none.

        ``address``: where the unit is on the network, empty while it is nowhere. ``clock`` is that of the Snapshot.
        """
        self._look = look
        self._calendar = calendar
        self._address = address
        self._clock = clock
        self._drawn: tuple[Screen, Image] | None = None
        self._encoded: tuple[Screen, Shown] | None = None

    def image(self) -> Image:
        """What the panel shows now; see draw.draw. Nobody may draw on it."""
        return self._image(self._screen(frozenset()))

    def shown(self, veiled: frozenset[str]) -> Shown:
        """The same as a PNG and as words; ``veiled``: the PINs whose digits are not shown while they are entered."""
        now = self._screen(veiled)
        kept = self._encoded
        if kept is None or kept[0] != now:
            self._encoded = kept = (now, Shown(png(self._image(now)), *lines(now)))
        return kept[1]

    def _screen(self, veiled: frozenset[str]) -> Screen:
        try:
            snapshot = self._look()
        except Exception:  # noqa: BLE001 - whatever it is, there is nothing that could be shown as true
            return NO_ANSWER
        now = self._clock()
        if now - snapshot.now > STALE_MS:
            return NO_ANSWER
        return screen(snapshot, Around(self._calendar, self._address(), veiled), now)

    def _image(self, now: Screen) -> Image:
        kept = self._drawn
        if kept is None or kept[0] != now:
            self._drawn = kept = (now, draw(now))
        return kept[1]
