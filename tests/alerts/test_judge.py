"""Who is told of what, and when: stories in virtual time."""

import pytest

from evsed.alerts.alert import Alert, Kind, document
from evsed.alerts.judge import (
    AT_ONCE,
    ENDED_MS,
    GRACE_MS,
    HOUR_MS,
    MOST_AN_HOUR,
    PASSES_MS,
    TOLD_OF,
    Judge,
    Open,
)
from evsed.core import reasons
from evsed.core.faults import Fault
from evsed.core.model import Access
from evsed.core.snapshot import Snapshot
from tests.alerts.moments import UNIX_S, at, charging, stopped

PASSES_S, ENDED_S, HOUR_S = PASSES_MS / 1000, ENDED_MS / 1000, HOUR_MS / 1000


def watch(judge: Judge, snapshot: Snapshot, begin: float, end: float) -> list[Alert]:
    """What is told while nothing changes, looked at twice a second."""
    told = []
    for half_seconds in range(round(2 * begin), round(2 * end) + 1):
        told += judge.look(at(half_seconds / 2, snapshot))
    return told


def kinds(told: list[Alert]) -> list[tuple[str, str]]:
    return [(alert.kind.value, alert.code) for alert in told]


LASTING = sorted((fault for fault in Fault if not fault.value.waiting and fault.value.code not in AT_ONCE),
                 key=lambda fault: fault.name)  # fmt: skip


@pytest.mark.parametrize("fault", LASTING, ids=lambda fault: fault.name)
def test_a_fault_is_told_once_it_has_lasted(fault: Fault) -> None:
    judge = Judge()
    assert watch(judge, stopped(fault), 5, 5 + PASSES_S - 0.5) == []
    (told,) = watch(judge, stopped(fault), 5 + PASSES_S, 5 + 3 * PASSES_S)
    assert (told.kind, told.code, told.text) == (Kind.FAULT, fault.value.code, reasons.of_fault(fault).text)
    assert (told.since_s, told.unix_s, told.state) == (UNIX_S + 5, UNIX_S + 65, "B1")


@pytest.mark.parametrize("fault", [Fault.RCM, Fault.DIODE, Fault.WELDED], ids=lambda fault: fault.name)
def test_what_needs_a_person_is_told_at_once(fault: Fault) -> None:
    assert kinds(Judge().look(at(1, stopped(fault)))) == [("fault", fault.value.code)]


@pytest.mark.parametrize("reason", [reasons.NO_CABLE, reasons.NOT_WATCHED, reasons.VENTILATION], ids=lambda r: r.code)
def test_so_is_a_car_that_cannot_start_for_what_is_lacking(reason: reasons.Reason) -> None:
    assert kinds(watch(Judge(), stopped(reason=reason), 0, PASSES_S)) == [("fault", reason.code)]


def test_a_pilot_that_is_wrong_before_anything_is_a_fault_is_told() -> None:
    told = watch(Judge(), stopped(reason=reasons.of_fault(Fault.PILOT)), 0, PASSES_S)
    assert kinds(told) == [("fault", "pilot")]


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.value.waiting], ids=lambda fault: fault.name)
def test_waiting_is_no_fault(fault: Fault) -> None:
    assert watch(Judge(), stopped(fault), 0, 5 * PASSES_S) == []


def test_no_other_reason_is_told() -> None:
    others = [found for found in vars(reasons).values() if isinstance(found, reasons.Reason)]
    assert len(others) > 10
    for reason in others:
        assert bool(watch(Judge(), stopped(reason=reason), 0, PASSES_S)) == (reason.code in TOLD_OF), reason


@pytest.mark.parametrize("access", [Access.DENY, Access.PAUSE])
def test_nobody_is_told_while_nobody_wants_to_charge(access: Access) -> None:
    judge = Judge()
    assert watch(judge, stopped(Fault.RCM, access=access), 0, PASSES_S) == []
    assert watch(judge, stopped(Fault.RCM, connected=False), 70, 140) == []
    assert kinds(judge.look(at(150, stopped(Fault.RCM)))) == [("fault", "rcm")]


def test_a_welded_contactor_is_told_also_without_a_car() -> None:
    snapshot = stopped(Fault.WELDED, access=Access.DENY, connected=False)
    assert kinds(Judge().look(at(0, snapshot))) == [("fault", "welded")]


def test_a_fault_that_passes_is_not_told() -> None:
    judge = Judge()
    assert watch(judge, stopped(Fault.METER_LOST), 0, PASSES_S - 1) == []
    assert watch(judge, charging(), PASSES_S, 10 * PASSES_S) == []


def test_one_that_flickers_is_one_fault() -> None:
    judge, told = Judge(), []
    for round_ in range(10):
        told += watch(judge, stopped(Fault.METER_LOST), 20 * round_, 20 * round_ + 14)
        told += watch(judge, stopped(), 20 * round_ + 14.5, 20 * round_ + 19.5)
    assert kinds(told) == [("fault", "meter_lost")]


def test_its_end_is_told_when_it_charges_again() -> None:
    judge = Judge()
    judge.look(at(0, stopped(Fault.RCM)))
    (told,) = judge.look(at(5))
    assert (told.kind, told.code, told.text) == (Kind.CLEARED, "rcm", reasons.of_fault(Fault.RCM).text)
    assert (told.since_s, told.unix_s) == (UNIX_S, UNIX_S + 5)
    assert watch(judge, charging(), 5.5, 100) == []


def test_its_end_is_told_when_it_has_been_away_for_a_while() -> None:
    judge = Judge()
    judge.look(at(0, stopped(Fault.RCM)))
    assert watch(judge, stopped(), 0.5, ENDED_S - 0.5) == []
    assert kinds(watch(judge, stopped(), ENDED_S, 100)) == [("cleared", "rcm")]


def test_a_fault_that_comes_again_after_its_end_is_told_again() -> None:
    judge = Judge()
    told = [alert for moment in (0, 20, 40) for alert in
            (*judge.look(at(moment, stopped(Fault.RCM))), *judge.look(at(moment + 10)))]  # fmt: skip
    assert kinds(told) == [("fault", "rcm"), ("cleared", "rcm")] * 3


def test_a_fault_behind_a_worse_one_is_not_over() -> None:
    judge = Judge()
    watch(judge, stopped(Fault.METER_LOST), 0, PASSES_S)
    both = stopped(Fault.METER_LOST, Fault.RCM)
    assert kinds(watch(judge, both, 61, 200)) == [("fault", "rcm")]
    assert kinds(watch(judge, stopped(Fault.METER_LOST), 200.5, 300)) == [("cleared", "rcm")]


def test_a_fault_stays_one_while_the_car_is_away() -> None:
    judge = Judge()
    judge.look(at(0, stopped(Fault.RCM)))
    assert watch(judge, stopped(Fault.RCM, connected=False), 1, 100) == []
    assert judge.look(at(101, stopped(Fault.RCM))) == []


def _many(judge: Judge, count: int, fault: Fault = Fault.RCM) -> list[Alert]:
    """A fault that comes and goes each 20 s."""
    told = []
    for moment in range(0, 20 * count, 20):
        told += judge.look(at(moment, stopped(fault))) + judge.look(at(moment + 10))
    return told


def test_there_are_only_so_many_an_hour_and_then_one_says_how_many_were_left_out() -> None:
    judge = Judge()
    assert len(_many(judge, 20)) == MOST_AN_HOUR
    assert watch(judge, charging(), 400, HOUR_S - 1) == []
    (told,) = judge.look(at(HOUR_S, stopped(Fault.METER_LOST)))
    assert (told.kind, told.left_out) == (Kind.LEFT_OUT, 15)
    assert (told.code, told.text) == ("meter_lost", reasons.of_fault(Fault.METER_LOST).text)
    assert judge.look(at(HOUR_S + 1)) == []


def test_how_it_is_now_is_said_of_a_car_that_charges() -> None:
    judge = Judge()
    _many(judge, 6)
    (told,) = judge.look(at(HOUR_S))
    assert (told.kind, told.left_out, told.code, told.text) == (Kind.LEFT_OUT, 1, "", "The car charges")


def test_a_welded_contactor_is_never_one_too_many() -> None:
    judge = Judge()
    _many(judge, 20)
    assert kinds(judge.look(at(401, stopped(Fault.WELDED)))) == [("fault", "welded")]


# ---- over a restart ----


def test_what_was_told_is_not_told_again_after_a_restart() -> None:
    before = Judge()
    before.look(at(0, stopped(Fault.RCM)))
    after = Judge(before.open)
    assert watch(after, stopped(Fault.RCM), 0, 300) == []
    assert kinds(after.look(at(301))) == [("cleared", "rcm")]
    assert after.open == ()


def test_after_a_restart_a_fault_has_time_to_show_again() -> None:
    lost = Open("meter_lost", "text", UNIX_S)
    judge = Judge([lost])
    assert watch(judge, stopped(), 0, GRACE_MS / 1000 - 60) == []
    assert watch(judge, stopped(Fault.METER_LOST), GRACE_MS / 1000 - 60, 400) == []
    gone = Judge([lost])
    assert kinds(watch(gone, stopped(), 0, 300)) == [("cleared", "meter_lost")]


def test_the_end_of_what_was_left_out_is_not_told() -> None:
    judge = Judge([Open("rcm", "text", None, told=False)])
    assert judge.look(at(0)) == []
    assert judge.open == ()


# ---- the message ----


def test_the_message_says_who_what_and_when() -> None:
    (alert,) = Judge().look(at(0, stopped(Fault.RCM)))
    told = document(alert, 90_000)
    assert (told["event_type"], told["code"], told["state"]) == ("fault", "rcm", "B1")
    assert told["text"] == "Residual current detected: press a button to reset"
    assert (told["name"], told["serial"], told["title"]) == (
        "SmartEVSE-90000", 90_000, "SmartEVSE-90000 does not charge"
    )  # fmt: skip
    assert told["time"] == told["since"] == "2026-09-21T14:13:20+00:00"
    unknown = document(Alert(Kind.LEFT_OUT, "", "text", "A", None, left_out=3), 1)
    assert (unknown["time"], unknown["since"], unknown["title"]) == (
        None,
        None,
        "SmartEVSE-1: 3 messages were left out",
    )
