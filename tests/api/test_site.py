"""What the control loop could not take is no refusal of what was asked: a client may try again."""

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from evsed.api.refusals import Refusals
from evsed.api.site import BusyError, Site
from evsed.config import Installation
from evsed.core.events import EndLimit, Verdict
from evsed.runtime import BUSY, ENDED


def site(verdict: Verdict) -> Site:
    answer: Future[Verdict] = Future()
    answer.set_result(verdict)
    runtime: Any = SimpleNamespace(submit=lambda _command: answer)
    return Site(runtime, Future, Installation(), lambda: False, Refusals())


@pytest.mark.parametrize("verdict", [BUSY, ENDED])
def test_a_loop_that_takes_nothing_is_busy(verdict: Verdict) -> None:
    with pytest.raises(BusyError, match=verdict.refused):
        asyncio.run(site(verdict).submit(EndLimit()))


def test_a_refusal_is_an_answer() -> None:
    refused = Verdict("not that")
    assert asyncio.run(site(refused).submit(EndLimit())) == refused
