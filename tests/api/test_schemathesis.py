"""Requests made from the OpenAPI document, valid and not: the real server answers as the document says.

``EXAMPLES`` in the environment says how many for each operation and kind (``make fuzz`` takes more).
"""

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from evsed.core.snapshot import Saved
from tests.api.dice import Asked
from tests.api.fuzz import SETTINGS, Told, changes, is_refused
from tests.api.openapi_file import generated
from tests.api.served import Charger, Served, as_root
from tests.core import story

EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
DOCUMENT = generated()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
AS_DOCUMENTED = ["status_code_conformance", "content_type_conformance", "response_schema_conformance"]
STRICT = [*AS_DOCUMENTED, "negative_data_rejection"]  # the paths of the firmware answer 200 and say no in the text


def kinds() -> Iterator[Any]:
    """All operations but those whose answer has no end; with invalid input those that take some."""
    for found in SCHEMA.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        described = DOCUMENT["paths"][operation.path][operation.method]
        if "text/event-stream" in described["responses"]["200"]["content"]:
            continue
        for mode in GenerationMode:
            if mode is GenerationMode.POSITIVE or described.get("parameters") or "requestBody" in described:
                yield pytest.param(operation, mode, id=f"{operation.label} {mode.value}")


@pytest.fixture(scope="module")
def charger() -> Iterator[Charger]:
    with Charger(Saved(settings=story.settings(**SETTINGS))) as charger:
        yield charger


@pytest.fixture(scope="module")
def server(charger: Charger) -> Iterator[str]:
    logging.disable(logging.WARNING)
    with Served(as_root(charger.app), charger.refusals) as served:
        yield f"http://127.0.0.1:{served.port}"
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(("operation", "mode"), list(kinds()))
def test_it_answers_as_documented(operation: Any, mode: GenerationMode, charger: Charger, server: str) -> None:
    strict = operation.path.startswith("/api/v1")
    checks = CHECKS.get_by_names(STRICT if strict else AS_DOCUMENTED)
    with requests.Session() as session:

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            before = charger.site.snapshot
            answer = case.call(base_url=server, session=session)
            case.validate_response(answer, checks=checks)
            assert answer.status_code < 500 or answer.status_code == 503
            asked = Asked(b"", case.method, operation.path)
            told = Told(answer.status_code, {"content-type": answer.headers["content-type"]}, answer.content)
            if is_refused(asked, told):
                assert changes(before, charger.site.snapshot) == []

        ask()
