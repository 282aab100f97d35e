"""A root directory with a real systemd as its process 1, in namespaces of its own, without a network. Needs root.

Owns starting and ending it; what is installed there is the test's. The kernel ends everything of it with its process 1.
"""

import contextlib
import os
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.silicon.environment import AS_COLLECTED

_BOOT = Path(__file__).with_name("boot.sh")
_BOOTS_S = 90.0
_LOOK_S = 0.2


class Booted:
    """The running system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._pid = 0
        self._group = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        own = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child")
        self._group = _new_group()
        joining = ("sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(self._group))
        command = [*joining, "unshare", *own, "sh", str(_BOOT), str(self.root)]
        self._process = subprocess.Popen(command, env=AS_COLLECTED)
        try:
            self.wait(self._is_up, "systemd is up", _BOOTS_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            _remove(self._group)

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.root / "console.log").read_text(errors="replace")
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._pid = int(children[0]) if children else 0
        if not self._pid or Path(f"/proc/{self._pid}/comm").read_text().strip() != "systemd":
            return False
        return self.run("systemctl", "is-system-running").stdout.strip() in {"running", "degraded"}

    def run(self, *words: str, timeout_s: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Runs a program there; its status is not judged."""
        inside = ("nsenter", "--target", str(self._pid), "--all", *words)
        return subprocess.run(
            inside, capture_output=True, text=True, timeout=timeout_s, check=False, env=AS_COLLECTED, cwd="/"
        )

    def said(self, *words: str, timeout_s: float = 60.0) -> str:
        """What a program says there that has to succeed."""
        done = self.run(*words, timeout_s=timeout_s)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}\n{self.journal()}"
        return done.stdout.strip()

    def shows(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.said("systemctl", "show", "--value", f"--property={name}", unit)

    def journal(self, *words: str) -> str:
        """What was logged there."""
        return self.run("journalctl", "--no-pager", "--lines=80", "--output=short-monotonic", *words).stdout

    def wait(self, true: Callable[[], bool], what: str, within_s: float = 30.0) -> None:
        """Until it is so."""
        until = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < until, (
                f"not within {within_s:.0f} s: {what}\n{self.journal() if self._pid else ''}"
            )
            time.sleep(_LOOK_S)


def _new_group() -> Path:
    """A control group of its own: two systemds in one would each end what the other has started."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    group = Path(next(where for _, where, kind, *_ in mounts if kind == "cgroup2")) / f"evsed-{uuid.uuid4().hex[:8]}"
    group.mkdir()
    return group


def _remove(group: Path) -> None:
    (group / "cgroup.kill").write_text("1")
    until = time.monotonic() + _BOOTS_S
    while group.exists() and time.monotonic() < until:
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):  # somebody is still ending in it
                Path(folder).rmdir()
        time.sleep(_LOOK_S)
