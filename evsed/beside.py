"""What runs on threads of its own beside the control loop: buses, meters on the LAN, cards, the LCD.

Owns which of these an installation has. Together with app.py it is the composition root; imported once the control loop
runs, because what it brings is heavy.
"""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from evsed.config import Installation
from evsed.core.events import Command
from evsed.core.model import MeterRole
from evsed.core.settings import Settings
from evsed.devices import DeviceHealth
from evsed.history.file import folder_of
from evsed.history.recorder import Recorder
from evsed.hw.bus import Bus, Client
from evsed.hw.homewizard import HomeWizard
from evsed.hw.lcd.thread import Lcd
from evsed.hw.nodeserver import Core, NodeServer
from evsed.hw.poller import Poller
from evsed.hw.powershare import Master
from evsed.hw.rfid import reader_for
from evsed.hw.rfid.reader import Reader
from evsed.lcd.face import Face
from evsed.runtime import Runtime
from evsed.wiring import Rfid

log = logging.getLogger(__name__)

ANSWERS_WITHIN_S = 5.0


class Other(Protocol):
    """What runs on a thread of its own beside the control loop."""

    def start(self) -> None: ...

    def close(self) -> None: ...


def others(
    installation: Installation, runtime: Runtime, face: Face, refuse: Callable[[str, str, str], None]
) -> list[Other]:
    """Whoever measures, reads cards and shows ``face`` at the unit."""
    found: list[Other] = [*_buses(installation, runtime, refuse)]
    found.append(HomeWizard(lambda: runtime.snapshot.settings, runtime.post, menu=lambda: runtime.snapshot.panel.menu))
    rfid = installation.board.wiring.rfid if installation.board.kind else Rfid()
    reader = reader_for(rfid, lambda card: _obey_card(runtime, card))
    if reader is not None:
        found.append(reader)
    if installation.board.kind == "pi":
        found.append(Lcd(installation.board.wiring, lambda: runtime.snapshot, face.image))
    return found


def recorder_of(installation: Installation, runtime: Runtime) -> Recorder:
    """Who keeps the last day for the charts."""
    state, simulated = Path(installation.state.directory), installation.board.kind == "simulation"
    return Recorder(runtime, folder_of(state, installation.control.socket, simulated=simulated))


def devices(beside: Iterable[Other]) -> tuple[DeviceHealth, ...]:
    """How those of ``beside`` do that are devices of this unit."""
    found: list[DeviceHealth] = []
    for other in beside:
        if isinstance(other, Bus):
            found.append(other.health(len(found) + 1))  # buses come first
        elif isinstance(other, Reader) or (isinstance(other, Lcd) and other.fitted):
            found.append(other.health)
    return tuple(found)


def _obey_card(runtime: Runtime, card: Command) -> None:
    """A card that is refused (no reader mode chosen) is told to whoever reads the log."""
    try:
        refused = runtime.submit(card).result(ANSWERS_WITHIN_S).refused
    except TimeoutError:
        refused = "the control loop does not answer"
    if refused:
        log.warning("a card was read, and nothing came of it: %s", refused)


def _buses(installation: Installation, runtime: Runtime, refuse: Callable[[str, str, str], None]) -> list[Bus]:
    """A bus for every line of the installation: its clients are the meters on it and, where chargers share it, they."""

    def settings() -> Settings:
        return runtime.snapshot.settings

    buses = []
    for line in installation.bus:
        roles = [MeterRole(role) for role in line.meters]
        where = f"{line.name} ({line.device})"
        clients: list[Client] = [Poller(where, roles, settings, runtime.post, shared=line.chargers)]
        server = None
        if line.chargers:
            clients.append(Master(lambda: runtime.snapshot, runtime.post))
            core = Core(lambda: runtime.snapshot, lambda: runtime.hangs, runtime.post, runtime.submit, refuse)
            server = NodeServer(core, installation.serial, ev_meter=MeterRole.EV in roles)
        known = bool(installation.board.kind)
        buses.append(Bus(line.name, line.device, line.baud, settings, clients, server, opens_at_once=known))
    return buses
