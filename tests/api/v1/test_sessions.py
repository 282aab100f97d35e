"""/api/v1/sessions: pages, exports, and what a spreadsheet makes of them."""

import csv
import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from evsed.api.v1.session_documents import COLUMNS, SessionDocument, session_document, session_row
from evsed.api.v1.sessions import Sessions, Span, merged, span_of
from evsed.core.actions import LogSession
from evsed.core.events import Inputs
from evsed.core.record import NOTHING_KEPT, Ending, Kept, Part, SessionRecord
from evsed.core.snapshot import Saved
from evsed.logbook.log import Logbook, UnreadableError
from tests.api.served import Charger, EmptySocket, Served
from tests.api.v1.v1 import Client, fits
from tests.core.story import settings
from tests.logbook.samples import DAY, NOON, records, session
from tests.logbook.test_log import spoilt
from tests.scenarios.simulation import PATIENCE_S, http

MANY = 450


class Unseen(EmptySocket):
    """A board that nobody has looked at yet: the car may still be there."""

    _seen = Inputs(pilot_mv=())


@pytest.fixture
def logbook(tmp_path: Path) -> Iterator[Logbook]:
    logbook = Logbook(tmp_path)
    logbook.load(NOTHING_KEPT)
    logbook.start()
    yield logbook
    logbook.close(PATIENCE_S)


@pytest.fixture
def saved(logbook: Logbook) -> Saved:
    """A charger with many sessions behind it, the newest open, and not written yet."""
    earlier = tuple(session(number) for number in range(1, MANY - 1))
    logbook.submit(LogSession(Kept(last=session(MANY - 1, 1)), earlier))
    assert logbook.barrier().result(PATIENCE_S)
    return Saved(settings=settings(), kept=Kept(session(MANY, ending=None), session(MANY - 1)))


@pytest.fixture
def client(saved: Saved, logbook: Logbook) -> Iterator[Client]:
    with Charger(saved, board=Unseen(), logbook=logbook) as charger, Served(charger.app, charger.refusals) as served:
        yield Client(charger, served)


def raw(client: Client, path: str) -> Any:
    answer = http("GET", client.url(path))
    assert answer.status == 200
    return answer


def ids(page: Any) -> list[int]:
    return [found["id"] for found in page["sessions"]]


# ---- pages ----


def test_pages_lead_from_the_newest_to_the_first(client: Client) -> None:
    found: list[int] = []
    page = client.get("/sessions?limit=200")
    fits(page, Sessions)
    while page["next"]:
        found += ids(page)
        page = client.get(f"/sessions?limit=200&before={page['next']}")
    assert found + ids(page) == list(range(MANY, 0, -1))


def test_the_open_session_and_the_last_one_are_as_the_control_loop_knows_them(client: Client) -> None:
    newest, last = client.get("/sessions?limit=2")["sessions"]
    assert (newest["id"], newest["open"], newest["ended"]) == (MANY, True, None)
    assert (last["open"], last["energy_wh"]) == (False, 1_000)


def test_one_session(client: Client) -> None:
    found = client.get("/sessions/7")
    fits(found, SessionDocument)
    assert found == session_document(session(7))
    assert client.get(f"/sessions/{MANY}")["open"]
    answer = client.send("GET", "/sessions/9999")
    assert (answer.status, answer.json["detail"]) == (404, "there is no session 9999")


@pytest.mark.usefixtures("berlin")
def test_days_are_those_on_the_owners_wall(client: Client) -> None:
    first, last = (time.strftime("%Y-%m-%d", time.localtime(NOON + day * DAY)) for day in (3, 5))
    assert ids(client.get(f"/sessions?from={first}&to={last}")) == [5, 4, 3]
    assert ids(client.get(f"/sessions?from={last}&to={last}&limit=1")) == [5]
    assert ids(client.get(f"/sessions?to={first}")) == [3, 2, 1]
    assert ids(client.get(f"/sessions.json?from={first}&to={last}")) == [5, 4, 3]
    assert len(raw(client, f"/sessions.csv?from={first}&to={last}").body.splitlines()) == 4


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("from=2026-02-30", "from"), ("to=9999-12-31", "to"), ("from=yesterday", "from"), ("limit=0", "limit"),
     ("limit=1001", "limit"), ("before=0", "before"), ("before=x", "before")],
)  # fmt: skip
def test_what_is_no_parameter_is_said(client: Client, query: str, parameter: str) -> None:
    answer = client.send("GET", f"/sessions?{query}")
    assert answer.status == 422
    assert answer.json["errors"][0]["parameter"] == parameter
    if parameter in {"from", "to"}:
        for form in ("csv", "json"):
            assert client.send("GET", f"/sessions.{form}?{query}").status == 422


def test_a_log_that_cannot_be_read_is_said(client: Client, tmp_path: Path) -> None:
    (tmp_path / "sessions.db").unlink()
    (tmp_path / "sessions.db").mkdir()
    for path in ("/sessions", "/sessions.csv", "/sessions.json", "/sessions/1"):
        answer = client.send("GET", path)
        assert answer.status == 503
        assert "the log of sessions cannot be read" in answer.json["detail"]


def test_a_bad_session_is_left_out_and_says_itself_what_is_wrong(client: Client, tmp_path: Path) -> None:
    spoilt(tmp_path, "UPDATE sessions SET start_s = 1 << 50 WHERE number = 7")
    others = [number for number in range(MANY, 0, -1) if number != 7]
    assert ids(client.get("/sessions.json")) == others
    assert [int(row["session"]) for row in table(raw(client, "/sessions.csv").body)] == others
    assert ids(client.get("/sessions?limit=2&before=9")) == [8, 6]
    answer = client.send("GET", "/sessions/7")
    assert (answer.status, answer.json["detail"].split(":")[0]) == (
        500,
        "session 7 is damaged in the log, and left out of lists",
    )


def test_an_export_that_cannot_go_on_says_so_in_one_line(
    client: Client, logbook: Logbook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def page(limit: int, before: int | None = None, *_span: int | None) -> list[SessionRecord]:
        if before is not None:
            raise UnreadableError("a test says so")
        return [session(number) for number in range(MANY, MANY - limit, -1)]

    monkeypatch.setattr(logbook, "page", page)
    last = raw(client, "/sessions.csv").body.splitlines()[-1]
    assert last == b"this list is not complete: the log of sessions could not be read further"
    assert [record.getMessage() for record in caplog.records] == ["sessions.csv broke off: a test says so"]
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(raw(client, "/sessions.json").body)


def test_a_session_that_is_only_in_the_control_loop_is_on_the_right_page() -> None:
    kept = Kept(session(9, ending=None), session(8))
    logged = [session(number) for number in (7, 6)]
    assert [found.number for found in merged(logged, kept, 2, None, Span())] == [9, 8]
    assert [found.number for found in merged(logged, kept, 2, 8, Span())] == [7, 6]
    assert [found.number for found in merged([session(8), session(7)], kept, 9, 9, Span())] == [8, 7]
    day = Span(NOON + 8 * DAY, NOON + 9 * DAY)
    assert [found.number for found in merged([], kept, 9, None, day)] == [8]
    nowhen = replace(session(9), start_s=None, end_s=None, seen_s=None)
    assert merged([], Kept(nowhen), 9, None, day) == []
    assert merged([], Kept(nowhen), 9, None, span_of(None, None)) == [nowhen]


# ---- exports ----


def table(body: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter))


@pytest.mark.parametrize(("name", "separator"), [("comma", ","), ("semicolon", ";"), ("tab", "\t")])
def test_the_csv_is_one_that_every_spreadsheet_reads(client: Client, name: str, separator: str) -> None:
    answer = raw(client, f"/sessions.csv?separator={name}")
    assert answer.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sessions.csv"'
    assert answer.body.startswith(b"\xef\xbb\xbfsession")
    assert answer.body.count(b"\r\n") == answer.body.count(b"\n") == MANY + 1
    rows = table(answer.body, separator)
    assert [int(row["session"]) for row in rows] == list(range(MANY, 0, -1))
    assert set(rows[0]) == set(COLUMNS)
    assert (rows[0]["ended"], rows[1]["energy_wh"]) == ("open", "1000")
    assert sum(int(row["energy_wh"]) for row in rows) == MANY * 1_000


def test_the_json_export_is_what_the_pages_say(client: Client) -> None:
    whole = client.get("/sessions.json")
    fits(whole, Sessions)
    assert whole["sessions"][:5] == client.get("/sessions?limit=5")["sessions"]
    assert ids(whole) == list(range(MANY, 0, -1))


def test_an_empty_log_is_an_empty_file() -> None:
    with Charger() as charger, Served(charger.app, charger.refusals) as served:
        client = Client(charger, served)
        assert client.get("/sessions") == client.get("/sessions.json") == {"sessions": [], "next": None}
        assert table(raw(client, "/sessions.csv").body) == []


@pytest.mark.parametrize("path", ["/sessions", "/sessions/7", "/sessions.json", "/sessions.csv"])
def test_who_may_only_look_is_told_the_end_of_a_card_s_number(client: Client, path: str) -> None:
    """With the whole of it a card could be made that charges."""
    whole = "04:A1:B2:C3:D4:E5" if path == "/sessions.csv" else "04A1B2C3D4E5"
    tokens = [client.charger.token(right) for right in ("read", "operate")]
    told = [http("GET", client.url(path), None, Authorization=token).body.decode() for token in tokens]
    assert [("...D4E5" in text, whole in text) for text in told] == [(True, False), (False, True)]


@pytest.mark.usefixtures("berlin")
def test_a_session_as_a_row() -> None:
    row = dict(zip(COLUMNS, session_row(session(1)), strict=True))
    assert (row["start"], row["end"]) == ("2027-01-16 09:00:00", "2027-01-16 10:00:00")
    assert (row["energy_wh"], row["solar_wh"], row["grid_wh"], row["solar_percent"]) == (1_000, 250, 750, 25)
    assert (row["energy_one_phase_wh"], row["energy_three_phases_wh"], row["peak_ma"]) == (300, 700, 16_000)
    assert (row["card"], row["card_name"]) == ("04:A1:B2:C3:D4:E5", "Anna")
    assert row["energy_by_card"] == "Anna: 600 Wh; no card: 400 Wh"
    assert (row["stops"], row["modes"], row["charging_s"]) == ("paused: 2; unplugged: 1", "SMART SOLAR", 3_000)


def test_what_is_not_known_is_empty_and_never_0() -> None:
    row = dict(zip(COLUMNS, session_row(SessionRecord(1, parts=(Part("04A1B2C3D4E5"),))), strict=True))
    known = {"session", "ended", "energy_complete", "charging_s", "contactor_closings", "contactor2_closings", "card"}
    assert {name for name, value in row.items() if value != ""} == known | {"meter_exchanges"}
    document = session_document(SessionRecord(1, parts=(Part("04A1B2C3D4E5"),)))
    fits(document, SessionDocument)
    assert (document["energy_wh"], document["energy_by_phases"], document["cards"][0]["energy_wh"]) == (None,) * 3
    assert not document["energy_complete"]


@given(records)
def test_no_cell_is_a_formula_or_breaks_the_table(record: SessionRecord) -> None:
    record = replace(record, start_s=1, end_s=2, seen_s=None)
    row = session_row(record)
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(row)
    assert next(csv.reader(io.StringIO(text.getvalue(), newline=""))) == [str(cell) for cell in row]
    assert not any(isinstance(cell, str) and cell.strip().startswith(("=", "+", "-", "@")) for cell in row)


@pytest.mark.parametrize("name", ["1-2", "12:30", "0012", "1e5", "TRUE", "falsch", "€ 5", "Jan 5", ".5", "#N/A", "'x"])
def test_a_cards_name_is_no_number_date_or_truth(name: str) -> None:
    record = replace(session(1), parts=(Part("04A1B2C3D4E5", name, 1_000),))
    assert session_row(record)[COLUMNS.index("card_name")] == f"'{name}"


@pytest.mark.parametrize("name", ["=1+1", "+31 6 1234", "-2", "@SUM(A1)", " =1", "\t=1", '=HYPERLINK("http://x")'])
def test_a_cards_name_is_no_formula(name: str) -> None:
    record = replace(session(1), parts=(Part("04A1B2C3D4E5", name, 1_000),))
    row = dict(zip(COLUMNS, session_row(record), strict=True))
    assert row["card_name"] == f"'{name}"
    assert str(row["energy_by_card"]).startswith("'")


@pytest.mark.parametrize("uid", ["12345678901234", "12E456789012", "000000000012"])
def test_a_cards_number_is_no_number(uid: str) -> None:
    record = replace(session(1), parts=(Part(uid),))
    cell = str(session_row(record)[COLUMNS.index("card")])
    assert cell.replace(":", "") == uid
    with pytest.raises(ValueError, match="could not convert"):
        float(cell)


@given(records)
def test_every_session_fits_its_document(record: SessionRecord) -> None:
    fits(session_document(replace(record, start_s=NOON, end_s=None)), SessionDocument)
    assert json.dumps(session_document(replace(record, start_s=None, end_s=None, ending=Ending.UNPLUGGED)))


# ---- counters ----


def test_counters_that_outlive_a_restart(client: Client) -> None:
    kept = client.get("/counters")["kept"]
    expected = {"sessions": 0, "contactor1_closings": 0, "contactor2_closings": 0, "charging_s": 0, "powered_h": 0}
    assert kept == expected | {"energy_wh": None}
