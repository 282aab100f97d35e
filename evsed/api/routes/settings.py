"""GET and POST /settings, as existing clients use them.

A refused value answers 200 with ``Value not allowed!`` in the parameter's place and changes nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from evsed.api.parameters import Parameters, parameters
from evsed.api.report import settings_document
from evsed.api.site import Site
from evsed.core.events import ChangeSetting, ChooseMode, Command, Override
from evsed.core.model import ModeChoice
from evsed.core.settings import TABLE

REFUSED: Final = "Value not allowed!"

# Parameters of the contract whose feature this version does not have yet: refused, never silently ignored.
_NOT_YET = frozenset(
    {"backlight", "starttime", "stoptime", "repeat", "custombutton", "mqtt_update", "lcdlock"}
    | {"override_pwm", "required_evccid"}
)
_TIMER = ("starttime", "stoptime", "repeat")

Echo = dict[str, Any]
Handler = Callable[[Site, Parameters], Awaitable[Echo]]


async def _accepted(site: Site, given: Parameters, name: str, command: Command | None) -> bool:
    """Whether parameter ``name``, read as ``command`` (None: it could not be read), was carried out."""
    refused = "not a value of this parameter" if command is None else (await site.submit(command)).refused
    if refused:
        site.refusals.note(f"POST /settings {name}", given.text(name), refused)
    return not refused


async def _mode(site: Site, given: Parameters) -> Echo:
    number = given.whole("mode")
    command = None
    if number is not None and number in set(ModeChoice) and not given.has_any(*_TIMER):
        command = ChooseMode(ModeChoice(number))
    accepted = await _accepted(site, given, "mode", command)
    return {"mode": given.text("mode") if accepted else REFUSED}


async def _stop_timer(site: Site, given: Parameters) -> Echo:
    return {"stop_timer": await _accepted(site, given, "stop_timer", _change(given, "stop_timer", "solar_stop_time"))}


async def _disable_override(site: Site, given: Parameters) -> Echo:
    accepted = await _accepted(site, given, "disable_override_current", Override(0))
    return {"disable_override_current": "OK" if accepted else REFUSED}


async def _override(site: Site, given: Parameters) -> Echo:
    current = given.whole("override_current")
    accepted = await _accepted(site, given, "override_current", None if current is None else Override(current))
    return {"override_current": current if accepted else REFUSED}


async def _contactor2(site: Site, given: Parameters) -> Echo:
    if not await _accepted(site, given, "enable_C2", _change(given, "enable_C2", "enable_C2")):
        return {"enable_C2": REFUSED}
    return {"settings": {"enable_C2": TABLE["enable_C2"].show(given.whole("enable_C2") or 0)}}


def _change(given: Parameters, parameter: str, key: str) -> ChangeSetting | None:
    number = given.whole(parameter)
    return None if number is None else ChangeSetting(key, number)


def _plain(parameter: str, key: str, echo: str) -> Handler:
    """A parameter that sets the owner setting ``key`` and is echoed as a number under ``echo``."""

    async def handle(site: Site, given: Parameters) -> Echo:
        accepted = await _accepted(site, given, parameter, _change(given, parameter, key))
        return {echo: given.whole(parameter) if accepted else REFUSED}

    return handle


_HANDLERS: Final[dict[str, Handler]] = {
    "mode": _mode,
    "stop_timer": _stop_timer,
    "disable_override_current": _disable_override,
    "override_current": _override,
    "enable_C2": _contactor2,
    "solar_start_current": _plain("solar_start_current", "solar_start_current", "solar_start_current"),
    "solar_max_import": _plain("solar_max_import", "solar_max_import", "solar_max_import"),
    "current_min": _plain("current_min", "current_min", "current_min"),
    "current_max_sum_mains": _plain("current_max_sum_mains", "current_max_sum_mains", "current_max_sum_mains"),
    "cablelock": _plain("cablelock", "cablelock", "cablelock"),
    "max_sum_mains_timer": _plain("max_sum_mains_timer", "max_sum_mains_time", "max_sum_mains_time"),
}


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["settings"])

    @router.get("/settings")
    async def read(response: Response) -> Echo:
        """State, settings and measurements in one document."""
        response.headers["Access-Control-Allow-Origin"] = "*"
        return settings_document(site.snapshot, site.installation, mqtt_connected=site.mqtt_connected())

    @router.post("/settings")
    async def change(request: Request) -> Echo:
        """Changes what the parameters name and echoes each."""
        given = await parameters(request)
        echo: Echo = {}
        for name, handler in _HANDLERS.items():
            if name in given:
                echo.update(await handler(site, given))
        for name in sorted(_NOT_YET):
            if name in given:
                site.refusals.note(f"POST /settings {name}", given.text(name), "this version does not have it yet")
                echo[name] = REFUSED
        return echo

    return router
