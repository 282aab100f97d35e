"""The meters of one line as a client of its bus: what is asked of them, and what their answers say.

Owns which meter has which role, how often each is asked, and how each answers. The line is bus.py's; what stands in
which register is meters.py's.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from evsed.core.events import Event, MeterHealthChanged, MeterRead, SensorboxOffers
from evsed.core.model import MeterHealth, MeterRole, MeterType
from evsed.core.setting import NOTHING_OFFERED, Offers, Value
from evsed.core.settings import Settings
from evsed.hw.frames import READS, WRITE_ONE, answers, words_of
from evsed.hw.meters import ImplausibleError, Meter, Read, Values, meter_for, needs
from evsed.hw.rs485 import BusError, Request, UnreachableError
from evsed.hw.sensorbox import Sensorbox
from evsed.hw.turns import Job, Urgency

log = logging.getLogger(__name__)

SLOW_S = 5.0
"""Power and energies are asked for this often."""

HEALTH_EVERY_S = 5.0
PAUSES_S = (0.0, 0.5, 1.0, 2.0, 5.0)
"""A meter that does not answer is left alone for this long: after the first failure, the second, and so on."""

MAINS_PAUSE_S = 1.0
"""The mains meter is never left alone for longer: nobody charges in Smart or Solar without it."""

SILENT_AFTER = 2
"""Failures in a row; a single one, as every long line has them, is only counted."""

_SETTINGS = {
    MeterRole.MAINS: ("mains_meter", "mains_meter_address"),
    MeterRole.EV: ("ev_meter", "ev_meter_address"),
    MeterRole.CIRCUIT: ("circuit_meter", "circuit_meter_address"),
}


def configured(settings: Settings, role: MeterRole) -> tuple[MeterType, int]:
    """Type and address of the meter that the owner gave this role."""
    kind, address = _SETTINGS[role]
    return MeterType(int(settings[kind])), int(settings[address])


def event(role: MeterRole, source: tuple[int, int], values: Values) -> MeterRead | None:
    """What the core is told; None when there is nothing to tell."""
    told = (values.currents, values.power_w, values.import_wh, values.export_wh)
    return None if all(value is None for value in told) else MeterRead(role, *told, source=source)


@dataclass(slots=True, eq=False)
class _Polled:
    """A meter as the owner configured it, and how it has answered."""

    role: MeterRole
    source: tuple[int, int]  # type and address in the owner's settings
    dialog: Meter
    made_from: tuple[Value, ...]
    answers: int = 0
    errors: int = 0
    last_error: str = ""
    answered_at: float | None = None
    failing: bool = False
    failures: int = 0  # in a row
    asked_from: float = float("-inf")
    slow_at: float = float("-inf")
    slow: list[Read] = field(default_factory=list)
    written_at: float = float("-inf")
    told_at: float = float("-inf")

    @property
    def address(self) -> int:
        """Where it is on the line."""
        return self.dialog.fixed_address or self.source[1]

    @property
    def pause_s(self) -> float:
        """How long it is left alone now."""
        longest = MAINS_PAUSE_S if self.role is MeterRole.MAINS else PAUSES_S[-1]
        return min(longest, PAUSES_S[min(self.failures, len(PAUSES_S)) - 1])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job's owner: the dialog it belongs to, and what is read; None: something is written."""

    meter: _Polled
    dialog: Meter
    read: Read | None


class Poller:
    """Asks the meters of one line. A client of the bus."""

    def __init__(
        self,
        where: str,
        roles: Collection[MeterRole],
        settings: Callable[[], Settings],
        post: Callable[[Event], None],
        *,
        shared: bool = True,
    ) -> None:
        """``where`` names the line for people; ``settings`` gives the owner settings in force, ``post`` tells the core.

        ``shared``: the line is the one that chargers share. There a node polls nothing: its master does. On a line of
        its own a node polls its EV meter; mains and circuit are the master's business.
        """
        self._where = where
        self._roles = tuple(role for role in MeterRole if role in roles)
        self._settings = settings
        self._post = post
        self._shared = shared
        self._seen: Settings | None = None
        self._meters: dict[MeterRole, _Polled] = {}
        self._offered = NOTHING_OFFERED

    # ---- what is due ----

    def jobs(self, now: float) -> Iterator[Job]:
        """The currents of every meter always; power and energies every SLOW_S."""
        self._configure()
        for meter in self._meters.values():
            if now < meter.asked_from:
                continue
            yield _reading(meter, meter.dialog.fast, Urgency.FAST)
            if now - meter.slow_at >= SLOW_S:
                meter.slow_at, meter.slow = now, list(meter.dialog.slow)
            if meter.slow:
                yield _reading(meter, meter.slow[0], Urgency.SLOW)
            order = meter.dialog.write() if now - meter.written_at >= SLOW_S else None
            if order is not None:
                function, register, value = order
                request = Request(meter.address, function, register, values=(value,))
                yield Job(request, Urgency.SLOW, _Asked(meter, meter.dialog, None))

    def _configure(self) -> None:
        settings = self._settings()
        if settings is self._seen:
            return
        self._seen = settings
        for role in self._roles:
            kind, address = configured(settings, role)
            made_from, known = needs(kind, settings), self._meters.get(role)
            if not self._polls(role, settings) or (dialog := meter_for(kind, settings)) is None:
                self._meters.pop(role, None)
            elif known is None or known.source != (kind, address):
                self._meters[role] = _Polled(role, (kind, address), dialog, made_from)
            elif known.made_from != made_from:  # how its registers are read was changed
                known.dialog, known.made_from, known.slow = dialog, made_from, []
        mains = self._meters.get(MeterRole.MAINS)
        if mains is None or not isinstance(mains.dialog, Sensorbox):
            self._offer(NOTHING_OFFERED)

    def _polls(self, role: MeterRole, settings: Settings) -> bool:
        is_node = settings.loadbl > 1
        return not is_node or (role is MeterRole.EV and not self._shared)

    # ---- what came of it ----

    def answered(self, job: Job, words: Sequence[int], now: float) -> None:
        """Tells the core what the meter said, unless the owner has changed the meter in the meantime."""
        asked: _Asked = job.owner
        meter, read = asked.meter, asked.read
        self._configure()
        if self._meters.get(meter.role) is not meter or meter.dialog is not asked.dialog:
            return
        if read is None:
            meter.written_at = now
            return
        _done(meter, read)
        try:
            read_now = event(meter.role, meter.source, asked.dialog.take(read, words))
        except ImplausibleError as error:
            meter.failures = 0  # it answers: no reason to ask it less often
            self._wrong(meter, str(error), now, all_of_it=read == asked.dialog.fast)
            return
        if read_now is not None:
            self._post(read_now)
        if isinstance(asked.dialog, Sensorbox):
            self._offer(asked.dialog.offers)
        meter.answers += 1
        meter.answered_at = now
        meter.failures = 0
        if meter.failing and read == asked.dialog.fast:
            meter.failing = False
            log.info("%s meter %s: answers again", meter.role, self._place(meter))
            self._tell(meter, now)
        elif now - meter.told_at > HEALTH_EVERY_S:
            self._tell(meter, now)

    def failed(self, job: Job, error: BusError, now: float) -> None:
        """Counts it, and leaves a meter that is silent alone for a while."""
        asked: _Asked = job.owner
        meter, read = asked.meter, asked.read
        self._configure()
        if self._meters.get(meter.role) is not meter:
            return
        gone = isinstance(error, UnreachableError)
        if read is None:
            meter.written_at = now
        elif read != asked.dialog.fast:
            _done(meter, read)
        elif not gone:
            meter.failures += 1
            meter.asked_from = now + meter.pause_s
        silent = read == asked.dialog.fast and (gone or meter.failures >= SILENT_AFTER)
        self._wrong(meter, str(error) if gone else f"{error} to a {_named(job)}", now, all_of_it=silent)

    def _offer(self, offers: Offers) -> None:
        """Tells what the Sensorbox has, when that has changed; of one that is silent what it has said stays true."""
        if offers != self._offered:
            self._offered = offers
            self._post(SensorboxOffers(offers))

    def _wrong(self, meter: _Polled, what: str, now: float, *, all_of_it: bool) -> None:
        """``all_of_it``: the meter gives no currents; a failing slow value is only counted and shown."""
        meter.errors += 1
        meter.last_error = what
        if all_of_it and not meter.failing:
            meter.failing = True
            log.warning("%s meter %s: %s", meter.role, self._place(meter), what)
            self._tell(meter, now)
        elif meter.answered_at is not None and now - meter.told_at > HEALTH_EVERY_S:
            self._tell(meter, now)

    def _place(self, meter: _Polled) -> str:
        return f"{meter.dialog.name} on {self._where}, address {meter.address}"

    def _tell(self, meter: _Polled, now: float) -> None:
        meter.told_at = now
        at = None if meter.answered_at is None else int(meter.answered_at * 1000)
        health = MeterHealth(
            self._place(meter), not meter.failing, meter.answers, meter.errors, meter.last_error, answered_at=at
        )
        self._post(MeterHealthChanged(meter.role, health))


def _reading(meter: _Polled, read: Read, urgency: Urgency) -> Job:
    request = Request(meter.address, read.function, read.first, read.count)
    return Job(request, urgency, _Asked(meter, meter.dialog, read))


def _done(meter: _Polled, read: Read) -> None:
    if read in meter.slow:
        meter.slow.remove(read)


def _named(job: Job) -> str:
    what = "write" if job.request.function == WRITE_ONE else "read"
    return f"{what} of register {job.request.first:#06x}"


class OverheardEvMeter:
    """The EV meter of a node: its master reads it, and the node listens. Belongs into the node's Server."""

    def __init__(self, settings: Callable[[], Settings], post: Callable[[Event], None]) -> None:
        """``settings`` gives the owner settings in force, ``post`` tells the core."""
        self._settings = settings
        self._post = post
        self._seen: Settings | None = None
        self._dialog: Meter | None = None

    def overheard(self, address: int, request: bytes, answer: bytes) -> None:
        """Another device's exchange, both PDUs; what is not our EV meter's, or cannot be, is nobody's."""
        settings = self._settings()
        kind, own = configured(settings, MeterRole.EV)
        if settings is not self._seen:
            self._seen, self._dialog = settings, meter_for(kind, settings)
        dialog = self._dialog
        if dialog is None or address != (dialog.fixed_address or own):
            return
        if request[0] not in READS or not answers(request, answer):
            return
        read = Read(request[0], int.from_bytes(request[1:3], "big"), int.from_bytes(request[3:5], "big"))
        try:
            read_now = event(MeterRole.EV, (kind, own), dialog.take(read, words_of(answer)))
        except ImplausibleError:
            return  # the master, who asked, says so
        if read_now is not None:
            self._post(read_now)
