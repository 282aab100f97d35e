"""The bars of energy without a browser: what is unknown is no 0, and is not drawn."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from tests.browser.sources import WEB

DAY_S = 86_400
NOON = 1_795_348_800  # a noon by UTC


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """By a name that Node takes for a module's."""
    return Path(shutil.copy(WEB / "charts/heaps.js", tmp_path / "heaps.mjs"))


def told(module: Path, *energies: tuple[int | None, int | None]) -> dict[str, Any]:
    """Of one day with sessions of such (energy, solar) in Wh, and the day after it without any."""
    sessions = [{"start": NOON, "energy_wh": energy, "solar_wh": solar} for energy, solar in energies]
    reader: list[str | Path] = [compute_driver_executable()[0], Path(__file__).parent / "heaps.mjs"]
    days = [json.dumps(sessions), str(NOON), str(NOON + DAY_S)]
    done = subprocess.run(
        [*reader, module, *days], capture_output=True, text=True, check=True, env={"TZ": "UTC"}, timeout=60
    )
    found: dict[str, Any] = json.loads(done.stdout)
    assert len(found["heaps"]) == 2
    return found


@pytest.mark.parametrize(
    ("energies", "energy", "solar", "key"),
    [
        ([(9_000, 3_000)], 9_000, 3_000, "bar"),
        ([(9_000, 0)], 9_000, 0, "bar"),
        ([(9_000, None)], 9_000, None, "bar_unsplit"),
        ([(9_000, None), (4_000, 1_000)], 13_000, 1_000, "bar_partly"),
        ([(0, None)], 0, 0, "bar"),
        ([(None, None)], None, None, "bar_unknown"),
        ([(None, None), (4_000, 1_000)], 4_000, 1_000, "bar"),
        ([], 0, 0, "bar"),
    ],
)
def test_what_nobody_knows_of_a_day_is_no_0(
    module: Path, energies: list[tuple[int | None, int | None]], energy: int | None, solar: int | None, key: str
) -> None:
    found = told(module, *energies)
    first = found["heaps"][0]
    assert (first["energy"], first["solar"], found["said"][0]["key"]) == (energy, solar, key)
    assert found["said"][0]["more"] == (energy is not None and (None, None) in energies)
    assert (found["heaps"][1]["energy"], found["heaps"][1]["solar"]) == (0, 0), "no session: nothing was charged"


def test_what_nobody_knows_is_not_drawn(module: Path) -> None:
    assert [stack[0] for stack in told(module, (None, None))["stacks"]] == [None, None, None]
    assert [stack[0] for stack in told(module, (9_000, None))["stacks"]] == [9, None, None]
    assert [stack[0] for stack in told(module, (9_000, None), (4_000, 1_000))["stacks"]] == [13, 4, 1]
