"""What a picture is made of: small pictures with a place, which do not overlap."""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from PIL import Image

from evsed.lcd.fonts import Face, cut, down_from, fitting, plain, written

WIDTH = 128
HEIGHT = 64

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in dots; the last two are just outside."""


class Piece(NamedTuple):
    """A picture (mode "1", 1 = ink; not to be changed) and where its upper left corner is."""

    picture: Image.Image
    left: int
    top: int

    @property
    def box(self) -> Box:
        """The dots it takes."""
        return self.left, self.top, self.left + self.picture.width, self.top + self.picture.height


def laid(pieces: Iterable[Piece]) -> Image.Image:
    """The whole picture: 128 x 64, mode "1", 1 = ink."""
    picture = Image.new("1", (WIDTH, HEIGHT))
    for piece in pieces:
        picture.paste(piece.picture, (piece.left, piece.top))
    return picture


def text_left(text: str, face: Face, box: Box) -> Piece:
    """A text at the left of the box, at its top; in the largest face from ``face`` down that fits into its width."""
    return _placed(text, face, box, 0)


def text_centred(text: str, face: Face, box: Box) -> Piece:
    """A text in the middle of the box's width and height."""
    return _placed(text, face, box, 1)


def text_right(text: str, face: Face, box: Box) -> Piece:
    """A text at the right of the box, at its top."""
    return _placed(text, face, box, 2)


def _placed(text: str, face: Face, box: Box, halves: int) -> Piece:
    left, top, right, bottom = box
    text = plain(text)
    faces = [one for one in down_from(face) if one.height <= bottom - top]
    face = fitting((text,), faces, right - left)
    picture = written(cut(text, face, right - left), face)
    down = (bottom - top - picture.height) // 2 if halves == 1 else 0
    return Piece(picture, left + (right - left - picture.width) * halves // 2, top + down)
