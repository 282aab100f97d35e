"""What was told and is not over, over a restart: a latched fault is told once, however often the daemon starts. And
what waits to be told by each way, without the address of the web hook: that nobody was told is not forgotten either.

Losing it costs one message too many, so that a damaged file is only told of in the log, and written anew.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from evsed.alerts.judge import TOLD_OF, Open
from evsed.files import replace_text

log = logging.getLogger(__name__)

FILE: Final = "alerts.json"
_SCHEMA: Final = 1
_MODE: Final = 0o600
_LONGEST: Final = 131_072
_LONGEST_TEXT: Final = 300
_LONGEST_MESSAGE: Final = 2_000
_MOST_WAITING: Final = 40  # of both ways

Waiting: TypeAlias = tuple[str, str]
"""A way, and the message as it is told."""


class Memory:
    """The file."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._failed = False
        self.waiting: tuple[Waiting, ...] = ()
        """What waited at the end of the process before this one, once it is loaded."""

    def load(self) -> tuple[Open, ...]:
        """What was open; nothing where there is no file, or none that can be used."""
        try:
            with self._path.open(encoding="utf-8") as file:
                text = file.read(_LONGEST)
            document = json.loads(text)
            if document["schema"] != _SCHEMA:
                raise ValueError(f"schema {document['schema']!r} is not {_SCHEMA}")  # noqa: TRY301 - told below
            still_open = tuple(_one(found) for found in document["open"])
            self.waiting = tuple(_waiting(found) for found in document.get("waiting", ())[:_MOST_WAITING])
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
            log.warning("%s cannot be used (%s): a fault that was told before may be told again", self._path, error)
            return ()
        return still_open

    def save(self, still_open: Sequence[Open], waiting: Sequence[Waiting] = ()) -> None:
        """Waits for the disk; one that fails is told once."""
        found = [{"code": one.code, "text": one.text, "since": one.since_s, "told": one.told} for one in still_open]
        untold = [{"way": way, "message": json.loads(text)} for way, text in waiting]
        document = {"schema": _SCHEMA, "open": found, "waiting": untold}
        try:
            replace_text(self._path, json.dumps(document) + "\n", mode=_MODE)
        except OSError as error:
            if not self._failed:
                log.warning("%s cannot be written (%s): faults may be told again after a restart", self._path, error)
            self._failed = True
        else:
            self._failed = False


def _one(found: Any) -> Open:
    code, text, since_s, told = found["code"], found["text"], found["since"], found["told"]
    if code not in TOLD_OF or not isinstance(text, str) or not isinstance(told, bool):
        raise ValueError("not a fault that is told")
    if since_s is not None and (not isinstance(since_s, int) or not 0 <= since_s < 2**35):
        raise ValueError("not a time")
    return Open(code, text[:_LONGEST_TEXT], since_s, told)


def _waiting(found: Any) -> Waiting:
    way, message = found["way"], found["message"]
    text = json.dumps(message)
    if not isinstance(way, str) or not isinstance(message, dict) or len(text) > _LONGEST_MESSAGE:
        raise ValueError("not a message that waits")
    return way, text
