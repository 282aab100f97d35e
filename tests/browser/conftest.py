"""One browser for all tests of the page, one simulated charger for the tests of a module, new contexts for each test.

A module with ``OPTIONS = ("--first-run",)`` has a charger with these options too, one with ``CHARGERS = 3`` the first
of three that share power. The page's security policy forbids what ``page.wait_for_function`` needs: ``expect`` waits
instead.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.charger import SET_UP, Charger
from tests.browser.chromium import DESKTOP, PATIENCE_MS, PHONE, chromium
from tests.browser.watch import Watch
from tests.scenarios.simulation import Simulation

__all__ = ["DESKTOP", "PHONE", "MakeContext"]

MakeContext = Callable[..., BrowserContext]

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these start real processes."""
    for item in items:
        if item.path.is_relative_to(__file__.removesuffix("/conftest.py")):
            item.add_marker(pytest.mark.daemon)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Ends with this folder's tests: while Playwright runs, nobody else may use asyncio."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def running_charger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Charger]:
    """The module's charger, as the last test left it."""
    options = SET_UP + getattr(request.module, "OPTIONS", ())
    chargers = getattr(request.module, "CHARGERS", 1)
    with Simulation(tmp_path_factory.mktemp("charger") / "state", options, chargers) as simulation:
        charger = Charger(simulation)
        yield charger
        charger.thaw()


@pytest.fixture
def charger(running_charger: Charger) -> Charger:
    """The module's charger, put back: no car, Normal mode, nothing wrong, settings as at first."""
    running_charger.put_back()
    return running_charger


@pytest.fixture
def expect_trouble(charger: Charger) -> Watch:
    """Call it with patterns of what a browser may complain of in this test; of anything else it may not."""
    return Watch(charger.url)


@pytest.fixture
def context_of(browser: Browser, charger: Charger, expect_trouble: Watch) -> Iterator[MakeContext]:
    """Makes a browser with cookies and storage of its own, and Playwright's options: ``context_of(**DESKTOP)``."""
    contexts = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(base_url=charger.url, **{"locale": "en-GB", "color_scheme": "light", **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return expect_trouble.over(context)

    yield make
    unexpected = expect_trouble.complaints
    for context in contexts:
        context.close()
    assert unexpected == []


@pytest.fixture
def page(context_of: MakeContext) -> Page:
    """An empty page on a phone, light; ``page.goto("/#/history")`` is the charger's."""
    return context_of(**PHONE).new_page()


@pytest.fixture
def desktop(context_of: MakeContext) -> Page:
    """The same on a desktop."""
    return context_of(**DESKTOP).new_page()
