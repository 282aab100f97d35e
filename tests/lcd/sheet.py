"""The contact sheet: every picture at twice its size, in groups, with its name."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from evsed.lcd.fonts import LARGE, SMALL, Face, cut, plain, written
from evsed.lcd.pieces import HEIGHT, WIDTH
from tests.lcd.scenes import picture
from tests.lcd_scenes import SCENES

FILE = Path(__file__).parents[2] / "docs" / "lcd.png"

GROUPS = {
    "normal": "Normal mode",
    "smart": "Smart mode",
    "solar": "Solar mode",
    "setup": "Until the charger is set up, a page at a time",
    "error": "Errors",
    "held": "A button is held on the main screen",
    "menu": "The menu",
    "open": "The menu, with a value opened to be changed",
}

SCALE = 2
COLUMNS = 5
FRAME = 3
GAP = 18
CELL = (WIDTH * SCALE + 2 * FRAME + GAP, HEIGHT * SCALE + 2 * FRAME + SMALL.height + GAP)
HEADING = LARGE.height + 2 * GAP


def group(name: str) -> str:
    """Under which heading a scene is shown."""
    return "open" if name.endswith("_open") else name.partition("_")[0]


def sheet() -> Image.Image:
    """All scenes, dark ink on light, mode "1"."""
    strips = [_strip(title, [name for name in SCENES if group(name) == key]) for key, title in GROUPS.items()]
    whole = Image.new("1", (COLUMNS * CELL[0] + GAP, sum(strip.height for strip in strips) + GAP), 1)
    top = 0
    for strip in strips:
        whole.paste(strip, (GAP, top))
        top += strip.height
    return whole


def _strip(title: str, names: Sequence[str]) -> Image.Image:
    rows = -(-len(names) // COLUMNS)
    strip = Image.new("1", (COLUMNS * CELL[0], HEADING + rows * CELL[1]), 1)
    _write(strip, title, LARGE, (0, GAP))
    for number, name in enumerate(names):
        row, column = divmod(number, COLUMNS)
        _paste(strip, name, (column * CELL[0], HEADING + row * CELL[1]))
    return strip


def _paste(strip: Image.Image, name: str, at: tuple[int, int]) -> None:
    left, top = at
    large = picture(name).resize((WIDTH * SCALE, HEIGHT * SCALE), Image.Resampling.NEAREST)
    frame = (left, top, left + large.width + 2 * FRAME, top + large.height + 2 * FRAME)
    strip.paste(0, frame)
    inside = (left + 1, top + 1, frame[2] - 1, frame[3] - 1)
    strip.paste(1, inside)
    strip.paste(0, (left + FRAME, top + FRAME), large)
    told = name.partition("_")[2].removesuffix("_open").replace("_", " ")
    _write(strip, told, SMALL, (left, frame[3] + 2))


def _write(strip: Image.Image, text: str, face: Face, at: tuple[int, int]) -> None:
    strip.paste(0, at, written(cut(plain(text), face, strip.width - at[0]), face))
