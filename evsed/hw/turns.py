"""Whose turn it is on a line. Pure: what is due comes in, the one job to do next comes out.

Owns the order only: NOW before everything, all FAST in turn back to back, one SLOW after each round of FAST.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from evsed.hw.frames import Request

_REMEMBERED = 256


class Urgency(IntEnum):
    """How soon a job has to be done."""

    NOW = 0
    FAST = 1
    SLOW = 2


@dataclass(frozen=True, slots=True)
class Job:
    """Something that a client wants from the line. ``owner`` is the client's and nobody else's business."""

    request: Request
    urgency: Urgency
    owner: Any = None


class Turns:
    """Remembers who had a turn."""

    def __init__(self) -> None:
        self._number = 0
        self._turn: dict[Hashable, int] = {}  # the number of the last turn
        self._round_from = 0  # FAST jobs whose turn was before this are still to come in this round

    def next(self, due: Sequence[tuple[int, Job]], free: Callable[[Job], bool]) -> tuple[int, Job] | None:
        """The next of ``due`` (client and job) among those that are ``free``; None when there is none."""
        ready = [one for one in due if free(one[1])]
        urgent = [one for one in ready if one[1].urgency is Urgency.NOW]
        fast = [one for one in ready if one[1].urgency is Urgency.FAST]
        slow = [one for one in ready if one[1].urgency is Urgency.SLOW]
        to_come = [one for one in fast if self._last(one) < self._round_from]
        if urgent:
            return self._take(self._longest_ago(urgent))
        if to_come:
            return self._take(self._longest_ago(to_come))
        self._round_from = self._number + 1
        if slow or fast:
            return self._take(self._longest_ago(slow or fast))
        return None

    def _last(self, one: tuple[int, Job]) -> int:
        return self._turn.get(_key(one), -1)

    def _longest_ago(self, among: list[tuple[int, Job]]) -> tuple[int, Job]:
        return min(among, key=self._last)

    def _take(self, one: tuple[int, Job]) -> tuple[int, Job]:
        self._number += 1
        self._turn[_key(one)] = self._number
        if len(self._turn) > _REMEMBERED:
            del self._turn[min(self._turn, key=self._turn.__getitem__)]
        return one


def _key(one: tuple[int, Job]) -> Hashable:
    client, job = one
    return client, job.request.address, job.request.function, job.request.first
