"""The committed pictures of the scenes of tests/lcd_scenes.py."""

from functools import cache
from pathlib import Path

from PIL import Image

from evsed.core.screens.main import screen
from evsed.lcd.draw import draw
from tests.lcd_scenes import SCENES

FOLDER = Path(__file__).parent / "pictures"


@cache
def picture(name: str) -> Image.Image:
    """What the LCD shows in a scene."""
    return draw(screen(*SCENES[name]()))


def file(name: str) -> Path:
    """The committed picture of a scene."""
    return FOLDER / f"{name}.png"
