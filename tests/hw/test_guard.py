"""The guard over the fake chips: what it drives, and every way in which it lets go."""

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from evsed.core.actions import PILOT_LOW, PILOT_OFF, SAFE, LockDrive, Outputs
from evsed.hw import guard
from evsed.hw.guard import LET_GO, STATUS, Guard
from tests.hw.guarding import (
    CLOSED,
    CONTACTOR1,
    CONTACTOR2,
    HEARTBEAT,
    PILOT,
    Feeder,
    Watch,
    plan_for,
    watch,
    with_pins,
)
from tests.hw.guarding import PILOT_OFF as OFF_LINE
from tests.silicon.link import Silicon


@pytest.fixture
def guarded(tmp_path: Path, under_hooks: Silicon, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    with watch(plan_for(tmp_path), under_hooks, monkeypatch) as guarded:
        yield guarded


@pytest.fixture
def fed(guarded: Watch) -> Feeder:
    """Somebody charges a car."""
    feeder = guarded.feeder()
    guarded.feed(feeder, SAFE)
    assert guarded.feed(feeder, CLOSED) is not None
    assert guarded.contactors == (1, 1)
    return feeder


# ---- what it drives ----


def test_everything_is_off_from_the_first_moment(guarded: Watch) -> None:
    for gpio, _ in guarded.plan["lines"].values():
        assert (guarded.function(gpio), guarded.level(gpio)) == ("out", 0), gpio


def test_active_low_lines_are_off_when_high(
    tmp_path: Path, under_hooks: Silicon, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = with_pins(plan_for(tmp_path), contactor1=(22, True), contactor2=None, heartbeat=None)
    with watch(plan, under_hooks, monkeypatch) as guarded:
        assert guarded.level(22) == 1
        feeder = guarded.feeder()
        guarded.feed(feeder, SAFE)
        guarded.feed(feeder, Outputs(contactor1=True))
        assert guarded.level(22) == 0


@pytest.mark.parametrize(
    ("outputs", "on"),
    [
        (Outputs(contactor1=True), {"contactor1"}),
        (Outputs(contactor1=True, contactor2=True), {"contactor1", "contactor2"}),
        (Outputs(lock=LockDrive.LOCK), {"lock"}),
        (Outputs(lock=LockDrive.UNLOCK), {"unlock"}),
        (Outputs(rcm_test=True), {"rcm_test"}),
        (Outputs(pilot=PILOT_OFF), {"pilot_off"}),
        (Outputs(pilot=PILOT_LOW), set()),
    ],
    ids=str,
)
def test_every_output_has_its_line(guarded: Watch, outputs: Outputs, on: set[str]) -> None:
    feeder = guarded.feeder()
    guarded.feed(feeder, SAFE)
    guarded.feed(feeder, outputs)
    lines = {name: gpio for name, (gpio, _) in guarded.plan["lines"].items() if name != "heartbeat"}
    assert {name for name, gpio in lines.items() if guarded.level(gpio)} == on


def test_the_heartbeat_goes_with_the_feeds_and_not_without(guarded: Watch) -> None:
    feeder = guarded.feeder()
    beats = []
    for _ in range(6):
        guarded.feed(feeder, SAFE)
        beats.append(guarded.level(HEARTBEAT))
    assert beats in ([1, 0] * 3, [0, 1] * 3)
    before = guarded.level(HEARTBEAT)
    guarded.after(400, looks=5)
    assert guarded.level(HEARTBEAT) == before


# ---- the lease ----


def test_the_answer_tells_what_is_driven(guarded: Watch, fed: Feeder) -> None:
    alive = guarded.feed(fed, CLOSED)
    assert alive is not None
    assert (alive.sequence, alive.contactor1, alive.contactor2, alive.expiries, alive.fed_ms) == (3, True, True, 0, 0)


def test_500_ms_without_a_feed_open_the_contactors_and_take_the_pilot_from_pigpio(guarded: Watch, fed: Feeder) -> None:
    guarded.silicon.ask("hardware_pwm", gpio=PILOT, hz=1000, duty_ppm=266_000)
    guarded.after(499)
    assert guarded.contactors == (1, 1)
    guarded.after(1)
    assert guarded.contactors == (0, 0)
    assert (guarded.function(PILOT), guarded.level(PILOT)) == ("out", 1)
    assert not fed.parted, "a control loop that was held up may go on"
    alive = guarded.feed(fed, CLOSED)
    assert alive is not None
    assert (alive.contactor1, alive.expiries) == (False, 1), "it never closes by itself"
    assert guarded.contactors == (0, 0)
    guarded.feed(fed, SAFE)
    guarded.feed(fed, CLOSED)
    assert guarded.contactors == (1, 1)


def test_a_pilot_that_cannot_be_taken_is_disconnected(
    guarded: Watch, fed: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocker = guard.Lines.outputs(guarded.plan["chip"], [(PILOT, False)])
    guarded.after(500)
    assert guarded.contactors == (0, 0)
    cut: list[int] = []
    real = guard.Lines.set

    def noted(lines: guard.Lines, on: Sequence[bool]) -> None:
        cut.append(guarded.level(OFF_LINE))
        real(lines, on)

    monkeypatch.setattr(guard.Lines, "set", noted)
    guarded.after(500)
    assert cut
    assert all(cut), "not connected again at each try"
    assert guarded.level(OFF_LINE) == 1
    blocker.close()
    guarded.feed(fed, SAFE)
    assert guarded.level(OFF_LINE) == 0


def test_whoever_hangs_up_loses_everything_at_once(guarded: Watch, fed: Feeder) -> None:
    fed.end.close()
    guarded.after(0)
    assert guarded.contactors == (0, 0)
    assert guarded.function(PILOT) == "out"


def test_a_feed_that_was_overtaken_renews_nothing(guarded: Watch, fed: Feeder) -> None:
    guarded.after(400)
    fed.sequence -= 1
    fed.send(CLOSED)
    guarded.after(0)
    assert fed.answer() is None
    guarded.after(100)
    assert guarded.contactors == (0, 0)


@pytest.mark.parametrize("data", [b"EVF3", b"\0" * 16, b"EVF2" + b"\0" * 12, b"x" * 64, LET_GO[:3], STATUS + b"\0"])
def test_what_is_no_feed_renews_nothing_and_breaks_nothing(guarded: Watch, fed: Feeder, data: bytes) -> None:
    guarded.after(400)
    fed.end.send(data)
    guarded.after(0)
    assert fed.answer() is None
    assert guarded.contactors == (1, 1)
    guarded.after(100)
    assert guarded.contactors == (0, 0)


def test_a_question_does_not_renew(guarded: Watch, fed: Feeder) -> None:
    doctor = guarded.feeder()
    for _ in range(5):
        guarded.after(90)
        doctor.end.send(STATUS)
        guarded.after(0)
    alive = doctor.answer()
    assert alive is not None
    assert (alive.contactor1, alive.fed_ms) == (True, 90)
    guarded.after(50)
    assert guarded.contactors == (0, 0)
    assert not fed.parted


def test_there_is_one_control_loop(guarded: Watch, fed: Feeder) -> None:
    second = guarded.feeder()
    guarded.feed(second, SAFE)
    assert second.parted
    assert guarded.contactors == (1, 1)
    guarded.feed(fed, CLOSED)
    guarded.after(500)
    third = guarded.feeder()
    assert guarded.feed(third, SAFE) is not None, "one that has lost its lease is replaced"
    guarded.feed(third, CLOSED)
    assert guarded.contactors == (1, 1)
    guarded.feed(fed, SAFE)
    assert fed.parted
    assert guarded.contactors == (1, 1)


def test_evsed_safe_takes_everything_from_who_feeds(guarded: Watch, fed: Feeder) -> None:
    safe = guarded.feeder()
    safe.end.send(LET_GO)
    guarded.after(0)
    alive = safe.answer()
    assert alive is not None
    assert not alive.contactor1
    assert guarded.contactors == (0, 0)
    assert fed.parted


def test_what_waited_while_the_guard_stood_still_is_of_the_past(guarded: Watch, fed: Feeder) -> None:
    """Stopped for 180 ms with feeds for closed contactors in its socket: their sender may have opened by other ways."""
    fed.send(CLOSED)
    for gpio in (CONTACTOR1, CONTACTOR2):
        guarded.silicon.ask("write", gpio=gpio, level=0)  # as pigpiod does, past the guard
    guarded.now += 180
    guarded.guard.look()
    guarded.after(10)
    assert guarded.contactors == (0, 0)
    assert not fed.parted, "whoever was held up together with it may go on"
    guarded.after(310)
    assert guarded.guard._lease.expiries == 1, "counted from the last feed that was heard"


def test_an_order_to_open_is_not_of_the_past(guarded: Watch, fed: Feeder) -> None:
    fed.send(CLOSED)
    fed.send(SAFE)
    guarded.now += 180
    guarded.guard.look()
    assert guarded.contactors == (0, 0)
    guarded.after(320)
    assert guarded.guard._lease.expiries == 1, "it was no renewal"


def test_an_order_to_open_moves_nothing_where_nothing_is_lent(guarded: Watch, fed: Feeder) -> None:
    guarded.after(500)
    assert guarded.function(PILOT) == "out"
    taken = guarded.guard._outputs._taken
    fed.send(SAFE)
    guarded.now += 180
    guarded.guard.look()
    assert guarded.guard._outputs._taken is taken, "the pilot's pin is not let go of, not even for a moment"


def test_more_than_can_be_looked_through_ends_the_connection(guarded: Watch, fed: Feeder) -> None:
    for _ in range(70):
        fed.send(CLOSED)
    guarded.now += 300
    guarded.guard.look()
    assert guarded.contactors == (0, 0)
    assert fed.parted


def test_a_standstill_in_the_middle_of_a_look_is_noticed_too(
    guarded: Watch, fed: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed.send(CLOSED)
    received, before = guard.waiting_at, guarded.guard._sequence

    def late(end: socket.socket) -> list[bytes]:
        guarded.now += 5_000
        return received(end)

    with monkeypatch.context() as standing:
        standing.setattr(guard, "waiting_at", late)
        guarded.guard.look()
    assert guarded.guard._sequence == before, "it renewed nothing"
    guarded.guard.look()
    assert guarded.contactors == (0, 0)


def test_evsed_safe_is_heard_before_anybody_is_let_in(guarded: Watch, fed: Feeder) -> None:
    assert fed.answer() is None
    safe = guarded.feeder()
    for _ in range(6):
        guarded.feeder()
    safe.end.send(LET_GO)
    Feeder(guarded.plan["socket"]).end.close()
    guarded.after(0)
    assert guarded.contactors == (0, 0)


def test_a_machine_that_stood_still_for_300_ms_goes_on_charging(guarded: Watch, fed: Feeder) -> None:
    guarded.now += 300
    guarded.guard.look()
    assert guarded.contactors == (1, 1)
    alive = guarded.feed(fed, CLOSED)
    assert alive is not None
    assert alive.contactor1


def test_whoever_hung_up_while_the_guard_stood_still_loses_everything(guarded: Watch, fed: Feeder) -> None:
    fed.end.close()
    guarded.now += 300
    guarded.guard.look()
    assert guarded.contactors == (0, 0)


def test_of_several_feeds_that_wait_the_newest_counts(guarded: Watch, fed: Feeder) -> None:
    """A guard that is slow must not work through a queue of closed ones before it hears that it has to open."""
    for _ in range(20):
        fed.send(CLOSED)
    fed.send(SAFE)
    guarded.now += 100
    guarded.guard.look()
    assert guarded.contactors == (0, 0)


def test_a_line_that_fails_does_not_keep_the_pilot_pulsing(guarded: Watch, fed: Feeder) -> None:
    guarded.silicon.ask("hardware_pwm", gpio=PILOT, hz=1000, duty_ppm=266_000)
    blocked = guarded.guard._outputs
    blocked._lines.close()  # its descriptor is gone: every ioctl on it fails
    with pytest.raises(OSError, match=r"Bad file descriptor|EBADF"):
        guarded.after(500)
    assert (guarded.function(PILOT), guarded.level(PILOT)) == ("out", 1)
    blocked._lines = guard.Lines.outputs(guarded.plan["chip"], list(guarded.plan["lines"].values()))
    fed.end.close()


def test_without_a_way_to_disconnect_the_truth_is_told_and_it_is_tried_again(
    tmp_path: Path, under_hooks: Silicon, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = with_pins(plan_for(tmp_path), pilot_off=None)
    with watch(plan, under_hooks, monkeypatch) as guarded:
        blocker = guard.Lines.outputs(plan["chip"], [(PILOT, False)])
        feeder = guarded.feeder()
        guarded.feed(feeder, SAFE)
        guarded.after(700)
        assert capfd.readouterr().err.count("its pulses may go on; tried again") == 1
        blocker.close()
        under_hooks.ask("hardware_pwm", gpio=PILOT, hz=1000, duty_ppm=266_000)
        guarded.after(50)
        assert (guarded.function(PILOT), guarded.level(PILOT)) == ("out", 1)


def test_connections_do_not_pile_up(guarded: Watch, fed: Feeder) -> None:
    crowd = [guarded.feeder() for _ in range(20)]
    assert [one.parted for one in crowd] == [True] * 13 + [False] * 7, "whoever came last may be evsed-safe"
    assert guarded.feed(fed, CLOSED) is not None


@pytest.mark.usefixtures("guarded")
def test_lines_that_another_holds_are_an_error_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"BUSY|busy"):
        Guard(plan_for(tmp_path) | {"socket": str(tmp_path / "second")})
