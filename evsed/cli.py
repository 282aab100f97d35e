"""The command line. Imports nothing heavy before the outputs of a real run are safe."""

import argparse
import os
import re
import sys
from pathlib import Path

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
        case "settings":
            return _settings()
        case _:
            print(f"evsed {__version__}")
            return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evsed", description="Smart car charger for a Raspberry Pi")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the daemon")
    run.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help=f"the installation (default {DEFAULT_CONFIG})")
    _add_set(run)
    simulate = commands.add_parser("simulate", help="run the daemon beside a simulated car, house and meters")
    simulate.add_argument("--port", type=_port, default=8080, help="REST and web page (default 8080)")
    simulate.add_argument("--plant-port", type=_port, default=8180, help="the plant's own API (default 8180)")
    simulate.add_argument("--state-dir", type=Path, default=_state_dir(), help="where settings are kept")
    simulate.add_argument("--chargers", type=int, default=1, choices=range(1, 9), metavar="N", help="1 for now")
    simulate.add_argument("--mqtt", type=_broker, metavar="HOST:PORT", help="a broker")
    simulate.add_argument("--seed", type=int, default=0, help="of the noise on the pilot")
    _add_set(simulate)
    commands.add_parser("settings", help="list the owner settings with their ranges")
    commands.add_parser("version", help="print the version")
    return parser


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


def _simulate(options: argparse.Namespace) -> int:
    from evsed.hw.simulation import launcher  # noqa: PLC0415 - see the module's docstring

    if options.chargers != 1:
        print("evsed simulate: several chargers come with power sharing; this version runs one", file=sys.stderr)
        return os.EX_USAGE
    simulation = launcher.Simulation(
        options.port, options.plant_port, options.state_dir, options.mqtt or "", tuple(options.set), options.seed
    )
    return launcher.run(simulation)
