"""No other way to write a path gets round the table of who may ask what; see test_who_may.py."""

import re
from dataclasses import replace

import pytest

from evsed.access import Right
from evsed.api.app import create_app, routes_of
from evsed.api.rights import Needs
from tests.api import test_who_may as table
from tests.api.served import Charger
from tests.api.test_who_may import ROWS, WAYS, Row, Yard, expected

yard = table.yard


def encoded(path: str) -> str:
    """``path`` with its last letter written in another way."""
    return re.sub(r"([a-z])([^a-z]*)$", lambda last: f"%{ord(last[1]):02X}{last[2]}", path)


TWISTS = {
    "a line feed": lambda path: path + "%0A",
    "an end of line": lambda path: path + "%0D%0A",
    "a null": lambda path: path + "%00",
    "another line": lambda path: path + "%0A/web/login.js",
    "a line of Unicode": lambda path: path + "%E2%80%A8",
    "a line feed as it is": lambda path: path + "\n",
    "a slash": lambda path: path + "/",
    "two slashes": lambda path: "/" + path,
    "a dot": lambda path: "/." + path,
    "a dot of a file": lambda path: "/web/.." + path,
    "letters in another way": encoded,
    "a parameter": lambda path: path + ";x",
    "capitals": str.upper,
}
"""Other ways to write a path."""


@pytest.mark.parametrize("twist", TWISTS)
@pytest.mark.parametrize("row", [row for row in ROWS if row.method != "GET" and row.needs != "nothing"], ids=str)
def test_no_other_way_to_write_a_path_gets_round_the_table(yard: Yard, row: Row, twist: str) -> None:
    twisted = replace(row, path=TWISTS[twist](row.path))
    for way in WAYS[:2]:
        if expected(row, way) is None:
            continue
        yard.reset(login=way.login)
        for method in (row.method, row.method.lower(), "HEAD"):
            status, *_ = yard.ask(replace(twisted, method=method), way)
            assert status in {307, 400, 401, 403, 404, 405}
        assert yard.effects == []


@pytest.mark.parametrize("twist", [twist for twist in TWISTS if "line" in twist or "null" in twist])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_path_with_control_characters_is_refused_to_everybody(yard: Yard, row: Row, twist: str) -> None:
    yard.reset(login=False)
    assert yard.ask(replace(row, path=TWISTS[twist](row.path)), WAYS[3])[0] == 400
    assert yard.effects == []


def test_a_route_that_has_no_row_is_the_installer_s() -> None:
    app = create_app(Charger().site)

    @app.post("/new/{name}")
    def new(name: str) -> None:
        """One that somebody forgot."""

    needs = Needs(routes_of(app))
    for path in ("/new/x", "/new/x\n", "/erasesettings\n", "/api/v1/access/pin\n"):
        asked = {"/erasesettings": "DELETE", "/api/v1/access/pin": "PUT"}.get(path.strip(), "POST")
        assert needs.of({"type": "http", "method": asked, "path": path}) is Right.INSTALL


@pytest.mark.parametrize(("method", "path"), [("POST", "/update"), ("DELETE", "/erasesettings")])
def test_what_cannot_be_undone_asks_once_more_behind_the_gate(
    yard: Yard, method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Needs, "of", lambda _needs, _scope: Right.NOTHING)
    yard.reset(login=False)
    assert yard.ask(Row(method, path, "", b""), WAYS[0])[0] == 403
    assert yard.effects == []
