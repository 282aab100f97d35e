"""What is said for each reason: all of them, truly, and with what is left of a wait."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from evsed.core import reasons
from evsed.core.events import ChooseMode, DelayedCharging
from evsed.core.faults import Fault
from evsed.core.model import Access, Mode, ModeChoice
from evsed.core.reasons import Reason
from evsed.core.schedule import Timer, UtcCalendar
from evsed.core.screens.around import Around
from evsed.core.screens.errors import ERRORS
from evsed.core.screens.main import screen
from evsed.core.screens.screen import Screen, Words
from evsed.core.screens.wordings import WORDINGS
from evsed.core.snapshot import Saved, Snapshot
from evsed.core.states import State
from tests.core.story import Story, settings
from tests.lcd_scenes import AROUND, NOW, SCENES, UNIX_S, delayed, empty, plugged, waits

CORE = Path(reasons.__file__).parent


class TwoHoursAhead(UtcCalendar):
    """The owner's clock, 2 h ahead of UTC."""

    def local(self, unix_s: int) -> tuple[int, int]:
        return super().local(unix_s + 7_200)


def said(snapshot: Snapshot, now: int | None = None) -> tuple[str, ...]:
    shown = screen(snapshot, AROUND, snapshot.now if now is None else now)
    assert isinstance(shown, Words)
    return shown.lines


def codes() -> set[str]:
    """Every code that the core gives a Reason, and those of faults."""
    found = {fault.value.code for fault in Fault}
    for path in CORE.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Reason":
                code = call.args[0]
                assert isinstance(code, ast.Constant) or ast.unparse(code) == "fault.value.code", ast.unparse(code)
                found |= {code.value} if isinstance(code, ast.Constant) and isinstance(code.value, str) else set()
    return found


def test_every_reason_has_words_and_no_words_are_left_without_a_reason() -> None:
    errors = {fault.value.code for fault in ERRORS}
    assert set(WORDINGS) | errors | {"delayed"} == codes()
    assert {fault for fault in Fault if not fault.value.waiting} == set(ERRORS)


def test_different_reasons_have_different_words() -> None:
    said_twice = {"no_car", "charge_delay"}  # both are ready to charge, one of them not yet
    shown = [row.words for code, row in WORDINGS.items() if code not in said_twice]
    assert len(set(shown)) == len(shown)


def test_a_reason_that_nobody_thought_of_is_shown_with_its_own_text() -> None:
    snapshot = replace(waits(plugged(), ""), reason=Reason("unheard_of", "The moon is in the way of the sun"))
    assert said(snapshot) == ("NOT", "CHARGING", "The moon is in", "the way of the")


def test_no_reason_and_no_charge_is_not_called_charging() -> None:
    assert said(replace(plugged(), state=State.B1, reason=None)) == ("NOT", "CHARGING")


@pytest.mark.parametrize(
    ("scene", "lines"),
    [
        ("normal_ready", ("READY TO", "CHARGE")),
        ("normal_charging", ("CHARGING", "16.0A")),
        ("normal_denied", ("ACCESS", "DENIED")),
        ("normal_no_power", ("WAITING", "FOR POWER")),
        ("normal_starting", ("STARTING @", "23:31")),
        ("normal_card_asked", ("PRESENT", "RFID CARD")),
        ("normal_invalid", ("INVALID", "RFID CARD")),
        ("normal_card_stored", ("CARD", "STORED")),
        ("normal_paused", ("PAUSE",)),
        ("normal_charge_delay", ("READY TO", "CHARGE 15")),
    ],
)
def test_the_words_that_owners_know(scene: str, lines: tuple[str, ...]) -> None:
    snapshot, _, now = SCENES[scene]()
    assert said(snapshot, now) == lines


@pytest.mark.parametrize("mode", [ModeChoice.NORMAL, ModeChoice.SMART, ModeChoice.SOLAR])
def test_access_and_pause_are_told_in_every_mode(mode: ModeChoice) -> None:
    story = Story()
    story.run(0.5)
    for choice, lines in ((ModeChoice.OFF, ("ACCESS", "DENIED")), (ModeChoice.PAUSE, ("PAUSE",))):
        story.command(ChooseMode(mode))
        story.command(ChooseMode(choice))
        assert said(story.snapshot) == lines


@pytest.mark.parametrize("reader", ["Disabled", "EnableAll", "EnableOne", "Learn", "DeleteAll"])
def test_a_card_is_asked_for_where_it_switches_access_on(reader: str) -> None:
    story = Story(Saved(settings=settings(rfidreader=reader), access=Access.DENY))
    for plugged_in in (False, True):
        story.unit.car.plugged = plugged_in
        story.run(1)
        asked = reader.startswith("Enable")
        assert said(story.snapshot) == (("PRESENT", "RFID CARD") if asked else ("ACCESS", "DENIED"))
        assert story.reason == ("card" if asked else "access_denied")


def test_a_wait_counts_down_and_stops_counting_at_its_end() -> None:
    snapshot = waits(plugged(), "charge_delay", left_s=300)
    assert said(snapshot) == ("READY TO", "CHARGE", "5:00")
    assert said(snapshot, NOW + 201_000) == ("READY TO", "CHARGE 99")
    assert said(snapshot, NOW + 299_001) == ("READY TO", "CHARGE 1")
    assert said(snapshot, NOW + 300_000) == ("READY TO", "CHARGE")


def test_a_timer_says_when_it_starts_and_on_which_day() -> None:
    midnight = UNIX_S - UNIX_S % 86_400
    assert said(delayed(UNIX_S + 600)) == ("STARTING @", "14:24")
    assert said(delayed(midnight + 2 * 86_400 - 60)) == ("STARTING @", "23:59", "TOMORROW")
    assert said(delayed(midnight + 9 * 86_400)) == ("STARTING @", "00:00", "IN 9 DAYS")
    assert said(delayed(UNIX_S + 600, clock=False)) == ("STARTING @", "14:24", "BUT THE CLOCK", "IS NOT SET")
    forgotten = replace(delayed(UNIX_S), saved=replace(delayed(UNIX_S).saved, timer=Timer()))
    assert said(forgotten) == ("WAITING", "FOR TIMER")


def test_the_lcd_has_the_clock_that_the_reason_has() -> None:
    """Known bug 34: the LCD and the web page were in different time zones."""
    story = Story(calendar=TwoHoursAhead())
    story.clock(UNIX_S)
    assert story.command(DelayedCharging(ModeChoice.NORMAL, UNIX_S + 3_600)).accepted
    story.run(0.1)
    snapshot = story.snapshot
    assert snapshot.reason is not None
    assert snapshot.reason.text == "Waiting until 17:14"
    assert screen(snapshot, Around(TwoHoursAhead()), snapshot.now) == Words(("STARTING @", "17:14"))


def test_a_node_speaks_of_its_master() -> None:
    alone = waits(plugged(), "nothing_offered")
    node = replace(alone, settings=settings(loadbl="Node 1"))
    assert (said(alone), said(node)) == (("NO CURRENT", "OFFERED"), ("NO CURRENT", "BY MASTER"))


def test_a_pilot_that_nobody_looked_at_is_not_blamed_on_the_cable() -> None:
    faulty, unseen = (
        replace(waits(plugged(), ""), reason=reasons.of_fault(Fault.PILOT, held_up=held_up))
        for held_up in (False, True)
    )
    assert (said(faulty), said(unseen)) == (("CHECK", "CABLE"), ("ONE MOMENT", "PLEASE"))


@pytest.mark.parametrize(
    ("state", "phases", "before", "change"),
    [
        (State.B1, 1, 3, ("3P -> 1P", "15")),
        (State.B1, 3, 1, ("1P -> 3P", "15")),
        (State.C1, 3, 3, ("3P -> 1P", "15")),
        (State.C1, 1, 1, ("1P -> 3P", "15")),
        (State.B1, 3, 3, ("CHANGING", "PHASES 15")),
        (State.B1, 3, None, ("CHANGING", "PHASES 15")),
    ],
)
def test_which_way_phases_change(state: State, phases: int, before: int | None, change: tuple[str, ...]) -> None:
    snapshot = waits(plugged(), "switching_phases", left_s=15, state=state)
    shown = said(replace(snapshot, phases=phases, charged_with=before))
    assert shown == change


def test_a_story_of_a_charge_in_normal_mode() -> None:
    """Known bug 8, from the other end: a current is there while the car charges, and at no other time."""
    story = Story()
    story.run(0.5)
    told: list[Screen] = []

    def look() -> None:
        shown = screen(story.snapshot, AROUND, story.now)
        assert isinstance(shown, Words)
        charging = story.snapshot.state is State.C
        assert (shown.lines[0] == "CHARGING") == charging
        assert shown.lines[-1].endswith(".0A") == charging
        told.append(shown)

    story.plug()
    for _ in range(1_500):
        story.step()
        look()
    assert told[-1] == Words(("CHARGING", "13.0A"))
    story.command(ChooseMode(ModeChoice.OFF))
    for _ in range(1_000):
        story.step()
        look()
    assert told[-1] == Words(("ACCESS", "DENIED"))
    assert story.snapshot.access is Access.DENY


def test_the_mode_is_named_while_nothing_waits() -> None:
    for name, mode in (("Smart", Mode.SMART), ("Solar", Mode.SOLAR)):
        shown = screen(empty(name), AROUND, NOW)
        assert not isinstance(shown, Words)
        assert f"{mode.name} READY" in repr(shown)
