"""Centred lines over the whole picture, as large as they fit."""

from evsed.core.screens.screen import Words
from evsed.lcd.fonts import FACES, TINY, cut, fitting, plain, written
from evsed.lcd.pieces import HEIGHT, WIDTH, Piece

_MOST_LINES = HEIGHT // TINY.height


def pieces(words: Words) -> list[Piece]:
    """A piece a line, all in one face. More than seven lines do not fit, and are left out."""
    lines = [plain(line) for line in words.lines[:_MOST_LINES]]
    faces = [face for face in FACES if face.height * len(lines) <= HEIGHT]
    face = fitting(lines, faces, WIDTH)
    gap = (HEIGHT - len(lines) * face.height) // (len(lines) + 1)
    top = (HEIGHT - len(lines) * face.height - (len(lines) - 1) * gap) // 2
    return [
        Piece(picture, (WIDTH - picture.width) // 2, top + row * (face.height + gap))
        for row, picture in enumerate(written(cut(line, face, WIDTH), face) for line in lines)
    ]
