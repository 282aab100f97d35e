"""A pair of wires in virtual time: real ports' place taken, so that the real Line and Bus run without a clock.

Owns the clock, what is on the wire when, and every fault that a wire can have. Bytes of a transmission arrive together,
when its last one would.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from evsed.hw.rs485 import ANSWER_S, LATE_S

_BYTE_S = 10 / 9600
SILENCE_S = 0.02


@dataclass
class Clock:
    """Virtual time in seconds, and what is due when. Takes the place of the ``time`` module and of an Event."""

    now: float = 0.0
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _number: int = 0

    def monotonic(self) -> float:
        return self.now

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Does ``what`` at ``when``, or as soon after it as nobody is busy."""
        self._number += 1
        heapq.heappush(self._due, (when, self._number, what))

    def run(self, until: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Lets time pass, to ``until`` or until there is ``enough``."""
        while not enough() and self._due and self._due[0][0] <= until:
            when, _, what = heapq.heappop(self._due)
            self.now = max(self.now, when)
            what()
        if not enough():
            self.now = max(self.now, until)

    @property
    def waiting(self) -> int:
        """How much is due."""
        return len(self._due)

    # ---- a threading.Event that is never set ----

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float) -> None:
        self.run(self.now + timeout)


class Tap:
    """One charger's port. ``listener`` is called when something has come, for one who only listens."""

    remote = False

    def __init__(self, wire: "Wire") -> None:
        self._wire = wire
        self.received = b""
        self.offline = False
        self.echoes = False
        self.listener: Callable[[], None] | None = None
        self.over = False  # the listener is called because nothing more has come
        self._heard_at = 0.0

    def close(self) -> None:
        pass

    def write(self, data: bytes) -> None:
        if not self.offline:
            self._wire.send(self, data)

    def read(self, timeout_s: float) -> bytes:
        clock = self._wire.clock
        if self.listener is None:
            clock.run(clock.now + max(0.0, timeout_s), lambda: bool(self.received))
        elif not self.received and not self.over:
            clock.now += max(0.0, timeout_s)  # a node waits 3.5 characters before it answers: nobody else speaks
        data, self.received = self.received, b""
        return data

    def hear(self, data: bytes) -> None:
        if self.offline or not data:
            return
        self.received += data
        if self.listener is not None:
            self._heard_at = self._wire.clock.now
            self.listener()
            self._wire.clock.at(self._heard_at + SILENCE_S, self._silence)

    def _silence(self) -> None:
        if self.listener is not None and self._wire.clock.now - self._heard_at >= SILENCE_S:
            self.over = True
            self.listener()
            self.over = False


FAULTS = ("lost", "truncated", "bit flipped", "garbage before", "garbage after", "late", "two at once", "noise between")


class Wire:
    """The pair of wires. ``rate`` of all transmissions suffer one of FAULTS."""

    def __init__(self, clock: Clock, dice: random.Random, rate: float) -> None:
        self.clock = clock
        self.rate = rate
        self.injected: Counter[str] = Counter()
        self.transmissions = 0
        self.meters: Callable[[bytes], bytes | None] = lambda _: None
        self.thinks_s = 0.012
        self._dice = dice
        self._taps: list[Tap] = []

    def tap(self) -> Tap:
        self._taps.append(Tap(self))
        return self._taps[-1]

    def send(self, sender: Tap | None, frame: bytes) -> None:
        """``sender`` None: a meter."""
        self.transmissions += 1
        if sender is not None and sender.echoes:
            echo = frame
            self.clock.at(self.clock.now + len(frame) * _BYTE_S, lambda: sender.hear(echo))
        frame, delay_s = self._disturbed(frame)
        self.clock.at(self.clock.now + delay_s + len(frame) * _BYTE_S, lambda: self._arrive(sender, frame))

    def _arrive(self, sender: Tap | None, frame: bytes) -> None:
        if sender is not None:
            answer = self.meters(frame)
            if answer is not None:
                self.clock.at(self.clock.now + self.thinks_s, lambda: self.send(None, answer))
        for tap in self._taps:
            if tap is not sender:
                tap.hear(frame)

    def _noise(self, garbage: bytes) -> None:
        for tap in self._taps:
            tap.hear(garbage)

    def _disturbed(self, frame: bytes) -> tuple[bytes, float]:
        dice = self._dice
        if dice.random() >= self.rate:
            return frame, 0.0
        fault = dice.choice(FAULTS)
        self.injected[fault] += 1
        garbage = dice.randbytes(dice.randint(1, 12))
        match fault:
            case "lost":
                return b"", 0.0
            case "truncated":
                return frame[: dice.randint(1, len(frame) - 1)], 0.0
            case "bit flipped":
                at = dice.randrange(len(frame))
                return frame[:at] + bytes((frame[at] ^ 1 << dice.randrange(8),)) + frame[at + 1 :], 0.0
            case "garbage before":
                return garbage + frame, 0.0
            case "garbage after":
                return frame + garbage, 0.0
            case "late":
                return frame, dice.uniform(ANSWER_S, ANSWER_S + LATE_S - 0.1)
            case "two at once":
                return bytes(a & b for a, b in zip(frame, dice.randbytes(len(frame)), strict=True)), 0.0
            case _:
                noise_s = dice.uniform(0.0, 0.1)
                self.clock.at(self.clock.now + noise_s, lambda: self._noise(garbage))
                return frame, 0.0


@contextmanager
def virtual(clock: Clock, taps: dict[str, Tap]) -> Iterator[None]:
    """Inside, lines are opened on ``taps`` (by device), and their time is ``clock``."""
    with (
        patch("evsed.hw.rs485.time", clock),
        patch("evsed.hw.bus.time", clock),
        patch("evsed.hw.rs485.Port", lambda device, _baud: taps[device]),
    ):
        yield
