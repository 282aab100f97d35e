"""Python packages that the board's hardware needs, and how an owner gets one that is missing.

Owns the advice, which depends on how evsed was installed: its own package brings nearly everything with it; a virtual
environment has pip; the system's Python has apt. Imports none of them.
"""

import sys
from collections.abc import Sequence
from typing import Final

from evsed.installed import Installed, installed

LUMA: Final = "2.13"
"""luma.lcd from this one on, up to its next major version, as pyproject.toml has it. An older one takes GPIO 18 for
a backlight, whatever hangs there, and is not used. Debian 12 has 2.10, so that apt is no help."""

_NEEDED: Final = {
    "gpiozero": "'gpiozero~=2.0'",
    "pigpio": "'pigpio~=1.78'",
    "lgpio": "lgpio",
    "luma.lcd": f"'luma.lcd~={LUMA}'",
    "PIL": "pillow",
    "matplotlib": "matplotlib",
}
"""What pip is asked for, by the name that is imported."""

_NOT_BUNDLED: Final = ("lgpio", "matplotlib")
_FROM_DEBIAN: Final = ("gpiozero", "pigpio", "lgpio", "matplotlib")  # what Debian has is new enough


def install(missing: Sequence[str], how: Installed | None = None) -> str:
    """What an owner types for the packages that are ``missing``, which are named as they are imported."""
    where = installed() if how is None else how
    if where is Installed.BY_PACKAGE:
        lost = [name for name in missing if name not in _NOT_BUNDLED]
        advice = ["evsed's package brings it: install the .deb again (sudo dpkg -i evsed_*.deb)"] if lost else []
        return " and ".join([*advice, *_apt([name for name in missing if name in _NOT_BUNDLED])])
    if where is Installed.IN_VENV:
        advice = [_pip(missing, "")]
        if "lgpio" in missing:
            advice.append("where pip has no lgpio: sudo apt install python3-lgpio, and a venv --system-site-packages")
        return "; ".join(advice)
    theirs = [name for name in missing if name not in _FROM_DEBIAN]
    # Debian's Python lets pip in only when told to.
    pip = [_pip(theirs, "--break-system-packages ")] if theirs else []
    return " and ".join([*_apt([name for name in missing if name in _FROM_DEBIAN]), *pip])


def _apt(names: Sequence[str]) -> list[str]:
    return ["sudo apt install " + " ".join(f"python3-{name}" for name in names)] if names else []


def _pip(names: Sequence[str], option: str) -> str:
    may = "sudo " if option else ""
    return f"{may}{sys.executable} -m pip install {option}{' '.join(_NEEDED[name] for name in names)}"
