"""Whose turn it is on a line."""

from evsed.hw.frames import Request
from evsed.hw.turns import _REMEMBERED, Job, Turns, Urgency


def job(address: int, urgency: Urgency, first: int = 0) -> tuple[int, Job]:
    return 0, Job(Request(address, 4, first, 1), urgency)


A, B = job(11, Urgency.FAST), job(12, Urgency.FAST)
S1, S2 = job(11, Urgency.SLOW, 1), job(12, Urgency.SLOW, 1)
NOW = job(9, Urgency.NOW)


def order(turns: Turns, due: list[tuple[int, Job]], steps: int) -> list[tuple[int, Job] | None]:
    return [turns.next(due, lambda _: True) for _ in range(steps)]


def test_all_fast_in_turn_and_one_slow_after_each_round() -> None:
    assert order(Turns(), [S1, A, S2, B], 7) == [A, B, S1, A, B, S2, A]
    assert order(Turns(), [A, B], 5) == [A, B, A, B, A]
    assert order(Turns(), [S1, S2], 3) == [S1, S2, S1]


def test_what_has_to_be_now_comes_before_everything() -> None:
    turns = Turns()
    assert order(turns, [A, B], 1) == [A]
    assert order(turns, [A, B, NOW], 1) == [NOW]
    assert order(turns, [A, B], 2) == [B, A]


def test_nothing_due_is_nothing_to_do() -> None:
    assert order(Turns(), [], 2) == [None, None]


def test_a_device_that_has_to_be_left_alone_is_passed_over() -> None:
    turns = Turns()
    assert [turns.next([A, B, S1], lambda one: one.request.address != 11) for _ in range(3)] == [B, B, B]
    assert order(turns, [A, B, S1], 3) == [A, S1, B]


def test_a_job_that_comes_and_goes_does_not_keep_slow_ones_waiting() -> None:
    turns = Turns()
    given = [turns.next([A, S1] if step % 2 else [A, B, S1], lambda _: True) for step in range(12)]
    assert given.count(S1) >= 3


def test_the_jobs_of_two_clients_are_not_taken_for_one() -> None:
    other = (1, A[1])
    assert order(Turns(), [A, other], 4) == [A, other, A, other]


def test_what_was_asked_long_ago_is_forgotten() -> None:
    turns = Turns()
    for first in range(_REMEMBERED + 10):
        turns.next([job(11, Urgency.FAST, first)], lambda _: True)
    assert len(turns._turn) == _REMEMBERED
