"""The board in the configuration: what is taken, and that every rule refuses with key, reason and what to do."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsed.config import Board, ConfigError, Installation, load
from evsed.tables import build, shown
from evsed.wiring import Adc, Driver, Lcd, Line, Pins, Pull, Pwm, Rfid, Wiring
from evsed.wiring_rules import HARDWARE_PWM, WIRING_RANGES, broken, fitted, read_wiring


def board(tmp_path: Path, text: str) -> Board:
    file = tmp_path / "evsed.toml"
    file.write_text(text)
    return load(file).board


def test_the_reference_board_obeys_every_rule() -> None:
    assert list(broken(Wiring(), [line.device for line in Installation().bus])) == []
    assert read_wiring({}, []) == Wiring()


def test_everything_that_is_wrong_can_be_told() -> None:
    wiring = Wiring(chip="x", adc=Adc(chip="x", pilot_zero_mv=0), pins=Pins(contactor1=Line(0)), rfid=Rfid("x"))
    keys = [text.split(" ")[0].rstrip(":") for text in broken(wiring, [])]
    assert keys == ["pins.contactor1", "chip", "adc.chip", "adc.pilot_zero_mv", "rfid.reader"]


def test_without_a_kind_nothing_is_driven(tmp_path: Path) -> None:
    assert board(tmp_path, "").kind == ""
    assert board(tmp_path, '[board]\nkind = "pi"\n') == Board(kind="pi", wiring=Wiring())


def test_every_part_of_a_board_is_read(tmp_path: Path) -> None:
    text = """
    [board]
    kind = "pi"
    driver = "kernel"
    chip = "/dev/gpiochip4"
    gpiozero = "lgpio"
    pigpio_port = 8889
    guard = "/run/x/guard"
    [board.pins]
    contactor1 = 26
    rcm_test = 22
    mirror1 = { gpio = 15, active_low = true, pull = "up" }
    contactor2 = "none"
    button_left = 14
    [board.adc]
    chip = "mcp3204"
    temperature = -1
    [board.pwm]
    chip = "pwmchip2"
    channel = 0
    [board.rfid]
    reader = "pn532"
    device = "/dev/ttyUSB3"
    [board.lcd]
    device = "/dev/spidev0.0"
    column_offset = 0
    rotate = 180
    [bus]
    device = "/dev/ttyUSB0"
    """
    read = board(tmp_path, text)
    assert read.wiring == Wiring(
        driver=Driver.KERNEL,
        chip="/dev/gpiochip4",
        gpiozero="lgpio",
        pigpio_port=8889,
        guard="/run/x/guard",
        pins=Pins(
            contactor1=Line(26),
            contactor2=None,
            rcm_test=Line(22),
            mirror1=Line(15, active_low=True, pull=Pull.UP),
            button_left=Line(14, active_low=True, pull=Pull.UP),  # still a button
        ),
        adc=Adc(chip="mcp3204", temperature=-1),
        pwm=Pwm(chip="pwmchip2", channel=0),
        rfid=Rfid("pn532", "/dev/ttyUSB3"),
        lcd=Lcd(device="/dev/spidev0.0", column_offset=0, rotate=180),
    )


def test_a_line_that_is_not_on_the_reference_board_is_plain_unless_told(tmp_path: Path) -> None:
    assert board(tmp_path, "[board.pins]\nmirror1 = 0\n").wiring.pins.mirror1 == Line(0)
    text = (
        '[board.pins]\nbuzzer = { gpio = 0, active_low = true }\nlcd_reset = { active_low = true }\nled_blue = "none"\n'
    )
    pins = board(tmp_path, text).wiring.pins
    assert (pins.buzzer, pins.lcd_reset, pins.led_blue) == (
        Line(0, active_low=True),
        Line(6, active_low=True),
        None,
    )


# ---- refusals: one row a rule and a way to break it ----

REFUSED = [
    ("", 'kind = "hat"', 'board.kind takes "pi" or "simulation", not'),
    ("", "pin = 5", "board.pin is not known; known are board.kind, board.socket, .*board.driver, .*board.rfid"),
    ("", 'driver = "wiringpi"', 'board.driver takes "pigpio" or "kernel", not'),
    ("", "driver = 5", "board.driver takes .*, not 5"),
    ("", "pigpio_port = 0", "board.pigpio_port takes a whole number from 1 to 65535"),
    ("", 'chip = "gpiochip0"', "board.chip takes a device such as /dev/gpiochip0, not 'gpiochip0'"),
    ("", 'gpiozero = "rpigpio"', 'board.gpiozero takes "lgpio" or "pigpio", or nothing, not'),
    ("", 'driver = "kernel"\ngpiozero = "pigpio"', 'board.gpiozero: "pigpio" needs pigpiod, .* write "lgpio"'),
    ("", 'guard = "guard"', "board.guard takes a whole path such as /run/evsed/guard"),
    ("", f'guard = "/{"x" * 100}"', "board.guard takes .* at most 100 characters"),
    ("", 'guard = "/run/evsed/"', "board.guard takes a whole path"),
    ("", 'guard = "/run/\\u0000"', "board.guard takes a text in one line"),
    # pins
    ("", "pins = 5", r"board.pins is a table: write \[board.pins\]"),
    ("pins", "contactor3 = 5", "board.pins.contactor3 is not known; known are board.pins.pilot, "),
    ("pins", "contactor1 = 28", "board.pins.contactor1 takes a whole number from 0 to 27, not 28"),
    ("pins", "contactor1 = true", 'board.pins.contactor1 takes a GPIO such as 22, .*or "none", not True'),
    ("pins", 'contactor2 = "off"', "board.pins.contactor2 takes a GPIO such as 22"),
    ("pins", "rcm = { gpio = -1 }", "board.pins.rcm.gpio takes a whole number from 0 to 27"),
    ("pins", "rcm = { active_low = 1 }", "board.pins.rcm.active_low takes true or false"),
    ("pins", 'rcm = { pull = "strong" }', 'board.pins.rcm.pull takes "none" or "up" or "down", not'),
    ("pins", "rcm = { pin = 4 }", "board.pins.rcm.pin is not known; known are board.pins.rcm.gpio"),
    ("pins", "mirror1 = { active_low = true }", "board.pins.mirror1 needs a gpio: the reference board has none"),
    ("pins", 'pilot = "none"', 'board.pins.pilot cannot be "none"'),
    ("pins", 'contactor1 = "none"', 'board.pins.contactor1 cannot be "none"'),
    ("pins", "pilot = 22", "board.pins.pilot: GPIO 22 has no hardware PWM; only 12, 13, 18, 19 have"),
    ("pins", "lcd_backlight = 12", "board.pins.lcd_backlight: GPIO 12 is taken by pins.pilot"),
    ("pins", "rcm = 21", "board.pins.switch: GPIO 21 is taken by pins.rcm"),
    ("pins", "buzzer = 9", r"board.pins.buzzer: GPIO 9 is taken by SPI 0 \(GPIO 7 to 11\)"),
    ("adc", 'device = "/dev/spidev1.2"', r"board.pins.pilot_off: GPIO 16 is taken by SPI 1 \(GPIO 16 to 21\)"),
    ("pins", "buzzer = 14", "board.pins.buzzer: GPIO 14 belongs to /dev/serial0, which is in use"),
    ("pins", "contactor1 = 8", "board.pins.contactor1: GPIO 8 powers up high, .* choose one from 9 to 27"),
    ("pins", "contactor2 = { active_low = true }", "board.pins.contactor2: active_low on GPIO 23, which powers up low"),
    ("pins", "lock = 0", "board.pins.lock: GPIO 0 powers up high"),
    ("pins", "unlock = { active_low = true }", "board.pins.unlock: active_low on GPIO 27"),
    ("pins", "rcm_test = 7", "board.pins.rcm_test: GPIO 7 powers up high"),
    ("pins", 'contactor1 = { gpio = 22, pull = "down" }', "board.pins.contactor1: pull is for inputs"),
    ("pins", 'unlock = "none"', "board.pins.unlock: a lock is driven both ways; .* or make lock"),
    ("pins", 'lock = "none"', "board.pins.lock: a lock is driven both ways; .* or make unlock"),
    ("pins", 'lock = "none"\nunlock = "none"', "board.pins.lock_feedback: there is no lock to feel"),
    ("pins", 'contactor2 = "none"\nmirror2 = 0', "board.pins.mirror2: there is no contactor2"),
    ("pins", 'rcm = "none"', "board.pins.rcm_test: there is no rcm"),
    # the ADC
    ("adc", 'chip = "ads1115"', 'board.adc.chip takes "mcp3204" or "mcp3208", not'),
    ("adc", 'device = "/dev/i2c-1"', "board.adc.device takes an SPI device such as /dev/spidev0.1, not"),
    ("adc", "hz = 50000", "board.adc.hz takes a whole number from 800000 to 1350000"),
    ("adc", "pilot = -1", "board.adc.pilot takes a whole number from 0 to 7"),
    ("adc", "proximity = 0", "board.adc.proximity: channel 0 is the one of adc.pilot"),
    ("adc", 'chip = "mcp3204"\ntemperature = 4', "board.adc.temperature: an MCP3204 has the channels 0 to 3, not 4"),
    ("adc", "pilot_zero_mv = 16500", r"board.adc.pilot_zero_mv \(16500\) has to be below adc.pilot_full_mv \(16500\)"),
    ("adc", "pilot_zero_mv = 0", "a divider from 0 to 16500 mV does not show the pilot's whole swing"),
    ("adc", "pilot_full_mv = 12000", "a divider from -16500 to 12000 mV does not show"),
    ("adc", "ntc_beta = 0", "board.adc.ntc_beta takes a whole number from 1000"),
    ("adc", "pullup = 5", "board.adc.pullup is not known; known are board.adc.chip"),
    ("adc", "hz = 2000000", "board.adc.hz takes a whole number from 800000 to 1350000"),
    # what idles high: further SPI buses, the console
    ("adc", 'device = "/dev/spidev2.0"', r"board.pins.rcm: GPIO 24 is taken by SPI 2 \(GPIO 0 to 3, 24\)"),
    ("adc", 'device = "/dev/spidev3.0"', r"board.pins.heartbeat: GPIO 25 is taken by SPI 3 \(GPIO 0 to 7, 24, 25\)"),
    ("adc", 'device = "/dev/spidev5.0"', r"board.pins.pilot: GPIO 12 is taken by SPI 5 \(GPIO 12 to 15, 26\)"),
    ("adc", 'device = "/dev/spidev6.0"', r"board.pins.unlock: GPIO 27 is taken by SPI 6"),
    ("adc", 'device = "/dev/spidev9.0"', "board.adc.device: nobody knows which pins SPI 9 takes; name a bus from 0"),
    ("adc", 'device = "/dev/spidev0.1\\n"', "board.adc.device takes a text in one line"),
    ("pins", "contactor1 = 14", "board.pins.contactor1: GPIO 14 is the serial port's, .* console"),
    ("pins", "heartbeat = 15", "board.pins.heartbeat: GPIO 15 is the serial port's, .* console"),
    # PWM, RFID
    ("pwm", 'base = "pwm"', "board.pwm.base takes a whole path such as /sys/class/pwm"),
    ("pwm", 'chip = "chip0"', "board.pwm.chip takes a name such as pwmchip0, or nothing"),
    ("pwm", "channel = 8", "board.pwm.channel takes a whole number from -1 to 7"),
    ("rfid", 'reader = "nfc"', 'board.rfid.reader takes "none" or "pn532" or "keyboard", not'),
    ("rfid", 'reader = "pn532"', "board.rfid.device takes the card reader's device, such as /dev/ttyUSB1, not ''"),
    ("rfid", 'reader = "keyboard"\ndevice = "kbd"', "board.rfid.device takes .*/dev/input/by-id"),
    ("rfid", 'device = "/dev/ttyUSB1"', 'board.rfid.device: .* but rfid.reader is "none"'),
    ("rfid", 'reader = "pn532"\ndevice = "/dev/serial0"', "board.rfid.device: /dev/serial0 is an RS485 line's device"),
    ("rfid", 'reader = "pn532"\ndevice = "/dev/spidev0.1"', "board.rfid.device: /dev/spidev0.1 is the ADC's"),
    ("rfid", 'reader = "pn532"\ndevice = "/dev//spidev0.1"', "board.rfid.device: /dev//spidev0.1 is the ADC's"),
    ("rfid", 'reader = "pn532"\ndevice = "/dev/spidev0.0"', "board.rfid.device: /dev/spidev0.0 is the display's"),
    # the LCD
    ("lcd", "rotate = 90", "board.lcd.rotate takes 0 or 180, not 90"),
    ("lcd", "column_offset = 5", "board.lcd.column_offset takes a whole number from 0 to 4"),
    ("lcd", "contrast = 64", "board.lcd.contrast takes a whole number from 0 to 63"),
    ("lcd", "hz = 100_000", "board.lcd.hz takes a whole number from 1000000"),
    ("lcd", 'device = "/dev/i2c-1"', "board.lcd.device takes an SPI device such as /dev/spidev0.0, or nothing, not"),
    ("lcd", 'device = "/dev/spidev0.1"', "board.lcd.device: /dev/spidev0.1 is the ADC's; the display needs"),
    ("lcd", 'device = "/dev//spidev0.1"', "board.lcd.device: /dev//spidev0.1 is the ADC's"),
    ("lcd", 'device = "/dev/spidev9.0"', "board.lcd.device: nobody knows which pins SPI 9 takes"),
    ("lcd", 'device = "/dev/spidev1.0"', r"board.pins.pilot_off: GPIO 16 is taken by SPI 1 \(GPIO 16 to 21\)"),
    ("rfid", 'reader = "keyboard"\ndevice = "/dev/spidev0.2"', "board.rfid.device takes a keyboard's device"),
    ("rfid", 'reader = "pn532"\ndevice = "/dev//serial0"', "board.rfid.device: /dev/serial0 is an RS485 line's"),
]


@pytest.mark.parametrize(("table", "text", "says"), REFUSED)
def test_a_board_that_cannot_be_is_refused(tmp_path: Path, table: str, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refusal:
        board(tmp_path, f"[board{'.' if table else ''}{table}]\n{text}\n")
    assert str(tmp_path / "evsed.toml") in str(refusal.value)


def test_a_board_that_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"board is a table: write \[board\]"):
        board(tmp_path, "board = 5\n")


def test_pins_of_the_serial_port_are_free_when_nobody_uses_it(tmp_path: Path) -> None:
    text = '[board.pins]\nbuzzer = 14\n[bus]\ndevice = "/dev/ttyUSB0"\n'
    assert board(tmp_path, text).wiring.pins.buzzer == Line(14)
    reader = '[board.rfid]\nreader = "pn532"\ndevice = "/dev/ttyAMA0"\n'
    with pytest.raises(ConfigError, match="GPIO 14 belongs to /dev/ttyAMA0"):
        board(tmp_path, text + reader)


@pytest.mark.parametrize("name", ["contactor1", "contactor2", "lock", "unlock", "rcm_test", "heartbeat"])
@pytest.mark.parametrize("gpio", [14, 15])
def test_nothing_switches_on_the_serial_ports_pins_though_nobody_uses_it(name: str, gpio: int) -> None:
    refusal = refusal_of(lambda: read_wiring({"pins": {name: gpio}}, ["/dev/ttyUSB0"]))
    assert refusal.startswith(f"board.pins.{name}: GPIO {gpio} is the serial port's")


@pytest.mark.parametrize("port", ["/dev/ttyAMA1", "/dev/ttyAMA5", "/dev//ttyAMA9", "/dev/ttyS1", "/dev/../dev/ttyS2"])
def test_the_pins_of_further_uarts_are_taken_when_one_is_used(port: str) -> None:
    others: dict[str, Any] = {name: None for name in fitted(Pins()) if name not in {"pilot", "contactor1"}}
    pins = replace(Pins(pilot=Line(18)), **others)
    assert list(broken(Wiring(pins=pins), [port])) == []
    for gpio in (0, 1, 4, 5, 12, 13, 14, 15):
        wiring = Wiring(pins=replace(pins, buzzer=Line(gpio)))
        assert [text.split(" ")[0] for text in broken(wiring, [port])] == ["pins.buzzer:"], gpio


def test_a_pi_5s_debug_connector_takes_no_pin() -> None:
    assert list(broken(Wiring(), ["/dev/ttyAMA10"])) == []


def test_the_display_has_the_chip_select_that_the_adc_leaves() -> None:
    rfid = Rfid("pn532", "/dev/spidev0.1")
    wiring = Wiring(adc=Adc(device="/dev/spidev0.0"), rfid=rfid)
    assert [text.split(";")[0] for text in broken(wiring, [])] == ["rfid.device: /dev/spidev0.1 is the display's"]
    assert list(broken(replace(wiring, pins=replace(Pins(), lcd_data=None)), [])) == []
    assert (wiring.lcd_device, Wiring().lcd_device) == ("/dev/spidev0.1", "/dev/spidev0.0")


def test_the_display_has_the_device_that_is_named_unless_there_is_no_display() -> None:
    wiring = Wiring(lcd=Lcd(device="/dev/spidev0.0"), adc=Adc(device="/dev/spidev0.1"))
    assert wiring.lcd_device == "/dev/spidev0.0"
    assert list(broken(replace(wiring, rfid=Rfid("pn532", "/dev/spidev0.0")), [])) == [
        "rfid.device: /dev/spidev0.0 is the display's; the card reader needs a chip select of its own"
    ]
    without = replace(wiring, pins=replace(Pins(), lcd_data=None))
    assert without.lcd_device == ""
    assert list(broken(without, [])) == [
        'lcd.device: /dev/spidev0.0 is there, but pins.lcd_data is "none"; name its GPIO'
    ]


def test_a_plain_line_may_share_the_pilots_pwm_channel(tmp_path: Path) -> None:
    """Nothing but the pilot uses the hardware's PWM, so the backlight at 18 does not pulse with a pilot at 12."""
    pins = board(tmp_path, "[board.pins]\npilot = 12\nlcd_backlight = 18\n").wiring.pins
    assert pins.lcd_backlight is not None
    assert HARDWARE_PWM[pins.pilot.gpio] == HARDWARE_PWM[pins.lcd_backlight.gpio]


def test_a_pilot_that_is_disconnected_at_power_up_is_taken(tmp_path: Path) -> None:
    read = board(tmp_path, "[board.pins]\npilot_off = { gpio = 16, active_low = true }\n")
    assert read.wiring.pins.pilot_off == Line(16, active_low=True)


def test_every_whole_number_has_its_range() -> None:
    for prefix, table in (("board.", Wiring()), ("board.adc.", Adc()), ("board.pwm.", Pwm()), ("board.lcd.", Lcd())):
        for name in table.__dataclass_fields__:
            value = getattr(table, name)
            if isinstance(value, int) and not isinstance(value, bool):
                low, high = WIRING_RANGES[prefix + name]
                assert low <= value <= high, name


# ---- whatever stands in the file ----

_TABLES = ["board", "bus", "pins", "adc", "pwm", "rfid", "lcd", "http"]
_KEYS = [*_TABLES, "driver", "chip", "kind", "reader", "device", "gpio", "pull", "names", *fitted(Pins())]
_VALUES = st.one_of(
    st.none().map(lambda _: "none"),
    st.booleans(),
    st.integers(-5, 40),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.sampled_from(["pigpio", "kernel", "up", "pn532", "/dev/serial0", "/dev/spidev1.0", "mcp3204", "pi"]),
)
_DOCUMENTS = st.recursive(
    _VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(_KEYS), st.text(max_size=5)), inner, max_size=6),
    ),
    max_leaves=20,
)


def refusal_of(attempt: Callable[[], object]) -> str:
    """What is said; empty when it was taken."""
    try:
        attempt()
    except ConfigError as error:
        return str(error)
    return ""


@settings(max_examples=400, deadline=None)
@given(
    document=st.fixed_dictionaries(
        {},
        optional={
            "driver": _VALUES,
            "chip": _VALUES,
            "guard": _VALUES,
            "gpiozero": _VALUES,
            "pigpio_port": _VALUES,
            "pins": _DOCUMENTS,
            "adc": _DOCUMENTS,
            "pwm": _DOCUMENTS,
            "rfid": _DOCUMENTS,
            "lcd": _DOCUMENTS,
        },
    )
)
def test_no_board_raises_anything_but_a_refusal(document: dict[str, Any]) -> None:
    taken: list[Wiring] = []
    refusal = refusal_of(lambda: taken.append(read_wiring(document, ["/dev/serial0"])))
    assert refusal.startswith("board.") or list(broken(taken[0], ["/dev/serial0"])) == []


@settings(max_examples=200, deadline=None)
@given(pins=st.dictionaries(st.sampled_from(list(Pins.__dataclass_fields__)), st.integers(0, 27), max_size=6))
def test_a_pin_has_one_use_and_a_contactor_is_off_at_power_up(pins: dict[str, int]) -> None:
    try:
        taken = fitted(read_wiring({"pins": pins}, ["/dev/serial0"]).pins)
    except ConfigError:
        return
    numbers = [line.gpio for line in taken.values()]
    assert len(numbers) == len(set(numbers))
    assert not {7, 8, 9, 10, 11, 14, 15} & set(numbers)
    assert all(taken[name].gpio >= 9 for name in ("contactor1", "contactor2", "lock", "unlock", "rcm_test"))


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: raw.decode("latin-1"))))
def test_no_text_raises_anything_but_a_refusal(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text(text, encoding="utf-8")
    refusal = refusal_of(lambda: load(file))
    assert not refusal or str(file) in refusal


@pytest.mark.parametrize("text", ["serial = 0x" + "f" * 9_000, "serial = " + "9" * 9_000, "x = " + "[" * 9_000])
def test_a_number_or_a_nesting_beyond_measure_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        load(file)
    assert len(str(refusal.value)) < 1_000


def test_what_is_shown_of_a_value_is_short() -> None:
    assert shown(date(2026, 1, 1)) == "datetime.date(2026, 1, 1)"
    assert shown("x" * 500) == "'" + "x" * 79 + "..."
    assert shown(int("f" * 9_000, 16)) == "so large a number"


def test_tables_that_are_taken_are_the_ones_that_toml_makes() -> None:
    read = build(Adc, tomllib.loads("hz = 900_000"), "board.adc.", WIRING_RANGES)
    assert read == Adc(hz=900_000)
