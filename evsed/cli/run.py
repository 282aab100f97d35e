"""What commands that speak with a charger have in common: what went wrong becomes a line on stderr and an exit status.

Owns the status of what is no command's own: a reader that has seen enough, a full disk, Ctrl-C.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from evsed.cli.trouble import TroubleError
from evsed.cli.words import abandon, flush, tell

Deed: TypeAlias = Callable[[argparse.Namespace], int]
"""Does what a command line says; the exit status."""

_CUT_OFF: Final = 141  # as a shell tells of SIGPIPE
_INTERRUPTED: Final = 130


def run(command: str, deed: Deed, options: argparse.Namespace, failed: int | None = None) -> int:
    """Carries ``deed`` out for ``command``; the exit status. ``failed``: that of whatever went wrong, else its own."""
    try:
        status = deed(options)
        flush()
    except TroubleError as error:
        tell(str(error), command)
        wrong = error.status
    except BrokenPipeError:  # whoever read it has seen enough, such as head
        abandon()
        return _CUT_OFF
    except OSError as error:
        abandon()
        tell(f"stdout cannot be written: {error.strerror or error}", command)
        wrong = os.EX_IOERR
    except RecursionError:
        tell("what was read is nested too deeply", command)
        wrong = os.EX_DATAERR
    except KeyboardInterrupt:
        tell("interrupted", command)
        return _INTERRUPTED
    else:
        return status
    return wrong if failed is None else failed


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Around the reading of a charger's answer: one that does not have ``what`` raises TroubleError."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        told = f"what answers is not evsed, or an older one without {what}; name the charger with --url"
        raise TroubleError(told, os.EX_UNAVAILABLE) from error
