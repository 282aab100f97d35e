"""The disk and the card, from files in a directory of the test."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evsed.doctor import storage
from evsed.doctor.findings import Verdict
from evsed.doctor.machine import Machine
from evsed.doctor.storage import card, disk, mount
from tests.doctor.test_machine import machine, only

MOUNTS = (
    "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\ntmpfs /run tmpfs rw 0 0\nodd\n"
    "/dev/sda1 /var/my\\040lib ext4 ro,noatime 0 0\n"
)


def clock(*seconds: float) -> Callable[[], float]:
    """Shows these times, one after the other."""
    times: Iterator[float] = iter(seconds)
    return lambda: next(times)


def test_a_directory_lies_on_the_innermost_mount(tmp_path: Path) -> None:
    pi = machine(tmp_path, proc__mounts=MOUNTS)
    assert mount(pi, "/var/lib/evsed") == ("/", frozenset({"rw", "noatime"}))
    assert mount(pi, "/var/my lib/evsed") == ("/var/my lib", frozenset({"ro", "noatime"}))
    assert mount(Machine(tmp_path / "none"), "/var") is None


def test_a_disk_that_is_read_only_is_wrong(tmp_path: Path) -> None:
    found = only(disk(machine(tmp_path, proc__mounts="/dev/root / ext4 ro 0 0\n"), tmp_path))
    assert (found.verdict, found.what.split(":")[0]) == (Verdict.WRONG, "/ is read-only")


def test_a_disk_is_timed_and_nothing_is_left_on_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    _, timed = disk(Machine(tmp_path), state, clock=clock(10.0, 10.0125))
    assert (timed.verdict, timed.what) == (Verdict.OK, "the disk took 12 ms to keep a few bytes")
    _, slow = disk(Machine(tmp_path), state, clock=clock(10.0, 11.5))
    assert (slow.verdict, slow.what) == (Verdict.ATTENTION, "the disk took 1500 ms to keep a few bytes")
    assert list(state.iterdir()) == []


def test_a_state_directory_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    found = only(disk(Machine(tmp_path), tmp_path / "state"))
    assert found.verdict is Verdict.WRONG
    assert "sudo install -d" in found.advice


def test_a_disk_that_takes_nothing_is_wrong(tmp_path: Path) -> None:
    def failing(_fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def forbidden(_fd: int) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    _, found = disk(Machine(tmp_path), tmp_path, failing)
    assert (found.verdict, "cannot be written: Input/output error" in found.what) == (Verdict.WRONG, True)
    _, found = disk(Machine(tmp_path), tmp_path, forbidden)
    assert (found.verdict, found.advice) == (Verdict.ATTENTION, "try it with sudo")


def test_a_disk_that_is_nearly_full_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    verdicts = []
    for little, too_little in ((0, 0), (free * 2, 0), (free * 2, free * 2)):
        monkeypatch.setattr(storage, "LITTLE_BYTES", little)
        monkeypatch.setattr(storage, "TOO_LITTLE_BYTES", too_little)
        room, _ = disk(Machine(tmp_path), tmp_path)
        verdicts.append(room.verdict)
    assert verdicts == [Verdict.OK, Verdict.ATTENTION, Verdict.WRONG]


@pytest.mark.parametrize(
    ("told", "verdict", "says"),
    [
        ("0x01 0x02", Verdict.OK, "has used 10 to 20 % of its life"),
        ("0x01 0x09", Verdict.ATTENTION, "has used 80 to 90 % of its life"),
        ("0x0b 0x01", Verdict.WRONG, "is beyond the life it was made for"),
        ("0x00 0x00", Verdict.OK, "does not tell its age"),
        ("", Verdict.OK, "does not tell its age"),
        ("odd", Verdict.OK, "does not tell its age"),
    ],
)
def test_a_card_tells_its_age_or_nothing(tmp_path: Path, told: str, verdict: Verdict, says: str) -> None:
    found = only(card(machine(tmp_path, sys__block__mmcblk0__device__life_time=told)))
    assert (found.verdict, found.what) == (verdict, f"mmcblk0 {says}")


def test_a_machine_without_a_card_says_nothing(tmp_path: Path) -> None:
    assert list(card(Machine(tmp_path))) == []
