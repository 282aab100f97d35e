"""A guard over the fake chips, with its clock in a test's hands, and whoever feeds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evsed.core.actions import Outputs, pilot_offering
from evsed.hw import guard
from evsed.hw.guard import Alive, Guard
from evsed.hw.guardlink import connect
from evsed.hw.lease import Feed, pack_feed, unpack_alive
from evsed.wiring import Driver, Wiring, guard_document
from tests.silicon.link import Silicon

CONTACTOR1, CONTACTOR2, PILOT, PILOT_OFF, HEARTBEAT = 22, 23, 12, 16, 25
CLOSED = Outputs(contactor1=True, contactor2=True, pilot=pilot_offering(160))


def plan_for(directory: Path, driver: Driver = Driver.PIGPIO, **more: Any) -> dict[str, Any]:
    """The reference board's plan."""
    return guard_document(Wiring(driver=driver, guard=str(directory / "guard"))) | {"pwm": None} | more


class Feeder:
    """A control loop's end, that does nothing by itself."""

    def __init__(self, path: str) -> None:
        self.end = connect(path)
        self.sequence = 0

    def send(self, outputs: Outputs) -> None:
        self.sequence += 1
        self.end.send(pack_feed(Feed(self.sequence, outputs, single=False)))

    def answer(self) -> Alive | None:
        """What has come; None when nothing has, or it hung up."""
        try:
            return unpack_alive(self.end.recv(64))
        except BlockingIOError:
            return None

    @property
    def parted(self) -> bool:
        """Whether the guard has hung up; answers that still wait are passed over."""
        try:
            while self.end.recv(64):
                pass
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True
        return True


class Watch:
    """A guard that looks when it is told, at a time that the test says."""

    def __init__(self, plan: dict[str, Any], silicon: Silicon) -> None:
        self.plan = plan
        self.silicon = silicon
        self.now = 1_000_000
        self.guard = Guard(plan)
        self.guard.listen(plan["socket"])
        self.feeders: list[Feeder] = []

    def after(self, ms: int, looks: int = 1) -> None:
        """``ms`` later the guard looks."""
        while ms > 0:  # it does not stand still meanwhile
            step = min(ms, 50)
            self.now, ms = self.now + step, ms - step
            self.guard.look()
        for _ in range(looks):
            self.guard.look()

    def feeder(self) -> Feeder:
        feeder = Feeder(self.plan["socket"])
        self.feeders.append(feeder)
        self.after(0)
        return feeder

    def feed(self, feeder: Feeder, outputs: Outputs, after_ms: int = 10) -> Alive | None:
        """One feed, and its answer."""
        feeder.send(outputs)
        self.after(after_ms)
        newest = None
        while (alive := feeder.answer()) is not None:
            newest = alive
        return newest

    def level(self, gpio: int) -> int:
        value: int = self.silicon.ask("read", gpio=gpio)["value"]
        return value

    @property
    def contactors(self) -> tuple[int, int]:
        return self.level(CONTACTOR1), self.level(CONTACTOR2)

    def function(self, gpio: int) -> str:
        function: str = self.silicon.ask("function", gpio=gpio)["value"]
        return function


@contextmanager
def watch(plan: dict[str, Any], silicon: Silicon, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """A guard under the test's clock; it lets go of its lines at the end."""
    holder: list[Watch] = []
    monkeypatch.setattr(guard, "monotonic_ms", lambda: holder[0].now if holder else 1_000_000)
    monkeypatch.setattr(guard, "_LOOK_MS", 1)
    holder.append(Watch(plan, silicon))
    yield holder[0]
    for feeder in holder[0].feeders:
        feeder.end.close()
    holder[0].guard.close()


def with_pins(plan: dict[str, Any], **lines: Any) -> dict[str, Any]:
    """The plan with other lines; None takes one away."""
    kept = {name: line for name, line in (plan["lines"] | lines).items() if line is not None}
    return plan | {"lines": kept}
