"""A node's side of the chargers' line: answers its master from the last Snapshot, and hands on what it is told.

Owns what is said to whom. Which register shows what is registers.py's, how requests look pdus.py's, when the bus
listens bus.py's. Bad requests change nothing: they are answered with an exception, counted and logged once.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from evsed.core.events import ChangeSetting, Command, Event, Verdict
from evsed.core.model import MeterType
from evsed.core.snapshot import Snapshot
from evsed.hw import pdus, registers
from evsed.hw.poller import OverheardEvMeter
from evsed.hw.registers import CONFIG_CHANGED, RefusedError

SHOWN: int = 32
"""So much of a refused request, in bytes, is shown in the log."""

_MASTER = "charger bus, our master"
_EVERYBODY = "charger bus, to everybody"


@dataclass(frozen=True, slots=True)
class Core:
    """What a node's server needs of the control loop and of the counters beside it."""

    snapshot: Callable[[], Snapshot]
    hangs: Callable[[], bool]
    post: Callable[[Event], None]
    submit: Callable[[Command], "Future[Verdict] | None"]  # None: nobody will say what came of it
    refuse: Callable[[str, str, str], None]  # where, what was given, why it is refused


class NodeServer:
    """Answers on the chargers' line while we are a node."""

    def __init__(self, core: Core, serial: int, *, ev_meter: bool = True) -> None:
        """``serial``: the unit's number, 0 to 999,999; its low 16 bits are shown.

        ``ev_meter``: ours is on the chargers' line. Where it is on another our master finds no meter, and who answers
        at its address here is another charger's.
        """
        self._core = core
        self._serial = serial
        self._hears_ev_meter = ev_meter
        self._known_config: tuple[int, int] | None = None  # our EV meter, as far as the master has read it
        self._ev_meter = OverheardEvMeter(lambda: core.snapshot().settings, core.post)

    def answer(self, pdu: bytes) -> bytes | None:
        """The answer to our master; none at all while our control loop hangs: then we are as good as gone."""
        if not pdu or self._core.hangs():
            return None
        try:
            request = pdus.parse(pdu)
            if isinstance(request, pdus.ReadRegisters):
                return pdus.words_read(request, self._read(request))
            self._take(request, _MASTER)
        except RefusedError as error:
            self._core.refuse(_MASTER, pdu[:SHOWN].hex(" "), str(error))
            return pdus.refused(pdu[0], error.code)
        return pdus.confirmed(request)

    def told(self, pdu: bytes) -> None:
        """Everybody was told something."""
        if not pdu or self._core.hangs():
            return
        try:
            request = pdus.parse(pdu)
            if isinstance(request, pdus.WriteRegisters):
                self._take(request, _EVERYBODY)
        except RefusedError as error:
            self._core.refuse(_EVERYBODY, pdu[:SHOWN].hex(" "), str(error))

    def overheard(self, address: int, request: bytes, answer: bytes) -> None:
        """Our EV meter is read by our master: we listen."""
        if self._hears_ev_meter:
            self._ev_meter.overheard(address, request, answer)

    @property
    def _shown(self) -> Snapshot:
        """The last Snapshot, as our master has to see it."""
        snapshot = self._core.snapshot()
        if self._hears_ev_meter:
            return snapshot
        return replace(snapshot, settings=snapshot.settings.replace("ev_meter", int(MeterType.DISABLED)))

    @property
    def _config(self) -> tuple[int, int]:
        settings = self._shown.settings
        return (settings.ev_meter, settings.ev_meter_address)

    def _read(self, request: pdus.ReadRegisters) -> list[int]:
        changed = self._known_config != self._config
        return registers.read(self._shown, self._serial, changed, request.first, request.count)

    def _take(self, request: pdus.WriteRegisters, who: str) -> None:
        meant = registers.from_master(self._core.snapshot(), request.first, request.values)
        if request.first <= CONFIG_CHANGED < request.first + len(request.values):
            self._known_config = self._config
        if isinstance(meant, ChangeSetting):
            self._change(meant, f"{who}, register {request.first:#06x}")
        elif meant is not None:
            self._core.post(meant)

    def _change(self, change: ChangeSetting, where: str) -> None:
        """Hands ``change`` on. The bus waits for nobody: what the core refuses was answered as done, and is noted."""

        def decided(verdict: "Future[Verdict]") -> None:
            if refused := verdict.result().refused:
                self._core.refuse(where, str(change.value), refused)

        if (verdict := self._core.submit(change)) is not None:
            verdict.add_done_callback(decided)
