"""/api/v1/update: which version runs, how far an update is, what came of the last, and whose signatures count."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import Field
from typing_extensions import TypedDict

from evsed import __version__
from evsed.api.site import Site
from evsed.api.update.handover import RECEIVING, Report, Updates
from evsed.api.v1.bodies import taking
from evsed.api.v1.documents import UnixSeconds, exact
from evsed.update.handed import MOST_BYTES


@exact
class KeyDocument(TypedDict):
    """A key whose signatures count."""

    kind: Literal["built_in", "owner"]
    name: str
    fingerprint: str


@exact
class UpdateDocument(TypedDict):
    """``text`` says more of ``state``; the versions, the time and what packages have to be are null where not known."""

    version: str
    state: Literal["idle", "receiving", "handed", "installing", "checking", "going_back", "done", "failed"]
    text: str
    from_version: str | None
    to_version: str | None
    at: UnixSeconds | None
    keys: list[KeyDocument]
    broken_keys: list[str]
    unavailable: Annotated[str | None, Field(description="why POST /update takes nothing here")]
    release: Annotated[str | None, Field(description="what a package's version has to end in, after the +")]
    architecture: str | None
    most_bytes: int


def update_document(updates: Updates | None) -> UpdateDocument:
    """All of it; reads files."""
    known = updates or Updates(why_not="nobody installs updates here")
    report = Report(RECEIVING) if known.receiving else known.report()
    keys = known.keys()
    return {
        "version": __version__,
        "state": report.state,  # type: ignore[typeddict-item] # one of STATES
        "text": report.text,
        "from_version": report.from_version or None,
        "to_version": report.to_version or None,
        "at": report.at or None,
        "keys": [
            {"kind": key.kind, "name": key.path.name, "fingerprint": key.fingerprint}  # type: ignore[typeddict-item]
            for key in keys.found
        ],
        "broken_keys": list(keys.wrong),
        "unavailable": known.why_not or None,
        "release": (known.release if known.architecture else "") or None,
        "architecture": known.architecture or None,
        "most_bytes": MOST_BYTES,
    }


def create_router(site: Site) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/api/v1", tags=["v1"])

    @router.get("/update", response_model=None, responses=taking(model=UpdateDocument))
    async def read() -> JSONResponse:
        """The version that runs, how far an update is, what came of the last one, and whose signatures count."""
        return JSONResponse(await asyncio.to_thread(update_document, site.updates))

    return router
