"""What the daemon is to others: REST and page, MQTT, Modbus, alerts, and whoever runs beside the control loop.

Owns how these are put together, the order in which they open, and how they end. Together with app.py and beside.py it
is the composition root; imported once the control loop runs, because what it brings is heavy.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter

from evsed.access import Access, Kind
from evsed.alerts.service import Alerts
from evsed.api.app import create_app
from evsed.api.gate import Keys
from evsed.api.guesses import Guesses
from evsed.api.mqtt.service import MqttService
from evsed.api.network import Looker
from evsed.api.refusals import Refusals
from evsed.api.site import Site
from evsed.api.update.handover import opened
from evsed.beside import Other, devices, others, recorder_of
from evsed.config import Board, Installation
from evsed.doors.entrances import Entrances
from evsed.doors.opening import Doors
from evsed.hw.modbus_tcp import ModbusTcp
from evsed.lcd.face import Face
from evsed.logbook.log import Logbook
from evsed.logring import Ring
from evsed.runtime import Runtime
from evsed.started import Started
from evsed.store import Store
from evsed.wallclock import LocalCalendar

log = logging.getLogger(__name__)

SERVER_STOPS_S = 0.3


@dataclass(frozen=True, slots=True)
class Inside:
    """What there is before anything heavy: the control loop, and what is kept on the disk."""

    installation: Installation
    runtime: Runtime
    store: Store
    access: Access
    logbook: Logbook
    ring: Ring
    started: Started | None
    """Why this daemon was started, where that is known."""
    pin: int
    """The installer's PIN of the command line; 0: none was given."""

    @property
    def state(self) -> Path:
        """The state directory."""
        return Path(self.installation.state.directory)


class Outside:
    """The servers of one daemon. ``build`` makes one."""

    def __init__(self, inside: Inside, over: asyncio.Event, reboot: Callable[[], object]) -> None:
        """``over``: the daemon ends. ``reboot`` ends it and starts it anew."""
        installation, runtime = inside.installation, inside.runtime
        self._inside = inside
        self._over = over
        self._refusals, network = Refusals(), Looker()
        self._mqtt = MqttService(
            runtime,
            installation,
            self._refusals,
            network,
            reboot,
            test_alert=lambda: self._alerts.begin_test(),  # noqa: PLW0108 - whom it names comes next
        )
        ports = installation.own_ports
        self._alerts = Alerts(runtime, installation.serial, inside.state, self._mqtt.alerts, own_ports=ports)
        face = Face(lambda: runtime.snapshot, LocalCalendar(), lambda: network().address)
        recorder = recorder_of(installation, runtime)
        self._beside: list[Other] = [
            *others(installation, runtime, face, self._refusals.note), self._alerts, recorder,
        ]  # fmt: skip
        self._site = Site(
            runtime,
            inside.store.barrier,
            installation,
            self._mqtt.connected,
            self._refusals,
            log_lines=inside.ring,
            reboot=reboot,
            broker=self._mqtt.broker,
            set_broker=self._mqtt.set_broker,
            network=network,
            lcd=face.shown,
            keys=Keys(inside.access, guesses=Guesses(inside.state)),
            logbook=inside.logbook,
            alerts=self._alerts,
            history=recorder.history,
            devices=lambda: devices(self._beside),
            started=inside.started,
            announced=lambda: self._entrances.announced,
            updates=opened(inside.state),
        )
        inside.ring.hides(lambda: (self._mqtt.broker().password, runtime.snapshot.settings.alert_webhook))
        self._take_over_access()
        app = create_app(self._site, *_simulation(installation.board))
        self._doors = Doors(over, patient=installation.board.kind != "simulation")
        note = self._refusals.note
        self._entrances = Entrances(installation, app, note, self._doors, over, self._site)
        self._modbus = ModbusTcp(runtime, installation.serial, note, writable=installation.modbus.writable)

    @classmethod
    async def build(cls, inside: Inside, over: asyncio.Event, reboot: Callable[[], object]) -> "Outside":
        """All of it, wired together; nothing of it runs yet. The disk is read on another thread."""
        return await asyncio.to_thread(cls, inside, over, reboot)

    def _take_over_access(self) -> None:
        """What the command line or an older evsed's configuration says of who may log in is taken over."""
        access, pin = self._inside.access, self._inside.pin
        self._site.keys.guesses.load()
        access.take_over(self._inside.installation.installer.pin)
        if pin and not access.check(Kind.INSTALLER, f"{pin:04}"):
            access.set_pin(f"{pin:04}")

    async def serve(self, settled: Callable[[], object]) -> bool:
        """Opens everything, waits for the end, and ends it; whether the web server lasted until then.

        ``settled`` is called once all that lasts is there.
        """
        installation = self._inside.installation
        door = await self._doors.now("http", installation.http) if installation.http.port else None
        modbus_door = await self._doors.now("modbus", installation.modbus) if installation.modbus.port else None
        if self._over.is_set():
            return True
        for other in self._beside:
            other.start()
        self._mqtt.start()
        ends: list[asyncio.Task[None]] = []
        if modbus_door is not None:
            await self._modbus.start(modbus_door)
        elif installation.modbus.port:
            ends.append(asyncio.create_task(self._serve_modbus_later()))
        settled()
        lasted, last_requests = await self._serve_pages(door)
        self._inside.runtime.leave()
        closing = (self._mqtt.close, self._entrances.close)
        ends += [last_requests, *(asyncio.create_task(asyncio.to_thread(close)) for close in closing)]
        await asyncio.wait(ends, timeout=SERVER_STOPS_S)
        self._modbus.close()
        for other in self._beside:
            other.close()
        return lasted

    async def _serve_modbus_later(self) -> None:
        """Modbus for programs outside, as soon as its port is free."""
        door = await self._doors.later("modbus", self._inside.installation.modbus)
        if door is not None:
            await self._modbus.start(door)

    async def _serve_pages(self, door: socket.socket | None) -> "tuple[bool, asyncio.Task[None]]":
        """The web server, until the daemon ends: whether it lasted so long, and its last requests."""
        serving = self._entrances.open(door)
        over = asyncio.create_task(self._over.wait())
        await asyncio.wait([over, serving], return_when=asyncio.FIRST_COMPLETED)
        lasted = not serving.done()
        if not lasted:
            log.critical("the web server ended by itself: %s", serving.exception())
        self._site.closing.set()
        self._entrances.leave()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # requests that are cut off now are no errors
        return lasted, serving


def _simulation(board: Board) -> list[APIRouter]:
    """The way to the simulated plant; a real board has none."""
    if board.kind != "simulation":
        return []
    from evsed.hw.simulation.proxy import create_router  # noqa: PLC0415 - heavy

    return [create_router(board.plant_port, board.charger)]
