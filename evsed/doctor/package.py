"""The installation itself: which evsed is installed, which one runs, and the last backup of its settings.

Owns the judgement. dpkg is asked, the running evsed over its own web server; nothing is changed.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from evsed import __version__
from evsed.config import Installation
from evsed.doctor.findings import Finding, attention, ok, wrong
from evsed.doctor.services import Ask, answer
from evsed.installed import Installed, installed
from evsed.localweb import ask as ask_evsed
from evsed.saved_text import DamagedError, decode

_ANSWER_S = 2.0
_RESTART = "sudo systemctl restart evsed-guard evsed"


def running_version(installation: Installation) -> str:
    """The version of the evsed that runs here; empty when it does not say."""
    try:
        document = json.loads(ask_evsed(installation, "/settings", _ANSWER_S))
    except (OSError, ValueError):
        return ""
    version = document.get("version") if isinstance(document, dict) else None
    return version if isinstance(version, str) else ""


def version(running: Callable[[], str] | None, how: Installed | None = None, ask: Ask = answer) -> Iterator[Finding]:
    """Whether what is installed is whole, and what runs; ``running`` is None where no evsed runs."""
    where = installed() if how is None else how
    if where is Installed.BY_PACKAGE:
        yield _package(ask)
    else:
        yield ok(f"evsed {__version__}, installed in {where.value}")
    if running is None:
        return
    told = running()
    if not told:
        yield attention(
            "the evsed that runs does not say its version", "try it with sudo; is evsed.toml as it was started?"
        )
    elif told != __version__:
        yield wrong(f"evsed {told} still runs, and {__version__} is installed", _RESTART)
    else:
        yield ok(f"evsed {told} runs")


def _package(ask: Ask) -> Finding:
    """What dpkg thinks of the package that these files are of."""
    try:
        status, _, told = ask(["dpkg-query", "-W", "-f=${db:Status-Abbrev}\t${Version}", "evsed"]).partition("\t")
    except (OSError, subprocess.SubprocessError):
        lost = "evsed lies where its package puts it, but dpkg knows of none"
        return attention(lost, "install the .deb again (sudo dpkg -i evsed_*.deb)")
    if status.strip() != "ii":
        return wrong(f"the package is not wholly installed (dpkg: {status.strip()})", "sudo dpkg --configure -a")
    if re.split(r"[+-]", told)[0] != __version__:
        mixed = f"dpkg has evsed {told}, but these files are {__version__}"
        return wrong(mixed, "install the .deb again (sudo dpkg -i evsed_*.deb)")
    return ok(f"evsed {told}, installed as a package")


def backup(directory: Path) -> Iterator[Finding]:
    """The newest copy of the settings that an upgrade has made, and whether it could be used."""
    folder = directory / "backup"
    try:
        newest = _newest(folder)
        if newest is None:
            yield ok("none yet: each upgrade makes one, and evsed backup makes one where you like")
            return
        decode((newest / "settings.json").read_text(encoding="utf-8"))
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(newest.stat().st_mtime))
        yield ok(f"{newest}, of {when}; sudo evsed restore takes its settings.json")
    except PermissionError:
        yield attention(f"{folder} may not be read by this user", "try it with sudo")
    except (DamagedError, FileNotFoundError, UnicodeDecodeError) as error:
        told = f"the newest copy of the settings in {folder} cannot be used: {error}"
        yield attention(told, "make another: evsed backup charger.json")


def _newest(folder: Path) -> Path | None:
    copies = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    return max(copies, key=lambda path: path.stat().st_mtime, default=None)
