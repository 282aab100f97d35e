"""What the start section of the bench measures. How fast or big anything is, is nobody's business here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.start import lines, memory_mb, packages, started

READY = """
import os, socket, time
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
    end.connect(os.environ["NOTIFY_SOCKET"])
    end.send(b"STATUS=soon")
    end.send(b"READY=1\\nWATCHDOG=1")
time.sleep(600)
"""


def test_a_process_is_started_when_it_says_so_and_ended_afterwards() -> None:
    with started([sys.executable, "-c", READY]) as (process, ready_s):
        assert process.poll() is None
        assert ready_s > 0
    assert process.returncode is not None


def test_memory_is_what_the_kernel_counts() -> None:
    held = memory_mb(os.getpid())
    assert held["most_mb"] >= held["resident_mb"] > 1


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="packages are Debian's")
def test_a_package_is_weighed(tmp_path: Path) -> None:
    assert packages(tmp_path) == []
    tree = tmp_path / "tree/DEBIAN"
    tree.mkdir(parents=True)
    said = "Package: evsed\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\nDescription: x\nInstalled-Size: 2000\n"
    (tree / "control").write_text(said)
    package = tmp_path / "evsed_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", str(tree.parent), str(package)], check=True, capture_output=True)
    (found,) = packages(tmp_path)
    assert (found["file"], found["installed_mb"], found["size_reached"]) == (package.name, 2.0, True)
    assert found["size_mb"] == round(package.stat().st_size / 1e6, 2)


def test_the_figures_are_printed_with_the_goal() -> None:
    memory = {"daemon": {"resident_mb": 70.5, "most_mb": 72.0}}
    start = {
        "daemon": {"ready_median_s": 0.5, "ready_worst_s": 0.6, "rest_median_s": 2.0, "rest_worst_s": 2.5},
        "guard": {"ready_median_s": 0.1, "ready_worst_s": 0.2},
    }
    report = {"packages": [], "charged_s": 60.0, "memory": memory, "start": start}
    assert list(lines(report)) == [
        "there is no package in dist: its size is unknown (make deb builds it)",
        "daemon start to first safe pilot: 0.5 s, at worst 0.6 s; to first REST answer: 2.0 s, at worst 2.5 s",
        "guard  start to first safe pilot: 0.1 s, at worst 0.2 s",
        "daemon                 70.5 MB resident, 72.0 MB at most, after 60 s of charging",
    ]
    big = {"file": "evsed_1_all.deb", "size_mb": 41.0, "installed_mb": 90.0, "size_goal_mb": 40, "size_reached": False}
    told = next(lines({**report, "packages": [big]}))
    assert told == "evsed_1_all.deb: 41.0 MB (goal below 40 MB: MISSED), installed 90.0 MB"
