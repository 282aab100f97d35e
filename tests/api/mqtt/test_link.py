"""The link against a broker that a test scripts: packets without end, and subscriptions that are refused."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from evsed.api.mqtt.client import LONGEST_PACKET
from evsed.api.mqtt.homeassistant import Identity
from evsed.api.mqtt.link import Contact, MqttLink
from evsed.api.refusals import Refusals
from evsed.config import Mqtt
from tests.api.mqtt.scripted_broker import FAILED, GRANTED, ScriptedBroker, publication
from tests.api.mqtt.unbrokered import PREFIX, Hands
from tests.scenarios.simulation import PATIENCE_S, wait_for

MODE = f"{PREFIX}/Set/Mode"
WHOLE = LONGEST_PACKET - 2 - len(MODE)  # a payload that makes the longest packet


@contextmanager
def linked(broker: ScriptedBroker, refusals: Refusals) -> Iterator[MqttLink]:
    us = Identity("90000", 90_000, PREFIX, "http://localhost/")
    link = MqttLink(Contact(Mqtt("127.0.0.1", broker.port), us, "evsed-test"), Hands(), refusals)
    link.start()
    try:
        yield link
    finally:
        link.close(PATIENCE_S)


@pytest.mark.parametrize("announced", [LONGEST_PACKET + 1, 268_435_455])
def test_a_packet_that_announces_too_much_is_not_read_and_told_once(
    announced: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with ScriptedBroker(publication(MODE, b"x" * 1_000, announced)) as broker, linked(broker, Refusals()):
        wait_for(lambda: broker.connections >= 2, "it tries again")
        wait_for(lambda: broker.hung_up >= 2, "and hangs up again")
    assert caplog.text.count("sends more than we read") == 1
    assert f"{announced} bytes at '{MODE}'" in caplog.text
    assert caplog.text.count("has dropped us") == 0
    assert caplog.text.count(": connected") == 1


def test_such_packets_make_tries_rarer() -> None:
    with ScriptedBroker(publication(MODE, b"x", LONGEST_PACKET + 1)) as broker, linked(broker, Refusals()) as link:
        wait_for(lambda: broker.hung_up >= 2, "it was tried twice")
        wait_for(lambda: link._retry_s >= 2, "the pause is longer")


def test_the_longest_packet_is_read() -> None:
    refusals = Refusals()
    with ScriptedBroker(publication(MODE, b"x" * WHOLE)) as broker, linked(broker, refusals) as link:
        wait_for(lambda: refusals.count == 1, "it was read whole, and its payload refused")
        assert link.connected()
        assert (broker.connections, broker.hung_up) == (1, 0)


def test_a_broker_that_does_not_let_us_read_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    forbidden = f"{PREFIX}/Set/#"
    too_long = publication(MODE, b"x", LONGEST_PACKET + 1)  # so that it connects a second time
    broker = ScriptedBroker(too_long, lambda topic: FAILED if topic == forbidden else GRANTED)
    with broker, linked(broker, Refusals()):
        wait_for(lambda: broker.hung_up >= 2, "it was told twice")
    assert caplog.text.count(f"does not let us read {forbidden}; check its access list") == 1
    assert caplog.text.count("does not let us read") == 1


def test_a_broker_that_lets_us_read_is_not_complained_about(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals()
    with ScriptedBroker(publication(MODE, b"nonsense")) as broker, linked(broker, refusals):
        wait_for(lambda: refusals.count == 1, "the subscription is answered")
    assert "does not let us read" not in caplog.text
