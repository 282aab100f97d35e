"""POST /currents and POST /ev_meter: measurements of meters of type API, and of the home battery."""

from typing import Any, Final

from fastapi import APIRouter, Request

from evsed.api.firmware.parameters import Parameters, described, parameters
from evsed.api.firmware.posted_settings import REFUSED
from evsed.api.site import Site
from evsed.core.events import Command, PostBattery, PostEvMeter, PostMains
from evsed.core.model import MeterRole, PhaseCurrents
from evsed.core.posted import HIGHEST_POSTED

_PHASES = ("L1", "L2", "L3")
_ENERGIES = ("import_active_energy", "export_active_energy", "import_active_power")

_CURRENT: Final[dict[str, Any]] = {
    "type": "number",
    "minimum": -HIGHEST_POSTED,
    "maximum": HIGHEST_POSTED,
    "description": "0.1 A",
}
_CURRENTS: Final = dict.fromkeys((*_PHASES, "battery_current"), _CURRENT)
_EV_METER: Final = {**dict.fromkeys(_PHASES, _CURRENT), **{name: {"type": "number"} for name in _ENERGIES}}

Echo = dict[str, Any]


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["meters"])

    @router.post("/currents", openapi_extra=described(_CURRENTS))
    async def post_currents(request: Request) -> Echo:
        """Mains currents, all three together, and the home battery's current."""
        given = await parameters(request)
        echo: Echo = {}
        if "battery_current" in given:
            echo.update(await _battery(site, given))
        if given.has_any(*_PHASES):
            echo.update(await _mains(site, given))
        return echo

    @router.post("/ev_meter", openapi_extra=described(_EV_METER))
    async def post_ev_meter(request: Request) -> Echo:
        """Currents, all three together, or energies and power, all three together, or both."""
        given = await parameters(request)
        return {"ev_meter": await _ev_meter(site, given)} if given.has_any(*_PHASES, *_ENERGIES) else {}

    return router


async def _battery(site: Site, given: Parameters) -> Echo:
    current = given.decimal("battery_current")
    command = None if current is None else PostBattery(round(current))
    refused = await _refused(site, "/currents", given, ("battery_current",), command)
    return refused or {"battery_current": round(current or 0)}


async def _mains(site: Site, given: Parameters) -> Echo:
    if site.snapshot.settings.loadbl > 1:
        return {"TOTAL": "not allowed on slave"}
    currents = _currents(given)
    command = None if currents is None else PostMains(currents)
    refused = await _refused(site, "/currents", given, _PHASES, command)
    if refused or currents is None:
        return refused
    corrected = site.snapshot.mains or currents
    return {"original": _show(currents), **_show(corrected), "TOTAL": corrected.total}


async def _ev_meter(site: Site, given: Parameters) -> Echo:
    currents = _currents(given) if given.has_any(*_PHASES) else None
    slow = _slow(given) if given.has_any(*_ENERGIES) else None
    unreadable = (currents is None and given.has_any(*_PHASES)) or (slow is None and given.has_any(*_ENERGIES))
    command = None if unreadable else PostEvMeter(currents, *(slow or (None, None, None)))
    return await _refused(site, "/ev_meter", given, (*_PHASES, *_ENERGIES), command) or _ev_values(site)


async def _refused(
    site: Site, path: str, given: Parameters, names: tuple[str, ...], command: Command | None
) -> dict[str, str]:
    """The refusal of each of ``names`` that was sent; empty when ``command`` (None: unreadable) was carried out."""
    why = "numbers are needed, and all of a group" if command is None else (await site.submit(command)).refused
    if not why:
        return {}
    sent = {name: given.text(name) for name in names if name in given}
    site.refusals.note(f"POST {path}", " ".join(f"{name}={value}" for name, value in sent.items()), why)
    return dict.fromkeys(sent, REFUSED)


def _currents(given: Parameters) -> PhaseCurrents | None:
    values = [value for name in _PHASES if (value := given.decimal(name)) is not None]
    return PhaseCurrents(*(round(value) for value in values)) if len(values) == len(_PHASES) else None


def _slow(given: Parameters) -> tuple[int, int, int] | None:
    values = [round(value) for name in _ENERGIES if (value := given.decimal(name)) is not None]
    if len(values) != len(_ENERGIES) or min(values[:2]) < 0:
        return None
    return (values[0], values[1], values[2])


def _show(currents: PhaseCurrents) -> Echo:
    return dict(zip(_PHASES, currents.each(), strict=True))


def _ev_values(site: Site) -> Echo:
    values = site.snapshot.meters[MeterRole.EV].values
    shown = None if values.currents is None else {**_show(values.currents), "TOTAL": values.currents.total}
    return {
        "currents": shown,
        "import_active_energy": values.import_wh,
        "export_active_energy": values.export_wh,
        "import_active_power": values.power_w,
    }
