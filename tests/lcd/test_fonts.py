"""Every face has the characters it claims, in the size it claims."""

import pytest
from PIL import ImageChops

from evsed.lcd.fonts import ENCODING, FACES, GIANT, NARROW, SMALL, TINY, Face, cut, fitting, plain, written

LATIN = [chr(code) for code in (*range(0x21, 0x7F), *range(0xA1, 0x100)) if code != 0xAD]  # 0xAD: a hyphen nobody sees


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_every_face_has_latin_1(face: Face) -> None:
    for character in (*LATIN, "…", "–"):
        picture = written(character, face)
        assert picture.size == (face.width, face.height), character
        assert picture.getbbox() is not None, character


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_characters_look_different(face: Face) -> None:
    alike = {"'´`‘’", ".·", "-\u00ad"}
    pictures: dict[bytes, str] = {}
    for character in map(chr, (*range(0x20, 0x7F), *map(ord, "ÄÖÜäöüß°"))):
        same = pictures.setdefault(written(character, face).tobytes(), character)
        assert same == character or any(same in group and character in group for group in alike)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_a_text_is_as_wide_as_its_characters(face: Face) -> None:
    assert written("3P -> 1P", face).size == (8 * face.width, face.height)
    assert written("", face).width == 0


def test_faces_go_from_large_to_small() -> None:
    sizes = [(face.width, face.height) for face in FACES]
    assert sizes == sorted(sizes, reverse=True)


def test_what_no_face_has_is_a_question_mark() -> None:
    assert plain("Küche ☀ 中\n\x00\x81") == "Küche ? ????"
    assert plain("äöü – 21 °C …") == "äöü – 21 °C …"


def test_an_umlaut_of_two_characters_becomes_one() -> None:
    assert plain("A\u0308o\u0308") == "Äö"


def test_what_is_plain_can_be_written() -> None:
    every = "".join(map(chr, range(0x2200)))
    assert written(plain(every), TINY).width == TINY.width * len(plain(every))
    plain(every).encode(ENCODING)


def test_a_text_steps_down_to_the_largest_face_that_fits() -> None:
    assert [fitting(("x" * count,), FACES, 128).name for count in (8, 9, 10, 12, 16, 21)] == [
        "giant",
        "huge",
        "large",
        "medium",
        "small",
        "narrow",
    ]
    assert fitting(("x", "x" * 16), FACES, 128) is SMALL
    assert fitting(("x" * 99,), (GIANT, NARROW), 128) is NARROW
    assert fitting((), FACES, 128) is GIANT


def test_a_text_that_is_too_long_ends_in_an_ellipsis() -> None:
    assert cut("Eastron3P", SMALL, 72) == "Eastron3P"
    assert cut("Eastron3P", SMALL, 71) == "Eastron…"
    assert cut("Eastron3P", SMALL, 8) == "…"
    assert cut("Eastron3P", SMALL, 7) == ""


def test_a_written_text_is_not_changed_by_writing_another() -> None:
    before = written("A", SMALL).copy()
    written("B", SMALL)
    assert ImageChops.logical_xor(before, written("A", SMALL)).getbbox() is None
