"""The plant process: brings the plant forward in real time, serves daemons, meters and ``/simulation``. One thread.

It outlives a daemon for 60 s, so that one can see what happened, and ends at once when its launcher does.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import sys
from functools import partial
from pathlib import Path

from evsed.doors.webserver import QuietServer, listen
from evsed.hw.guard import LET_GO, MODULUS, STATUS, Alive, follows, pack_alive
from evsed.hw.lease import unpack_feed
from evsed.hw.simulation.eastron import Eastron
from evsed.hw.simulation.http import create_plant_app
from evsed.hw.simulation.line import Line
from evsed.hw.simulation.link import LOOK, pack_inputs
from evsed.hw.simulation.plant import STEP_MS, Plant

MAINS_ADDRESS = 11
EV_ADDRESS = 12
"""Of charger 0's EV meter; those of the others follow."""

OUTLIVES_S = 60.0
_PEER = struct.Struct("3i")


def meters_of(plant: Plant) -> list[Eastron]:
    """The meters on the line: one for the mains, and one for each charger's car."""
    mains = Eastron(
        MAINS_ADDRESS,
        lambda: plant.mains,
        lambda: plant.imported_wh,
        lambda: plant.exported_wh,
        lambda: plant.mains_silent,
    )
    return [mains, *(_ev_meter(plant, charger) for charger in range(len(plant.units)))]


def _ev_meter(plant: Plant, charger: int) -> Eastron:
    unit = plant.units[charger]
    return Eastron(
        EV_ADDRESS + charger,
        lambda: unit.current,
        lambda: unit.energy_wh,
        lambda: 0.0,
        lambda: plant.ev_silent[charger],
    )


class PlantProcess:
    """The plant with its doors: a socket and a serial port for each daemon, HTTP."""

    def __init__(self, chargers: int, seed: int, directory: Path, baud: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.plant = Plant(chargers, seed, self._now())
        self._daemons: dict[int, int | None] = dict.fromkeys(range(chargers))
        self._feeders: dict[int, tuple[socket.socket, int]] = {}  # who feeds a charger's lease, and its last number
        self._alive = 0
        self._last_death: float | None = None
        self._doors = [self._listen(directory / f"board{index}", index) for index in range(chargers)]
        offline = [partial(self.plant.offline.__getitem__, index) for index in range(chargers)]
        self.line = Line(meters_of(self.plant), baud, *offline, seed=seed)
        self.over = asyncio.Event()

    def _now(self) -> int:
        return round(self._loop.time() * 1000)

    def advance(self) -> None:
        """Brings the plant to this moment."""
        self.plant.advance(self._now())

    # ---- daemons ----

    def _listen(self, path: Path, charger: int) -> socket.socket:
        door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        door.bind(str(path))
        door.listen()
        door.setblocking(False)
        self._loop.add_reader(door, self._accept, door, charger)
        return door

    def _accept(self, door: socket.socket, charger: int) -> None:
        daemon, _ = door.accept()
        daemon.setblocking(False)
        peer = daemon.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        self._daemons[charger] = _PEER.unpack(peer)[0]
        self._alive += 1
        self._loop.add_reader(daemon, self._serve, daemon, charger)

    def _serve(self, daemon: socket.socket, charger: int) -> None:
        try:
            message = daemon.recv(4096)
        except ConnectionError:
            message = b""
        if not message:
            self._hang_up(daemon, charger)
            return
        self.advance()
        unit, now = self.plant.units[charger], self.plant.now
        if message == LOOK:
            answer = pack_inputs(unit.inputs(now))
        elif (feed := unpack_feed(message)) is not None:
            feeder, last = self._feeders.get(charger, (daemon, None))
            if unit.lease.lent and feeder is not daemon:
                self._hang_up(daemon, charger)  # there is one control loop
                return
            if feeder is daemon and last is not None and not follows(feed.sequence, last):
                return
            self._feeders[charger] = (daemon, feed.sequence)
            unit.feed(feed, now)
            answer = self._alive_answer(charger)
        elif message in {STATUS, LET_GO}:
            if message == LET_GO and charger in self._feeders:
                self._hang_up(self._feeders[charger][0], charger)
            answer = self._alive_answer(charger)
        else:
            return
        with contextlib.suppress(BlockingIOError, ConnectionError):
            daemon.send(answer)

    def _alive_answer(self, charger: int) -> bytes:
        lease = self.plant.units[charger].lease
        levels, sequence = lease.levels, self._feeders[charger][1] if charger in self._feeders else 0
        age = -1 if lease.fed_at is None else self.plant.now - lease.fed_at
        return pack_alive(Alive(sequence, levels.contactor1, levels.contactor2, lease.expiries % MODULUS, age))

    def _hang_up(self, daemon: socket.socket, charger: int) -> None:
        self._loop.remove_reader(daemon)
        daemon.close()
        self._alive -= 1
        self._last_death = self._loop.time()
        if self._feeders.get(charger, (None, 0))[0] is daemon:
            del self._feeders[charger]
            self.advance()
            self.plant.units[charger].abandon()

    def pids(self, charger: int) -> dict[str, int | None]:
        """The processes of a charger, as ``/simulation`` tells them."""
        return {"daemon": self._daemons[charger], "plant": os.getpid()}

    # ---- time ----

    async def run(self) -> None:
        """Brings the plant forward until it is over: 60 s after its last daemon, or when it is told so."""
        while not self.over.is_set():
            self.advance()
            died = self._last_death
            if self._alive == 0 and died is not None and self._loop.time() - died > OUTLIVES_S:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), STEP_MS / 1000)


async def _serve_plant(options: argparse.Namespace, door: socket.socket) -> None:
    process = PlantProcess(options.chargers, options.seed, options.directory, options.baud)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.over.set)
    loop.add_reader(sys.stdin, process.over.set)  # the launcher holds the other end: gone means over
    server = QuietServer(create_plant_app(process.plant, process.pids, process.advance))
    serving = asyncio.create_task(server.serve(sockets=[door]))
    sys.stdout.write(json.dumps({"devices": process.line.devices}) + "\n")
    sys.stdout.flush()
    await process.run()
    server.should_exit = True
    server.force_exit = True
    await serving
    process.line.close()


def main(arguments: list[str]) -> int:
    """Runs the plant; started by ``evsed simulate``."""
    parser = argparse.ArgumentParser(prog="evsed plant")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--chargers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--baud", type=int, default=9600)
    parser.add_argument("--directory", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        door = listen("127.0.0.1", options.port)
    except OSError as error:
        sys.stderr.write(f"evsed simulate: port {options.port} for the plant cannot be used: {error.strerror}\n")
        return 1
    with contextlib.suppress(OSError):  # where it may, the simulated hardware is as punctual as real one
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    asyncio.run(_serve_plant(options, door))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
