"""Messages that come faster than the control loop carries them out, and those that hang on what came before."""

from collections.abc import Callable

import pytest

from evsed.api.local_time import unix_of
from evsed.api.refusals import Refusals
from evsed.core.events import ChangeSetting, ChooseMode, DelayedCharging, EndLimit, Limit, WallClock
from evsed.core.model import ModeChoice
from tests.api.mqtt.unbrokered import START, STOP, Hands, client, told

# ---- faster than the control loop ----


def busy_client() -> tuple[Hands, Refusals, Callable[..., None]]:
    hands, refusals, hear = client()
    hands.busy = True
    return hands, refusals, hear


def test_of_a_burst_at_one_topic_the_first_and_the_last_are_carried_out(caplog: pytest.LogCaptureFixture) -> None:
    hands, refusals, hear = busy_client()
    for amps in range(6, 16):
        hear("Limit", str(amps).encode())
    hear("Limit", b"-")
    assert len(hands.under_way) == 1, "the control loop has one command of ours at a time"
    assert hands.carry_out() == Limit(60, 60)
    assert hands.carry_out() == EndLimit()
    assert hands.under_way == []
    assert refusals.count == 9, "each that was replaced is counted"
    assert caplog.text.count("faster than they can be carried out") == 1
    hear("Limit", b"7")
    assert hands.carry_out() == Limit(70, 60), "and everything goes on as before"


def test_topics_take_turns_in_the_order_of_their_last_words() -> None:
    hands, _, hear = busy_client()
    for message in ("MinCurrent 7", "Mode Smart", "Limit 8", "MinCurrent 8", "Mode Off", "CableLock 1"):
        topic, _, payload = message.partition(" ")
        hear(topic, payload.encode())
    done = [hands.carry_out() for _ in range(5)]
    assert done == [
        ChangeSetting("current_min", 7),
        Limit(80, 60),
        ChangeSetting("current_min", 8),
        ChooseMode(ModeChoice.OFF),
        ChangeSetting("cablelock", 1),
    ]
    assert hands.under_way == []


def test_a_refused_command_does_not_hold_up_the_next() -> None:
    hands, refusals, hear = busy_client()
    hear("CPPWMOverride", b"512")
    hear("Mode", b"Off")
    hands.carry_out()
    hands.carry_out()
    assert hands.story.snapshot.choice is ModeChoice.OFF
    assert refusals.count == 1


# ---- the timer ----


def with_timer(hands: Hands, *, begun: bool = False) -> None:
    """Smart from START to STOP."""
    story, start_s, stop_s = hands.story, unix_of(START), unix_of(STOP)
    assert start_s is not None
    story.core.handle(WallClock(start_s - 3_600), story.now)
    assert story.command(DelayedCharging(ModeChoice.SMART, start_s, stop_s)).accepted
    if begun:
        story.core.handle(WallClock(start_s + 60), story.now)
        story.run(1)
        assert told(story) == f"until {STOP}"


@pytest.mark.parametrize("begun", [False, True])
def test_none_ends_a_timer_and_leaves_the_mode(begun: bool) -> None:
    hands, refusals, hear = client()
    with_timer(hands, begun=begun)
    choice = hands.story.snapshot.choice
    hear("DelayedCharging", b"none")
    assert told(hands.story) == "none"
    assert hands.story.snapshot.choice is choice
    assert refusals.count == 0


def test_none_without_a_timer_asks_nothing_of_the_core() -> None:
    hands, refusals, hear = client()
    hear("DelayedCharging", b"none")
    assert (hands.refused, refusals.count) == ([], 0)
    hear("Mode", b"Off")
    assert hands.story.snapshot.choice is ModeChoice.OFF, "whose turn comes after it is not held up"


def test_none_right_after_a_mode_does_not_bring_back_the_mode_before() -> None:
    hands, _, hear = busy_client()
    with_timer(hands, begun=True)
    assert hands.story.snapshot.choice is ModeChoice.SMART
    hear("Mode", b"Off")
    hear("DelayedCharging", b"none")
    while hands.under_way:
        hands.carry_out()
    assert hands.story.snapshot.choice is ModeChoice.OFF


def test_an_empty_payload_takes_no_required_evccid_back() -> None:
    hands, refusals, hear = client()
    hear("RequiredEVCCID", b"DE8AA1234")
    hear("RequiredEVCCID", b"")
    assert hands.story.snapshot.settings.required_evccid == "DE8AA1234"
    assert refusals.count == 1
    hear("RequiredEVCCID", b"-")
    assert hands.story.snapshot.settings.required_evccid == ""
