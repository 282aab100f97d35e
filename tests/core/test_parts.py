"""The small parts: table of states, faults, reasons, limits, buttons, session, metering, watches, units."""

import pytest

from evsed.core import reasons, watches
from evsed.core.cable import cable_limit
from evsed.core.charged import Charged
from evsed.core.events import MeterRead
from evsed.core.faults import LATCHED, Fault, Faults, Stop
from evsed.core.lent import Hold
from evsed.core.metering import Metering
from evsed.core.model import Access, MeterRole, Mode, ModeChoice, PhaseCurrents, choice_of
from evsed.core.smart import LeastRoom, climb
from evsed.core.solar import StopTimer, step
from evsed.core.states import TRANSITIONS, State, Trigger, diagram, rows_of
from evsed.core.units import seconds_left
from tests.core.story import settings

# ---- states ----


def test_every_state_can_be_reached_and_left() -> None:
    assert {row.target for row in TRANSITIONS} == set(State)
    assert all(rows_of(state) for state in State)
    assert [state.text for state in State][:3] == ["Ready to Charge", "Connected to EV", "Charging"]


def test_no_two_rows_of_a_state_have_the_same_trigger() -> None:
    pairs = [(row.source, row.trigger) for row in TRANSITIONS]
    assert len(pairs) == len(set(pairs))


def test_only_b_and_on_a_node_comm_c_lead_to_c_and_unplugging_is_the_first_row_wherever_it_is_seen() -> None:
    into_c = {(row.source, row.trigger) for row in TRANSITIONS if row.target is State.C}
    assert into_c == {(State.B, Trigger.CAR_ASKS), (State.COMM_C, Trigger.AGREED)}
    for state in set(State) - {State.A}:
        assert rows_of(state)[0].target is State.A


def test_the_diagram_has_an_arrow_a_row() -> None:
    assert diagram().count("-->") == len(TRANSITIONS) + 1


# ---- faults and reasons ----


def test_the_error_table_is_that_of_the_clients() -> None:
    table = {fault.value.text: (fault.value.bit, fault.value.error_id) for fault in Fault}
    assert table == {
        "No Power Available": (1, 1),
        "Waiting for Solar": (1, 6),
        "Communication Error": (2, 2),
        "Circuit Meter Comm Error": (64, 7),
        "Temperature High": (4, 3),
        "EV Meter Comm Error": (8, 4),
        "RCM Tripped": (16, 5),
        "Contactor Welded": (16, 9),
        "Contactor Failed": (16, 10),
        "Pilot Fault": (16, 11),
        "Diode Missing": (16, 12),
        "Overdraw": (16, 13),
        "Lock Failed": (16, 14),
    }


def test_only_lack_of_power_and_sun_are_waits_and_these_faults_open_at_once() -> None:
    assert {fault for fault in Fault if fault.value.waiting} == {Fault.NO_POWER, Fault.NO_SUN}
    at_once = {Fault.CONTACTOR_FAILED, Fault.PILOT, Fault.DIODE, Fault.RCM, Fault.WELDED}
    assert {fault for fault in Fault if fault.value.stop is Stop.AT_ONCE} == at_once
    assert {Fault.RCM, Fault.WELDED} == LATCHED
    for fault in Fault:
        faults = Faults()
        faults.set(fault, present=True, now=0)
        assert faults.opens_at_once == (fault in at_once)
        assert fault in faults
        assert faults.all == (fault,)
        with pytest.raises(AttributeError):
            fault.value.bit = 0  # type: ignore[misc]
        assert not hasattr(fault.value, "__dict__")


def test_faults_keep_the_worst_and_the_bits() -> None:
    faults = Faults()
    assert (faults.worst, faults.bits, faults.opens_at_once) == (None, 0, False)
    with pytest.raises(TypeError):
        faults.set(Fault.RCM, True, 1)  # type: ignore[call-arg]
    assert faults.set(Fault.RCM, present=True, now=1)
    assert not faults.set(Fault.RCM, present=True, now=2)
    faults.set(Fault.NO_POWER, present=True, now=3)
    assert (faults.worst, faults.bits, faults.opens_at_once) == (Fault.RCM, 17, True)
    assert faults.all == (Fault.NO_POWER, Fault.RCM)
    assert faults.set(Fault.RCM, present=False, now=4)
    assert not faults.opens_at_once


def standing(**given: object) -> reasons.Standing:
    usual: dict[str, object] = {
        "state": State.B1, "connected": True, "fault": None, "fault_until": None, "access": Access.ALLOW,
        "delayed": False, "start_at": None, "start_text": "", "by_hand_until": None, "leaving": False, "offer": 60,
        "stopped_until": 0, "hold": None,
        "rest_until": 0,
        "switching": False, "delay_until": 0, "ready_at": 0, "state_ends_at": None, "startable": True, "closing": False,
        "ventilation": False, "pilot_faulty": False,
    }  # fmt: skip
    return reasons.Standing(**{**usual, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "code", "until"),
    [
        ({"state": State.A, "connected": False}, "no_car", None),
        ({"state": State.A, "connected": False, "access": Access.DENY}, "access_denied", None),
        ({"state": State.A, "connected": False, "fault": Fault.RCM}, "rcm", None),
        ({"access": Access.PAUSE, "fault": Fault.NO_SUN}, "paused", None),
        ({"fault": Fault.NO_SUN}, "no_sun", None),
        ({"leaving": True}, "leaving", None),
        ({"unwatched": True, "leaving": True}, "no_rcm", None),
        ({"by_hand_until": 9_000}, "pilot_by_hand", 9_000),
        ({"access": Access.DENY, "delayed": True, "start_at": 9_000}, "delayed", 9_000),
        (
            {"state": State.A, "connected": False, "access": Access.DENY, "delayed": True, "start_at": 9_000},
            "delayed",
            9_000,
        ),
        ({"fault": Fault.OVERDRAW, "fault_until": 9_000}, "overdraw", 9_000),
        ({"stopped_until": 9_000}, "stopped_by_switch", 9_000),
        ({"hold": Hold(0, 9_000), "offer": 0}, "limited_outside", 9_000),
        ({"hold": Hold(59, None), "state": State.C1, "state_ends_at": 9_000}, "limited_outside", None),
        ({"rest_until": 9_000}, "contactor_rest", 9_000),
        ({"switching": True, "delay_until": 9_000}, "switching_phases", 9_000),
        ({"state": State.B, "ventilation": True}, "ventilation", None),
        ({"state": State.B, "closing": True}, "closing", None),
        ({"offer": 0}, "nothing_offered", None),
        ({"offer": 0, "cabled": False}, "no_cable", None),
        ({"offer": 0, "node": True}, "nothing_offered", None),
        ({"offer": 0, "node": True, "cabled": False}, "no_cable", None),
        ({"state": State.ACTIVATE, "state_ends_at": 9_000}, "waking_car", 9_000),
        ({"state": State.C1, "state_ends_at": 9_000}, "stopping", 9_000),
        ({"delay_until": 9_000, "ready_at": 9_000}, "charge_delay", 9_000),
        ({"ready_at": 9_000}, "pilot_restart", 9_000),
        ({"state": State.B}, "car_not_ready", None),
        ({"state": State.B, "startable": False}, "not_measured", None),
        ({"state": State.B, "pilot_faulty": True}, "pilot", None),
        ({"state": State.COMM_B, "node": True}, "asking_master", None),
        ({"state": State.COMM_C, "node": True, "closing": True}, "asking_master", None),
        ({"state": State.COMM_C, "node": True, "fault": Fault.METER_LOST}, "meter_lost", None),
    ],
)
def test_one_reason_and_until_when(given: dict[str, object], code: str, until: int | None) -> None:
    reason = reasons.why(standing(**given), 5_000)
    assert reason is not None
    assert (reason.code, reason.until) == (code, until)
    assert reason.text


def test_a_node_that_lost_its_master_does_not_speak_of_a_mains_meter_of_its_own() -> None:
    alone, node = (reasons.of_fault(Fault.METER_LOST, node=node).text for node in (False, True))
    assert "master" not in alone
    assert node.startswith("The master charger is not heard")
    assert "or is not set up" in node
    assert reasons.of_fault(Fault.TEMPERATURE, node=True) == reasons.of_fault(Fault.TEMPERATURE)


def test_charging_has_no_reason() -> None:
    assert reasons.why(standing(state=State.C), 0) is None


# ---- limits, smart, solar ----


@pytest.mark.parametrize(
    ("ohms", "limit"),
    [(None, 0), (74, 0), (75, 630), (149, 630), (150, 320), (220, 320), (329, 320), (330, 160), (999, 160),
     (1_000, 130), (1_500, 130), (2_199, 130), (2_200, 0), (10_000, 0)],
)  # fmt: skip
def test_cable_limits(ohms: int | None, limit: int) -> None:
    assert cable_limit(ohms) == limit


def test_the_least_room_is_that_of_as_long_as_one_looks_back() -> None:
    room = LeastRoom()
    assert room.least(10_000, 0) is None
    for at, value in ((0, 50), (1_000, 90), (2_000, 70), (9_000, 80)):
        room.add(value, at)
    assert [room.least(back, 10_000) for back in (10_000, 8_000, 7_999, 1_000, 500)] == [50, 70, 80, 80, 80]
    room.add(100, 20_001)
    assert room.least(30_000, 20_001) == 70  # it remembers 20 s
    room.forget()
    assert room.least(10_000, 20_001) is None


@pytest.mark.parametrize(
    ("offer", "room", "ceiling", "next_offer"),
    [(60, 69, 130, 60), (60, 70, 130, 70), (125, 200, 130, 130), (60, 50, 130, 60), (130, 200, 130, 130)],
)
def test_a_climb_is_worth_an_ampere_or_the_ceiling(offer: int, room: int, ceiling: int, next_offer: int) -> None:
    assert climb(offer, room, ceiling) == next_offer


@pytest.mark.parametrize(
    ("wanted", "soon", "steady", "next_offer"),
    [
        (95, 95, 95, 100),
        (94, 94, 94, 94),
        (120, 120, 105, 100),
        (120, 120, 106, 106),
        (130, 121, 90, 121),
    ],
)
def test_solar_steps_down_to_now_and_up_to_what_lasted(wanted: int, soon: int, steady: int, next_offer: int) -> None:
    assert step(100, wanted, soon, steady) == next_offer


def test_the_stop_timer_runs_back_instead_of_to_zero() -> None:
    timer = StopTimer()
    timer.run(short=True, now=0)
    timer.run(short=True, now=50_000)
    timer.run(short=False, now=60_000)
    assert timer.left_ms(1) == 0
    timer.run(short=True, now=70_000)
    assert timer.left_ms(1) == 10_000
    assert timer.left_ms(0) is None


# ---- session, units ----


def test_a_session_counts_from_the_first_known_register() -> None:
    session = Charged(is_open=False, start_wh=None, charged_wh=None)
    session.meter(100)
    assert session.charged_wh is None
    session.began_charging()
    session.meter(None)
    assert session.charged_wh is None
    session.meter(1_000)
    session.meter(1_500)
    session.began_charging()
    assert session.charged_wh == 500
    session.meter(900)  # a meter that was exchanged
    assert session.charged_wh == 0
    session.unplugged()
    session.meter(5_000)
    assert session.charged_wh == 0


def test_seconds_left_are_rounded_up() -> None:
    assert [seconds_left(until, 1_000) for until in (None, 500, 1_000, 1_001, 2_000, 2_001)] == [0, 0, 0, 1, 1, 2]


def test_access_wins_over_the_mode() -> None:
    assert choice_of(Mode.SMART, Access.ALLOW) is ModeChoice.SMART
    assert choice_of(Mode.SMART, Access.DENY) is ModeChoice.OFF
    assert choice_of(Mode.SMART, Access.PAUSE) is ModeChoice.PAUSE


# ---- metering ----

NOTHING = PhaseCurrents(0, 0, 0)


def amps(value: int) -> PhaseCurrents:
    return PhaseCurrents(value, value, value)


def test_a_mains_sample_waits_for_the_ev_sample_that_belongs_to_it() -> None:
    """A car that starts between the two readings is not taken for the house."""
    metering = Metering()
    metering.take(MeterRead(MeterRole.EV, NOTHING), 0)
    metering.take(MeterRead(MeterRole.MAINS, amps(140)), 100)
    assert metering.balance(110, NOTHING, ev_metered=True) is None
    metering.take(MeterRead(MeterRole.EV, amps(130)), 200)
    balance = metering.balance(200, NOTHING, ev_metered=True)
    assert balance is not None
    assert (balance.base, balance.at) == (amps(10), 100)
    assert metering.balance(210, NOTHING, ev_metered=True) is None


def test_a_mains_sample_does_not_wait_for_ever() -> None:
    metering = Metering()
    metering.take(MeterRead(MeterRole.EV, amps(60)), 0)
    metering.take(MeterRead(MeterRole.MAINS, amps(100)), 100)
    assert metering.balance(399, NOTHING, ev_metered=True) is None
    balance = metering.balance(400, NOTHING, ev_metered=True)
    assert balance is not None
    assert balance.base == amps(40)


def test_an_ev_meter_that_is_silent_is_replaced_by_the_estimate() -> None:
    metering = Metering()
    metering.take(MeterRead(MeterRole.EV, amps(60)), 0)
    assert metering.fresh_ev(2_000)
    assert not metering.fresh_ev(2_001)
    metering.take(MeterRead(MeterRole.MAINS, amps(100)), 2_001)
    balance = metering.balance(2_001, amps(80), ev_metered=False)
    assert balance is not None
    assert balance.base == amps(20)


def test_slow_values_keep_the_currents_and_their_time() -> None:
    metering = Metering()
    metering.take(MeterRead(MeterRole.CIRCUIT, amps(60)), 0)
    metering.take(MeterRead(MeterRole.CIRCUIT, power_w=5, import_wh=6, export_wh=7), 900)
    values = metering.values(MeterRole.CIRCUIT)
    assert (values.currents, values.currents_at, values.power_w, values.import_wh, values.export_wh) == (
        amps(60), 0, 5, 6, 7,
    )  # fmt: skip
    assert metering.age(MeterRole.EV, 0) is None
    metering.forget(MeterRole.CIRCUIT)
    assert metering.values(MeterRole.CIRCUIT).currents is None


def test_how_old_currents_may_be() -> None:
    polled, posted = settings(), settings(mains_meter="API")
    assert watches.limit_ms(MeterRole.MAINS, posted) == 11_000
    assert watches.limit_ms(MeterRole.MAINS, polled) == 9_000
    assert watches.limit_ms(MeterRole.EV, polled) == 64_000
    assert watches.limit_ms(MeterRole.CIRCUIT, polled) == 20_000
    assert watches.shown_ms(MeterRole.EV, polled) == 11_000
    assert watches.shown_ms(MeterRole.EV, settings(ev_meter="API")) == 64_000
