"""The settings table against the LCD's menu, and how values are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.core.model import MeterType, Mode
from evsed.core.setting import Offers, SettingError
from evsed.core.settings import TABLE, Settings

# name on the LCD: (lowest, highest, default, register on the charger bus)
MENU: dict[str, tuple[int, int, int, int | None]] = {
    "MODE": (0, 2, 0, 0x0200), "CONFIG": (0, 1, 0, 0x0100), "LOCK": (0, 2, 0, 0x0101),
    "PWR SHARE": (0, 8, 0, 0x0104), "MAINS MET": (0, 19, 0, 0x0208), "GRID": (0, 1, 0, 0x0202),
    "SB2 WIFI": (0, 2, 0, 0x0203), "MAINS ADR": (10, 247, 10, 0x0209), "CIRCT MET": (0, 19, 0, 0x020B),
    "CIRCT ADR": (10, 247, 13, 0x020C), "CIRCUIT": (10, 160, 16, 0x0201), "EV METER": (0, 19, 0, 0x0108),
    "EV ADDR": (11, 247, 12, 0x0109), "VOL REGI": (0, 65534, 0, 0x0211), "VOL DIVI": (0, 7, 0, 0x0212),
    "CUR REGI": (0, 65534, 0, 0x0213), "CUR DIVI": (0, 7, 0, 0x0214), "POW REGI": (0, 65534, 0, 0x0215),
    "POW DIVI": (0, 7, 0, None), "ENE REGI": (0, 65534, 0, None), "ENE DIVI": (0, 7, 0, None),
    "MAINS": (10, 200, 25, 0x0204), "MIN": (6, 16, 6, 0x0102), "MAX": (6, 80, 13, 0x0103),
    "START": (0, 48, 4, 0x0205), "STOP": (0, 60, 10, 0x0206), "IMPORT": (0, 48, 0, 0x0207),
    "CONTACT 2": (0, 4, 0, None), "SWITCH": (0, 7, 0, 0x0105), "LED MODE": (0, 1, 0, None),
    "RCMON": (0, 1, 0, 0x0106), "RFID": (0, 5, 0, 0x0107), "MAX TEMP": (40, 75, 65, None),
    "SUMMAINS": (10, 600, 600, None), "CAP STOP": (0, 60, 0, None), "LCD PIN": (0, 9999, 0, None),
    "INST PIN": (0, 99999999, 0, None), "SET UP": (0, 1, 0, None),
}  # fmt: skip
CHOICES_WITHOUT_A_RANGE = {"BYTE ORD", "DATA TYPE", "FUNCTION"}
HOSTS = {"MAINS HST", "CIRCT HST", "EV HST"}


def test_every_menu_item_is_there_with_its_range_default_and_register() -> None:
    found = {row.lcd_name: row for row in TABLE.values() if row.lcd_name}
    assert set(found) == set(MENU) | CHOICES_WITHOUT_A_RANGE | HOSTS
    for name, wanted in MENU.items():
        row = found[name]
        assert (row.minimum, row.maximum, row.default, row.register) == wanted, name
        assert len(name) <= 9


def test_registers_are_unique_and_the_system_block_is_whole() -> None:
    registers = [row.register for row in TABLE.values() if row.register is not None]
    assert len(registers) == len(set(registers))
    assert {register for register in registers if register >= 0x0200} == set(range(0x0200, 0x0216))
    assert {register for register in registers if register < 0x0200} == set(range(0x0100, 0x010A))


@pytest.mark.parametrize(
    ("key", "given_value", "value"),
    [
        ("current_max", 16, 16),
        ("current_max", "16", 16),
        ("current_max", " 16 ", 16),
        ("enable_C2", "solar off", 2),
        ("enable_C2", "4", 4),
        ("mains_meter", "Custom", 19),
        ("mains_meter_host", "p1meter.local", "p1meter.local"),
    ],
)
def test_values_are_read(key: str, given_value: object, value: object) -> None:
    assert Settings().replace(key, given_value)[key] == value


@pytest.mark.parametrize(
    ("key", "given_value"),
    [
        ("current_max", 5),
        ("current_max", 81),
        ("current_max", "16A"),
        ("current_max", ""),
        ("current_max", True),
        ("current_max", 16.0),
        ("current_max", None),
        ("current_max", "٣"),
        ("mains_meter", 18),
        ("mains_meter", "Sensor"),
        ("enable_C2", -1),
        ("mains_meter_host", "a b"),
        ("mains_meter_host", 5),
        ("mains_meter_host", "x" * 65),
        ("nonsense", 1),
    ],
)
def test_other_values_are_refused_with_the_name_of_the_setting(key: str, given_value: object) -> None:
    before = Settings()
    with pytest.raises(SettingError, match=key):
        before.replace(key, given_value)
    assert before == Settings()


def test_a_refusal_quotes_a_long_value_only_in_part() -> None:
    with pytest.raises(SettingError) as refusal:
        Settings().replace("current_max", "9" * 10_000)
    assert len(str(refusal.value)) < 200


@given(st.sampled_from(sorted(TABLE)), st.one_of(st.none(), st.integers(), st.text(), st.booleans(), st.floats()))
def test_anything_given_is_taken_in_range_or_refused(key: str, value: object) -> None:
    try:
        settings = Settings().replace(key, value)
    except SettingError:
        return
    row, taken = TABLE[key], settings[key]
    assert row.is_text or (isinstance(taken, int) and row.minimum <= taken <= row.maximum)


def test_names_give_the_same_settings_back() -> None:
    settings = Settings().replace("mains_meter", MeterType.SENSORBOX).replace("current_min", 8)
    again = Settings()
    for key, value in settings.names().items():
        again = again.replace(key, value)
    assert again == settings


def test_an_unknown_key_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Settings()["names"]


def shown(settings: Settings, offers: Offers | None = None) -> set[str]:
    return {row.lcd_name for row in TABLE.values() if row.lcd_name and row.shown(settings, offers or Offers())}


def given_settings(**values: object) -> Settings:
    settings = Settings()
    for key, value in values.items():
        settings = settings.replace(key, value)
    return settings


def test_what_a_fresh_charger_shows() -> None:
    assert shown(Settings()) == {
        "MODE", "CONFIG", "LOCK", "PWR SHARE", "MAX", "SWITCH", "LED MODE", "RCMON", "RFID", "MAX TEMP", "LCD PIN",
        "INST PIN", "SET UP",
    }  # fmt: skip


def test_what_smart_and_solar_add() -> None:
    smart = shown(given_settings(mode="Smart", mains_meter="Eastron3P", ev_meter="Eastron3P"))
    assert smart >= {
        "MAINS MET",
        "MAINS ADR",
        "CIRCT MET",
        "EV METER",
        "EV ADDR",
        "MAINS",
        "MIN",
        "CONTACT 2",
        "SUMMAINS",
    }
    assert not smart & {"START", "STOP", "IMPORT", "CAP STOP", "CIRCUIT", "GRID", "MAINS HST", "VOL REGI"}
    assert shown(given_settings(mode="Solar")) >= {"START", "STOP", "IMPORT"}


def test_what_depends_on_other_settings() -> None:
    assert "LOCK" not in shown(given_settings(config="Fixed"))
    assert "CIRCUIT" in shown(given_settings(loadbl="Master"))
    assert "CIRCUIT" in shown(given_settings(circuit_meter="ABB"))
    assert "CAP STOP" in shown(given_settings(mains_meter="API", current_max_sum_mains=100))
    assert "VOL REGI" in shown(given_settings(ev_meter="Custom"))
    assert "MAINS HST" in shown(given_settings(mode="Smart", mains_meter="Homewizrd"))
    assert "EV HST" in shown(given_settings(mode="Smart", ev_meter="Homewizrd"))


def test_what_a_node_leaves_to_its_master() -> None:
    node = shown(given_settings(mode="Solar", mains_meter="Eastron3P", loadbl="Node 1"))
    assert not node & {"MAINS MET", "MAINS", "MIN", "START", "SUMMAINS", "CIRCT MET"}


def test_what_a_sensorbox_offers() -> None:
    sensorbox = given_settings(mode="Smart", mains_meter="Sensorbox")
    assert not shown(sensorbox) & {"GRID", "SB2 WIFI", "MAINS ADR"}
    assert shown(sensorbox, Offers(sensorbox_cts=True, sensorbox_wifi=True)) >= {"GRID", "SB2 WIFI"}
    assert TABLE["normal_without_meter"].lcd_name == ""
    assert not TABLE["normal_without_meter"].shown(Settings(), Offers())
    assert Mode(sensorbox.mode) is Mode.SMART
