"""/api/v1/mode and /api/v1/override: what the owner wants now, as every other interface takes it."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.api.problems import Wrong
from evsed.api.site import Site
from evsed.api.v1.bodies import NOT_TAKEN, NotTakenError, body_of, carry_out, json_object, number, taking
from evsed.api.v1.documents import Amps, ModeName, exact
from evsed.core.events import ChooseMode, Command, Override
from evsed.core.model import ModeChoice
from evsed.core.snapshot import Snapshot
from evsed.core.units import deciamps

_CHOICES: Final = {
    **{choice.name: choice for choice in ModeChoice},
    **{choice.name.capitalize(): choice for choice in ModeChoice},
}
MODE_SCHEMA: Final = {"type": "string", "enum": list(_CHOICES)}
_MODE_BODY: Final = body_of(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["mode"],
        "properties": {"mode": MODE_SCHEMA},
        "example": {"mode": "Smart"},
    }
)
_OVERRIDE_BODY: Final = body_of(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["current"],
        "properties": {"current": {"type": ["number", "null"], "multipleOf": 0.1, "description": "A; null ends it"}},
        "example": {"current": 10.5},
    }
)


@exact
class ModeDocument(TypedDict):
    """The mode as ``/api/v1/state`` tells it: OFF, NORMAL, SOLAR, SMART or PAUSE."""

    mode: ModeName


@exact
class OverrideDocument(TypedDict):
    """The owner's current in A for Normal and Smart; null while there is none."""

    current: Amps | None


def read_mode(given: object) -> ModeChoice:
    """The mode that a name stands for, as in ``/api/v1/state`` or as on MQTT. Raises NotTakenError."""
    choice = _CHOICES.get(given) if isinstance(given, str) else None
    if choice is None:
        names = ", ".join(choice.name.capitalize() for choice in ModeChoice)
        raise NotTakenError(Wrong(f"mode takes {names}", pointer="/mode"))
    return choice


def _mode_command(body: bytes) -> Command:
    return ChooseMode(read_mode(json_object(body, '{"mode": "Smart"}', ("mode",)).get("mode")))


def _override_command(body: bytes) -> Command:
    given = json_object(body, '{"current": 10.5}', ("current",))
    if "current" in given and given["current"] is None:
        return Override(0)
    current = number(given.get("current"))
    if current is None or deciamps(current) == 0 or abs(deciamps(current) - current * 10) > 1e-6:
        says = "current takes A as a number with one decimal at most, or null, which ends it"
        raise NotTakenError(Wrong(says, pointer="/current"))
    return Override(deciamps(current))


def override_document(snapshot: Snapshot) -> OverrideDocument:
    """The override in force."""
    return {"current": snapshot.override / 10 if snapshot.override else None}


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    def mode() -> ModeDocument:
        return {"mode": site.snapshot.choice.name}

    def override() -> OverrideDocument:
        return override_document(site.snapshot)

    @router.get("/mode", response_model=None, responses=taking(model=ModeDocument))
    async def read_current_mode() -> JSONResponse:
        """The mode."""
        return JSONResponse(mode())

    @router.put("/mode", response_model=None, openapi_extra=_MODE_BODY, responses=taking(NOT_TAKEN, model=ModeDocument))
    async def choose(request: Request) -> JSONResponse:
        """Chooses the mode: Off, Pause, or one to charge in. A timer of delayed charging ends with it."""
        return await carry_out(site, request, _mode_command, mode, lambda *_: "mode")

    @router.get("/override", response_model=None, responses=taking(model=OverrideDocument))
    async def read_override() -> JSONResponse:
        """The owner's current in force."""
        return JSONResponse(override())

    @router.put(
        "/override", response_model=None, openapi_extra=_OVERRIDE_BODY,
        responses=taking(NOT_TAKEN, model=OverrideDocument),
    )  # fmt: skip
    async def put_override(request: Request) -> JSONResponse:
        """Offers ``current`` A, from MIN to MAX, in Normal and Smart; ends with null, DELETE, or a change to Solar."""
        return await carry_out(site, request, _override_command, override, lambda *_: "current")

    @router.delete("/override", response_model=None, responses=taking(model=OverrideDocument))
    async def end_override() -> JSONResponse:
        """Ends it."""
        await site.submit(Override(0))
        return JSONResponse(override())

    return router
