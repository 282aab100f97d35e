"""/api/v1/about: which charger this is, where it is reached, what it runs on, since when, and what its clock shows."""

import asyncio
import platform
import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import Field
from typing_extensions import TypedDict

from evsed import __version__
from evsed.api import machine
from evsed.api.interfaces import Interface, interfaces, reachable
from evsed.api.site import Site
from evsed.api.v1.bodies import taking
from evsed.api.v1.documents import LocalTime, Seconds, UnixSeconds, exact
from evsed.config import KINDS, Installation
from evsed.started import Started

_DEFAULT_PORTS = {"http": 80, "https": 443}


@exact
class MachineDocument(TypedDict):
    """The computer; what it does not say is null."""

    name: str  # its host name
    model: str | None
    architecture: str
    system: str | None
    python: str
    uptime_s: Seconds


@exact
class ClockDocument(TypedDict):
    """What the charger's clock shows. ``right`` false: nobody knows yet whether that is the time of day."""

    right: bool
    unix: UnixSeconds
    local_time: LocalTime
    utc_offset_s: Seconds
    time_zone: str | None
    abbreviation: str


@exact
class AboutDocument(TypedDict):
    """This charger. ``licence`` null: none is stated yet. ``started``: why, null where that is not known."""

    version: str
    serial: int
    board: Annotated[str | None, Field(json_schema_extra={"enum": [*KINDS, None]})]
    urls: list[str]
    licence: str | None
    uptime_s: Seconds
    started: Annotated[str | None, Field(json_schema_extra={"enum": [*(why.value for why in Started), None]})]
    machine: MachineDocument
    clock: ClockDocument


def urls(installation: Installation, announced: str, present: Sequence[Interface]) -> list[str]:
    """Where browsers find the page: by the name that mDNS has ``announced``, then by address; without TLS first."""
    served = {"http": installation.http.port, "https": installation.tls.port if installation.tls.enabled else 0}
    names = [announced] if announced else []
    addresses = [f"[{one}]" if ":" in one else one for one in reachable(installation.http.host, present)]
    return [
        f"{scheme}://{host}{'' if port == _DEFAULT_PORTS[scheme] else f':{port}'}/"
        for scheme, port in served.items()
        if port
        for host in (*names, *installation.http.names, *addresses)
    ]


def clock_document(unix_s: int, *, right: bool) -> ClockDocument:
    """What the charger's wall shows at ``unix_s``."""
    time.tzset()  # the owner may have changed the system's zone since
    local = datetime.fromtimestamp(unix_s, UTC).astimezone()
    offset = local.utcoffset()
    return {
        "right": right,
        "unix": unix_s,
        "local_time": local.isoformat(),
        "utc_offset_s": 0 if offset is None else int(offset.total_seconds()),
        "time_zone": machine.zone(),
        "abbreviation": local.tzname() or "",
    }


def machine_document() -> MachineDocument:
    """The computer."""
    return {
        "name": socket.gethostname(),
        "model": machine.model(),
        "architecture": platform.machine(),
        "system": machine.system(),
        "python": platform.python_version(),
        "uptime_s": machine.uptime_s(),
    }


def about_document(site: Site) -> AboutDocument:
    """All of it. Asks the system, so not for the event loop. Raises BusyError."""
    snapshot = site.snapshot
    return {
        "version": __version__,
        "serial": site.installation.serial,
        "board": site.installation.board.kind or None,
        "urls": urls(site.installation, site.announced(), _present()),
        "licence": None,
        "uptime_s": snapshot.uptime_s,
        "started": None if site.started is None else site.started.value,
        "machine": machine_document(),
        "clock": clock_document(int(time.time()), right=snapshot.unix_s is not None),
    }


def _present() -> Sequence[Interface]:
    try:
        return interfaces()
    except OSError:
        return ()


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/about", response_model=None, responses=taking(model=AboutDocument))
    async def read() -> JSONResponse:
        """Which charger this is: version, names, machine, since when it runs and why, and what its clock shows."""
        return JSONResponse(await asyncio.to_thread(about_document, site))

    return router
