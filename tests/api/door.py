"""A charger on a port with a PIN and a password, and how somebody comes to its door: with a secret, or a cookie."""

import base64
import json
from collections.abc import Iterator

import pytest

from evsed import credentials
from evsed.core.events import ChangeSetting
from evsed.core.snapshot import Saved
from tests.api.served import Charger, Served
from tests.core.story import settings
from tests.scenarios.simulation import PATIENCE_S, http, wait_for
from tests.scenarios.simulation import Answer as Response

PIN, PASSWORD = "2468", "correct horse"


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


class Door:
    """A charger on a port."""

    def __init__(self, charger: Charger, served: Served) -> None:
        self.charger = charger
        self.access = charger.access
        self.port = served.port

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Response:
        sent = None if body is None else json.dumps(body).encode()
        return http(method, f"http://127.0.0.1:{self.port}{path}", sent, **headers)

    def log_in(self, cookie: str = "", **secret: str) -> str:
        """The cookie."""
        answer = self.ask("POST", "/api/v1/login", secret, Cookie=cookie)
        assert answer.status == 200, answer.body
        return str(answer.headers["Set-Cookie"]).partition(";")[0]

    def right(self, **headers: str) -> str:
        answer = self.ask("GET", "/api/v1/access", **headers)
        return str(answer.json["right"]) if answer.status == 200 else str(answer.status)

    def login(self, on: int) -> None:
        assert self.charger.runtime.submit(ChangeSetting("login", on)).result(PATIENCE_S).accepted


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setattr(credentials, "_N", 2)
    charger = Charger(Saved(settings=settings()))
    charger.access.set_pin(PIN)
    charger.access.set_password(PASSWORD)
    with charger, Served(charger.app, charger.refusals) as served:
        wait_for(lambda: charger.runtime.snapshot.installer_pin_set, "the core knows of the PIN")
        yield Door(charger, served)
