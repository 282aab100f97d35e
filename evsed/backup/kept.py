"""The copies in ``backup/`` of the state directory: what another version of evsed has kept, before this one touches it.

The package makes them before an upgrade; the daemon where nobody did, such as in a virtual environment. Sessions are in
those of the package only, because the log has to be closed for it.
"""

import json
import logging
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from evsed.files import replace_text, sync_directory

log = logging.getLogger(__name__)

FOLDER: Final = "backup"
MOST: Final = 10
_KEPT: Final = ("settings.json", "settings.json.previous", "cards.json", "access.json", "mqtt.json")
_VERSION: Final = re.compile(r"[0-9A-Za-z.~-]{1,40}")


def keep(directory: Path, version: str, now: datetime | None = None) -> str:
    """Copies what an evsed of another version than ``version`` has kept in ``directory``. Never raises.

    The version that wrote last; empty where nothing is there, or it is damaged, which the store says.
    """
    try:
        document = json.loads((directory / "settings.json").read_text(encoding="utf-8"))
        writer = document["evsed"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    if not isinstance(writer, str) or not _VERSION.fullmatch(writer):
        return ""
    if writer != version:
        try:
            _keep(directory, writer, now or datetime.now(UTC))
        except (OSError, UnicodeDecodeError) as error:
            log.error("no copy of the settings of evsed %s could be kept: %s", writer, error)  # noqa: TRY400
    return writer


def _keep(directory: Path, writer: str, now: datetime) -> None:
    texts = {name: _text(directory / name) for name in _KEPT}
    folder = directory / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    copies = _copies(folder)
    if any(_text(copy / "settings.json") == texts["settings.json"] for copy in copies if _is_of(copy, writer)):
        return  # the package did
    fresh = folder / ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    for name, text in texts.items():
        if text is not None:
            replace_text(fresh / name, text, mode=0o600)
    to = fresh.replace(folder / f"{writer}-{now:%Y%m%dT%H%M%SZ}")
    sync_directory(folder)
    log.info("what evsed %s had kept is in %s too", writer, to)
    for old in copies[MOST - 1 :]:
        shutil.rmtree(old, ignore_errors=True)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() and not path.is_symlink() else None


def _copies(folder: Path) -> list[Path]:
    """All that are there, newest first."""
    found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _is_of(copy: Path, writer: str) -> bool:
    return copy.name.startswith(f"{writer}-")
