"""An update while a car charges at a board of fake chips: the car is told first, and charges again afterwards."""

import json
import subprocess
from pathlib import Path

from evsed import __version__
from tests.package import packages
from tests.package.booted import Booted
from tests.package.signed import KEY, hand, signed
from tests.package.test_units_pi import ask, charger, charges
from tests.signing import trust
from tests.silicon.environment import AS_COLLECTED

__all__ = ["charger"]

_NEWER = "9.0"
_UPDATES_S = 400.0


def newer(release: str, folder: Path) -> bytes:
    """What is installed, with a higher version."""
    tree, package = folder / "newer", folder / "newer.deb"
    built = str(packages.current(f"{release}_amd64"))
    subprocess.run(["dpkg-deb", "--raw-extract", built, str(tree)], check=True, env=AS_COLLECTED)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {__version__}", f"Version: {_NEWER}"))
    subprocess.run(["dpkg-deb", "--build", "-Zgzip", "-z1", str(tree), str(package)], check=True, env=AS_COLLECTED)
    return package.read_bytes()


def progress(charger: Booted) -> dict[str, str]:
    """What root's installer has told last."""
    path = charger.root / "var/lib/evsed-update.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def test_a_car_that_charges_is_told_before_anything_is_installed(charger: Booted, release: str, tmp_path: Path) -> None:
    trust(charger.root, KEY)
    package = signed(newer(release, tmp_path), f"evsed_{_NEWER}+{release}_amd64.deb")
    charges(charger)
    begun = ask(charger, op="state")["now"]
    hand(charger, package)
    charger.wait(lambda: progress(charger).get("state") in {"done", "failed"}, "the update is over", _UPDATES_S)
    assert progress(charger)["text"] == f"evsed {__version__}+{release} is now {_NEWER}+{release}"
    seen = [(name, value) for at, name, value in ask(charger, op="state")["history"] if at > begun]
    assert seen.index(("pulses", False)) < seen.index(("contactor1", False)), "the pilot says stop, then it is opened"
    charges(charger)
