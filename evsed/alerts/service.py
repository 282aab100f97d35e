"""Alerts, put together: looks at the Snapshot twice a second on a thread of its own and tells by every way that is on.

Owns which ways are on, and the test of them. Neither the control loop nor the event loop ever waits for it.
"""

import json
import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from evsed.alerts.alert import TEST_TEXT, Alert, Kind, document
from evsed.alerts.judge import Judge
from evsed.alerts.memory import Memory, Waiting
from evsed.alerts.post import post
from evsed.alerts.webhook import Webhook
from evsed.core.settings import Settings
from evsed.core.snapshot import Snapshot

log = logging.getLogger(__name__)

LOOK_S: Final = 0.5
TEST_EACH_S: Final = 10.0
WEBHOOK, MQTT = "webhook", "mqtt"
NONE_IS_ON: Final = "no way to tell is on: set alert_webhook to an address, or alert_mqtt to Enabled, and try again"
_LEAVES_WITHIN_S: Final = 0.2


class TooSoonError(Exception):
    """A test so soon after the one before; ``seconds`` later it may be."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"a test every {TEST_EACH_S:g} s is enough; try again in {seconds} s")
        self.seconds = seconds


class NoWayError(Exception):
    """Nobody would be told."""


class Charger(Protocol):
    """The control loop, as far as it is looked at; evsed.runtime.Runtime is one."""

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def hangs(self) -> bool: ...


class Counted(Protocol):
    """What every way counts."""

    @property
    def sent(self) -> int: ...

    @property
    def lost(self) -> int: ...

    @property
    def last(self) -> str: ...

    @property
    def waiting(self) -> int: ...


class Broker(Counted, Protocol):
    """The way by MQTT. Nothing of it blocks."""

    def put(self, text: str, within_s: float | None = None) -> "Future[str]":
        """Says ``text`` at the topic of alerts, within this time or not at all; what came of it."""

    def expire(self) -> None:
        """What has waited too long is given up."""

    def forget(self) -> None:
        """Nothing that waits is said any more."""


@dataclass(frozen=True, slots=True)
class Way:
    """How one way does."""

    on: bool
    waiting: int
    sent: int
    lost: int
    last: str  # what came of the last try


def ways_on(settings: Settings) -> tuple[str, ...]:
    """The ways that the owner has chosen."""
    return tuple(way for way, on in ((WEBHOOK, settings.alert_webhook), (MQTT, settings.alert_mqtt)) if on)


def _say(way: str, answer: "Future[str]") -> None:
    log.info("the test alert by %s: %s", way, answer.result())


class Alerts:
    """From ``start`` to ``close``."""

    def __init__(
        self,
        charger: Charger,
        serial: int,
        directory: Path,
        broker: Broker,
        webhook: Webhook | None = None,
        clock: Callable[[], float] = time.monotonic,
        own_ports: frozenset[int] = frozenset(),
    ) -> None:
        """``directory``: where it is kept what was told, and what waits. ``own_ports``: the charger's, which are no web
        hook.
        """
        self._charger = charger
        self._serial = serial
        self._broker = broker
        self._webhook = webhook or Webhook(
            lambda: charger.snapshot.settings.alert_webhook, partial(post, own_ports=own_ports)
        )
        self._clock = clock
        self._memory = Memory(directory)
        self._judge = Judge(self._memory.load())
        self._waiting: list[tuple[Waiting, Future[str]]] = []
        self._untold: tuple[Waiting, ...] = self._memory.waiting
        self._kept = (self._judge.open, self._untold)
        self._tested_at = -math.inf
        self._testing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self.last: dict[str, Any] | None = None
        """The last message, as it was told; a test is none."""

    def start(self) -> None:
        """Looks from now on. Returns at once."""
        self._webhook.start()
        self._thread.start()

    def close(self) -> None:
        """Ends; what nobody took until now is tried again after the next start."""
        self._stop.set()
        self._webhook.close()
        if self._thread.is_alive():
            self._thread.join(_LEAVES_WITHIN_S)

    @property
    def ways(self) -> dict[str, Way]:
        """How each way does."""
        on = ways_on(self._charger.snapshot.settings)
        both: dict[str, Counted] = {WEBHOOK: self._webhook, MQTT: self._broker}
        return {name: Way(name in on, way.waiting, way.sent, way.lost, way.last) for name, way in both.items()}

    def test(self) -> "dict[str, Future[str]]":
        """Tells a test by every way that is on; what comes of each. Raises TooSoonError and NoWayError."""
        snapshot = self._charger.snapshot
        on = ways_on(snapshot.settings)
        if not on:
            raise NoWayError(NONE_IS_ON)
        with self._testing:
            wait_s = self._tested_at + TEST_EACH_S - self._clock()
            if wait_s > 0:
                raise TooSoonError(math.ceil(wait_s))
            self._tested_at = self._clock()
        alert = Alert(Kind.TEST, "test", TEST_TEXT, snapshot.state.name, snapshot.unix_s)
        text = json.dumps(document(alert, self._serial))
        answers = {}
        if WEBHOOK in on:
            answers[WEBHOOK] = self._webhook.test(text.encode())
        if MQTT in on:
            answers[MQTT] = self._broker.put(text, TEST_EACH_S)
        for way, answer in answers.items():
            answer.add_done_callback(partial(_say, way))
        return answers

    def begin_test(self) -> str:
        """Tells a test and does not wait for it; why not, or empty."""
        try:
            self.test()
        except (TooSoonError, NoWayError) as error:
            return str(error)
        return ""

    # ---- on our own thread ----

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            if not self._charger.hangs:
                self.look(self._charger.snapshot)

    def look(self, snapshot: Snapshot) -> None:
        """Tells what is to be told; while every way is off there is nothing, and nothing is remembered."""
        on = ways_on(snapshot.settings)
        self._broker.expire()
        if WEBHOOK not in on:
            self._webhook.forget()
        if MQTT not in on:
            self._broker.forget()
        if not on:
            self._judge = Judge()
        untold, self._untold = self._untold, ()
        for way, text in untold:
            self._put(way, text, on)
        for alert in self._judge.look(snapshot) if on else ():
            self._tell(alert, on)
        self._waiting = [(one, answer) for one, answer in self._waiting if not answer.done()]
        kept = (self._judge.open, tuple(one for one, _ in self._waiting))
        if kept != self._kept and not self._stop.is_set():  # at the end all that waits stays as it is
            self._kept = kept
            self._memory.save(*kept)

    def _tell(self, alert: Alert, on: tuple[str, ...]) -> None:
        self.last = document(alert, self._serial)
        text = json.dumps(self.last)
        log.warning("alert (%s): %s", alert.kind.value, alert.text)
        for way in on:
            self._put(way, text, on)

    def _put(self, way: str, text: str, on: tuple[str, ...]) -> None:
        if way in on:
            answer = self._webhook.add(text.encode()) if way == WEBHOOK else self._broker.put(text)
            self._waiting.append(((way, text), answer))
