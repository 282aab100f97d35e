"""The form of the command line: its commands, their options, and what each takes.

Owns the words of `--help`, which are those of the man page, too. What the commands do is actions.py's and owner.py's:
nothing but argparse is needed to build the parser.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

DEFAULT_CONFIG = Path("/etc/evsed/evsed.toml")


class _Parser(argparse.ArgumentParser):
    """Ends with the status that a wrong command line has."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(os.EX_USAGE, f"{self.prog}: {message}\n")

    def parse_known_args(  # type: ignore[override]  # argparse hands the rest up, where nobody knows whose it is
        self, args: list[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        options, left = super().parse_known_args(args, namespace)
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return options, left


def build() -> argparse.ArgumentParser:
    """The parser of ``evsed``."""
    parser = _Parser(prog="evsed", description="Smart car charger for a Raspberry Pi")
    commands = parser.add_subparsers(dest="command", required=True, title="commands")
    run = commands.add_parser("run", help="run the daemon")
    run.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help=f"the installation (default {DEFAULT_CONFIG})")
    _add_set(run)
    guard = commands.add_parser("guard", help="hold the lines of the board; run by systemd beside the daemon")
    guard.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="the installation, as of run")
    simulate = commands.add_parser("simulate", help="run the daemon beside a simulated car, house and meters")
    port = "REST and web page (default 8080); further chargers take the ports that follow"
    simulate.add_argument("--port", type=_port, default=8080, help=port)
    simulate.add_argument("--plant-port", type=_port, default=8180, help="the plant's own API (default 8180)")
    simulate.add_argument("--state-dir", type=Path, default=_state_dir(), help="where settings are kept")
    chargers = "1 to 8 on one house and one RS485 line (default 1); the first is the master, the others its nodes"
    simulate.add_argument("--chargers", type=int, default=1, choices=range(1, 9), metavar="N", help=chargers)
    simulate.add_argument("--mqtt", type=_broker, metavar="HOST:PORT", help="a broker")
    simulate.add_argument("--first-run", action="store_true", help="as if just installed: it has to be set up first")
    simulate.add_argument("--seed", type=int, default=0, help="of the noise on the pilot")
    _add_set(simulate)
    _add_replay(commands.add_parser("replay", help="what the charger would have done on a recorded day"))
    _add_doctor(commands.add_parser("doctor", help="look at an installation and say what is there"))
    _add_settings(commands.add_parser("settings", help="show, change, save and compare the owner settings"))
    _add_access(commands.add_parser("access", help="PIN, password, tokens and login; the certificate of TLS"))
    _add_cards(commands.add_parser("cards", help="show, change, save and bring the cards that let a car charge"))
    _add_backup(commands.add_parser("backup", help="save settings, broker and cards as one file"))
    _add_restore(commands.add_parser("restore", help="make a charger as a backup says, after a look at what changes"))
    _add_log(commands.add_parser("log", help="the last lines of the log of the charger that runs, and what comes"))
    commands.add_parser("version", help="print the version")
    return parser


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("trace", type=Path, metavar="TRACE", help="the day: .csv or .csv.gz, one row a second")
    modes = ("smart", "solar", "normal")
    parser.add_argument("--mode", choices=modes, default="smart", help="the charging mode (default smart)")
    _add_set(parser)
    lag, period = _milliseconds("0", "30"), _milliseconds("0.1", "60")
    parser.add_argument("--car-lag", type=lag, default="2", metavar="S", help="the car follows this late (default 2 s)")
    parser.add_argument(
        "--car-phases", type=int, choices=(1, 2, 3), default=3, metavar="N", help="it draws from 1 to 3 (default 3)"
    )
    told = "the mains is measured this often (default 1 s)"
    parser.add_argument("--meter-period", type=period, default="1", metavar="S", help=told)
    parser.add_argument("--json", metavar="OUT", help="write the figures as JSON to this file; - is stdout")
    parser.add_argument("--series", type=Path, metavar="OUT.csv", help="write what happened, a row a second")
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw it (needs matplotlib)")


def _deeds(parser: argparse.ArgumentParser) -> Callable[[str, str], argparse.ArgumentParser]:
    """Adds commands to a command that speaks with a charger; which one can be said before or after them."""
    _add_charger(parser, None, DEFAULT_CONFIG)
    deeds = parser.add_subparsers(dest="deed", title="commands")

    def deed(name: str, told: str) -> argparse.ArgumentParser:
        added = deeds.add_parser(name, help=told)
        _add_charger(added, argparse.SUPPRESS, argparse.SUPPRESS)
        return added

    return deed


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Where the charger is can be said before or after what is to be done with its settings."""
    parser.description = "Asks and changes the charger that runs. Without a command, lists every setting."
    deed = _deeds(parser)

    listing = deed("list", "every setting: its value, what it takes, its default; without a charger, the latter two")
    listing.add_argument("--json", action="store_true", help="as JSON, as /api/v1/settings has it")
    get = deed("get", "the value of some settings, as KEY=VALUE")
    get.add_argument("keys", nargs="+", metavar="KEY", help="a setting")
    get.add_argument("--value", action="store_true", help="only the values, a line each")
    change = deed("set", "change settings, all of them or, if one is refused, none")
    change.add_argument("changes", nargs="+", metavar="KEY=VALUE", help="a setting and what it becomes")
    export = deed("export", "save the settings as JSON; no secrets are in it")
    export.add_argument("file", nargs="?", default="-", metavar="FILE", help="where to (default -, which is stdout)")
    taken = "make the settings those of a file, all of them or, if one is refused, none; those not in it stay"
    load = deed("import", taken)
    load.add_argument("file", metavar="FILE", help="an export, or a settings.json of /var/lib/evsed; - is stdin")
    load.add_argument("--yes", action="store_true", help="do not ask")
    diff = deed("diff", "compare the charger's settings with those of a file, or two files")
    diff.add_argument("file", metavar="FILE", help="an export, or a settings.json of /var/lib/evsed; - is stdin")
    diff.add_argument("file2", nargs="?", metavar="FILE2", help="another one, in place of the charger")


def _add_access(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "What opens the charger that runs. As root on the charger it needs no PIN. Secrets never stand on the command "
        "line: they are asked for on the terminal, or read from stdin."
    )
    deed = _deeds(parser)

    deed("show", "what is set, the tokens, and the certificate's fingerprint")
    deed("pin", "set the installer's PIN, 4 to 8 digits; - in its place removes it")
    deed("password", "set the owner's password; - in its place removes it")
    token = deed("token", "add or remove a token, with which a program asks")
    token.add_argument(
        "change", choices=("add", "remove"), metavar="add|remove", help="what to do; add prints the token, this once"
    )
    token.add_argument("name", metavar="NAME", help="what the token is called")
    rights = ("read", "operate", "install")
    token.add_argument(
        "--right",
        choices=rights,
        default="operate",
        metavar="RIGHT",
        help="what it may do: read, operate or install (default operate)",
    )
    login = deed("login", "whether everybody has to log in, the web page included")
    login.add_argument("state", choices=("on", "off"), type=str.lower, metavar="on|off", help="on or off")
    made = "print the certificate of TLS; without one of the owner's it is made where there is none yet"
    certificate = deed("certificate", made)
    certificate.add_argument("--renew", action="store_true", help="make it anew, for the names and addresses of now")


def _add_cards(parser: argparse.ArgumentParser) -> None:
    parser.description = "Asks and changes the charger that runs. Without a command, lists every card."
    deed = _deeds(parser)

    uid = "a card's number: 12 or 14 hexadecimal digits"
    deed("list", "every card").add_argument("--json", action="store_true", help="as JSON, as /api/v1/cards has it")
    load = deed("import", "take a list of cards, all of it or, if one is wrong, nothing; cards not in it stay")
    load.add_argument("file", metavar="FILE", help="an export, CSV (uid,name,enabled) or a number a line; - is stdin")
    load.add_argument("--replace", action="store_true", help="forget the cards that are not in it")
    load.add_argument("--yes", action="store_true", help="do not ask")
    export = deed("export", "save the cards as CSV, or as JSON where the file is named so")
    export.add_argument("file", nargs="?", default="-", metavar="FILE", help="where to (default -, which is stdout)")
    export.add_argument("--json", action="store_true", help="as JSON")
    add = deed("add", "add a card, or change one")
    add.add_argument("uid", metavar="UID", help=uid)
    add.add_argument("name", nargs="?", metavar="NAME", help="what it is called: 32 characters at most")
    add.add_argument("--disabled", action="store_true", help="it may not be used yet")
    for name, told in (
        ("remove", "forget cards"),
        ("enable", "let cards be used"),
        ("disable", "end the use of cards"),
    ):
        deed(name, told).add_argument("uids", nargs="+", metavar="UID", help=uid)


def _add_backup(parser: argparse.ArgumentParser) -> None:
    parser.description = "Asks the charger that runs for what its owner has set; who may log in is not in it."
    _add_charger(parser, None, DEFAULT_CONFIG)
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="where to (default -, which is stdout)")
    parser.add_argument("--secrets", action="store_true", help="with the secrets, which only an installer gets")


def _add_restore(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Says what would be changed, asks, and changes all of it or nothing. What is not in the file stays, and so do "
        "the mode, SET UP, and who may log in."
    )
    _add_charger(parser, None, DEFAULT_CONFIG)
    parser.add_argument("file", metavar="FILE", help="a backup, an export, or a settings.json; - is stdin")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be changed")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "What the charger that runs has said lately; no secrets are in it. What it said before it was started, "
        "journalctl -u evsed has."
    )
    _add_charger(parser, None, DEFAULT_CONFIG)
    parser.add_argument("--follow", "-f", action="store_true", help="go on with what comes, until Ctrl-C")
    levels = ("debug", "info", "warning", "error")
    told = "from this level on (default info); lines of debug are made only while somebody follows them"
    parser.add_argument("--level", choices=levels, default="info", help=told)
    last = "begin with so many lines that were there before (default 50)"
    parser.add_argument("--last", type=_whole(0, 2_000), default=50, metavar="N", help=last)
    parser.add_argument("--text", default="", metavar="TEXT", help="only lines with this in them, in any case")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each, as /api/v1/log has it")


def _add_charger(parser: argparse.ArgumentParser, url: object, config: object) -> None:
    where = "the charger: http://, https:// or unix:PATH (default: this machine's, as root over its control socket)"
    parser.add_argument("--url", default=url, metavar="URL", help=where)
    asked = "ask for the installer's PIN on the terminal"
    parser.add_argument("--pin", action="store_true", default=False if url is None else url, help=asked)
    owns = "ask for the owner's password on the terminal"
    parser.add_argument("--password", action="store_true", default=False if url is None else url, help=owns)
    file = "a file with a token; without, the environment's EVSED_TOKEN is one"
    parser.add_argument("--token-file", default=url, metavar="FILE", help=file)
    believed = "a file with the certificate that https:// has to have; without, the system's authorities are believed"
    parser.add_argument("--cacert", default=url, metavar="FILE", help=believed)
    installation = f"the installation (default {DEFAULT_CONFIG})"
    parser.add_argument("--config", type=Path, default=config, help=installation)


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    installation = f"the installation (default {DEFAULT_CONFIG})"
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help=installation)
    parser.description = "Only looks, also while evsed runs. Without a subject, looks at the whole installation."
    subjects = parser.add_subparsers(dest="subject", title="subjects")
    bus = subjects.add_parser("bus", help="scan an RS485 line and read its meters; the daemon has to be stopped")
    bus.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=installation)
    bus.add_argument("--device", metavar="DEV", help="this line only (default: every line of the configuration)")
    bus.add_argument("--baud", type=_whole(1_200, 115_200), metavar="N", help="its speed (default: as configured)")
    address = _whole(1, 247)
    bus.add_argument("--from", type=address, default=1, dest="first", metavar="N", help="first address (default 1)")
    bus.add_argument("--to", type=address, default=247, dest="last", metavar="N", help="last address (default 247)")


def _whole(low: int, high: int) -> Callable[[str], int]:
    """Reads a whole number from ``low`` to ``high``."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"takes a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return read


def _milliseconds(low: str, high: str) -> Callable[[str], int]:
    """Reads seconds from ``low`` to ``high``, in steps of 0.01 s: the cycle of the charger."""

    def read(text: str) -> int:
        ms = Decimal(text) * 1_000 if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else None
        if ms is None or ms % 10 or not Decimal(low) <= ms / 1_000 <= Decimal(high):
            raise argparse.ArgumentTypeError(f"takes {low} to {high} s, in steps of 0.01 s; not {text!r}")
        return int(ms)

    return read


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an owner setting; repeatable")


def _state_dir() -> Path:
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "evsed-simulated"


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def _broker(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.\[\]:-]+:[0-9]{1,5}", text):
        raise argparse.ArgumentTypeError(f"a broker is HOST:PORT, not {text!r}")
    _port(text.rpartition(":")[2])
    return text
