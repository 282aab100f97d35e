"""What the LCD shows is what is committed; `make lcd` writes the pictures anew."""

import pytest
from PIL import Image, ImageChops

from tests.lcd.scenes import FOLDER, file, picture
from tests.lcd.sheet import FILE, GROUPS, group, sheet
from tests.lcd_scenes import SCENES

RENEW = "look at it, and if it is right write it anew with `make lcd`"


def differs(one: Image.Image, other: Image.Image) -> bool:
    if one.size != other.size:
        return True
    return ImageChops.logical_xor(one.convert("1"), other.convert("1")).getbbox() is not None


@pytest.mark.parametrize("name", SCENES)
def test_the_picture_of_a_scene_is_the_committed_one(name: str) -> None:
    assert file(name).exists(), f"{name} has no picture: {RENEW}"
    with Image.open(file(name)) as committed:
        assert not differs(ImageChops.invert(committed.convert("L")), picture(name)), f"{name} has changed: {RENEW}"


def test_every_picture_has_a_scene() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(SCENES), RENEW


def test_the_contact_sheet_has_every_picture() -> None:
    assert {group(name) for name in SCENES} <= set(GROUPS), "give the group a heading in tests/lcd/sheet.py"
    with Image.open(FILE) as committed:
        assert not differs(committed, sheet()), f"docs/lcd.png has changed: {RENEW}"
