"""What docs/replay.md says about ``evsed replay``: its columns are read, its recorder records."""

import json
import re
import subprocess
import sys
from pathlib import Path

from evsed.core.states import State
from evsed.replay.command import SERIES
from evsed.replay.trace import COLUMNS, read

PAGE = (Path(__file__).parents[2] / "docs" / "replay.md").read_text()
SETTINGS = Path(__file__).parents[1] / "scenarios" / "settings_example.json"


def test_the_example_file_is_read(tmp_path: Path) -> None:
    example = re.search(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    path = tmp_path / "day.csv"
    path.write_text(example[1])
    assert read(path).house == [(23, 15, 22), (23, 15, 108)]


def test_the_recorder_writes_what_is_read(tmp_path: Path) -> None:
    header = re.search(r"^echo (.*) > day\.csv$", PAGE, re.MULTILINE)
    code = re.search(r"python3 -c '\n(.*?)\n'; done >> day\.csv", PAGE, re.DOTALL)
    assert header is not None
    assert code is not None
    assert header[1] == ",".join(COLUMNS)
    settings = json.loads(SETTINGS.read_text())
    settings["phase_currents"]["original_data"] = {"TOTAL": 150, "L1": 170, "L2": -40, "L3": 20}
    path = tmp_path / "day.csv"
    for currents, house in (({"L1": 160, "L2": 0, "L3": 0}, (10, -40, 20)), (dict.fromkeys(("L1", "L2", "L3")), None)):
        settings["ev_meter"]["currents"] = currents
        row = subprocess.run(
            [sys.executable, "-c", code[1]], input=json.dumps(settings), capture_output=True, text=True, check=True
        ).stdout
        path.write_text(f"{header[1]}\n{row}")
        trace = read(path)
        assert (trace.house, trace.sun) == ([house or (170, -40, 20)], [(0, 0, 0)])


def test_the_columns_and_states_of_the_series_are_told() -> None:
    told = PAGE.partition("`--series` writes")[2].partition("\n\n")[0]
    named = re.findall(r"`([a-zA-Z0-9_]+)`", told)
    assert [name for name in SERIES.split(",") if not re.match(r"(car|mains)2", name)] == named
    numbers = set(map(int, re.findall(r"\b([0-9]+) [a-z]", told.partition("(")[2])))
    assert numbers == set(map(int, State)) - {State.COMM_B, State.COMM_C}  # there is one charger
