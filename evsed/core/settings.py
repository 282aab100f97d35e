"""The owner settings, as one typed table: everything that shows, stores or sends a setting is generated from it.

Owns key, name on the LCD, range, default, choices, unit, when shown and Modbus register of each setting. Storing them
is ``evsed.store``, asking whether a change is allowed right now is the controller's.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from evsed.core import menu
from evsed.core.menu import SUM_MAINS_OFF
from evsed.core.model import Contactor2, MeterType
from evsed.core.setting import Setting, SettingError, Value, choice, colour, host, number, web_address, words

METER_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        MeterType.DISABLED: "Disabled",
        MeterType.SENSORBOX: "Sensorbox",
        MeterType.PHOENIX: "Phoenix C",
        MeterType.FINDER_7E: "Finder 7E",
        MeterType.EASTRON3P: "Eastron3P",
        MeterType.INV_EASTRON: "InvEastrn",
        MeterType.ABB: "ABB",
        MeterType.SOLAREDGE: "SolarEdge",
        MeterType.WAGO: "WAGO",
        MeterType.API: "API",
        MeterType.EASTRON1P: "Eastron1P",
        MeterType.FINDER_7M: "Finder 7M",
        MeterType.SINOTIMER: "Sinotimer",
        MeterType.HOMEWIZARD: "Homewizrd",
        MeterType.SCHNEIDER: "Schneider",
        MeterType.CHINT3P: "Chint 3P",
        MeterType.CARLO_GAVAZZI: "C.Gavazzi",
        MeterType.CHINT1P: "Chint 1P",
        MeterType.CUSTOM: "Custom",
    }
)


_OFF_ON: Final = ("Disabled", "Enabled")


@dataclass(frozen=True, slots=True)
class Settings:
    """The value of every owner setting, in menu order. Immutable: ``replace`` gives the changed copy.

    Currents are whole amperes per phase, except where the description says "sum".
    """

    mode: int = choice(
        "MODE", "Normal, Smart or Solar EVSE mode", ("Normal", "Smart", "Solar"), 0, register=0x0200, shown=menu.always
    )
    config: int = choice(
        "CONFIG", "Fixed cable or type 2 socket", ("Socket", "Fixed"), 0, register=0x0100, shown=menu.always
    )
    lock: int = choice(
        "LOCK",
        "Cable locking actuator type",
        ("Disabled", "Solenoid", "Motor"),
        0,
        register=0x0101,
        shown=menu.socket,
    )
    loadbl: int = choice(
        "PWR SHARE",
        "Share power between chargers",
        ("Disabled", "Master", *(f"Node {n}" for n in range(1, 8))),
        0,
        register=0x0104,
        shown=menu.always,
    )
    mains_meter: int = choice(
        "MAINS MET", "Type of mains meter", METER_NAMES, 0, register=0x0208, shown=menu.regulated_here
    )
    grid: int = choice(
        "GRID",
        "Grid type to which the Sensorbox is connected",
        ("4Wire", "3Wire"),
        0,
        register=0x0202,
        shown=menu.grid_wiring,
    )
    sb2_wifi: int = choice(
        "SB2 WIFI",
        "WiFi of the Sensorbox 2",
        ("Disabled", "Enabled", "Setup"),
        0,
        register=0x0203,
        shown=menu.sensorbox_wifi,
    )
    mains_meter_address: int = number(
        "MAINS ADR",
        "Address of the mains meter",
        10,
        247,
        10,
        register=0x0209,
        shown=menu.addressed("mains_meter"),
    )
    mains_meter_host: str = host(
        "MAINS HST", "Networked mains meter", register=0x020A, shown=menu.networked("mains_meter")
    )
    circuit_meter_host: str = host(
        "CIRCT HST", "Networked circuit meter", register=0x020D, shown=menu.networked("circuit_meter")
    )
    ev_meter_host: str = host("EV HST", "Networked EV meter", shown=menu.networked("ev_meter"))
    circuit_meter: int = choice(
        "CIRCT MET", "Type of circuit meter", METER_NAMES, 0, register=0x020B, shown=menu.regulated_here
    )
    circuit_meter_address: int = number(
        "CIRCT ADR",
        "Address of the circuit meter",
        10,
        247,
        13,
        register=0x020C,
        shown=menu.addressed("circuit_meter"),
    )
    current_max_circuit: int = number(
        "CIRCUIT", "EVSE circuit max current", 10, 160, 16, unit="A", register=0x0201, shown=menu.circuit_limited
    )
    ev_meter: int = choice("EV METER", "Type of EV meter", METER_NAMES, 0, register=0x0108, shown=menu.regulated)
    ev_meter_address: int = number(
        "EV ADDR", "Address of the EV meter", 11, 247, 12, register=0x0109, shown=menu.addressed("ev_meter")
    )
    byte_order: int = choice(
        "BYTE ORD",
        "Byte order of the custom meter",
        ("LBF & LWF", "LBF & HWF", "HBF & LWF", "HBF & HWF"),
        0,
        register=0x020E,
        shown=menu.custom_meter,
    )
    data_type: int = choice(
        "DATA TYPE",
        "Data type of the custom meter",
        ("INT32", "FLOAT32", "INT16"),
        0,
        register=0x020F,
        shown=menu.custom_meter,
    )
    function: int = choice(
        "FUNCTION",
        "Modbus function of the custom meter",
        {3: "3:Hold. Regs", 4: "4:Input Regs"},
        3,
        register=0x0210,
        shown=menu.custom_meter,
    )
    voltage_register: int = number(
        "VOL REGI",
        "First voltage register of the custom meter",
        0,
        65534,
        0,
        register=0x0211,
        shown=menu.custom_meter,
    )
    voltage_divisor: int = number(
        "VOL DIVI", "Power of ten of the voltage divisor", 0, 7, 0, register=0x0212, shown=menu.custom_meter
    )
    current_register: int = number(
        "CUR REGI",
        "First current register of the custom meter",
        0,
        65534,
        0,
        register=0x0213,
        shown=menu.custom_meter,
    )
    current_divisor: int = number(
        "CUR DIVI", "Power of ten of the current divisor", 0, 7, 0, register=0x0214, shown=menu.custom_meter
    )
    power_register: int = number(
        "POW REGI", "Power register of the custom meter", 0, 65534, 0, register=0x0215, shown=menu.custom_meter
    )
    power_divisor: int = number("POW DIVI", "Power of ten of the power divisor", 0, 7, 0, shown=menu.custom_meter)
    energy_register: int = number(
        "ENE REGI", "Energy register of the custom meter", 0, 65534, 0, shown=menu.custom_meter
    )
    energy_divisor: int = number("ENE DIVI", "Power of ten of the energy divisor", 0, 7, 0, shown=menu.custom_meter)
    current_main: int = number(
        "MAINS",
        "Max mains current (per phase)",
        10,
        200,
        25,
        unit="A",
        register=0x0204,
        shown=menu.mains_here,
    )
    current_min: int = number(
        "MIN",
        "Min charge current the EV accepts (per phase)",
        6,
        16,
        6,
        unit="A",
        register=0x0102,
        shown=menu.mains_here,
    )
    current_max: int = number(
        "MAX", "Max charge current of this EVSE (per phase)", 6, 80, 13, unit="A", register=0x0103, shown=menu.always
    )
    solar_start_current: int = number(
        "START",
        "Surplus energy start current (sum of phases)",
        0,
        48,
        4,
        unit="A",
        register=0x0205,
        shown=menu.solar_here,
    )
    solar_stop_time: int = number(
        "STOP",
        "Stop solar charging at MIN after this time; 0 never stops",
        0,
        60,
        10,
        unit="min",
        register=0x0206,
        shown=menu.solar_here,
    )
    solar_max_import: int = number(
        "IMPORT",
        "Grid power allowed when solar charging (sum of phases)",
        0,
        48,
        0,
        unit="A",
        register=0x0207,
        shown=menu.solar_here,
    )
    enable_C2: int = choice(
        "CONTACT 2",
        "Second contactor, for L2 and L3",
        {
            Contactor2.NOT_PRESENT: "Not present",
            Contactor2.ALWAYS_OFF: "Always Off",
            Contactor2.SOLAR_OFF: "Solar Off",
            Contactor2.ALWAYS_ON: "Always On",
            Contactor2.AUTO: "Auto",
        },
        0,
        shown=menu.regulated,
    )
    switch: int = choice(
        "SWITCH",
        "External switch on input SW",
        (
            "Disabled",
            "Access B",
            "Access S",
            "Smart-Solar B",
            "Smart-Solar S",
            "Grid Relay",
            "Custom B",
            "Custom S",
        ),
        0,
        register=0x0105,
        shown=menu.always,
    )
    led_mode: int = choice("LED MODE", "Colour scheme of the LED", ("Standard", "Public"), 0, shown=menu.always)
    rcmon: int = choice("RCMON", "Residual current monitor", _OFF_ON, 0, register=0x0106, shown=menu.always)
    rfidreader: int = choice(
        "RFID",
        "Card reader",
        ("Disabled", "EnableAll", "EnableOne", "Learn", "Delete", "DeleteAll"),
        0,
        register=0x0107,
        shown=menu.always,
    )
    temp_max: int = number("MAX TEMP", "Maximum temperature of the board", 40, 75, 65, unit="C", shown=menu.always)
    current_max_sum_mains: int = number(
        "SUMMAINS",
        "Capacity rate: limit on the sum of the mains currents",
        10,
        SUM_MAINS_OFF,
        SUM_MAINS_OFF,
        unit="A",
        shown=menu.mains_here,
    )
    max_sum_mains_time: int = number(
        "CAP STOP", "Minutes above SUMMAINS before charging stops", 0, 60, 0, unit="min", shown=menu.sum_limited
    )
    lcd_pin: int = number(
        "LCD PIN", "PIN to use the buttons from the web page; 0 is off", 0, 9999, 0, shown=menu.always, secret=True
    )
    installer_pin: int = number(
        "INST PIN",
        "PIN of the installer, to change the installation from afar; 0 is none",
        0,
        99_999_999,
        0,
        shown=menu.always,
        secret=True,
        kept=False,
    )
    set_up: int = choice(
        "SET UP",
        "Done: the installer has worked off this charger's list",
        ("Not done", "Done"),
        0,
        shown=menu.always,
    )
    normal_without_meter: int = choice(
        "", "Normal mode while the mains meter is silent", ("Minimum", "Keep"), 0, shown=menu.never
    )
    cablelock: int = choice("", "Keep the cable locked when no car is connected", _OFF_ON, 0, shown=menu.never)
    derating: int = choice("", "Offer less in steps before MAX TEMP is reached", _OFF_ON, 1, shown=menu.never)
    closings_per_hour: int = number("", "Contactor closings in an hour, at most", 4, 60, 30, shown=menu.never)
    phase_switches_per_hour: int = number(
        "", "Changes between one and three phases in an hour, at most (CONTACT 2 Auto)", 0, 30, 6, shown=menu.never
    )
    rotation_time: int = number(
        "",
        "Minutes a car charges, at least, while others wait for their turn (power sharing)",
        1,
        240,
        15,
        unit="min",
        shown=menu.never,
    )
    restart_delay: int = number(
        "", "Random wait after a power cut, at most; spares the grid", 0, 60, 0, unit="s", shown=menu.never
    )

    lcdlock: int = choice("", "Lock the buttons under the LCD", _OFF_ON, 0, shown=menu.never)
    rest_dialect: int = choice(
        "", "Fields of GET /settings; auto is 3.11 for evcc, else 3.6", ("auto", "3.6", "3.11"), 0, shown=menu.never
    )
    mqtt_discovery: int = choice(
        "", "How Home Assistant is told of this charger", ("Device", "Entities", "Off"), 0, shown=menu.never
    )
    login: int = choice(
        "", "Whether everything on the network asks for a login, looking too", ("Off", "On"), 0, shown=menu.never
    )
    alert_mqtt: int = choice("", "Tell by MQTT when a fault stops a car", _OFF_ON, 0, shown=menu.never)
    alert_webhook: str = web_address("Where a fault that stops a car is posted to; empty is off", shown=menu.never)
    required_evccid: str = words("The only car that may charge, by its EVCCID (modem experiment)", 32, shown=menu.never)
    color_off: str = colour("LED while access is off", "0,0,0", shown=menu.never)
    color_normal: str = colour("LED in Normal mode", "0,255,0", shown=menu.never)
    color_smart: str = colour("LED in Smart mode", "0,255,0", shown=menu.never)
    color_solar: str = colour("LED in Solar mode", "255,170,0", shown=menu.never)
    color_custom: str = colour("LED while the custom button is on", "0,0,255", shown=menu.never)

    def __getitem__(self, key: str) -> Value:
        """The value of setting ``key``. Raises KeyError for an unknown one."""
        if key not in TABLE:
            raise KeyError(key)
        value: Value = getattr(self, key)
        return value

    def replace(self, key: str, given: object) -> "Settings":
        """A copy in which ``key`` has the value ``given``. Raises SettingError when the setting does not take it."""
        row = TABLE.get(key)
        if row is None:
            raise SettingError(f"there is no setting {key!r}")
        changes: dict[str, Any] = {key: row.parse(given)}
        return dataclasses.replace(self, **changes)

    def names(self) -> dict[str, Value]:
        """Every setting that is stored, as it is: choices by name, because names outlive numbers."""
        return {key: row.show(self[key]) for key, row in TABLE.items() if row.kept}


_INSTALLERS = frozenset(
    {"config", "lock", "loadbl", "grid", "current_main", "current_max", "current_max_circuit", "rcmon", "temp_max"}
    | {"set_up", "installer_pin"}
    | {"byte_order", "data_type", "function"}
    | {f"{role}_meter{end}" for role in ("mains", "ev", "circuit") for end in ("", "_address", "_host")}
    | {f"{what}_{part}" for what in ("voltage", "current", "power", "energy") for part in ("register", "divisor")}
)


def _row(key: str, setting: Setting) -> Setting:
    installer = key in _INSTALLERS
    return dataclasses.replace(setting, key=key, installer=installer)


TABLE: Final[Mapping[str, Setting]] = MappingProxyType(
    {row.name: _row(row.name, row.metadata["setting"]) for row in dataclasses.fields(Settings)}
)
