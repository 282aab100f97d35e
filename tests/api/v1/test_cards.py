"""/api/v1/cards: one by one, and as files that go out and come back."""

import csv
import io
import json
import logging
from typing import Any

import pytest

from evsed.api.v1.cardlist import as_csv, read_list
from evsed.api.v1.cards import CardsDocument, CardsExport, ImportDocument
from evsed.core.cards import MOST_CARDS, Card
from evsed.core.snapshot import Saved
from tests.api.v1.v1 import Client, client, fits
from tests.core.story import settings
from tests.core.test_cards import FULL
from tests.scenarios.simulation import http

__all__ = ["client"]

ANN, BOB, EVE = "04A1B2C3D4E5F6", "0A1B2C3D4E5F", "DEADBEEF0000"
ANN_ROW = {"uid": ANN, "name": "Ann", "enabled": True, "added": 7}
BOB_ROW = {"uid": BOB, "name": "", "enabled": False, "added": None}


@pytest.fixture
def saved() -> Saved:
    given = settings(rfidreader="EnableOne")
    return Saved(settings=given, cards=(Card(ANN, "Ann", True, 7), Card(BOB, "", False)))


def kept(client: Client) -> tuple[Card, ...]:
    assert client.charger.memory.saved is not None
    return client.charger.memory.saved.cards


def bring(client: Client, body: str | bytes, query: str = "") -> Any:
    answer = client.send("POST", f"/cards/import{query}", body.encode() if isinstance(body, str) else body)
    assert answer.status == 200, answer.body
    fits(answer.json, ImportDocument)
    return answer.json


def wrong(client: Client, body: str | bytes, query: str = "") -> list[str]:
    """What is wrong with a list; nothing of it was taken."""
    sent = body.encode() if isinstance(body, str) else body
    detail, errors = client.refused("POST", f"/cards/import{query}", sent)
    return [error["detail"] for error in errors] or [detail]


# ---- one by one ----


def test_all_cards_are_listed_and_nobody_keeps_the_answer(client: Client) -> None:
    document = client.get("/cards")
    fits(document, CardsDocument)
    assert document == {"reader": "EnableOne", "most": 100, "holder": None, "cards": [ANN_ROW, BOB_ROW]}
    for path in ("/cards", "/cards.csv", "/cards.json"):
        assert http("GET", client.url(path)).headers["Cache-Control"] == "no-store"


def test_a_card_is_added_changed_and_removed_and_kept_at_once(client: Client) -> None:
    assert client.send("PUT", f"/cards/{EVE.lower()}", {"name": "Eve"}).json["cards"][2]["uid"] == EVE
    assert client.send("PUT", "/cards/de:ad:be:ef:00:00", {"enabled": False}).status == 200
    assert [(card.uid, card.name, card.enabled) for card in kept(client)][2] == (EVE, "Eve", False)
    assert kept(client)[2].added == pytest.approx(client.charger.runtime.snapshot.unix_s, abs=60)
    assert client.send("DELETE", f"/cards/{ANN}").status == 200
    assert [card.uid for card in kept(client)] == [BOB, EVE]
    answer = client.send("DELETE", f"/cards/{ANN}")
    assert (answer.status, answer.json["errors"][0]["parameter"]) == (404, "uid")


@pytest.mark.parametrize(
    ("uid", "body", "says"),
    [
        ("0A1B2C3D", {}, "a card's number is 12 or 14 hexadecimal digits; one of 8 digits has 0000 behind them"),
        (EVE, {"name": "x" * 33}, "at most 32 characters, not 33"),
        (EVE, {"name": "a\nb"}, "without control characters"),
        (EVE, {"name": 5}, "a card's name is text"),
        (EVE, {"enabled": "yes"}, "enabled takes true or false"),
        (EVE, {"colour": "red"}, "'colour' is not known here"),
        (EVE, [], "JSON object such as"),
    ],
)
def test_what_is_no_card_is_refused_with_what_to_do(client: Client, uid: str, body: object, says: str) -> None:
    assert says in client.refused("PUT", f"/cards/{uid}", body)[0]


# ---- files ----


def test_what_goes_out_comes_back(client: Client) -> None:
    names = [
        "=1+2",
        "1-2",
        "'12:30",
        "0012",
        "TRUE",
        "May 5",
        "'=x",
        "'quoted'",
        "+31 6",
        "-",
        "@home",
        'a,b;"c"',
        "Zoë 東京 🚗",
        "",
        "' ",
    ]
    for place, name in enumerate(names):
        assert client.send("PUT", f"/cards/{place:012}", {"name": name, "enabled": place % 2 == 0}).status == 200
    before = kept(client)
    for kind in ("csv", "json"):
        answer = http("GET", client.url(f"/cards.{kind}"))
        assert f'filename="cards.{kind}"' in answer.headers["Content-Disposition"]
        assert bring(client, answer.body, "?replace=true")["unchanged"] == len(before)
        assert kept(client) == before
    document = client.get("/cards.json")
    fits(document, CardsExport)
    assert document["cards"][0] == ANN_ROW


def test_no_cell_is_a_formula() -> None:
    for first in "=+-@\t\r":
        ((_, name, _),) = csv.reader(io.StringIO(as_csv([Card(ANN, f"{first}cmd|' /C calc'!A0")]).split("\r\n", 1)[1]))
        assert name == f"'{first}cmd|' /C calc'!A0"


@pytest.mark.parametrize("name", ["1-2", "12:30", "0012", "1e5", "TRUE", "wahr", "€ 5", "Jan 5", "#N/A"])
def test_no_name_is_a_number_a_date_or_a_truth(name: str) -> None:
    text = as_csv([Card(ANN, name)])
    assert f",'{name}," in text
    assert read_list(text.encode()) == (Card(ANN, name),)


def test_blanks_at_the_ends_of_a_name_are_taken_off(client: Client) -> None:
    assert client.send("PUT", f"/cards/{EVE}", {"name": " Eve\u00a0"}).json["cards"][2]["name"] == "Eve"
    for text in (f"uid,name\n{EVE},  Eve ", f"uid,name\n{EVE},' =Eve", json.dumps([{"uid": EVE, "name": " Eve "}])):
        name = read_list(text.encode())[0].name
        assert name == name.strip()


LISTS = {
    "a number a line": f"{EVE}\n{BOB}\n\n",
    "with a header": f"uid,name,enabled\r\n{EVE},Eve,true\r\n{BOB},Bob,false\r\n",
    "without": f"{EVE},Eve,1\n{BOB},Bob,0",
    "columns in any order": f"enabled;uid\nWAHR;{EVE}\nFALSCH;{BOB}\n",
    "as a spreadsheet saves it": f'\ufeffuid;name;enabled\n\'{EVE};"Eve";WAAR\n{BOB};;ONWAAR\n',
    "tabs": f"{EVE.lower()}\tEve\n0a:1b:2c:3d:4e:5f\tBob\tno\n",
    "JSON": json.dumps({"cards": [{"uid": EVE, "name": "Eve"}, {"uid": BOB, "enabled": False}]}),
    "a bare list": json.dumps([EVE, {"uid": BOB}]),
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_lists_of_every_kind_are_read(text: str) -> None:
    assert [card.uid for card in read_list(text.encode())] == [EVE, BOB]


def test_a_list_is_added_or_takes_the_place_of_all_and_can_be_looked_at_first(client: Client) -> None:
    text = f"{EVE},Eve\n{BOB},Bob,true\n"
    for query, removed in (("", []), ("&replace=true", [ANN_ROW])):
        plan = bring(client, text, f"?dry_run=true{query}")
        assert [card["uid"] for card in plan["added"]] == [EVE]
        assert plan["changed"] == [{"before": BOB_ROW, "after": BOB_ROW | {"name": "Bob", "enabled": True}}]
        assert (plan["removed"], plan["dry_run"], plan["total"]) == (removed, True, 3 - len(removed))
        assert [card.uid for card in client.charger.runtime.snapshot.cards] == [ANN, BOB]
    assert bring(client, text)["total"] == 3
    assert [card.uid for card in kept(client)] == [ANN, BOB, EVE]
    again = bring(client, text)
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], 3)
    assert bring(client, text, "?replace=true")["removed"] == [ANN_ROW]
    assert [card.uid for card in kept(client)] == [BOB, EVE]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"uid,name\n{EVE},Eve\n0A1B,Bob\n", ["line 3, column 1 (uid): a card's number is"]),
        (f"{EVE},{'x' * 33},maybe", ["line 1, column 2 (name): a card", "line 1, column 3 (enabled): it takes true"]),
        (f'{EVE},"two\nlines"\n{BOB},,maybe', ["line 1, column 2 (name)", "line 3, column 3 (enabled)"]),
        ("1.12E+11,Ann", ["line 1, column 1 (uid): a spreadsheet has made a number of it"]),
        ("11223344556,Ann", ["a spreadsheet has made a number of it"]),
        (f"{EVE}\n{BOB}\n{EVE.lower()}", ["line 3: this card stands at line 1 already"]),
        (f"uid,pin\n{EVE},1", ["line 1, column 2: 'pin' is no column of cards; uid, name, enabled are"]),
        ("name,enabled\nAnn,1", ["line 1: there is no column uid", "line 2, column 1 (uid)"]),
        (f"{EVE},Eve,1,2", ["line 1, column 4: there are more cells than columns"]),
        (f'{EVE},Eve\n"{BOB}', ["line 2: it is no CSV"]),
        ("", ["there is no card in it"]),
        ("uid,name,enabled\n", ["there is no card in it"]),
        (b"\xff\xfe", ["line 1: it is not UTF-8"]),
        ('{"cards": [\n{"uid": }]}', ["line 2, column 9: it is not JSON"]),
        ("[" * 5_000, ["it is not JSON"]),
        ('{"format": "evsed settings", "schema": 1}', ["it is no list of cards of this evsed"]),
        ('{"schema": 2, "cards": []}', ["it is no list of cards of this evsed"]),
        ('{"cards": 5}', ['there is no list "cards" in it']),
        (json.dumps([EVE, 5, {"uid": BOB, "name": 5, "enabled": 1, "x": 1}, {"uid": EVE}]),
         ["card 2 is none", "card 3: 'x' is not known", "card 3: a card's name is text", "card 3: enabled takes",
          "card 4: this card stands at card 1 already"]),
        ('[{"uid": 5}]', ["card 1: a card's number is"]),
        ("x\n" * 50, ["line 1, column 1 (uid)"] + [""] * 19),
    ],
)  # fmt: skip
def test_a_list_with_a_mistake_is_not_taken_and_every_mistake_has_its_place(
    client: Client, text: str | bytes, says: list[str]
) -> None:
    told = wrong(client, text)
    assert len(told) == len(says)
    for one, other in zip(told, says, strict=True):
        assert other in one


def test_where_a_mistake_in_json_is_stands_beside_it(client: Client) -> None:
    _, errors = client.refused("POST", "/cards/import", {"cards": [{"uid": EVE, "name": 5}]})
    assert errors[0]["pointer"] == "#/cards/0/name"


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_there_is_room_for_a_hundred(client: Client, query: str) -> None:
    full = "\n".join(card.uid for card in FULL)
    assert wrong(client, full, query) == ["there is room for 100 cards, and these would be 102"]
    assert bring(client, full, "?dry_run=true&replace=true")["total"] == MOST_CARDS


def test_no_card_s_number_is_in_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.refused("PUT", f"/cards/{ANN}", {"name": 5})
    wrong(client, f"{EVE}\n{EVE}")
    assert client.send("DELETE", f"/cards/{EVE}").status == 404
    said = http("POST", client.url("").removesuffix("/api/v1") + f"/rfid?rfid={EVE}", b"").json
    assert (said["rfid"], said["rfid_status"]) == (EVE, "Invalid")
    assert "this card is not known" in said["reason"]
    for uid in (ANN, EVE):
        assert uid not in caplog.text
