"""The command line. Imports nothing heavy before the outputs of a real run are safe."""

import argparse
import os
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from evsed import __version__

DEFAULT_CONFIG = Path("/etc/evsed/evsed.toml")


def main(arguments: list[str] | None = None) -> int:
    """Runs ``evsed``; the exit status."""
    options = _parser().parse_args(arguments)
    match options.command:
        case "run":
            return _run(options)
        case "simulate":
            return _simulate(options)
        case "replay":
            return _replay(options)
        case "doctor":
            return _doctor(options)
        case "guard":
            return _guard(options)
        case "settings":
            return _settings()
        case _:
            print(f"evsed {__version__}")
            return 0


class _Parser(argparse.ArgumentParser):
    """Ends with the status that a wrong command line has."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(os.EX_USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="evsed", description="Smart car charger for a Raspberry Pi")
    commands = parser.add_subparsers(dest="command", required=True)
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
    commands.add_parser("settings", help="list the owner settings with their ranges")
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


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    installation = f"the installation (default {DEFAULT_CONFIG})"
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help=installation)
    subjects = parser.add_subparsers(dest="subject", help="without one, the whole installation is looked at")
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


def _settings() -> int:
    from evsed.core.settings import TABLE  # noqa: PLC0415 - only this command needs it

    for key, row in TABLE.items():
        taken = ", ".join(row.choices.values()) if row.choices else f"{row.minimum}..{row.maximum} {row.unit}".strip()
        default = row.show(row.default)
        print(f"{key:24} {row.description}: {'host name' if row.is_text else taken} (default {default or 'none'})")
    return 0


def _run(options: argparse.Namespace) -> int:
    from evsed import app, config  # noqa: PLC0415 - see the module's docstring

    try:
        return app.run(config.load(options.config), options.set)
    except config.ConfigError as error:
        print(f"evsed: {error}", file=sys.stderr)
        return os.EX_CONFIG


def guard() -> int:
    """Runs ``evsed-guard``, which is ``evsed guard``."""
    return main(["guard", *sys.argv[1:]])


def _guard(options: argparse.Namespace) -> int:
    """Checks the configuration, and becomes the guard: the same process, with nothing else in it."""
    from evsed.config import ConfigError  # noqa: PLC0415 - see the module's docstring
    from evsed.hw import guard, guardplan  # noqa: PLC0415

    try:
        plan = guardplan.write_plan(options.config)
    except ConfigError as error:
        print(f"evsed-guard: {error}", file=sys.stderr)
        return os.EX_CONFIG
    return os.execv(sys.executable, [sys.executable, "-I", "-S", guard.__file__, str(plan)])  # noqa: S606 - our own


def _simulate(options: argparse.Namespace) -> int:
    from evsed.hw.simulation import launcher  # noqa: PLC0415 - see the module's docstring

    simulation = launcher.Simulation(
        port=options.port,
        plant_port=options.plant_port,
        state_dir=options.state_dir,
        mqtt=options.mqtt or "",
        settings=tuple(options.set),
        seed=options.seed,
        chargers=options.chargers,
        first_run=options.first_run,
    )
    return launcher.run(simulation)


def _replay(options: argparse.Namespace) -> int:
    from evsed.replay import command  # noqa: PLC0415 - see the module's docstring

    return command.run(
        command.Request(
            trace=options.trace,
            mode=options.mode,
            settings=tuple(options.set),
            car_lag_ms=options.car_lag,
            car_phases=options.car_phases,
            meter_period_ms=options.meter_period,
            json=options.json,
            series=options.series,
            plot=options.plot,
        )
    )


def _doctor(options: argparse.Namespace) -> int:
    from evsed.doctor import command, installation  # noqa: PLC0415 - see the module's docstring

    if options.subject is None:
        return installation.run(options.config)
    if options.first > options.last:
        print(f"evsed doctor: there is no address from {options.first} to {options.last}", file=sys.stderr)
        return os.EX_USAGE
    return command.run(
        command.Request(
            config=options.config, device=options.device, baud=options.baud, first=options.first, last=options.last
        )
    )
