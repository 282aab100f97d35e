"""Numbers of cards from every kind of reader, and when a card counts as swiped."""

import pytest

from evsed.core.cards import is_uid
from evsed.hw.rfid.uid import AWAY_MS, Presence, from_bytes, from_typed


@pytest.mark.parametrize(
    ("number", "uid"),
    [
        ("04A1B2C3D4E5F6", "04A1B2C3D4E5F6"),
        ("04175982EB2C", "04175982EB2C"),
        ("DEADBEEF", "DEADBEEF0000"),
        ("0102030405", "010203040500"),
        ("010203", None),
        ("0102030405060708", None),
        ("", None),
    ],
)
def test_a_uid_has_6_or_7_bytes(number: str, uid: str | None) -> None:
    assert from_bytes(bytes.fromhex(number)) == uid


@pytest.mark.parametrize(
    ("typed", "uid"),
    [
        ("0004086814", "003E5C1E0000"),  # the number that is printed on the card
        ("4294967295", "FFFFFFFF0000"),
        ("4294967296", "429496729600"),  # more than 4 bytes: five in hexadecimal
        ("78003E5C1E", "78003E5C1E00"),
        ("deadbeef", "DEADBEEF0000"),
        ("04A1B2C3D4E5F6", "04A1B2C3D4E5F6"),
        ("12345678", "123456780000"),
        ("123456789", None),
        ("DEADBEE?", None),
        ("\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660", None),
        ("", None),
    ],
)
def test_typed_numbers(typed: str, uid: str | None) -> None:
    assert from_typed(typed) == uid


def test_the_core_takes_every_form() -> None:
    for uid in (from_bytes(b"\x01\x02\x03\x04"), from_typed("0004086814"), from_bytes(bytes(range(7)))):
        assert uid is not None
        assert is_uid(uid)


def test_a_card_that_is_held_is_one_swipe() -> None:
    presence = Presence()
    assert presence.feed("A", 0)
    for now in range(200, 10_000, 200):
        assert not presence.feed("A" if now % 600 else None, now)  # seen in fits and starts
    assert not presence.feed(None, 10_000)
    assert presence.feed("A", 9_800 + AWAY_MS)
    assert presence.feed("B", 9_800 + AWAY_MS + 100)  # another card needs no wait
    assert presence.feed("A", 9_800 + AWAY_MS + 200)
