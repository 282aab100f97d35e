"""Only one evsed keeps a state directory, and whoever comes second is told who does."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from evsed.config import ConfigError
from evsed.onlyone import hold


def test_a_second_one_is_told_who_uses_the_directory(tmp_path: Path) -> None:
    held = hold(tmp_path / "state")
    with pytest.raises(ConfigError, match=rf"another evsed \(process {os.getpid()}\) uses .*state: stop it"):
        hold(tmp_path / "state", 0)
    os.close(held)
    os.close(hold(tmp_path / "state", 0))


def test_a_predecessor_that_is_just_leaving_is_waited_for(tmp_path: Path) -> None:
    held = hold(tmp_path)
    leaving = threading.Timer(0.1, os.close, (held,))
    leaving.start()
    os.close(hold(tmp_path, 60))
    leaving.join()


def test_what_the_process_becomes_does_not_lock_itself_out(tmp_path: Path) -> None:
    again = (
        "import os, sys; from pathlib import Path; from evsed.onlyone import hold; hold(Path(sys.argv[1]), 0);"
        "os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], 'anew']) if len(sys.argv) < 3 else print('held')"
    )
    done = subprocess.run([sys.executable, "-c", again, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "held\n"


def test_a_directory_that_cannot_be_made_is_the_owners_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"state\.directory: "):
        hold(tmp_path / "file")
