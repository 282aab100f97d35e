"""How buses, LCD and card reader do, as the composition root tells it."""

import threading
from collections.abc import Callable

from evsed.beside import Other, devices
from evsed.core.settings import Settings
from evsed.devices import DeviceHealth
from evsed.hw.bus import Bus
from evsed.hw.lcd.thread import Lcd
from evsed.hw.rfid.reader import Reader, ReaderError, Wire
from evsed.lcd.face import Face
from evsed.wiring import Pins, Wiring
from tests.scenarios.simulation import wait_for


class Nothing:
    """A card reader that reads no card, until it is pulled out."""

    def __init__(self, gone: threading.Event) -> None:
        self._gone = gone

    def read(self) -> str | None:
        if self._gone.wait(0.01):
            raise ReaderError("it is gone")
        return None

    def close(self) -> None:
        """Nothing to let go of."""


def named(found: list[Other], name: str) -> Callable[[], DeviceHealth]:
    return lambda: next(one for one in devices(found) if one.name == name)


def test_buses_have_the_numbers_of_their_order_and_a_port_that_is_not_there_does_not_work() -> None:
    found: list[Other] = [Bus(f"bus {n}", f"/dev/none{n}", 9_600, Settings, ()) for n in (1, 2)]
    assert [one.name for one in devices(found)] == ["bus_1", "bus_2"]
    assert named(found, "bus_2")().works is None, "it was not tried yet"
    found[1].start()
    wait_for(lambda: named(found, "bus_2")().works is False, "it was tried")
    found[1].close()
    assert named(found, "bus_1")().works is None


def test_a_card_reader_works_until_it_is_gone() -> None:
    gone = threading.Event()
    wires: list[Wire] = [Nothing(gone)]
    reader = Reader(lambda: wires[0], lambda _card: None)
    found: list[Other] = [reader]
    assert named(found, "card_reader")() == DeviceHealth("card_reader", None, 0)
    reader.start()
    wait_for(lambda: named(found, "card_reader")().works, "it works")
    gone.set()
    wait_for(lambda: named(found, "card_reader")().works is False, "it is lost")
    reader.close()
    assert named(found, "card_reader")().errors >= 1


def test_an_lcd_that_is_not_wired_is_no_device() -> None:
    look: Callable[[], object] = lambda: None  # noqa: E731
    wired, unwired = Wiring(), Wiring(pins=Pins(lcd_data=None))
    found: list[Other] = [Lcd(one, look, Face.image) for one in (wired, unwired)]  # type: ignore[arg-type]
    assert devices(found) == (DeviceHealth("lcd", None, 0),)
