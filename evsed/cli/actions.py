"""What the commands do, but those on owner settings: each hands its options to the module whose work it is.

Owns the exit status of a configuration that cannot be read. Imports nothing heavy before the outputs of a real run are
safe.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

from evsed import __version__


def run(options: argparse.Namespace) -> int:
    """``evsed run``: the daemon."""
    from evsed import app, config  # noqa: PLC0415 - see the module's docstring

    try:
        return app.run(config.load(options.config), options.set)
    except config.ConfigError as error:
        print(f"evsed: {error}", file=sys.stderr)
        return os.EX_CONFIG


def guard(options: argparse.Namespace) -> int:
    """``evsed guard``: checks the configuration, and becomes the guard: the same process, with nothing else in it."""
    from evsed.config import ConfigError  # noqa: PLC0415 - see the module's docstring
    from evsed.hw import guard as process  # noqa: PLC0415
    from evsed.hw import guardplan  # noqa: PLC0415

    try:
        plan = guardplan.write_plan(options.config)
    except ConfigError as error:
        print(f"evsed-guard: {error}", file=sys.stderr)
        return os.EX_CONFIG
    return os.execv(sys.executable, [sys.executable, "-I", "-S", process.__file__, str(plan)])  # noqa: S606 - our own


def simulate(options: argparse.Namespace) -> int:
    """``evsed simulate``: daemons beside their plant."""
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


def replay(options: argparse.Namespace) -> int:
    """``evsed replay``: the core over a recorded day."""
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


def doctor(options: argparse.Namespace) -> int:
    """``evsed doctor``: looks, and says what is there."""
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


def settings(options: argparse.Namespace) -> int:
    """``evsed settings``: the owner settings of a running charger."""
    from evsed.cli import owner  # noqa: PLC0415 - only this command needs it

    return owner.run(options)


def access(options: argparse.Namespace) -> int:
    """``evsed access``: what opens a running charger."""
    from evsed.cli import access as command  # noqa: PLC0415 - only this command needs it

    return command.run(options)


def cards(options: argparse.Namespace) -> int:
    """``evsed cards``: the cards of a running charger."""
    from evsed.cli import cards as command  # noqa: PLC0415 - only this command needs it

    return command.run(options)


def backup(options: argparse.Namespace) -> int:
    """``evsed backup`` and ``evsed restore``: what an owner has set in a running charger, as a file."""
    from evsed.cli import backup as command  # noqa: PLC0415 - only these commands need it

    return command.run(options)


def log(options: argparse.Namespace) -> int:
    """``evsed log``: the log of a running charger."""
    from evsed.cli import log as command  # noqa: PLC0415 - only this command needs it

    return command.run(options)


def version(_options: argparse.Namespace) -> int:
    """``evsed version``: what is installed."""
    print(f"evsed {__version__}")
    return 0


ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "run": run,
    "guard": guard,
    "simulate": simulate,
    "replay": replay,
    "doctor": doctor,
    "settings": settings,
    "access": access,
    "cards": cards,
    "backup": backup,
    "restore": backup,
    "log": log,
    "version": version,
}
"""By the command's name; each answers with the exit status."""
