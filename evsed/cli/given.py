"""Files that an owner names on the command line, and the question before something is changed. Raises TroubleError."""

import os
import sys
from pathlib import Path
from typing import Final

from evsed.backup import document
from evsed.backup.document import DocumentError
from evsed.cli.charger import TroubleError
from evsed.cli.words import say
from evsed.files import put_text

STDIO: Final = "-"


def read(name: str) -> tuple[bytes, document.Read]:
    """A file of settings, and what it says."""
    shown = "stdin" if name == STDIO else name
    try:
        with sys.stdin.buffer if name == STDIO else Path(name).open("rb") as file:
            raw = file.read(document.LONGEST + 1)
        return raw, document.read(raw)
    except PermissionError as error:
        raise TroubleError(f"{shown} may not be read by this user; try it with sudo", os.EX_NOINPUT) from error
    except OSError as error:
        raise TroubleError(f"{shown} cannot be read: {error.strerror}", os.EX_NOINPUT) from error
    except DocumentError as error:
        raise TroubleError(f"{shown} cannot be used: {error}", os.EX_DATAERR) from error


def put(name: str, text: str, told: str) -> None:
    """Writes ``text`` to a file, for this user alone, and says so with ``told``; to stdout it goes as it is."""
    if name == STDIO:
        say(*text.splitlines())
        return
    try:
        put_text(Path(name), text)
    except OSError as error:
        raise TroubleError(f"{name} cannot be written: {error.strerror}", os.EX_CANTCREAT) from error
    if Path(name).is_file():  # a pipe may be our own stdout, and takes nothing else
        say(f"{name}: {told}")


def agreed(question: str, source: str) -> bool:
    """Whether somebody says yes; ``source`` is the file, which may be where the answer would come from."""
    if source == STDIO or not sys.stdin.isatty():
        raise TroubleError("nobody can be asked here; --yes makes the changes without\nnothing was changed")
    try:
        return input(question).strip().casefold() in {"y", "yes"}
    except EOFError:
        return False
