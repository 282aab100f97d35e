"""cards.json: what is written comes back, whatever happened to the file in between."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evsed.cardstore import CardFile, DamagedCardsError, decode, encode
from evsed.core.cards import Card
from evsed.core.model import Access
from evsed.core.snapshot import Saved
from evsed.saved_text import decode as decode_settings
from evsed.saved_text import encode as encode_settings
from evsed.store import Store
from tests.core.story import settings
from tests.core.test_cards import FULL
from tests.test_store import write

ANN = "04A1B2C3D4E5F6"
CARDS = (Card(ANN, "Zoë", True, 1_800_000_000), Card("0A1B2C3D4E5F", enabled=False))
SAVED = Saved(settings=settings(rfidreader="EnableOne"), cards=CARDS, granted=True, holder=ANN)


def keep(directory: Path, *lists: tuple[Card, ...]) -> Path:
    file = CardFile(directory)
    file.load()
    for cards in lists:
        file.write(cards)
    return directory / "cards.json"


def test_cards_and_the_holder_come_back(tmp_path: Path) -> None:
    write(tmp_path, SAVED)
    assert Store(tmp_path).load(Saved()) == SAVED
    assert (tmp_path / "cards.json").stat().st_mode & 0o777 == 0o600
    assert ANN in (tmp_path / "settings.json").read_text()


def test_a_charger_without_cards_has_no_file_and_one_that_lost_them_an_empty_one(tmp_path: Path) -> None:
    write(tmp_path, replace(SAVED, cards=()))
    assert not (tmp_path / "cards.json").exists()
    write(tmp_path, SAVED)
    write(tmp_path, replace(SAVED, cards=()))
    assert Store(tmp_path).load(Saved()).cards == ()
    assert decode((tmp_path / "cards.json.previous").read_text()) == CARDS


def test_the_file_is_written_only_when_the_cards_change(tmp_path: Path) -> None:
    write(tmp_path, SAVED)
    before = (tmp_path / "cards.json").stat().st_ino
    write(tmp_path, replace(SAVED, access=Access.PAUSE))
    assert (tmp_path / "cards.json").stat().st_ino == before
    assert not (tmp_path / "cards.json.previous").exists()


GOOD = encode(FULL[:3])


@pytest.mark.parametrize("cut", range(0, len(GOOD) - 2, 23))
def test_a_file_cut_anywhere_falls_back_to_the_last_good_copy(
    tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = keep(tmp_path, CARDS, FULL[:3])
    path.write_text(GOOD[:cut])
    file = CardFile(tmp_path)
    assert file.load() == CARDS
    assert "last good copy" in caplog.text
    assert (tmp_path / "cards.json.damaged").read_text() == GOOD[:cut]
    assert not any(card.uid in caplog.text for card in (*CARDS, *FULL[:3]))
    file.write(CARDS)
    assert CardFile(tmp_path).load() == CARDS


DAMAGED = {
    "": "not JSON",
    "[]": "no list of cards of schema 1",
    '{"schema": 1}': "no list of at most 100 cards",
    '{"schema": 1, "cards": [5]}': "card 1 is none",
    '{"schema": 1, "cards": [{"uid": "04A1B2C3D4E5F6", "name": "", "enabled": 1}]}': "card 1 is none",
    '{"schema": 1, "cards": [{"uid": "04A1", "name": "", "enabled": true}]}': "12 or 14 hexadecimal digits",
    json.dumps({"schema": 1, "cards": [{"uid": "0A1B2C3D4E5F", "name": "", "enabled": True}] * 2}): "named twice",
    json.dumps({"schema": 1, "cards": [{"uid": "0", "name": "", "enabled": True}] * 101}): "at most 100 cards",
    "[" * 100_000: "not JSON",
}


@pytest.mark.parametrize(("text", "says"), DAMAGED.items(), ids=range(len(DAMAGED)))
def test_without_a_good_copy_no_card_is_known_and_the_file_is_kept(
    tmp_path: Path, text: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DamagedCardsError, match=says):
        decode(text)
    (tmp_path / "cards.json").write_text(text)
    file = CardFile(tmp_path)
    assert file.load() == ()
    assert "no good copy is left" in caplog.text
    file.write(CARDS)
    assert (tmp_path / "cards.json.damaged").read_text() == text
    assert CardFile(tmp_path).load() == CARDS


def test_a_file_of_a_newer_evsed_is_put_aside_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = keep(tmp_path, CARDS)
    newer = path.read_text().replace('"schema": 1', '"schema": 2')
    path.write_text(newer)
    assert CardFile(tmp_path).load() == ()
    assert (tmp_path / "cards.json.schema2").read_text() == newer
    assert "a newer evsed wrote it (schema 2, and this evsed reads 1)" in caplog.text


def test_what_is_no_file_is_survived(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cards.json").mkdir()
    (tmp_path / "cards.json.damaged").mkdir()
    (tmp_path / "cards.json.damaged" / "x").touch()
    assert CardFile(tmp_path).load() == ()
    assert "could not be renamed" in caplog.text


@pytest.mark.parametrize(
    ("grant", "access", "found"),
    [
        (None, "Allow", (True, "")),  # an older evsed, in which access was all there was
        (None, "Deny", (False, "")),
        ({"given": True, "card": ANN.lower()}, "Allow", (True, ANN)),
        ({"given": True, "card": "no card"}, "Allow", (True, "")),
        ({"given": True, "card": 5}, "Allow", (True, "")),
        ({"given": False, "card": ANN}, "Allow", (False, "")),
        ({"given": 1}, "Allow", (False, "")),
        (5, "Allow", (False, "")),
    ],
)
def test_whom_access_was_for_is_read_or_counts_as_nobody(grant: object, access: str, found: tuple[bool, str]) -> None:
    document = json.loads(encode_settings(SAVED)) | {"grant": grant, "access": access}
    saved = decode_settings(json.dumps(document)).saved
    assert (saved.granted, saved.holder) == found
