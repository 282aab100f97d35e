"""Our own Modbus registers, as other chargers on the bus and outside readers over TCP see them. Pure.

Owns which register shows what, and which writes are understood. Frames are rs485.py's and modbus_tcp.py's, whether a
change is allowed right now is the core's. Source: the charger bus of the SmartEVSE firmware.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from evsed.core.duty import HIGHEST_OFFER
from evsed.core.events import ChangeSetting, ChooseMode, Command, Override
from evsed.core.model import Access, MeterRole, Mode, PhaseCurrents, choice_of
from evsed.core.setting import Setting, SettingError, Value
from evsed.core.settings import TABLE
from evsed.core.snapshot import Snapshot
from evsed.core.wire import (
    CHARGERS,
    HIGHEST_ERROR,
    HIGHEST_STATE,
    LONGEST_SOLAR_S,
    MasterOffered,
    MasterSet,
    MasterTold,
    WireEvent,
)

ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3

STATE, ERROR, CURRENT, MODE, SOLAR_TIMER, ACCESS, CONFIG_CHANGED = range(7)
OFFERS: Final = 0x0020
NODE_SETTINGS: Final = 0x0100
SYSTEM_SETTINGS: Final = 0x0200

UNKNOWN_CURRENT: Final = 0x8000
"""In register 9 of a charger whose EV meter says nothing: the wire has no "unknown", and 0 would say that the car draws
nothing. SunSpec's mark of a signed register that is not there: -3276.8 A, which nobody takes for measured.
"""

HIGHEST_MAINS: Final = 10_000
"""dA; no meter is believed to measure more. A house may take more than its fuse: then the offers are needed most."""

_KELVIN: Final = 273
_WORD: Final = 0xFFFF
_TOLD: Final = frozenset({STATE, ERROR, MODE, SOLAR_TIMER, CONFIG_CHANGED})
_NO_TEXT: Final = 0


class RefusedError(Exception):
    """What the registers do not take or have not; ``code`` is the Modbus exception: 2 address, 3 value."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


# ---- reading ----


def _most(snapshot: Snapshot) -> int:
    """A: the least of MAX and the cable; a socket without a cable carries nothing."""
    highest = snapshot.settings.current_max
    return highest if snapshot.settings.config == 1 else min(snapshot.cable // 10, highest)


def _real_current(snapshot: Snapshot) -> int:
    ev = snapshot.meters[MeterRole.EV]
    if not ev.fresh or ev.values.currents is None:
        return UNKNOWN_CURRENT
    return max(ev.values.currents.each()) & _WORD


def _kelvin(snapshot: Snapshot) -> int:
    """0 while unknown: colder than any charger."""
    return 0 if snapshot.temperature_c is None else snapshot.temperature_c + _KELVIN


Shows: TypeAlias = Callable[[Snapshot], int]

_STATUS: Final[tuple[Shows, ...]] = (
    lambda snapshot: int(snapshot.state),
    lambda snapshot: snapshot.error_bits,
    lambda snapshot: snapshot.offer,  # dA
    lambda snapshot: int(snapshot.mode),
    lambda snapshot: snapshot.solar_stop_s,
    lambda snapshot: int(snapshot.access),
    lambda _snapshot: 0,  # configuration changed: the bus's own knowledge, filled in by ``read``
    _most,
    lambda snapshot: snapshot.phases,
    _real_current,  # dA, signed
    _kelvin,
    lambda _snapshot: 0,  # serial number: the installation's, filled in by ``read``
)
_SERIAL: Final = len(_STATUS) - 1

SETTINGS: Final[Mapping[int, Setting]] = MappingProxyType(
    {row.register: row for row in TABLE.values() if row.register is not None}
)
"""The settings that have a register; a host name does not fit into its own and reads as 0."""


def read(snapshot: Snapshot, serial: int, config_changed: bool, first: int, count: int) -> list[int]:
    """``count`` registers from ``first``; function 3 and function 4 show the same.

    ``serial`` is the unit's number, ``config_changed`` whether our master has to read the EV meter's type anew.
    Raises RefusedError with code 2 where there is no register, or not that many in a row.
    """
    words = {register: shows(snapshot) for register, shows in enumerate(_STATUS)}
    words[CONFIG_CHANGED], words[_SERIAL] = int(config_changed), serial
    words |= {register: _shown(snapshot.settings[row.key]) for register, row in SETTINGS.items()}
    registers = range(first, first + count)
    for register in registers:
        if register not in words:
            raise RefusedError(ILLEGAL_ADDRESS, f"there is no register {register:#06x} to read")
    return [words[register] & _WORD for register in registers]


def _shown(value: Value) -> int:
    return value if isinstance(value, int) else _NO_TEXT


# ---- written by our master ----


def from_master(snapshot: Snapshot, first: int, values: Sequence[int]) -> WireEvent | ChangeSetting | None:
    """What our master means by writing ``values`` to the registers from ``first``. We are its node.

    None: nothing for the core; it has read our configuration (a 0 in register 6, which the caller looks at itself).
    What it writes into the current and the access of a longer run has no effect: the current comes with the offers, the
    access is the owner's. Raises RefusedError, and then nothing of the run may be used.
    """
    if first == OFFERS:
        return _offered(snapshot, values)
    if first < NODE_SETTINGS:
        return _told(first, values)
    if first < SYSTEM_SETTINGS:
        key, value = _one_setting(first, values)
        return ChangeSetting(key, value)
    return _set(first, values)


def _told(first: int, values: Sequence[int]) -> MasterTold | None:
    words = dict(enumerate(values, first))
    if not words or max(words) > CONFIG_CHANGED or not _TOLD & words.keys():
        raise RefusedError(ILLEGAL_ADDRESS, f"{_run(first, values)}: a master writes the registers 0, 1, 3, 4 and 6")
    _within(words, STATE, HIGHEST_STATE, "a state")
    _within(words, ERROR, HIGHEST_ERROR, "error bits")
    _within(words, MODE, max(Mode), "a mode")
    _within(words, SOLAR_TIMER, LONGEST_SOLAR_S, "the solar timer (s)")
    _within(words, ACCESS, max(Access), "an access")
    _within(words, CONFIG_CHANGED, 0, '"configuration changed" from its reader')
    if words.keys() == {CONFIG_CHANGED}:
        return None
    mode = words.get(MODE)
    return MasterTold(words.get(STATE), words.get(ERROR), None if mode is None else Mode(mode), words.get(SOLAR_TIMER))


def _within(words: Mapping[int, int], register: int, highest: int, what: str) -> None:
    value = words.get(register, 0)
    if not 0 <= value <= highest:
        raise RefusedError(ILLEGAL_VALUE, f"register {register:#06x}: {what} is 0 to {highest}, not {value}")


def _offered(snapshot: Snapshot, values: Sequence[int]) -> MasterOffered:
    if len(values) not in {CHARGERS, CHARGERS + 3}:
        wanted = f"{CHARGERS} offers come, and 3 currents of the mains or none"
        raise RefusedError(ILLEGAL_ADDRESS, f"{_run(OFFERS, values)}: {wanted}")
    if snapshot.settings.loadbl < 2:
        raise RefusedError(ILLEGAL_ADDRESS, f"{_run(OFFERS, values)}: this charger is no node")
    offers, mains = values[:CHARGERS], tuple(_signed(word) for word in values[CHARGERS:])
    for charger, offer in enumerate(offers):
        if not 0 <= offer <= HIGHEST_OFFER:
            limit = f"an offer is 0 to {HIGHEST_OFFER} (0.1 A), not {offer}"
            raise RefusedError(ILLEGAL_VALUE, f"register {OFFERS + charger:#06x}: {limit}")
    for phase, current in enumerate(mains):
        if abs(current) > HIGHEST_MAINS:
            limit = f"a current of the mains is within +-{HIGHEST_MAINS} (0.1 A), not {current}"
            raise RefusedError(ILLEGAL_VALUE, f"register {OFFERS + CHARGERS + phase:#06x}: {limit}")
    return MasterOffered(offers[snapshot.settings.loadbl - 1], PhaseCurrents(*mains) if mains else None)


def _signed(word: int) -> int:
    return word - 0x1_0000 if word & 0x8000 else word


def _one_setting(first: int, values: Sequence[int]) -> tuple[str, Value]:
    if len(values) != 1:
        raise RefusedError(ILLEGAL_VALUE, f"{_run(first, values)}: settings are written one at a time")
    row = SETTINGS.get(first)
    if row is None or row.is_text:
        raise RefusedError(ILLEGAL_ADDRESS, f"there is no register {first:#06x} to write")
    return row.key, _parsed(first, row, values[0])


def _set(first: int, values: Sequence[int]) -> MasterSet | None:
    given: list[tuple[str, Value]] = []
    for register, word in enumerate(values, first):
        row = SETTINGS.get(register)
        if row is None:
            raise RefusedError(ILLEGAL_ADDRESS, f"there is no register {register:#06x} to write")
        if not row.is_text:  # a host name's register only fills the row: all of them come in one go
            given.append((row.key, _parsed(register, row, word)))
    return MasterSet(tuple(given)) if given else None


def _parsed(register: int, row: Setting, word: int) -> Value:
    try:
        return row.parse(word)
    except SettingError as error:
        raise RefusedError(ILLEGAL_VALUE, f"register {register:#06x}: {error}") from None


def _run(first: int, values: Sequence[int]) -> str:
    return f"{len(values)} registers from {first:#06x}"


# ---- written by a program over Modbus TCP ----


def from_outside(snapshot: Snapshot, first: int, values: Sequence[int]) -> Command:
    """The command that a program gives by writing ``values`` to the registers from ``first``.

    One register a request: so a request is carried out as a whole or not at all. Raises RefusedError.
    """
    if first >= NODE_SETTINGS:
        if first in SETTINGS and SETTINGS[first].installer:
            why = "Modbus knows no login, so what belongs to the installation is not written from outside"
            raise RefusedError(ILLEGAL_ADDRESS, f"register {first:#06x}: {SETTINGS[first].key}: {why}")
        return ChangeSetting(*_one_setting(first, values))
    if first not in {CURRENT, MODE, ACCESS}:
        raise RefusedError(ILLEGAL_ADDRESS, f"there is no register {first:#06x} to write")
    if len(values) != 1:
        raise RefusedError(ILLEGAL_VALUE, f"{_run(first, values)}: they are written one at a time")
    word = {first: values[0]}
    if first == CURRENT:
        _within(word, CURRENT, HIGHEST_OFFER, "an override (0.1 A)")
        return Override(values[0])
    if first == MODE:
        _within(word, MODE, max(Mode), "a mode")
        return ChangeSetting("mode", values[0])
    _within(word, ACCESS, max(Access), "an access")
    return ChooseMode(choice_of(snapshot.mode, Access(values[0])))
