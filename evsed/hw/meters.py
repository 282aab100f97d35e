"""The meter table: where each meter on the bus keeps what. Data only.

Owns the rows, and which settings make a row of the owner's own. What a row means is register_meter.py's, the Sensorbox
is sensorbox.py's, asking is the bus's; which meter has which role is the owner's setting.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from evsed.core.model import MeterType
from evsed.core.setting import Value
from evsed.core.settings import METER_NAMES, Settings
from evsed.hw.decoding import Form, ImplausibleError, Order
from evsed.hw.dialog import Meter, Read, Values
from evsed.hw.register_meter import Quantity, RegisterMeter, Row
from evsed.hw.sensorbox import Sensorbox

__all__ = ["ROWS", "ImplausibleError", "Meter", "Read", "Values", "meter_for", "needs"]


def _int64(register: int, exponent: int) -> Quantity:
    return Quantity(register, exponent, Form.INT64)


def _int32(register: int, exponent: int) -> Quantity:
    return Quantity(register, exponent, Form.INT32)


_EASTRON = Row(
    function=4,
    form=Form.FLOAT32,
    volts=Quantity(0x0000),
    amps=Quantity(0x0006),
    watts=Quantity(0x0034),
    import_kwh=Quantity(0x0048),
    export_kwh=Quantity(0x004A),
    signs=0x000C,
)

ROWS: Final[Mapping[MeterType, Row]] = MappingProxyType(
    {
        MeterType.PHOENIX: Row(
            function=4,
            form=Form.INT32,
            volts=Quantity(0x0000, 1),
            amps=Quantity(0x000C, 3),
            watts=Quantity(0x0028, 1),
            import_kwh=Quantity(0x003E, 1),
            order=Order.HBF_LWF,
        ),
        MeterType.FINDER_7E: Row(
            function=4,
            form=Form.FLOAT32,
            volts=Quantity(0x1000),
            amps=Quantity(0x100E),
            watts=Quantity(0x1026),
            import_kwh=Quantity(0x1106, 3),
            export_kwh=Quantity(0x110E, 3),
        ),
        MeterType.EASTRON3P: _EASTRON,
        MeterType.INV_EASTRON: replace(_EASTRON, fed_from_below=True),
        MeterType.ABB: Row(
            function=3,
            form=Form.INT32,
            volts=Quantity(0x5B00, 1),
            amps=Quantity(0x5B0C, 2),
            watts=Quantity(0x5B14, 2),
            import_kwh=_int64(0x5000, 2),
            export_kwh=_int64(0x5004, 2),
            signs=0x5B16,
        ),
        MeterType.SOLAREDGE: Row(
            function=3,
            form=Form.INT16,
            volts=Quantity(40196, scale=7),  # behind three phases, a mean and four more voltages of the SunSpec model
            amps=Quantity(40191, scale=3),
            watts=Quantity(40206, scale=1),
            import_kwh=_int32(40234, 3),
            export_kwh=_int32(40226, 3),
        ),
        MeterType.WAGO: Row(
            function=3,
            form=Form.FLOAT32,
            volts=Quantity(0x5002),
            amps=Quantity(0x500C),
            watts=Quantity(0x5012, -3),
            import_kwh=Quantity(0x600C),
            export_kwh=Quantity(0x6018),
        ),
        MeterType.EASTRON1P: replace(_EASTRON, watts=Quantity(0x000C), phases=1),
        MeterType.FINDER_7M: Row(
            function=4,
            form=Form.FLOAT32,
            volts=Quantity(2500),
            amps=Quantity(2516),
            watts=Quantity(2536),
            import_kwh=Quantity(2638, 3),
            signs=2530,
        ),
        MeterType.SINOTIMER: Row(
            function=4,
            form=Form.INT16,
            volts=Quantity(0x0000, 1),
            amps=Quantity(0x0003, 2),
            watts=Quantity(0x0008, parts=3),  # of each phase; it has no total
            import_kwh=_int32(0x0027, 2),
            export_kwh=_int32(0x0031, 2),
        ),
        MeterType.SCHNEIDER: Row(
            function=3,
            form=Form.FLOAT32,
            volts=Quantity(0x0BD3),
            amps=Quantity(0x0BB7),
            watts=Quantity(0x0BF3, -3),
            import_kwh=Quantity(0xB02B),
            export_kwh=Quantity(0xB02D),
            signs=0x0BED,
        ),
        MeterType.CHINT3P: Row(
            function=3,
            form=Form.FLOAT32,
            volts=Quantity(0x2000, 1),
            amps=Quantity(0x200C, 3),
            watts=Quantity(0x2012, 1),
            import_kwh=Quantity(0x101E),
            export_kwh=Quantity(0x1028),
            signs=0x2014,
        ),
        MeterType.CARLO_GAVAZZI: Row(
            function=4,
            form=Form.INT32,
            volts=Quantity(0x0000, 1),
            amps=Quantity(0x000C, 3),
            watts=Quantity(0x0028, 1),
            import_kwh=Quantity(0x0034, 1),
            export_kwh=Quantity(0x004E, 1),
            order=Order.HBF_LWF,
        ),
        MeterType.CHINT1P: Row(
            function=3,
            form=Form.FLOAT32,
            volts=Quantity(0x2000, 1),
            amps=Quantity(0x2002),
            watts=Quantity(0x2004, -3),
            import_kwh=Quantity(0x4000),
            export_kwh=Quantity(0x400A),
            signs=0x2004,
            phases=1,
        ),
    }
)
"""The meters whose registers never differ; the other types are the Sensorbox, Custom, and what is not on the bus."""

_CUSTOM_FORMS = (Form.INT32, Form.FLOAT32, Form.INT16)
_CUSTOM_KEYS = ("byte_order", "data_type", "function", "voltage_register", "voltage_divisor", "current_register",
                "current_divisor", "power_register", "power_divisor", "energy_register", "energy_divisor")  # fmt: skip
_SENSORBOX_KEYS = ("current_main", "grid", "sb2_wifi")


def meter_for(kind: MeterType, settings: Settings) -> Meter | None:
    """A dialog with a meter of type ``kind``; None for what is not on the bus (Disabled, API, Homewizrd).

    It stays good while ``needs(kind, settings)`` stays the same, and is to be kept so long: the Sensorbox's remembers.
    """
    if kind is MeterType.SENSORBOX:
        return Sensorbox(settings)
    row = custom(settings) if kind is MeterType.CUSTOM else ROWS.get(kind)
    return None if row is None else RegisterMeter(METER_NAMES[kind], row)


def needs(kind: MeterType, settings: Settings) -> tuple[Value, ...]:
    """The settings that the dialog with a meter of type ``kind`` was made from, address and host aside."""
    keys = {MeterType.SENSORBOX: _SENSORBOX_KEYS, MeterType.CUSTOM: _CUSTOM_KEYS}.get(kind, ())
    return (int(kind), *(settings[key] for key in keys))


def custom(settings: Settings) -> Row:
    """The owner's own row. Register 0 is "not set" for power and energy, because that is what both are before the owner
    has set them, and for the voltages as well while the currents are not set either: nothing is read rather than shown
    under a wrong name.
    """
    return Row(
        function=settings.function,
        form=_CUSTOM_FORMS[settings.data_type],
        volts=Quantity(settings.voltage_register, settings.voltage_divisor)
        if settings.voltage_register != settings.current_register
        else None,
        amps=Quantity(settings.current_register, settings.current_divisor),
        watts=Quantity(settings.power_register, settings.power_divisor) if settings.power_register else None,
        import_kwh=Quantity(settings.energy_register, settings.energy_divisor) if settings.energy_register else None,
        order=Order(settings.byte_order),
    )
