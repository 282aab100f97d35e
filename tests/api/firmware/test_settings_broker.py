"""The broker in POST /settings, without a server."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed.api.firmware.parameters import Parameters
from evsed.api.firmware.posted_broker import BROKER, GROUP, TAKES, broker_of, echo_of
from evsed.api.firmware.values import NotTakenError
from evsed.config import Mqtt

NEW = "only for elsewhere"
NOW = Mqtt("broker.lan", 1884, "owner", "hush", "garage")


def update(**values: str | None) -> Mqtt:
    return broker_of(Parameters({"mqtt_update": "1", **values}), NOW)


def test_everything_at_once() -> None:
    sent = dict(zip(BROKER, ("10.0.0.28", "1885", "evse", "u", "p"), strict=True))
    assert update(**sent) == Mqtt("10.0.0.28", 1885, "u", "p", "evse")


def test_what_is_not_sent_stays() -> None:
    assert update() == NOW
    assert update(mqtt_host="BROKER.lan") == Mqtt("BROKER.lan", 1884, "owner", "hush", "garage")


def test_the_password_never_goes_to_a_host_that_it_was_not_given_for() -> None:
    assert not update(mqtt_host="elsewhere.lan").password
    assert not update(mqtt_host="").password
    assert update(mqtt_port="1885") == Mqtt("broker.lan", 1885, "owner", "", "garage")  # another program's, perhaps
    assert update(mqtt_host="elsewhere.lan", mqtt_password=NEW).password == NEW
    assert not update(mqtt_password="").password


def test_zero_or_nothing_is_the_usual_port_and_nothing_is_the_usual_prefix() -> None:
    assert update(mqtt_port="0").port == update(mqtt_port="").port == 1883
    assert not update(mqtt_topic_prefix="").prefix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mqtt_update", "0"),
        ("mqtt_update", ""),
        ("mqtt_host", "a host"),
        ("mqtt_host", "x" * 256),
        ("mqtt_host", "http://broker"),
        ("mqtt_port", "65536"),
        ("mqtt_port", "-1"),
        ("mqtt_port", "x"),
        ("mqtt_topic_prefix", "/evse"),
        ("mqtt_topic_prefix", "evse/#"),
        ("mqtt_topic_prefix", "evse/+"),
        ("mqtt_username", "u\n"),
        ("mqtt_password", "p" * 257),
        ("mqtt_password", "\0"),
        ("mqtt_host", None),
        ("mqtt_password", None),
    ],
)
def test_what_is_wrong_is_named_and_never_shown(name: str, value: str | None) -> None:
    with pytest.raises(NotTakenError) as refusal:
        update(**{name: value})
    assert name in str(refusal.value) or "twice" in str(refusal.value)
    assert "ppp" not in str(refusal.value)


def test_a_broker_without_mqtt_update_is_refused() -> None:
    with pytest.raises(NotTakenError, match="mqtt_update=1"):
        broker_of(Parameters({"mqtt_host": "10.0.0.28"}), NOW)


def test_the_echo_has_everything_but_the_password() -> None:
    sent = {"mqtt_update": "1", "mqtt_host": "a", "mqtt_username": "u", "mqtt_password": "secret"}
    echo = echo_of(Parameters(sent), Mqtt("a", 1883, "u", "secret"), "SmartEVSE-1")
    assert echo == {"mqtt_host": "a", "mqtt_username": "u", "mqtt_password_set": True}
    sent = dict.fromkeys(GROUP, "")
    assert list(echo_of(Parameters(sent), Mqtt(), "SmartEVSE-1")) == [*BROKER[:-1], "mqtt_password_set"]


def test_every_parameter_is_documented() -> None:
    assert tuple(TAKES) == GROUP


@given(st.dictionaries(st.sampled_from(GROUP), st.text(max_size=80) | st.none()))
def test_anything_is_a_broker_or_refused(values: dict[str, str | None]) -> None:
    with contextlib.suppress(NotTakenError):
        broker = broker_of(Parameters({"mqtt_update": "1"} | values), NOW)
        assert 1 <= broker.port <= 65_535
        assert broker.host == NOW.host or broker.password in {"", values.get("mqtt_password")}
