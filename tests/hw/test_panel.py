"""The panel's thread over gpiozero's mock pins, and over a pigpiod that dies or no longer answers."""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from evsed.core.events import Button
from evsed.core.faults import Fault
from evsed.core.led import DARK, GREEN
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from evsed.hw import panel as panel_module
from evsed.hw.panel import Beeper, Panel, Settled
from evsed.hw.panel_devices import Devices, GpiozeroDevices, Wake, open_devices
from evsed.hw.pin_factory import PinError, open_factory
from evsed.wiring import Driver, Line, Pins, Pull, Wiring
from tests.core.story import Story
from tests.hw.small_pigpiod import SmallPigpiod

BUZZER = 7
PINS = Pins(buzzer=Line(BUZZER))
PLUGGED = replace(Story().snapshot, state=State.B)


def soon(reached: Callable[[], bool], within_s: float = 10.0) -> None:
    """Waits for what another thread does; a generous bound, since these machines are slow."""
    until = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < until, "this did not happen"
        time.sleep(0.002)


class Board:
    """A panel over mock pins."""

    def __init__(self, wiring: Wiring | None = None) -> None:
        self.factory = MockFactory(pin_class=MockPWMPin)
        self.wiring = wiring or Wiring(pins=PINS)
        self.snapshot: Snapshot | None = None
        self.panel = Panel(self.wiring, opener=self._open)

    def _open(self, wiring: Wiring, wake: Wake) -> Devices:
        return GpiozeroDevices(wiring, wake, self.factory)

    def start(self) -> "Board":
        self.panel.start(lambda: self.snapshot)
        soon(lambda: self.wiring.pins.switch is None or self.panel.switch_closed() is not None)
        return self

    def pin(self, line: Line | None) -> Any:
        assert line is not None
        return self.factory.pin(line.gpio)

    @property
    def colour(self) -> tuple[int, ...]:
        pins = self.wiring.pins
        return tuple(round(255 * self.pin(line).state) for line in (pins.led_red, pins.led_green, pins.led_blue))


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.panel.close()


@pytest.fixture
def daemon() -> Iterator[SmallPigpiod]:
    daemon = SmallPigpiod()
    yield daemon
    daemon.die()


def pressed(pin: Any, *, down: bool) -> None:
    pin.drive_low() if down else pin.drive_high()


def test_a_panel_that_is_not_started_says_nothing(board: Board) -> None:
    assert board.panel.buttons() is None
    assert board.panel.switch_closed() is None
    bare = Panel(Wiring(pins=replace(PINS, switch=None, button_left=None, button_middle=None, button_right=None)))
    assert bare.switch_closed() is False
    assert bare.buttons() == frozenset()


def test_buttons_are_not_known_before_each_has_settled(board: Board) -> None:
    """Else one that is down when the panel opens would look as if it were pressed that moment."""
    bounces = board.pin(board.wiring.pins.button_middle)
    looks: list[object] = []
    stop = threading.Event()

    def look() -> None:
        looks.append(board.panel.buttons())
        if len(looks) == 1:
            pressed(board.pin(board.wiring.pins.button_left), down=True)
        if not stop.is_set():
            bounces.drive_low() if len(looks) % 2 else bounces.drive_high()

    board.panel.start(look)
    soon(lambda: board.panel.switch_closed() is not None)
    known = len(looks)
    soon(lambda: len(looks) > known + 5)
    assert set(looks) == {None}
    stop.set()
    soon(lambda: board.panel.buttons() is not None)
    assert Button.LEFT in (board.panel.buttons() or ())


def test_buttons_and_switch_are_seen(board: Board) -> None:
    pins = board.start().wiring.pins
    assert board.panel.switch_closed() is False
    for line, button in zip((pins.button_left, pins.button_middle, pins.button_right), Button, strict=True):
        pressed(board.pin(line), down=True)
        soon(lambda button=button: board.panel.buttons() == {button})  # type: ignore[misc]
        pressed(board.pin(line), down=False)
        soon(lambda: board.panel.buttons() == frozenset())
    pressed(board.pin(pins.switch), down=True)
    soon(lambda: board.panel.switch_closed() is True)


@pytest.mark.parametrize("active_low", [True, False])
@pytest.mark.parametrize("pull", list(Pull))
def test_every_wiring_of_an_input_is_understood(*, active_low: bool, pull: Pull) -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    pins = replace(PINS, switch=Line(21, active_low=active_low, pull=pull))
    devices = GpiozeroDevices(Wiring(pins=pins), lambda: None, factory)
    for level in (False, True):
        factory.pin(21).drive_high() if level else factory.pin(21).drive_low()
        assert devices.read()["switch"] is (level is not active_low)
    devices.close()


def test_what_bounces_has_not_settled() -> None:
    one = Settled()
    for now in range(0, 200, 5):
        one.feed(now % 20 < 10, now)
        assert one.level is None
    for now in range(200, 400, 10):
        one.feed(True, now)
        assert one.level is (True if now >= 230 else None)
        assert one.bouncing is (now < 230)
    one.feed(False, 400)
    one.feed(True, 410)
    one.feed(True, 500)
    assert one.level is True


def test_the_led_shows_the_snapshot_and_goes_dark_at_the_end(board: Board) -> None:
    board.start()
    assert board.colour == DARK
    board.snapshot = PLUGGED
    soon(lambda: board.colour == GREEN)
    board.panel.close()
    assert board.colour == DARK


def test_one_beep_for_a_press_and_three_for_an_error() -> None:
    def beeps(beeper: Beeper) -> int:
        heard = [beeper.sounds(now) for now in range(0, 2_000, 10)]
        return sum(after and not before for before, after in zip([False, *heard], heard, strict=False))

    once, thrice = Beeper(), Beeper()
    once.pressed(0)
    thrice.failed(0)
    assert (beeps(once), beeps(thrice), beeps(Beeper())) == (1, 3, 0)


def test_the_buzzer_sounds(board: Board) -> None:
    board.start()
    buzzer = board.factory.pin(BUZZER)
    board.snapshot = replace(PLUGGED, faults=(Fault.RCM,))
    soon(lambda: sum(state.state for state in buzzer.states) >= 3)
    soon(lambda: not buzzer.state)
    pressed(board.pin(board.wiring.pins.button_left), down=True)
    soon(lambda: sum(state.state for state in buzzer.states) == 4)


def test_a_panel_that_cannot_be_opened_is_told_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(panel_module, "REOPEN_S", 0.02)
    caplog.set_level(logging.INFO)
    refusals = ["pigpiod does not answer"] * 3 + ["GPIO busy"]
    factory = MockFactory(pin_class=MockPWMPin)

    def opener(wiring: Wiring, wake: Wake) -> Devices:
        if refusals:
            raise PinError(refusals.pop(0))
        return GpiozeroDevices(wiring, wake, factory)

    panel = Panel(Wiring(pins=PINS), opener=opener)
    panel.start(lambda: None)
    soon(lambda: panel.switch_closed() is not None)
    panel.close()
    told = [record.getMessage() for record in caplog.records]
    assert [text.split(". ")[0] for text in told] == [
        "buttons, switch and light cannot be opened: pigpiod does not answer",
        "buttons, switch and light cannot be opened: GPIO busy",
        "buttons, switch and light work again",
    ]


def test_a_pin_that_is_used_twice_is_named_and_nothing_stays_open() -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    wiring = Wiring(pins=replace(PINS, switch=Line(2, active_low=True, pull=Pull.UP)))
    with pytest.raises(PinError, match=r"switch on GPIO 2: .*GPIO2.*evsed\.toml names it twice"):
        GpiozeroDevices(wiring, lambda: None, factory)
    GpiozeroDevices(Wiring(pins=PINS), lambda: None, factory).close()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    with pytest.raises(PinError, match=r"lgpio is missing: .* install .*lgpio"):
        open_factory(Wiring(driver=Driver.KERNEL))


def test_a_package_of_the_wrong_version_is_not_told_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", None)  # gpiozero 1 had none
    with pytest.raises(PinError, match=r"gpiozero or lgpio is of a version that will not do: .*gpiozero\.pins\.lgpio"):
        open_factory(Wiring(driver=Driver.KERNEL))


def test_no_pigpiod_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(PinError, match=f"pigpiod at 127.0.0.1:{port} does not answer: look at `systemctl status"):
        open_devices(Wiring(pigpio_port=port), lambda: None)


def test_nothing_fitted_starts_no_thread() -> None:
    pins = Pins(
        switch=None,
        button_left=None,
        button_middle=None,
        button_right=None,
        led_red=None,
        led_green=None,
        led_blue=None,
    )
    panel = Panel(Wiring(pins=pins), opener=lambda *_: pytest.fail("opened"))
    panel.start(lambda: None)
    panel.close()
    assert panel.switch_closed() is False


# ---- pigpiod ----


def over(daemon: SmallPigpiod, snapshot: Snapshot | None = None) -> Panel:
    panel = Panel(Wiring(pigpio_port=daemon.port))
    panel.start(lambda: snapshot)
    soon(lambda: panel.switch_closed() is False)
    return panel


def test_the_panel_over_pigpiod(daemon: SmallPigpiod) -> None:
    panel = over(daemon, PLUGGED)
    soon(lambda: daemon.duty.get(19) == 10_000)
    daemon.set(2, 0)
    soon(lambda: panel.buttons() == {Button.LEFT})
    panel.close()
    assert daemon.duty[19] == 0


def test_a_pigpiod_that_dies_is_told(
    daemon: SmallPigpiod, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(panel_module, "REOPEN_S", 0.05)
    panel = over(daemon)
    daemon.set(2, 0)
    soon(lambda: panel.buttons() == {Button.LEFT})
    daemon.die()
    soon(lambda: panel.switch_closed() is None)
    assert panel.buttons() is None
    lost = f"pigpiod at 127.0.0.1:{daemon.port} no longer answers: look at `systemctl status pigpiod`"
    soon(lambda: any(f"were lost: {lost}" in record.getMessage() for record in caplog.records))
    # pigpio's own thread would take a whole processor from now on.
    soon(lambda: not any(type(thread).__name__ == "_callback_thread" for thread in threading.enumerate()))
    panel.close()


def test_an_led_that_pigpiod_may_not_touch_takes_nothing_else_away(
    daemon: SmallPigpiod, caplog: pytest.LogCaptureFixture
) -> None:
    """pigpiod as packaged does not permit GPIO 1, where the reference board has the blue LED."""
    daemon.forbidden = {1}
    panel = over(daemon, PLUGGED)
    soon(lambda: daemon.duty.get(19) == 10_000)
    daemon.set(2, 0)
    soon(lambda: panel.buttons() == {Button.LEFT})
    daemon.set(21, 0)
    soon(lambda: panel.switch_closed() is True)
    panel.close()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert told[0].startswith("led_blue on GPIO 1: no permission to update GPIO; pigpiod has to be started with")
    assert "option -x" in told[0]


def test_an_output_that_is_left_out_is_told_once_though_the_panel_opens_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(panel_module, "REOPEN_S", 0.02)
    opened: list[Devices] = []

    def opener(wiring: Wiring, wake: Wake) -> Devices:
        factory = MockFactory(pin_class=MockPWMPin)
        factory.reserve_pins(factory, 13)
        devices = GpiozeroDevices(wiring, wake, factory)
        opened.append(devices)
        if len(opened) == 1:
            monkeypatch.setattr(devices, "read", lambda: _raise(PinError("gone")))
        return devices

    panel = Panel(Wiring(pins=PINS), opener=opener)
    panel.start(lambda: None)
    soon(lambda: panel.switch_closed() is not None)
    panel.close()
    assert len(opened) == 2
    told = [record.getMessage() for record in caplog.records if "led_red on GPIO 13" in record.getMessage()]
    assert len(told) == 1
    assert "another program may hold the pin" in told[0]


def _raise(error: Exception) -> dict[str, bool]:
    raise error


def test_a_pigpiod_that_freezes_is_left_within_the_time_to_close(daemon: SmallPigpiod) -> None:
    panel = over(daemon)
    daemon.frozen.set()
    begun = time.monotonic()
    panel.close()
    took = time.monotonic() - begun
    print(f"closing over a frozen pigpiod took {took * 1000:.0f} ms")  # noqa: T201  # a figure for people
    assert took < 3


_PROCESS = """
import sys, time
from evsed.hw.panel import Panel
from evsed.wiring import Wiring
panel = Panel(Wiring(pigpio_port=int(sys.argv[1])))
panel.start(lambda: None)
until = time.monotonic() + 20
while panel.switch_closed() is None and time.monotonic() < until and sys.argv[2] == "opens":
    time.sleep(0.01)
print("up", flush=True)
sys.stdin.readline()
begun = time.monotonic()
panel.close()
print(f"closed in {(time.monotonic() - begun) * 1000:.0f} ms", flush=True)
"""


@pytest.mark.daemon
@pytest.mark.parametrize("opens", [True, False], ids=["freezes later", "accepts and never answers"])
def test_a_process_ends_though_pigpiod_hangs(daemon: SmallPigpiod, *, opens: bool) -> None:
    """gpiozero and pigpio both have an atexit hook: neither may keep the process."""
    if not opens:
        daemon.frozen.set()
    process = subprocess.Popen(
        [sys.executable, "-c", _PROCESS, str(daemon.port), "opens" if opens else ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        daemon.frozen.set()
        begun = time.monotonic()
        out, _ = process.communicate("\n", timeout=30)
    finally:
        process.kill()
    ended_ms = (time.monotonic() - begun) * 1000
    print(f"{out.strip()}; the process ended after {ended_ms:.0f} ms")  # noqa: T201  # a figure for people
    assert process.returncode == 0, out
    assert "Traceback" not in out
    assert "Exception ignored" not in out
