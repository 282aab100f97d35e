"""/api/v1/history: columns, what is new since, and the table for spreadsheets."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from evsed.api.v1.history import COLUMNS, HistoryDocument, history_csv, history_text
from evsed.core.model import MeterRole
from evsed.core.reasons import NO_CAR
from evsed.core.states import State
from evsed.history.rows import CURRENTS, ROWS
from tests.api.served import Charger, Served
from tests.api.v1.v1 import Client, fits
from tests.history.day import NOON, SERIES, Day, charging, with_meter
from tests.scenarios.simulation import http


@pytest.fixture
def day() -> Day:
    """A minute and a half: the car charges, then it is gone and the mains meter too."""
    day = Day()
    day.look(30, lambda found, second: with_meter(found, MeterRole.MAINS, (250 if second else 310, 12, -34)))
    gone = replace(charging(), state=State.A, reason=NO_CAR, offer=0)
    day.look(60, lambda _, __: with_meter(gone, MeterRole.MAINS, None))
    day.recorder.finish()
    return day


@pytest.fixture
def client(day: Day) -> Iterator[Client]:
    with Charger(history=day.history) as charger, Served(charger.app, charger.refusals) as served:
        yield Client(charger, served)


def test_the_columns_say_what_was_recorded(client: Client) -> None:
    document = client.get("/history")
    fits(document, HistoryDocument)
    assert (document["rows"], document["step_s"], document["continues"]) == (3, 30, False)
    assert (document["start"], document["end"]) == (NOON, NOON + 90)
    assert document["mains"] == {"L1": [252, None, None], "L2": [12, None, None], "L3": [-34, None, None]}
    assert document["mains_highest"]["L1"] == [310, None, None]
    assert document["offer"] == [charging().offer, 0, 0]
    assert [document["states"][place] for place in document["state"]] == ["C", "A", "A"]
    assert document["reason"] == [None, 0, 0]
    assert document["reasons"] == ["no_car"]


def test_only_what_is_new_is_told(client: Client, day: Day) -> None:
    cursor = client.get("/history")["cursor"]
    assert client.get(f"/history?since={cursor}") == {
        **client.get(f"/history?since={cursor}"),
        "cursor": cursor, "continues": True, "rows": 0, "first": None, "start": None, "offer": [],
    }  # fmt: skip
    day.look(31)
    newer = client.get(f"/history?since={cursor}")
    assert (newer["rows"], newer["continues"], newer["first"]) == (1, True, day.history.last)
    assert newer["start"] == NOON + 90


@pytest.mark.parametrize("since", [f"{SERIES}-9999", "0badf00d-11"])
def test_all_is_told_to_who_knows_rows_of_another_series(client: Client, since: str) -> None:
    document = client.get(f"/history?since={since}")
    assert (document["continues"], document["rows"]) == (False, 3)


def test_all_is_told_to_who_was_away_for_longer_than_he_asks_for() -> None:
    day = Day()
    day.look(1)
    day.up_s += 2 * 3600
    day.look(31)
    first = json.loads(history_text(day.history, 24))["first"]
    assert json.loads(history_text(day.history, 24, f"{SERIES}-{first}"))["continues"]
    assert not json.loads(history_text(day.history, 1, f"{SERIES}-{first}"))["continues"]


def test_hours_are_what_it_goes_back() -> None:
    day = Day()
    for _ in range(300):
        day.look(1)
        day.up_s += 29
    day.recorder.finish()
    assert [json.loads(history_text(day.history, hours))["rows"] for hours in (1, 2, 24)] == [120, 240, 300]


def test_nothing_is_recorded_yet() -> None:
    with Charger() as charger, Served(charger.app, charger.refusals) as served:
        document = Client(charger, served).get("/history")
    fits(document, HistoryDocument)
    assert (document["cursor"], document["rows"], document["start"], document["offer"]) == (None, 0, None, [])


@pytest.mark.parametrize("query", ["hours=0", "hours=25", "hours=x", "since=x", f"since={SERIES}", "since=1-1"])
def test_what_cannot_be_asked_is_told(client: Client, query: str) -> None:
    answer = http("GET", client.url(f"/history?{query}"))
    assert answer.status == 422
    assert query.split("=", maxsplit=1)[0] in answer.json["detail"]


def test_a_whole_day_is_bounded_in_size() -> None:
    day = Day()
    day.snapshot = with_meter(charging(), MeterRole.MAINS, (-1234, 1234, -1234))
    for _ in range(ROWS + 1):
        day.look(1)
        day.up_s += 29
    text = history_text(day.history)
    assert json.loads(text)["rows"] == ROWS
    assert len(text) < 230_000


def test_a_spreadsheet_gets_whole_numbers_and_local_times(client: Client) -> None:
    answer = http("GET", client.url("/history.csv?separator=semicolon"))
    assert answer.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert 'filename="history.csv"' in answer.headers["Content-Disposition"]
    head, first, second, _ = csv.reader(io.StringIO(answer.body.decode("utf-8-sig")), delimiter=";")
    assert tuple(head) == COLUMNS
    found = dict(zip(head, first, strict=True))
    assert datetime.fromisoformat(found["time"]).timestamp() == NOON
    assert (found["mains_l1_ma"], found["mains_highest_l1_ma"], found["mains_l3_ma"]) == ("25200", "31000", "-3400")
    assert (found["state"], found["reason"]) == ("C", "")
    assert dict(zip(head, second, strict=True))["mains_l1_ma"] == ""
    assert second[-2:] == ["A", "no_car"]


def test_a_spreadsheet_has_no_time_where_nobody_knew_it(day: Day) -> None:
    day.history.begun_s = None
    rows = list(csv.reader(io.StringIO(history_csv(day.history, 24, ","))))
    assert [row[0] for row in rows[1:]] == ["", "", ""]
    assert len(rows[0]) == len(CURRENTS) + 4
