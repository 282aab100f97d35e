"""The Sensorbox 2: a mains meter with current transformers, and a window on the smart meter's P1 port. No I/O.

Owns its registers, and what it has to be told of the grid and of its WiFi. It is always at address 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from evsed.core.model import MeterType
from evsed.core.setting import Offers
from evsed.core.settings import METER_NAMES, Settings
from evsed.hw import decoding
from evsed.hw.decoding import Form, ImplausibleError, Order
from evsed.hw.dialog import Read, Values

ADDRESS: Final = 10

_READ_INPUT = 4
_WRITE_ONE = 6
_SHORT = Read(_READ_INPUT, 0x0000, 20)
_LONG = Read(_READ_INPUT, 0x0000, 32)  # of a box of version 1 and later, which has WiFi
_VERSION, _SOURCE, _VOLTS, _P1_AMPS, _CT_AMPS, _WIFI, _IP, _MAC, _PASSWORD = (
    0x0000,
    0x0001,
    0x0002,
    0x0008,
    0x000E,
    0x0014,
    0x0018,
    0x001A,
    0x001C,
)
_GRID_REGISTER = 0x0800
_WIFI_REGISTER = 0x0801
_KINDS = range(0x14, 0x18)
_ROTATION_LEFT, _THREE_WIRE = 0b01, 0b10
_P1, _CTS = 0x80, 0x03
_LEAST_CT_AMPS = 0.001
_BIG_MAINS_A = 100
_SETUP = 2


@dataclass(frozen=True, slots=True)
class Portal:
    """What a box of version 1 and later says of its network. The password is that of its set-up portal."""

    wifi: int  # 0 disabled, 1 enabled, 2 set-up
    ip: str  # 0.0.0.0 without a network
    mac: str  # its last four bytes
    password: str = field(repr=False)


class Sensorbox:
    """The dialog with the one Sensorbox on the bus. Remembers the version that it found."""

    name = METER_NAMES[MeterType.SENSORBOX]
    fixed_address = ADDRESS
    slow: tuple[Read, ...] = ()  # it has neither power nor energies
    extra: tuple[Read, ...] = ()  # its voltages come with the currents

    def __init__(self, settings: Settings) -> None:
        """MAINS, GRID and SB2 WIFI of ``settings`` matter."""
        self._double = settings.current_main > _BIG_MAINS_A  # transformers for 200 A instead of 100
        self._three_wire = settings.grid == 1
        self._wanted_wifi = settings.sb2_wifi
        self._set_up = False  # the set-up portal was opened as the owner wished; it closes by itself
        self._version: int | None = None
        self.offers = Offers()
        self.portal: Portal | None = None  # None: not known, or a box without WiFi

    @property
    def fast(self) -> Read:
        """Everything it has: it is one request."""
        return _SHORT if self._version is None or self._version >> 8 == 0 else _LONG

    def take(self, read: Read, words: Sequence[int]) -> Values:
        """Currents of the P1 port, else of the transformers; nothing while the box has no new data.

        Raises ImplausibleError for what is no Sensorbox 2 or measures what cannot be.
        """
        if len(words) != read.count or read not in {_SHORT, _LONG}:
            raise ImplausibleError(f"{len(words)} registers came instead of {read.count}")
        version, source = words[_VERSION], words[_SOURCE] & 0xFF
        if version & 0xFF not in _KINDS:
            raise ImplausibleError(
                f"the version in register {decoding.place(_VERSION)} is {version:#06x}; a Sensorbox 2 has 0x14 to 0x17"
                " in its low byte"
            )
        values = self._values(words, source)
        self._version = version
        measures = bool(source & (_P1 | _CTS))  # else it has no new data now, which says nothing about its transformers
        cts = source & _CTS == _CTS if measures else self.offers.sensorbox_cts
        self.offers = Offers(sensorbox_cts=cts, sensorbox_wifi=version >> 8 >= 1)
        self.portal = _portal(words) if read == _LONG and self.offers.sensorbox_wifi else None
        self._set_up = self._set_up or (self.portal is not None and self.portal.wifi == _SETUP)
        return values

    def write(self) -> tuple[int, int, int] | None:
        """The grid's wiring while transformers measure it and the box believes otherwise, then the mode of its WiFi.

        The rotation has no owner setting: the box keeps the one it has.
        """
        version = self._version
        if version is None:
            return None
        if self.offers.sensorbox_cts and bool(version & _THREE_WIRE) != self._three_wire:
            return _WRITE_ONE, _GRID_REGISTER, (version & _ROTATION_LEFT) | (_THREE_WIRE if self._three_wire else 0)
        done = self._wanted_wifi == _SETUP and self._set_up
        if self.portal is not None and self.portal.wifi != self._wanted_wifi and not done:
            return _WRITE_ONE, _WIFI_REGISTER, self._wanted_wifi
        return None

    def _values(self, words: Sequence[int], source: int) -> Values:
        if source & _P1:
            return Values(decoding.three(self._currents(words, _P1_AMPS)), volts=_volts(words))
        if source & _CTS == _CTS:
            return Values(decoding.three(self._currents(words, _CT_AMPS, transformers=True)))
        return Values()

    def _currents(self, words: Sequence[int], first: int, *, transformers: bool = False) -> list[int]:
        currents = []
        for phase, amps in enumerate(_floats(words, first)):
            seen = amps
            if transformers:
                seen = 0.0 if abs(amps) < _LEAST_CT_AMPS else amps * (2 if self._double else 1)
            currents.append(decoding.current(seen, phase + 1, first + 2 * phase))
        return currents


def _floats(words: Sequence[int], first: int) -> list[float]:
    return decoding.numbers(words[first : first + 6], Form.FLOAT32, Order.HBF_HWF)


def _volts(words: Sequence[int]) -> tuple[float, float, float] | None:
    """The voltages; None when the smart meter tells none, as those of DSMR before 5.0."""
    l1, l2, l3 = (
        decoding.voltage(volts, phase + 1, _VOLTS + 2 * phase) for phase, volts in enumerate(_floats(words, _VOLTS))
    )
    return (l1, l2, l3) if l1 else None


def _portal(words: Sequence[int]) -> Portal:
    ip, mac, password = (
        b"".join(word.to_bytes(2, "big") for word in words[first : first + count])
        for first, count in ((_IP, 2), (_MAC, 2), (_PASSWORD, 4))
    )
    return Portal(
        wifi=words[_WIFI] & 0x03,
        ip=".".join(str(byte) for byte in ip),
        mac=mac.hex(":"),
        password="".join(chr(byte) for byte in password if 0x20 <= byte < 0x7F),
    )
