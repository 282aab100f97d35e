"""/api/v1/devices: how the devices beside the board do, and what the home battery has said last."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.api.site import Site
from evsed.api.v1.bodies import taking
from evsed.api.v1.documents import Amps, Fraction, SinceStart, exact
from evsed.core.metering import BATTERY_STALE_MS
from evsed.core.snapshot import Snapshot


@exact
class DeviceDocument(TypedDict):
    """A device: bus_1 and so on, lcd, card_reader. ``works`` null: it was not tried yet."""

    name: str
    works: bool | None
    errors: SinceStart


@exact
class BatteryDocument(TypedDict):
    """What a program has told of the home battery; positive: it charges. ``counts`` false: that is too old."""

    current: Amps
    age_s: Fraction
    counts: bool


@exact
class Devices(TypedDict):
    """``home_battery`` null: nothing was ever told of one."""

    devices: list[DeviceDocument]
    home_battery: BatteryDocument | None


def battery_document(snapshot: Snapshot) -> BatteryDocument | None:
    """The home battery's last word."""
    if snapshot.battery_at is None:
        return None
    age_ms = max(0, snapshot.now - snapshot.battery_at)
    return {
        "current": snapshot.battery / 10,
        "age_s": round(age_ms / 1000, 1),
        "counts": age_ms <= BATTERY_STALE_MS,
    }


def devices_document(site: Site) -> Devices:
    """All of them. Raises BusyError."""
    found: list[DeviceDocument] = [
        {"name": one.name, "works": one.works, "errors": one.errors} for one in site.devices()
    ]
    return {"devices": found, "home_battery": battery_document(site.snapshot)}


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/devices", response_model=None, responses=taking(model=Devices))
    async def read() -> JSONResponse:
        """The devices beside the board (RS485 lines, LCD, card reader), and the home battery's last word."""
        return JSONResponse(devices_document(site))

    return router
