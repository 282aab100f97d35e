"""The broker that was set while the daemon ran: kept, private, and second to a later edit of the configuration."""

import json
from pathlib import Path

import pytest

from evsed.api.mqtt.broker_store import BrokerStore
from evsed.api.mqtt.service import client_id, identity
from evsed.config import ConfigError, Installation, Mqtt, State, load, wrong_broker

CONFIGURED = Mqtt("10.0.0.1", 1883, "evse", "toml-secret")
CHOSEN = Mqtt("10.0.0.2", 1884, "someone", "chosen-secret", "garage", tls=True, ca="/etc/ssl/ca.pem")


def test_without_a_file_the_configuration_counts(tmp_path: Path) -> None:
    assert BrokerStore(tmp_path, CONFIGURED).load() == CONFIGURED


def test_what_was_set_is_kept_and_private(tmp_path: Path) -> None:
    BrokerStore(tmp_path, CONFIGURED).save(CHOSEN)
    file = tmp_path / "mqtt.json"
    assert BrokerStore(tmp_path, CONFIGURED).load() == CHOSEN
    assert file.stat().st_mode & 0o777 == 0o600
    assert "toml-secret" not in file.read_text()
    assert list(tmp_path.iterdir()) == [file]


def test_a_later_edit_of_the_configuration_wins(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    BrokerStore(tmp_path, CONFIGURED).save(CHOSEN)
    edited = Mqtt("10.0.0.3")
    assert BrokerStore(tmp_path, edited).load() == edited
    assert "was changed after the broker 10.0.0.2:1884 was set: the configuration counts" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "null", "{}", '{"schema": 1}', '{"schema": 2, "broker": {}, "salt": "", "configured": ""}',
     '{"schema": 1, "broker": {"port": "1883"}, "salt": "", "configured": ""}',
     '{"schema": 1, "broker": {"port": 0}, "salt": "", "configured": ""}',
     '{"schema": 1, "broker": {"nonsense": 1}, "salt": "", "configured": ""}', "[" * 100_000]
)  # fmt: skip
def test_a_damaged_file_is_said_and_the_configuration_counts(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mqtt.json").write_text(text)
    assert BrokerStore(tmp_path, CONFIGURED).load() == CONFIGURED
    assert "cannot be used" in caplog.text


def test_a_file_of_an_earlier_version_lacks_later_keys(tmp_path: Path) -> None:
    store = BrokerStore(tmp_path, CONFIGURED)
    store.save(CHOSEN)
    document = json.loads((tmp_path / "mqtt.json").read_text())
    del document["broker"]["discovery_prefix"]
    (tmp_path / "mqtt.json").write_text(json.dumps(document))
    assert store.load() == CHOSEN


@pytest.mark.parametrize(
    ("broker", "key"),
    [
        (Mqtt("a b"), "host"),
        (Mqtt("a" * 256), "host"),
        (Mqtt(port=0), "port"),
        (Mqtt(port=65_536), "port"),
        (Mqtt(prefix="a/#"), "prefix"),
        (Mqtt(prefix="a+"), "prefix"),
        (Mqtt(discovery_prefix=""), "discovery_prefix"),
        (Mqtt(username="a\n"), "username"),
        (Mqtt("", 1883, "a", "b" * 257), "password"),
        (Mqtt(ca="/ca.pem"), "ca"),
        (Mqtt(tls=True, key="/key.pem"), "certificate"),
    ],
)
def test_what_is_no_broker_is_refused_by_key(broker: Mqtt, key: str) -> None:
    assert wrong_broker(broker).startswith(key)


def test_the_configuration_takes_tls(tmp_path: Path) -> None:
    file = tmp_path / "evsed.toml"
    file.write_text('[mqtt]\nhost = "b"\nport = 8883\ntls = true\nca = "/etc/ca.pem"\ndiscovery_prefix = "ha"\n')
    assert load(file).mqtt == Mqtt("b", 8883, tls=True, ca="/etc/ca.pem", discovery_prefix="ha")
    file.write_text('[mqtt]\nhost = "b"\nca = "/etc/ca.pem"\n')
    with pytest.raises(ConfigError, match=r"mqtt\.ca, certificate and key need tls = true"):
        load(file)


def test_client_ids_are_legal_stable_and_different(tmp_path: Path) -> None:
    units = [Installation(serial, state=State(str(tmp_path / name))) for serial in (0, 999_999) for name in "ab"]
    ids = [client_id(unit) for unit in units]
    assert ids == [client_id(unit) for unit in units]
    assert len(set(ids)) == 4
    for each in ids:
        assert each.replace("-", "").isalnum()
        assert len(each) <= 23


def test_units_without_a_serial_number_announce_themselves_apart(tmp_path: Path) -> None:
    one, other = (identity(Installation(state=State(str(tmp_path / name))), Mqtt()) for name in "ab")
    assert one.device != other.device
    assert identity(Installation(90_000), Mqtt(prefix="garage")).prefix == "garage"
