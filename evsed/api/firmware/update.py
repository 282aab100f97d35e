"""/update: the page with the form, and what the form sends. Answers as the firmware does: OK, or FAIL: and why."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.requests import ClientDisconnect

from evsed.api.bounds import GIVE_BACK
from evsed.api.gate import need_installer
from evsed.api.pages import page
from evsed.api.rights import Right, asker_of, right_of
from evsed.api.site import Site
from evsed.api.update.handover import Updates
from evsed.api.update.upload import Form, UploadError, be_patient, read_away, receive

_NOBODY: Final = "nobody installs updates here"
_TEXT: Final[dict[str, Any]] = {"text/plain": {"schema": {"type": "string"}}}
_BINARY: Final = {"type": "string", "format": "binary"}
_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "signature"],
                    "properties": {
                        "file": {**_BINARY, "description": "the package, evsed_<version>_<architecture>.deb"},
                        "signature": {**_BINARY, "description": "its signature, the .deb.sig beside it"},
                    },
                }
            }
        },
    }
}
_FAILS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"description": "FAIL: not a package for this charger, or not signed by who may", "content": _TEXT},
    409: {"description": "FAIL: another update is under way", "content": _TEXT},
    413: {"description": "FAIL: too long for a package", "content": _TEXT},
    415: {"description": "FAIL: no form", "content": _TEXT},
    503: {"description": "FAIL: nobody installs updates here", "content": _TEXT},
    507: {"description": "FAIL: the disk is full", "content": _TEXT},
}


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["unit"])

    @router.get("/update", response_class=HTMLResponse)
    async def show() -> Response:
        """The page on which evsed is updated."""
        return page("update")

    @router.post("/update", response_class=PlainTextResponse, openapi_extra=_FORM, responses=_FAILS)
    async def update(request: Request) -> PlainTextResponse:
        """Takes a signed package: OK when it was received, verified and handed to root's installer.

        What comes of it is in GET /api/v1/update: charging is stopped in order, the package is installed, and the old
        one comes back when the new one is not well within a minute. FAIL: and the reason when nothing was taken.
        """
        if right_of(request) < Right.INSTALL:  # once more, behind the gate
            raise HTTPException(403, need_installer(site.access))
        try:
            await _take(request, site.updates)
        except UploadError as error:
            site.refusals.note("POST /update", "", str(error))
            return PlainTextResponse(f"FAIL: {error}", error.status)
        except ClientDisconnect:
            site.refusals.note("POST /update", "", "the upload was interrupted")
            return PlainTextResponse("FAIL: the upload was interrupted", 400)  # for nobody
        return PlainTextResponse("OK")

    return router


async def _take(request: Request, updates: Updates | None) -> None:
    """One upload, from the first byte until it was handed over. Raises UploadError, ClientDisconnect."""
    be_patient(request)
    pieces = request.stream()
    try:
        await _taken(request, updates, pieces)
    except UploadError:
        request.scope.get(GIVE_BACK, _nothing)()
        await read_away(request, pieces)
        raise


async def _taken(request: Request, updates: Updates | None, pieces: AsyncIterator[bytes]) -> None:
    if updates is None or updates.why_not:
        raise UploadError(503, _NOBODY if updates is None else updates.why_not)
    if updates.receiving:
        raise UploadError(409, "another upload is under way: wait for its end")
    updates.receiving = True
    try:
        await _receive(request, updates, pieces)
    finally:
        updates.receiving = False


def _nothing() -> None:
    """There is no place to give back."""


async def _receive(request: Request, updates: Updates, pieces: AsyncIterator[bytes]) -> None:
    length = request.headers.get("content-length", "")
    await asyncio.to_thread(updates.open, int(length) if length.isdecimal() else None)
    form = Form(request.headers.get("content-type", ""), updates.partial, updates.judge)
    try:
        uploaded = await receive(pieces, form)
        _may_still(request)
        await asyncio.to_thread(updates.hand_over, uploaded)
    except BaseException:
        with contextlib.suppress(OSError):
            await asyncio.shield(asyncio.to_thread(updates.clear))
        raise


def _may_still(request: Request) -> None:
    """An upload takes long: a login may have ended meanwhile, or a token be gone. Raises UploadError."""
    right = asker_of(request).still()
    if right < Right.INSTALL:
        why = "the login that this upload began with counts no more: log in, and send it again"
        raise UploadError(401 if right is Right.NOTHING else 403, why)
