"""The gate: finds out what a request may do, and lets it in where that is enough, before a body is read.

Owns who is who: a token (``Authorization: Bearer``), the installer's PIN or the owner's password (``Basic``), the
cookie of a login, the control socket, or anybody. What each route needs is rights.py's, what is set is access.py's. A
wrong secret is refused also where none would have been needed: who gives one must not believe that it counted.
"""

import asyncio
import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from evsed.access import Access, Kind, Right, Token
from evsed.api.bounds import Places
from evsed.api.guesses import Guesses
from evsed.api.logins import COOKIE, Logins
from evsed.api.pages import login_page
from evsed.api.problems import refusal
from evsed.api.refusals import Refusals
from evsed.api.rights import ASKER_KEY, RIGHT_KEY, Asker, Needs, Who
from evsed.api.tries import Tries, network_of

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_WAITING: Final = 8
_RIGHT_OF: Final = {Kind.OWNER: Right.OPERATE, Kind.INSTALLER: Right.INSTALL}
_WHO: Final = {Kind.OWNER: Who.OWNER, Kind.INSTALLER: Who.INSTALLER}
NO_PIN: Final = (
    "no installer's PIN is set yet, and until then this is changed only at the unit: set INST PIN in the menu of the "
    "LCD, or as root on the Raspberry Pi with sudo evsed access pin"
)
_NEEDS_INSTALLER: Final = (
    "this belongs to the installer: give his PIN (curl --user installer:PIN), a token with the right install, or log "
    "in at /login"
)
_NEEDS_OWNER: Final = (
    "this is for the owner with his password, or for the installer: give one (curl --user owner:PASSWORD, or "
    "installer:PIN), or log in at /login"
)
_NO_OWNER: Final = (
    "this is for the owner with his password, or for the installer, and neither is set yet: set INST PIN in the menu "
    "of the LCD first (or, as root on the Raspberry Pi, with sudo evsed access pin), then the password with that PIN"
)
_NEEDS_MORE: Final = "this token may only look; make one with the right operate"
_LOG_IN: Final = (
    "this charger asks for a login: give a token (Authorization: Bearer TOKEN), the owner's password (curl --user "
    "owner:PASSWORD), or log in at /login"
)


class Answer(Enum):
    """What a PIN or password was answered with."""

    RIGHT = auto()
    WRONG = auto()
    NONE_SET = auto()
    WAIT = auto()  # too many wrong ones; this one was not even looked at


class Keys:
    """The secrets of one charger and who guesses at them; on the web server's thread only."""

    def __init__(
        self, access: Access, clock: Callable[[], float] = time.monotonic, guesses: Guesses | None = None
    ) -> None:
        self.access = access
        self.clock = clock
        self.logins = Logins(access)
        self.guesses = guesses or Guesses()
        self._tries = {Kind.INSTALLER: Tries(self.guesses.installer), Kind.OWNER: Tries()}
        self.deciding = asyncio.Lock()
        """Held by whoever takes a way in away or turns login On, from the look at what is left until it is done."""
        self._one = asyncio.Lock()
        self._strangers = Places(_MOST_WAITING)
        self._known = Places(_MOST_WAITING)

    async def judge(self, kind: Kind, given: str, address: str) -> Answer:
        """Judges a secret; one at a time, for it costs memory and a processor. A wrong one counts.

        Who gave the right one before does not queue with those that guess.
        """
        if self.access.stored(kind) is None:
            return Answer.NONE_SET
        network = network_of(address)
        known = self._tries[kind].knows(address)
        queue = self._known if known else self._strangers
        if queue.full:
            return Answer.WAIT
        # only while no try of this address is under way: it would be compared before that one has counted
        at_once = known and not queue.of(network) and not self._waits_s(kind, address)
        if at_once and self.access.remembers(kind, given):
            self._tries[kind].right(address)
            return Answer.RIGHT
        with queue.one(network):
            async with self._one:
                return await self._judged(kind, given, address)

    async def _judged(self, kind: Kind, given: str, address: str) -> Answer:
        if self._waits_s(kind, address):
            return Answer.WAIT
        right = self.access.remembers(kind, given)
        try:
            right = right or await asyncio.to_thread(self.access.check, kind, given)
        finally:
            if right:
                self._tries[kind].right(address)
            else:
                self._tries[kind].wrong(address, self.clock())  # also when nobody waits for the answer any more
        if not right and kind is Kind.INSTALLER:
            await self.keep_guesses()
        return Answer.RIGHT if right else Answer.WRONG

    async def keep_guesses(self) -> None:
        """A wrong PIN is on the disk before it is answered: who restarts the daemon does not guess afresh."""
        await asyncio.to_thread(self.guesses.keep)

    def _waits_s(self, kind: Kind, address: str) -> int:
        return self._tries[kind].wait_s(address, self.clock())

    def wait_s(self, address: str, kind: Kind | None = None) -> int:
        """How many seconds ``address`` has to wait with a secret of ``kind`` (None: of any), at least 1."""
        return max(1, *(self._waits_s(each, address) for each in Kind if kind in {each, None}))

    async def change(self, deed: Callable[[], object]) -> None:
        """Sets another secret, off the event loop. Raises what ``deed`` raises."""
        async with self._one:
            await asyncio.to_thread(deed)


@dataclass(frozen=True, slots=True)
class Turned:
    """Why a request is not let in."""

    status: int
    detail: str
    wait_s: int = 0


def address_of(scope: Scope) -> str:
    """The client's."""
    client = scope.get("client")
    return str(client[0]) if client else ""


class Gate:
    """The middleware."""

    def __init__(
        self, app: ASGIApp, keys: Keys, needs: Needs, login_on: Callable[[], bool], refusals: Refusals
    ) -> None:
        self._app = app
        self._keys = keys
        self._needs = needs
        self._login_on = login_on
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = await self._asker(scope)
        if isinstance(found, Asker):
            missing = self._missing(found, self._needs.of(scope))
            if missing is None:
                scope[RIGHT_KEY], scope[ASKER_KEY] = found.right, found
                await self._app(scope, receive, send)
                return
            found = missing
        where = f"{scope['method']} {scope['path'][:80]}"
        self._refusals.note(where, address_of(scope), found.detail)
        await _answer(scope, found)(scope, receive, send)

    def _missing(self, asker: Asker, needed: Right) -> Turned | None:
        if asker.right >= needed:
            return None
        if asker.right is Right.NOTHING:
            return Turned(401, _LOG_IN)
        if needed is Right.INSTALL:
            return Turned(403, need_installer(self._keys.access))
        return Turned(403, _NEEDS_MORE)

    # ---- who it is ----

    async def _asker(self, scope: Scope) -> Asker | Turned:
        right = scope.get(RIGHT_KEY)
        if isinstance(right, Right):
            return Asker(Who.HERE, right, lambda: right)
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        if len(given) > 1:
            return Turned(401, "there is more than one Authorization in this request")
        if given:
            scheme, _, value = given[0].strip().partition(" ")
            if scheme.lower() == "bearer":
                return self._of_token(value.strip())
            if scheme.lower() == "basic":
                return await self._of_secret(value.strip(), address_of(scope))
            return Turned(401, "Authorization takes Bearer TOKEN, or Basic with owner or installer as the name")
        return self._of_cookie(scope) or Asker(Who.ANYBODY, self._anybody(), self._anybody)

    def _anybody(self) -> Right:
        return Right.NOTHING if self._login_on() else Right.OPERATE

    def _of_token(self, value: str) -> Asker | Turned:
        token: Token | None = self._keys.access.token(value)
        if token is None:
            return Turned(401, "this token is none, or was removed")

        def still() -> Right:
            return token.right if token in self._keys.access.tokens else Right.NOTHING

        return Asker(Who.TOKEN, token.right, still)

    async def _of_secret(self, value: str, address: str) -> Asker | Turned:
        try:
            name, colon, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
            kind = Kind(name)
        except (binascii.Error, ValueError):
            return Turned(401, "Authorization: Basic takes owner:PASSWORD or installer:PIN")
        if not colon:
            return Turned(401, "Authorization: Basic takes owner:PASSWORD or installer:PIN")
        answer = await self._keys.judge(kind, secret, address)
        if answer is not Answer.RIGHT:
            return turned(answer, kind, self._keys.wait_s(address, kind))
        stored = self._keys.access.stored(kind)

        def still() -> Right:
            return _RIGHT_OF[kind] if self._keys.access.stored(kind) is stored else Right.NOTHING

        return Asker(_WHO[kind], _RIGHT_OF[kind], still)

    def _of_cookie(self, scope: Scope) -> Asker | None:
        """None for a cookie that is none any more: its time was over, which is nobody's mistake."""
        cookie = HTTPConnection(scope).cookies.get(COOKIE, "")
        logins, clock = self._keys.logins, self._keys.clock
        right = logins.right(cookie, clock(), changes=scope["method"] not in _SAFE)
        if right is Right.NOTHING:
            return None
        who = Who.INSTALLER if right is Right.INSTALL else Who.OWNER
        return Asker(who, right, lambda: max(logins.right(cookie, clock(), uses=False), self._anybody()))


def need_installer(access: Access) -> str:
    """What to do where only the installer may."""
    return _NEEDS_INSTALLER if access.pin_set else NO_PIN


def need_owner(access: Access) -> str:
    """What to do where only the owner may, or the installer."""
    return _NEEDS_OWNER if access.pin_set or access.password_set else _NO_OWNER


def turned(answer: Answer, kind: Kind, wait_s: int) -> Turned:
    """The refusal of a secret that was not right."""
    secret = "the installer's PIN" if kind is Kind.INSTALLER else "the owner's password"
    match answer:
        case Answer.WAIT:
            return Turned(429, f"too many wrong PINs or passwords: wait {wait_s} s", wait_s)
        case Answer.NONE_SET:
            return Turned(401, NO_PIN if kind is Kind.INSTALLER else "no owner's password is set yet")
        case _:
            return Turned(401, f"{secret} is wrong")


def _answer(scope: Scope, found: Turned) -> Response:
    """As a page where somebody with a browser has to log in; else as the clients of that path read it."""
    connection = HTTPConnection(scope)
    headers = {} if scope["method"] in _SAFE else {"Connection": "close"}  # its body is not read
    if found.wait_s:
        headers["Retry-After"] = str(found.wait_s)
    if found.status == 401 and scope["method"] in _SAFE and "text/html" in connection.headers.get("accept", ""):
        return login_page(401)
    if found.status == 401:
        asks_itself = "Mozilla/" in connection.headers.get("user-agent", "")  # a browser, in a window of its own
        basic = "" if asks_itself else 'Basic realm="evsed", charset="UTF-8", '
        headers["WWW-Authenticate"] = f'{basic}Bearer realm="evsed"'
    return refusal(scope["path"], found.status, found.detail, headers)
