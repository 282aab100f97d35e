"""What the LCD shows until the charger is set up: what is left to do, a page at a time."""

from typing import Final

from evsed.core.screens.around import Around
from evsed.core.screens.screen import Words
from evsed.core.snapshot import Snapshot
from evsed.core.units import Millis

PAGE_MS: Final[Millis] = 4_000
"""How long each page stays."""

ADDRESS_MOST: Final = 16


def words(snapshot: Snapshot, around: Around, now: Millis) -> Words:
    """The page at ``now``. What is done already has none."""
    left = [step for step in snapshot.left_to_do if not step.done]
    pages = [_heading(len(left), around.address), *(step.lcd for step in left)]
    return Words(pages[now // PAGE_MS % len(pages)])


def _heading(left: int, address: str) -> tuple[str, ...]:
    known = 0 < len(address) <= ADDRESS_MOST
    return ("NOT SET UP YET", f"{left} LEFT TO DO", *(("SEE WEB PAGE AT", address) if known else ("SEE WEB PAGE",)))
