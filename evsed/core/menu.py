"""When the LCD's menu shows a setting: one small question each, asked of the settings in force.

Owns the questions (facts of the LCD menu); which setting asks which stands in settings.py.
"""

from typing import TYPE_CHECKING, Final

from evsed.core.model import MeterType, Mode
from evsed.core.setting import Offers, Shown

if TYPE_CHECKING:
    from evsed.core.settings import Settings

SUM_MAINS_OFF: Final = 600
"""The value of SUMMAINS that means "no limit"."""


def always(_settings: "Settings", _offers: Offers) -> bool:
    return True


def never(_settings: "Settings", _offers: Offers) -> bool:
    return False


def _is_node(settings: "Settings") -> bool:
    return settings.loadbl > 1


def socket(settings: "Settings", _offers: Offers) -> bool:
    return settings.config == 0


def regulated(settings: "Settings", _offers: Offers) -> bool:
    return settings.mode != Mode.NORMAL


def regulated_here(settings: "Settings", _offers: Offers) -> bool:
    return settings.mode != Mode.NORMAL and not _is_node(settings)


def solar_here(settings: "Settings", _offers: Offers) -> bool:
    return settings.mode == Mode.SOLAR and not _is_node(settings)


def mains_here(settings: "Settings", _offers: Offers) -> bool:
    return settings.mains_meter != MeterType.DISABLED and not _is_node(settings)


def sum_limited(settings: "Settings", offers: Offers) -> bool:
    return mains_here(settings, offers) and settings.current_max_sum_mains < SUM_MAINS_OFF


def circuit_limited(settings: "Settings", _offers: Offers) -> bool:
    return settings.loadbl == 1 or settings.circuit_meter != MeterType.DISABLED


def grid_wiring(settings: "Settings", offers: Offers) -> bool:
    return settings.mains_meter == MeterType.SENSORBOX and offers.sensorbox_cts


def sensorbox_wifi(settings: "Settings", offers: Offers) -> bool:
    return settings.mains_meter == MeterType.SENSORBOX and offers.sensorbox_wifi


NOT_ON_THE_BUS = frozenset({MeterType.DISABLED, MeterType.API, MeterType.HOMEWIZARD})


def addressed(role_key: str) -> Shown:
    def shown(settings: "Settings", offers: Offers) -> bool:
        return _role_shown(role_key)(settings, offers) and settings[role_key] not in {
            *NOT_ON_THE_BUS,
            MeterType.SENSORBOX,
        }

    return shown


def networked(role_key: str) -> Shown:
    def shown(settings: "Settings", offers: Offers) -> bool:
        return _role_shown(role_key)(settings, offers) and settings[role_key] == MeterType.HOMEWIZARD

    return shown


def _role_shown(role_key: str) -> Shown:
    return regulated if role_key == "ev_meter" else regulated_here


def custom_meter(settings: "Settings", _offers: Offers) -> bool:
    return MeterType.CUSTOM in {settings.mains_meter, settings.ev_meter, settings.circuit_meter}
