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
    {"backlight", "starttime", "stoptime", "repeat", "custombutton", "mqtt_update", "lcdlock", "cablelock"}
    | {"override_pwm", "required_evccid"}
)
_TIMER = ("starttime", "stoptime", "repeat")

Echo = dict[str, Any]
Handler = Callable[[Site, Parameters], Awaitable[Echo]]


async def _accepted(site: Site, command: Command) -> bool:
    return (await site.submit(command)).accepted


async def _mode(site: Site, given: Parameters) -> Echo:
    number = given.whole("mode")
    if number not in set(ModeChoice) or given.has_any(*_TIMER):
        return {"mode": REFUSED}
    accepted = await _accepted(site, ChooseMode(ModeChoice(number)))
    return {"mode": given.text("mode") if accepted else REFUSED}


async def _stop_timer(site: Site, given: Parameters) -> Echo:
    minutes = given.whole("stop_timer")
    return {"stop_timer": minutes is not None and await _accepted(site, ChangeSetting("solar_stop_time", minutes))}


async def _disable_override(site: Site, _given: Parameters) -> Echo:
    return {"disable_override_current": "OK" if await _accepted(site, Override(0)) else REFUSED}


async def _override(site: Site, given: Parameters) -> Echo:
    current = given.whole("override_current")
    accepted = current is not None and await _accepted(site, Override(current))
    return {"override_current": current if accepted else REFUSED}


async def _contactor2(site: Site, given: Parameters) -> Echo:
    number = given.whole("enable_C2")
    if number is None or not await _accepted(site, ChangeSetting("enable_C2", number)):
        return {"enable_C2": REFUSED}
    return {"settings": {"enable_C2": TABLE["enable_C2"].show(number)}}


def _plain(parameter: str, key: str, echo: str) -> Handler:
    """A parameter that sets the owner setting ``key`` and is echoed as a number under ``echo``."""

    async def handle(site: Site, given: Parameters) -> Echo:
        number = given.whole(parameter)
        accepted = number is not None and await _accepted(site, ChangeSetting(key, number))
        return {echo: number if accepted else REFUSED}

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
        echo.update({name: REFUSED for name in sorted(_NOT_YET) if name in given})
        return echo

    return router
