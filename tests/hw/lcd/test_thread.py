"""The LCD's thread: an LCD that is not there, is lost and comes back; and its end, whatever hangs."""

import contextlib
import errno
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from evsed.hw.lcd import controller
from evsed.hw.lcd.controller import Controller
from evsed.hw.lcd.display import Glass
from evsed.hw.lcd.show import Display, LcdError
from evsed.hw.lcd.thread import REOPEN_S, Lcd
from evsed.hw.lcd.wire import SpiWire
from evsed.hw.pin_factory import PinError
from evsed.wiring import Wiring
from tests.hw.lcd.bench import DARK, LIT, Bench, dots, face
from tests.hw.small_pigpiod import SmallPigpiod
from tests.hw.test_panel import soon


class Day:
    """An Lcd that lives in virtual time, in the test's own thread; ``events`` happen on their way."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.events: dict[int, Callable[[], object]] = {}
        self.now = 0
        self.made = 0
        self.waits: list[float] = []
        self.lcd = Lcd(
            self.bench.wiring,
            lambda: self.bench.snapshot,
            lambda: self.bench.picture,
            opener=self._make,
            clock=lambda: self.now,
            wait=self._wait,
        )

    def _make(self, _: Wiring) -> Display:
        self.made += 1
        return self.bench.glass

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += round(seconds * 1_000)
        for at in [at for at in self.events if at <= self.now]:
            self.events.pop(at)()
        if not self.events:
            self.lcd._stop.set()

    def pass_by(self, events: dict[int, Callable[[], object]]) -> None:
        """Lives until the last of the ``events`` (ms, what happens then)."""
        self.events = events
        self.lcd._run()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_an_lcd_that_is_not_there_is_told_once_and_tried_every_30_s(caplog: pytest.LogCaptureFixture) -> None:
    day = Day()
    day.bench.spi.fails = errno.ENOENT
    day.pass_by({600_000: lambda: None})
    (text,) = told(caplog)
    assert text.startswith("the LCD (/dev/spidev0.0) does not work: it is not there: switch SPI on")
    assert text.endswith("Charging goes on without it; it is tried again every 30 s")
    assert set(day.waits) == {REOPEN_S}
    assert day.made == 1  # luma keeps each device that was made
    assert (day.lcd.health.works, day.lcd.health.errors) == (False, len(day.waits))


def test_an_lcd_that_is_lost_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[bool] = []
    day = Day()
    day.pass_by(
        {
            5_000: lambda: seen.append(day.bench.right),
            5_050: lambda: setattr(day.bench.spi, "fails", errno.ENODEV),
            5_060: lambda: setattr(day.bench, "picture", face(4)),
            90_000: lambda: setattr(day.bench.spi, "fails", 0),
            130_000: lambda: seen.append(day.bench.right),
        }
    )
    assert seen == [True, True]
    lost, refused, again = told(caplog)
    assert "/dev/spidev0.0 is gone: No such device" in lost
    assert "it cannot be opened: No such device" in refused
    assert again == "the LCD works again"
    assert day.lcd.health.works


def test_pins_that_cannot_be_had_are_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    day = Day()
    day.bench.refuses += [PinError("pigpiod does not answer")] * 2
    day.pass_by({100_000: lambda: None})
    assert [text.split(". ")[0] for text in told(caplog)] == [
        "the LCD (/dev/spidev0.0) does not work: pigpiod does not answer",
        "the LCD works again",
    ]


def test_a_picture_that_cannot_be_drawn_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is a bug of ours: the log has where, and charging goes on."""
    day = Day()
    day.pass_by({40_000: lambda: setattr(day.bench, "picture", None), 200_000: lambda: None})
    (record,) = caplog.records
    assert record.getMessage().startswith("the LCD (/dev/spidev0.0) does not work: AttributeError")
    assert record.exc_info is not None


@pytest.mark.parametrize(
    ("part", "deed", "error"),
    [(Controller, "clear", MemoryError("no memory")), (SpiWire, "cleanup", OSError("cannot be closed"))],
    ids=["picture", "device"],
)
def test_an_lcd_that_cannot_be_closed_is_told_and_tried_again(
    part: type, deed: str, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    day = Day()
    tidy = getattr(part, deed)

    def untidy(each: object) -> None:
        with contextlib.suppress(LcdError):
            tidy(each)
        raise error

    def lost() -> None:
        day.bench.spi.short = 1
        monkeypatch.setattr(part, deed, untidy)

    def found() -> None:
        day.bench.spi.short = 0
        monkeypatch.setattr(part, deed, tidy)

    left: list[object] = []
    seen: list[bool] = []
    day.pass_by(
        {
            5_000: lost,
            60_000: lambda: left.append((day.bench.glass._lines, day.bench.spi.factory.pins)),
            70_000: found,
            130_000: lambda: seen.append(day.bench.right),
        }
    )
    assert left == [(None, {})]
    assert seen == [True]
    words = [text.partition("work: ")[2].partition(". ")[0] or text for text in told(caplog)]
    assert f"{type(error).__name__}: {error}" in words
    assert len(set(words)) == len(words)
    assert words[-1] == "the LCD works again"


def test_what_is_left_out_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    day = Day()
    make = day.bench.factory

    def without_light(wiring: Wiring) -> Any:
        factory = make(wiring)
        factory.reserve_pins(factory, 18)
        return factory

    day.bench.glass._factory = without_light
    day.bench.spi.short = 1  # opened, and lost at once, again and again
    day.pass_by({100_000: lambda: None})
    light = [text for text in told(caplog) if "lcd_backlight" in text]
    assert len(light) == 1
    assert light[0].endswith("It is left out; the rest of the LCD works")


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules that use luma are imported anew."""
    for name in ("display", "controller"):
        monkeypatch.delitem(sys.modules, f"evsed.hw.lcd.{name}", raising=False)


def first_words(caplog: pytest.LogCaptureFixture) -> str:
    """What is told of a display that is made as the daemon makes it."""
    lcd = Lcd(Wiring(), lambda: LIT, face, wait=lambda _: lcd._stop.set())
    lcd._run()
    return told(caplog)[0].partition(". ")[0]


@pytest.mark.parametrize("package", ["luma.lcd", "PIL"])
def test_a_missing_package_is_told(
    package: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(name: str, *_: object) -> None:
        if name == package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=gone), *sys.meta_path])
    for name in (package, "luma.lcd.device"):
        monkeypatch.delitem(sys.modules, name)
    forget(monkeypatch)
    assert first_words(caplog).endswith(f"the Python package {package} is missing: `evsed doctor` says what to install")


@pytest.mark.parametrize("broken", ["luma.lcd.device", "evsed.hw.lcd.care"])
def test_a_package_that_cannot_be_imported_is_not_told_as_missing(
    broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, broken, None)
    forget(monkeypatch)
    words = first_words(caplog)
    assert f"ModuleNotFoundError: import of {broken} halted" in words
    assert "is missing" not in words
    assert caplog.records[0].exc_info is not None


def test_a_name_that_a_package_does_not_have_is_told_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr("luma.lcd.device.st7567")
    forget(monkeypatch)
    words = first_words(caplog)
    assert "ImportError: cannot import name 'st7567'" in words
    assert "is missing" not in words


def test_a_luma_that_would_switch_a_backlight_of_its_own_is_refused(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As 2.10 did, which Debian 12 has: GPIO 18, where the pilot may be."""

    def old(_: object, __: object = None, ___: object = None, gpio_LIGHT: int = 18, **____: object) -> None:  # noqa: N803
        pytest.fail(f"took GPIO {gpio_LIGHT}")

    monkeypatch.setattr("luma.lcd.device.backlit_device.__init__", old)
    assert first_words(caplog).endswith("luma.lcd is too old: `evsed doctor` says what to install")


def test_a_board_without_an_lcd_starts_nothing() -> None:
    wiring = Wiring(pins=replace(Wiring().pins, lcd_data=None))
    lcd = Lcd(wiring, lambda: DARK, face, opener=lambda _: pytest.fail("opened"))
    before = threading.active_count()
    lcd.start()
    assert threading.active_count() == before
    lcd.close()


# ---- its end ----


@pytest.fixture
def daemon() -> Iterator[SmallPigpiod]:
    daemon = SmallPigpiod()
    yield daemon
    daemon.die()


def test_the_end_is_dark_and_empty_and_quick() -> None:
    bench = Bench()
    lcd = Lcd(bench.wiring, lambda: LIT, lambda: bench.picture, opener=lambda _: bench.glass)
    lcd.start()
    soon(lambda: bench.spi.factory.pin(18).state == 1)
    assert bench.visible == dots(bench.picture)
    pin = bench.spi.factory.pin(18)
    lcd.close()
    assert lcd._thread is not None
    lcd._thread.join(10)
    assert bench.chip.on is False
    assert pin.state == 0


def test_a_picture_on_its_way_does_not_keep_the_light_on() -> None:
    """A slow wire may need longer for it than evsed has to end."""
    bench, hangs = Bench(), threading.Event()
    light: list[float] = []  # at each write, from the end on
    write = bench.spi.write

    def slow(fd: int, data: bytes) -> int:
        if lcd._stop.is_set():
            light.append(bench.light)
        elif bench.light == 1:
            hangs.set()
            lcd._stop.wait(60)
        return write(fd, data)

    bench.glass._kernel = replace(bench.spi.kernel, write=slow)
    seeds = count()
    lcd = Lcd(bench.wiring, lambda: LIT, lambda: face(next(seeds)), opener=lambda _: bench.glass)
    lcd.start()
    assert hangs.wait(10)
    lcd.close()
    assert lcd._thread is not None
    lcd._thread.join(10)
    assert set(light) == {0}
    assert bench.chip.on is False
    assert not any(any(page[4:132]) for page in bench.chip.ram[:8])


def test_an_lcd_that_was_never_started_ends() -> None:
    Lcd(Wiring(), lambda: LIT, face).close()


def test_a_write_that_hangs_is_left_behind() -> None:
    bench, hangs, released = Bench(), threading.Event(), threading.Event()
    write = bench.spi.write

    def hanging(fd: int, data: bytes) -> int:
        if bench.chip.written > 128:
            hangs.set()
            released.wait(60)
        return write(fd, data)

    bench.glass._kernel = replace(bench.spi.kernel, write=hanging)
    lcd = Lcd(bench.wiring, lambda: LIT, lambda: bench.picture, opener=lambda _: bench.glass)
    lcd.start()
    assert hangs.wait(10)
    begun = time.monotonic()
    lcd.close()
    took = time.monotonic() - begun
    assert lcd._thread is not None
    assert lcd._thread.is_alive()
    released.set()
    lcd._thread.join(10)
    print(f"closing over a hanging write took {took * 1000:.0f} ms")  # noqa: T201  # a figure for people
    assert took < 3


def test_over_pigpiod_the_light_comes_and_a_frozen_one_is_left(daemon: SmallPigpiod) -> None:
    bench = Bench()
    wiring = replace(bench.wiring, pigpio_port=daemon.port)
    glass = Glass(wiring)
    bench.spi.reset_line = None
    glass._kernel = replace(bench.spi.kernel, write=lambda _, data: len(data))  # its pins are elsewhere
    lcd = Lcd(wiring, lambda: LIT, face, opener=lambda _: glass)
    lcd.start()
    soon(lambda: daemon.duty.get(18) == 10_000)
    assert (daemon.modes[5], daemon.levels[6]) == (1, 1)  # an output; not in reset
    daemon.frozen.set()
    begun = time.monotonic()
    lcd.close()
    took = time.monotonic() - begun
    print(f"closing over a frozen pigpiod took {took * 1000:.0f} ms")  # noqa: T201  # a figure for people
    assert took < 3
    assert lcd._thread is not None
    lcd._thread.join(10)
    assert not lcd._thread.is_alive()


_PROCESS = """
import sys
from evsed.hw.lcd.thread import Lcd
from evsed.wiring import Wiring
heavy = [name for name in ("luma", "PIL", "gpiozero", "pigpio") if name in sys.modules]
lcd = Lcd(Wiring(pigpio_port=1), lambda: None, lambda: None)
lcd.start()
lcd.close()
print(heavy)
"""


_LUMA = """
import threading
import evsed.hw.lcd.controller
from evsed.wiring import Wiring
evsed.hw.lcd.controller.Controller(Wiring().lcd, lambda _: None)
threads = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
print([type(thread).__module__ for thread in threads], [thread.daemon for thread in threads])
"""


@pytest.mark.daemon
def test_the_threads_that_luma_starts_are_those_that_are_told_of_and_keep_no_process() -> None:
    command = [sys.executable, "-W", "error", "-c", _LUMA]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.returncode) == (f"{['luma.core.threadpool'] * 4} {[True] * 4}\n", 0), ended.stderr
    assert "four threads (luma.core.virtual's pool" in (controller.__doc__ or "")


@pytest.mark.daemon
def test_importing_and_making_it_loads_nothing_heavy_and_the_process_ends() -> None:
    command = [sys.executable, "-W", "error", "-c", _PROCESS]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.returncode) == ("[]\n", 0), ended.stderr
    assert "Traceback" not in ended.stderr
