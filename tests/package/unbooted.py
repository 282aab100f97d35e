"""A root directory in which programs keep running and no systemd does, in namespaces of its own. Needs root.

Owns starting and ending it, and the two small programs that stand for systemctl and systemd-run there, so that
evsed-update can be run directly. The kernel ends everything of it with its process 1.
"""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from tests.package.roots import Root
from tests.silicon.environment import AS_COLLECTED

_FOR_SYSTEMCTL: Final = Path(__file__).with_name("systemctl.sh")
_PLACE: Final = "srv/as-systemctl"
_LOOK_S: Final = 0.2


class Unbooted:
    """The system."""

    def __init__(self, root: Root) -> None:
        self.root = root.path
        self._system = root
        self._pid = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        place = self.root / _PLACE
        place.mkdir(parents=True, exist_ok=True)
        for name in ("systemctl", "systemd-run"):
            shutil.copy(_FOR_SYSTEMCTL, place / name)
            (place / name).chmod(0o755)
        command = self._system.command("sh", "-c", "while sleep 1; do :; done")  # a shell buries who dies there
        self._process = subprocess.Popen(command, env=AS_COLLECTED)
        self.wait(self._is_up, "it is there")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        self._pid = int(children[0]) if children else 0
        return bool(self._pid) and Path(f"/proc/{self._pid}/root").readlink() == self.root

    def command(self, *words: str) -> list[str]:
        """How ``words`` are run in it."""
        where = ("--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wdns=/")
        path = f"PATH=/{_PLACE}:/usr/sbin:/usr/bin:/sbin:/bin"
        inside = ("/usr/bin/env", "-i", path, "HOME=/root", "LC_ALL=C.UTF-8", *words)
        return ["nsenter", "--target", str(self._pid), *where, *inside]

    def run(self, *words: str, timeout_s: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Runs a program there; its status is not judged."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=timeout_s, check=False, env=AS_COLLECTED,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def said(self, *words: str, timeout_s: float = 60.0) -> str:
        """What a program says there that has to succeed."""
        done = self.run(*words, timeout_s=timeout_s)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def wait(self, true: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
        """Until it is so."""
        until = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < until, f"not within {within_s:.0f} s: {what}"
            time.sleep(_LOOK_S)
