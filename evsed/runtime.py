"""The control loop: events in, core, outputs out. One thread, and the only reader of the clock that the core lives by.

Owns the core, its cycle and the queues into it. Everybody else submits commands and events and reads the last Snapshot.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from evsed.core.actions import SAFE, Action, KeepInstallerPin, LogSession, Note, Persist, Severity
from evsed.core.controller import Controller
from evsed.core.events import Command, Event, Leaving, Sampled, Tick, Verdict, WallClock
from evsed.core.ports import Board, Keeper, Leased, SessionLog
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import State
from evsed.core.units import Millis
from evsed.lateness import Lateness
from evsed.wallclock import LocalCalendar

log = logging.getLogger(__name__)

CYCLE_MS = 20
FAST_CYCLE_MS = 10
_FAST = frozenset({State.B, State.COMM_C, State.C, State.C1})
_PUBLISH_MS = 100
_WALL_MS = 1_000
_CYCLED_MS = 200
STALE_MS = 2_000
LEAVING_MS = 1_300
"""How long a stopping daemon waits for the car to let go before it opens under load."""

TAKING_MS = 3
"""So long a cycle takes from the queues; the rest waits for the next. A burst must not outlast the outputs' lease."""

MOST_WAITING = 200
"""More commands than these are refused at once: what cannot be carried out within seconds is better not promised."""

BUSY = Verdict("the control loop is busy")
ENDED = Verdict("the control loop has ended")
_Item = TypeVar("_Item")

_LEVELS = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.ERROR: logging.ERROR}


@dataclass(frozen=True, slots=True)
class Asked:
    """A command on its way into the core, and where its answer goes."""

    command: Command
    answer: "Future[Verdict]"


@dataclass(frozen=True, slots=True)
class Lease:
    """How the energised outputs were kept alive. Ages in ms; None: nobody outside this process holds them."""

    age_ms: Millis  # since the outputs were driven last
    longest_ms: Millis  # between two drives, since the start
    acknowledged_ms: Millis | None  # since whoever holds them has said that it drives what was asked
    expiries: int | None  # how often it let go by itself


def monotonic_ms() -> Millis:
    """The clock of the core."""
    return time.monotonic_ns() // 1_000_000


class Runtime:
    """Runs the core on a thread of its own."""

    def __init__(
        self,
        board: Board,
        keeper: Keeper,
        saved: Saved,
        on_failure: Callable[[], None],
        restart_wait_ms: Millis = 0,
        *,
        clock_is_right: Callable[[int, Millis], bool] = lambda _unix_s, _now: True,
        pilot_unlocked: bool = False,
        cycled: Callable[[], None] = lambda: None,
        keep_installer_pin: Callable[[int], None] = lambda _pin: None,
        logbook: SessionLog | None = None,
    ) -> None:
        """``on_failure`` is called, from the control thread, when the loop cannot go on; outputs are safe then.

        ``restart_wait_ms``: how long a car that is found plugged in has to wait. ``clock_is_right``: whether these Unix
        seconds, read now, are the time of day. ``pilot_unlocked``: the pilot may be driven by hand. ``cycled`` is
        called after a complete control cycle, some five times a second, and must not wait. ``keep_installer_pin`` takes
        the PIN that was chosen at the unit (0: none), and must not wait either. ``logbook``: where sessions go; None:
        nowhere.
        """
        now = monotonic_ms()
        self._board = board
        self._keeper = keeper
        self._logbook = logbook
        self._on_failure = on_failure
        self._cycled = cycled
        self._cycled_at = now
        self._keep_installer_pin = keep_installer_pin
        self._clock_is_right = clock_is_right
        self._core = Controller(
            saved, now, board.equipment, restart_wait_ms, LocalCalendar(), pilot_unlocked=pilot_unlocked
        )
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()  # not behind commands: a meter must not look lost
        self._commands: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._leaving = threading.Event()  # not in a queue: it waits for nothing
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._snapshot = self._core.snapshot(now)
        self._published_at = now
        self._wall_at: Millis | None = None
        self._leave_by: Millis | None = None
        self.failure: Exception | None = None
        self.worst_lateness_ms: Millis = 0
        self.lateness = Lateness()
        self._driven_at = now
        self._longest_ms: Millis = 0

    # ---- for the other threads ----

    @property
    def snapshot(self) -> Snapshot:
        """The last published state."""
        return self._snapshot

    @property
    def hangs(self) -> bool:
        """Whether the last published state is too old to be shown as true."""
        return monotonic_ms() - self._snapshot.now > STALE_MS

    @property
    def lease(self) -> Lease:
        """How old the last renewal of the outputs' lease is."""
        age_ms, board = monotonic_ms() - self._driven_at, self._board
        if not isinstance(board, Leased):
            return Lease(age_ms, self._longest_ms, None, None)
        at = board.acknowledged_at
        return Lease(age_ms, self._longest_ms, None if at is None else monotonic_ms() - at, board.expiries)

    def submit(self, command: Command) -> "Future[Verdict]":
        """Hands a command over. The answer comes when it was applied and the Snapshot shows it.

        It is refused at once when too many wait already, and when the loop has ended.
        """
        asked = Asked(command, Future())
        asked.answer.set_running_or_notify_cancel()  # whoever stops waiting must not take the answer from under us
        if self._ended.is_set():
            asked.answer.set_result(ENDED)
        elif self._commands.qsize() >= MOST_WAITING:
            asked.answer.set_result(BUSY)
        else:
            self._commands.put(asked)
        return asked.answer

    def post(self, event: Event) -> None:
        """Hands an event over, without an answer."""
        self._events.put(event)

    def start(self) -> None:
        """Starts the loop."""
        self._thread.start()

    @property
    def thread_id(self) -> int | None:
        """The control thread's id in the operating system, once it runs."""
        return self._thread.native_id

    def leave(self) -> None:
        """Asks the loop to end: charging stops in order, then the outputs go safe. Returns at once."""
        self._leaving.set()

    def join(self, timeout_s: float) -> bool:
        """Waits for the loop's end; False when it did not come in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # ---- on the control thread ----

    def _run(self) -> None:
        try:
            self._loop()
        except Exception as error:  # noqa: BLE001 - whatever it was, the outputs come first and its telling after them
            self.failure = error
        finally:
            self._make_safe()
            self._turn_away()
            if self.failure is not None:
                log.critical("the control loop stopped: %s", self.failure, exc_info=self.failure)
                self._on_failure()

    def _make_safe(self) -> None:
        try:
            self._board.apply(SAFE)
        except Exception as error:  # noqa: BLE001 - the lease opens what we no longer can
            log.critical("could not make the outputs safe, they expire by themselves: %s", error)

    def _turn_away(self) -> None:
        """Nobody waits for an answer that cannot come any more."""
        self._ended.set()
        for asked in _taken(self._commands):
            asked.answer.set_result(ENDED)

    def _loop(self) -> None:
        due = self._driven_at = monotonic_ms()
        while not self._done(due):
            self._cycle(monotonic_ms())
            due += FAST_CYCLE_MS if self._snapshot.state in _FAST else CYCLE_MS
            ahead = due - monotonic_ms()
            self.lateness.note(max(0, -ahead))
            if ahead > 0:
                time.sleep(ahead / 1000)
            else:
                self.worst_lateness_ms = max(self.worst_lateness_ms, -ahead)
                due = monotonic_ms()

    def _done(self, now: Millis) -> bool:
        return self._leave_by is not None and (now >= self._leave_by or not self._core.outputs.contactor1)

    def _cycle(self, now: Millis) -> None:
        """One whole control cycle: what came in, one look at the board, the outputs, the answers."""
        answers: list[tuple[Future[Verdict], Verdict]] = []
        actions = self._core.handle(Sampled(self._board.sample()), now)  # first: all else is judged by a fresh look
        if self._leaving.is_set() and self._leave_by is None:
            self._leave_by = now + LEAVING_MS
            actions += self._core.handle(Leaving(), now)
        until = monotonic_ms() + TAKING_MS
        for event in _taken(self._events, until):
            actions += self._core.handle(event, now)
        for asked in _taken(self._commands, until):
            answers.append((asked.answer, self._core.command(asked.command, now)))
            actions += self._core.handle(Tick(), now)
        actions += self._tell_time(now)
        self._board.apply(self._core.permit.at(monotonic_ms()))
        self._note_driven(monotonic_ms())
        self._perform(actions)
        if actions or answers or now - self._published_at >= _PUBLISH_MS:
            self._snapshot = self._core.snapshot(now)
            self._published_at = now
        for answer, verdict in answers:
            answer.set_result(verdict)
        if now - self._cycled_at >= _CYCLED_MS:
            self._cycled_at = now
            self._cycled()

    def _note_driven(self, now: Millis) -> None:
        self._longest_ms = max(self._longest_ms, now - self._driven_at)
        self._driven_at = now

    def _tell_time(self, now: Millis) -> list[Action]:
        if self._wall_at is not None and now - self._wall_at < _WALL_MS:
            return []
        self._wall_at = now
        unix_s = int(time.time())
        return self._core.handle(WallClock(unix_s), now) if self._clock_is_right(unix_s, now) else []

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Note(severity, text):
                    log.log(_LEVELS[severity], "%s", text)
                case Persist(at_once):
                    self._keeper.submit(self._core.saved, at_once=at_once)
                case KeepInstallerPin(pin):
                    self._keep_installer_pin(pin)
                case LogSession():
                    if self._logbook is not None:
                        self._logbook.submit(action)
                case _:
                    log.debug("%s", action)


def _taken(waiting: "queue.SimpleQueue[_Item]", until: Millis | None = None) -> Iterator[_Item]:
    """What waits now, in order: the first, and more while it is before ``until``."""
    for _ in range(waiting.qsize()):
        yield waiting.get_nowait()
        if until is not None and monotonic_ms() >= until:
            return
