"""From the web to root's installer: who may upload now, verifying, handing over, and what came of it.

Owns the folder in the state directory that ``evsed.update.handed`` takes from. What is handed over was verified here,
so that it is refused at once and in words; root verifies its own copy again and trusts nothing of this.
"""

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from evsed import __version__
from evsed.api.update.upload import Uploaded, UploadError, too_big
from evsed.files import replace_text, sync_directory
from evsed.installed import Installed, installed
from evsed.update.handed import FOLDER, MOST_BYTES, READY, SIGNED, named
from evsed.update.machine import Machine, UpdateError
from evsed.update.package import release, suits
from evsed.update.progress import AT_WORK, DONE, FAILED, Progress, read
from evsed.update.signatures import NO_KEY, Keys, keys, verify

STATE: Final = Path("/var/lib/evsed")
"""The only state directory that root's installer looks at."""

IDLE: Final = "idle"
RECEIVING: Final = "receiving"
HANDED: Final = "handed"
STATES: Final = (IDLE, RECEIVING, HANDED, "installing", "checking", "going_back", DONE, FAILED)

_SPARE_BYTES: Final = 16_000_000
_TAKEN_WITHIN_S: Final = 60.0
_PARTIAL: Final = "receiving.deb"
_NOT_TAKEN: Final = (
    "the package was verified and handed over, and nothing has taken it yet: systemctl status evsed-update.path "
    "evsed-update.service says why"
)


def unavailable(state: Path) -> str:
    """Why nobody installs here what is uploaded; empty where root's installer does."""
    if installed() is not Installed.BY_PACKAGE:
        return "this evsed was not installed from its package; it is updated the way it was installed"
    if not Path("/run/systemd/system").is_dir():
        return "systemd does not run here, which starts root's installer; as root: evsed-update PACKAGE"
    if state != STATE:
        return f"this evsed keeps its state in {state}, and root's installer looks in {STATE} only"
    return ""


def opened(state: Path) -> "Updates":
    """The updates of the daemon that keeps its state in ``state``; what an upload has left there is gone."""
    updates = Updates(state, unavailable(state))
    updates.tidy()
    return updates


@dataclass(frozen=True, slots=True)
class Report:
    """How far an update is. ``at``: Unix seconds; 0: no update is known of."""

    state: str = IDLE
    text: str = ""
    from_version: str = ""
    to_version: str = ""
    at: int = 0


def judge(progress: Progress | None, version: str) -> Report:
    """What root's installer has told, unless it is about another evsed than ``version``, which runs, or is lost."""
    if progress is None:
        return Report()
    at = (progress.from_version, progress.to_version, progress.at)
    known = {text.partition("+")[0] for text in (progress.from_version, progress.to_version) if text}
    if progress.state == DONE and progress.to_version.partition("+")[0] not in {version, ""}:
        return Report()  # another one was installed since, by hand
    if progress.state == FAILED and known and version not in known:
        return Report()
    if progress.is_lost:
        return Report(FAILED, "nothing was heard of it any more: journalctl -u evsed-update says how far it came", *at)
    return Report(progress.state, progress.text, *at)


@dataclass
class Updates:
    """The updates of one daemon. ``why_not``: nobody installs here, and why."""

    state: Path = STATE
    why_not: str = ""
    machine: Machine = field(default_factory=Machine)
    clock: Callable[[], float] = time.monotonic
    receiving: bool = False
    """Somebody uploads; set and read on the web server's thread."""

    _handed_at: float | None = None
    _one: threading.Lock = field(default_factory=threading.Lock)
    """Held by who puts something into the folder, or clears it: a server that ends waits for neither."""

    @property
    def folder(self) -> Path:
        """Where root takes from."""
        return self.state / FOLDER

    @property
    def partial(self) -> Path:
        """Where a package is stored while it comes."""
        return self.folder / _PARTIAL

    @cached_property
    def release(self) -> str:
        """Such as deb12."""
        return release(self.machine)

    @cached_property
    def architecture(self) -> str:
        """Such as arm64; empty where dpkg is not."""
        try:
            return self.machine.said("dpkg", "--print-architecture")
        except UpdateError:
            return ""

    def keys(self) -> Keys:
        """Those that count."""
        return keys(self.machine.root)

    # ---- an upload; all of these wait for the disk ----

    def open(self, length: int | None) -> None:
        """An upload of so many bytes (None: nobody knows) begins; the folder is empty then. Raises UploadError."""
        report = self.report()
        if report.state in AT_WORK or (report.state == HANDED and not self._is_left):
            raise UploadError(409, f"an update is under way ({report.state}): wait for its end")
        found = self.keys()
        if not found.found:
            raise UploadError(503, "; ".join([NO_KEY, *(f"broken: {wrong}" for wrong in found.wrong)]))
        if length is not None and length > MOST_BYTES:
            raise too_big()
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self.clear()
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise UploadError(507, f"{self.folder}: {error.strerror}") from None
        needed = (length or 0) + _SPARE_BYTES
        if free < needed:
            has, wants = free // 1_000_000, needed // 1_000_000
            raise UploadError(507, f"{has} MB are free, and {wants} MB are needed: make room first")

    def judge(self, name: str) -> None:
        """Raises UpdateError when a package of this name is not for this machine."""
        try:
            found = named(name)
        except UpdateError as error:
            wanted = f"here evsed_<version>+{self.release}_{self.architecture}.deb"
            raise UpdateError(f"{error}, {wanted}") from None
        suits(self.machine, name, found.version, found.architecture)

    def hand_over(self, uploaded: Uploaded) -> None:
        """Verifies what was received, and lets root take it. Raises UploadError."""
        with self._one:
            self._hand_over(uploaded)

    def _hand_over(self, uploaded: Uploaded) -> None:
        try:
            verify(self.partial, uploaded.signature, self.keys())
            with self.partial.open("rb") as file:
                os.fsync(file.fileno())
            with (self.folder / (uploaded.name + SIGNED)).open("wb") as file:
                file.write(uploaded.signature)
                file.flush()
                os.fsync(file.fileno())
            self.partial.replace(self.folder / uploaded.name)
            sync_directory(self.folder)
            replace_text(self.folder / READY, json.dumps({"package": uploaded.name}), mode=0o600)
        except UpdateError as error:
            raise UploadError(400, str(error)) from None
        except OSError as error:
            raise UploadError(507, f"the package cannot be stored: {error.strerror}") from None
        self._handed_at = self.clock()

    def clear(self) -> None:
        """Nothing stays of an upload, nor of one that is just being handed over. Raises OSError."""
        with self._one:
            (self.folder / READY).unlink(missing_ok=True)  # first of all
            for path in self.folder.iterdir() if self.folder.is_dir() else ():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """What an upload has left that ended with the daemon goes; what was handed over stays."""
        with contextlib.suppress(OSError):  # the next upload says it
            if not (self.folder / READY).exists():
                self.clear()

    # ---- how far it is ----

    @property
    def _is_left(self) -> bool:
        """Whether what was handed over lies there for longer than root needs to take it."""
        return self._handed_at is not None and self.clock() - self._handed_at > _TAKEN_WITHIN_S

    def report(self) -> Report:
        """Now; reads files."""
        if (self.folder / READY).exists():
            if self._handed_at is None:
                self._handed_at = self.clock()  # before a restart of this daemon
            return Report(HANDED, _NOT_TAKEN if self._is_left else "")
        self._handed_at = None
        return judge(read(self.machine.root), __version__)
