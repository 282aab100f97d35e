"""The table of who may ask what: every route of the application against every way to ask it, a test a cell.

What is expected stands here, by hand; it is not derived from what is tested. A route that has no row fails.
"""

import asyncio
import base64
import re
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi import FastAPI
from starlette.types import Message

from evsed import credentials
from evsed.access import Kind, Right
from evsed.alerts.service import NoWayError
from evsed.api.app import create_app, routes_of
from evsed.api.rights import NEEDS, RIGHT_KEY
from evsed.api.tries import FREE_TRIES, Tries
from evsed.config import Mqtt
from evsed.core.events import ACCEPTED, ChangeSetting, Command, Verdict
from evsed.core.schedule import Timer
from evsed.core.snapshot import Saved
from evsed.hw.simulation.proxy import create_router
from tests.api.served import Charger
from tests.core.story import settings
from tests.scenarios.simulation import free_port, wait_for

TABLE = """
GET    /                              read
GET    /login                         nothing
GET    /docs                          read
GET    /docs/swagger/{path}           read
GET    /openapi.json                  read
GET    /web/{path}                    read

GET    /settings                      read
POST   /settings                      operate   mode=1
POST   /settings                      operate   mqtt_update=1&mqtt_host=10.0.0.9
POST   /currents                      operate   battery_current=10
POST   /ev_meter                      operate   L1=10&L2=0&L3=0
GET    /update                        read
POST   /update                        install
POST   /reboot                        operate
DELETE /erasesettings                 install
POST   /modem                         operate   pwm=-1
POST   /rfid                          operate   rfid=112233445566
POST   /color_off                     operate   R=1&G=2&B=3
POST   /color_normal                  operate   R=1&G=2&B=3
POST   /color_smart                   operate   R=1&G=2&B=3
POST   /color_solar                   operate   R=1&G=2&B=3
POST   /color_custom                  operate   R=1&G=2&B=3
GET    /lcd                           read
POST   /lcd                           operate   button=left&pressed=1&pin=1234
POST   /lcd-verify-password           operate   password=1234

GET    /api/v1/state                  read
GET    /api/v1/events                 read
GET    /api/v1/log                    read
POST   /api/v1/faults/clear           operate
GET    /api/v1/settings               read
PATCH  /api/v1/settings               operate   {"current_min": 7, "mode": "Solar"}
PATCH  /api/v1/settings               operate   {"lcd_pin": 42, "alert_webhook": "https://example.org/key"}
PATCH  /api/v1/settings               owner     {"login": "On"}
PATCH  /api/v1/settings               owner     {"login": "Off"}
PATCH  /api/v1/settings               install   {"current_max": 16}
PATCH  /api/v1/settings               install   {"mode": "Smart", "rcmon": "Disabled"}
PATCH  /api/v1/settings               install   {"installer_pin": 86420}
GET    /api/v1/meters                 read
GET    /api/v1/counters               read
GET    /api/v1/about                  read
GET    /api/v1/devices                read
GET    /api/v1/mode                   read
PUT    /api/v1/mode                   operate   {"mode": "PAUSE"}
GET    /api/v1/override               read
PUT    /api/v1/override               operate   {"current": 8}
DELETE /api/v1/override               operate
GET    /api/v1/timer                  read
PUT    /api/v1/timer                  operate   {"mode": "NORMAL", "start": "2035-01-01T12:00"}
DELETE /api/v1/timer                  operate
GET    /api/v1/limit                  read
PUT    /api/v1/limit                  operate   {"current": 8, "seconds": 60}
DELETE /api/v1/limit                  operate

GET    /metrics                       read
GET    /api/v1/history                read
GET    /api/v1/history.csv            read
GET    /api/v1/sessions               read
GET    /api/v1/sessions/{id}          read
GET    /api/v1/sessions.csv           read
GET    /api/v1/sessions.json          read
GET    /api/v1/cards                  operate
GET    /api/v1/cards.csv              operate
GET    /api/v1/cards.json             operate
PUT    /api/v1/cards/{uid}            operate   {"name": "Anna", "enabled": true}
DELETE /api/v1/cards/{uid}            operate
POST   /api/v1/cards/import           operate   112233445566
GET    /api/v1/backup                 read
POST   /api/v1/restore                operate   {"format":"evsed settings","schema":3,"settings":{"current_min":8}}
GET    /api/v1/alerts                 read
POST   /api/v1/alerts/test            operate
GET    /api/v1/update                 read

POST   /api/v1/login                  nothing   {"pin": "2468"}
POST   /api/v1/logout                 nothing
GET    /api/v1/access                 read
PUT    /api/v1/access/pin             install   {"pin": "86420"}
DELETE /api/v1/access/pin             install
PUT    /api/v1/access/password        owner     {"password": "another one"}
DELETE /api/v1/access/password        owner
POST   /api/v1/access/tokens          owner     {"name": "new", "right": "read"}
POST   /api/v1/access/tokens          install   {"name": "new", "right": "install"}
DELETE /api/v1/access/tokens/{name}   owner

GET    /simulation                    read
PATCH  /simulation                    operate   {}
POST   /simulation/button             operate   {}
"""
"""Method, path, what is needed, and a body; ``owner`` is who knows his password, or may install."""

NO_EFFECT = {
    "/update", "/lcd-verify-password", "/api/v1/login", "/api/v1/logout", "/simulation", "/simulation/button",
}  # fmt: skip
"""Routes that change nothing of the charger, or nothing that is kept."""

PIN, PASSWORD = "2468", "correct horse"
HERE = "192.0.2.1"
RIGHTS = {"nothing": 0, "read": 1, "operate": 2, "owner": 2, "install": 3}


@dataclass(frozen=True)
class Row:
    """A route as it is asked."""

    method: str
    path: str
    needs: str
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.body.decode()}".strip()


@dataclass(frozen=True)
class Way:
    """A way to ask: what one may that way, and the headers; or the status with which everything is refused."""

    name: str
    right: str = "nothing"
    headers: tuple[tuple[str, str], ...] = ()
    login: bool = True
    is_owner: bool = False
    refused: int | None = None
    but_get: bool = False  # looking is not refused
    before: int = 0  # so often the same was asked before
    here: bool = False

    def __str__(self) -> str:
        return self.name


def rows() -> list[Row]:
    words = [[*line.split(maxsplit=3), ""] for line in TABLE.splitlines() if line]
    return [Row(method, path, needs, body.encode()) for method, path, needs, body, *_ in words]


def form(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def basic(name: str, secret: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()),)


WAYS = [
    Way("no login, and login Off", "operate", login=False),
    Way("no login, and login On"),
    Way("the owner's password", "operate", basic("owner", PASSWORD), is_owner=True),
    Way("the installer's PIN", "install", basic("installer", PIN)),
    Way("a token to read", "read", (("authorization", "token read"),)),
    Way("a token to operate", "operate", (("authorization", "token operate"),)),
    Way("a token to install", "install", (("authorization", "token install"),)),
    Way("the control socket", "install", here=True),
    Way("a wrong PIN", headers=basic("installer", "1357"), login=False, refused=401),
    Way("a wrong password", headers=basic("owner", "wrong horse"), login=False, refused=401),
    Way("a wrong token", headers=(("authorization", "Bearer none"),), login=False, refused=401),
    Way("a wrong PIN again", headers=basic("installer", "1357"), login=False, refused=429, before=FREE_TRIES),
    Way(
        "a foreign Origin",
        "install",
        (*basic("installer", PIN), ("origin", "https://evil.example")),
        refused=403,
        but_get=True,
    ),
    Way("a Host of DNS rebinding", "install", (*basic("installer", PIN), ("host", "evil.example")), refused=403),
]


@dataclass
class Alerts:
    """Who would tell of faults."""

    deeds: list[str]
    ways: dict[str, Any] = field(default_factory=dict)
    last: None = None

    def test(self) -> None:
        self.deeds.append("a test of the alerts")
        raise NoWayError


@dataclass
class Yard:
    """The application on a control loop whose commands are noted, and not carried out."""

    charger: Charger
    app: FastAPI
    tokens: dict[str, str]
    before: credentials.Credentials
    runner: asyncio.Runner
    commands: list[Command] = field(default_factory=list)
    deeds: list[str] = field(default_factory=list)

    def submit(self, command: Command) -> "Future[Verdict]":
        self.commands.append(command)
        answer: Future[Verdict] = Future()
        answer.set_result(ACCEPTED)
        return answer

    @property
    def effects(self) -> list[object]:
        """What has come of what was asked."""
        changed = ["credentials"] if self.charger.access._credentials != self.before else []
        return [*self.commands, *self.deeds, *changed]

    def reset(self, *, login: bool) -> None:
        """As if nobody had asked anything."""
        self.charger.access._credentials = self.before
        self.charger.site.keys._tries = {kind: Tries() for kind in Kind}
        self.commands.clear()
        self.deeds.clear()
        if self.charger.site.login_on != login:
            type(self.charger.runtime).submit(self.charger.runtime, ChangeSetting("login", int(login))).result(30)
        assert self.charger.site.login_on == login

    def ask(self, row: Row, way: Way) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers and the begin of the body."""
        path = row.path.replace("{path}", "style-guide.css").replace("{name}", "token%20read")
        path = re.sub(r"\{[a-z_]+\}", "112233445566", path)
        headers = {"host": "192.168.1.20", "content-length": str(len(row.body)), **dict(way.headers)}
        if headers.get("authorization", "").startswith("token"):
            headers["authorization"] = self.tokens[headers["authorization"]]
        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": row.method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": (HERE, 50_000),
            "server": ("192.168.1.20", 80),
            **({RIGHT_KEY: Right.INSTALL} if way.here else {}),
        }
        sent: list[Message] = []
        given = [{"type": "http.request", "body": row.body, "more_body": False}]

        async def receive() -> Message:
            return given.pop() if given else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        self.runner.run(self.app(scope, receive, send))
        start = sent[0]
        return start["status"], dict(start["headers"]), b"".join(part.get("body", b"") for part in sent[1:3])


@pytest.fixture(scope="module")
def yard() -> Iterator[Yard]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "_N", 2)  # how slow the hash is, is not what is tested
        kept = settings(lcd_pin=1234, mains_meter="API", ev_meter="API", rfidreader=1)
        charger = Charger(Saved(settings=kept, timer=Timer(2_000_000_000)))
        charger.access.set_pin(PIN)
        charger.access.set_password(PASSWORD)
        tokens = {
            f"token {right}": f"Bearer {charger.access.add_token(f'token {right}', right)}"
            for right in ("read", "operate", "install")
        }
        deeds: list[str] = []

        def broker(_broker: Mqtt) -> None:
            deeds.append("broker")

        alerts: Any = Alerts(deeds)
        site = replace(charger.site, reboot=lambda: deeds.append("reboot"), set_broker=broker, alerts=alerts)
        app = create_app(site, create_router(free_port(), 0))
        with charger, asyncio.Runner() as runner:
            wait_for(lambda: charger.runtime.snapshot.unix_s, "the time of day is known")
            yard = Yard(charger, app, tokens, charger.access._credentials, runner, deeds=deeds)
            patch.setattr(charger.runtime, "submit", yard.submit)
            yield yard


def served() -> set[tuple[str, str]]:
    app = create_app(Charger().site, create_router(1, 0))
    return {(method, form(route.path)) for route in routes_of(app) for method in (route.methods or {"GET"}) - {"HEAD"}}


SERVED = served()
ROWS = [row for row in rows() if (row.method, form(row.path)) in SERVED]


def test_every_route_has_a_row() -> None:
    assert SERVED - {(row.method, form(row.path)) for row in rows()} == set(), "say above who may ask it"


def test_the_code_s_own_table_knows_every_route() -> None:
    """One that it does not know needs INSTALL."""
    assert SERVED - {(method, form(path)) for method, path in NEEDS} == set()


def expected(row: Row, way: Way) -> int | None:
    """The status of the refusal; None: it is let in."""
    if way.refused is not None and not (way.but_get and row.method == "GET"):
        return way.refused
    if RIGHTS[way.right] >= RIGHTS[row.needs]:
        return None if row.needs != "owner" or way.is_owner or way.right == "install" else 403
    return 401 if way.right == "nothing" else 403


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_who_may(yard: Yard, way: Way, row: Row) -> None:
    yard.reset(login=way.login)
    answers = [yard.ask(row, way) for _ in range(way.before + 1)]
    status, headers, body = answers[-1]
    refusal = expected(row, way)
    if refusal is None:
        assert status not in {401, 403, 429}, body
        return
    assert status == refusal, body
    assert {before for before, *_ in answers[:-1]} <= {401}
    assert yard.effects == [], "it is refused, and done nevertheless"
    problem = b"application/problem+json" if row.path.startswith("/api/v1") else b"application/json"
    assert headers[b"content-type"] == problem
    assert PIN.encode() not in body
    assert (b"retry-after" in headers) == (status == 429)
    assert (b"www-authenticate" in headers) == (status == 401)


@pytest.mark.parametrize("row", [row for row in ROWS if row.method != "GET"], ids=str)
def test_what_is_let_in_is_done(yard: Yard, row: Row) -> None:
    """So that "nothing was done" means something where it is refused."""
    yard.reset(login=False)
    yard.ask(row, WAYS[3])
    assert bool(yard.effects) == (row.path not in NO_EFFECT)


@pytest.mark.parametrize("row", [row for row in ROWS if row.method == "GET" and row.needs != "nothing"], ids=str)
def test_a_browser_is_shown_where_to_log_in(yard: Yard, row: Row) -> None:
    yard.reset(login=True)
    status, headers, body = yard.ask(row, Way("", headers=(("accept", "text/html,*/*"),)))
    assert (status, headers[b"content-type"]) == (401, b"text/html; charset=utf-8")
    assert b"www-authenticate" not in headers
    assert b'<script type="module" src="/web/login.js">' in body
    assert b"default-src 'none'" in headers[b"content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        *("/web/login.js", "/web/base.css", "/web/theme.js", "/web/icon.svg", "/web/lib/i18n.js"),
        *(f"/web/locale/{name}.json" for name in ("en/login", "nl/login", "de/login")),
    ],
)
def test_what_the_login_page_needs_needs_no_login(yard: Yard, path: str) -> None:
    yard.reset(login=True)
    assert yard.ask(Row("GET", path, "", b""), WAYS[1])[0] == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/web", "/web/../web/login.js", "/Settings", "//", "/api/v1/sessions/1/2"]
)
def test_who_may_not_look_is_not_told_what_there_is(yard: Yard, path: str) -> None:
    yard.reset(login=True)
    for method in ("GET", "POST", "OPTIONS", "TRACE", "get"):
        assert yard.ask(Row(method, path, "", b""), WAYS[1])[0] == 401
    assert yard.ask(Row("GET", path, "", b""), WAYS[2])[0] in {200, 307, 404}
