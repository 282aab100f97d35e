"""What the session of a car is told of the charger at one moment."""

from typing import NamedTuple

from evsed.core.model import NO_CURRENT, PhaseCurrents
from evsed.core.units import Deciamps, Millis, WattHours


class Look(NamedTuple):
    """What the session has to know at one moment; None is "not known"."""

    connected: bool = False
    gone: bool = False  # the car is known not to be there, which is more than not connected
    closed: tuple[bool, bool] = (False, False)  # contactor 1 and 2 have just been closed
    card: str = ""
    card_name: str = ""
    mode: str = ""
    unix_s: int | None = None
    import_wh: WattHours | None = None
    import_at: Millis | None = None
    drawn: PhaseCurrents = NO_CURRENT  # by the car, as its meter said at ``drawn_at``
    drawn_at: Millis | None = None
    imported: PhaseCurrents | None = None  # by the mains, as its meter said at ``imported_at``
    imported_at: Millis | None = None
    all_drawn: Deciamps = 0  # by all cars behind that meter, if that is known: the sum of the phases
