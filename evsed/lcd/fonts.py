"""The faces that texts are written in, and the largest one that a text fits into.

Every face has one width for all characters, so a text is measured by counting. Owns what becomes of characters that no
face has ("?"), and of texts that are too long for the smallest face (an ellipsis).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from PIL import Image, ImageDraw, ImageFont

ENCODING = "cp1252"
"""What the faces have: Latin-1, and the ellipsis, dashes and quotation marks of Windows."""

_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Face:
    """A bitmap font: its files under fonts/, and the dots that each of its characters takes."""

    name: str
    width: int
    height: int


GIANT = Face("giant", 16, 32)
HUGE = Face("huge", 14, 28)
LARGE = Face("large", 12, 24)
MEDIUM = Face("medium", 10, 18)
SMALL = Face("small", 8, 16)
NARROW = Face("narrow", 6, 12)
TINY = Face("tiny", 6, 9)

FACES = (GIANT, HUGE, LARGE, MEDIUM, SMALL, NARROW, TINY)
"""From the largest to the smallest."""


def down_from(face: Face) -> Sequence[Face]:
    """The face, and all smaller ones."""
    return FACES[FACES.index(face) :]


def fitting(texts: Iterable[str], faces: Sequence[Face], width: int) -> Face:
    """The first face in which each of the texts is at most ``width`` dots wide; the last one, where none is."""
    longest = max(map(len, texts), default=0)
    return next((face for face in faces if longest * face.width <= width), faces[-1])


def cut(text: str, face: Face, width: int) -> str:
    """As much of the text as ``width`` dots take, and an ellipsis where that is not all."""
    room = width // face.width
    return text if len(text) <= room else (text[: room - 1] + _ELLIPSIS)[:room]


def plain(text: str) -> str:
    """The text in characters that the faces have; any other is a "?"."""
    composed = unicodedata.normalize("NFC", text)  # a letter and its dots as one character
    known = composed.encode(ENCODING, "replace").decode(ENCODING)
    return "".join("?" if unicodedata.category(character) == "Cc" else character for character in known)


@lru_cache(maxsize=256)
def written(text: str, face: Face) -> Image.Image:
    """The text, which has been made ``plain``, as a picture of its own; not to be changed."""
    picture = Image.new("1", (len(text) * face.width, face.height))
    ImageDraw.Draw(picture).text((0, 0), text.encode(ENCODING), fill=1, font=_loaded(face))
    return picture


@lru_cache(maxsize=len(FACES))
def _loaded(face: Face) -> ImageFont.ImageFont:
    return ImageFont.load(str(resources.files("evsed.lcd") / "fonts" / f"{face.name}.pil"))
