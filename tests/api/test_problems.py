"""The two forms of a refusal."""

import json

import pytest

from evsed.api.problems import problem, refusal


def test_a_problem_says_what_and_where() -> None:
    answer = problem(422, "seconds takes 1 to 86400, not 0", pointer="/seconds")
    assert (answer.status_code, answer.media_type) == (422, "application/problem+json")
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "seconds takes 1 to 86400, not 0",
        "errors": [{"detail": "seconds takes 1 to 86400, not 0", "pointer": "#/seconds"}],
    }


def test_a_problem_without_a_place_names_none() -> None:
    answer = problem(503, "the disk does not answer", headers={"Retry-After": "1"})
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "the disk does not answer",
    }
    assert answer.headers["retry-after"] == "1"


def test_a_parameter_is_named() -> None:
    assert json.loads(bytes(problem(404, "none", parameter="key").body))["errors"] == [
        {"detail": "none", "parameter": "key"}
    ]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/api/v1", "application/problem+json"),
        ("/api/v1/limit", "application/problem+json"),
        ("/api/v12", "application/json"),
        ("/settings", "application/json"),
        ("/", "application/json"),
    ],
)
def test_the_path_decides_about_the_form(path: str, media_type: str) -> None:
    answer = refusal(path, 405, "not here")
    assert answer.media_type == media_type
    document = json.loads(bytes(answer.body))
    assert document["detail"] == "not here"
    assert (set(document) == {"detail"}) == (media_type == "application/json")


def test_what_is_no_text_can_be_said_back() -> None:
    assert json.loads(bytes(problem(422, "\ud800 is not known").body))["detail"] == "\ud800 is not known"
