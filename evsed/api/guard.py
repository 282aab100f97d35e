"""Who may ask: refuses what a foreign web page makes a browser on the LAN send, before a body is read.

Also refused is a path that no honest client sends: what looks at it later (a pattern, a log) may read it in two ways.

A page elsewhere can make a browser POST to the charger (its ``Origin`` gives it away), or have its own name resolve to
the charger's address and then read the answers as well (DNS rebinding; the ``Host`` gives it away, also in a GET).
Scripts are no danger of that kind: they send no ``Origin``, and a name or address that is ours.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from evsed.api.problems import refusal
from evsed.api.refusals import Refusals

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.%a-z]+\]|[^\[\]:/@\s]+)(:(?P<port>[0-9]{1,5}))?")
_OF_THE_LAN: Final = (".local", ".lan")
_TOLD_TO_THE_ROUTER: Final = re.compile(
    r"smartevse-[0-9a-f]{4}"
)  # by systemd/evsed-dhcp-name; no domain of the internet
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_CONTROLS: Final = frozenset({"Cc", "Zl", "Zp"})  # categories of Unicode
_FIRST, _LAST = 0x21, 0x7E  # what is visible of ASCII
_NO_PATH: Final = "the path has control characters in it, or others that are escaped in a URL"


@dataclass(frozen=True, slots=True)
class Names:
    """The names that the charger answers to, in lower case.

    Addresses, localhost, .local, .lan, and what a router is told (smartevse-<mac>) always work.
    """

    own: frozenset[str] = frozenset()  # the system's, and smartevse-<serial>
    configured: frozenset[str] = frozenset()  # [http] names in evsed.toml


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is not for us; ``header`` and ``given`` say where."""

    header: str
    given: str
    why: str


def names_of(serial: int, hostname: str, configured: Iterable[str]) -> Names:
    """The names of charger ``serial`` on a system called ``hostname``."""
    own = {_folded(name) for name in (hostname, f"smartevse-{serial}") if name}
    return Names(frozenset(own), frozenset(_folded(name) for name in configured))


def judge(method: str, headers: Iterable[tuple[bytes, bytes]], names: Names, scheme: str = "http") -> Refused | None:
    """None when the request may come in. ``headers`` have names in lower case; ``scheme`` is how it came.

    No ``Host`` at all is HTTP/1.0, which no browser speaks: a script, and allowed.
    """
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
    for host in hosts:
        if not _is_ours(host, names):
            why = (
                "this is not a name of this charger, so a web page may be using it to get in; use the address or "
                'smartevse-<serial>.local, or allow the name in evsed.toml: [http] names = ["..."]'
            )
            return Refused("Host", host, why)
    if method in _SAFE:
        return None
    for origin in origins:
        if not _is_own_page(origin, hosts, names, scheme):
            why = (
                "a web page of another site may not operate this charger; use the charger's own page, or a script, "
                "which sends no Origin"
            )
            return Refused("Origin", origin, why)
    return None


def is_no_path(scope: Scope) -> bool:
    """Whether the path of a request has control characters or ends of lines in it, or bytes that belong escaped."""
    raw = scope.get("raw_path") or b""
    written = all(_FIRST <= byte <= _LAST for byte in raw)
    return not written or any(unicodedata.category(sign) in _CONTROLS for sign in scope["path"])


def _folded(name: str) -> str:
    return name.lower().removesuffix(".")


def _split(host: str) -> tuple[str, int | None] | None:
    """Name and port of a Host header; None when it is none."""
    found = _HOST.fullmatch(host.strip().lower())
    if found is None:
        return None
    return _folded(found["name"]), int(found["port"]) if found["port"] else None


def _is_ours(host: str, names: Names) -> bool:
    parts = _split(host)
    if parts is None:
        return False
    name = parts[0]
    if name == "localhost" or name in names.own or name in names.configured:
        return True
    in_the_lan = name.endswith(_OF_THE_LAN) and not name.startswith(".")
    return in_the_lan or _TOLD_TO_THE_ROUTER.fullmatch(name) is not None or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        if name.startswith("["):
            IPv6Address(name[1:-1])
        else:
            IPv4Address(name)
    except AddressValueError:
        return False
    return True


def _is_own_page(origin: str, hosts: list[str], names: Names, scheme: str) -> bool:
    """Whether a page of ``origin`` came from us: as it asks, from that host and port, or through a configured name."""
    try:
        its, authority = urlsplit(origin.strip())[:2]
    except ValueError:
        return False
    page = _split(authority)
    if page is None or its not in _DEFAULT_PORTS:
        return False  # also "null", the origin of sandboxed pages and files
    if page[0] in names.configured:
        return True  # a proxy of the owner may have written another Host
    if its != scheme:
        return False  # another server than the one that is asked
    asked = [_split(host) for host in hosts]
    default = _DEFAULT_PORTS[its]
    return any(host is not None and (host[0], host[1] or default) == (page[0], page[1] or default) for host in asked)


class Guard:
    """Answers 403 to requests that are not for us; counts them, and logs each kind once."""

    def __init__(self, app: ASGIApp, names: Names, refusals: Refusals) -> None:
        self._app = app
        self._names = names
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if is_no_path(scope):
            self._refusals.note("HTTP path", scope["path"], _NO_PATH)
            await refusal(scope["path"], 400, _NO_PATH, {"Connection": "close"})(scope, receive, send)
            return
        refused = judge(scope["method"], scope["headers"], self._names, scope.get("scheme", "http"))
        if refused is None:
            await self._app(scope, receive, send)
            return
        self._refusals.note(f"HTTP {refused.header}", refused.given, refused.why)
        detail = f"{refused.header} {refused.given[:80]!r}: {refused.why}"
        await refusal(scope["path"], 403, detail, {"Connection": "close"})(scope, receive, send)
