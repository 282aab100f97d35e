"""What commands that speak with a charger print: nothing moves a terminal's cursor, and nothing fails to be encoded.

A charger's answer and a file may hold anything, control characters and half characters too: these are shown as escapes.
"""

import contextlib
import errno
import os
import sys
from typing import Final, TextIO

_PLAIN: Final = "\x1b[0m"


def printable(text: str) -> str:
    """``text`` with what cannot be printed as escapes, line ends among these."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def say(*lines: str, colour: str = "") -> None:
    """Prints to stdout, in the ``colour`` that an escape sequence begins. Raises OSError."""
    if sys.stdout is None:  # closed by whoever started us
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    for line in lines:
        text = _encodable(printable(line), sys.stdout)
        sys.stdout.write(f"{colour}{text}{_PLAIN}\n" if colour else f"{text}\n")


def tell(text: str, command: str = "settings") -> None:
    """Prints to stderr, each line with the name of the command; if nobody can be told, nothing happens."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):
        for line in text.splitlines():
            sys.stderr.write(_encodable(f"evsed {command}: {printable(line)}", sys.stderr) + "\n")


def flush() -> None:
    """Ends what was said. Raises OSError."""
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon() -> None:
    """Drops what could not be written, which would otherwise be tried again at the end of the process."""
    if sys.stdout is not None:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _encodable(text: str, file: TextIO) -> str:
    encoding = file.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
