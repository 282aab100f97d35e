"""What every route needs: the control loop, the disk's acknowledgement, and the unit beside it."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from evsed.access import Access
from evsed.alerts.service import Alerts
from evsed.api.bounds import MOST_LOG_STREAMS, MOST_LOG_STREAMS_OF_ONE, MOST_STREAMS, MOST_STREAMS_OF_ONE, Places
from evsed.api.firmware.report import Unit
from evsed.api.gate import Keys
from evsed.api.network import UNKNOWN_NETWORK, Network
from evsed.api.refusals import Refusals
from evsed.api.update.handover import Updates
from evsed.config import Installation, Mqtt
from evsed.core.events import (
    AddCards,
    ChangeCard,
    ChangeSetting,
    ChangeSettings,
    ChooseMode,
    ClearFaults,
    Command,
    DelayedCharging,
    EraseSettings,
    RemoveCards,
    SwipeCard,
    Verdict,
)
from evsed.core.record import SessionRecord
from evsed.core.snapshot import Snapshot
from evsed.devices import DeviceHealth
from evsed.history.rows import History
from evsed.logring import Ring
from evsed.runtime import BUSY, ENDED, Runtime
from evsed.started import Started

if TYPE_CHECKING:
    from evsed.lcd.face import Shown

_ANSWERS_WITHIN_S = 3.0
_KEPT = (
    ChooseMode, ChangeSetting, ChangeSettings, ClearFaults, DelayedCharging, EraseSettings,
    SwipeCard, AddCards, ChangeCard, RemoveCards,
)  # fmt: skip
"""What outlives a restart; measurements and the override do not."""


MOST_READ = 3


class Log(Protocol):
    """The log of sessions, for reading; waits for the disk. See evsed.logbook.log.Logbook."""

    def page(
        self, limit: int, before: int | None = None, from_s: int | None = None, to_s: int | None = None
    ) -> list[SessionRecord]: ...

    def wrong(self, number: int) -> str: ...


class _NoLog:
    """A charger that logs nothing."""

    def page(
        self,
        limit: int,  # noqa: ARG002
        before: int | None = None,  # noqa: ARG002
        from_s: int | None = None,  # noqa: ARG002
        to_s: int | None = None,  # noqa: ARG002
    ) -> list[SessionRecord]:
        return []

    def wrong(self, number: int) -> str:  # noqa: ARG002
        return ""


NO_LOG = _NoLog()


class BusyError(Exception):
    """The control loop or the disk did not answer in time; the text says which."""


@dataclass(frozen=True, slots=True)
class Site:
    """The charger as the interfaces see it."""

    runtime: Runtime
    barrier: Callable[[], "Future[bool]"]
    installation: Installation
    mqtt_connected: Callable[[], bool]

    refusals: Refusals
    streams: Places = field(default_factory=lambda: Places(MOST_STREAMS, MOST_STREAMS_OF_ONE))
    log_lines: Ring = field(default_factory=Ring)
    log_streams: Places = field(default_factory=lambda: Places(MOST_LOG_STREAMS, MOST_LOG_STREAMS_OF_ONE))
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the daemon stops: answers without an end are over then."""

    reboot: Callable[[], object] | None = None
    """Ends the daemon in order and starts it anew; returns at once. None: whoever runs it has to."""

    broker: Callable[[], Mqtt] | None = None
    """The broker in use. None: the installation's."""

    set_broker: Callable[[Mqtt], None] | None = None
    """Stores a broker and connects to it. None: none can be stored.

    Raises ValueError when it is none, OSError when it cannot be stored; then the old one stays.
    """

    network: Callable[[], Network] = lambda: UNKNOWN_NETWORK
    lcd: Callable[[frozenset[str]], "Shown | None"] = lambda _veiled: None
    """What the LCD shows, without the digits of these PINs; None: there is no LCD.

    It may take a moment: not for the event loop.
    """

    keys: Keys = field(default_factory=lambda: Keys(Access()))
    """The credentials, and who guesses at them."""

    @property
    def access(self) -> Access:
        """The credentials."""
        return self.keys.access

    @property
    def login_on(self) -> bool:
        """Whether everybody has to log in."""
        return bool(self.runtime.snapshot.settings.login)

    logbook: Log = NO_LOG
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_READ))
    """Of the log, by so many requests at once; the others wait."""
    alerts: Alerts | None = None
    """Who tells of faults; None: nobody."""
    updates: Updates | None = None
    """Who hands packages to root's installer; None: nobody."""

    history: History = field(default_factory=History)
    """The last day."""

    devices: Callable[[], Sequence[DeviceHealth]] = tuple
    """How the devices beside the board do."""

    started: Started | None = None
    """Why the daemon was started; None: not known."""

    announced: Callable[[], str] = str
    """The host name that the LAN knows by mDNS; empty while it knows none."""

    @property
    def unit(self) -> Unit:
        """What clients are told beside the Snapshot."""
        broker = self.installation.mqtt if self.broker is None else self.broker()
        return Unit(
            serial=self.installation.serial,
            broker=broker,
            prefix=broker.prefix or f"SmartEVSE-{self.installation.serial}",
            mqtt_connected=self.mqtt_connected(),
            modem=self.installation.modem.unlocked,
            network=self.network(),
        )

    async def store_broker(self, broker: Mqtt) -> None:
        """Stores ``broker`` and connects to it.

        Raises BusyError when the disk refuses, and ValueError when it is no broker or none can be stored here.
        """
        if self.set_broker is None:
            raise ValueError("the broker of this unit is configured in evsed.toml, under [mqtt]")
        try:
            await asyncio.to_thread(self.set_broker, broker)
        except OSError as error:
            raise BusyError(f"the broker cannot be stored ({error.strerror or error})") from None

    @property
    def snapshot(self) -> Snapshot:
        """The last published state. Raises BusyError when it is too old to be true."""
        if self.runtime.hangs:
            raise BusyError("the control loop does not answer")
        return self.runtime.snapshot

    async def submit(self, command: Command) -> Verdict:
        """Carries a command out; see submit_all."""
        return (await self.submit_all([command]))[0]

    async def submit_all(self, commands: Sequence[Command]) -> list[Verdict]:
        """Carries commands out in this order, as soon as each other's as the control loop can.

        Returns when the Snapshot shows them and the disk holds what is to be kept. Raises BusyError when that takes
        longer than 3 s or cannot be written.
        """
        answers = [asyncio.wrap_future(self.runtime.submit(command)) for command in commands]
        if not answers:
            return []
        try:
            verdicts = await asyncio.wait_for(asyncio.gather(*answers), _ANSWERS_WITHIN_S)
        except TimeoutError:
            raise BusyError("the control loop does not answer") from None
        if lost := [verdict for verdict in verdicts if verdict in {BUSY, ENDED}]:
            raise BusyError(lost[0].refused)
        done = [command for command, verdict in zip(commands, verdicts, strict=True) if verdict.accepted]
        if any(isinstance(command, _KEPT) for command in done):
            await self._kept()
        return list(verdicts)

    async def _kept(self) -> None:
        try:
            written = await asyncio.wait_for(asyncio.wrap_future(self.barrier()), _ANSWERS_WITHIN_S)
        except TimeoutError:
            raise BusyError("it is done, but the disk does not answer: it may be lost at a restart") from None
        if not written:
            raise BusyError("it is done, but the disk cannot be written: it will be lost at a restart")
