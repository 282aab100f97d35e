"""This machine, as an update uses it: its files, its programs, its time.

Like all of evsed.update standard library only: it works while the package that it is part of is half unpacked.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

NAME = "evsed"
UNITS = ("evsed-guard.service", "evsed.service")
_LONGEST_REASON = 500

Run: TypeAlias = Callable[[Sequence[str], float], "subprocess.CompletedProcess[str]"]
"""Runs a program for so many seconds at most; its output is text. Raises OSError, TimeoutExpired."""


class UpdateError(Exception):
    """The package was not installed, or did not stay; the text says why and what runs now."""


def run(words: Sequence[str], timeout_s: float) -> "subprocess.CompletedProcess[str]":
    """See Run. In a session of its own: Ctrl-C and a connection that is lost end nothing half way."""
    return subprocess.run(  # noqa: S603 - dpkg and systemctl, with words of ours
        list(words), capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False,
        start_new_session=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def say(text: str) -> None:
    """A line for whoever looks on, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine: its files below ``root``, its programs, its time."""

    root: Path = Path("/")
    run: Run = run
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    say: Callable[[str], None] = say

    @property
    def store(self) -> Path:
        """What is kept for the way back."""
        return self.root / "var/lib/evsed-update"

    @property
    def settings(self) -> Path:
        """The daemon's state directory."""
        return self.root / "var/lib/evsed"

    def said(self, *words: str, timeout_s: float = 60.0) -> str:
        """What a program says. Raises UpdateError when it fails."""
        try:
            done = self.run(words, timeout_s)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UpdateError(f"{words[0]}: {error}") from error
        if done.returncode:
            told, _, _ = (done.stderr or done.stdout).partition("Errors were encountered while processing")
            why = " ".join(told.split())[:_LONGEST_REASON] or f"status {done.returncode}"
            raise UpdateError(f"{words[0]}: {why}")
        return done.stdout.strip()

    def does(self, *words: str, timeout_s: float = 60.0) -> bool:
        """Whether a program succeeds."""
        try:
            self.said(*words, timeout_s=timeout_s)
        except UpdateError:
            return False
        return True
