"""The energy of one plug-in: from the first C after a plug-in to the next one's."""

from evsed.core.units import WattHours


class Charged:
    """Counts against the EV meter's import register; ``charged_wh`` stays readable until the next first C."""

    def __init__(self, *, is_open: bool, start_wh: WattHours | None, charged_wh: WattHours | None) -> None:
        self.is_open = is_open
        self.start_wh = start_wh
        self.charged_wh = charged_wh

    def began_charging(self) -> None:
        """State C was entered; only the first time after a plug-in starts a new count."""
        if not self.is_open:
            self.is_open, self.start_wh, self.charged_wh = True, None, None

    def unplugged(self) -> None:
        """The car is gone: the next C is another session."""
        self.is_open = False

    def meter_exchanged(self) -> None:
        """Another meter counts on from what is charged already."""
        self.start_wh = None

    def meter(self, import_wh: WattHours | None) -> None:
        """The EV meter's import register as it is now; None while it is not known."""
        if not self.is_open or import_wh is None:
            return
        if self.start_wh is None:
            self.start_wh = import_wh - (self.charged_wh or 0)
        self.charged_wh = max(0, import_wh - self.start_wh)
