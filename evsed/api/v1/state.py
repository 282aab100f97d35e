"""/api/v1: the Snapshot for programs and for the page, with the one reason for not charging; clearing of faults."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.api.firmware.report import error_of
from evsed.api.local_time import with_zone
from evsed.api.problems import problem, problem_answer
from evsed.api.site import Site
from evsed.api.v1.bodies import Answers, taking
from evsed.api.v1.documents import (
    Amps,
    Celsius,
    Fraction,
    LocalTime,
    ModeName,
    Percent,
    Seconds,
    SinceStart,
    StateName,
    UnixSeconds,
    Volts,
    WattHours,
    exact,
)
from evsed.api.v1.limit import LimitDocument, limit_document
from evsed.api.v1.meters import MeterDocument, meter_document
from evsed.api.v1.timer import TimerDocument, timer_document
from evsed.core.cards import last_digits
from evsed.core.events import ClearFaults
from evsed.core.faults import Fault
from evsed.core.metering import BATTERY_STALE_MS
from evsed.core.model import MeterRole
from evsed.core.setting_up import Step
from evsed.core.settings import TABLE
from evsed.core.snapshot import ChargerView, Learned, Snapshot
from evsed.core.states import State
from evsed.core.units import seconds_left
from evsed.core.wire import POLLS_MISSED

_STAYS: Final[Answers] = {409: problem_answer("the cause is still there")}


@exact
class FaultDocument(TypedDict):
    """A fault in force; ``error_id`` is the number that clients know."""

    code: str
    text: str
    error_id: int


@exact
class NotCharging(TypedDict):
    """The one reason for not charging; null where nobody can say until when (Unix seconds)."""

    reason: str
    text: str
    until: UnixSeconds | None
    seconds_left: Seconds | None


@exact
class PilotDocument(TypedDict):
    """The control pilot: what is driven, and what is measured on it."""

    duty_percent: Percent | None
    by_hand: bool
    high_v: Volts | None
    low_v: Volts | None


@exact
class StateMeters(TypedDict):
    """What the meters say; ``/api/v1/meters`` says more of them."""

    mains: MeterDocument
    ev: MeterDocument
    circuit: MeterDocument


@exact
class CardDocument(TypedDict):
    """What the card reader says; the end of the number of the card last read; whose card lets this car charge."""

    text: str
    last: str | None
    name: str | None  # null: no card does, or it is not known any more; empty: it has no name


@exact
class ChargerDocument(TypedDict):
    """One of the chargers that share power, as their master sees it."""

    charger: int
    state: str
    state_text: str
    offer_a: Amps
    draws: bool
    waits_for: str | None
    missed_polls: int
    refused_statuses: int


@exact
class LearnedDocument(TypedDict):
    """What regulation has seen of the mains meter and of the car; null is "not yet"."""

    meter_period_s: Fraction | None
    car_lag_s: Fraction | None
    car_phases: list[str]
    car_most_a: Amps | None


@exact
class StepDocument(TypedDict):
    """One thing to do before the charger may charge; ``done`` null: no software can know it, somebody has to look."""

    step: str
    text: str
    done: bool | None


@exact
class SetUpDocument(TypedDict):
    """What is left to do on a charger that is not set up, in the order of work; what is done is in the list too."""

    steps: list[StepDocument]


@exact
class StateDocument(TypedDict):
    """The charger at one moment, in A, V, Wh, s and degrees Celsius. What is not known, or is not there, is null."""

    mode: ModeName
    state: StateName
    state_text: str
    charging: bool
    not_charging: NotCharging | None
    set_up: SetUpDocument | None  # null: nothing is left to do
    error: str
    error_id: int
    error_bits: int
    faults: list[FaultDocument]
    connected: bool | None
    cable_a: Amps | None
    locked: bool | None
    offer_a: Amps
    limited_by: str | None
    override_a: Amps | None
    outside_limit: LimitDocument
    timer: TimerDocument
    solar_stop_s: Seconds | None
    phases: int
    contactor1: bool | None
    contactor2: bool | None
    pilot: PilotDocument
    temperature_c: Celsius | None
    charged_wh: WattHours | None
    meters: StateMeters
    home_battery_a: Amps | None
    custom_button: bool
    card: CardDocument
    power_share: str
    chargers: list[ChargerDocument]
    learned: LearnedDocument
    local_time: LocalTime | None
    uptime_s: Seconds
    closings: SinceStart


@exact
class WholeDocument(StateDocument):
    """The state, and what is counted beside it."""

    refused_inputs: SinceStart
    control_loop_worst_lateness_ms: SinceStart


def _fault(fault: Fault) -> FaultDocument:
    return {"code": fault.value.code, "text": fault.value.text, "error_id": fault.value.error_id}


def state_document(snapshot: Snapshot) -> StateDocument:
    """The state in amperes, volts and seconds."""
    error, error_id = error_of(snapshot.error)
    outputs = snapshot.outputs if snapshot.described else None  # those of a board that nobody knows
    return {
        "mode": snapshot.choice.name,
        "state": snapshot.state.name,
        "state_text": snapshot.state_text,
        "charging": snapshot.outputs.contactor1 and snapshot.reason is None,
        "not_charging": _not_charging(snapshot),
        "set_up": _set_up(snapshot.left_to_do),
        "error": error,
        "error_id": error_id,
        "error_bits": snapshot.error_bits,
        "faults": [_fault(fault) for fault in snapshot.faults],
        "connected": snapshot.connected if snapshot.described else None,
        "cable_a": snapshot.cable / 10 if snapshot.cable else None,
        "locked": snapshot.locked,
        "offer_a": snapshot.offer / 10,
        "limited_by": snapshot.limited_by if snapshot.offer else None,
        "override_a": snapshot.override / 10 if snapshot.override else None,
        "outside_limit": limit_document(snapshot),
        "timer": timer_document(snapshot),
        "solar_stop_s": snapshot.solar_stop_s or None,
        "phases": snapshot.phases,
        "contactor1": None if outputs is None else outputs.contactor1,
        "contactor2": None if outputs is None else outputs.contactor2,
        "pilot": _pilot(snapshot),
        "temperature_c": snapshot.temperature_c,
        "charged_wh": snapshot.charged_wh,
        "meters": _meters(snapshot),
        "home_battery_a": _battery(snapshot),
        "custom_button": snapshot.custom_button,
        "card": {
            "text": snapshot.rfid_text,
            "last": last_digits(snapshot.rfid_last) or None,
            "name": snapshot.holder_name,
        },
        "power_share": TABLE["loadbl"].choices[snapshot.settings.loadbl],
        "chargers": [_charger(charger) for charger in snapshot.chargers],
        "learned": _learned(snapshot.learned),
        "local_time": with_zone(snapshot.unix_s),
        "uptime_s": snapshot.uptime_s,
        "closings": snapshot.closings,
    }


def _not_charging(snapshot: Snapshot) -> NotCharging | None:
    reason = snapshot.reason
    if reason is None:
        return None
    return {
        "reason": reason.code,
        "text": reason.text,
        "until": snapshot.unix_at(reason.until),
        "seconds_left": None if reason.until is None else seconds_left(reason.until, snapshot.now),
    }


def _pilot(snapshot: Snapshot) -> PilotDocument:
    high, low = snapshot.pilot_high_mv, snapshot.pilot_low_mv
    return {
        "duty_percent": snapshot.outputs.pilot.duty / 100 if snapshot.described else None,
        "by_hand": snapshot.pilot_override is not None,
        "high_v": None if high is None else high / 1000,
        "low_v": None if low is None else low / 1000,
    }


def _meters(snapshot: Snapshot) -> StateMeters:
    return {
        "mains": meter_document(snapshot.meters[MeterRole.MAINS], snapshot.now),
        "ev": meter_document(snapshot.meters[MeterRole.EV], snapshot.now),
        "circuit": meter_document(snapshot.meters[MeterRole.CIRCUIT], snapshot.now),
    }


def _set_up(steps: tuple[Step, ...]) -> SetUpDocument | None:
    """The list, while anything is left to do."""
    found: list[StepDocument] = [{"step": step.code, "text": step.text, "done": step.done} for step in steps]
    return {"steps": found} if found else None


def _battery(snapshot: Snapshot) -> float | None:
    """The home battery's current while its last word counts."""
    at = snapshot.battery_at
    return None if at is None or snapshot.now - at > BATTERY_STALE_MS else snapshot.battery / 10


def _charger(charger: ChargerView) -> ChargerDocument:
    """One of those that share power, as their master sees it."""
    known = charger.state in set(State)
    return {
        "charger": charger.index,
        "state": State(charger.state).name if known else str(charger.state),
        "state_text": _charger_text(charger, State(charger.state).text if known else f"State {charger.state}"),
        "offer_a": charger.offer / 10,
        "draws": charger.draws,
        "waits_for": None if charger.waits_for is None else charger.waits_for.value.code,
        "missed_polls": charger.missed_polls,
        "refused_statuses": charger.refused_inputs,
    }


def _charger_text(charger: ChargerView, state_text: str) -> str:
    """What a charger does or waits for, as the page shows it."""
    if charger.missed_polls >= POLLS_MISSED:
        return "Does not answer"
    return state_text if charger.waits_for is None else f"{state_text} - {charger.waits_for.value.text}"


def _learned(learned: Learned) -> LearnedDocument:
    period, lag = learned.meter_period_ms, learned.car_lag_ms
    return {
        "meter_period_s": None if period is None else period / 1000,
        "car_lag_s": None if lag is None else lag / 1000,
        "car_phases": [f"L{phase}" for phase, used in enumerate(learned.car_uses, 1) if used],
        "car_most_a": None if learned.car_most is None else learned.car_most / 10,
    }


def whole_document(site: Site) -> WholeDocument:
    """The state, and what is known only outside of the Snapshot. Raises BusyError."""
    return {
        **state_document(site.snapshot),
        "refused_inputs": site.refusals.count,
        "control_loop_worst_lateness_ms": site.runtime.worst_lateness_ms,
    }


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/state", response_model=None, responses=taking(model=WholeDocument))
    async def state() -> JSONResponse:
        """What the charger does, and why."""
        return JSONResponse(whole_document(site))

    @router.post("/faults/clear", response_model=None, responses=taking(_STAYS, model=WholeDocument))
    async def clear() -> JSONResponse:
        """Forgets latched faults whose cause has gone; the state then, or 409 with the reason against it."""
        refused = (await site.submit(ClearFaults())).refused
        if refused:
            site.refusals.note("POST /api/v1/faults", "clear", refused)
            return problem(409, refused)
        return JSONResponse(whole_document(site))

    return router
