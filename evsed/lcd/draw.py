"""A screen as a picture of 128 x 64 dots: equal screens, equal pictures."""

from typing import assert_never

from PIL import Image

from evsed.core.screens.screen import Flow, MenuPage, Screen, Words
from evsed.lcd import flow, menu, words
from evsed.lcd.pieces import Piece, laid


def draw(screen: Screen) -> Image.Image:
    """The picture, mode "1", 1 = ink. It is the caller's own."""
    return laid(pieces(screen))


def pieces(screen: Screen) -> list[Piece]:
    """What the picture is made of; no piece overlaps another, and none leaves the picture."""
    match screen:
        case Words():
            return words.pieces(screen)
        case Flow():
            return flow.pieces(screen)
        case MenuPage():
            return menu.pieces(screen)
        case _:
            assert_never(screen)
