"""/api/v1/counters: what was counted since the daemon started, and what is counted for good."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.api.site import Site
from evsed.api.v1.bodies import taking
from evsed.api.v1.documents import Seconds, SinceStart, UnixSeconds, WattHours, exact
from evsed.core.model import MeterRole
from evsed.core.snapshot import ChargerView, MeterView, Snapshot


@exact
class MeterCounters(TypedDict):
    """How a meter answered; null while it was not asked yet."""

    where: str | None
    answers: SinceStart | None
    errors: SinceStart | None


@exact
class ChargerCounters(TypedDict):
    """A charger of the group, as its master sees it."""

    charger: int
    missed_polls: int  # in a row
    refused_statuses: SinceStart


@exact
class KeptCounters(TypedDict):
    """Counted for as long as this charger exists; a restart loses none of it. null: no EV meter has ever counted."""

    sessions: int
    contactor1_closings: int
    contactor2_closings: int
    charging_s: Seconds
    energy_wh: WattHours | None
    powered_h: int


@exact
class Counters(TypedDict):
    """Counted from ``since`` (Unix seconds; null while the time of day is not known), the start of the daemon."""

    since: UnixSeconds | None
    uptime_s: Seconds
    contactor_closings: SinceStart
    refused_inputs: SinceStart
    control_loop_worst_lateness_ms: SinceStart
    event_streams: int  # open now
    mqtt_connected: bool
    meters: dict[str, MeterCounters]
    chargers: list[ChargerCounters]
    kept: KeptCounters


def counters_document(site: Site) -> Counters:
    """All of them."""
    snapshot = site.snapshot
    return {
        "since": _since(snapshot),
        "uptime_s": snapshot.uptime_s,
        "contactor_closings": snapshot.closings,
        "refused_inputs": site.refusals.count,
        "control_loop_worst_lateness_ms": site.runtime.worst_lateness_ms,
        "event_streams": site.streams.taken,
        "mqtt_connected": site.mqtt_connected(),
        "meters": {role.value: _meter(snapshot.meters[role]) for role in MeterRole},
        "chargers": [_charger(charger) for charger in snapshot.chargers],
        "kept": _kept(snapshot),
    }


def _kept(snapshot: Snapshot) -> KeptCounters:
    counters = snapshot.sessions.counters
    return {
        "sessions": counters.sessions,
        "contactor1_closings": counters.closings[0],
        "contactor2_closings": counters.closings[1],
        "charging_s": counters.charging_ms // 1000,
        "energy_wh": counters.energy_wh,
        "powered_h": counters.powered_s // 3600,
    }


def _since(snapshot: Snapshot) -> int | None:
    return None if snapshot.unix_s is None else snapshot.unix_s - snapshot.uptime_s


def _meter(view: MeterView) -> MeterCounters:
    health = view.health
    if health is None:
        return {"where": None, "answers": None, "errors": None}
    return {"where": health.where, "answers": health.answers, "errors": health.errors}


def _charger(charger: ChargerView) -> ChargerCounters:
    return {
        "charger": charger.index,
        "missed_polls": charger.missed_polls,
        "refused_statuses": charger.refused_inputs,
    }


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/counters", response_model=None, responses=taking(model=Counters))
    async def read() -> JSONResponse:
        """What has been counted since the daemon started, and (`kept`) for as long as the charger exists."""
        return JSONResponse(counters_document(site))

    return router
