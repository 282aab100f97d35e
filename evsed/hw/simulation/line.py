"""The simulated RS485 line: a pseudo-terminal for each charger, the meters, and one pair of wires between them all.

Owns the ports and the event loop's timers. What happens on the wires is pair.py's, what the meters say station.py's.
"""

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable

from evsed.hw.simulation.eastron import Eastron
from evsed.hw.simulation.pair import Heard, Pair
from evsed.hw.simulation.station import Station

_METERS = -1  # the meters' number on the pair; taps count from 0


class Line:
    """One line with its meters and a tap for each charger. ``devices`` are the serial ports that the chargers open."""

    def __init__(self, meters: list[Eastron], baud: int, *offline: Callable[[], bool], seed: int = 0) -> None:
        """A tap for each of ``offline``, which tells whether it is cut off. ``seed`` of the garbage in collisions."""
        self._pair = Pair(baud, seed)
        self._station = Station(meters)
        self._offline = offline
        self._ports = [os.openpty() for _ in offline]
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        for tap, (outside, inside) in enumerate(self._ports):
            tty.setraw(inside)  # it stays open, so that a daemon's end is no hang-up
            os.set_blocking(outside, False)
            self._loop.add_reader(outside, self._readable, tap, outside)
        self.devices = tuple(os.ttyname(inside) for _, inside in self._ports)

    @property
    def device(self) -> str:
        """The port of charger 0."""
        return self.devices[0]

    def close(self) -> None:
        """Hangs up."""
        if self._timer is not None:
            self._timer.cancel()
        for outside, inside in self._ports:
            self._loop.remove_reader(outside)
            os.close(outside)
            os.close(inside)

    def _readable(self, tap: int, port: int) -> None:
        data = os.read(port, 4096)
        now = self._loop.time()
        self._bring_to(now)
        if not self._offline[tap]():
            self._pair.send(tap, data, now)
        self._wait()

    def _due(self) -> None:
        self._timer = None
        self._bring_to(self._loop.time())
        self._wait()

    def _bring_to(self, now: float) -> None:
        """Lets everything happen that is due, in the order of the wire."""
        while (due := self._deadline()) is not None and due <= now:
            for heard in self._pair.advance(due):
                self._deliver(heard)
            ends = self._pair.quiet_from + self._pair.silence_s
            if self._station.listens and ends <= due:
                answer = self._station.frame_ended(ends)
                if answer is not None:
                    self._pair.send(_METERS, answer.frame, answer.at)

    def _deadline(self) -> float | None:
        due = self._pair.deadline
        if due is None and self._station.listens:
            return self._pair.quiet_from + self._pair.silence_s
        return due

    def _wait(self) -> None:
        due = self._deadline()
        if self._timer is not None:
            if due == self._timer.when():
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = self._loop.call_at(due, self._due)

    def _deliver(self, heard: Heard) -> None:
        if heard.sender != _METERS and self._offline[heard.sender]():
            return
        if _METERS not in heard.deaf:
            self._station.hear(heard.data)
        for tap, (outside, _) in enumerate(self._ports):
            if tap not in heard.deaf and not self._offline[tap]():
                with contextlib.suppress(BlockingIOError):  # nobody reads: on a real line these bits are gone as well
                    os.write(outside, heard.data)
