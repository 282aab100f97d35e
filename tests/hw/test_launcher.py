"""`evsed simulate` ends at Ctrl-C, whenever that comes."""

import subprocess
import sys
from pathlib import Path
from typing import Final

LINES: Final = 12
"""More than there are in its looking and waiting."""

_AT_EVERY_LINE: Final = f"""
import signal, sys
from pathlib import Path
from types import SimpleNamespace
from evsed.hw.simulation import launcher

def watched(_, __, asked):
    plant, lines = SimpleNamespace(poll=lambda: None), iter(range(at))
    def trace(frame, event, _):
        if event == "line" and next(lines, None) is None:
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)
        return trace
    sys.settrace(trace)
    return launcher._watch(plant, [], asked)

launcher._run = watched
for at in range({LINES}):
    print(at, launcher.run(SimpleNamespace()), flush=True)
"""


def test_ctrl_c_at_any_line_of_its_looking_ends_it(tmp_path: Path) -> None:
    """It hung for ever when Ctrl-C came while it held the lock that its own handler asked for."""
    told = tmp_path / "told"
    with told.open("w") as out, subprocess.Popen([sys.executable, "-c", _AT_EVERY_LINE], stdout=out) as child:
        try:
            assert child.wait(90) == 0
        except subprocess.TimeoutExpired:
            child.kill()
    assert told.read_text().splitlines() == [f"{at} 0" for at in range(LINES)]
