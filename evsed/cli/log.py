"""`evsed log`: the last lines of the log of a charger that runs, and with --follow what comes.

Owns what is printed, that a restart of the daemon is survived, and how it ends: quietly, by Ctrl-C or when the reader
of stdout has gone.
"""

import argparse
import json
import os
import select
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from evsed.cli.charger import Charger, SilentError, TroubleError, reach
from evsed.cli.run import run as run_deed
from evsed.cli.run import telling
from evsed.cli.words import flush, say, tell

_COMMAND: Final = "log"
_PATH: Final = "/api/v1/log"
_QUIET_S: Final = 40.0  # the charger gives a sign of life every 15 s
AGAIN_S = 1.0
_COLOURS: Final = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[1;31m"}
_WHY: Final = {
    "lost": "some lines were lost here: more came than could be sent",
    "restarted": "the daemon was restarted; these are its lines since then",
}


def run(options: argparse.Namespace) -> int:
    """Does what was asked; the exit status."""
    return run_deed(_COMMAND, _follow if options.follow else _show, options)


def _show(options: argparse.Namespace) -> int:
    try:
        document = reach(options).ask("GET", _address(options))
    except SilentError as error:
        raise _not_running(error) from error
    printer = _Printer(options)
    with telling("a log"):
        for line in document["lines"]:
            printer.line(line)
    return 0


def _address(options: argparse.Namespace) -> str:
    wanted = {"level": options.level, "last": options.last, **({"text": options.text} if options.text else {})}
    return f"{_PATH}?{urlencode(wanted)}"


def _not_running(error: TroubleError) -> TroubleError:
    return TroubleError(f"{error}\nwhat it said before it ended: journalctl -u evsed", error.status)


def _follow(options: argparse.Namespace) -> int:
    """Until Ctrl-C. Raises TroubleError where there is no charger, or where it does not let us in any more."""
    printer = _Printer(options)
    try:
        charger = reach(options)
        while True:
            try:
                _listen(charger, options, printer)
            except SilentError as error:
                if not printer.connected_once:
                    raise _not_running(error) from error
                printer.lost()
            time.sleep(AGAIN_S)
            charger = _again(options, charger)
    except KeyboardInterrupt:
        flush()
        return 0


def _again(options: argparse.Namespace, charger: Charger) -> Charger:
    """The charger anew, for its socket may be another one; credentials that were typed are not asked for again."""
    return charger if options.url is not None or options.pin or options.password else reach(options)


def _listen(charger: Charger, options: argparse.Namespace, printer: "_Printer") -> None:
    """What comes on one connection. Raises TroubleError at its end."""
    for name, number, document in charger.events(_address(options), printer.after, _QUIET_S):
        printer.found()
        with telling("a log"):
            if name == "line":
                printer.line(document)
            elif name == "gap":
                printer.gap(str(document["why"]))
            elif _nobody_reads():
                raise BrokenPipeError
        printer.after = number or printer.after
        flush()


def _nobody_reads() -> bool:
    """Whether whoever read stdout has gone, such as head, which is noticed at a write only."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(told & (select.POLLERR | select.POLLNVAL) for _, told in poll.poll(0))
    except (OSError, ValueError, AttributeError):
        return False


class _Printer:
    """Prints lines and what is to be said between them. ``after``: the id of the last one."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._json = bool(options.json)
        self._coloured = not self._json and _takes_colour()
        self.after = ""
        self.connected_once = False
        self._connected = False

    def found(self) -> None:
        """There is a connection."""
        if self.connected_once and not self._connected:
            tell("connected again", _COMMAND)
        self._connected = self.connected_once = True

    def lost(self) -> None:
        """There is none any more, which is said once."""
        if self._connected:
            flush()
            tell("the connection is lost; trying again until it is back, Ctrl-C ends it", _COMMAND)
        self._connected = False

    def gap(self, why: str) -> None:
        """Lines are missing here."""
        flush()
        tell(_WHY.get(why, why), _COMMAND)

    def line(self, line: Mapping[str, Any]) -> None:
        """One line of the log."""
        if self._json:
            say(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
            return
        level, first, *more = str(line["level"]), *str(line["text"]).split("\n")
        when = f"{datetime.fromtimestamp(line['at'] / 1000).astimezone():%Y-%m-%d %H:%M:%S}"
        where = str(line["logger"]).removeprefix("evsed.")
        colour = _COLOURS.get(level, "") if self._coloured else ""
        say(f"{when} {level.upper():7} {where}: {first}", *(f"    {text}" for text in more), colour=colour)


def _takes_colour() -> bool:
    """Whether stdout is a terminal that nobody wants plain."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout is not None and sys.stdout.isatty() and not plain
