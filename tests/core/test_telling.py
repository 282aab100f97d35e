"""What a master tells its nodes of the sun."""

import pytest

from evsed.core.member import Member
from evsed.core.model import Access, Mode
from evsed.core.states import State
from evsed.core.telling import Telling
from evsed.core.wire import NodeStatus
from tests.core.story import settings


def told(left_s: int, known_s: int, state: int = State.C) -> int | None:
    """What a node that counts ``known_s`` is told while ``left_s`` are left; None: nothing."""
    node = Member(1)
    node.hear(NodeStatus(state, 0, 60, Mode.SOLAR, known_s, Access.ALLOW, config_changed=False, most=160))
    telling = Telling([Member(0), node])
    telling.begun = True
    tells = telling.orders(settings(mode="Solar"), None, left_s, 0, lost=False).tells
    return tells[0].solar_s if tells else None


@pytest.mark.parametrize(
    ("left_s", "known_s", "tell"),
    [
        *((0, 0, None), (60, 0, 65), (60, 62, None), (30, 30, 35), (1, 6, None), (0, 5, 0), (3_600, 0, 3_600)),
        *((600, 550, None), (600, 549, 605), (600, 665, None), (600, 666, 605)),
    ],
)
def test_a_node_has_a_little_more_time_than_is_left_and_hears_in_time_that_it_may_go_on(
    left_s: int, known_s: int, tell: int | None
) -> None:
    assert told(left_s, known_s) == tell


def test_who_does_not_charge_counts_nothing() -> None:
    """While the timer recovered, nodes that only waited were told of every few seconds of it."""
    assert [told(600, known_s, State.B1) for known_s in (0, 500)] == [None, 0]
    assert told(600, 0, State.C1) == 605


def heard(node: Member, error: int) -> None:
    node.hear(NodeStatus(9, error, 0, Mode.NORMAL, 0, Access.ALLOW, config_changed=False, most=160))


def test_an_order_without_effect_comes_again_every_2_s_at_most() -> None:
    """A node that says an error of its own that we do not know would else be told without end, and the line be full."""
    node = Member(1)
    telling = Telling([Member(0), node])
    telling.begun = True
    numbers = []
    for at in range(0, 10_000, 100):
        heard(node, 2)
        (tell,) = telling.orders(settings(), None, 0, at, lost=False).tells
        numbers.append(tell.number)
    assert numbers[-1] == 5
    assert numbers[:20] == [1] * 20


def test_an_order_carries_the_nodes_own_errors_of_now() -> None:
    """What is written takes the place of the node's whole error word."""
    node = Member(1)
    telling = Telling([Member(0), node])
    telling.begun = True
    for own in (0, 16, 0):
        heard(node, own)
        (tell,) = telling.orders(settings(), None, 0, 1_000, lost=True).tells
        assert tell.error == own | 2


def test_an_order_that_nobody_answered_is_not_given_again() -> None:
    node = Member(1)
    telling = Telling([Member(0), node])
    telling.begun = True
    heard(node, 2)
    assert {telling.orders(settings(), None, 0, at, lost=False).tells for at in (0, 5_000, 50_000)} == {
        telling.orders(settings(), None, 0, 60_000, lost=False).tells
    }


def test_nothing_is_told_before_every_node_was_looked_for() -> None:
    node = Member(1)
    heard(node, 2)
    orders = Telling([Member(0), node]).orders(settings(), None, 0, 0, lost=True)
    assert (orders.offers, orders.tells) == ((), ())


@pytest.mark.parametrize("error", [1, 2, 32, 35])
def test_a_node_that_may_go_on_is_forgiven_what_only_a_master_gives(error: int) -> None:
    node = Member(1)
    telling = Telling([Member(0), node])
    telling.begun = True
    heard(node, error | 4)
    (tell,) = telling.orders(settings(), None, 0, 0, lost=False).tells
    assert (tell.state, tell.error) == (9, 4)


def test_a_mode_that_was_read_before_the_master_changed_it_is_no_wish() -> None:
    """Set to Smart and at once to Normal, a group stayed in Smart: a node's old word passed for its owner's wish."""

    def says(node: Member, mode: Mode) -> None:
        node.hear(NodeStatus(0, 0, 0, mode, 0, Access.ALLOW, config_changed=False, most=160))

    node = Member(1)
    telling = Telling([Member(0), node])
    says(node, Mode.NORMAL)
    telling.follow_modes(settings(mode="Normal"))
    telling.follow_modes(settings(mode="Smart"))  # the node is told, and follows; it was not heard since
    telling.follow_modes(settings(mode="Normal"))
    says(node, Mode.SMART)
    telling.follow_modes(settings(mode="Normal"))
    assert telling.take_wish() is None
    says(node, Mode.NORMAL)
    telling.follow_modes(settings(mode="Normal"))
    says(node, Mode.SMART)  # now it is one
    telling.follow_modes(settings(mode="Normal"))
    assert telling.take_wish() is Mode.SMART
