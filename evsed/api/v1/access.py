"""/api/v1/access, login and logout: who may ask, and the credentials that say so. Nothing here tells a secret.

A token is told once, when it is made. What a password, a PIN and a token are good for is rights.py's.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from evsed.access import Kind, Right
from evsed.api.gate import Answer, address_of, need_installer, need_owner, turned
from evsed.api.logins import COOKIE, OWNER_S
from evsed.api.problems import Wrong, problem, problem_answer
from evsed.api.rights import Who, asker_of, right_of
from evsed.api.site import BusyError, Site
from evsed.api.v1.bodies import NOT_TAKEN, Answers, NotTakenError, body_of, json_object, pointer, taking
from evsed.api.v1.documents import exact
from evsed.credentials import LONGEST_PASSWORD, RIGHTS, SHORTEST_PASSWORD

RightName = Literal["nothing", "read", "operate", "install"]
_NAMES: Final[dict[Right, RightName]] = {
    Right.NOTHING: "nothing",
    Right.READ: "read",
    Right.OPERATE: "operate",
    Right.INSTALL: "install",
}
_KINDS: Final = {"pin": Kind.INSTALLER, "password": Kind.OWNER}
_PIN: Final = {"type": "string", "pattern": "^[0-9]{4,8}$", "description": "the installer's PIN"}
_PASSWORD: Final = {
    "type": "string",
    "minLength": SHORTEST_PASSWORD,
    "maxLength": LONGEST_PASSWORD,
    "description": "the owner's password",
}
_TEXTS: Final = ("pin", "password", "name", "right")  # refusals of the credentials begin with what they are about
LAST_WAY_IN: Final = "login is On, and this is the last way in: turn login Off first, or set another secret"


@exact
class TokenDocument(TypedDict):
    """A token, without what makes it one."""

    name: str
    right: RightName
    created: str


@exact
class NewToken(TypedDict):
    """A token that was just made. It is told this once."""

    name: str
    right: RightName
    token: str


@exact
class AccessDocument(TypedDict):
    """What the one who asks may do, and what is set."""

    right: RightName
    login: Literal["Off", "On"]
    installer_pin_set: bool
    password_set: bool
    tokens: list[TokenDocument]


@exact
class RightDocument(TypedDict):
    """What one may do now."""

    right: RightName


class _RefusedError(Exception):
    """Not for the one who asks, or not as things are."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def access_document(site: Site, request: Request) -> AccessDocument:
    """What the sender of ``request`` may do, and what is set."""
    access = site.access
    return {
        "right": _NAMES[right_of(request)],
        "login": "On" if site.login_on else "Off",
        "installer_pin_set": access.pin_set,
        "password_set": access.password_set,
        "tokens": [
            {"name": token.name, "right": _NAMES[token.right], "created": token.created} for token in access.tokens
        ],
    }


def _one(body: bytes, *names: str) -> tuple[str, str]:
    """The only text in a body, which has one of ``names``. Raises NotTakenError, which never shows what was sent."""
    example = f'{{"{names[0]}": "..."}}'
    given = json_object(body, example, names)
    if len(given) != 1:
        raise NotTakenError(Wrong(f"the body takes one of {' and '.join(names)}, such as {example}"))
    [(name, secret)] = given.items()
    if not isinstance(secret, str):
        raise NotTakenError(Wrong(f"{name} is a text in quotes", pointer=pointer(name)))
    return name, secret


def _demand(holds: object, status: int, detail: str) -> None:
    """Raises _RefusedError unless it ``holds``."""
    if not holds:
        raise _RefusedError(status, detail)


def is_owner(request: Request) -> bool:
    """Whether it is the owner, logged in with his password, or one who may install."""
    asker = asker_of(request)
    return asker.who is Who.OWNER or asker.right is Right.INSTALL


def _wanted_token(body: bytes) -> tuple[str, str]:
    """Name and right of a token in a body. Raises NotTakenError."""
    given = json_object(body, '{"name": "evcc", "right": "operate"}', ("name", "right"))
    name, right = given.get("name"), given.get("right")
    if not isinstance(name, str) or not isinstance(right, str) or right not in RIGHTS:
        raise NotTakenError(Wrong(f"the body takes a name and a right, which is {', '.join(RIGHTS)}"))
    return name, right


class _Desk:
    """What the routes do, for one site."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def told(self, request: Request, deed: Awaitable[object]) -> JSONResponse:
        """Does ``deed`` and answers as GET /access, or with the problem of it, which is counted."""
        try:
            await deed
        except _RefusedError as error:
            return self.refuse(request, error.status, str(error))
        except NotTakenError as error:
            return self.refuse(request, 422, str(error), *error.errors)
        except ValueError as error:
            about = str(error).partition(" ")[0]
            errors = [Wrong(str(error), pointer=pointer(about))] if about in _TEXTS else []
            return self.refuse(request, 422, str(error), *errors)
        return JSONResponse(access_document(self.site, request))

    def refuse(self, request: Request, status: int, detail: str, *errors: Wrong) -> JSONResponse:
        """A problem; counted."""
        self.site.refusals.note(f"{request.method} {request.url.path}", address_of(request.scope), detail)
        return problem(status, detail, errors=[error for error in errors if error.pointer])

    def demand_owner(self, request: Request) -> None:
        """Raises _RefusedError unless it is the owner, logged in with his password, or one who may install."""
        _demand(is_owner(request), 403, need_owner(self.site.access))

    def demand_a_way_in(self) -> None:
        """Raises _RefusedError when nobody could log in any more without the one that is about to go.

        Only with ``deciding`` held: another one may be about to go, or login about to be On.
        """
        _demand(not self.site.login_on or self.site.access.ways > 1, 409, LAST_WAY_IN)

    async def keep(self, deed: Callable[[], object]) -> None:
        """Carries ``deed`` out on the credentials. Raises ValueError as it does, BusyError when the disk refuses."""
        try:
            await self.site.keys.change(deed)
        except OSError as error:
            raise BusyError(f"the credentials cannot be stored ({error.strerror or error})") from None

    async def set_secret(self, request: Request, name: str) -> None:
        """PUT of a PIN or password."""
        access = self.site.access
        if name == "password":
            self.demand_owner(request)
        _, secret = _one(await request.body(), name)
        await self.keep(lambda: access.set_pin(secret) if name == "pin" else access.set_password(secret))

    async def remove_secret(self, request: Request, kind: Kind) -> None:
        """DELETE of a PIN or password; one that is not set is gone already."""
        access = self.site.access
        if kind is Kind.OWNER:
            self.demand_owner(request)
        async with self.site.keys.deciding:
            if access.stored(kind) is None:
                return
            self.demand_a_way_in()
            await self.keep(lambda: access.set_pin(None) if kind is Kind.INSTALLER else access.set_password(None))

    async def make_token(self, request: Request, made: NewToken) -> None:
        """POST of a token, which is put into ``made``."""
        self.demand_owner(request)
        name, right = _wanted_token(await request.body())
        _demand(RIGHTS[right] <= right_of(request), 403, need_installer(self.site.access))

        def deed() -> None:
            token = self.site.access.add_token(name, right)
            made.update({"name": name, "right": _NAMES[RIGHTS[right]], "token": token})

        await self.keep(deed)

    async def remove_token(self, request: Request, name: str) -> None:
        """DELETE of a token."""
        self.demand_owner(request)
        async with self.site.keys.deciding:
            tokens = [token for token in self.site.access.tokens if token.name.casefold() == name.casefold()]
            _demand(tokens, 404, f"there is no token {name[:40]!a}; GET /api/v1/access names them")
            _demand(tokens[0].right <= right_of(request), 403, need_installer(self.site.access))
            if tokens[0].right is Right.INSTALL:
                self.demand_a_way_in()
            await self.keep(lambda: self.site.access.remove_token(tokens[0].name))

    async def log_in(self, request: Request) -> JSONResponse:
        """POST of a PIN or password for a cookie."""
        try:
            name, secret = _one(await request.body(), "password", "pin")
        except NotTakenError as error:
            return self.refuse(request, 422, str(error), *error.errors)
        keys, kind, address = self.site.keys, _KINDS[name], address_of(request.scope)
        answer = await keys.judge(kind, secret, address)
        if answer is not Answer.RIGHT:
            found = turned(answer, kind, keys.wait_s(address, kind))
            response = self.refuse(request, found.status, found.detail)
            response.headers.update({"Retry-After": str(found.wait_s)} if found.wait_s else {})
            return response
        cookie = keys.logins.open(kind, keys.clock(), request.cookies.get(COOKIE, ""))
        right = keys.logins.right(cookie, keys.clock())
        response = JSONResponse({"right": _NAMES[right]}, headers={"Cache-Control": "no-store"})
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, cookie, max_age=int(OWNER_S), httponly=True, samesite="strict", secure=secure)
        return response


def _refuses(*statuses: int) -> Answers:
    said = {
        401: "a wrong PIN or password",
        403: "not for the one who asks",
        404: "there is none of that name",
        409: "login is On, and nobody could log in any more",
        429: "too many wrong ones: wait as long as Retry-After says",
    }
    return {status: problem_answer(said[status]) for status in statuses}


def _takes(required: tuple[str, ...], **properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}
    return body_of(schema)


def create_router(site: Site) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["access"])
    desk = _Desk(site)
    told = AccessDocument

    @router.get("/access", response_model=None, responses=taking(model=told))
    async def read(request: Request) -> JSONResponse:
        """What the one who asks may do, whether a login is needed, and which credentials are set."""
        return JSONResponse(access_document(site, request))

    @router.post(
        "/login",
        response_model=None,
        openapi_extra=body_of({"anyOf": [_only("password", _PASSWORD), _only("pin", _PIN)]}),
        responses=taking(NOT_TAKEN, _refuses(401, 429), model=RightDocument),
    )
    async def log_in(request: Request) -> JSONResponse:
        """Takes the owner's password or the installer's PIN; a cookie stands for it from then on."""
        return await desk.log_in(request)

    @router.post("/logout", response_model=None, responses=taking(model=RightDocument))
    async def log_out(request: Request) -> JSONResponse:
        """Ends the login of the cookie, if there is one."""
        site.keys.logins.close(request.cookies.get(COOKIE, ""))
        right = Right.NOTHING if site.login_on else Right.OPERATE
        response = JSONResponse({"right": _NAMES[right]})
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return response

    _add_secrets(router, desk)
    _add_tokens(router, desk)
    return router


def _only(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": [name], "properties": {name: schema}}


def _add_secrets(router: APIRouter, desk: _Desk) -> None:
    told = AccessDocument
    changes = taking(NOT_TAKEN, _refuses(403), model=told)
    removes = taking(_refuses(403, 409), model=told)

    @router.put("/access/pin", response_model=None, openapi_extra=_takes(("pin",), pin=_PIN), responses=changes)
    async def set_pin(request: Request) -> JSONResponse:
        """Sets the installer's PIN; logins with the one before end."""
        return await desk.told(request, desk.set_secret(request, "pin"))

    @router.delete("/access/pin", response_model=None, responses=removes)
    async def remove_pin(request: Request) -> JSONResponse:
        """Takes the installer's PIN away; his settings are then changed at the unit and by root only, or by token."""
        return await desk.told(request, desk.remove_secret(request, Kind.INSTALLER))

    takes_password = _takes(("password",), password=_PASSWORD)

    @router.put("/access/password", response_model=None, openapi_extra=takes_password, responses=changes)
    async def set_password(request: Request) -> JSONResponse:
        """Sets the owner's password; who may install, or knows the one before."""
        return await desk.told(request, desk.set_secret(request, "password"))

    @router.delete("/access/password", response_model=None, responses=removes)
    async def remove_password(request: Request) -> JSONResponse:
        """Takes the owner's password away."""
        return await desk.told(request, desk.remove_secret(request, Kind.OWNER))


def _add_tokens(router: APIRouter, desk: _Desk) -> None:
    name = {"type": "string", "minLength": 1, "maxLength": 32}
    right = {"type": "string", "enum": list(RIGHTS)}

    @router.post(
        "/access/tokens",
        response_model=None,
        openapi_extra=_takes(("name", "right"), name=name, right=right),
        responses=taking(NOT_TAKEN, _refuses(403), model=NewToken),
    )
    async def make(request: Request) -> JSONResponse:
        """Makes a token for a program, and tells it this once; it may do no more than who makes it."""
        made: NewToken = {"name": "", "right": "nothing", "token": ""}
        answer = await desk.told(request, desk.make_token(request, made))
        return JSONResponse(made, headers={"Cache-Control": "no-store"}) if made["token"] else answer

    @router.delete(
        "/access/tokens/{name}",
        response_model=None,
        responses=taking(NOT_TAKEN, _refuses(403, 404, 409), model=AccessDocument),
    )
    async def remove(request: Request, name: Annotated[str, Path(max_length=32)]) -> JSONResponse:
        """Takes a token away; what it has open ends."""
        return await desk.told(request, desk.remove_token(request, name))
