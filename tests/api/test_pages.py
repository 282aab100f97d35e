"""What the pages are made of: sent once, and again only when it is another."""

from collections.abc import Iterator

import pytest

from evsed.api.app import routes_of
from evsed.api.pages import HEADERS, WEB
from tests.api.served import Charger, Served
from tests.scenarios.simulation import http


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Charger() as charger, Served(charger.app, charger.refusals) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("path", ["app.js", "base.css", "locale/en/common.json", "icon.svg"])
def test_a_file_comes_whole_and_with_a_tag(url: str, path: str) -> None:
    answer = http("GET", f"{url}/web/{path}")
    assert (answer.status, answer.body) == (200, (WEB / path).read_bytes())
    assert answer.headers["ETag"]
    assert answer.headers["Cache-Control"] == HEADERS["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    kinds = {"js": "javascript", "css": "text/css", "json": "application/json", "svg": "image/svg+xml"}
    assert kinds[path.rsplit(".", 1)[1]] in answer.headers["Content-Type"]


def test_who_has_it_already_is_told_so(url: str) -> None:
    tag = http("GET", f"{url}/web/app.js").headers["ETag"]
    again = http("GET", f"{url}/web/app.js", If_None_Match=tag)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert http("GET", f"{url}/web/app.js", If_None_Match='"another"').status == 200


def test_head_tells_of_it_without_it(url: str) -> None:
    answer = http("HEAD", f"{url}/web/app.js")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) == (WEB / "app.js").stat().st_size


ENDLESS = "/api/v1/events"
PAGES = {"/", "/login", "/update", "/docs"}


def test_every_page_comes_with_all_headers_and_there_is_no_other_one() -> None:
    with Charger() as charger, Served(charger.app, charger.refusals) as server:
        paths = [route.path for route in routes_of(charger.app) if "GET" in route.methods and "{" not in route.path]
        found = {path: http("GET", f"http://127.0.0.1:{server.port}{path}") for path in paths if path != ENDLESS}
    pages = {path: answer for path, answer in found.items() if "html" in answer.headers.get("Content-Type", "")}
    assert set(pages) == PAGES
    for path, answer in pages.items():
        assert answer.status == 200, path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert answer.headers["Cache-Control"] in {"no-cache", "no-store"}, path


@pytest.mark.parametrize("name", sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*.html")))
def test_a_page_has_no_second_path_without_its_headers(url: str, name: str) -> None:
    for path in (name, f"lib/../{name}", name.replace(".html", ".%68tml"), f"{name}/"):
        answer = http("GET", f"{url}/web/{path}")
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
    assert http("HEAD", f"{url}/web/{name}").status == 404


def test_what_is_not_there_is_not_found(url: str) -> None:
    assert [http("GET", f"{url}/web/{path}").status for path in ("nothing.js", "views", "../pages.py")] == [404] * 3
