"""A charger without a car whose /api/v1 a test asks over HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from evsed.core.snapshot import Saved
from tests.api.served import Charger, Served
from tests.core.story import settings
from tests.scenarios.simulation import Answer, http, wait_for


class Client:
    """Asks the charger's /api/v1."""

    def __init__(self, charger: Charger, served: Served) -> None:
        self.charger = charger
        self.served = served
        self.token = charger.token()  # of one who may install

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.served.port}/api/v1{path}"

    def get(self, path: str) -> Any:
        answer = http("GET", self.url(path))
        assert answer.status == 200, answer.body
        return answer.json

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content_Type": "application/json", "Authorization": self.token}
        return http(method, self.url(path), None if body is None else sent, **headers)

    def refused(self, method: str, path: str, body: Any) -> tuple[str, list[dict[str, str]]]:
        """The detail and the errors of a refusal, which counts, is a problem and changes nothing that is kept."""
        before = (self.charger.refusals.count, self.charger.runtime.snapshot.saved)
        answer = self.send(method, path, body)
        assert answer.status == 422, answer.body
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (self.charger.refusals.count, self.charger.runtime.snapshot.saved) == (before[0] + 1, before[1])
        problem = answer.json
        assert problem["status"] == 422
        return problem["detail"], problem.get("errors", [])


@pytest.fixture
def saved() -> Saved:
    return Saved(settings=settings())


@pytest.fixture
def client(saved: Saved) -> Iterator[Client]:
    with Charger(saved) as charger, Served(charger.app, charger.refusals) as served:
        wait_for(lambda: charger.runtime.snapshot.unix_s, "the time of day is known")
        yield Client(charger, served)


def fits(document: object, model: Any) -> None:
    """``document`` is what the OpenAPI document says of ``model``: no key less, no type else."""
    TypeAdapter(model).validate_json(json.dumps(document), strict=True)
