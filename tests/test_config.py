"""The installation file: what is taken, and that every refusal names file and key."""

import json
from pathlib import Path

import pytest

from evsed.config import Board, Bus, ConfigError, Http, Installation, Installer, Modbus, Tls, is_host, load


def test_an_empty_file_gives_the_documented_defaults(tmp_path: Path) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text("")
    assert load(file) == Installation()
    assert Installation().mqtt_prefix == "SmartEVSE-0"


def test_every_part_is_read(tmp_path: Path) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text(
        'serial = 7\n[http]\nport = 8080\nnames = ["charger.example.org"]\n'
        '[bus]\ndevice = "/dev/ttyUSB0"\n[mqtt]\nhost = "broker"\nprefix = "house"\n'
        "[modbus]\nport = 502\nwritable = true\n[mdns]\nenabled = false\n"
        '[installer]\npin = "0123"\n'
    )
    installation = load(file)
    assert (installation.serial, installation.http.port, installation.bus[0].device) == (7, 8080, "/dev/ttyUSB0")
    assert installation.mqtt_prefix == "house"
    assert installation.http.names == ("charger.example.org",)
    assert not installation.mdns.enabled
    assert installation.installer.pin == "0123"


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Installation(mqtt=type(Installation().mqtt)(password="secret")))  # noqa: S106
    assert "123456" not in repr(Installation(installer=Installer("123456")))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("htpp = 1", "htpp is not known; known are serial, http"),
        ("[http]\nprt = 80", "http.prt is not known; known are http.host, http.port"),
        ("http = 80", r"http is a table: write \[http\]"),
        ("[http]\nport = 70000", "http.port takes a whole number from 0 to 65535, not 70000"),
        ("[http]\nport = true", "http.port takes a whole number"),
        ('[http]\nport = "80"', "http.port takes a whole number"),
        ("[bus]\ndevice = 5", "bus.device takes a text in quotes, not 5"),
        ("[modbus]\nwritable = 1", "modbus.writable takes true or false, not 1"),
        ("[mdns]\nenabled = 1", "mdns.enabled takes true or false, not 1"),
        ("[modbus]\nport = -1", "modbus.port takes a whole number from 0 to 65535, not -1"),
        ("serial = x", "line 1"),
        ('[http]\nnames = "charger.example.org"', "http.names takes a list of texts"),
        ('[http]\nnames = ["http://charger"]', 'http.names takes host names such as "charger.example.org", not'),
        ('[http]\nnames = [""]', "http.names takes host names"),
        ('[mqtt]\nprefix = "a/#"', "mqtt.prefix takes at most 64 letters"),
        ('[http]\nhost = "\\u0000"', r"http.host takes a text in one line without control characters, .*'\\x00'"),
        ('[telnet]\nhost = "a b"', "telnet.host takes a host name"),
        ("[telnet]\nport = 80", "telnet.port 80 is another door's already; it needs its own"),
        ("[telnet]\nport = 443\n[tls]\nenabled = true", "telnet.port 443 is another door's already"),
        ('[http]\nhost = ""', "http.host takes a host name or an address, \"0.0.0.0\" for every interface, not ''"),
        ('[http]\nhost = "a b"', "http.host takes a host name"),
        ('[http]\nhost = ".."', "http.host takes a host name"),
        (f'[http]\nhost = "{"a" * 64}.x"', "http.host takes a host name"),
        ('[http]\nhost = "é.example"', "http.host takes a host name"),
        ('[http]\nhost = "300.1.1.1"', "http.host takes a host name"),
        ('[modbus]\nhost = "::1::"', "modbus.host takes a host name"),
        ('[modbus]\nhost = "fe80::1%"', "modbus.host takes a host name"),
        (f'[modbus]\nhost = "{"a" * 5000}"', "modbus.host takes a text of at most 1000 characters, not of 5000"),
        ('[http]\nnames = ["a\\n"]', "http.names takes a text in one line"),
        ('[state]\ndirectory = ""', "state.directory takes a whole path such as /var/lib/evsed, not ''"),
        ('[state]\ndirectory = "state"', "state.directory takes a whole path"),
        ('[state]\ndirectory = "/tmp/\\u0000"', "state.directory takes a text in one line"),
        ('[bus]\ndevice = "/dev/ttyAMA0\\n"', "bus.device takes a text in one line .*'\\\\n' as its character 13"),
        ('[mqtt]\nca = "/\\u001b"', "mqtt.ca takes a text in one line"),
        ('[mqtt]\nhost = ".."', "mqtt.host takes a host name or an address, or nothing"),
        ('[board]\nsocket = "/tmp/\\u0000"', "board.socket takes a text in one line"),
        ('[board.rfid]\nreader = "keyboard"\ndevice = "/dev/\\u0001"', "board.rfid.device takes a text in one line"),
        ('"a\\nb" = 1', r"'a\\nb' is not known; known are serial"),
        ('[installer]\npin = "123"', "installer.pin takes 4 to 8 digits in quotes, or nothing$"),
        ('[installer]\npin = "123456789"', "installer.pin takes 4 to 8 digits in quotes, or nothing$"),
        ('[installer]\npin = "12 34"', "installer.pin takes 4 to 8 digits in quotes, or nothing$"),
        ("[installer]\npin = 123456", "installer.pin takes a text in quotes$"),
        ("[mqtt]\npassword = 1234", "mqtt.password takes a text in quotes$"),
    ],
)
def test_a_refusal_names_file_key_and_what_is_wanted(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=says) as refusal:
        load(file)
    assert str(file) in str(refusal.value)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::", "fe80::1%wlan0", "::ffff:10.0.0.1", "charger", "charger-1.my_lan.example"]
)
def test_every_host_that_can_be_one_is_taken(tmp_path: Path, host: str) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text(f'[http]\nhost = "{host}"\n[modbus]\nhost = "{host}"\n[state]\ndirectory = "/srv/my évsed"\n')
    assert load(file).http.host == load(file).modbus.host == host


def test_a_password_with_a_control_character_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text('[mqtt]\npassword = "secret\\t"\n')
    with pytest.raises(ConfigError, match=r"mqtt\.password takes a text in one line") as refusal:
        load(file)
    assert "secret" not in str(refusal.value)


_ODD = [
    "\0",
    "a\nb",
    "\x1b[31m",
    "",
    " ",
    "..",
    "/",
    "//",
    "é" * 70,
    "a" * 300,
    "tcp://..:1",
    "tcp://[::]:1",
    "/dev/\x7f",
]
_TEXTS = [
    ("", "http", "host"),
    ("", "modbus", "host"),
    ("", "state", "directory"),
    ("", "bus", "name"),
    ("", "bus", "device"),
    *[("", "mqtt", key) for key in ("host", "username", "password", "prefix", "ca", "certificate", "key")],
    *[('kind = "simulation"', "board", key) for key in ("kind", "driver", "chip", "gpiozero", "guard", "socket")],
    ("", "board.adc", "device"),
    ("", "board.pwm", "base"),
    ('reader = "pn532"', "board.rfid", "device"),
    ('reader = "keyboard"', "board.rfid", "device"),
]


@pytest.mark.parametrize(("beside", "table", "key"), _TEXTS)
def test_an_odd_text_is_refused_in_one_line_or_does_no_harm(tmp_path: Path, beside: str, table: str, key: str) -> None:
    file = tmp_path / "evsed.toml"
    for text in _ODD:
        value = json.dumps(text).replace("\x7f", "\\u007f")
        file.write_text(f"[{table}]\n{'' if key == 'kind' else beside}\n{key} = {value}\n")
        refusal = refusal_of(file)
        assert refusal.isprintable()
        assert refusal.startswith(f"{file}: ") if refusal else text.isprintable(), text


def refusal_of(file: Path) -> str:
    """What is said; empty when it was taken."""
    try:
        load(file)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("host", ["a" * 64 + ".x", "é" * 70, "..", "a..b", "-" * 64])
def test_a_host_that_is_taken_can_be_asked_for(host: str) -> None:
    """What the resolver would answer with something else than an OSError never gets so far."""
    assert not is_host(host)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="utf-8"):
        load(tmp_path / "binary")


# ---- lines ----


def lines(tmp_path: Path, text: str) -> tuple[Bus, ...]:
    file = tmp_path / "evsed.toml"
    file.write_text(text)
    return load(file).bus


def test_one_line_has_all_meters_and_the_chargers(tmp_path: Path) -> None:
    everything = ("mains", "ev", "circuit")
    assert lines(tmp_path, "") == (Bus("bus 1", "/dev/serial0", 9600, everything, chargers=True),)
    assert lines(tmp_path, '[bus]\nname = "cellar"\ndevice = "tcp://gateway:8899"\nbaud = 19200\n') == (
        Bus("cellar", "tcp://gateway:8899", 19200, everything, chargers=True),
    )
    assert lines(tmp_path, "[bus]\nchargers = false\n")[0].chargers is False


def test_the_lines_of_the_page_on_meters_are_taken(tmp_path: Path) -> None:
    page = Path(__file__).parents[1].joinpath("docs/meters.md").read_text()
    text = page.partition("## Several lines")[2].partition("```toml\n")[2].partition("```")[0]
    assert lines(tmp_path, text) == (
        Bus("cellar", "/dev/ttyUSB0", 9600, ("mains", "circuit"), chargers=True),
        Bus("garage", "tcp://gateway.lan:8899", 9600, ("ev",), chargers=False),
    )


def test_the_first_line_has_what_is_on_no_other(tmp_path: Path) -> None:
    text = '[[bus]]\ndevice = "/dev/ttyUSB0"\n[[bus]]\ndevice = "/dev/ttyUSB1"\nmeters = ["ev"]\n'
    assert lines(tmp_path, text) == (
        Bus("bus 1", "/dev/ttyUSB0", 9600, ("mains", "circuit"), chargers=True),
        Bus("bus 2", "/dev/ttyUSB1", 9600, ("ev",), chargers=False),
    )
    assert [line.chargers for line in lines(tmp_path, text + "chargers = true\n")] == [False, True]


TWO = '[[bus]]\ndevice = "/dev/a"\n{}\n[[bus]]\ndevice = "/dev/b"\n{}\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bus = 5", r"bus is a table: write \[bus\]"),
        ("bus = []", r"or \[\[bus\]\] for each"),
        ("bus = [1]", "bus is a table"),
        (TWO.format("bad = 1", ""), r"bus\[1\]\.bad is not known; known are bus\[1\]\.name, "),
        (TWO.format("", "baud = 5"), r"bus\[2\]\.baud takes a whole number from 1200"),
        ('[bus]\nchargers = "yes"', "bus.chargers takes true or false, not 'yes'"),
        ('[bus]\nmeters = "ev"', "bus.meters takes a list of texts"),
        ("[bus]\nmeters = [1]", "bus.meters takes a list of texts"),
        ('[bus]\nmeters = ["mains", "ev", "solar"]', "bus 1: meters takes mains, ev, circuit, not 'solar'"),
        ('[bus]\nmeters = ["mains", "ev"]', "the circuit meter is on no line"),
        (
            TWO.format('meters = ["mains", "ev"]', 'meters = ["ev", "circuit"]'),
            r"ev meter is named 2 times",
        ),
        (TWO.format("chargers = true", "chargers = true"), "chargers share one line, not bus 1 and bus 2"),
        (TWO.format('name = "x"', 'name = "x"'), "two lines have the name 'x'"),
        ('[[bus]]\n[[bus]]\nmeters = ["ev"]', "two lines have the device '/dev/serial0'"),
        ('[bus]\ndevice = "tcp://gateway"', "bus 1: device takes a path such as /dev/ttyUSB0 or tcp://host:port"),
        ('[bus]\ndevice = "tcp://gateway:0"', "bus 1: device takes"),
        ('[bus]\ndevice = "ttyUSB0"', "bus 1: device takes"),
        ('[bus]\ndevice = "tcp://..:502"', "bus 1: device takes"),
        ('[bus]\ndevice = "tcp://[::1::]:502"', "bus 1: device takes"),
        ('[[bus]]\ndevice = "/dev/a"\n[[bus]]\ndevice = "/dev//a"\nmeters = []', "two lines have the device '/dev/a'"),
    ],
)
def test_a_refused_line_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        lines(tmp_path, text)


def test_the_charger_s_own_ports_are_those_it_listens_at() -> None:
    assert Installation().own_ports == {80}
    everything = Installation(
        http=Http(port=8080), tls=Tls(enabled=True), modbus=Modbus(port=502), board=Board("pi", plant_port=8180)
    )
    assert everything.own_ports == {8080, 443, 502, 8180, 8888}
