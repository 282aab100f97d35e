"""The two ways: what waits, for how long, and what is given up. No clock, no network."""

import logging
from dataclasses import dataclass, field

import pytest

from evsed.alerts.post import Outcome
from evsed.alerts.webhook import FIRST_RETRY_S, GIVEN_UP_S, LONGEST_RETRY_S, MOST_WAITING, Webhook
from evsed.api.mqtt import outbox
from evsed.api.mqtt.outbox import NO_BROKER, NOT_CONNECTED, SENT, Outbox
from tests.scenarios.simulation import PATIENCE_S, wait_for

TAKEN, REFUSED = Outcome(True, "200"), Outcome(False, "500: it does not take the message")


@dataclass
class Somewhere:
    """Answers as it is told to, at a time that stands still."""

    now: float = 0.0
    answers: bool = True
    address: str = "https://hooks.example.org/secret"
    bodies: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.webhook = Webhook(lambda: self.address, self.attempt, lambda: self.now)

    def attempt(self, _address: str, body: bytes) -> Outcome:
        self.bodies.append(body)
        return TAKEN if self.answers else REFUSED


# ---- the web hook ----


def test_alerts_are_told_in_their_order() -> None:
    somewhere = Somewhere()
    for body in (b"1", b"2"):
        somewhere.webhook.add(body)
    assert (somewhere.webhook.turn(), somewhere.webhook.turn()) == (0, 0)
    assert (somewhere.bodies, somewhere.webhook.sent, somewhere.webhook.last) == ([b"1", b"2"], 2, "200")
    assert somewhere.webhook.turn() == 0, "nothing waits"


def test_one_that_is_not_taken_is_tried_ever_more_rarely_and_given_up_after_an_hour(
    caplog: pytest.LogCaptureFixture,
) -> None:
    somewhere = Somewhere(answers=False)
    somewhere.webhook.add(b"1")
    waits = []
    while somewhere.webhook.waiting:
        waits.append(somewhere.webhook.turn())
        somewhere.now += waits[-1]
    assert waits[:3] == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]
    assert max(waits) == LONGEST_RETRY_S
    assert GIVEN_UP_S <= somewhere.now <= GIVEN_UP_S + 2 * LONGEST_RETRY_S
    assert (somewhere.webhook.sent, somewhere.webhook.lost) == (0, 1)
    assert caplog.text.count("https://hooks.example.org: 500: it does not take the message") == 1
    assert "secret" not in caplog.text


def test_pauses_are_short_again_once_one_was_taken() -> None:
    somewhere = Somewhere(answers=False)
    for body in (b"1", b"2"):
        somewhere.webhook.add(body)
    assert somewhere.webhook.turn() < somewhere.webhook.turn()
    somewhere.answers = True
    somewhere.webhook.turn()
    somewhere.answers = False
    assert somewhere.webhook.turn() == FIRST_RETRY_S


def test_only_so_many_wait(caplog: pytest.LogCaptureFixture) -> None:
    somewhere = Somewhere()
    for number in range(MOST_WAITING + 2):
        somewhere.webhook.add(str(number).encode())
    assert (somewhere.webhook.waiting, somewhere.webhook.lost) == (MOST_WAITING, 2)
    somewhere.webhook.turn()
    assert somewhere.bodies == [b"2"]
    assert "secret" not in caplog.text


def test_nothing_is_sent_once_it_is_off() -> None:
    somewhere = Somewhere()
    somewhere.webhook.add(b"1")
    somewhere.address = ""
    assert (somewhere.webhook.turn(), somewhere.webhook.waiting, somewhere.bodies) == (0, 0, [])


def test_a_new_alert_and_a_test_that_was_taken_end_the_pause(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    somewhere = Somewhere(answers=False)
    somewhere.webhook.start()
    somewhere.webhook.add(b"1")
    wait_for(lambda: len(somewhere.bodies) == 1, "it was tried")
    somewhere.webhook.add(b"2")
    wait_for(lambda: len(somewhere.bodies) == 2, "and tried again at once")
    somewhere.answers = True
    assert somewhere.webhook.test(b"test").result(PATIENCE_S) == "200"
    wait_for(lambda: somewhere.webhook.sent == 2, "both were taken")
    assert somewhere.bodies == [b"1", b"1", b"test", b"1", b"2"]
    somewhere.webhook.close()
    assert not somewhere.webhook._thread.is_alive()


# ---- MQTT ----


@dataclass
class Info:
    """paho's word on a message."""

    arrived: bool = False
    broken: bool = False

    def is_published(self) -> bool:
        if self.broken:
            raise RuntimeError
        return self.arrived


@dataclass
class Link:
    """A broker that acknowledges when a test says so."""

    now: float = 0.0
    named: bool = True
    connected: bool = True
    said: list[str] = field(default_factory=list)
    infos: list[Info] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outbox = Outbox(lambda: self.named, lambda: self.connected, lambda: self.now)

    def publish(self, text: str) -> Info:
        self.said.append(text)
        self.infos.append(Info())
        return self.infos[-1]

    def step(self) -> None:
        self.outbox.step(self.publish)


def test_a_message_waits_until_it_is_acknowledged() -> None:
    link = Link()
    answer = link.outbox.put("1")
    link.step()
    assert not answer.done()
    link.infos[0].arrived = True
    link.step()
    assert (answer.result(0), link.said, link.outbox.sent, link.outbox.waiting) == (SENT, ["1"], 1, 0)


def test_what_was_not_acknowledged_is_said_again_on_the_next_connection() -> None:
    link = Link()
    link.outbox.put("1")
    link.step()
    link.infos[0].broken = True
    link.step()
    assert link.said == ["1"]
    link.outbox.again()
    link.step()
    assert link.said == ["1", "1"]


def test_nobody_acknowledges_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    link = Link(connected=False)
    answer = link.outbox.put("1")
    link.now = outbox.GIVEN_UP_S - 1
    link.outbox.expire()
    assert not answer.done()
    link.now += 1
    link.outbox.expire()
    assert (answer.result(0), link.outbox.lost) == (NOT_CONNECTED, 1)
    assert "was not told by MQTT" in caplog.text


def test_a_test_is_told_at_once_why_not() -> None:
    assert Link(named=False).outbox.put("test", 10).result(0) == NO_BROKER
    assert Link(connected=False).outbox.put("test", 10).result(0) == NOT_CONNECTED
    link = Link()
    answer = link.outbox.put("test", 10)
    link.step()
    link.now = 10
    link.outbox.expire()
    assert "did not acknowledge" in answer.result(0)
    assert (link.outbox.sent, link.outbox.lost, link.outbox.last) == (0, 0, ""), "tests are not counted"


def test_too_many_and_what_is_switched_off_are_let_go() -> None:
    link = Link()
    answers = [link.outbox.put(str(number)) for number in range(outbox.MOST_WAITING + 1)]
    assert (answers[0].result(0), link.outbox.lost) == ("too many wait", 1)
    link.outbox.forget()
    assert "switched off" in answers[1].result(0)
    link.step()
    assert link.said == []
