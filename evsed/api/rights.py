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
from starlette.types import Scope

from evsed.access import Right

__all__ = ["NEEDS", "Asker", "Needs", "Right", "Who", "asker_of", "right_of"]

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
        ("GET", "/web/style.css"): _N,
        ("GET", "/web/icon.svg"): _N,
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
        ("POST", "/api/v1/faults/clear"): _O,
        ("GET", "/api/v1/settings"): _R,
        ("PATCH", "/api/v1/settings"): _O,  # and INSTALL for an installer's, that or the owner's for login
        ("GET", "/api/v1/meters"): _R,
        ("GET", "/api/v1/counters"): _R,
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


class Needs:
    """NEEDS for the routes of one application: those without a row need INSTALL, where there is nothing READ is enough.

    So nobody without a login learns what there is.
    """

    def __init__(self, routes: Iterable[tuple[str, str]], table: Mapping[tuple[str, str], Right] = NEEDS) -> None:
        """``routes``: method and path template of each, ``{path}`` at the end of what is mounted."""
        forms = [(method, _form(path), right) for (method, path), right in table.items()]
        known = {(method, form) for method, form, _ in forms}
        self.unknown = sorted(route for route in set(routes) if (route[0], _form(route[1])) not in known)
        forms += [(method, _form(path), Right.INSTALL) for method, path in self.unknown]
        self._plain = {(method, form): right for method, form, right in forms if "[" not in form and "*" not in form}
        self._formed = [
            (method, re.compile(form, re.DOTALL), right)
            for method, form, right in forms
            if (method, form) not in self._plain
        ]

    def of(self, scope: Scope) -> Right:
        """What the request of ``scope`` needs."""
        method, path = scope["method"], scope["path"]
        method = "GET" if method == "HEAD" else method
        plain = self._plain.get((method, re.escape(path)))
        if plain is not None:
            return plain
        found = [right for asked, form, right in self._formed if asked == method and form.fullmatch(path)]
        return max(found, default=Right.READ)


def _form(path: str) -> str:
    """Paths of the template ``path``: what is in braces is one part of the path, and {path} or {..:path} all of it."""
    return "".join(
        re.escape(part) if not part.startswith("{") else ".*" if part.endswith("path}") else "[^/]+"
        for part in re.split(r"(\{[^}]*\})", path)
    )
