"""What outlives the process, as a JSON file: owner settings, access, the running session; saved_text.py is its text.

Versioned; written to a temporary file, synced, renamed, the previous copy kept. A damaged file is
put aside and the last good copy used, with charging off: never a wipe, never a crash. One of an older evsed is migrated
and a copy of it kept, one of a newer evsed is put aside whole. Where it is doubtful whether an installer chose what is
in use, SET UP is not done. A thread of its own does the writing.
"""

import logging
import queue
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from evsed.aside import name_for, newest, schema_of
from evsed.cardstore import CardFile
from evsed.core.model import Access
from evsed.core.schedule import NO_TIMER
from evsed.core.snapshot import Saved
from evsed.files import replace_text
from evsed.migrations import OLDEST, SCHEMA, UNSIGNED
from evsed.saved_text import LOOK, DamagedError, Decoded, NewerError, decode, encode

log = logging.getLogger(__name__)

_ONLY_US = 0o600  # the LCD PIN is in it
COALESCE_S = 60.0
RETRY_S = 10.0
_STAYS_OFF = "charging stays off until somebody has looked"


def _off(saved: Saved) -> Saved:
    """``saved`` with nobody let charge: what is newer than it may have taken that back."""
    return replace(saved, access=Access.DENY, timer=NO_TIMER, granted=False, holder="")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Write:
    """A state on its way to the disk."""

    saved: Saved
    at_once: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """The end of the writing thread."""


class Store:
    """The settings file of one charger. ``load`` first, then ``start``."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "settings.json"
        self._previous = directory / "settings.json.previous"
        self._cards = CardFile(directory)
        self._queue: queue.SimpleQueue[Write | Future[bool] | Stop] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._failing = False
        self._done_kept = False  # SET UP is Done, in one of the copies
        self._open_kept = False  # login is Off, in one of the copies
        self._lost = False  # there were settings, and no good copy of them is left

    # ---- reading, before anything runs ----

    def load(self, fallback: Saved, *, guarded: bool = False) -> Saved:
        """The last good state, or ``fallback`` when there is none yet.

        ``guarded``: somebody can log in. Then login is On where what was set of it is lost.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        saved = self._state(fallback)
        if guarded and self._lost:
            log.error(
                "%s: whether login was On is lost with the settings: it is On now, until it is turned Off", self._path
            )
            saved = replace(saved, settings=saved.settings.replace("login", 1))
        return replace(saved, cards=self._cards.load())

    def _state(self, fallback: Saved) -> Saved:
        """What settings.json has."""
        usable: list[tuple[Path, Decoded]] = []
        damaged = newer = False
        between = self._cut_between()
        for path in (self._path, self._previous):
            try:
                usable.append((path, decode(_text(path))))
            except FileNotFoundError:
                continue
            except NewerError as error:
                self._keep_newer(path, error)
                damaged = newer = True
            except (DamagedError, OSError, UnicodeDecodeError) as error:
                self._put_aside(path, error)
                damaged = True
        self._done_kept = any(decoded.saved.settings.set_up for _, decoded in usable)
        self._open_kept = not all(decoded.saved.settings.login for _, decoded in usable)
        for path, decoded in usable:
            for remark in decoded.remarks:
                log.warning("%s: %s", path, remark)
            if not decoded.bad:
                if path == self._previous and between:
                    log.warning("%s: the newest settings that were kept before a power cut", path)
                elif path == self._previous:
                    log.error("%s: using this last good copy of the settings; %s", path, _STAYS_OFF)
                if decoded.schema != SCHEMA:
                    self._keep_older(path, decoded.schema)
                self._tell_newer(decoded.schema)
                saved = self._signed(path, decoded)
                return _off(saved) if newer or (path == self._previous and not between) else saved
            log.error("%s cannot be used as it is: %s", path, "; ".join(decoded.bad))
        if usable or damaged:
            self._lost = True
            log.error("%s: no good copy is left: %s", self._path, _STAYS_OFF)
            saved = self._signed(*usable[0]) if usable else fallback
            return _off(saved)
        self._lost = bool(self._aside(SCHEMA))  # by a start before this one, which has not written any since
        return fallback

    def _cut_between(self) -> bool:
        """Whether a power cut came just before a new file had its name: the copy is the newest that was kept then."""
        if self._path.exists() or self._aside(SCHEMA):
            return False
        try:
            decode(_text(self._path.with_name(f"{self._path.name}.new")))
        except (DamagedError, OSError, UnicodeDecodeError):
            return False
        return True

    def _keep_newer(self, path: Path, error: NewerError) -> None:
        aside = name_for(path, error.schema, _text(path))
        self._rename(path, aside, f"cannot be used: {error}")
        kept = newest(self._path, OLDEST, SCHEMA)
        way = f"sudo evsed restore {kept} takes the settings from before the update, or " if kept else ""
        log.error(
            "charging stays off until somebody has looked. To have settings back: %sinstall evsed %s again, stop it, "
            "and rename %s to %s",
            way,
            error.writer,
            newest(self._path, error.schema, error.schema) or aside,
            self._path.name,
        )

    def _keep_older(self, path: Path, schema: int) -> None:
        """A copy of a file of an older evsed, for whoever goes back to that."""
        copy = name_for(self._path, schema, _text(path))
        try:
            replace_text(copy, _text(path), mode=_ONLY_US)
        except OSError as error:
            log.error("%s: no copy of the settings before their migration could be kept: %s", copy, error)  # noqa: TRY400
        else:
            log.info("%s: settings of schema %d are migrated; they are kept as %s", path, schema, copy.name)

    def _tell_newer(self, schema: int) -> None:
        """Names the file that an older evsed put aside while it was in use, and which can be used again."""
        kept = newest(self._path, min(schema + 1, SCHEMA), SCHEMA)
        if kept is not None:
            way = f"sudo evsed restore {kept} takes its settings; delete it if nobody wants them"
            log.warning("%s was put aside by an older evsed: %s", kept.name, way)

    def _signed(self, path: Path, decoded: Decoded) -> Saved:
        """The state of an older file, SET UP being done only where its settings are those that were in use.

        Beside files that were put aside they may be the defaults that an older evsed wrote in their place.
        """
        saved = decoded.saved
        aside = self._aside(decoded.schema) if decoded.schema <= UNSIGNED and saved.settings.set_up else []
        if not aside:
            return saved
        log.warning("%s: %s beside it may be the settings that were in use: %s", path, ", ".join(aside), LOOK)
        return replace(saved, settings=saved.settings.replace("set_up", "Not done"))

    def _aside(self, schema: int) -> list[str]:
        """The names of files that could not be read, or are of a newer schema than ``schema``."""
        names = sorted(path.name for path in self._path.parent.glob(f"{self._path.name}*"))
        newer = (name for name in names if schema_of(Path(name)) > schema)
        return [*(name for name in names if name.endswith(".damaged")), *newer]

    def _put_aside(self, path: Path, error: Exception) -> None:
        aside = path.with_name(path.name + ".damaged")
        self._rename(path, aside, f"cannot be used: {error}")

    @staticmethod
    def _rename(path: Path, aside: Path, why: str) -> None:
        log.error("%s %s. It is kept as %s", path, why, aside.name)
        try:
            path.replace(aside)
        except OSError as problem:
            log.error("%s: could not be renamed: %s", path, problem)  # noqa: TRY400 - for the owner, not a traceback

    # ---- writing ----

    def start(self) -> None:
        """Starts the writing thread."""
        self._thread.start()

    def submit(self, saved: Saved, *, at_once: bool) -> None:
        """Takes the newest state; never blocks."""
        self._queue.put(Write(saved, at_once))

    def barrier(self) -> "Future[bool]":
        """Is done when everything submitted with ``at_once`` before it was written; False when that failed."""
        done: Future[bool] = Future()
        done.set_running_or_notify_cancel()  # whoever stops waiting must not take it from under the writer
        self._queue.put(done)
        return done

    def close(self) -> bool:
        """Writes what is still waiting and ends the thread; False when the disk does not answer within 5 s."""
        self._queue.put(Stop())
        self._thread.join(5)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pending: Saved | None = None
        write_by = float("-inf")
        while True:
            items = self._next(None if pending is None else max(0.0, write_by - time.monotonic()))
            writes = [item for item in items if isinstance(item, Write)]
            stopping = any(isinstance(item, Stop) for item in items)
            if writes:
                pending = writes[-1].saved
            due = stopping or not items or any(write.at_once for write in writes)
            if pending is not None and due:
                written = self._write(pending)
                write_by = time.monotonic() + (COALESCE_S if written else RETRY_S)
                pending = None if written else pending
            for item in items:
                if isinstance(item, Future):
                    item.set_result(not self._failing)
            if stopping:
                return

    def _next(self, within_s: float | None) -> "list[Write | Future[bool] | Stop]":
        """Everything that is queued, so that a slow disk writes the newest state and not each; empty after the time."""
        try:
            items = [self._queue.get(timeout=within_s)]
        except queue.Empty:
            return []
        for _ in range(self._queue.qsize()):
            items.append(self._queue.get_nowait())  # noqa: PERF401 - the queue may be longer than this thread's view
        return items

    def _write(self, saved: Saved) -> bool:
        signed, closed = bool(saved.settings.set_up), bool(saved.settings.login)
        try:
            replace_text(self._path, encode(saved), self._previous, _ONLY_US)
            if (self._done_kept and not signed) or (self._open_kept and closed):
                # nor may the copy from before say otherwise, which counts when this file is damaged
                replace_text(self._path, encode(saved), self._previous, _ONLY_US)
            self._done_kept, self._open_kept = signed, not closed
            self._cards.write(saved.cards)
        except OSError as error:
            if not self._failing:
                log.error("%s cannot be written (%s): what is changed now is lost at a restart", self._path, error)  # noqa: TRY400
            self._failing = True
            return False
        if self._failing:
            log.info("%s: written again", self._path)
        self._failing = False
        return True
