"""Runs the documents' shell commands as they stand there, against a simulation whose ports are others."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.documents.pages import ROOT, Block
from tests.scenarios.simulation import PATIENCE_S, Simulation

_PRELUDE = r"""
set -euo pipefail
naps=0
python() { PYTHONPATH=$ROOT "$PYTHON" "$@"; }
curl() { python -m tests.documents.curl "$@" | tee answer; }
evsed() {
    case $1 in
    simulate) ;;                                          # it runs already
    settings | access | cards | backup | restore | log) python -m evsed "$@" ${URL:+--url "$URL"} ;;
    *) python -m evsed "$@" ;;
    esac
}
make() { command make --dry-run --directory "$ROOT" "$@" > made; }
pytest() { (cd "$ROOT" && "$PYTHON" -m pytest --collect-only --quiet -p no:cacheprovider "$@" > /dev/null); }
mosquitto_pub() { command mosquitto_pub -p "$BROKER" "$@"; }
sleep() { naps=$((naps + 1)); test $naps -le 2; }         # what goes on for ever goes on twice
"""


@dataclass
class Shell:
    """Where commands run: a directory, a simulation, and the port of a broker (0: none).

    ``installed``: the simulation stands for the charger of this machine, which root asks without --url.
    """

    directory: Path
    simulation: Simulation
    broker: int = 0
    installed: bool = True

    def run(self, block: Block) -> str:
        """Runs ``block``; the answer to its last curl. Fails with what was printed when a command does."""
        ended = subprocess.run(
            ["bash", "-c", _PRELUDE + self._here(block.text)],
            cwd=self.directory,
            env=os.environ
            | {
                "ROOT": str(ROOT),
                "PYTHON": sys.executable,
                "URL": f"unix:{self.simulation.state_dir / 'control.sock'}" if self.installed else "",
                "BROKER": str(self.broker),
            },
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_S,
            check=False,
        )
        assert ended.returncode == 0, f"{block}\n{block.text}\n{ended.stdout[-2_000:]}\n{ended.stderr[-2_000:]}"
        answer = self.directory / "answer"
        return answer.read_text(encoding="utf-8", errors="replace") if answer.exists() else ""

    def _here(self, text: str) -> str:
        """``text`` with the ports of this simulation, and this Python."""
        for number in range(self.simulation.chargers):
            text = text.replace(f"localhost:{8080 + number}", f"127.0.0.1:{self.simulation.charger(number).port}")
        text = text.replace("localhost:8180", f"127.0.0.1:{self.simulation.plant_port}")
        assert "localhost:8" not in text, f"an address that no simulation has: {text}"
        return text.replace(".venv/bin/python -m pytest", "pytest")
