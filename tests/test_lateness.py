"""Lateness in buckets, and the lease that the control loop keeps."""

import threading

import pytest

from evsed.core.snapshot import Saved
from evsed.core.units import Millis
from evsed.lateness import BOUNDS_MS, Lateness
from evsed.runtime import Lease, Runtime
from tests.test_runtime import Board, Keeper


def test_each_lateness_is_in_the_bucket_whose_end_it_does_not_exceed() -> None:
    for index, bound in enumerate(BOUNDS_MS):
        lateness = Lateness()
        lateness.note(bound)
        lateness.note(bound + 1)
        counts = lateness.read().counts
        assert counts[index] == 1
        assert sum(counts[index + 1 :]) == 1
        assert lateness.read().total_ms == 2 * bound + 1


def test_the_total_is_the_sum() -> None:
    lateness = Lateness()
    for late_ms in (0, 3, 7_000):
        lateness.note(late_ms)
    assert (sum(lateness.read().counts), lateness.read().total_ms) == (3, 7_003)


class Held(Board):
    """A board whose outputs somebody else holds and acknowledges."""

    acknowledged_at: Millis | None = None
    expiries = 2


def test_the_lease_is_as_old_as_the_last_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000]
    monkeypatch.setattr("evsed.runtime.monotonic_ms", lambda: now[0])
    runtime = Runtime(Board(), Keeper(), Saved(), threading.Event().set)
    for moment in (1_000, 1_010, 1_250, 1_260):
        now[0] = moment
        runtime._cycle(moment)
    now[0] = 1_265
    assert runtime.lease == Lease(5, 240, None, None)


def test_what_the_holder_acknowledged_has_an_age_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evsed.runtime.monotonic_ms", lambda: 1_000)
    board = Held()
    runtime = Runtime(board, Keeper(), Saved(), threading.Event().set)
    assert runtime.lease == Lease(0, 0, None, 2)
    board.acknowledged_at = 990
    assert runtime.lease == Lease(0, 0, 10, 2)
