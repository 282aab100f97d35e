"""The fast tests, run within the build against the tree that is packaged.

``python -m tools.deb.tests RELEASE_ARCH STAGE TESTED``: TESTED has the sources, with the packaged evsed in their place.
Where the package's compiled modules cannot be loaded here, or there is no pytest, it says so and does nothing.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.deb.stage import LIBRARY
from tools.deb.targets import target

# The rules of charging, the settings file, configuration, frames, pictures: what needs no process and no second.
FAST: Final = (
    "tests/test_config.py",
    "tests/test_migrations.py",
    "tests/test_store.py",
    "tests/test_runtime.py",
    "tests/test_wiring_rules.py",
    "tests/test_wallclock.py",
    "tests/test_serialnumber.py",
    "tests/core/test_states.py",
    "tests/core/test_safety.py",
    "tests/core/test_proofs.py",
    "tests/core/test_faults.py",
    "tests/core/test_pilot.py",
    "tests/core/test_settings.py",
    "tests/hw/test_frames.py",
    "tests/hw/test_registers.py",
    "tests/hw/test_meters.py",
    "tests/lcd",
)


def main(arguments: list[str]) -> int:
    """The command; its status."""
    name, stage, tested = arguments
    if not target(name).runs_here():
        print(f"tools.deb.tests: {name} does not run here: its tests run where it does")
        return 0
    if importlib.util.find_spec("pytest") is None:
        print("tools.deb.tests: no pytest in this environment: the tests are left out (make install brings it)")
        return 0
    fast = [path for path in FAST if (Path(tested) / path).exists()]
    environment = os.environ | {"PYTHONPATH": str(Path(stage).resolve() / LIBRARY), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *fast]
    return subprocess.run(command, cwd=tested, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
