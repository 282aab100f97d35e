"""The web server's application: routes, the page, bounds on requests, and errors that say what to do."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Match

from evsed import __version__
from evsed.api.bounds import BodyLimit
from evsed.api.routes import (
    limit,
    meters,
    settings,
    state,
    v1_charging,
    v1_counters,
    v1_events,
    v1_meters,
    v1_settings,
    v1_timer,
)
from evsed.api.site import BusyError, Site

_WEB: Final = Path(__file__).parent / "web"
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}


def create_app(site: Site, *extra: APIRouter) -> FastAPI:
    """The application for ``site``; ``extra`` routes come from the composition root."""
    app = FastAPI(title="evsed", version=__version__, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(BusyError, _busy)
    v1 = (state, v1_events, v1_settings, v1_meters, v1_counters, v1_charging, v1_timer, limit)
    for module in (settings, meters, *v1):
        app.include_router(module.create_router(site))
    for router in extra:
        app.include_router(router)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(_WEB / "index.html", headers=_PAGE_HEADERS)

    app.mount("/web", StaticFiles(directory=_WEB), name="web")
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    texts = {
        404: f"there is nothing at {request.url.path}; the page is at /, the REST API at /settings",
        405: f"{request.method} is not for {request.url.path}; {' and '.join(_methods(request))} is",
    }
    is_default = error.detail in {"Not Found", "Method Not Allowed"}
    detail = texts.get(error.status_code, error.detail) if is_default else error.detail
    return JSONResponse({"detail": detail}, error.status_code, headers=error.headers)


def _methods(request: Request) -> list[str]:
    """The methods that this path takes; Starlette's own answer names those of one of its routes only."""
    scope = dict(request.scope)
    takes = []
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope["method"] = method
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            takes.append(method)
    return takes


async def _busy(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"{error}; try again"}, 503)
