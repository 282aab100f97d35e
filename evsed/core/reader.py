"""What a card that is held to the reader does: in each of the reader's modes, and in the words that clients know.

Owns the modes and the words. Which cards there are is cards.py's, how long one counts grant.py's.
"""

from enum import IntEnum
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from evsed.core.cards import MOST_CARDS, UID_TOLD, Card, is_uid
from evsed.core.events import AddCards, ChangeCard, RemoveCards, SwipeCard, Verdict
from evsed.core.model import Access
from evsed.core.units import Millis

if TYPE_CHECKING:
    from evsed.core.commands import Desk


class Reader(IntEnum):
    """RFID: what a card does; the numbers are those of the setting."""

    DISABLED = 0
    ENABLE_ALL = 1  # every card that is known and enabled switches access on and off
    ENABLE_ONE = 2  # the card that started has to stop, and until then the cable is locked
    LEARN = 3
    DELETE = 4
    DELETE_ALL = 5


ASKING: Final = frozenset({Reader.ENABLE_ALL, Reader.ENABLE_ONE})
"""In these a card switches access."""

NOT_INSTALLED: Final = "Not Installed"
READY: Final = "Ready to read card"
PRESENT: Final = "Present"
STORED: Final = "Card Stored"
DELETED: Final = "Card Deleted"
KNOWN: Final = "Card already stored"
NOT_KNOWN: Final = "Card not in storage"
FULL: Final = "Card Storage full"
INVALID: Final = "Invalid"

_OFF: Final = "no card reader is switched on: choose one under RFID first"
_STRANGE: Final = "this card is not known: add it to the list of cards, or choose Learn under RFID and hold it again"
_SWITCHED_OFF: Final = "this card is switched off: switch it on in the list of cards"
_ANOTHERS: Final = "another card let this car charge: that one has to end it, or mode Off does"
_FULL: Final = f"there are {MOST_CARDS} cards, and no room for more: remove some first"
SURE: Final = "DeleteAll forgets every card: choose Delete first, and DeleteAll after that"


CardCommand: TypeAlias = SwipeCard | AddCards | ChangeCard | RemoveCards


def carry_out(command: CardCommand, desk: "Desk", now: Millis) -> Verdict:
    """Carries ``command`` out, or says why not."""
    match command:
        case SwipeCard(uid):
            return _swipe(desk, uid, now)
        case AddCards(cards, anew):
            return Verdict(desk.cards.add(cards, desk.unix_s, anew=anew))
        case ChangeCard(uid, name, enabled):
            return Verdict(desk.cards.change(uid, name, enabled, desk.unix_s))
        case RemoveCards(uids):
            return Verdict(desk.cards.remove(uids))
        case _:
            assert_never(command)


def _swipe(desk: "Desk", uid: str, now: Millis) -> Verdict:
    """A card is held to the reader, or somebody far away says so."""
    reader = Reader(desk.settings.rfidreader)
    if not is_uid(uid):
        return Verdict(UID_TOLD)
    if reader is Reader.DISABLED:
        return Verdict(_OFF)
    uid = uid.upper()
    if reader in ASKING:
        says, refused = _use(desk, uid, reader, now)
    elif reader is Reader.LEARN:
        says, refused = _learn(desk, uid)
    else:
        says, refused = _delete(desk, uid), ""
    desk.panel.card_read(uid, says, now)
    return Verdict(refused)


def asks_for_card(desk: "Desk") -> bool:
    """Whether a card is what the charger waits for."""
    reader = Reader(desk.settings.rfidreader)
    return reader in ASKING and not _runs(desk, reader)


def forget_all(desk: "Desk", now: Millis) -> None:
    """DeleteAll was chosen."""
    desk.cards.all = ()
    desk.panel.card_said(DELETED, now)


def _use(desk: "Desk", uid: str, reader: Reader, now: Millis) -> tuple[str, str]:
    grant, card = desk.cards.grant, desk.cards.find(uid)
    runs = _runs(desk, reader)
    if not (runs and uid == grant.holder):  # who started may stop, whatever has become of the card since
        if card is None:
            return INVALID, _STRANGE
        if not card.enabled:
            return INVALID, _SWITCHED_OFF
        if runs and reader is Reader.ENABLE_ONE and grant.holder:
            return INVALID, _ANOTHERS
    if runs:
        grant.end()
        desk.access = Access.DENY
    else:
        grant.begin(uid, now)
        desk.access = Access.DENY if desk.timer.waits else Access.ALLOW
    return PRESENT, ""


def _runs(desk: "Desk", reader: Reader) -> bool:
    """Whether a card would end what goes on, and not begin.

    What was allowed and whose time is over (a stop time) begins again with EnableAll; with EnableOne the cable is still
    locked, and comes free first.
    """
    over = desk.access is Access.DENY and not desk.timer.waits and reader is not Reader.ENABLE_ONE
    return desk.cards.grant.valid and not over


def _learn(desk: "Desk", uid: str) -> tuple[str, str]:
    if desk.cards.find(uid) is not None:
        return KNOWN, ""
    if desk.cards.full:
        return FULL, _FULL
    desk.cards.add((Card(uid),), desk.unix_s)
    return STORED, ""


def _delete(desk: "Desk", uid: str) -> str:
    return NOT_KNOWN if desk.cards.remove((uid,)) else DELETED
