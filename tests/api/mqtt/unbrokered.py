"""The MQTT client without a broker, on a charger in virtual time."""

from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from evsed.api.mqtt.entities import View
from evsed.api.mqtt.homeassistant import Identity
from evsed.api.mqtt.link import Contact, MqttLink
from evsed.api.mqtt.publishing import payloads
from evsed.api.mqtt.service import timer_end
from evsed.api.refusals import Refusals
from evsed.config import Mqtt
from evsed.core.events import Command, Verdict
from evsed.core.snapshot import Saved
from tests.core.story import Story, settings

PREFIX = "SmartEVSE-90000"
START, STOP = "2026-11-21T23:00", "2026-11-22T06:00"


class Hands:
    """A charger that carries out what it is told at once, or, while ``busy``, when a test says so."""

    def __init__(self) -> None:
        story_settings = settings(mains_meter="API", ev_meter="API", circuit_meter="API", rfidreader="EnableAll")
        self.story = Story(Saved(settings=story_settings, granted=True))
        self.story.plug(ready=False)
        self.story.run(1)
        self.refused: list[str] = []
        self.reboots = 0
        self.tests = 0
        self.busy = False
        self.under_way: list[tuple[Command, Future[Verdict]]] = []

    def view(self) -> View | None:
        return View(self.story.snapshot)

    def submit(self, command: Command) -> "Future[Verdict]":
        answer: Future[Verdict] = Future()
        self.under_way.append((command, answer))
        if not self.busy:
            self.carry_out()
        return answer

    def carry_out(self) -> Command:
        """Carries out one command."""
        command, answer = self.under_way.pop(0)
        verdict = self.story.command(command)
        self.refused.append(verdict.refused)
        answer.set_result(verdict)
        return command

    def end_timer(self) -> Command | None:
        return timer_end(self.story.snapshot)

    def test_alert(self) -> str:
        self.tests += 1
        return ""

    def reboot(self) -> str:
        self.reboots += 1
        return ""


def client() -> tuple[Hands, Refusals, Callable[..., None]]:
    """A link without a broker, and a way to have it hear a message."""
    hands, refusals = Hands(), Refusals()
    us = Identity("90000", 90_000, PREFIX, "http://localhost/")
    link = MqttLink(Contact(Mqtt("nowhere"), us, "evsed-test"), hands, refusals)

    def hear(topic: str, payload: bytes, *, retain: bool = False) -> None:
        message: Any = SimpleNamespace(topic=f"{PREFIX}/Set/{topic}", payload=payload, retain=retain)
        link._on_message(Any, None, message)  # type: ignore[arg-type]

    return hands, refusals, hear


def told(story: Story) -> str:
    """What DelayedCharging says."""
    return {topic.name: payload for topic, payload in payloads(View(story.snapshot)).items()}["DelayedCharging"]
