"""The crash matrix in CI. 1 s is the requirement itself; a row has three tries, because these machines stand still."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from evsed.wiring import Driver
from tests.crash.__main__ import best, name_of, pairs, write
from tests.crash.cases import Case, Row, bad, recover

pytestmark = pytest.mark.daemon

AT_ONCE = 2
"""Mostly the cases wait for a car."""

PAIRS = pairs([])


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> Iterator[dict[str, "Future[Row]"]]:
    """Everything that was selected, under way. When that is all of it, the matrix is written down as well."""
    wanted = {item.callspec.id for item in request.session.items if hasattr(item, "callspec")}
    pool = ThreadPoolExecutor(AT_ONCE)
    under_way = {
        name_of(driver, case): pool.submit(best, driver, case)
        for driver, case in PAIRS
        if name_of(driver, case) in wanted
    }
    yield under_way
    pool.shutdown(cancel_futures=True)
    if len(under_way) == len(PAIRS) and not any(row.cancelled() or row.exception() for row in under_way.values()):
        write([row.result() for row in under_way.values()])


@pytest.mark.parametrize(("driver", "case"), PAIRS, ids=[name_of(*pair) for pair in PAIRS])
def test_safe_within_a_second_or_charging_goes_on(rows: "dict[str, Future[Row]]", driver: Driver, case: Case) -> None:
    row = rows[name_of(driver, case)].result()
    print(row)
    assert bad(row) == ""
    assert (row.safe_ms is None) != case.safe


@pytest.mark.parametrize("driver", Driver, ids=str)
def test_what_was_killed_charges_again_once_it_is_started(driver: Driver) -> None:
    print(f"{driver}: charging again after {recover(driver)} ms")
