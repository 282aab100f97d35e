"""What tests of the core share: every story is judged at every event, and sessions have a desk."""

import pytest

from tests.core import story
from tests.core.invariants import Judged
from tests.core.session_desk import Desk


@pytest.fixture(autouse=True)
def _every_story_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "Controller", Judged)


@pytest.fixture
def desk() -> Desk:
    """A session with a car that was just plugged in."""
    desk = Desk()
    desk.see()
    desk.plug()
    return desk
