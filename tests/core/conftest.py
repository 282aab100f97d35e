"""Every story of these tests is judged at every event, whatever else it is about."""

import pytest

from tests.core import story
from tests.core.invariants import Judged


@pytest.fixture(autouse=True)
def _every_story_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "Controller", Judged)
