"""The installation file: what is taken, and that every refusal names file and key."""

from pathlib import Path

import pytest

from evsed.config import ConfigError, Installation, load


def test_an_empty_file_gives_the_documented_defaults(tmp_path: Path) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text("")
    assert load(file) == Installation()
    assert Installation().mqtt_prefix == "SmartEVSE-0"


def test_every_part_is_read(tmp_path: Path) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text(
        'serial = 7\n[http]\nport = 8080\n[bus]\ndevice = "/dev/ttyUSB0"\n[mqtt]\nhost = "broker"\nprefix = "house"\n'
        "[modbus]\nport = 502\nwritable = true\n"
    )
    installation = load(file)
    assert (installation.serial, installation.http.port, installation.bus.device) == (7, 8080, "/dev/ttyUSB0")
    assert installation.mqtt_prefix == "house"


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
        ("[modbus]\nport = -1", "modbus.port takes a whole number from 0 to 65535, not -1"),
        ("serial = x", "line 1"),
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
