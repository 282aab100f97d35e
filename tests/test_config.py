"""The installation file: what is taken, and that every refusal names file and key."""

from pathlib import Path

import pytest

from evsed.config import Bus, ConfigError, Installation, load


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
    )
    installation = load(file)
    assert (installation.serial, installation.http.port, installation.bus[0].device) == (7, 8080, "/dev/ttyUSB0")
    assert installation.mqtt_prefix == "house"
    assert installation.http.names == ("charger.example.org",)
    assert not installation.mdns.enabled


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Installation(mqtt=type(Installation().mqtt)(password="secret")))  # noqa: S106


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("htpp = 1", "htpp is not known; known are serial, http"),
        ("[http]\nprt = 80", "http.prt is not known; known are http.host, http.port"),
        ("http = 80", r"http is a table: write \[http\]"),
        ("[http]\nport = 70000", "http.port takes a whole number from 1 to 65535, not 70000"),
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
    ],
)
def test_a_refusal_names_file_key_and_what_is_wanted(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=says) as refusal:
        load(file)
    assert str(file) in str(refusal.value)


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


def test_the_lines_of_the_readme_are_taken(tmp_path: Path) -> None:
    readme = Path(__file__).parents[1].joinpath("README.md").read_text()
    text = readme.partition("## Several lines")[2].partition("```toml\n")[2].partition("```")[0]
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
    ],
)
def test_a_refused_line_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        lines(tmp_path, text)
