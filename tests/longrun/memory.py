"""Whether the bus's own thread and its objects keep memory: real ones on a pseudo-terminal, without wire time."""

import gc
import logging
import os
import threading
import time
import tracemalloc
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evsed.core.model import MeterRole
from evsed.core.settings import Settings
from evsed.hw.bus import Bus
from evsed.hw.poller import Poller
from evsed.hw.simulation.eastron import Eastron
from evsed.hw.simulation.launcher import fresh_settings
from evsed.hw.simulation.process import EV_ADDRESS, MAINS_ADDRESS
from evsed.hw.simulation.station import Station

BAUD = 115_200
WARM_UP = 500
_PATIENCE_S = 120.0
_WRONG_EVERY = 50


def _meters() -> list[Eastron]:
    def one(address: int) -> Eastron:
        return Eastron(address, lambda: (10.0, 6.5, 0.0), lambda: 1_000.0, lambda: 0.0, lambda: False)

    return [one(MAINS_ADDRESS), one(EV_ADDRESS)]


def _serve(master: int) -> None:
    """The meters of the line, until it hangs up; now and then one says something wrong."""
    station, heard = Station(_meters()), 0
    while True:
        try:
            station.hear(os.read(master, 512))
        except OSError:
            return
        answer = station.frame_ended(0.0)
        if answer is not None:
            heard += 1
            wrong = heard % _WRONG_EVERY == 0
            os.write(master, answer.frame[:-1] + bytes((answer.frame[-1] ^ wrong,)))


@contextmanager
def running() -> Iterator[Bus]:
    """A bus that polls two meters as fast as it goes."""
    master, slave = os.openpty()
    tty.setraw(slave)
    settings = fresh_settings()

    def given() -> Settings:
        return settings

    poller = Poller("bus 1", list(MeterRole), given, lambda _event: None)
    bus = Bus("bus 1", os.ttyname(slave), BAUD, given, [poller])
    meters = threading.Thread(target=_serve, args=(master,))
    meters.start()
    bus.start()
    try:
        yield bus
    finally:
        bus.close()
        os.close(slave)  # the meters' read ends with it
        meters.join()
        os.close(master)


def _until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < give_up, "the line does not move"
        time.sleep(0.01)


def grown(exchanges: int) -> tuple[int, int]:
    """Bytes that ``exchanges`` leave behind after WARM_UP others, by tracemalloc; and how many of them failed."""
    logging.getLogger("evsed.hw").setLevel(logging.CRITICAL)  # what a log keeps is not the bus's
    with running() as bus:
        _until(lambda: bus.statistics.requests >= WARM_UP)
        tracemalloc.start()
        try:
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            _until(lambda: bus.statistics.requests >= WARM_UP + exchanges)
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
            return after - before, bus.statistics.errors
        finally:
            tracemalloc.stop()
