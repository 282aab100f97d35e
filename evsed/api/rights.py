"""What a request may do, and what each route needs: the one table of who may ask what.

Who asks is found out before a route is reached (``gate.py``), and stands in the request; a route that needs more for
some of what it takes (an installer's setting) looks there. A route without a row needs INSTALL.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from fastapi import Request
from starlette.routing import Match
from starlette.types import Scope

from evsed.access import Right

__all__ = ["NEEDS", "Asker", "Needs", "Right", "Served", "Who", "asker_of", "right_of"]

RIGHT_KEY: Final = "evsed.right"
ASKER_KEY: Final = "evsed.asker"

_N, _R, _O, _I = Right

NEEDS: Final[Mapping[tuple[str, str], Right]] = MappingProxyType(
    {
        # the web page, what describes the interfaces, and the way in
        ("GET", "/"): _R,
        ("GET", "/login"): _N,
        ("GET", "/docs"): _R,
        ("GET", "/docs/swagger/{path}"): _R,
        ("GET", "/openapi.json"): _R,
        ("GET", "/web/{path}"): _R,
        ("GET", "/web/login.js"): _N,  # what the login page is made of
        ("GET", "/web/base.css"): _N,
        ("GET", "/web/theme.js"): _N,
        ("GET", "/web/icon.svg"): _N,
        ("GET", "/web/lib/i18n.js"): _N,
        ("GET", "/web/locale/en/login.json"): _N,
        ("GET", "/web/locale/nl/login.json"): _N,
        ("GET", "/web/locale/de/login.json"): _N,
        ("POST", "/api/v1/login"): _N,
        ("POST", "/api/v1/logout"): _N,
        # the paths of the firmware
        ("GET", "/settings"): _R,
        ("POST", "/settings"): _O,
        ("POST", "/currents"): _O,
        ("POST", "/ev_meter"): _O,
        ("GET", "/update"): _R,
        ("POST", "/update"): _I,
        ("POST", "/reboot"): _O,
        ("DELETE", "/erasesettings"): _I,
        ("POST", "/modem"): _O,
        ("POST", "/rfid"): _O,
        ("POST", "/color_off"): _O,
        ("POST", "/color_normal"): _O,
        ("POST", "/color_smart"): _O,
        ("POST", "/color_solar"): _O,
        ("POST", "/color_custom"): _O,
        ("GET", "/lcd"): _R,
        ("POST", "/lcd"): _O,
        ("POST", "/lcd-verify-password"): _O,
        # ours
        ("GET", "/metrics"): _R,
        ("GET", "/api/v1/state"): _R,
        ("GET", "/api/v1/events"): _R,
        ("GET", "/api/v1/log"): _R,
        ("POST", "/api/v1/faults/clear"): _O,
        ("GET", "/api/v1/settings"): _R,
        ("PATCH", "/api/v1/settings"): _O,  # and INSTALL for an installer's, that or the owner's for login
        ("GET", "/api/v1/meters"): _R,
        ("GET", "/api/v1/counters"): _R,
        ("GET", "/api/v1/about"): _R,
        ("GET", "/api/v1/devices"): _R,
        ("GET", "/api/v1/mode"): _R,
        ("PUT", "/api/v1/mode"): _O,
        ("GET", "/api/v1/override"): _R,
        ("PUT", "/api/v1/override"): _O,
        ("DELETE", "/api/v1/override"): _O,
        ("GET", "/api/v1/timer"): _R,
        ("PUT", "/api/v1/timer"): _O,
        ("DELETE", "/api/v1/timer"): _O,
        ("GET", "/api/v1/limit"): _R,
        ("PUT", "/api/v1/limit"): _O,
        ("DELETE", "/api/v1/limit"): _O,
        ("GET", "/api/v1/history"): _R,
        ("GET", "/api/v1/history.csv"): _R,
        ("GET", "/api/v1/sessions"): _R,
        ("GET", "/api/v1/sessions/{id}"): _R,
        ("GET", "/api/v1/sessions.csv"): _R,
        ("GET", "/api/v1/sessions.json"): _R,
        ("GET", "/api/v1/cards"): _O,
        ("GET", "/api/v1/cards.csv"): _O,
        ("GET", "/api/v1/cards.json"): _O,
        ("PUT", "/api/v1/cards/{uid}"): _O,
        ("DELETE", "/api/v1/cards/{uid}"): _O,
        ("POST", "/api/v1/cards/import"): _O,
        ("GET", "/api/v1/backup"): _R,  # and INSTALL with secrets
        ("POST", "/api/v1/restore"): _O,  # and INSTALL where the file changes what is an installer's
        ("GET", "/api/v1/alerts"): _R,
        ("POST", "/api/v1/alerts/test"): _O,
        ("GET", "/api/v1/update"): _R,
        # who may ask
        ("GET", "/api/v1/access"): _R,
        ("PUT", "/api/v1/access/pin"): _I,
        ("DELETE", "/api/v1/access/pin"): _I,
        ("PUT", "/api/v1/access/password"): _O,  # the owner's or INSTALL
        ("DELETE", "/api/v1/access/password"): _O,  # same
        ("POST", "/api/v1/access/tokens"): _O,  # the owner's or INSTALL, and none with more than he may himself
        ("DELETE", "/api/v1/access/tokens/{name}"): _O,  # same
        # the plant beside a simulated charger
        ("GET", "/simulation"): _R,
        ("PATCH", "/simulation"): _O,
        ("POST", "/simulation/button"): _O,
    }
)
"""By method and path: what is needed at least. HEAD needs what GET does."""


class Who(Enum):
    """As whom a request came in."""

    ANYBODY = auto()  # without a login
    OWNER = auto()  # with the owner's password
    INSTALLER = auto()  # with the installer's PIN
    TOKEN = auto()
    HERE = auto()  # over the control socket: root


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and what he may; ``still`` says what he may later on, for an answer that takes long."""

    who: Who
    right: Right
    still: Callable[[], Right]


def right_of(request: Request) -> Right:
    """What the one who sent ``request`` may do."""
    found = request.scope.get(RIGHT_KEY)
    return found if isinstance(found, Right) else Right.OPERATE


def asker_of(request: Request) -> Asker:
    """Who sent ``request``."""
    found = request.scope.get(ASKER_KEY)
    if isinstance(found, Asker):
        return found
    right = right_of(request)
    return Asker(Who.ANYBODY, right, lambda: right)


@dataclass(frozen=True, slots=True)
class Served:
    """A route of an application."""

    methods: frozenset[str]  # none: all, of what is mounted, whose files are only read
    path: str  # its template; ``{path}`` at the end of what is mounted
    matches: Callable[[Scope], tuple[Match, Scope]]  # the router's own judgement


class Needs:
    """NEEDS for the routes of one application: those without a row need INSTALL, where there is nothing READ is enough.

    So nobody without a login learns what there is. Which route it is says the router's own match, and not a second
    reading of the path.
    """

    def __init__(self, routes: Iterable[Served], table: Mapping[tuple[str, str], Right] = NEEDS) -> None:
        """``routes`` in the order in which the router asks them."""
        self._routes = tuple(routes)
        self._exact = table
        self._table = {(method, _form(path)): right for (method, path), right in table.items()}

    def of(self, scope: Scope) -> Right:
        """What the request of ``scope`` needs."""
        route = next((route for route in self._routes if route.matches(scope)[0] is Match.FULL), None)
        if route is None:
            return Right.READ  # 404, 405, or sent to where there is something
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if route.methods:
            return self._table.get((method, _form(route.path)), Right.INSTALL)
        file = self._exact.get((method, scope["path"]))  # one that has a row of its own
        return self._table.get(("GET", _form(route.path)), Right.INSTALL) if file is None else file


def _form(path: str) -> str:
    """The template ``path`` without the names in its braces."""
    return re.sub(r"\{[^}]*\}", "{}", path)
