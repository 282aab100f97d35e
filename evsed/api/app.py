"""The web server's application: routes, the page, who may ask and how much, and errors that say what to do."""

import socket
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from evsed import __version__
from evsed.api.bounds import LATER, Bounds
from evsed.api.docs import add_docs
from evsed.api.firmware import lcd, meters, settings, unit, update
from evsed.api.gate import Gate
from evsed.api.guard import Guard, names_of
from evsed.api.metrics import route as metrics
from evsed.api.openapi import document
from evsed.api.pages import Assets, login_page, page
from evsed.api.problems import Wrong, refusal
from evsed.api.rights import Needs, Served
from evsed.api.site import BusyError, Site
from evsed.api.v1 import (
    about,
    access,
    alerts,
    backup,
    cards,
    charging,
    counters,
    devices,
    events,
    history,
    limit,
    log,
    sessions,
    state,
    timer,
)
from evsed.api.v1 import meters as v1_meters
from evsed.api.v1 import settings as v1_settings
from evsed.api.v1 import update as v1_update
from evsed.core.events import CredentialsSet


class _App(FastAPI):
    """FastAPI with our OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The document that /openapi.json answers."""
        return document(self)


def create_app(site: Site, *extra: APIRouter) -> FastAPI:
    """The application for ``site``; ``extra`` routes come from the composition root."""
    app = _App(title="evsed", version=__version__, docs_url=None, redoc_url=None)
    names = names_of(site.installation.serial, socket.gethostname(), site.installation.http.names)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(BusyError, _busy)
    app.add_exception_handler(Exception, _broken)
    owners = (state, events, v1_settings, v1_meters, counters, charging, timer, limit)
    v1 = (*owners, log, about, devices, access, alerts, backup, cards, history, sessions, v1_update)
    for module in (settings, meters, unit, update, lcd, metrics, *v1):
        app.include_router(module.create_router(site))
    for router in extra:
        app.include_router(router)

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return page("index")

    @app.get("/login", include_in_schema=False)
    async def login() -> Response:
        return login_page()

    add_docs(app)
    app.mount("/web", Assets(), name="web")
    app.add_middleware(Bounds)
    needs = Needs(routes_of(app))
    app.add_middleware(Gate, keys=site.keys, needs=needs, login_on=lambda: site.login_on, refusals=site.refusals)
    app.add_middleware(Guard, names=names, refusals=site.refusals)  # outermost: before a body is read, as the gate
    keys = site.access
    keys.when_changed(
        lambda: site.runtime.post(
            CredentialsSet(keys.pin_set, anybody=keys.anybody, by_pin_alone=keys.pin_set and keys.ways == 1)
        )
    )
    return app


def routes_of(app: FastAPI) -> list[Served]:
    """Every route, in the router's order; what is mounted ends in ``{path}``."""
    found = []
    for route in iter_route_contexts(app.routes):
        methods = frozenset(route.methods or ())
        path = str(route.path) if methods else f"{route.path}/{{path}}"
        found.append(Served(methods, path, route.matches))
    return found


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    path = request.url.path
    takes = _methods(request) if error.status_code == 405 else []
    texts = {
        404: f"there is nothing at {path}; the page is at /, the REST API at /settings, and /docs shows all of it",
        405: f"{request.method} is not for {path}; {' and '.join(takes) or 'nothing'} is",
    }
    is_default = error.detail in {"Not Found", "Method Not Allowed"}
    detail = texts.get(error.status_code, error.detail) if is_default else error.detail
    headers = {**(error.headers or {}), **({"Allow": ", ".join(takes)} if takes else {})}
    return refusal(path, error.status_code, detail, headers)


def _methods(request: Request) -> list[str]:
    """The methods that this path takes; Starlette's own answer names those of one of its routes only."""
    scope = {**request.scope, "root_path": ""}  # that of a mount has been cut off from the path
    takes = []
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope["method"] = method
        matching = [route for route in request.app.routes if route.matches(scope)[0] is Match.FULL]
        if any(method == "GET" or not isinstance(route, Mount) for route in matching):  # files are read only
            takes.append(method)
    return takes


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    errors = [_wrong(found["loc"], found["msg"]) for found in error.errors()]
    detail = "; ".join(f"{wrong.parameter or wrong.pointer or 'the body'}: {wrong.detail}" for wrong in errors)
    return refusal(request.url.path, 422, detail, errors=errors)


def _wrong(place: Sequence[str | int], says: str) -> Wrong:
    """What FastAPI found at ``place``, which begins with body, query, path or header."""
    parts: list[Any] = [str(part) for part in place[1:]]
    if place and place[0] == "body":
        escaped = (part.replace("~", "~0").replace("/", "~1") for part in parts)  # RFC 6901
        return Wrong(says, pointer="".join(f"/{part}" for part in escaped))
    return Wrong(says, parameter=".".join(parts))


async def _busy(request: Request, error: Exception) -> JSONResponse:
    return refusal(request.url.path, 503, f"{error}; try again", LATER)


async def _broken(request: Request, _error: Exception) -> JSONResponse:
    """A bug of ours; the server logs it."""
    return refusal(request.url.path, 500, "this is a fault of the charger's software; its log says more")
