"""How to get a missing package depends on how evsed was installed."""

import sys
import tomllib
from pathlib import Path

import pytest

from evsed import libraries
from evsed.installed import Installed
from evsed.libraries import LUMA, install

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
PIP = f"{sys.executable} -m pip install"


@pytest.mark.parametrize("name", ["gpiozero", "pigpio", "luma.lcd", "PIL"])
def test_what_the_package_brings_comes_back_with_it(name: str) -> None:
    advice = install([name], Installed.BY_PACKAGE)
    assert "install the .deb again" in advice
    assert "apt" not in advice
    assert "pip" not in advice


def test_what_the_package_leaves_to_debian_comes_from_there() -> None:
    assert install(["lgpio"], Installed.BY_PACKAGE) == "sudo apt install python3-lgpio"
    both = install(["luma.lcd", "lgpio"], Installed.BY_PACKAGE)
    assert both.endswith("(sudo dpkg -i evsed_*.deb) and sudo apt install python3-lgpio")


def test_a_virtual_environment_has_pip() -> None:
    assert install(["gpiozero", "luma.lcd"], Installed.IN_VENV) == f"{PIP} 'gpiozero~=2.0' 'luma.lcd~={LUMA}'"
    advice = install(["lgpio"], Installed.IN_VENV)
    assert advice.startswith(f"{PIP} lgpio; where pip has no lgpio: sudo apt install python3-lgpio")


def test_the_system_s_python_has_apt_for_what_is_new_enough_there_and_pip_when_told() -> None:
    assert install(["gpiozero", "pigpio"], Installed.IN_SYSTEM) == "sudo apt install python3-gpiozero python3-pigpio"
    advice = install(["gpiozero", "luma.lcd"], Installed.IN_SYSTEM)
    pip = f"sudo {PIP} --break-system-packages 'luma.lcd~={LUMA}'"
    assert advice == f"sudo apt install python3-gpiozero and {pip}"


def test_pip_is_asked_for_what_the_project_asks_for() -> None:
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lgpio"]]
    for name, wanted in libraries._NEEDED.items():
        if name != "matplotlib":
            assert wanted.strip("'") in asked, name
