"""The picture of grid, house, car and sun, with the energy that moves between them.

Everything stands on one ground above the large line; the wires run through the middle of their cells. Owns the places.
"""

from functools import lru_cache
from typing import Final

from PIL import Image

from evsed.core.screens.screen import DOT_STEPS, Direction, Flow
from evsed.lcd.fonts import MEDIUM, NARROW, SMALL, TINY
from evsed.lcd.icons import CAR, DOT, HOUSE, PLUG, PYLON, SUN, SUN_SHINING, icon
from evsed.lcd.pieces import HEIGHT, WIDTH, Box, Piece, text_centred, text_right

GROUND: Final = HEIGHT - MEDIUM.height - 1
"""The first row below what stands on it."""

_HOUSE_LEFT: Final = 50
_CAR_LEFT: Final = 100
_WIRE_TOP: Final = GROUND - 8
_SUN_LEFT: Final = 54

_LINE: Final[Box] = (0, HEIGHT - MEDIUM.height, WIDTH, HEIGHT)
_ENERGY: Final[Box] = (80, 0, WIDTH, 12)
_CHARGE: Final[Box] = (74, 12, WIDTH, 28)
_COUNTDOWN: Final[Box] = (70, 28, 100, 37)


def pieces(flow: Flow) -> list[Piece]:
    """The things, the wires, the numbers and the line."""
    step = flow.step % DOT_STEPS
    drawn = [
        _standing(PYLON, 0),
        _wire(icon(PYLON).width, _HOUSE_LEFT, flow.grid, step),
        _standing(HOUSE, _HOUSE_LEFT),
        _wire(_HOUSE_LEFT + icon(HOUSE).width, _CAR_LEFT, flow.charging if flow.car else Direction.NONE, step),
        _standing(CAR, _CAR_LEFT) if flow.car else _hanging(PLUG, _CAR_LEFT),
    ]
    return [*drawn, *_sun(flow, step), *_numbers(flow)]


def _numbers(flow: Flow) -> list[Piece]:
    left = icon(PYLON).width + 2
    rows = [
        text_right(text, NARROW, (left, row * NARROW.height, _HOUSE_LEFT, (row + 1) * NARROW.height))
        for row, text in enumerate(flow.mains[:3])
    ]
    return [
        *rows,
        text_right(flow.energy, NARROW, _ENERGY),
        text_centred(flow.charge, SMALL, _CHARGE),
        text_centred(flow.countdown, TINY, _COUNTDOWN),
        text_centred(flow.line, MEDIUM, _LINE),
    ]


def _standing(art: str, left: int) -> Piece:
    picture = icon(art)
    return Piece(picture, left, GROUND - picture.height)


def _hanging(art: str, left: int) -> Piece:
    """At the end of a wire."""
    picture = icon(art)
    return Piece(picture, left, _WIRE_TOP + (icon(DOT).height - picture.height) // 2)


def _wire(left: int, right: int, direction: Direction, step: int) -> Piece:
    return Piece(wire(right - left, direction, step), left, _WIRE_TOP)


def _sun(flow: Flow, step: int) -> list[Piece]:
    if not flow.sun:
        return []
    sun = icon(SUN_SHINING if flow.shining else SUN)
    drawn = [Piece(sun, _SUN_LEFT, 0)]
    if flow.shining:
        roof = GROUND - icon(HOUSE).height
        ray = beam(roof - sun.height - 3, step)
        drawn.append(Piece(ray, _SUN_LEFT + (sun.width - ray.width) // 2, sun.height + 1))
    return drawn


@lru_cache(maxsize=128)
def wire(length: int, direction: Direction, step: int) -> Image.Image:
    """A horizontal line with its moving dots: to the right for OUT; not to be changed."""
    dot = icon(DOT)
    picture = Image.new("1", (length, dot.height))
    picture.paste(1, (0, dot.height // 2, length, dot.height // 2 + 1))
    if direction is Direction.NONE:
        return picture
    for left in range(step - DOT_STEPS, length, DOT_STEPS):
        picture.paste(dot, (left, 0))
    return picture if direction is Direction.OUT else picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


@lru_cache(maxsize=16)
def beam(length: int, step: int) -> Image.Image:
    """The sun's dots on their way down, close together and without a line; not to be changed."""
    dot = icon(DOT).transpose(Image.Transpose.ROTATE_270)
    picture = Image.new("1", (dot.width, length))
    for top in range(step - DOT_STEPS, length, DOT_STEPS // 2):
        picture.paste(dot, (0, top))
    return picture
