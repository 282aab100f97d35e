"""A page of the menu: which item, its value, and what it is for."""

from PIL import Image

from evsed.core.screens.screen import MenuPage
from evsed.lcd.fonts import LARGE, MEDIUM, NARROW, TINY, plain, written
from evsed.lcd.icons import ARROW, icon
from evsed.lcd.pieces import HEIGHT, WIDTH, Box, Piece, laid, text_centred, text_left, text_right

_CLOCK_LEFT = WIDTH - 5 * TINY.width
_NAME_TOP = TINY.height
_VALUE_TOP = _NAME_TOP + LARGE.height
_BELOW_TOP = HEIGHT - NARROW.height
_BETWEEN = 8  # arrows are at the edges, texts between them


def pieces(page: MenuPage) -> list[Piece]:
    """Arrows say what < and > change: the item, or while ``editing`` its value, which is dark then."""
    top = [
        text_left(page.address, TINY, (0, 0, _CLOCK_LEFT - 2, TINY.height)),
        text_right(page.clock, TINY, (_CLOCK_LEFT, 0, WIDTH, TINY.height)),
    ]
    alone = not page.value and not page.editing
    name: Box = (_BETWEEN, _NAME_TOP, WIDTH - _BETWEEN, _BELOW_TOP if alone else _VALUE_TOP)
    value: Box = (_BETWEEN, _VALUE_TOP, WIDTH - _BETWEEN, _VALUE_TOP + MEDIUM.height)
    shown = [text_centred(page.name, LARGE, name)]
    if page.editing:
        changed = [text_centred(page.value, MEDIUM, value), *_arrows(value)]
        shown.append(_dark(changed, (0, value[1], WIDTH, value[3])))
    else:
        shown += [*_arrows(name), text_centred(page.value, MEDIUM, value)]
    return [*top, *shown, _running(plain(page.below), page.shift)]


def _arrows(box: Box) -> list[Piece]:
    """One at each side of the box."""
    left, top, right, bottom = box
    onward = icon(ARROW)
    back = onward.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    down = top + (bottom - top - onward.height + 1) // 2
    return [Piece(back, left - back.width - 1, down), Piece(onward, right + 1, down)]


def _dark(shown: list[Piece], box: Box) -> Piece:
    """The pieces in the box light on dark."""
    left, top, right, bottom = box
    picture = Image.new("1", (right - left, bottom - top), 1)
    picture.paste(0, None, laid(shown).crop(box))
    return Piece(picture, left, top)


def _running(text: str, shift: int) -> Piece:
    """The bottom row: in the middle, or so much of it as it has come to."""
    whole = written(text, NARROW)
    row = Image.new("1", (WIDTH, NARROW.height))
    row.paste(whole, ((WIDTH - whole.width) // 2 if whole.width <= WIDTH else -shift, 0))
    return Piece(row, 0, _BELOW_TOP)
