"""Which screen the LCD shows: the open menu, a held button, an error, and else what the charger does and why.

Until the charger is set up, what is left to do for that.
"""

from evsed.core.model import Mode
from evsed.core.screens import errors, first_run, held, menu_page
from evsed.core.screens.around import Around
from evsed.core.screens.figures import amps
from evsed.core.screens.flow import charging_lines, flow
from evsed.core.screens.screen import Screen, Words
from evsed.core.screens.wordings import CARD_WORDS, wording
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from evsed.core.units import Millis


def screen(snapshot: Snapshot, around: Around, now: Millis) -> Screen:
    """The screen at ``now`` (monotonic ms, a little later than the Snapshot's perhaps)."""
    panel = snapshot.panel
    if panel.menu is not None:
        return menu_page.page(panel.menu, snapshot, around, now)
    if panel.holding is not None:
        return held.words(panel.holding, snapshot, ripe=panel.ripe)
    if (error := snapshot.error) is not None:
        return errors.words(error, snapshot, now)
    if panel.card_says in CARD_WORDS:
        return Words(CARD_WORDS[panel.card_says].words)
    if snapshot.left_to_do:
        return first_run.words(snapshot, around, now)
    if snapshot.state is State.C:
        return _charging(snapshot, now)
    said = wording(snapshot, around, now)
    if snapshot.mode is Mode.NORMAL or not said.line:
        return Words(said.words)
    return flow(snapshot, said.line, now)


def _charging(snapshot: Snapshot, now: Millis) -> Screen:
    if snapshot.mode is Mode.NORMAL:
        return Words(("CHARGING", amps(snapshot.offer)))
    return flow(snapshot, charging_lines(snapshot), now)
