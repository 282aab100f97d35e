"""The composition root: the control loop with its board and its disk, and the order of start and end.

Outputs are safe and the control loop runs before anything heavy is imported: outside.py and beside.py are the rest.
"""

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evsed import __version__
from evsed.access import Access
from evsed.backup.kept import keep
from evsed.config import Board, ConfigError, Installation
from evsed.core.model import Contactor2
from evsed.core.ports import Board as BoardPort
from evsed.core.ports import BoardLostError
from evsed.core.reasons import NO_BOARD
from evsed.core.setting import SettingError
from evsed.core.snapshot import Saved
from evsed.core.units import Millis
from evsed.hw.absent import AbsentBoard, NoPanel
from evsed.hw.guard import notify
from evsed.logring import Ring
from evsed.logs import QueuedLog
from evsed.onlyone import hold
from evsed.overrides import overridden
from evsed.runtime import LEAVING_MS, Runtime, monotonic_ms
from evsed.serialnumber import serial_number
from evsed.started import begins_anew, why
from evsed.store import Store
from evsed.wallclock import ClockJudge

if TYPE_CHECKING:
    from evsed.hw.panel import Panel

log = logging.getLogger(__name__)

SWITCH_INTERVAL_S = 0.001
"""How long another thread may keep the interpreter before the control thread gets its turn."""

STOPS_WITHIN_S = LEAVING_MS / 1000 + 0.1
POWER_CUT_MS = 300_000
"""A daemon that starts this soon after the system did starts after a power cut."""

CONTROL_PRIORITY = 20
NICENESS = -10
"""Of every thread: the control thread waits for whoever has the interpreter, so no other program may keep that one."""

LOG_FINISHES_S = 0.2


def run(installation: Installation, overrides: list[str]) -> int:
    """Runs the daemon until it is told to stop; the exit status. Raises ConfigError for what the owner has to mend.

    When it is told to start anew it does not return: the same command line begins again in this process.
    """
    prepare_threads()
    lines = QueuedLog()
    try:
        daemon = _Daemon(installation, overrides, lines.ring)
        status = daemon.run()
    except BoardLostError as error:
        log.critical("the board cannot be used: %s", error)
        return os.EX_UNAVAILABLE
    finally:
        lines.finish(LOG_FINISHES_S)
    return _start_anew() if status == os.EX_OK and daemon.starts_anew else status


def prepare_threads() -> None:
    """How the threads of this process, none of which runs yet, share the interpreter and the processors."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with contextlib.suppress(OSError):  # where the system does not permit it, the daemon is one program among others
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def settle_memory() -> None:
    """From now on the collector passes over what is there already: looking at it all would stop the control thread."""
    gc.freeze()


class _Systemd:
    """Tells systemd that the control loop goes round; the first time also that the daemon is ready."""

    def __init__(self) -> None:
        self._ready = False

    def cycled(self) -> None:
        """A control cycle is complete."""
        told = notify("WATCHDOG=1" if self._ready else "READY=1\nWATCHDOG=1")
        self._ready = self._ready or told


def _start_anew() -> int:
    """Replaces this process; its id stays, so that systemd and the simulation go on watching it.

    Returns only when that fails: a status with which systemd starts the daemon itself.
    """
    begins_anew()
    try:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line
    except OSError as error:
        sys.stderr.write(f"evsed: cannot start itself anew: {sys.executable}: {error.strerror}\n")
        return os.EX_OSERR


def _prefer(thread_id: int | None) -> None:
    """Lets the control thread go first, where the system allows that."""
    try:
        os.sched_setscheduler(thread_id or 0, os.SCHED_FIFO, os.sched_param(CONTROL_PRIORITY))
    except OSError:
        log.info("no real-time priority for the control loop: not permitted here")


def _with_overrides(saved: Saved, overrides: list[str]) -> Saved:
    try:
        return replace(saved, settings=overridden(saved.settings, overrides))
    except SettingError as error:
        raise ConfigError(str(error)) from None


def _without_pin(saved: Saved) -> tuple[Saved, int]:
    """``saved`` without the installer's PIN of ``--set``, which is kept elsewhere, and that; 0: there was none."""
    settings = saved.settings
    return replace(saved, settings=settings.replace("installer_pin", 0)), settings.installer_pin


def _restart_wait_ms(longest_s: int) -> Millis:
    """The owner's random wait after a power cut; 0 when only the daemon was started again."""
    power_came_back = monotonic_ms() < POWER_CUT_MS
    return secrets.randbelow(longest_s * 1000 + 1) if power_came_back else 0


def _clock_judge(board: Board) -> Callable[[int, Millis], bool]:
    """Whether the time of day is right; where the hardware is simulated, the machine's clock counts as right."""
    if board.kind == "simulation":
        return lambda _unix_s, _now: True
    return ClockJudge().right


class _Daemon:
    """Everything that runs, wired together."""

    def __init__(self, installation: Installation, overrides: list[str], ring: Ring) -> None:
        self._ring = ring
        self._runtime: Runtime | None = None
        self._over = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._died = False
        self.starts_anew = False
        self._board, self._panel = self._open_board(installation.board)  # first of all: outputs safe
        self._installation = replace(installation, serial=serial_number(installation.serial))
        self._held = hold(Path(installation.state.directory))
        writer = keep(Path(installation.state.directory), __version__)
        self._started = why(writer, __version__, machine_is_new=monotonic_ms() < POWER_CUT_MS)
        self._store = Store(Path(installation.state.directory))
        self._access = Access(Path(installation.state.directory))
        self._access.load()
        try:
            kept = self._store.load(Saved(), guarded=self._access.anybody)
        except OSError as error:
            raise ConfigError(f"state.directory: {error}") from error
        from evsed.logbook.log import Logbook  # noqa: PLC0415 - SQLite, after the outputs are safe

        self._logbook = Logbook(Path(installation.state.directory))
        kept = replace(kept, kept=self._logbook.load(kept.kept))
        saved, self._pin = _without_pin(_with_overrides(kept, overrides))
        self._runtime = Runtime(
            self._board,
            self._store,
            saved,
            self._control_loop_failed,
            _restart_wait_ms(saved.settings.restart_delay),
            clock_is_right=_clock_judge(installation.board),
            pilot_unlocked=installation.modem.unlocked,
            cycled=_Systemd().cycled,
            keep_installer_pin=self._access.keep_later,
            logbook=self._logbook,
        )

    def _open_board(self, board: Board) -> "tuple[BoardPort, Panel | NoPanel]":
        if board.kind == "pi":
            from evsed.hw.board import open_board  # noqa: PLC0415 - the simulation needs none of it
            from evsed.hw.panel import Panel  # noqa: PLC0415

            panel = Panel(board.wiring)
            return open_board(board.wiring, panel), panel
        if not board.kind:
            log.warning("%s. Nothing is driven until then", NO_BOARD.text)
            return AbsentBoard(), NoPanel()
        from evsed.hw.simulation.board import SimulatedBoard  # noqa: PLC0415 - a real board needs none of it

        try:
            simulated = SimulatedBoard(Path(board.socket), self._single_contactor, first_run=board.first_run)
            return simulated, NoPanel()
        except BoardLostError as error:
            raise ConfigError(f"board.socket: {error}") from error

    def _single_contactor(self) -> bool:
        runtime = self._runtime
        return runtime is None or runtime.snapshot.settings.enable_C2 == Contactor2.NOT_PRESENT

    def _thread_failed(self, failed: threading.ExceptHookArgs) -> None:
        """A thread that dies of a bug stops the daemon, loudly; systemd starts it again."""
        name = failed.thread.name if failed.thread is not None else "?"
        log.critical("thread %s died: %s", name, failed.exc_value, exc_info=failed.exc_value)
        self._died = True
        self._control_loop_failed()

    def _control_loop_failed(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself, and so the daemon
                self._loop.call_soon_threadsafe(self._over.set)

    def run(self) -> int:
        """Starts everything, waits, and ends everything in order."""
        runtime = self._runtime
        assert runtime is not None  # noqa: S101 - set by __init__
        threading.excepthook = self._thread_failed
        self._store.start()
        self._logbook.start()
        runtime.start()
        _prefer(runtime.thread_id)
        self._panel.start(lambda: runtime.snapshot)
        try:
            asyncio.run(self._serve(runtime))
        finally:
            runtime.leave()
            if not runtime.join(STOPS_WITHIN_S):
                log.critical("the control loop does not end; the outputs expire by themselves")
            self._board.close()
            self._panel.close()
            if not self._logbook.close(LOG_FINISHES_S):
                log.error("the disk does not take the last sessions: they are written at the next start")
            if not self._store.close():
                log.critical("the disk does not take the settings: what was changed last may be lost")
                self._died = True
            self._access.close()
            os.close(self._held)
        return os.EX_SOFTWARE if runtime.failure is not None or self._died else os.EX_OK

    def _obey(self, loop: asyncio.AbstractEventLoop, runtime: Runtime) -> Callable[[], object]:
        """From now on signals end the daemon; what is returned does so as well, to start it anew."""

        def end(*, anew: bool) -> None:
            self.starts_anew = anew and (self.starts_anew or not self._over.is_set())  # a signal has the last word
            runtime.leave()  # the car is told first, everything else can wait
            notify("STOPPING=1")
            self._over.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, partial(end, anew=False))
        return partial(loop.call_soon_threadsafe, partial(end, anew=True))

    async def _serve(self, runtime: Runtime) -> None:
        """The threads and servers beside the control loop, until one is told to stop or fails."""
        self._loop = asyncio.get_running_loop()
        if runtime.failure is not None or self._died:
            self._over.set()  # it failed before there was a loop to tell
        reboot = self._obey(self._loop, runtime)
        from evsed.outside import Inside, Outside  # noqa: PLC0415 - the heavy part, now that the control loop runs

        inside = Inside(
            self._installation, runtime, self._store, self._access, self._logbook, self._ring, self._started, self._pin
        )
        outside = await Outside.build(inside, self._over, reboot)
        if self._over.is_set() or runtime.failure is not None:
            return  # lost in its first cycles: nobody is in control whom the rest could serve
        if not await outside.serve(settle_memory):
            self._died = True
