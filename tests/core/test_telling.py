"""What a master tells its nodes of the sun."""

import pytest

from evsed.core.member import Member
from evsed.core.model import Access, Mode
from evsed.core.telling import Telling
from evsed.core.wire import NodeStatus
from tests.core.story import settings


def told(left_s: int, known_s: int) -> int | None:
    """What a node that counts ``known_s`` is told while ``left_s`` are left; None: nothing."""
    node = Member(1)
    node.hear(NodeStatus(2, 0, 60, Mode.SOLAR, known_s, Access.ALLOW, config_changed=False, most=160))
    telling = Telling([Member(0), node])
    tells = telling.orders(settings(mode="Solar"), None, left_s, lost=False).tells
    return tells[0].solar_s if tells else None


@pytest.mark.parametrize(
    ("left_s", "known_s", "tell"),
    [(0, 0, None), (60, 0, 65), (60, 62, None), (60, 60, 65), (1, 6, None), (0, 5, 0), (3_600, 0, 3_600)],
)
def test_a_node_has_a_little_more_time_than_is_left_and_hears_in_time_that_it_may_go_on(
    left_s: int, known_s: int, tell: int | None
) -> None:
    assert told(left_s, known_s) == tell
