"""/api/v1/meters: what each meter says, how old that is, and how it answers. What is not known is null, never 0."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.api.site import Site
from evsed.api.v1.bodies import taking
from evsed.api.v1.documents import Amps, Fraction, WattHours, Watts, exact
from evsed.core.menu import NOT_ON_THE_BUS
from evsed.core.model import MeterRole, MeterType, PhaseCurrents
from evsed.core.settings import METER_NAMES
from evsed.core.snapshot import MeterView, Snapshot
from evsed.core.units import Millis


@exact
class PhaseAmps(TypedDict):
    """Current of each phase in A; negative is export."""

    L1: Amps
    L2: Amps
    L3: Amps


@exact
class MeterDocument(TypedDict):
    """What a meter says (A, W, Wh; ``age_s`` is that of the currents), and what the bus says of it."""

    currents: PhaseAmps | None
    age_s: Fraction | None
    power_w: Watts | None
    import_wh: WattHours | None
    export_wh: WattHours | None
    where: str | None
    answering: bool | None
    last_error: str | None
    answers: int | None
    errors: int | None


@exact
class ConfiguredMeter(MeterDocument):
    """A meter with what it is. ``period_s``: between two of its measurements, as learned."""

    type: str
    address: int | None
    host: str | None
    fresh: bool
    answered_s_ago: Fraction | None
    period_s: Fraction | None


@exact
class Meters(TypedDict):
    """The meters by what they measure."""

    mains: ConfiguredMeter
    ev: ConfiguredMeter
    circuit: ConfiguredMeter


def amps(currents: PhaseCurrents | None) -> PhaseAmps | None:
    """``currents`` in ampere."""
    if currents is None:
        return None
    return {"L1": currents.l1 / 10, "L2": currents.l2 / 10, "L3": currents.l3 / 10}


def meter_document(view: MeterView, now: Millis) -> MeterDocument:
    """One meter at ``now``. Currents and power that are too old are unknown; energies only ever grow and stay."""
    health = view.health
    return {
        "currents": amps(view.values.currents) if view.fresh else None,
        "age_s": _ago(view.values.currents_at, now),
        "power_w": view.values.power_w if view.heard else None,
        "import_wh": view.values.import_wh,
        "export_wh": view.values.export_wh,
        "where": None if health is None else health.where,
        "answering": None if health is None else health.answering,
        "last_error": None if health is None else health.last_error or None,
        "answers": None if health is None else health.answers,
        "errors": None if health is None else health.errors,
    }


def meters_document(snapshot: Snapshot) -> Meters:
    """All of them."""
    return {
        "mains": _configured(snapshot, MeterRole.MAINS),
        "ev": _configured(snapshot, MeterRole.EV),
        "circuit": _configured(snapshot, MeterRole.CIRCUIT),
    }


def _configured(snapshot: Snapshot, role: MeterRole) -> ConfiguredMeter:
    settings, view = snapshot.settings, snapshot.meters[role]
    kind = MeterType(int(settings[f"{role}_meter"]))
    period_ms = snapshot.learned.meter_period_ms if role is MeterRole.MAINS else None
    return {
        **meter_document(view, snapshot.now),
        "type": METER_NAMES[kind],
        "address": None if kind in NOT_ON_THE_BUS else int(settings[f"{role}_meter_address"]),
        "host": (str(settings[f"{role}_meter_host"]) or None) if kind is MeterType.HOMEWIZARD else None,
        "fresh": view.fresh,
        "answered_s_ago": None if view.health is None else _ago(view.health.answered_at, snapshot.now),
        "period_s": None if period_ms is None else period_ms / 1000,
    }


def _ago(at: Millis | None, now: Millis) -> float | None:
    return None if at is None else max(0.0, round((now - at) / 1000, 1))


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/meters", response_model=None, responses=taking(model=Meters))
    async def read() -> JSONResponse:
        """What each meter measures, how old that is, and how it answers."""
        return JSONResponse(meters_document(site.snapshot))

    return router
