"""The commands that the documents have for a Raspberry Pi where the package is installed: ``sh on-a-pi`` blocks.

Here only what they name is looked at. Running them is the package test's.
"""

import itertools
import re

from evsed import __version__
from evsed.cli import parser
from evsed.config import Control
from tests.documents.pages import ROOT, all_blocks

KIND = "sh on-a-pi"
UNITS = ROOT / "systemd"

_PACKAGE = re.compile(r"\./evsed_(?P<version>[0-9.]+|\*)\+deb1[23]_(arm64|amd64)\.deb")
_OF_DEBIAN = {"pigpiod", "raspi-config"}
_NOT_OURS = {"pigpiod", "avahi-daemon"}


def on_a_pi() -> list[str]:
    """Each command once, in the order of the documents, without comments."""
    lines = [re.sub(r"(^|\s+)#.*$", "", line).strip() for block in all_blocks(KIND) for line in block.text.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))


def unknown(words: list[str]) -> str:
    """What a command names that is not there; empty when it names nothing such."""
    if words[-2:-1] == [">"]:
        words = words[:-2]
    match words:
        case ["sudo", *rest]:
            return unknown(rest)
        case ["apt", "install", *packages]:
            return next((name for name in packages if not _is_package(name)), "")
        case ["apt", "remove" | "purge", *packages]:
            return next((name for name in packages if name != "evsed"), "")
        case ["systemctl", "start" | "stop" | "restart" | "status" | "enable" | "disable" | "cat" | "edit", *units]:
            return next((unit for unit in units if not _is_unit(unit)), "")
        case ["journalctl", *rest]:
            named = [unit for option, unit in itertools.pairwise(rest) if re.fullmatch("-f?u", option)]
            return next((unit for unit in named if not _is_unit(unit)), "")
        case ["evsed-update", package]:
            return "" if _PACKAGE.fullmatch(package) else package
        case ["install", "-o", "evsed", "-g", "evsed", "-m", "600", *paths]:
            return next((path for path in paths if not path.startswith("/var/lib/evsed/")), "")
        case ["chgrp", "evsed", path] | ["chmod", "640", path] | ["install", "-m", "644", _, path] if path.startswith(
            "/etc/evsed/"
        ):
            return ""
        case ["curl", "--unix-socket", path, _]:
            return "" if path == Control().socket else path
        case ["chmod", _, path]:
            return "" if path.lstrip("/") in (UNITS / "install.sh").read_text() else path
        case ["evsed", *arguments]:
            return not_taken(arguments)
        case _:
            return "" if words[0].rpartition("/")[2] in _commands() else words[0]


def not_taken(arguments: list[str]) -> str:
    """The ``arguments`` when the command line does not take them."""
    try:
        parser.build().parse_args(arguments)
    except SystemExit as ended:
        return " ".join(arguments) if ended.code else ""  # 0: it was asked for help
    return ""


def _is_package(name: str) -> bool:
    match = _PACKAGE.fullmatch(name)
    return match["version"] in {__version__, "*"} if match else name in _OF_DEBIAN


def _is_unit(name: str) -> bool:
    return name in _NOT_OURS or not UNITS.exists() or (UNITS / f"{name.removesuffix('.service')}.service").is_file()


def _commands() -> set[str]:
    scripts = re.findall(r"^(evsed[a-z-]*) = ", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    return {*scripts, "pigpiod", "nmcli", *(path.name for path in UNITS.glob("evsed-*") if not path.suffix)}
