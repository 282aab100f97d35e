"""POST /currents and POST /ev_meter: measurements of meters of type API, and of the home battery."""

from typing import Any

from fastapi import APIRouter, Request

from evsed.api.parameters import Parameters, parameters
from evsed.api.routes.settings import REFUSED
from evsed.api.site import Site
from evsed.core.events import PostBattery, PostEvMeter, PostMains
from evsed.core.model import MeterRole, PhaseCurrents

_PHASES = ("L1", "L2", "L3")
_ENERGIES = ("import_active_energy", "export_active_energy", "import_active_power")

Echo = dict[str, Any]


def _currents(given: Parameters) -> PhaseCurrents | None:
    values = [given.decimal(name) for name in _PHASES]
    if any(value is None for value in values):
        return None
    return PhaseCurrents(*(round(value) for value in values if value is not None))


def _show(currents: PhaseCurrents) -> Echo:
    return dict(zip(_PHASES, currents.each(), strict=True))


def _refuse(given: Parameters, names: tuple[str, ...]) -> Echo:
    return {name: REFUSED for name in names if name in given}


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["meters"])

    @router.post("/currents")
    async def post_currents(request: Request) -> Echo:
        """Mains currents, all three together, and the home battery's current."""
        given = await parameters(request)
        echo: Echo = {}
        if "battery_current" in given:
            echo.update(await battery(given))
        if given.has_any(*_PHASES):
            echo.update(await mains(given))
        return echo

    async def battery(given: Parameters) -> Echo:
        current = given.decimal("battery_current")
        accepted = current is not None and (await site.submit(PostBattery(round(current)))).accepted
        return {"battery_current": round(current) if accepted and current is not None else REFUSED}

    async def mains(given: Parameters) -> Echo:
        if site.snapshot.settings.loadbl > 1:
            return {"TOTAL": "not allowed on slave"}
        currents = _currents(given)
        if currents is None or not (await site.submit(PostMains(currents))).accepted:
            return _refuse(given, _PHASES)
        corrected = site.snapshot.mains or currents
        return {"original": _show(currents), **_show(corrected), "TOTAL": corrected.total}

    @router.post("/ev_meter")
    async def post_ev_meter(request: Request) -> Echo:
        """Currents, all three together, or energies and power, all three together, or both."""
        given = await parameters(request)
        currents = _currents(given) if given.has_all(*_PHASES) else None
        slow = [given.decimal(name) for name in _ENERGIES] if given.has_all(*_ENERGIES) else None
        wants_currents, wants_slow = given.has_any(*_PHASES), given.has_any(*_ENERGIES)
        bad_slow = wants_slow and (slow is None or any(value is None for value in slow) or min(_known(slow)[:2]) < 0)
        if (wants_currents and currents is None) or bad_slow:
            return {"ev_meter": _refuse(given, (*_PHASES, *_ENERGIES))}
        if not wants_currents and not wants_slow:
            return {}
        imported, exported, power = _known(slow) if slow else (None, None, None)
        if not (await site.submit(PostEvMeter(currents, imported, exported, power))).accepted:
            return {"ev_meter": _refuse(given, (*_PHASES, *_ENERGIES))}
        return {"ev_meter": _ev_echo()}

    def _ev_echo() -> Echo:
        values = site.snapshot.meters[MeterRole.EV].values
        shown = None if values.currents is None else {**_show(values.currents), "TOTAL": values.currents.total}
        return {
            "currents": shown,
            "import_active_energy": values.import_wh,
            "export_active_energy": values.export_wh,
            "import_active_power": values.power_w,
        }

    return router


def _known(values: list[float | None]) -> tuple[int, int, int]:
    first, second, third = (round(value) for value in values if value is not None)
    return (first, second, third)
