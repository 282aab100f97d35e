"""/api/v1: the Snapshot for programs and for the page, with the one reason for not charging; clearing of faults."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from evsed.api.problems import problem
from evsed.api.report import error_of
from evsed.api.routes.limit import limit_document
from evsed.api.routes.v1_meters import meter_document
from evsed.api.site import Site
from evsed.core.events import ClearFaults
from evsed.core.faults import Fault
from evsed.core.model import MeterRole
from evsed.core.snapshot import ChargerView, Learned, Snapshot
from evsed.core.states import State
from evsed.core.units import seconds_left
from evsed.core.wire import POLLS_MISSED


def _fault(fault: Fault) -> dict[str, Any]:
    return {"code": fault.value.code, "text": fault.value.text, "error_id": fault.value.error_id}


def state_document(snapshot: Snapshot) -> dict[str, Any]:
    """The state in amperes, volts and seconds."""
    reason = snapshot.reason
    error, error_id = error_of(snapshot.error)
    high, low = snapshot.pilot_high_mv, snapshot.pilot_low_mv
    return {
        "mode": snapshot.choice.name,
        "state": snapshot.state.name,
        "state_text": snapshot.state_text,
        "charging": snapshot.outputs.contactor1 and reason is None,
        "not_charging": None
        if reason is None
        else {
            "reason": reason.code,
            "text": reason.text,
            "until": snapshot.unix_at(reason.until),
            "seconds_left": None if reason.until is None else seconds_left(reason.until, snapshot.now),
        },
        "error": error,
        "error_id": error_id,
        "error_bits": snapshot.error_bits,
        "faults": [_fault(fault) for fault in snapshot.faults],
        "connected": snapshot.connected,
        "cable_a": snapshot.cable / 10 if snapshot.cable else None,
        "locked": snapshot.locked,
        "offer_a": snapshot.offer / 10,
        "limited_by": snapshot.limited_by if snapshot.offer else None,
        "override_a": snapshot.override / 10 if snapshot.override else None,
        "outside_limit": limit_document(snapshot),
        "phases": snapshot.phases,
        "contactor1": snapshot.outputs.contactor1,
        "contactor2": snapshot.outputs.contactor2,
        "pilot": {
            "duty_percent": snapshot.outputs.pilot.duty / 100,
            "high_v": None if high is None else high / 1000,
            "low_v": None if low is None else low / 1000,
        },
        "temperature_c": snapshot.temperature_c,
        "charged_wh": snapshot.charged_wh,
        "meters": {role.value: meter_document(snapshot.meters[role], snapshot.now) for role in MeterRole},
        "power_share": snapshot.settings.names()["loadbl"],
        "chargers": [_charger(charger) for charger in snapshot.chargers],
        "learned": _learned(snapshot.learned),
        "uptime_s": snapshot.uptime_s,
        "closings": snapshot.closings,
    }


def _charger(charger: ChargerView) -> dict[str, Any]:
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


def _learned(learned: Learned) -> dict[str, Any]:
    period, lag = learned.meter_period_ms, learned.car_lag_ms
    return {
        "meter_period_s": None if period is None else period / 1000,
        "car_lag_s": None if lag is None else lag / 1000,
        "car_phases": [f"L{phase}" for phase, used in enumerate(learned.car_uses, 1) if used],
        "car_most_a": None if learned.car_most is None else learned.car_most / 10,
    }


def whole_document(site: Site) -> dict[str, Any]:
    """The state, and what is known only outside of the Snapshot. Raises BusyError."""
    return {
        **state_document(site.snapshot),
        "refused_inputs": site.refusals.count,
        "control_loop_worst_lateness_ms": site.runtime.worst_lateness_ms,
    }


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/state")
    async def state() -> dict[str, Any]:
        """What the charger does, and why."""
        return whole_document(site)

    @router.post("/faults/clear", response_model=None, responses={409: {"description": "the cause is still there"}})
    async def clear() -> dict[str, Any] | JSONResponse:
        """Forgets latched faults whose cause has gone; the state then, or 409 with the reason against it."""
        refused = (await site.submit(ClearFaults())).refused
        if refused:
            site.refusals.note("POST /api/v1/faults", "clear", refused)
            return problem(409, refused)
        return whole_document(site)

    return router
